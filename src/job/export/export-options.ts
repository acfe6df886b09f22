import type { CompressionAlgorithm } from "../../dump/piece.ts";
import type { ChecksumAlgorithm } from "../../dump/verify.ts";
import type { JobDefinition } from "../definition.ts";

type Parameters = Pick<JobDefinition, "parameters">;

/** COMPRESSION says what is compressed, COMPRESSION_ALGORITHM how. */
export function compressionOf({ parameters }: Parameters, part: "DATA_ONLY" | "METADATA_ONLY"): CompressionAlgorithm {
  const { COMPRESSION: what = "METADATA_ONLY", COMPRESSION_ALGORITHM: algorithm = "BASIC" } = parameters;
  return what === "ALL" || what === part ? (algorithm as CompressionAlgorithm) : "NONE";
}

/** CHECKSUM_ALGORITHM implies CHECKSUM; null: no checksums. */
export function checksumOf({ parameters }: Parameters): ChecksumAlgorithm | null {
  const { CHECKSUM: isAsked, CHECKSUM_ALGORITHM: algorithm } = parameters;
  if (isAsked === 0 || (isAsked === undefined && algorithm === undefined)) return null;
  return (algorithm ?? "SHA256") as ChecksumAlgorithm;
}

import { createHash } from "node:crypto";
import { pumpError, type PumpError } from "../base/errors.ts";
import { fileChecksum, newChecksum, type ChecksumAlgorithm } from "../format/checksum.ts";
import type { Segment } from "../format/segment-index.ts";
import type { StorageReader } from "../storage/storage.ts";
import { BAD_DUMP_FILE } from "./faults.ts";
import type { DumpFile } from "./file-ends.ts";
import { pieceLabel } from "./piece.ts";

export type { ChecksumAlgorithm } from "../format/checksum.ts";

const CHUNK_LENGTH = 4 << 20;

/** Where bytes are in a file. */
export type ByteRange = Pick<Segment, "offset" | "length">;

/** What the bytes of a segment add up to. It may be posted between threads. */
export interface SegmentSums {
  /** SHA-256. */
  readonly digest: Uint8Array;
  /** By the CHECKSUM_ALGORITHM of the set. */
  readonly checksum: Uint8Array;
}

/** Checks the bytes of one segment as they are in the file. @throws ORA-39412 */
export async function verifySegment(reader: StorageReader, segment: Segment): Promise<void> {
  const { digest } = await sumSegment(reader, segment, "SHA256");
  if (!segment.digest.equals(digest)) throw wrongSegment(reader.path, segment);
}

/** Reads a segment once. */
export async function sumSegment(
  reader: StorageReader,
  { offset, length }: ByteRange,
  algorithm: ChecksumAlgorithm,
): Promise<SegmentSums> {
  const hash = createHash("sha256");
  const checksum = algorithm === "SHA256" ? null : newChecksum(algorithm);
  for (let at = offset; at < offset + length; at += CHUNK_LENGTH) {
    const bytes = await reader.read(at, Math.min(CHUNK_LENGTH, offset + length - at));
    hash.update(bytes);
    checksum?.update(bytes);
  }
  const digest = hash.digest();
  return { digest, checksum: checksum?.digest() ?? digest };
}

/** CHECKSUM_ALGORITHM of the export; the digests that every file has, are SHA256. */
export function checksumAlgorithm({ trailer }: DumpFile): ChecksumAlgorithm {
  return trailer.checksum?.algorithm ?? "SHA256";
}

/** ORA-39412 when the sums of the segments of a file, in their order, are not those that it was written with; else null. */
export function faultOf(file: DumpFile, sums: readonly SegmentSums[]): PumpError | null {
  const wrong = file.segments.find((segment, i) => !segment.digest.equals(sums[i]?.digest ?? Buffer.alloc(0)));
  if (wrong !== undefined) return wrongSegment(file.path, wrong);
  const { checksum } = file.trailer;
  if (checksum === undefined) return null;
  const { algorithm, value } = checksum;
  const found = fileChecksum(
    algorithm,
    file.headerBytes,
    sums.map((sum) => sum.checksum),
  );
  return found.equals(value) ? null : wrongFile(file.path, `its ${algorithm} checksum is wrong`);
}

function wrongSegment(path: string, segment: Segment): PumpError {
  return wrongFile(path, `${pieceLabel(segment)}: the digest of its frames is wrong`);
}

function wrongFile(path: string, detail: string): PumpError {
  return pumpError([...BAD_DUMP_FILE, ["ORA-39412", path], ["TSDP-00010", detail]]);
}

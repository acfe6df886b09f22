import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";

/** CHECKSUM_ALGORITHM. */
export const CHECKSUM_ALGORITHMS = ["CRC32", "SHA256", "SHA384", "SHA512"] as const;
export type ChecksumAlgorithm = (typeof CHECKSUM_ALGORITHMS)[number];

/** In bytes. */
export const CHECKSUM_LENGTHS: Readonly<Record<ChecksumAlgorithm, number>> = { CRC32: 4, SHA256: 32, SHA384: 48, SHA512: 64 };

/** Sums bytes up, part by part. */
export interface Checksum {
  update(part: Uint8Array): void;
  digest(): Buffer;
}

export function newChecksum(algorithm: ChecksumAlgorithm): Checksum {
  return algorithm === "CRC32" ? new Crc32() : createHash(algorithm.toLowerCase());
}

/** The checksum of a file (docs/format.md, "Checksum"): of its header and of the checksums of its segments, in the order of the file. */
export function fileChecksum(algorithm: ChecksumAlgorithm, header: Uint8Array, segments: readonly Uint8Array[]): Buffer {
  const checksum = newChecksum(algorithm);
  checksum.update(header);
  for (const segment of segments) checksum.update(segment);
  return checksum.digest();
}

class Crc32 implements Checksum {
  #value = 0;

  update(part: Uint8Array): void {
    this.#value = crc32(part, this.#value);
  }

  digest(): Buffer {
    const digest = Buffer.alloc(4);
    digest.writeUInt32BE(this.#value);
    return digest;
  }
}

import type { Digest } from "./mask-key.ts";
import type { Masker } from "./value.ts";

/** Bytes of a hash of text or of a BLOB. */
const HASH_BYTES = 16;
/** A REAL, and a number of JavaScript, tells integers up to here apart. */
const NUMBER_BITS = 53n;

/** HASH: text becomes 32 hexadecimal digits, a number one from 0 to 2^53 - 1, a BLOB 16 bytes. */
export function hashMasker(digest: Digest): Masker {
  const number = (bytes: Buffer) => bytes.readBigUInt64BE(0) >> (64n - NUMBER_BITS);
  return (value) => {
    const bytes = digest(value);
    switch (typeof value) {
      case "string":
        return bytes.toString("hex", 0, HASH_BYTES);
      case "bigint":
        return number(bytes);
      case "number":
        return Number(number(bytes));
      default:
        return bytes.subarray(0, HASH_BYTES);
    }
  };
}

import { createHmac, scrypt, timingSafeEqual } from "node:crypto";
import type { MaskValue } from "./value.ts";

/** Fewest characters of a key: who has masked rows and one original of them can try keys without end. */
export const SHORTEST_KEY = 16;

const KEY_LENGTH = 32;
/** 128 MiB, some 0.3 s, as for the password of a dump. */
const COST = { N: 2 ** 17, r: 8, p: 1, maxmem: 2 ** 28 };
/** The same for all jobs: under one key, values have to become the same everywhere. */
const SALT = "tsdp remap data key 1";
const LARGEST_INTEGER = 2 ** 63;

/** The key of the maskers, from REMAP_DATA_KEY. The same text typed on another system may come in another normal form: NFC. */
export async function deriveMaskKey(text: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(Buffer.from(text.normalize("NFC"), "utf8"), SALT, KEY_LENGTH, COST, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}

/** Tells a key from every other: no job goes on under another key than it has begun with. */
export function maskKeyCheck(key: Uint8Array, guid: string): string {
  return createHmac("sha256", key).update(`check ${guid}`).digest("hex");
}

export function isSameCheck(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a, "hex"), Buffer.from(b, "hex")];
  return left.length > 0 && left.length === right.length && timingSafeEqual(left, right);
}

/** What a keyed masker makes its values of: 32 bytes of each value. Each purpose has a key of its own. */
export type Digest = (value: MaskValue) => Buffer;

export function digestFor(key: Uint8Array, purpose: string): Digest {
  const own = createHmac("sha256", key).update(`mask ${purpose}`).digest();
  return (value) => createHmac("sha256", own).update(canonicalBytes(value)).digest();
}

/** Numbers that SQLite takes for equal have the same bytes, so that 5 and 5.0 stay equal. */
function canonicalBytes(value: MaskValue): Buffer {
  switch (typeof value) {
    case "string":
      return Buffer.from(`t${value}`, "utf8");
    case "bigint":
      return Buffer.from(`n${value}`);
    case "number": {
      const isInteger = Number.isInteger(value) && value >= -LARGEST_INTEGER && value < LARGEST_INTEGER;
      if (isInteger) return canonicalBytes(BigInt(value));
      const bytes = Buffer.from("r        ");
      bytes.writeDoubleBE(value, 1);
      return bytes;
    }
    default:
      return Buffer.concat([Buffer.from("b"), value]);
  }
}

import { createCipheriv, createDecipheriv, createHash, createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import { FormatError } from "./format-error.ts";

/** How the payload of a frame is encrypted. */
export const CIPHER = { NONE: 0, AES128: 1, AES192: 2, AES256: 3 } as const;
export type Cipher = (typeof CIPHER)[keyof typeof CIPHER];

export const KEY_LENGTH = 32;
/** The tag of GCM, in bytes: an encrypted payload is so much longer. Node would take shorter ones if it were not told. */
export const TAG_LENGTH = 16;
/** Every key encrypts once only, so that nothing has to be counted. */
const NONCE = Buffer.alloc(12);
const CIPHERS = {
  [CIPHER.AES128]: { name: "aes-128-gcm", keyLength: 16 },
  [CIPHER.AES192]: { name: "aes-192-gcm", keyLength: 24 },
  [CIPHER.AES256]: { name: "aes-256-gcm", keyLength: 32 },
} as const;

/** What encrypts and authenticates one file of an encrypted set. It may be posted between threads. */
export interface FileKey {
  /** 32 bytes. */
  readonly key: Uint8Array;
  /** SHA-256 of the file's header. */
  readonly headerDigest: Uint8Array;
}

export function cipherOf(value: number): Cipher {
  if (value === CIPHER.NONE || value === CIPHER.AES128 || value === CIPHER.AES192 || value === CIPHER.AES256) return value;
  throw new FormatError("unsupported", `cipher ${value}`);
}

/** Bytes by which a payload grows. */
export function cipherOverhead(cipher: Cipher): number {
  return cipher === CIPHER.NONE ? 0 : TAG_LENGTH;
}

/** HKDF-SHA256 (RFC 5869). */
export function deriveKey(key: Uint8Array, salt: Uint8Array, purpose: string, length = KEY_LENGTH): Buffer {
  return Buffer.from(hkdfSync("sha256", key, salt, purpose, length));
}

/** The key of one file, from the data key of the set. */
export function fileKey(dataKey: Uint8Array, fileSalt: Uint8Array, header: Uint8Array): FileKey {
  return { key: deriveKey(dataKey, fileSalt, "tsdp file"), headerDigest: createHash("sha256").update(header).digest() };
}

/** AES-GCM under a key that is used for nothing else: ciphertext and tag. */
export function seal(cipher: Exclude<Cipher, 0>, key: Uint8Array, plain: Uint8Array, additional: readonly Uint8Array[]): Buffer {
  const encryption = createCipheriv(CIPHERS[cipher].name, key, NONCE, { authTagLength: TAG_LENGTH });
  encryption.setAAD(Buffer.concat(additional));
  return Buffer.concat([encryption.update(plain), encryption.final(), encryption.getAuthTag()]);
}

/** @returns undefined when the tag is not that of key, bytes and additional data */
export function unseal(
  cipher: Exclude<Cipher, 0>,
  key: Uint8Array,
  sealed: Uint8Array,
  additional: readonly Uint8Array[],
): Buffer | undefined {
  if (sealed.length < TAG_LENGTH) return undefined;
  const decryption = createDecipheriv(CIPHERS[cipher].name, key, NONCE, { authTagLength: TAG_LENGTH });
  decryption.setAAD(Buffer.concat(additional));
  decryption.setAuthTag(sealed.subarray(sealed.length - TAG_LENGTH));
  const plain = decryption.update(sealed.subarray(0, sealed.length - TAG_LENGTH));
  try {
    decryption.final();
  } catch {
    return undefined;
  }
  return plain;
}

/** The key of one frame: `salt` are the 32 random bytes in its header. */
export function frameKey(cipher: Exclude<Cipher, 0>, { key }: FileKey, salt: Uint8Array): Buffer {
  return deriveKey(key, salt, "tsdp frame", CIPHERS[cipher].keyLength);
}

/** HMAC-SHA256 over header, index and the trailer before it: what is not in a frame. */
export function authenticationTag({ key, headerDigest }: FileKey, indexDigest: Uint8Array, trailer: Uint8Array): Buffer {
  const authenticationKey = deriveKey(key, Buffer.alloc(0), "tsdp authentication");
  return createHmac("sha256", authenticationKey).update(headerDigest).update(indexDigest).update(trailer).digest();
}

export function isSameSecret(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

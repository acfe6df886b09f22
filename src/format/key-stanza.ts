import { randomBytes, scrypt } from "node:crypto";
import { ByteReader, ByteWriter } from "./cursor.ts";
import { CIPHER, deriveKey, isSameSecret, KEY_LENGTH, seal, TAG_LENGTH, unseal } from "./encryption.ts";
import { FormatError } from "./format-error.ts";
import { PASSWORD_COST } from "./password-cost.ts";

/** How the data key of a set can be had (docs/format.md, "Encryption"). */
export interface KeyStanzas {
  /** Tells the data key from every other: a key that is not the one of the set can't pass for it. */
  readonly commitment: Buffer;
  readonly password: PasswordStanza | null;
  readonly wallet: WalletStanza | null;
}

/** The data key under a key that scrypt makes of a password. */
export interface PasswordStanza {
  /** log2 of N. */
  readonly cost: number;
  readonly blockSize: number;
  readonly parallelization: number;
  readonly salt: Buffer;
  readonly wrapped: Buffer;
}

/** The data key under a master key of a wallet. */
export interface WalletStanza {
  readonly masterKeyId: Buffer;
  readonly salt: Buffer;
  readonly wrapped: Buffer;
}

/** A master key of a wallet. */
export interface MasterKey {
  /** 16 bytes. */
  readonly id: Uint8Array;
  /** 32 bytes. */
  readonly key: Uint8Array;
}

const PASSWORD_SALT_LENGTH = 16;
const WALLET_SALT_LENGTH = 32;
const MASTER_KEY_ID_LENGTH = 16;
const WRAPPED_LENGTH = KEY_LENGTH + TAG_LENGTH;
/** A header may ask for no more: bytes that scrypt holds, and those that it goes through. */
const MOST_MEMORY = 1 << 28;
const MOST_WORK = 1 << 30;

export function newDataKey(): Buffer {
  return randomBytes(KEY_LENGTH);
}

export function commitmentOf(dataKey: Uint8Array, guid: string): Buffer {
  return deriveKey(dataKey, Buffer.from(guid, "hex"), "tsdp key commitment");
}

export function isDataKey(dataKey: Uint8Array, guid: string, { commitment }: KeyStanzas): boolean {
  return isSameSecret(commitmentOf(dataKey, guid), commitment);
}

export async function wrapByPassword(dataKey: Uint8Array, guid: string, password: string): Promise<PasswordStanza> {
  const salt = randomBytes(PASSWORD_SALT_LENGTH);
  const key = await passwordKey(password, { ...PASSWORD_COST, salt });
  return { ...PASSWORD_COST, salt, wrapped: seal(CIPHER.AES256, key, dataKey, additional("password", guid)) };
}

/** @returns undefined when the password is another */
export async function unwrapByPassword(stanza: PasswordStanza, guid: string, password: string): Promise<Buffer | undefined> {
  const key = await passwordKey(password, stanza);
  return unseal(CIPHER.AES256, key, stanza.wrapped, additional("password", guid));
}

export function wrapByWallet(dataKey: Uint8Array, guid: string, master: MasterKey): WalletStanza {
  const salt = randomBytes(WALLET_SALT_LENGTH);
  const key = deriveKey(master.key, salt, "tsdp wallet");
  return { masterKeyId: Buffer.from(master.id), salt, wrapped: seal(CIPHER.AES256, key, dataKey, additional("wallet", guid)) };
}

/** @returns undefined when none of the master keys is the one */
export function unwrapByWallet(stanza: WalletStanza, guid: string, masters: readonly MasterKey[]): Buffer | undefined {
  const master = masters.find(({ id }) => stanza.masterKeyId.equals(id));
  if (master === undefined) return undefined;
  const key = deriveKey(master.key, stanza.salt, "tsdp wallet");
  return unseal(CIPHER.AES256, key, stanza.wrapped, additional("wallet", guid));
}

export function encodePasswordStanza({ cost, blockSize, parallelization, salt, wrapped }: PasswordStanza): Buffer {
  return new ByteWriter().u8(cost).u8(blockSize).u8(parallelization).bytes(salt).bytes(wrapped).finish();
}

/** Costs are checked here, before anything is computed. */
export function decodePasswordStanza(bytes: Buffer): PasswordStanza {
  const reader = new ByteReader(bytes);
  const costs = { cost: reader.u8(), blockSize: reader.u8(), parallelization: reader.u8() };
  const memory = 128 * 2 ** costs.cost * costs.blockSize;
  // RFC 7914, 2: N is less than 2^(128 r / 8).
  const isPossible = costs.cost > 0 && costs.cost < 16 * costs.blockSize && costs.parallelization > 0;
  if (!isPossible || memory > MOST_MEMORY || memory * costs.parallelization > MOST_WORK)
    throw new FormatError("invalid", "the password would cost more time or memory than is allowed");
  const stanza = { ...costs, salt: reader.bytes(PASSWORD_SALT_LENGTH), wrapped: reader.bytes(WRAPPED_LENGTH) };
  reader.end("password stanza");
  return stanza;
}

export function encodeWalletStanza({ masterKeyId, salt, wrapped }: WalletStanza): Buffer {
  return new ByteWriter().bytes(masterKeyId).bytes(salt).bytes(wrapped).finish();
}

export function decodeWalletStanza(bytes: Buffer): WalletStanza {
  const reader = new ByteReader(bytes);
  const masterKeyId = reader.bytes(MASTER_KEY_ID_LENGTH);
  const stanza = { masterKeyId, salt: reader.bytes(WALLET_SALT_LENGTH), wrapped: reader.bytes(WRAPPED_LENGTH) };
  reader.end("wallet stanza");
  return stanza;
}

/** A stanza of another set, or of another kind, does not open. */
function additional(kind: "password" | "wallet", guid: string): readonly Uint8Array[] {
  return [Buffer.from(`tsdp ${kind} stanza`), Buffer.from(guid, "hex")];
}

/** The same password typed on another system may come in another normal form: it is brought to NFC. */
async function passwordKey(
  password: string,
  { cost, blockSize, parallelization, salt }: Pick<PasswordStanza, "cost" | "blockSize" | "parallelization" | "salt">,
): Promise<Buffer> {
  const options = { N: 2 ** cost, r: blockSize, p: parallelization, maxmem: 2 * MOST_MEMORY };
  return new Promise((resolve, reject) => {
    scrypt(Buffer.from(password.normalize("NFC"), "utf8"), salt, KEY_LENGTH, options, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}

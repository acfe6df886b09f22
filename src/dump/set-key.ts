import { pumpError, type PumpError } from "../base/errors.ts";
import { authenticationTag, CIPHER, fileKey, isSameSecret, type Cipher, type FileKey } from "../format/encryption.ts";
import type { FileHeader } from "../format/header.ts";
import {
  commitmentOf,
  decodePasswordStanza,
  decodeWalletStanza,
  encodePasswordStanza,
  encodeWalletStanza,
  isDataKey,
  newDataKey,
  unwrapByPassword,
  unwrapByWallet,
  wrapByPassword,
  wrapByWallet,
  type KeyStanzas,
  type MasterKey,
} from "../format/key-stanza.ts";
import { PIECE_TYPE, type PieceType } from "../format/frame.ts";
import { invalidDumpFile } from "./faults.ts";
import type { DumpFile } from "./file-ends.ts";

export { CIPHER, type Cipher, type FileKey } from "../format/encryption.ts";
export type { MasterKey } from "../format/key-stanza.ts";

/** What an encrypted set can be opened with. */
export interface Keyring {
  readonly password: string | null;
  /** Master keys of the open wallet; null: no wallet is open. */
  readonly masterKeys: readonly MasterKey[] | null;
}

export const NO_KEYS: Keyring = { password: null, masterKeys: null };

/** The data key of a set, and how the set's headers keep it. */
export interface SetKey {
  readonly dataKey: Buffer;
  readonly stanzas: KeyStanzas;
}

/** What of a set is encrypted. */
export interface SetEncryption {
  readonly key: SetKey;
  readonly cipher: Exclude<Cipher, 0>;
  readonly data: boolean;
  readonly metadata: boolean;
  /** The second images: columns that the catalog says are to be encrypted. */
  readonly columns: boolean;
}

/** A new data key, kept by the password, or the newest master key of the wallet, or both. */
export async function newSetKey(guid: string, { password, masterKeys }: Keyring): Promise<SetKey> {
  const dataKey = newDataKey();
  const master = masterKeys?.at(-1);
  return {
    dataKey,
    stanzas: {
      commitment: commitmentOf(dataKey, guid),
      password: password === null ? null : await wrapByPassword(dataKey, guid, password),
      wallet: master === undefined ? null : wrapByWallet(dataKey, guid, master),
    },
  };
}

/**
 * The data key of the set that a header is of; null when the set is not encrypted.
 * @throws ORA-39002 with ORA-39174 (a password is needed), ORA-39175 (none is), ORA-39176 (a wrong one), ORA-28365 (the wallet is not
 * open) or ORA-28362 (it lacks the key).
 */
export async function openSetKey({ guid, keys }: Pick<FileHeader, "guid" | "keys">, keyring: Keyring): Promise<SetKey | null> {
  const { password } = keyring;
  if (keys === null) {
    if (password === null) return null;
    throw refusedPassword("ORA-39175", "The dump is not encrypted: if it should be, somebody has replaced it.");
  }
  if (keys.password === null && password !== null)
    throw refusedPassword("ORA-39175", "The set was encrypted by a wallet, without a password.");
  const dataKey = password === null ? openByWallet(guid, keys, keyring) : await openByPassword(guid, keys, password);
  // A stanza may hold another key than the set's: then its author means to show different readers different rows.
  if (!isDataKey(dataKey, guid, keys)) throw password === null ? lackingKey() : refusedPassword("ORA-39176");
  return { dataKey, stanzas: keys };
}

/** How the key of a set is kept, as a text: what opens the set opens it, and nothing else. */
export function setKeyText({ stanzas: { commitment, password, wallet } }: SetKey): string {
  return JSON.stringify({
    commitment: commitment.toString("base64"),
    password: password === null ? null : encodePasswordStanza(password).toString("base64"),
    wallet: wallet === null ? null : encodeWalletStanza(wallet).toString("base64"),
  });
}

/** The key of an interrupted export by its `setKeyText`. @throws as `openSetKey` */
export async function savedSetKey(text: string, guid: string, keyring: Keyring): Promise<SetKey | null> {
  const { commitment, password, wallet } = JSON.parse(text) as Record<keyof KeyStanzas, string | null>;
  const bytes = (value: string) => Buffer.from(value, "base64");
  const keys = {
    commitment: bytes(commitment ?? ""),
    password: password === null ? null : decodePasswordStanza(bytes(password)),
    wallet: wallet === null ? null : decodeWalletStanza(bytes(wallet)),
  };
  return openSetKey({ guid, keys }, keyring);
}

function openByWallet(guid: string, keys: KeyStanzas, { masterKeys }: Keyring): Buffer {
  if (keys.wallet !== null && masterKeys !== null) {
    const dataKey = unwrapByWallet(keys.wallet, guid, masterKeys);
    if (dataKey !== undefined) return dataKey;
  }
  if (keys.password !== null) throw refusedPassword("ORA-39174");
  throw masterKeys === null ? pumpError([["ORA-39002"], ["ORA-28365"]]) : lackingKey();
}

function lackingKey(): PumpError {
  return pumpError([["ORA-39002"], ["ORA-28362"]]);
}

async function openByPassword(guid: string, keys: KeyStanzas, password: string): Promise<Buffer> {
  const dataKey = keys.password === null ? undefined : await unwrapByPassword(keys.password, guid, password);
  if (dataKey === undefined) throw refusedPassword("ORA-39176");
  return dataKey;
}

/** The keys of the files by their numbers; null for a set that has none. @throws ORA-31619 for files that are not of the set */
export function keysOfFiles(files: readonly DumpFile[], key: SetKey | null): ReadonlyMap<number, FileKey> | null {
  if (key !== null) return authenticateFiles(files, key);
  assertPlain(files);
  return null;
}

function assertPlain(files: readonly DumpFile[]): void {
  const keyed = files.find(({ header }) => header.keys !== null);
  if (keyed !== undefined) throw invalidDumpFile(keyed.path, "it is of an encrypted set, other files are not");
}

/** The key of each file by its number, once header, index and trailer of each are known to be of the set. @throws ORA-31619 */
function authenticateFiles(files: readonly DumpFile[], { dataKey, stanzas }: SetKey): ReadonlyMap<number, FileKey> {
  return new Map(
    files.map((file) => {
      const { path, number, header, headerBytes, trailer } = file;
      const key = fileKey(dataKey, header.salt, headerBytes);
      const { authentication, indexDigest } = trailer;
      const isOfSet = header.keys !== null && isSameSecret(header.keys.commitment, stanzas.commitment);
      const tag = authentication === null ? null : authenticationTag(key, indexDigest, authentication.covered);
      if (!isOfSet || tag === null || authentication === null || !isSameSecret(tag, authentication.tag))
        throw invalidDumpFile(path, "it was changed, or is not of this encrypted set");
      return [number, key] as const;
    }),
  );
}

/** How the images of a kind are encrypted. */
export function cipherOfImage(encryption: SetEncryption | null, type: PieceType, image: number): Cipher {
  if (encryption === null) return CIPHER.NONE;
  const { data, metadata, columns, cipher } = encryption;
  const isData = type === PIECE_TYPE.TABLE_DATA || type === PIECE_TYPE.DATABASE_PAGES;
  const isTaken = isData ? data || (columns && image === 1) : metadata;
  return isTaken ? cipher : CIPHER.NONE;
}

function refusedPassword(code: "ORA-39174" | "ORA-39175" | "ORA-39176", hint?: string): PumpError {
  return pumpError([["ORA-39002"], [code]], hint);
}

import { ByteReader, ByteWriter, checkedBlock } from "./cursor.ts";
import { FormatError } from "./format-error.ts";
import { KEY_LENGTH } from "./encryption.ts";
import { ITEM, OWN_ITEM, readItems, requiredItem, textItems, writeItems, type Items } from "./items.ts";
import {
  decodePasswordStanza,
  decodeWalletStanza,
  encodePasswordStanza,
  encodeWalletStanza,
  type KeyStanzas,
} from "./key-stanza.ts";

export const FORMAT_MAJOR = 1;
export const FORMAT_MINOR = 1;
/** Magic, version and length: the same in every version, and enough to know how much to read. */
export const HEADER_PREFIX_LENGTH = 16;
export const MAX_HEADER_LENGTH = 1 << 20;
export const GUID_LENGTH = 16;
export const SALT_LENGTH = 32;

/** High bit, name, CR LF, Ctrl-Z: a transfer that touches line ends or the eighth bit breaks it. */
const MAGIC = Buffer.from("\x89TSDP\r\n\x1a", "latin1");
const DIGEST_ALGORITHM = "SHA-256";
/** KU$_DFHDR_ENCMODE_NONE. */
const NO_ENCRYPTION_MODE = "2";

/** The header of one dump file (docs/format.md, "Header"): all that is known before the first piece. */
export interface FileHeader {
  readonly major: number;
  readonly minor: number;
  /** The set, 32 hex digits in upper case; the same in every file of the set. */
  readonly guid: string;
  /** From 1. */
  readonly fileNumber: number;
  /** 32 random bytes that make every header unlike every other. */
  readonly salt: Buffer;
  /** `tsdp 0.1.0`. */
  readonly writerVersion: string;
  /** Milliseconds since 1970 UTC. */
  readonly creationTime: number;
  /** Names and templates of the files of the set, as far as they were known when the file was begun; without their folders. */
  readonly fileNames: readonly string[];
  /** Null in a set that is not encrypted. */
  readonly keys: KeyStanzas | null;
  /** Values by KU$_DFHDR_ code. */
  readonly items: ReadonlyMap<number, string>;
}

export function encodeHeader(header: FileHeader): Buffer {
  const items = new Map<number, Buffer>();
  for (const [code, value] of header.items) items.set(code, Buffer.from(value, "utf8"));
  items.set(OWN_ITEM.SET_GUID, Buffer.from(header.guid, "hex"));
  items.set(OWN_ITEM.FILE_SALT, header.salt);
  items.set(OWN_ITEM.DIGEST_ALGORITHM, Buffer.from(DIGEST_ALGORITHM));
  items.set(OWN_ITEM.WRITER_VERSION, Buffer.from(header.writerVersion, "utf8"));
  items.set(OWN_ITEM.SET_FILE_NUMBER, new ByteWriter().u32(header.fileNumber).finish());
  if (header.fileNames.length > 0) items.set(OWN_ITEM.FILE_NAMES, encodeNames(header.fileNames));
  if (header.keys !== null) addKeys(items, header.keys);
  items.set(OWN_ITEM.CREATION_TIME, new ByteWriter().u64(header.creationTime).finish());
  const body = new ByteWriter();
  writeItems(body, items);
  const bytes = body.finish();
  const length = HEADER_PREFIX_LENGTH + bytes.length + 4;
  if (length > MAX_HEADER_LENGTH) throw new FormatError("invalid", `header of ${length} bytes is too long`);
  return new ByteWriter().bytes(MAGIC).u16(header.major).u16(header.minor).u32(length).bytes(bytes).crc().finish();
}

/** Whether bytes begin as a tsdp dump file does. */
export function hasHeaderMagic(bytes: Buffer): boolean {
  return bytes.subarray(0, MAGIC.length).equals(MAGIC);
}

/** The length of the whole header, from its first 16 bytes. */
export function headerLength(prefix: Buffer): number {
  const reader = new ByteReader(prefix);
  reader.expect(MAGIC, "tsdp dump file header");
  reader.u32();
  const length = reader.u32();
  if (length < HEADER_PREFIX_LENGTH + 6 || length > MAX_HEADER_LENGTH) {
    throw new FormatError("invalid", `header length ${length} is out of range`);
  }
  return length;
}

/** Decodes a whole header. The checksum comes first: a damaged version number is damage, not a newer version. */
export function decodeHeader(bytes: Buffer): FileHeader {
  if (headerLength(bytes) !== bytes.length) throw new FormatError("invalid", "the header is cut off");
  const reader = new ByteReader(checkedBlock(bytes, "header"));
  reader.bytes(MAGIC.length);
  const major = reader.u16();
  const minor = reader.u16();
  if (major !== FORMAT_MAJOR) throw new FormatError("version", `${major}.${minor}`);
  reader.u32();
  const items = readItems(reader);
  reader.end("header");
  const digest = requiredItem(items, OWN_ITEM.DIGEST_ALGORITHM)
    .bytes(items.get(OWN_ITEM.DIGEST_ALGORITHM)?.length ?? 0)
    .toString();
  if (digest !== DIGEST_ALGORITHM) throw new FormatError("unsupported", `digest algorithm ${digest}`);
  const keys = decodeKeys(items);
  checkClaims(textItems(items), keys !== null);
  return {
    major,
    minor,
    guid: requiredItem(items, OWN_ITEM.SET_GUID, GUID_LENGTH).bytes(GUID_LENGTH).toString("hex").toUpperCase(),
    fileNumber: requiredItem(items, OWN_ITEM.SET_FILE_NUMBER, 4).u32(),
    salt: requiredItem(items, OWN_ITEM.FILE_SALT, SALT_LENGTH).bytes(SALT_LENGTH),
    writerVersion: (items.get(OWN_ITEM.WRITER_VERSION) ?? Buffer.alloc(0)).toString("utf8"),
    creationTime: requiredItem(items, OWN_ITEM.CREATION_TIME, 8).u64(),
    fileNames: decodeNames(items.get(OWN_ITEM.FILE_NAMES)),
    keys,
    items: textItems(items),
  };
}

function addKeys(items: Map<number, Buffer>, { commitment, password, wallet }: KeyStanzas): void {
  items.set(OWN_ITEM.KEY_COMMITMENT, commitment);
  if (password !== null) items.set(OWN_ITEM.PASSWORD_STANZA, encodePasswordStanza(password));
  if (wallet !== null) items.set(OWN_ITEM.WALLET_STANZA, encodeWalletStanza(wallet));
}

function decodeKeys(items: Items): KeyStanzas | null {
  const password = items.get(OWN_ITEM.PASSWORD_STANZA);
  const wallet = items.get(OWN_ITEM.WALLET_STANZA);
  if (!items.has(OWN_ITEM.KEY_COMMITMENT)) {
    if (password === undefined && wallet === undefined) return null;
    throw new FormatError("invalid", "a key without its commitment");
  }
  return {
    commitment: requiredItem(items, OWN_ITEM.KEY_COMMITMENT, KEY_LENGTH).bytes(KEY_LENGTH),
    password: password === undefined ? null : decodePasswordStanza(password),
    wallet: wallet === undefined ? null : decodeWalletStanza(wallet),
  };
}

/** What dumpinfo shows of a file must not be more, or less, than its keys can keep. */
function checkClaims(items: ReadonlyMap<number, string>, hasKeys: boolean): void {
  const flags = [ITEM.METADATA_ENCRYPTED, ITEM.DATA_ENCRYPTED, ITEM.COLUMNS_ENCRYPTED];
  const claims = flags.some((code) => items.get(code) === "1");
  const mode = items.get(ITEM.ENCRYPTION_MODE);
  const isWrong = hasKeys ? mode === NO_ENCRYPTION_MODE : claims || (mode !== undefined && mode !== NO_ENCRYPTION_MODE);
  if (isWrong) throw new FormatError("invalid", "what it says of its encryption does not fit its keys");
}

function encodeNames(names: readonly string[]): Buffer {
  const writer = new ByteWriter().u16(names.length);
  for (const name of names) {
    const bytes = Buffer.from(name, "utf8");
    writer.u16(bytes.length).bytes(bytes);
  }
  return writer.finish();
}

/** Files of version 1.0 have none. */
function decodeNames(value: Buffer | undefined): readonly string[] {
  if (value === undefined) return [];
  const reader = new ByteReader(value);
  const names = Array.from({ length: reader.u16() }, () => reader.bytes(reader.u16()).toString("utf8"));
  reader.end("list of file names");
  return names;
}

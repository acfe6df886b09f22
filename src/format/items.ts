import { ByteReader, type ByteWriter } from "./cursor.ts";
import { FormatError } from "./format-error.ts";

/** Item codes of KU$_DUMPFILE_INFO (`KU$_DFHDR_*`); their values are text. */
export const ITEM = {
  FILE_VERSION: 1,
  MASTER_PRESENT: 2,
  GUID: 3,
  FILE_NUMBER: 4,
  CHARSET_ID: 5,
  CREATION_DATE: 6,
  FLAGS: 7,
  JOB_NAME: 8,
  PLATFORM: 9,
  INSTANCE: 10,
  LANGUAGE: 11,
  BLOCKSIZE: 12,
  DIRPATH: 13,
  METADATA_COMPRESSED: 14,
  DB_VERSION: 15,
  MASTER_PIECE_COUNT: 16,
  MASTER_PIECE_NUMBER: 17,
  DATA_COMPRESSED: 18,
  METADATA_ENCRYPTED: 19,
  DATA_ENCRYPTED: 20,
  COLUMNS_ENCRYPTED: 21,
  ENCRYPTION_MODE: 22,
  COMPRESSION_ALG: 23,
} as const;

/** Item codes of tsdp itself; their values are binary unless docs/format.md says text. */
export const OWN_ITEM = {
  SET_GUID: 1001,
  FILE_SALT: 1002,
  DIGEST_ALGORITHM: 1003,
  WRITER_VERSION: 1004,
  SET_FILE_NUMBER: 1005,
  CREATION_TIME: 1006,
  FILE_NAMES: 1007,
  PASSWORD_STANZA: 1100,
  WALLET_STANZA: 1101,
  KEY_COMMITMENT: 1102,
  INDEX: 1301,
  FILE_DIGEST: 1302,
  SET_FILES: 1303,
  CHECKSUM: 1304,
  AUTHENTICATION: 1350,
} as const;

/** From this code on an item must be understood by whoever reads the file; below it unknown items are skipped. */
const CRITICAL_ITEMS = 0x8000;
const MAX_ITEMS = 1024;

export type Items = ReadonlyMap<number, Buffer>;

export function writeItems(writer: ByteWriter, items: Items): void {
  writer.u16(items.size);
  for (const [code, value] of items) writer.u16(code).u32(value.length).bytes(value);
}

/** Reads a count and that many items; each code at most once. */
export function readItems(reader: ByteReader): Items {
  const count = reader.u16();
  if (count > MAX_ITEMS) throw new FormatError("invalid", `${count} items are more than ${MAX_ITEMS}`);
  const items = new Map<number, Buffer>();
  for (let i = 0; i < count; i += 1) {
    const code = reader.u16();
    const value = reader.bytes(reader.u32());
    if (items.has(code)) throw new FormatError("invalid", `item ${code} is there twice`);
    if (code >= CRITICAL_ITEMS) throw new FormatError("unsupported", `item ${code}`);
    items.set(code, value);
  }
  return items;
}

/** A reader of the one item with this code, which must have exactly this length if one is given. */
export function requiredItem(items: Items, code: number, length?: number): ByteReader {
  const value = items.get(code);
  if (value === undefined) throw new FormatError("invalid", `item ${code} is missing`);
  if (length !== undefined && value.length !== length) {
    throw new FormatError("invalid", `item ${code} has ${value.length} bytes, not ${length}`);
  }
  return new ByteReader(value);
}

/** The text items (KU$_DFHDR_ codes) among the items, ready to be shown. */
export function textItems(items: Items): ReadonlyMap<number, string> {
  return new Map([...items].filter(([code]) => code < 1000).map(([code, value]) => [code, value.toString("utf8")]));
}

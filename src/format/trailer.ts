import { createHash } from "node:crypto";
import { ByteReader, ByteWriter, checkedBlock } from "./cursor.ts";
import { CHECKSUM_ALGORITHMS, CHECKSUM_LENGTHS, type ChecksumAlgorithm } from "./checksum.ts";
import { authenticationTag, KEY_LENGTH, type FileKey } from "./encryption.ts";
import { FormatError } from "./format-error.ts";
import { OWN_ITEM, readItems, requiredItem, textItems, writeItems, type Items } from "./items.ts";
import type { Segment } from "./segment-index.ts";

export const FOOTER_LENGTH = 32;
export const MAX_TRAILER_LENGTH = 1 << 20;
export const MAX_SET_FILES = 20_000;
const MAGIC = Buffer.from("TSDT");
const END_MAGIC = Buffer.from("TSDPEND\n");
const DIGEST_LENGTH = 32;
/** Bytes of the item: code, length, tag. */
const AUTHENTICATION_LENGTH = 38;
const INDEX_ITEM_LENGTH = 48;
/** Bytes of one file in the list of the set. */
export const SET_FILE_LENGTH = 44;
/** Magic, length, item count, CRC. */
const MIN_TRAILER_LENGTH = 14;

/** A file of the set as the trailer beside the master table lists it. */
export interface SetFile {
  /** From 1. */
  readonly number: number;
  /** Bytes of the whole file, footer included. */
  readonly length: number;
  readonly digest: Buffer;
}

/** The trailer of one file (docs/format.md, "Trailer"): what is known only at its end. */
export interface Trailer {
  /** Values by KU$_DFHDR_ code: MASTER_PRESENT, MASTER_PIECE_COUNT, MASTER_PIECE_NUMBER. */
  readonly items: ReadonlyMap<number, string>;
  readonly indexOffset: number;
  readonly indexLength: number;
  readonly indexDigest: Buffer;
  readonly fileDigest: Buffer;
  /** Every file of the set; undefined but for the file in which the master table ends. */
  readonly files: readonly SetFile[] | undefined;
  /** CHECKSUM of the export; undefined without one. */
  readonly checksum: { readonly algorithm: ChecksumAlgorithm; readonly value: Buffer } | undefined;
}

/** What authenticates header, index and trailer of an encrypted set. */
export interface Authentication {
  readonly tag: Buffer;
  /** The bytes of the trailer before it. */
  readonly covered: Buffer;
}

export interface DecodedTrailer extends Trailer {
  /** Null in a set that is not encrypted. */
  readonly authentication: Authentication | null;
}

/** The last 32 bytes of a file: where the trailer is. */
export interface Footer {
  readonly trailerOffset: number;
  readonly trailerLength: number;
}

/** Digest of a file: SHA-256 over its header and the digests of its segments, in the order of the file. */
export function digestFile(header: Buffer, segments: readonly Segment[]): Buffer {
  const hash = createHash("sha256").update(header);
  for (const segment of segments) hash.update(segment.digest);
  return hash.digest();
}

/** Trailer and footer: the last bytes of a file, right after its index. `key` is that of an encrypted set. */
export function encodeTrailer(trailer: Trailer, key: FileKey | null): Buffer {
  const items = new Map<number, Buffer>();
  for (const [code, value] of trailer.items) items.set(code, Buffer.from(value, "utf8"));
  const index = new ByteWriter().u64(trailer.indexOffset).u64(trailer.indexLength).bytes(trailer.indexDigest);
  items.set(OWN_ITEM.INDEX, index.finish());
  items.set(OWN_ITEM.FILE_DIGEST, trailer.fileDigest);
  if (trailer.files !== undefined) items.set(OWN_ITEM.SET_FILES, encodeSetFiles(trailer.files));
  if (trailer.checksum !== undefined) items.set(OWN_ITEM.CHECKSUM, encodeChecksum(trailer.checksum));
  const block = key === null ? plainBlock(items) : authenticatedBlock(items, key, trailer.indexDigest);
  const footer = encodeFooter({ trailerOffset: trailer.indexOffset + trailer.indexLength, trailerLength: block.length });
  return Buffer.concat([block, footer]);
}

function plainBlock(items: Items): Buffer {
  const body = new ByteWriter();
  writeItems(body, items);
  const bytes = body.finish();
  return new ByteWriter()
    .bytes(MAGIC)
    .u32(MIN_TRAILER_LENGTH - 2 + bytes.length)
    .bytes(bytes)
    .crc()
    .finish();
}

/** The tag is the last item and covers all bytes before it: lengths and counts are therefore those of the whole trailer. */
function authenticatedBlock(items: Items, key: FileKey, indexDigest: Buffer): Buffer {
  const draft = plainBlock(new Map([...items, [OWN_ITEM.AUTHENTICATION, Buffer.alloc(KEY_LENGTH)]]));
  const covered = draft.subarray(0, draft.length - AUTHENTICATION_LENGTH - 4);
  const tag = authenticationTag(key, indexDigest, covered);
  return plainBlock(new Map([...items, [OWN_ITEM.AUTHENTICATION, tag]]));
}

export function decodeTrailer(bytes: Buffer, trailerOffset: number): DecodedTrailer {
  const reader = new ByteReader(checkedBlock(bytes, "trailer"));
  reader.expect(MAGIC, "trailer");
  if (reader.u32() !== bytes.length) throw new FormatError("invalid", "the length of the trailer is wrong");
  const items = readItems(reader);
  reader.end("trailer");
  const index = requiredItem(items, OWN_ITEM.INDEX, INDEX_ITEM_LENGTH);
  const indexOffset = index.u64();
  const indexLength = index.u64();
  if (indexOffset + indexLength !== trailerOffset) throw new FormatError("invalid", "the index does not end at the trailer");
  const files = items.get(OWN_ITEM.SET_FILES);
  return {
    items: textItems(items),
    indexOffset,
    indexLength,
    indexDigest: index.bytes(DIGEST_LENGTH),
    fileDigest: requiredItem(items, OWN_ITEM.FILE_DIGEST, DIGEST_LENGTH).bytes(DIGEST_LENGTH),
    files: files === undefined ? undefined : decodeSetFiles(new ByteReader(files)),
    checksum: decodeChecksum(items.get(OWN_ITEM.CHECKSUM)),
    authentication: decodeAuthentication(items, bytes),
  };
}

function decodeAuthentication(items: Items, bytes: Buffer): Authentication | null {
  const tag = items.get(OWN_ITEM.AUTHENTICATION);
  if (tag === undefined) return null;
  if (tag.length !== KEY_LENGTH || [...items.keys()].at(-1) !== OWN_ITEM.AUTHENTICATION)
    throw new FormatError("invalid", "the authentication is not the last item");
  return { tag, covered: bytes.subarray(0, bytes.length - AUTHENTICATION_LENGTH - 4) };
}

/** Number of the algorithm, then the value. */
function encodeChecksum({ algorithm, value }: NonNullable<Trailer["checksum"]>): Buffer {
  return new ByteWriter()
    .u8(CHECKSUM_ALGORITHMS.indexOf(algorithm) + 1)
    .bytes(value)
    .finish();
}

function decodeChecksum(item: Buffer | undefined): Trailer["checksum"] {
  if (item === undefined) return undefined;
  const reader = new ByteReader(item);
  const algorithm = CHECKSUM_ALGORITHMS[reader.u8() - 1];
  if (algorithm === undefined) throw new FormatError("unsupported", "the algorithm of the checksum");
  const value = reader.bytes(CHECKSUM_LENGTHS[algorithm]);
  reader.end("checksum");
  return { algorithm, value };
}

/** Decodes the last 32 bytes of a file of this size; what they say must fit the size exactly. */
export function decodeFooter(bytes: Buffer, fileLength: number): Footer {
  const end = new ByteReader(bytes.subarray(FOOTER_LENGTH - END_MAGIC.length));
  end.expect(END_MAGIC, "end of a dump file (the file is cut off, or was not finished)");
  const reader = new ByteReader(checkedBlock(bytes.subarray(0, FOOTER_LENGTH - END_MAGIC.length), "footer"));
  const trailerOffset = reader.u64();
  const statedLength = reader.u64();
  const trailerLength = reader.u32();
  if (statedLength !== fileLength) throw new FormatError("invalid", `the file has ${fileLength} bytes, not ${statedLength}`);
  if (trailerLength < MIN_TRAILER_LENGTH || trailerLength > MAX_TRAILER_LENGTH) {
    throw new FormatError("invalid", `trailer length ${trailerLength} is out of range`);
  }
  if (trailerOffset + trailerLength + FOOTER_LENGTH !== fileLength) {
    throw new FormatError("invalid", "the trailer does not end at the footer");
  }
  return { trailerOffset, trailerLength };
}

function encodeFooter(footer: Footer): Buffer {
  const fileLength = footer.trailerOffset + footer.trailerLength + FOOTER_LENGTH;
  return new ByteWriter().u64(footer.trailerOffset).u64(fileLength).u32(footer.trailerLength).crc().bytes(END_MAGIC).finish();
}

function encodeSetFiles(files: readonly SetFile[]): Buffer {
  const writer = new ByteWriter().u32(files.length);
  for (const file of files) writer.u32(file.number).u64(file.length).bytes(file.digest);
  return writer.finish();
}

function decodeSetFiles(reader: ByteReader): SetFile[] {
  const count = reader.u32();
  if (count > MAX_SET_FILES || reader.remaining !== count * SET_FILE_LENGTH) {
    throw new FormatError("invalid", `a list of ${count} files can't have ${reader.remaining} bytes`);
  }
  return Array.from({ length: count }, (_, i) => {
    const file = { number: reader.u32(), length: reader.u64(), digest: reader.bytes(DIGEST_LENGTH) };
    if (file.number !== i + 1) throw new FormatError("invalid", `file ${file.number} is listed in place of file ${i + 1}`);
    return file;
  });
}

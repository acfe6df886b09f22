import { ByteReader, ByteWriter, checkedBlock } from "./cursor.ts";
import { cipherOf, cipherOverhead } from "./encryption.ts";
import { FormatError } from "./format-error.ts";
import {
  codecOf,
  FRAME_HEADER_LENGTH,
  lastFlag,
  MAX_PAYLOAD_LENGTH,
  pieceType,
  readImageLengths,
  type ImageFacts,
} from "./frame.ts";

const MAGIC = Buffer.from("TSDI");
const ENTRY_LENGTH = 96;
const DIGEST_LENGTH = 32;
/** Magic, count, CRC. */
const FIXED_LENGTH = 12;
/** Of all files of a set together: a reader keeps each in memory as long as the set is open, in some 1.5 KiB. */
export const MAX_INDEX_ENTRIES = 200_000;
/** The frames of a segment but one hold so much on average: else their headers could take any amount of memory. */
const LEAST_AVERAGE_PAYLOAD = 4096;

/** A segment: frames of one piece image that follow each other in one file. */
export interface Segment extends ImageFacts {
  readonly firstFrame: number;
  readonly frames: number;
  /** Whether it ends the image. */
  readonly last: boolean;
  /** Where it is in the file, in bytes, frame headers included. */
  readonly offset: number;
  readonly length: number;
  /** SHA-256 of those bytes. */
  readonly digest: Buffer;
}

/** The index of one file: its segments in the order of the file (docs/format.md, "Index"). */
export function encodeIndex(segments: readonly Segment[]): Buffer {
  if (segments.length > MAX_INDEX_ENTRIES)
    throw new FormatError("invalid", `${segments.length} segments are too many for one file`);
  const writer = new ByteWriter().bytes(MAGIC).u32(segments.length);
  for (const segment of segments) writeEntry(writer, segment);
  return writer.crc().finish();
}

export function indexLength(entries: number): number {
  return FIXED_LENGTH + entries * ENTRY_LENGTH;
}

/** Entries of an index of this length, rounded up. */
export function indexEntries(length: number): number {
  return Math.ceil(Math.max(0, length - FIXED_LENGTH) / ENTRY_LENGTH);
}

/**
 * Decodes an index and checks that its segments cover the file from the end of the header to the index,
 * each byte once and in order.
 */
export function decodeIndex(bytes: Buffer, headerLength: number, indexOffset: number): Segment[] {
  const reader = new ByteReader(checkedBlock(bytes, "index"));
  reader.expect(MAGIC, "index");
  const count = reader.u32();
  if (bytes.length !== indexLength(count))
    throw new FormatError("invalid", `an index of ${count} entries can't have ${bytes.length} bytes`);
  const segments: Segment[] = [];
  let offset = headerLength;
  for (let i = 0; i < count; i += 1) {
    const segment = readEntry(reader);
    if (segment.offset !== offset) throw new FormatError("invalid", `segment ${i} begins at ${segment.offset}, not at ${offset}`);
    offset += segment.length;
    segments.push(segment);
  }
  if (offset !== indexOffset)
    throw new FormatError("invalid", `the segments end at ${offset}, the index begins at ${indexOffset}`);
  return segments;
}

function writeEntry(writer: ByteWriter, segment: Segment): void {
  writer
    .bytes(Buffer.of(segment.type, segment.codec, segment.last ? 1 : 0, segment.image, segment.cipher))
    .zeros(3)
    .u32(segment.object)
    .u32(segment.piece)
    .u32(segment.firstFrame)
    .u32(segment.frames)
    .u64(segment.offset)
    .u64(segment.length)
    .u64(segment.rawLength)
    .u64(segment.storedLength)
    .u64(segment.rows)
    .bytes(segment.digest);
}

function readEntry(reader: ByteReader): Segment {
  const type = pieceType(reader.u8());
  const codec = codecOf(reader.u8());
  const last = lastFlag(reader.u8());
  const image = reader.u8();
  const cipher = cipherOf(reader.u8());
  reader.zeros(3);
  const numbers = { object: reader.u32(), piece: reader.u32(), firstFrame: reader.u32(), frames: reader.u32() };
  const place = { offset: reader.u64(), length: reader.u64() };
  const payload = place.length - numbers.frames * (FRAME_HEADER_LENGTH + cipherOverhead(cipher));
  const most = numbers.frames * MAX_PAYLOAD_LENGTH;
  if (numbers.frames === 0 || payload > most || payload < (numbers.frames - 1) * LEAST_AVERAGE_PAYLOAD) {
    throw new FormatError("invalid", `${numbers.frames} frames can't have ${place.length} bytes`);
  }
  const lengths = readImageLengths(reader);
  return { type, codec, cipher, last, image, ...numbers, ...place, ...lengths, digest: reader.bytes(DIGEST_LENGTH) };
}

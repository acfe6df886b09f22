import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { decodeFrameHeader, FRAME_HEADER_LENGTH } from "../../src/format/frame.ts";
import { decodeIndex, encodeIndex, type Segment } from "../../src/format/segment-index.ts";
import { decodeFooter, decodeTrailer, encodeTrailer, FOOTER_LENGTH, type DecodedTrailer } from "../../src/format/trailer.ts";
import type { VectorFile } from "./vector.ts";

/** A frame: where its header begins, and how long its payload is. */
export interface PlacedFrame {
  readonly offset: number;
  readonly payloadLength: number;
}

/** Where the parts of a good file are. */
export interface Layout {
  readonly headerLength: number;
  readonly segments: readonly (Segment & { readonly placed: readonly PlacedFrame[] })[];
  readonly indexOffset: number;
  readonly indexLength: number;
  readonly trailerOffset: number;
  readonly trailerLength: number;
  /** Where the values of the trailer's items are. */
  readonly items: ReadonlyMap<number, number>;
}

/** The parts of a good file. */
export interface Parts {
  readonly header: Buffer;
  readonly segments: readonly { readonly entry: Segment; readonly bytes: Buffer }[];
  readonly trailer: DecodedTrailer;
}

export const INDEX_ITEM = 1301;
export const DIGEST_ITEM = 1302;
export const FILES_ITEM = 1303;
const ENTRY_LENGTH = 96;
const LISTED_LENGTH = 44;

export function layoutOf(bytes: Buffer): Layout {
  const { trailerOffset, trailerLength } = decodeFooter(bytes.subarray(bytes.length - FOOTER_LENGTH), bytes.length);
  const { indexOffset, indexLength } = decodeTrailer(bytes.subarray(trailerOffset, trailerOffset + trailerLength), trailerOffset);
  const headerLength = bytes.readUInt32BE(12);
  const segments = decodeIndex(bytes.subarray(indexOffset, trailerOffset), headerLength, indexOffset);
  const placed = segments.map((segment) => ({ ...segment, placed: framesOf(bytes, segment) }));
  const items = itemsOf(bytes, trailerOffset + 8);
  return { headerLength, segments: placed, indexOffset, indexLength, trailerOffset, trailerLength, items };
}

/** Puts every sum right that needs no key; where the parts are is known from the good file. */
export function sealed(bytes: Buffer, layout: Layout): Buffer {
  const { headerLength, segments, indexOffset, indexLength, trailerOffset, items } = layout;
  writeCrc(bytes, 0, headerLength - 4);
  const digests = segments.map((segment, i) => {
    for (const frame of segment.placed) sealFrame(bytes, frame);
    const digest = sha256(bytes.subarray(segment.offset, segment.offset + segment.length));
    digest.copy(bytes, indexOffset + 8 + i * ENTRY_LENGTH + 64);
    return digest;
  });
  writeCrc(bytes, indexOffset, indexLength - 4);
  sha256(bytes.subarray(indexOffset, trailerOffset)).copy(bytes, valueAt(items, INDEX_ITEM) + 16);
  sha256(bytes.subarray(0, headerLength), ...digests).copy(bytes, valueAt(items, DIGEST_ITEM));
  return sealEnd(bytes, layout);
}

/** Puts right the trailer and the footer alone. */
export function sealEnd(bytes: Buffer, { trailerOffset, trailerLength }: Layout): Buffer {
  writeCrc(bytes, trailerOffset, trailerLength - 4);
  writeCrc(bytes, bytes.length - FOOTER_LENGTH, 20);
  return bytes;
}

/** Changes the bytes of one file and puts right every sum of the set, the list of its files included. */
export function lie(
  files: readonly VectorFile[],
  changed: number,
  change: (bytes: Buffer, layout: Layout) => void,
): readonly VectorFile[] {
  const layouts = files.map(({ bytes }) => layoutOf(bytes));
  const told = files.map((file, i) => {
    const layout = layouts[i];
    if (i !== changed || layout === undefined) return file;
    const bytes = Buffer.from(file.bytes);
    change(bytes, layout);
    return { name: file.name, bytes: sealed(bytes, layout) };
  });
  return listed(told, layouts);
}

/** Takes files apart, changes the parts, and puts them together again with new places, lengths and sums. */
export function remade(files: readonly VectorFile[], change: (parts: Parts, i: number) => Parts): readonly VectorFile[] {
  const made = files.map(({ name, bytes }, i) => ({ name, bytes: putTogether(change(takeApart(bytes), i)) }));
  return listed(
    made,
    made.map(({ bytes }) => layoutOf(bytes)),
  );
}

function takeApart(bytes: Buffer): Parts {
  const { headerLength, segments, trailerOffset, trailerLength } = layoutOf(bytes);
  return {
    header: bytes.subarray(0, headerLength),
    segments: segments.map((entry) => ({ entry, bytes: bytes.subarray(entry.offset, entry.offset + entry.length) })),
    trailer: decodeTrailer(bytes.subarray(trailerOffset, trailerOffset + trailerLength), trailerOffset),
  };
}

function putTogether({ header, segments, trailer }: Parts): Buffer {
  let offset = header.length;
  const entries = segments.map(({ entry, bytes }) => {
    const placed = { ...entry, offset, length: bytes.length, digest: sha256(bytes) };
    offset += bytes.length;
    return placed;
  });
  const index = encodeIndex(entries);
  const fileDigest = sha256(header, ...entries.map(({ digest }) => digest));
  const place = { indexOffset: offset, indexLength: index.length, indexDigest: sha256(index), fileDigest };
  return Buffer.concat([header, ...segments.map(({ bytes }) => bytes), index, encodeTrailer({ ...trailer, ...place }, null)]);
}

/** Puts right the list of the set: the digest and the length of each file. */
function listed(files: readonly VectorFile[], layouts: readonly Layout[]): readonly VectorFile[] {
  return files.map(({ name, bytes }, i) => {
    const layout = layouts[i];
    const at = layout?.items.get(FILES_ITEM);
    if (layout === undefined || at === undefined) return { name, bytes };
    const copy = Buffer.from(bytes);
    files.forEach((file, number) => {
      const entry = at + 4 + number * LISTED_LENGTH;
      copy.writeBigUInt64BE(BigInt(file.bytes.length), entry + 4);
      const digest = valueAt(layouts[number]?.items ?? new Map(), DIGEST_ITEM);
      file.bytes.copy(copy, entry + 12, digest, digest + 32);
    });
    return { name, bytes: sealEnd(copy, layout) };
  });
}

function framesOf(bytes: Buffer, { offset, frames }: Segment): readonly PlacedFrame[] {
  let at = offset;
  return Array.from({ length: frames }, () => {
    const { payloadLength } = decodeFrameHeader(bytes.subarray(at, at + FRAME_HEADER_LENGTH));
    const frame = { offset: at, payloadLength };
    at += FRAME_HEADER_LENGTH + payloadLength;
    return frame;
  });
}

function itemsOf(bytes: Buffer, start: number): ReadonlyMap<number, number> {
  const items = new Map<number, number>();
  let at = start + 2;
  for (let left = bytes.readUInt16BE(start); left > 0; left -= 1) {
    items.set(bytes.readUInt16BE(at), at + 6);
    at += 6 + bytes.readUInt32BE(at + 2);
  }
  return items;
}

function sealFrame(bytes: Buffer, { offset, payloadLength }: PlacedFrame): void {
  const payload = bytes.subarray(offset + FRAME_HEADER_LENGTH, offset + FRAME_HEADER_LENGTH + payloadLength);
  bytes.writeUInt32BE(crc32(payload), offset + 104);
  writeCrc(bytes, offset, 108);
}

function writeCrc(bytes: Buffer, start: number, length: number): void {
  bytes.writeUInt32BE(crc32(bytes.subarray(start, start + length)), start + length);
}

function valueAt(items: ReadonlyMap<number, number>, code: number): number {
  const at = items.get(code);
  if (at === undefined) throw new RangeError(`no item ${code}`);
  return at;
}

function sha256(...parts: readonly Buffer[]): Buffer {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
}

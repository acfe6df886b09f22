import { damage, damaged, DAMAGED_HEADER, entryAt, flip, frameAt, ROWS, unsupported } from "./failures.ts";
import type { Failure, VectorRequest } from "./requests.ts";
import { INDEX_ITEM, lie, type Layout } from "./reseal.ts";

const UNFINISHED = "the file is cut off, or was not finished";
const NO_END = "no end of a dump file";
const FRAME = 112;

/** Cut at every border of its structure. */
const CUTS: readonly (readonly [name: string, length: (layout: Layout, size: number) => number, reason: string])[] = [
  ["nothing", () => 0, "it does not begin as a dump file of tsdp does"],
  ["magic", () => 8, "the file is cut off"],
  ["prefix", () => 16, "the file is cut off"],
  ["in-header", () => 200, "the file is cut off"],
  ["header", (layout) => layout.headerLength, UNFINISHED],
  ["in-frame-header", (layout) => frameAt(layout).offset + 60, NO_END],
  ["frame-header", (layout) => frameAt(layout).offset + FRAME, NO_END],
  ["in-payload", (layout) => frameAt(layout).offset + FRAME + 50, NO_END],
  ["segment", (layout) => layout.segments[1]?.offset ?? 0, NO_END],
  ["segments", (layout) => layout.indexOffset, NO_END],
  ["index", (layout) => layout.trailerOffset, NO_END],
  ["trailer", (layout) => layout.trailerOffset + layout.trailerLength, NO_END],
  ["last-byte", (_, size) => size - 1, NO_END],
];

/** One byte changed in each part, and the sum that tells it. */
const FLIPS: readonly (readonly [name: string, at: (layout: Layout, bytes: Buffer) => number, failure: Failure])[] = [
  ["magic", () => 3, damaged("it does not begin as a dump file of tsdp does")],
  ["version", () => 9, DAMAGED_HEADER],
  ["header", () => 100, DAMAGED_HEADER],
  ["header-crc", ({ headerLength }) => headerLength - 1, DAMAGED_HEADER],
  ["frame-header", (layout) => frameAt(layout, 1).offset + 20, damaged("the checksum of the frame header is wrong", "rows")],
  ["payload", (layout) => frameAt(layout, 1).offset + FRAME + 30, damaged("the checksum of the payload is wrong", "rows")],
  ["payload-crc", (layout) => frameAt(layout, 1).offset + 105, damaged("the checksum of the frame header is wrong", "rows")],
  ["master", (layout) => frameAt(layout, 2).offset + FRAME + 700, damaged("master table: frame 0: the checksum", "rows")],
  ["index", (layout) => entryAt(layout) + 64, damaged("the checksum of the index is wrong")],
  ["trailer", ({ trailerOffset }) => trailerOffset + 20, damaged("the checksum of the trailer is wrong")],
  ["footer", (_, bytes) => bytes.length - 30, damaged("the checksum of the footer is wrong")],
  ["end", (_, bytes) => bytes.length - 1, damaged(NO_END)],
];

/** Lies, every sum put right: byte, value, and what must tell it. */
const LIES: readonly (readonly [name: string, comment: string, change: (bytes: Buffer, layout: Layout) => unknown, Failure])[] = [
  [
    "frame-type",
    "a frame of another type than its index says",
    (b, l) => b.writeUInt8(3, at(l, 1) + 4),
    frame("type is 3, not 1"),
  ],
  ["frame-type-unknown", "type 9", (b, l) => b.writeUInt8(9, at(l, 1) + 4), unsupported("piece type 9", "rows")],
  ["frame-codec-unknown", "codec 7", (b, l) => b.writeUInt8(7, at(l, 1) + 5), unsupported("codec 7", "rows")],
  ["frame-flags-unknown", "flag 4", (b, l) => b.writeUInt8(5, at(l, 1) + 6), unsupported("flags 5", "rows")],
  ["frame-cipher-unknown", "cipher 9", (b, l) => b.writeUInt8(9, at(l, 1) + 8), unsupported("cipher 9", "rows")],
  ["frame-reserved", "a reserved byte is in use", (b, l) => b.writeUInt8(1, at(l, 1) + 10), frame("reserved bytes at offset 9")],
  ["frame-object", "rows of another object", (b, l) => b.writeUInt32BE(2, at(l, 1) + 12), frame("object is 2, not 1")],
  ["frame-number", "frame 1 where frame 0 should be", (b, l) => b.writeUInt32BE(1, at(l, 1) + 20), frame("frame is 1, not 0")],
  [
    "frame-payload",
    "a payload longer than its segment",
    (b, l) => b.writeUInt32BE(4096, at(l, 1) + 24),
    frame("longer than its"),
  ],
  ["frame-payload-long", "a payload above 1 MiB", (b, l) => b.writeUInt32BE(2 ** 20 + 1, at(l, 1) + 24), frame("is too long")],
  ["frame-raw-length", "a raw length above 2^53", (b, l) => b.fill(255, at(l, 1) + 28, at(l, 1) + 36), frame("is out of range")],
  ["frame-rows", "more rows than the index says", (b, l) => b.writeUInt32BE(99, at(l, 1) + 48), frame("rows is 99, not 2")],
  ["frame-guid", "a frame of another set", (b, l) => b.writeUInt8(0, at(l, 1) + 52), frame("guid is")],
  ["frame-file", "a frame of another file of the set", (b, l) => b.writeUInt32BE(2, at(l, 1) + 68), frame("fileNumber is 2")],
  ["frame-salt", "a key salt in a plain frame", (b, l) => b.writeUInt8(1, at(l, 1) + 72), frame("a salt without a cipher")],
  ["index-type-unknown", "type 9", (b, l) => b.writeUInt8(9, entryAt(l)), unsupported("piece type 9")],
  ["index-codec-unknown", "codec 7", (b, l) => b.writeUInt8(7, entryAt(l) + 1), unsupported("codec 7")],
  ["index-cipher-unknown", "cipher 9", (b, l) => b.writeUInt8(9, entryAt(l) + 4), unsupported("cipher 9")],
  ["index-gap", "a segment begins later", (b, l) => add(b, entryAt(l, 1) + 24, 1), damaged("segment 1 begins at")],
  ["index-overlap", "a segment begins earlier", (b, l) => add(b, entryAt(l, 1) + 24, -64), damaged("segment 1 begins at")],
  ["index-short", "the last segment ends early", (b, l) => add(b, entryAt(l, 2) + 32, -1), damaged("the segments end at")],
  ["index-no-frames", "a segment without frames", (b, l) => b.writeUInt32BE(0, entryAt(l) + 20), damaged("0 frames can't have")],
  [
    "index-frames",
    "more frames than bytes",
    (b, l) => b.writeUInt32BE(1e6, entryAt(l) + 20),
    damaged("1000000 frames can't have"),
  ],
  [
    "index-thin",
    "two frames with less than 4 KiB between them",
    (b, l) => b.writeUInt32BE(2, entryAt(l, 1) + 20),
    damaged("2 frames can't have"),
  ],
  [
    "index-long",
    "an image of two rows above 64 MiB",
    (b, l) => {
      b.writeUInt8(1, entryAt(l, 1) + 1);
      b.writeUInt32BE(65 << 20, entryAt(l, 1) + 44);
    },
    damaged("is longer than 64 MiB"),
  ],
  [
    "index-master-object",
    "the master table is numbered as if it were of an object",
    (b, l) => b.writeUInt32BE(5, entryAt(l, 2) + 8),
    damaged("another number than it can have"),
  ],
  [
    "index-description-image",
    "a second image of a description",
    (b, l) => b.writeUInt8(1, entryAt(l) + 3),
    damaged("another number than it can have"),
  ],
  ["index-count", "2^32-1 entries", (b, l) => b.writeUInt32BE(2 ** 32 - 1, l.indexOffset + 4), damaged("4294967295 entries")],
  [
    "index-dense",
    "an image of 33 MiB in some hundred bytes",
    (b, l) => [b.writeUInt8(1, entryAt(l, 1) + 1), b.writeUInt32BE(33 << 20, entryAt(l, 1) + 44)],
    damaged("an image of 34603008 bytes can't come out of "),
  ],
  ["index-raw-length", "an image above 1 GiB", (b, l) => b.writeUInt32BE(1, entryAt(l, 1) + 40), damaged("is too long")],
  [
    "index-stored-length",
    "stored and raw length differ",
    (b, l) => add(b, entryAt(l, 1) + 48, 1),
    damaged("its lengths contradict"),
  ],
  [
    "index-not-last",
    "no segment ends the image",
    (b, l) => b.writeUInt8(0, entryAt(l, 1) + 2),
    damaged("frames are missing, doubled"),
  ],
  [
    "index-first-frame",
    "frame 0 is missing",
    (b, l) => b.writeUInt32BE(1, entryAt(l, 1) + 16),
    damaged("frames are missing, doubled"),
  ],
  [
    "index-piece",
    "piece 1 is missing",
    (b, l) => b.writeUInt32BE(2, entryAt(l, 1) + 12),
    damaged("a piece before it is missing"),
  ],
  [
    "index-image",
    "a second image without a first",
    (b, l) => b.writeUInt8(1, entryAt(l, 1) + 3),
    damaged("a piece before it is missing"),
  ],
  ["trailer-index", "the index is elsewhere", (b, l) => add(b, item(l), 1), damaged("the index does not end at the trailer")],
  ["trailer-index-length", "an index of 2^40 bytes", (b, l) => b.writeUInt8(1, item(l) + 10), damaged("the index does not end")],
  [
    "trailer-length",
    "a longer trailer",
    (b, l) => add32(b, l.trailerOffset + 4, 1),
    damaged("the length of the trailer is wrong"),
  ],
  ["footer-length", "a longer file", (b) => add(b, b.length - 24, 1), damaged(" bytes, not ")],
  ["footer-trailer", "the trailer begins earlier", (b) => add(b, b.length - 32, -1), damaged("does not end at the footer")],
  ["footer-trailer-length", "a trailer of 4 GiB", (b) => b.writeUInt32BE(2 ** 32 - 1, b.length - 16), damaged("is out of range")],
  ["header-length", "a header of 2 MiB", (b) => b.writeUInt32BE(2 ** 21, 12), damaged("header length 2097152 is out of range")],
  ["header-items", "2,000 items", (b) => b.writeUInt16BE(2000, 16), damaged("2000 items are more than 1024")],
  [
    "header-item-length",
    "an item longer than the header",
    (b) => b.writeUInt32BE(2 ** 31, 20),
    damaged("cut off: need 2147483648"),
  ],
  ["header-version", "major version 2", (b) => b.writeUInt16BE(2, 8), version()],
];

export const BAD_BYTES: readonly VectorRequest[] = [
  ...CUTS.map(([name, length, reason]): VectorRequest => ({
    name: `cut-${name}`,
    comment: "a file that lost its end",
    sql: ROWS,
    damage: damage((bytes, layout) => bytes.subarray(0, length(layout, bytes.length))),
    failure: damaged(reason),
  })),
  {
    name: "byte-too-many",
    comment: "a byte after the end",
    sql: ROWS,
    damage: damage((bytes) => Buffer.concat([bytes, Buffer.of(0)])),
    failure: damaged(NO_END),
  },
  ...FLIPS.map(([name, place, failure]): VectorRequest => ({
    name: `flipped-${name}`,
    comment: "one bit changed",
    sql: ROWS,
    damage: damage((bytes, layout) => flip(bytes, place(layout, bytes))),
    failure,
  })),
  ...LIES.map(([name, comment, change, failure]): VectorRequest => ({
    name: `lie-${name}`,
    comment: `${comment}; every sum fits`,
    sql: ROWS,
    damage: (files) => lie(files, 0, change),
    failure,
  })),
  {
    name: "item-critical",
    comment: "an unknown item that has to be understood",
    sql: ROWS,
    header: (header) => ({ ...header, items: new Map([...header.items, [0x8001, "critical"]]) }),
    failure: unsupported("item 32769"),
  },
];

function at(layout: Layout, segment = 0): number {
  return frameAt(layout, segment).offset;
}

function item({ items }: Layout): number {
  return items.get(INDEX_ITEM) ?? 0;
}

function add(bytes: Buffer, place: number, change: number): void {
  bytes.writeBigUInt64BE(bytes.readBigUInt64BE(place) + BigInt(change), place);
}

function add32(bytes: Buffer, place: number, change: number): void {
  bytes.writeUInt32BE(bytes.readUInt32BE(place) + change, place);
}

function frame(reason: string): Failure {
  return damaged(reason, "rows");
}

function version(): Failure {
  return { expect: "newer version", read: "open", codes: ["ORA-39001", "ORA-39000", "ORA-39142"], reason: "2.1" };
}

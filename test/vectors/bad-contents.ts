import type { DumpObject } from "../../src/metadata/dump-object.ts";
import { CODEC } from "../../src/format/frame.ts";
import type { EncodedPiece } from "../../src/dump/piece.ts";
import { badImage, badMaster, damaged, ROWS } from "./failures.ts";
import type { Failure, VectorRequest } from "./requests.ts";
import { masterImage, rewritten, type Contents, type Image } from "./source.ts";
import { compressed, encodeImage } from "./write.ts";

/** A master table changed by SQL; the images stay. */
function withMaster(sql: string): Pick<VectorRequest, "masterSql"> {
  return { masterSql: sql };
}

/** The images of rows changed; the others stay. */
function withRows(change: (image: Image) => Image | EncodedPiece): NonNullable<VectorRequest["rules"]> {
  return { images: (images) => images.map((image) => (image.type === 1 ? change(image) : image)) };
}

const rowsImage = (sql: string) => withRows((image) => ({ ...image, raw: rewritten(image.raw, sql) }));
const objects = (change: (object: DumpObject) => Partial<DumpObject>): Pick<VectorRequest, "contents"> => ({
  contents: (contents: Contents) => ({
    ...contents,
    objects: contents.objects.map((object) => ({ ...object, ...change(object) })),
  }),
});

/** Zstd payloads: the same image, the bytes told otherwise. */
const ZSTD = (image: Image, change: (stored: Buffer) => Buffer, rawLength = image.raw.length): EncodedPiece => ({
  ...encodeImage(image, "stored"),
  codec: CODEC.ZSTD,
  stored: change(compressed(image.raw)),
  rawLength,
});
const MAGIC = Buffer.from("28b52ffd", "hex");
/** A frame of RLE blocks: each of 4 bytes yields 128 KiB. */
const BOMB = Buffer.concat([
  MAGIC,
  Buffer.from("a000000010", "hex"), // single segment, content size of 4 bytes: 256 MiB
  ...Array.from({ length: 2048 }, (_, i) => Buffer.from(i === 2047 ? "03001041" : "02001041", "hex")),
]);
const NO_SIZE = Buffer.concat([
  MAGIC,
  Buffer.from("0058", "hex"),
  Buffer.from("01020061", "hex").subarray(0, 0),
  Buffer.from("11000061ff", "hex"),
]);

const ZSTD_FAULTS: readonly (readonly [name: string, comment: string, change: (image: Image) => EncodedPiece, reason: string])[] =
  [
    [
      "bomb",
      "8 KiB that yield 256 MiB, stated as the length of the image",
      (image) => ZSTD(image, () => BOMB),
      "states 268435456 bytes",
    ],
    [
      "bomb-hidden",
      "the same, stating the length of the image",
      (image) => ZSTD(image, () => sized(BOMB, image.raw.length)),
      "decompression failed",
    ],
    ["too-long", "a frame that states more than the image has", (image) => ZSTD(image, same, image.raw.length - 1), "states"],
    [
      "trailing",
      "bytes after the frame",
      (image) => ZSTD(image, (b) => Buffer.concat([b, Buffer.alloc(3)])),
      "not exactly one zstd frame",
    ],
    ["two-frames", "two frames", (image) => ZSTD(image, (b) => Buffer.concat([b, b])), "not exactly one zstd frame"],
    [
      "skippable",
      "a skippable frame before it",
      (image) => ZSTD(image, (b) => Buffer.concat([Buffer.from("502a4d1804000000aabbccdd", "hex"), b])),
      "not a zstd frame",
    ],
    ["no-size", "a frame that does not state its content size", (image) => ZSTD(image, () => NO_SIZE), "states no bytes"],
    ["cut", "the frame is cut off", (image) => ZSTD(image, (b) => b.subarray(0, b.length - 9)), "not exactly one zstd frame"],
    ["none", "no zstd frame at all", (image) => ZSTD(image, () => Buffer.alloc(100, 7)), "not a zstd frame"],
    [
      "can-not-hold",
      "blocks that can't yield what is stated",
      (image) => ZSTD(image, (b) => sized(b, 2 ** 24), 2 ** 24),
      "can't hold 16777216 bytes",
    ],
  ];

const MASTERS: readonly (readonly [name: string, comment: string, sql: string, reason: string])[] = [
  ["rows", "more rows in a piece than the index says", "UPDATE piece SET rows = 3", "disagree on object 1"],
  ["piece-missing", "a piece that is there is not listed", "DELETE FROM piece", "disagree on object 1"],
  [
    "piece-twice",
    "a piece is listed twice",
    "INSERT INTO piece SELECT object, piece, 1, rows FROM piece",
    "disagree on object 1",
  ],
  ["piece-unknown", "a piece that is not there", "INSERT INTO piece VALUES (1, 2, 1, 5)", "disagree on object 1"],
  ["ordinal", "ordinals with a gap", "UPDATE piece SET ordinal = 1", "disagree on object 1"],
  ["object-unknown", "rows of an object that is not there", "UPDATE object SET id = 2", "disagree on object"],
  ["object-twice", "two objects of one number", "INSERT INTO object SELECT * FROM object", "twice"],
  ["schema-missing", "an object of a schema that is not there", "DELETE FROM schema", "lacks a schema"],
  ["encoding", "an encoding that SQLite does not know", "UPDATE schema SET encoding = 'EBCDIC'", "EBCDIC"],
  ["type", "an object of an unknown type", "UPDATE object SET type = 'PROCEDURE'", "PROCEDURE"],
  ["number", "a text where a number should be", "UPDATE object SET id = 'one'", "where a number should be"],
  ["huge", "a number above 2^53", "UPDATE piece SET rows = 9223372036854775807", "where a number should be"],
  ["sql-missing", "an object without a definition", "UPDATE object SET sql = NULL", "without a definition"],
  ["shape-json", "a shape that is no JSON", "UPDATE object SET shape = '{'", "can't be read"],
  ["shape-type", "a shape that is a list", "UPDATE object SET shape = '[1]'", "where a text should be"],
  ["extra-table", "a fifth table", "CREATE TABLE other (a)", "other tables than it should"],
  ["view", "a view beside the tables", "CREATE VIEW other AS SELECT 1", "other tables than it should"],
  ["other-columns", "a table of other columns", "ALTER TABLE piece ADD COLUMN x", "other tables than it should"],
];

/** Definitions that are refused; the rest of the dump is imported. */
const DEFINITIONS: readonly (readonly [name: string, comment: string, sql: string, reason: string])[] = [
  [
    "tail",
    "a definition with a second statement",
    "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); DROP TABLE u",
    "goes on after its end",
  ],
  [
    "nul",
    "a definition that ends at a NUL for SQLite",
    "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)\0 -- more",
    "holds a NUL character",
  ],
  ["other-name", "a definition of another table", "CREATE TABLE u (id INTEGER PRIMARY KEY, a TEXT)", ""],
  ["other-type", "a view where a table should be", "CREATE VIEW t AS SELECT 1 AS id, 'x' AS a", ""],
  ["pragma", "no definition at all", "PRAGMA writable_schema = on", ""],
  ["vacuum", "a statement that would write a file", "VACUUM INTO 'stolen.db'", ""],
  ["select", "a table made of a query", "CREATE TABLE t AS SELECT 1 AS id, 'x' AS a", ""],
  [
    "columns",
    "a definition of other columns than the rows have",
    "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT)",
    "do not fit its definition",
  ],
  ["empty", "an empty definition", "", ""],
];

export const BAD_CONTENTS: readonly VectorRequest[] = [
  ...ZSTD_FAULTS.map(([name, comment, change, reason]): VectorRequest => ({
    name: `zstd-${name}`,
    comment,
    sql: ROWS,
    rules: withRows(change),
    failure: damaged(reason, "rows"),
  })),
  ...MASTERS.map(([name, comment, sql, reason]): VectorRequest => ({
    name: `master-${name}`,
    comment,
    sql: ROWS,
    ...withMaster(sql),
    failure: badMaster(reason),
  })),
  {
    name: "master-no-database",
    comment: "the master table is no SQLite database",
    sql: ROWS,
    master: () => Buffer.alloc(2048, "no database "),
    failure: badMaster("the image is no sound database"),
  },
  {
    name: "master-corrupt",
    comment: "a page of the master table is damaged",
    sql: ROWS,
    master: (contents) => corrupted(masterImage(contents), 2),
    failure: badMaster(""),
  },
  ...DEFINITIONS.map(([name, comment, sql, reason]): VectorRequest => ({
    name: `definition-${name}`,
    comment: `${comment}; the object is refused, and everything else imported`,
    sql: ROWS,
    ...objects(() => ({ sql: Buffer.from(sql) })),
    failure: definition(reason),
  })),
  {
    name: "zstd-flipped",
    comment: "compressed bytes that are damaged and yield as many others; every sum fits",
    sql: ROWS,
    rules: withRows((image) => ZSTD(image, (b) => Buffer.concat([b.subarray(0, 12), Buffer.alloc(30, 255), b.subarray(42)]))),
    failure: badImage("the image is no database"),
  },
  {
    name: "image-extra-table",
    comment: "a second table in the image of rows",
    sql: ROWS,
    rules: rowsImage("CREATE TABLE other (a)"),
    failure: badImage("other tables than it should"),
  },
  {
    name: "image-trigger",
    comment: "a trigger in the image of rows",
    sql: ROWS,
    rules: rowsImage("CREATE TRIGGER x AFTER INSERT ON tsdp_piece BEGIN DELETE FROM tsdp_piece; END"),
    failure: badImage("other tables than it should"),
  },
  {
    name: "image-other-columns",
    comment: "a column more than the shape says",
    sql: ROWS,
    rules: rowsImage("ALTER TABLE tsdp_piece ADD COLUMN c2"),
    failure: badImage("other tables than it should"),
  },
  {
    name: "image-more-rows",
    comment: "more rows than stated",
    sql: ROWS,
    rules: rowsImage("INSERT INTO tsdp_piece VALUES (3, 'three')"),
    failure: badImage("rows"),
  },
  {
    name: "image-fewer-rows",
    comment: "fewer rows than stated",
    sql: ROWS,
    rules: rowsImage("DELETE FROM tsdp_piece WHERE k = 2"),
    failure: badImage("rows"),
  },
  {
    name: "image-corrupt",
    comment: "a page of the image is damaged",
    sql: ROWS,
    rules: withRows((image) => ({ ...image, raw: corrupted(image.raw, 1) })),
    failure: badImage(""),
  },
  {
    name: "image-cut",
    comment: "the image is cut to its first page",
    sql: ROWS,
    rules: withRows((image) => ({ ...image, raw: image.raw.subarray(0, 512) })),
    failure: badImage(""),
  },
  {
    name: "image-wal",
    comment: "the image says that it is in WAL mode",
    sql: ROWS,
    rules: withRows((image) => ({ ...image, raw: Buffer.from(image.raw).fill(2, 18, 20) })),
    failure: badImage("the image is no database"),
  },
  {
    name: "image-empty",
    comment: "an image of no bytes",
    sql: ROWS,
    rules: withRows((image) => ({ ...image, raw: Buffer.alloc(0) })),
    failure: badImage("the image is no database"),
  },
  {
    name: "hostile-schema-name",
    comment: "a schema whose file would be elsewhere",
    sql: ROWS,
    ...withMaster("UPDATE schema SET name = '../EVIL'; UPDATE object SET schema = '../EVIL'"),
    failure: { expect: "bad contents", read: "import", codes: ["ORA-39001", "ORA-39146"], reason: "../EVIL" },
  },
  {
    name: "hostile-table-name",
    comment: "a table that SQLite keeps to itself",
    sql: ROWS,
    ...objects(() => ({
      name: "sqlite_evil",
      tableName: "sqlite_evil",
      sql: Buffer.from("CREATE TABLE sqlite_evil (id INTEGER PRIMARY KEY, a TEXT)"),
    })),
    failure: definition("SQLite keeps its name to itself"),
  },
  {
    name: "hostile-staging-name",
    comment: "a table that an import would take for its own",
    sql: ROWS,
    ...objects(() => ({
      name: "tsdp:00000000:0",
      tableName: "tsdp:00000000:0",
      sql: Buffer.from('CREATE TABLE "tsdp:00000000:0" (id INTEGER PRIMARY KEY, a TEXT)'),
    })),
    failure: definition("tsdp keeps its name to itself"),
  },
];

function same(bytes: Buffer): Buffer {
  return bytes;
}

/** A zstd frame that states another content size, in four bytes. */
function sized(frame: Buffer, size: number): Buffer {
  const descriptor = frame.readUInt8(4);
  const bytes = [[0, 2, 4, 8][descriptor >> 6] ?? 0, 1][Number(descriptor >> 6 === 0 && (descriptor & 32) !== 0)] ?? 0;
  const start = 5 + ((descriptor & 32) === 0 ? 1 : 0);
  const stated = Buffer.alloc(4);
  stated.writeUInt32LE(size);
  const head = Buffer.concat([frame.subarray(0, 4), Buffer.of(0xa0 | (descriptor & 4)), stated]);
  return Buffer.concat([head, frame.subarray(start + bytes)]);
}

/** The header of a b-tree page overwritten. */
function corrupted(image: Buffer, page: number): Buffer {
  return Buffer.from(image).fill(0xff, page * 512 + 1, page * 512 + 60);
}

function definition(reason: string): Failure {
  return { expect: "bad contents", read: "import", codes: ["ORA-39083", "TSDP-00010"], reason };
}

import type { VectorRequest } from "./requests.ts";
import { AES, WALLET } from "./requests.ts";

const ROWS =
  "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b BLOB); INSERT INTO t VALUES (7, 'seven', x'0007'), (-8, NULL, x'');";
const VALUES = `
  CREATE TABLE v (a);
  INSERT INTO v VALUES (NULL), (0), (-1), (9223372036854775807), (-9223372036854775808), (9007199254740993);
  INSERT INTO v VALUES (0.1), (-0.0), (9e999), (-9e999), (5e-324), (1e308), (3.0);
  INSERT INTO v VALUES (''), ('text'), (CAST(x'6100620a' AS TEXT)), (CAST(x'ff80c3' AS TEXT)), ('Grüße'), ('𝄞'), (x''), (x'00ff'), (x'74657874');`;
const NUMBERED = (rows: number, value: string) =>
  `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows}) INSERT INTO t SELECT ${value} FROM n;`;
const WIDE = (columns: number) => Array.from({ length: columns }, (_, i) => `c${i}`).join(", ");
const OBJECTS = `
  CREATE TABLE parent (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE COLLATE NOCASE);
  CREATE TABLE child (a INT, b INT REFERENCES parent(id), c AS (a + b) STORED, d AS (a * b) VIRTUAL, PRIMARY KEY (b DESC, a)) WITHOUT ROWID;
  CREATE INDEX child_a ON child (a) WHERE a > 1;
  CREATE VIEW both AS SELECT p.name, c.d FROM parent p JOIN child c ON c.b = p.id;
  CREATE TRIGGER child_ai AFTER INSERT ON child BEGIN UPDATE parent SET name = name || '!' WHERE id = new.b; END;
  INSERT INTO parent (name) VALUES ('one'), ('two'); DELETE FROM parent WHERE id = 1;
  INSERT INTO child VALUES (1, 2), (3, 2);`;
const NAMES = `
  CREATE TABLE "a""b'c;--" ("x y" INT, "select" TEXT); INSERT INTO "a""b'c;--" VALUES (1, 'quotes');
  CREATE TABLE "line\nbreak\t" ("\n" INT); INSERT INTO "line\nbreak\t" VALUES (2);
  CREATE TABLE "__proto__" ("constructor" INT); INSERT INTO "__proto__" VALUES (3);
  CREATE TABLE "../../etc/passwd" ("..\\" INT); INSERT INTO "../../etc/passwd" VALUES (4);
  CREATE TABLE "Größe 𝄞 \u202e" (a INT); INSERT INTO "Größe 𝄞 \u202e" VALUES (5);
  CREATE TABLE "" ("" INT); INSERT INTO "" VALUES (6);
  CREATE TABLE tsdp_piece (k INT, c1 INT); INSERT INTO tsdp_piece VALUES (7, 8);`;
const HIDDEN = "CREATE TABLE t (rowid, _rowid_, oid, a); INSERT INTO t VALUES (1, 2, 3, 4), (NULL, NULL, NULL, 'x');";

/** Sets that every reader must read. */
export const GOOD: readonly VectorRequest[] = [
  { name: "minimal", comment: "one table of two rows; INTEGER PRIMARY KEY; nothing compressed", sql: ROWS },
  { name: "no-objects", comment: "an empty schema: a master table without objects", sql: "" },
  { name: "empty-table", comment: "a table without rows has no piece and no description", sql: "CREATE TABLE t (a, b)" },
  { name: "storage-classes", comment: "limits of every storage class; NUL and invalid UTF-8 in text", sql: VALUES },
  { name: "utf-16le", comment: "a schema in UTF-16, little-endian; its definitions too", sql: VALUES, encoding: "UTF-16le" },
  { name: "utf-16be", comment: "a schema in UTF-16, big-endian", sql: VALUES, encoding: "UTF-16be" },
  {
    name: "objects",
    comment: "generated columns, AUTOINCREMENT, WITHOUT ROWID, index, view, trigger",
    sql: OBJECTS,
    rules: { codec: "zstd" },
  },
  {
    name: "virtual-table",
    comment: "FTS5: a virtual table without rows of its own, and its shadow tables",
    sql: "CREATE VIRTUAL TABLE f USING fts5(body); INSERT INTO f VALUES ('salt and pepper'), ('sugar');",
    rules: { codec: "zstd" },
  },
  { name: "names", comment: "names that no file system, shell, or JavaScript object would bear", sql: NAMES },
  { name: "no-rowid", comment: "columns take all names of the rowid: layout none", sql: HIDDEN },
  {
    name: "rowid-only",
    comment: "a table whose only column is its rowid: k alone",
    sql: "CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1), (5);",
  },
  {
    name: "columns-2000",
    comment: "2,000 columns: the rowid is that of the image's row",
    sql: `CREATE TABLE t (${WIDE(2000)}); INSERT INTO t (rowid, c0, c1999) VALUES (42, 'first', 'last'), (50, 1, 2);`,
    rules: { codec: "zstd" },
  },
  {
    name: "columns-1999",
    comment: "1,999 columns and k",
    sql: `CREATE TABLE t (${WIDE(1999)}); INSERT INTO t (rowid, c0, c1998) VALUES (42, 'first', 'last');`,
    rules: { codec: "zstd" },
  },
  {
    name: "zstd",
    comment: "everything compressed",
    sql: `CREATE TABLE t (a); ${NUMBERED(300, "'row ' || i")}`,
    rules: { codec: "zstd" },
  },
  {
    name: "zstd-frames",
    comment: "an image larger than 1 MiB that compresses into one frame",
    sql: "CREATE TABLE t (a); INSERT INTO t VALUES (zeroblob(1500000));",
    rules: { codec: "zstd" },
  },
  {
    name: "frames",
    comment: "a row larger than 1 MiB: two frames in one segment",
    sql: "CREATE TABLE t (a); INSERT INTO t VALUES (zeroblob(1050000));",
  },
  {
    name: "pieces",
    comment: "four pieces; the last is not full",
    sql: `CREATE TABLE t (a); ${NUMBERED(31, "i * i")}`,
    rowsInPiece: 8,
  },
  {
    name: "pieces-out-of-order",
    comment: "pieces are numbered as they were written; ordinal gives the order of the rows",
    sql: `CREATE TABLE t (a); ${NUMBERED(24, "i * i")}`,
    rowsInPiece: 8,
    contents: (contents) => ({
      ...contents,
      images: contents.images.map((image) => (image.type === 1 ? { ...image, piece: 4 - image.piece } : image)),
      pieces: contents.pieces.map((piece) => ({ ...piece, piece: 4 - piece.piece })),
    }),
  },
  {
    name: "schemas",
    comment: "two schemas of different encodings in one set",
    sql: ROWS,
    more: [{ name: "OTHER", sql: VALUES, encoding: "UTF-16le" }],
  },
  {
    name: "two-files",
    comment: "files used in turn: the pieces of a table are in both",
    sql: `CREATE TABLE t (a); ${NUMBERED(40, "i")}`,
    rowsInPiece: 8,
    rules: { names: ["one.dmp", "two.dmp"] },
  },
  {
    name: "split",
    comment: "FILESIZE: an image goes on in the next file; the reader is given one file and finds the others by their template",
    sql: `CREATE TABLE t (a); ${NUMBERED(60, "hex(zeroblob(150)) || i")}`,
    rules: { names: ["s%U.dmp"], fileSize: 16384 },
    given: ["s02.dmp"],
  },
  {
    name: "split-master",
    comment: "the master table is in several files: MASTER_PIECE_COUNT and MASTER_PIECE_NUMBER",
    sql: Array.from({ length: 40 }, (_, i) => `CREATE TABLE t${i} (a, b, c);`).join(" "),
    rules: { names: ["m%U.dmp"], fileSize: 9000 },
  },
  {
    name: "newer-minor",
    comment: "a later minor version with an item that this page does not know",
    sql: ROWS,
    header: (header) => ({ ...header, minor: 200, items: new Map([...header.items, [999, "to be skipped"]]) }),
  },
  ...(["CRC32", "SHA256", "SHA384", "SHA512"] as const).map((checksum): VectorRequest => ({
    name: `checksum-${checksum.toLowerCase()}`,
    comment: `CHECKSUM_ALGORITHM ${checksum}`,
    sql: ROWS,
    rules: { names: ["one.dmp", "two.dmp"], change: { checksum } },
  })),
  ...(["AES128", "AES192", "AES256"] as const).map((cipher): VectorRequest => ({
    name: `encrypted-${cipher.toLowerCase()}`,
    comment: `ENCRYPTION=ALL under a password, ${cipher}`,
    sql: VALUES,
    secrets: { password: "correct horse" },
    encryption: { cipher: AES[cipher] },
  })),
  {
    name: "encrypted-data",
    comment: "ENCRYPTION=DATA_ONLY: definitions and master table can be read by everyone",
    sql: OBJECTS,
    secrets: { password: "correct horse" },
    encryption: { metadata: false },
    rules: { codec: "zstd" },
  },
  {
    name: "encrypted-metadata",
    comment: "ENCRYPTION=METADATA_ONLY: rows are in clear text, known by the digest in the authenticated index",
    sql: OBJECTS,
    secrets: { password: "correct horse" },
    encryption: { data: false },
    rules: { codec: "zstd" },
  },
  { name: "encrypted-wallet", comment: "ENCRYPTION_MODE=TRANSPARENT", sql: ROWS, secrets: { wallet: WALLET } },
  {
    name: "encrypted-dual-password",
    comment: "ENCRYPTION_MODE=DUAL, opened with the password",
    sql: ROWS,
    secrets: { password: "correct horse", wallet: WALLET },
    keys: { password: "correct horse", wallet: null },
  },
  {
    name: "encrypted-dual-wallet",
    comment: "ENCRYPTION_MODE=DUAL, opened with the wallet",
    sql: ROWS,
    secrets: { password: "correct horse", wallet: WALLET },
    keys: { password: null, wallet: WALLET },
  },
  {
    name: "encrypted-split",
    comment: "an encrypted image over several files, each with a key of its own",
    sql: `CREATE TABLE t (a); ${NUMBERED(60, "hex(zeroblob(150)) || i")}`,
    secrets: { password: "correct horse" },
    rules: { names: ["s%U.dmp"], fileSize: 16384, change: { checksum: "SHA256" } },
  },
  {
    name: "encrypted-nfc",
    comment: "the password is given in NFD and was used in NFC",
    sql: ROWS,
    secrets: { password: "Gr\u00fc\u00dfe" },
    keys: { password: "Gru\u0308\u00dfe", wallet: null },
  },
  {
    name: "encrypted-cost",
    comment: "the cost of scrypt that tsdp writes; the other vectors have a lower one",
    sql: ROWS,
    secrets: { password: "correct horse", cost: 17 },
  },
];

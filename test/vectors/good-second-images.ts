import { PASSWORD } from "./failures.ts";
import { WALLET, type VectorRequest } from "./requests.ts";

/** ENCRYPTION=ENCRYPTED_COLUMNS_ONLY. */
export const COLUMNS_ONLY = {
  secrets: PASSWORD,
  encryption: { data: false, metadata: false, columns: true },
} satisfies Partial<VectorRequest>;

/** Three rows, in pieces of two; `b` is kept apart. */
export const SPLIT_ROWS = {
  ...COLUMNS_ONLY,
  sql: `CREATE TABLE t (a, b, c);
    INSERT INTO t (rowid, a, b, c) VALUES (3, 'one', x'00ff', 1.5), (5, NULL, 'secret', 2), (9, 'three', NULL, 'last');`,
  secret: new Map([["t", ["b"]]]),
  rowsInPiece: 2,
} satisfies Partial<VectorRequest>;

const NUMBERED = (rows: number, values: string) =>
  `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows}) INSERT INTO t SELECT ${values} FROM n;`;
const WIDE = Array.from({ length: 2000 }, (_, i) => `c${i}`);
const WIDE_ROWS = `CREATE TABLE t (${WIDE.join(", ")});
  INSERT INTO t (rowid, c0, c1, c1999) VALUES (42, 'first', 'secret', 'last'), (50, 1, 2, 3);`;

export const GOOD_SECOND_IMAGES: readonly VectorRequest[] = [
  { ...SPLIT_ROWS, name: "second-images", comment: "ENCRYPTED_COLUMNS_ONLY: one column is kept apart; two pieces of two images" },
  {
    ...COLUMNS_ONLY,
    name: "second-images-zstd",
    comment: "both images compressed; two columns and a STORED generated one are kept apart; INTEGER PRIMARY KEY",
    sql: `CREATE TABLE t (a, id INTEGER PRIMARY KEY, b, c, d AS (a || c) STORED, e AS (a) VIRTUAL);
      ${NUMBERED(300, "'secret ' || i, -i, 'row ' || i, i * i")}`,
    secret: new Map([["t", ["a", "c", "d"]]]),
    rules: { codec: "zstd" },
  },
  {
    ...COLUMNS_ONLY,
    name: "second-images-without-rowid",
    comment: "a WITHOUT ROWID table: only the order of the rows tells which belong together",
    sql: `CREATE TABLE t (a, b, c, PRIMARY KEY (c, a DESC)) WITHOUT ROWID;
      INSERT INTO t VALUES (1, 'x', 2), (2, 'y', 2), (3, NULL, 1), (4, x'', 0), (5, 0.5, 0);`,
    secret: new Map([["t", ["b"]]]),
    rowsInPiece: 2,
  },
  {
    ...COLUMNS_ONLY,
    name: "second-images-all-columns",
    comment: "all columns are kept apart: the first image has k alone",
    sql: "CREATE TABLE t (a, b); INSERT INTO t (rowid, a, b) VALUES (-5, 'x', 1), (7, NULL, x'07');",
    secret: new Map([["t", ["a", "b"]]]),
  },
  {
    ...COLUMNS_ONLY,
    name: "second-images-no-rowid",
    comment: "all columns are kept apart in layout none: the first image has c0",
    sql: "CREATE TABLE t (rowid, _rowid_, oid, a); INSERT INTO t VALUES (1, 2, 3, 4), (NULL, NULL, NULL, 'x');",
    secret: new Map([["t", ["rowid", "_rowid_", "oid", "a"]]]),
  },
  {
    ...COLUMNS_ONLY,
    name: "second-images-columns-2000",
    comment: "2,000 columns, two of them kept apart: the rowid is that of the rows of both images",
    sql: WIDE_ROWS,
    secret: new Map([["t", ["c1", "c1999"]]]),
    rules: { codec: "zstd" },
  },
  {
    ...COLUMNS_ONLY,
    name: "second-images-all-columns-2000",
    comment: "2,000 columns, all kept apart: the first image has c0 and its rowid",
    sql: WIDE_ROWS,
    secret: new Map([["t", WIDE]]),
    rules: { codec: "zstd" },
  },
  {
    ...COLUMNS_ONLY,
    name: "second-images-mixed",
    comment: "a table with second images, one without, and an empty one that would have some",
    sql: `CREATE TABLE t (a, b); INSERT INTO t VALUES (1, 'secret'), (2, 'secret, too');
      CREATE TABLE u (a, b); INSERT INTO u VALUES (1, 'seen'); CREATE TABLE e (a, b);`,
    secret: new Map([
      ["t", ["b"]],
      ["e", ["a"]],
    ]),
  },
  {
    ...COLUMNS_ONLY,
    name: "second-images-utf-16le",
    comment: "a schema in UTF-16: both images and the names in the shape",
    sql: `CREATE TABLE "Größe" ("Maß" TEXT, "𝄞" TEXT, b BLOB); INSERT INTO "Größe" VALUES ('Straße', '𝄞', x'00'), ('', NULL, '');`,
    encoding: "UTF-16le",
    secret: new Map([["Größe", ["𝄞", "b"]]]),
  },
  {
    ...SPLIT_ROWS,
    name: "second-images-utf-16be",
    comment: "the other order of bytes; AES-128 under a wallet",
    encoding: "UTF-16be",
    secrets: { wallet: WALLET },
    encryption: { ...COLUMNS_ONLY.encryption, cipher: 1 },
  },
  {
    ...COLUMNS_ONLY,
    name: "second-images-split",
    comment: "FILESIZE: second images go on in further files, and some are in other files than their first ones",
    sql: `CREATE TABLE t (a, b); ${NUMBERED(60, "hex(zeroblob(90)) || i, hex(zeroblob(90)) || -i")}`,
    secret: new Map([["t", ["b"]]]),
    rowsInPiece: 25,
    rules: { names: ["s%U.dmp"], fileSize: 16384 },
  },
];

import { badImage, badMaster, ROWS } from "./failures.ts";
import type { VectorRequest } from "./requests.ts";

const SQL = `${ROWS}
  CREATE TABLE keyed (k TEXT PRIMARY KEY, v) WITHOUT ROWID; INSERT INTO keyed VALUES ('x', 1), ('y', CAST(x'ff00' AS TEXT));
  CREATE INDEX t_a ON t (a); CREATE VIEW w AS SELECT a FROM t;
  CREATE TRIGGER t_ai AFTER INSERT ON t BEGIN DELETE FROM keyed; END;
  CREATE TABLE large (v); INSERT INTO large VALUES (zeroblob(1500));`;
const PAGES = { sql: SQL, pagesInPiece: 4 } as const;
/** The pages of one piece changed. */
const changed = (piece: number, change: (raw: Buffer) => Buffer): NonNullable<VectorRequest["rules"]> => ({
  images: (images) =>
    images.map((image) => (image.piece === piece && image.type === 4 ? { ...image, raw: change(image.raw) } : image)),
});

/** Schemas that come as the pages of their files. */
export const GOOD_PAGES: readonly VectorRequest[] = [
  { name: "pages", comment: "the pages of a schema, four in a piece", ...PAGES },
  {
    name: "pages-encrypted",
    comment: "encrypted, in UTF-16, compressed",
    ...PAGES,
    encoding: "UTF-16le",
    secrets: { password: "pages" },
    rules: { codec: "zstd" },
  },
];

export const BAD_PAGES: readonly VectorRequest[] = [
  {
    name: "pages-half",
    comment: "a piece that is not as long as its pages",
    ...PAGES,
    rules: changed(2, (raw) => raw.subarray(0, -9)),
    failure: badMaster("are not as long as they say"),
  },
  {
    name: "pages-missing",
    comment: "the last page of the schema is not there",
    ...PAGES,
    rules: { images: (images) => images.slice(0, -1) },
    failure: badImage("not as many"),
  },
  {
    name: "pages-untold",
    comment: "a master table without the fact TRANSPORTABLE",
    ...PAGES,
    masterSql: "DELETE FROM job WHERE name = 'TRANSPORTABLE'",
    failure: badMaster("does not know of"),
  },
  {
    name: "pages-rows-untold",
    comment: "a master table that does not tell the rows of a table",
    ...PAGES,
    masterSql: "UPDATE job SET value = '1:2' WHERE name = 'ROWS'",
    failure: badMaster("does not tell the rows"),
  },
  {
    name: "pages-rows-wrong",
    comment: "a table with other rows than are told",
    ...PAGES,
    masterSql: "UPDATE job SET value = replace(value, '1:2', '1:3') WHERE name = 'ROWS'",
    failure: badImage("holds 2 rows instead of 3"),
  },
  {
    name: "pages-other-definition",
    comment: "a definition that is not that of the master table",
    ...PAGES,
    masterSql: "UPDATE object SET sql = CAST(sql || ' ' AS BLOB) WHERE name = 'w'",
    failure: badImage("other definitions"),
  },
  {
    name: "pages-damaged",
    comment: "a page of a table that is none",
    ...PAGES,
    rules: changed(1, (raw) => Buffer.from(raw).fill(0xff, 512, 700)),
    failure: badImage(""),
  },
];

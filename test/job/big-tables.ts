import Sqlite, { type Database } from "better-sqlite3";
import fc from "fast-check";

/** Key values of every storage class, many of them close to each other or equal under a collation; text as bytes. */
const KEY = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((integer) => ({ value: integer, text: false })),
  fc.bigInt({ min: 2n ** 53n, max: 2n ** 53n + 2000n }).map((integer) => ({ value: integer, text: false })),
  fc.double({ noNaN: true }).map((real) => ({ value: real, text: false })),
  fc.integer({ min: 0, max: 3000 }).map((eighths) => ({ value: eighths / 8, text: false })),
  fc.uint8Array({ maxLength: 6 }).map((bytes) => ({ value: Buffer.from(bytes), text: true })),
  fc.uint8Array({ maxLength: 6 }).map((bytes) => ({ value: Buffer.from(bytes), text: false })),
  fc.stringMatching(/^[aAbB]{1,7} {0,2}$/).map((text) => ({ value: Buffer.from(text), text: true })),
);

/** Tables of about 30 MB in all, each too large for one piece, with the keys that are hard to cut. */
export function writeBigTables(path: string, seed: number): void {
  const database = new Sqlite(path);
  database.pragma("journal_mode = off");
  database.pragma("synchronous = off");
  database.exec("BEGIN");
  writeRowidTables(database);
  writeKeyedTables(database, seed);
  database.exec("COMMIT");
  database.close();
}

function writeRowidTables(database: Database): void {
  const rows = (count: number) => `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ${count - 1})`;
  database.exec(`
    CREATE TABLE gaps (v TEXT);
    ${rows(24_000)} INSERT INTO gaps (rowid, v)
      SELECT CASE i % 4 WHEN 0 THEN -9223372036854775808 + i WHEN 1 THEN 9223372036854775807 - i WHEN 2 THEN i * i * 7919 ELSE -i * 3 END,
             printf('%0400d', i) FROM n;
    CREATE TABLE dense (id INTEGER PRIMARY KEY, a, b);
    ${rows(40_000)} INSERT INTO dense SELECT i * 2, hex(i), zeroblob(i % 200) FROM n;
    CREATE INDEX dense_a ON dense (a, id DESC);
    CREATE TABLE hidden (rowid, v);
    ${rows(24_000)} INSERT INTO hidden SELECT i, printf('%0400d', i) FROM n;
    ALTER TABLE hidden ADD COLUMN _rowid_ DEFAULT 'x';
    ALTER TABLE hidden ADD COLUMN oid;
  `);
}

function writeKeyedTables(database: Database, seed: number): void {
  database.exec(`
    CREATE TABLE keyed_plain (a, b, v, PRIMARY KEY (a, b)) WITHOUT ROWID;
    CREATE TABLE keyed_folded (v, k1 TEXT COLLATE NOCASE, k2, k3 COLLATE RTRIM, PRIMARY KEY (k1 DESC, k2, k3 DESC)) WITHOUT ROWID;
    CREATE INDEX keyed_folded_v ON keyed_folded (k3, v);
  `);
  const place = (text: boolean) => (text ? "CAST(? AS TEXT)" : "?");
  const keys = fc.sample(KEY, { numRuns: 36_000, seed });
  for (let i = 0; i + 2 < keys.length; i += 2) {
    const [a, b, c] = [keys[i], keys[i + 1], keys[i + 2]];
    if (a === undefined || b === undefined || c === undefined) continue;
    database
      .prepare(`INSERT OR IGNORE INTO keyed_plain VALUES (${place(a.text)}, ${place(b.text)}, printf('%0300d', ${i}))`)
      .run(a.value, b.value);
    database
      .prepare(
        `INSERT OR IGNORE INTO keyed_folded VALUES (printf('%0300d', ${i}), ${place(a.text)}, ${place(b.text)}, ${place(c.text)})`,
      )
      .run(a.value, b.value, c.value);
  }
}

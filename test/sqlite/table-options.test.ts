import Sqlite from "better-sqlite3";
import { expect, test } from "vitest";
import type { SchemaObject, TextEncoding } from "../../src/sqlite/schema.ts";
import { changeOptions, type TableOptions } from "../../src/sqlite/table-options.ts";

const STRICT = { strict: true };
const LOOSE = { strict: false };
const WITHOUT = { withoutRowid: true };
const WITH = { withoutRowid: false };

function bytes(text: string, encoding: TextEncoding): Buffer {
  if (encoding === "UTF-8") return Buffer.from(text, "latin1");
  const wide = Buffer.from(text, "utf16le");
  return encoding === "UTF-16le" ? wide : wide.swap16();
}

function table(sql: string, encoding: TextEncoding = "UTF-8"): SchemaObject {
  return { type: "table", name: "t", tableName: "t", sql: bytes(sql, encoding) };
}

/** The new text, or why there is none. */
function changed(sql: string, options: TableOptions): string {
  const { sql: made, obstacles } = changeOptions([table(sql)], "UTF-8", options)
    .values()
    .next().value ?? { sql: null };
  if (made !== null) return Buffer.from(made).toString("latin1");
  return obstacles?.length === 0 ? "same" : (obstacles?.map(({ option, reason }) => `${option}: ${reason}`).join("; ") ?? "");
}

test.each<[string, TableOptions, string]>([
  ["CREATE TABLE t(a INT, b TEXT)", STRICT, "CREATE TABLE t(a INT, b TEXT) STRICT"],
  [
    "CREATE TABLE t (a integer primary key, b VARCHAR ( 20 )NOT NULL, c, d DOUBLE PRECISION, e DECIMAL(10,2), f LONGBLOB, g BIGINT)",
    STRICT,
    "CREATE TABLE t (a integer primary key, b TEXT NOT NULL, c ANY, d REAL, e ANY, f BLOB, g INT) STRICT",
  ],
  // INT, not INTEGER: the rowid would be another.
  ["CREATE TABLE t (a BIGINT PRIMARY KEY)", STRICT, "CREATE TABLE t (a INT PRIMARY KEY) STRICT"],
  [
    `CREATE TABLE t ("a, ""b) STRICT" /* , x DATE ) */ DATE DEFAULT 'it''s ) , (', -- c VARCHAR(3))
 [d)]CHECK ("a, ""b) STRICT" <> ')'), e AS (1 + (2)) , f VARCHAR(9)GENERATED ALWAYS AS (upper('x')) STORED) -- end`,
    STRICT,
    `CREATE TABLE t ("a, ""b) STRICT" /* , x DATE ) */ ANY DEFAULT 'it''s ) , (', -- c VARCHAR(3))
 [d)] ANY CHECK ("a, ""b) STRICT" <> ')'), e ANY AS (1 + (2)) , f TEXT GENERATED ALWAYS AS (upper('x')) STORED) STRICT -- end`,
  ],
  [
    "CREATE TABLE t (a, b date, primary key (b, a) on conflict ignore check (a <> ',') foreign key (a) references u (x)) without /**/ rowid",
    STRICT,
    "CREATE TABLE t (a ANY, b ANY, primary key (b, a) on conflict ignore check (a <> ',') foreign key (a) references u (x)) STRICT, without /**/ rowid",
  ],
  ["CREATE TABLE t (\xE4 STRING, b) ", STRICT, "CREATE TABLE t (\xE4 ANY, b ANY) STRICT "],
  ["CREATE TABLE t (a INT) STRICT", STRICT, "same"],
  ["CREATE TABLE t (a 'VARCHAR(3)')", STRICT, "CREATE TABLE t (a TEXT) STRICT"],
  ["CREATE TABLE t (a 'it''s')", STRICT, "strict: its definition can't be rewritten safely"],
  [
    "CREATE TABLE t (a ANY, b any PRIMARY KEY, c TEXT) STRICT,/*x*/WITHOUT ROWID",
    LOOSE,
    "CREATE TABLE t (a , b  PRIMARY KEY, c TEXT) WITHOUT ROWID/*x*/",
  ],
  ["CREATE TABLE t (a INT)", LOOSE, "same"],
  ["CREATE TABLE t (a INTEGER PRIMARY KEY, b UNIQUE)", WITHOUT, "CREATE TABLE t (a INTEGER PRIMARY KEY, b UNIQUE) WITHOUT ROWID"],
  // No type in a STRICT table: SQLite refuses it, and so does whoever makes it.
  ["CREATE TABLE t (a TEXT, b PRIMARY KEY) STRICT", WITHOUT, "same"],
  [
    "CREATE TABLE t (a TEXT, b TEXT COLLATE NOCASE, PRIMARY KEY (b DESC, a))STRICT",
    WITHOUT,
    "CREATE TABLE t (a TEXT, b TEXT COLLATE NOCASE, PRIMARY KEY (b DESC, a)) WITHOUT ROWID,STRICT",
  ],
  ["CREATE TABLE t (a INTEGER PRIMARY KEY AUTOINCREMENT)", WITHOUT, "withoutRowid: it counts up by AUTOINCREMENT"],
  ["CREATE TABLE t (a 'AUTOINCREMENT', b)", WITHOUT, "withoutRowid: it has no PRIMARY KEY"],
  ["CREATE TABLE t (a INTEGER PRIMARY KEY) WITHOUT ROWID", WITH, "CREATE TABLE t (a INTEGER PRIMARY KEY)"],
  ["CREATE TABLE t (a INT PRIMARY KEY, b) STRICT, WITHOUT ROWID", { strict: false, withoutRowid: false }, "same"],
  [
    "CREATE TABLE t (a INT PRIMARY KEY, b INT) STRICT , WITHOUT ROWID",
    { strict: false, withoutRowid: false },
    "CREATE TABLE t (a INT PRIMARY KEY, b INT)",
  ],
  [
    "CREATE TABLE t (a DATE PRIMARY KEY) WITHOUT ROWID",
    { strict: true, withoutRowid: false },
    "CREATE TABLE t (a ANY PRIMARY KEY) STRICT",
  ],
  // The options do not stand in each other's way.
  ["CREATE TABLE t (a DATE)", { strict: true, withoutRowid: true }, "CREATE TABLE t (a ANY) STRICT"],
])("%s with %o", (sql, options, expected) => {
  expect(changed(sql, options)).toBe(expected);
});

test("what is written is read alike in every encoding", () => {
  const sql = "CREATE TABLE t (\u{1F600} VARCHAR(3) DEFAULT '\u00E9', b PRIMARY KEY) WITHOUT ROWID";
  for (const encoding of ["UTF-16le", "UTF-16be"] as const) {
    const outcome = changeOptions([table(sql, encoding)], encoding, STRICT)
      .values()
      .next().value;
    const expected = "CREATE TABLE t (\u{1F600} TEXT DEFAULT '\u00E9', b ANY PRIMARY KEY) STRICT, WITHOUT ROWID";
    expect(outcome?.sql).toEqual(bytes(expected, encoding));
  }
});

test("a table that was made STRICT takes what its columns take", () => {
  const made = changed("CREATE TABLE t (a VARCHAR(3), b DECIMAL, c BLOB, d)", STRICT);
  const database = new Sqlite(":memory:");
  database.exec(`${made}; INSERT INTO t VALUES ('x', '5', x'00', 1), (NULL, 5.5, NULL, 'y')`);
  expect(database.prepare("SELECT typeof(a), typeof(b) FROM t").raw().all()).toEqual([
    ["text", "text"],
    ["null", "real"],
  ]);
  expect(() => database.exec("INSERT INTO t (c) VALUES ('text')")).toThrow("cannot store TEXT value in BLOB column t.c");
});

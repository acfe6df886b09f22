import Sqlite from "better-sqlite3";
import { expect, test } from "vitest";
import type { SchemaObject, TextEncoding } from "../../src/sqlite/schema.ts";
import { changeOptions, type TableOptions } from "../../src/sqlite/table-options.ts";

const STRICT = { strict: true };
const LOOSE = { strict: false };
const WITHOUT = { withoutRowid: true };
const WITH = { withoutRowid: false };
const NO_TYPE = "and no type of a STRICT table has that affinity (NUMERIC)";
const NUMBERED = "which SQLite numbers by itself";

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
    "CREATE TABLE t (a integer primary key, b VARCHAR ( 20 )NOT NULL, c, d DOUBLE PRECISION, e 'FLOATING POINT', f LONGBLOB, g BIGINT)",
    STRICT,
    "CREATE TABLE t (a integer primary key, b TEXT NOT NULL, c ANY, d REAL, e INT, f BLOB, g INT) STRICT",
  ],
  // In no STRICT table a column is compared as these are.
  ["CREATE TABLE t (a, d DECIMAL(10,2), e DATE)", STRICT, `strict: column d is DECIMAL(10,2), ${NO_TYPE}`],
  ["CREATE TABLE t (a ANY)", STRICT, `strict: column a is ANY, ${NO_TYPE}`],
  // SQLite knows small ASCII letters only.
  ["CREATE TABLE t (a pr\xC4\xB1nt)", STRICT, `strict: column a is pr\u0131nt, ${NO_TYPE}`],
  // INT, not INTEGER: the rowid would be another.
  ["CREATE TABLE t (a BIGINT PRIMARY KEY)", STRICT, "CREATE TABLE t (a INT PRIMARY KEY) STRICT"],
  [
    `CREATE TABLE t ("a, ""b) STRICT" /* , x CLOB ) */ CLOB DEFAULT 'it''s ) , (', -- c VARCHAR(3))
 [d)]CHECK ("a, ""b) STRICT" <> ')'), e AS (1 + (2)) , f VARCHAR(9)GENERATED ALWAYS AS (upper('x')) STORED) -- end`,
    STRICT,
    `CREATE TABLE t ("a, ""b) STRICT" /* , x CLOB ) */ TEXT DEFAULT 'it''s ) , (', -- c VARCHAR(3))
 [d)] ANY CHECK ("a, ""b) STRICT" <> ')'), e ANY AS (1 + (2)) , f TEXT GENERATED ALWAYS AS (upper('x')) STORED) STRICT -- end`,
  ],
  [
    "CREATE TABLE t (a, b clob, primary key (b, a) on conflict ignore check (a <> ',') foreign key (a) references u (x)) without /**/ rowid",
    STRICT,
    "CREATE TABLE t (a ANY, b TEXT, primary key (b, a) on conflict ignore check (a <> ',') foreign key (a) references u (x)) STRICT, without /**/ rowid",
  ],
  ["CREATE TABLE t (\xE4 CHAR, b) ", STRICT, "CREATE TABLE t (\xE4 TEXT, b ANY) STRICT "],
  ["CREATE TABLE t (a INT) STRICT", STRICT, "same"],
  ["CREATE TABLE t (a 'VARCHAR(3)')", STRICT, "CREATE TABLE t (a TEXT) STRICT"],
  ["CREATE TABLE t (a 'int''s')", STRICT, "strict: its definition can't be rewritten safely"],
  [
    "CREATE TABLE t (a ANY, b any PRIMARY KEY, c TEXT) STRICT,/*x*/WITHOUT ROWID",
    LOOSE,
    "CREATE TABLE t (a , b  PRIMARY KEY, c TEXT) WITHOUT ROWID/*x*/",
  ],
  ["CREATE TABLE t (a INT)", LOOSE, "same"],
  ["CREATE TABLE t (a INT PRIMARY KEY, b UNIQUE)", WITHOUT, "CREATE TABLE t (a INT PRIMARY KEY, b UNIQUE) WITHOUT ROWID"],
  ["CREATE TABLE t (b UNIQUE, a INTEGER, PRIMARY KEY (a))", WITHOUT, `withoutRowid: its key a is the rowid, ${NUMBERED}`],
  ["CREATE TABLE t (a INTEGER PRIMARY KEY DESC)", WITHOUT, "CREATE TABLE t (a INTEGER PRIMARY KEY DESC) WITHOUT ROWID"],
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
    "CREATE TABLE t (a CHAR PRIMARY KEY) WITHOUT ROWID",
    { strict: true, withoutRowid: false },
    "CREATE TABLE t (a TEXT PRIMARY KEY) STRICT",
  ],
  // The options do not stand in each other's way.
  ["CREATE TABLE t (a CHAR)", { strict: true, withoutRowid: true }, "CREATE TABLE t (a TEXT) STRICT"],
  [
    "CREATE TABLE t (a DATE PRIMARY KEY)",
    { strict: true, withoutRowid: true },
    "CREATE TABLE t (a DATE PRIMARY KEY) WITHOUT ROWID",
  ],
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

/** What depends on the affinity of column a. */
const COMPARISONS = `SELECT typeof(a), quote(a), typeof(g), quote(g), a = '5', a = 5, a < '5', a IN ('5', 6), a = x'35',
    (SELECT group_concat(o.rowid) FROM o WHERE o.t = a), (SELECT group_concat(o.rowid) FROM o WHERE o.n = a),
    (SELECT group_concat(o.rowid) FROM o WHERE o.b = a), a IN (SELECT t FROM o), a IN (SELECT b FROM o)
  FROM t`;

test.each(["BIGINT", "FLOATING POINT", "REAL", "DOUBLE", "VARCHAR(3)", "TEXT", "LONGBLOB", ""])(
  "a column of type %s is compared as before in a STRICT table",
  (type) => {
    const compared = [5, "'5'", 5.5, "'5.0'", "x'35'", "9.0", "'x'", "NULL"].flatMap((value) => {
      const sql = `CREATE TABLE t (k INTEGER PRIMARY KEY, a ${type} DEFAULT (${value}), g ${type} AS (iif(typeof(a) = 'blob', a, a || '')))`;
      const results = [sql, changed(sql, STRICT)].map((made) => {
        const database = new Sqlite(":memory:");
        database.exec(`CREATE TABLE o (t TEXT, n NUMERIC, b); INSERT INTO o VALUES ('5', 5, '5'), ('5.0', '5.5', 5); ${made}`);
        try {
          return database.exec("INSERT INTO t (k) VALUES (1)").prepare(COMPARISONS).raw().all();
        } catch (error) {
          return String(error);
        }
      });
      return /cannot store/.test(String(results[1])) ? [] : [results];
    });
    expect(compared.length).toBeGreaterThan(1);
    for (const [before, after] of compared) expect(after).toEqual(before);
  },
);

test("a table that was made STRICT takes what its columns take", () => {
  const made = changed("CREATE TABLE t (a VARCHAR(3), b, c BLOB, d)", STRICT);
  const database = new Sqlite(":memory:");
  database.exec(`${made}; INSERT INTO t VALUES ('x', '5', x'00', 1), (NULL, 5.5, NULL, 'y')`);
  expect(database.prepare("SELECT typeof(a), typeof(b) FROM t").raw().all()).toEqual([
    ["text", "text"],
    ["null", "real"],
  ]);
  expect(() => database.exec("INSERT INTO t (c) VALUES ('text')")).toThrow("cannot store TEXT value in BLOB column t.c");
});

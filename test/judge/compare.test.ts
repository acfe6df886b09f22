import Sqlite, { type Database } from "better-sqlite3";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeConstructs, type ConstructOptions } from "../../fixtures/constructs.ts";
import { compareDatabases, type CompareOptions } from "./compare.ts";

let folder: string;
let original: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tsdp-judge-"));
  original = join(folder, "original.db");
  writeConstructs(original, { hiddenRowid: true });
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe("equal files", () => {
  const kinds: readonly ConstructOptions[] = [
    {},
    { encoding: "UTF-16le", pageSize: 512, autoVacuum: 1, hiddenRowid: true },
    { encoding: "UTF-16be", pageSize: 65536, autoVacuum: 2 },
    { wide: true },
    { legacyFormat: true },
  ];
  it.each(kinds)("a copy of %o", (options) => {
    const path = join(folder, `kind-${kinds.indexOf(options)}.db`);
    const copy = `${path}.copy`;
    writeConstructs(path, options);
    copyFileSync(path, copy);
    expect(compareDatabases(path, copy, { journalMode: true })).toEqual([]);
  });

  it("with pages in another order", () => {
    const [a, b] = [join(folder, "order-a.db"), join(folder, "order-b.db")];
    makeDatabase(
      a,
      "CREATE TABLE t (x PRIMARY KEY, y); CREATE TABLE u (z); INSERT INTO t VALUES (1, 2), (3, 4); INSERT INTO u VALUES (5)",
    );
    makeDatabase(
      b,
      "CREATE TABLE u (z); INSERT INTO u VALUES (5); CREATE TABLE t (x PRIMARY KEY, y); INSERT INTO t VALUES (1, 2), (3, 4)",
    );
    expect(compareDatabases(a, b)).toEqual([]);
  });
});

/** One planted change each: what is done to the copy, and where the judge must see it. */
const CHANGES: readonly (readonly [name: string, change: (copy: Database) => void, where: string])[] = [
  ["integer to real of the same value", sql("UPDATE untyped SET a = 1.0 WHERE rowid = 3"), 'table "untyped", row 3, column "a"'],
  [
    "0.0 to -0.0",
    (copy) => set(copy, "UPDATE untyped SET b = ? WHERE b = 0 AND typeof(b) = 'real' AND rowid = 24", -0),
    'row 24, column "b"',
  ],
  ["last bit of a real", sql("UPDATE rowid_many SET c = c + 1e-16 WHERE a = 1"), 'table "rowid_many", row -999, column "c"'],
  ["int64 by one", sql("UPDATE only_key SET id = id - 1 WHERE id = 9223372036854775807"), 'table "only_key"'],
  ["2^53+1 rounded", sql("UPDATE strict_types SET j = 9007199254740992 WHERE i = 1"), 'table "strict_types", row 1, column "j"'],
  ["empty text to empty blob", sql("UPDATE untyped SET a = x'' WHERE a = ''"), 'table "untyped"'],
  ["empty blob to NULL", sql("UPDATE blobs SET content = NULL WHERE id = 4"), 'table "blobs", row 4, column "content"'],
  ["text cut at NUL", sql("UPDATE blobs SET content = substr(content, 1, 262144) WHERE id = 3"), 'table "blobs", row 3'],
  ["one byte of a big blob", changeBlob, 'table "blobs", row 1, column "content"'],
  [
    "invalid UTF-8 repaired",
    sql("UPDATE untyped SET a = 'caf' || char(65533) WHERE a = CAST(x'636166e9' AS TEXT)"),
    'table "untyped"',
  ],
  [
    "one invalid byte for another",
    sql("UPDATE untyped SET a = CAST(x'636166e8' AS TEXT) WHERE a = CAST(x'636166e9' AS TEXT)"),
    'table "untyped"',
  ],
  [
    "a byte order mark",
    sql("UPDATE rowid_many SET b = char(65279) || b WHERE a = 7"),
    'table "rowid_many", row -951, column "b"',
  ],
  ["text to blob of the same bytes", sql("UPDATE commented SET b = CAST(b AS BLOB)"), 'table "commented", row 1, column "b"'],
  ["a rowid", sql("UPDATE rowid_gaps SET rowid = 8 WHERE rowid = 7"), 'table "rowid_gaps"'],
  ["the lowest rowid", sql("DELETE FROM rowid_gaps WHERE rowid < -9223372036854775807"), 'table "rowid_gaps"'],
  [
    "a rowid under a column named rowid",
    sql("UPDATE takes_one_name SET _rowid_ = 9 WHERE _rowid_ = 8"),
    'table "takes_one_name"',
  ],
  ["a row too many", sql("INSERT INTO empty_rowid VALUES (NULL, NULL)"), 'table "empty_rowid"'],
  ["a row too few", sql("DELETE FROM keyed_mixed WHERE v = 17"), 'table "keyed_mixed"'],
  ["a case-only change under a NOCASE key", sql("UPDATE keyed_strict SET b = 'A' WHERE a = 1"), 'table "keyed_strict"'],
  ["a value of the hidden-rowid table", sql("UPDATE takes_all_names SET v = 3 WHERE v = 2"), 'table "takes_all_names"'],
  ["a table named __proto__", sql(`UPDATE "__proto__" SET c3 = 'x'`), 'table "__proto__"'],
  ["a fired trigger", sql("INSERT INTO watch_log VALUES ('insert', 1)"), 'table "watch_log"'],
  ["sqlite_sequence", sql("UPDATE sqlite_sequence SET seq = 501 WHERE rowid = 1"), 'table "sqlite_sequence", row 1'],
  ["sqlite_stat1", sql("DELETE FROM sqlite_stat1 WHERE idx = 'people_name'"), 'table "sqlite_stat1"'],
  ["sqlite_stat4", sql("UPDATE sqlite_stat4 SET sample = x'00' WHERE rowid = 1"), 'table "sqlite_stat4", row 1'],
  [
    "a posting of a full-text index",
    sql("INSERT INTO fts5_contentless (rowid, body) VALUES (7, 'new')"),
    'table "fts5_contentless_',
  ],
  ["a node of an R-Tree", sql("UPDATE boxes SET x1 = 2 WHERE id = 1"), 'table "boxes_node"'],
  ["a dropped index", sql("DROP INDEX people_expression"), 'schema: index "people_expression"'],
  ["a new view", sql("CREATE VIEW added AS SELECT 1"), 'schema: view "added"'],
  ["a dropped trigger", sql("DROP TRIGGER watched_after"), 'schema: trigger "watched_after"'],
  ["white space in SQL", changeSql("hand_edited", "  -- end", " -- end"), 'schema: table "hand_edited", sql'],
  ["a byte of SQL that is not text", repairLatin, 'schema: view "latin_view", sql'],
  ["the module of a virtual table", changeSql("fts5_empty", "body)", "body )"), 'schema: table "fts5_empty", sql'],
  ["user_version", sql("PRAGMA user_version = 1"), "pragma user_version"],
  ["application_id", sql("PRAGMA application_id = 1"), "pragma application_id"],
  ["journal mode", sql("PRAGMA journal_mode = WAL"), "pragma journal_mode"],
  ["a broken foreign key", sql("UPDATE tree SET parent = 4 WHERE id = 1"), "foreign_key_check"],
  ["an index that has lost an entry", loseIndexEntry, "integrity_check"],
];

describe("a single planted difference is found", () => {
  it.each(CHANGES)("%s", (_name, change, where) => {
    const differences = withCopy(change, { journalMode: true });
    expect(differences.map((difference) => difference.where)).toContainEqual(expect.stringContaining(where));
  });

  it("and a lost row does not make its followers differ", () => {
    const differences = withCopy(sql("DELETE FROM rowid_many WHERE a = 5"), {});
    expect(differences).toEqual([expect.objectContaining({ where: 'table "rowid_many"', b: "(no such row)" })]);
  });

  const settings = [
    ["encoding", "UTF-8", "UTF-16le"],
    ["page_size", "4096", "8192"],
    ["auto_vacuum", "0", "2"],
  ] as const;
  it.each(settings)("in the setting %s", (name, inA, inB) => {
    const [a, b] = [join(folder, `${name}-a.db`), join(folder, `${name}-b.db`)];
    makeDatabase(a, `PRAGMA ${name} = '${inA}'; CREATE TABLE t (x)`);
    makeDatabase(b, `PRAGMA ${name} = '${inB}'; CREATE TABLE t (x)`);
    expect(compareDatabases(a, b)).toContainEqual({ where: `pragma ${name}`, a: inA, b: inB });
  });
});

describe("options", () => {
  it("leaves out ignored objects with their rows and settings", () => {
    const change = sql("UPDATE watch_log SET id = 9; DROP VIEW view_values; PRAGMA user_version = 1");
    const ignoreObjects = ["watch_log", "view_values"];
    expect(withCopy(change, { ignoreObjects, ignoreSettings: ["user_version"] })).toEqual([]);
  });

  it("follows a renamed table and its expected SQL", () => {
    const [a, b] = [join(folder, "rename-a.db"), join(folder, "rename-b.db")];
    makeDatabase(a, "CREATE TABLE old (x UNIQUE); INSERT INTO old VALUES (1), (2)");
    makeDatabase(b, "CREATE TABLE new (x UNIQUE); INSERT INTO new VALUES (1), (3)");
    const renamedTables = new Map([
      ["old", "new"],
      ["sqlite_autoindex_old_1", "sqlite_autoindex_new_1"],
    ]);
    const rewriteSql = (text: string) => text.replace("old", "new");
    const differences = compareDatabases(a, b, { renamedTables, rewriteSql });
    expect(differences).toEqual([{ where: 'table "old", row 2, column "x"', a: "integer 2", b: "integer 3" }]);
  });

  it("reports a table that can't be read, never takes it for equal", () => {
    const [path, copy] = [join(folder, "unkeepable.db"), join(folder, "unkeepable-copy.db")];
    writeConstructs(path, { unkeepable: true });
    copyFileSync(path, copy);
    const places = compareDatabases(path, copy).map((difference) => difference.where);
    expect(places.sort()).toEqual(['table "broken\ufffdname"', 'table "missing_collation_key"']);
  });
});

function withCopy(change: (copy: Database) => void, options: CompareOptions) {
  const path = join(folder, "copy.db");
  rmSync(path, { force: true });
  copyFileSync(original, path);
  const copy = new Sqlite(path);
  copy.unsafeMode(true);
  copy.pragma("foreign_keys = OFF");
  change(copy);
  copy.close();
  return compareDatabases(original, path, options);
}

function makeDatabase(path: string, text: string): void {
  const database = new Sqlite(path);
  database.exec(text);
  database.close();
}

function sql(text: string): (copy: Database) => void {
  return (copy) => {
    copy.exec(text);
  };
}

function set(copy: Database, text: string, value: number): void {
  if (copy.prepare(text).run(value).changes !== 1) throw new Error(`no row for ${text}`);
}

function changeBlob(copy: Database): void {
  const content = copy.prepare<[], Buffer>("SELECT content FROM blobs WHERE id = 1").pluck().get();
  if (content === undefined) throw new Error("no blob");
  content.writeUInt8(content.readUInt8(content.length - 1) ^ 1, content.length - 1);
  copy.prepare("UPDATE blobs SET content = ? WHERE id = 1").run(content);
}

function changeSql(name: string, from: string, to: string): (copy: Database) => void {
  return (copy) => {
    copy.pragma("writable_schema = ON");
    copy.prepare("UPDATE sqlite_schema SET sql = replace(sql, ?, ?) WHERE name = ?").run(from, to, name);
  };
}

/** The byte E9 becomes U+FFFD, which is what reading it as a string makes of it. */
function repairLatin(copy: Database): void {
  copy.pragma("writable_schema = ON");
  const text = copy.prepare<[], string>("SELECT sql FROM sqlite_schema WHERE name = 'latin_view'").pluck().get();
  copy.prepare("UPDATE sqlite_schema SET sql = ? WHERE name = 'latin_view'").run(text);
}

/** The index is hidden while its table loses a value, then put back; the rows and the SQL stay as they are elsewhere. */
function loseIndexEntry(copy: Database): void {
  const row = copy.prepare<[], Record<string, unknown>>("SELECT * FROM sqlite_schema WHERE name = 'commented_b'").get();
  if (row === undefined) throw new Error("no index");
  const reload = "PRAGMA writable_schema = RESET; PRAGMA writable_schema = ON";
  copy.exec(`PRAGMA writable_schema = ON; DELETE FROM sqlite_schema WHERE name = 'commented_b'; ${reload}`);
  copy.exec("UPDATE commented SET b = 'not in the index'");
  copy.prepare("INSERT INTO sqlite_schema VALUES (:type, :name, :tbl_name, :rootpage, :sql)").run(row);
}

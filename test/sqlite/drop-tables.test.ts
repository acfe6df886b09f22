import Sqlite from "better-sqlite3";
import { expect, test } from "vitest";
import { dropTables } from "../../src/sqlite/drop-tables.ts";
import { listExisting } from "../../src/sqlite/target.ts";

function database(autoVacuum: number): Sqlite.Database {
  const connection = new Sqlite(":memory:");
  connection.unsafeMode(true);
  connection.pragma(`auto_vacuum = ${autoVacuum}`);
  connection.exec("BEGIN; CREATE TABLE first (a); CREATE VIRTUAL TABLE docs USING fts5(body)");
  for (let i = 0; i < 200; i += 1)
    connection.exec(`
      CREATE TABLE "T'${i}" (id INTEGER PRIMARY KEY AUTOINCREMENT, b UNIQUE, c);
      CREATE INDEX i${i} ON "T'${i}" (c);
      CREATE VIEW v${i} AS SELECT * FROM "T'${i}";
      CREATE TRIGGER g${i} AFTER INSERT ON "T'${i}" BEGIN DELETE FROM first; END;
      INSERT INTO "T'${i}" VALUES (${i}, 2, zeroblob(9000));`);
  connection.exec("ANALYZE; COMMIT; PRAGMA foreign_keys = off");
  return connection;
}

test.each([0, 1, 2])("thousands of tables are dropped as one by one, auto_vacuum %s", (autoVacuum) => {
  const names = [...Array.from({ length: 150 }, (_, i) => `t'${i}`), "docs"];
  const [many, single] = [database(autoVacuum), database(autoVacuum)];
  many.exec("BEGIN");
  dropTables(many, names);
  many.exec("COMMIT");
  for (const name of names) single.exec(`DROP TABLE "${name}"`);
  for (const sql of [
    "SELECT rowid, type, name, tbl_name, sql FROM sqlite_schema ORDER BY rowid",
    "SELECT * FROM sqlite_sequence ORDER BY 1",
    "SELECT * FROM sqlite_stat1 ORDER BY 1, 2",
    'SELECT id, length(c) FROM "T\'170"',
    "PRAGMA integrity_check",
  ])
    expect(many.prepare(sql).all()).toEqual(single.prepare(sql).all());
  expect(many.pragma("integrity_check", { simple: true })).toBe("ok");
});

test("a virtual table that can't be opened is known as such, and why", () => {
  const made = new Sqlite(":memory:");
  made.unsafeMode(true);
  made.exec(`CREATE VIRTUAL TABLE docs USING fts5(body); CREATE VIRTUAL TABLE hurt USING fts5(body); DELETE FROM hurt_config;
    CREATE VIRTUAL TABLE words USING fts4(body); PRAGMA writable_schema = on;
    INSERT INTO sqlite_schema VALUES ('table', 'far', 'far', 0, 'CREATE VIRTUAL TABLE far /* USING x */ USING "no module"(a)');
    UPDATE sqlite_schema SET sql = 'CREATE VIRTUAL TABLE words USING fts4(body, tokenize=theirs)' WHERE name = 'words'`);
  const connection = new Sqlite(made.serialize());
  const failures = listExisting(connection).flatMap(({ name, failure }) => (failure === undefined ? [] : [[name, failure]]));
  expect(failures).toEqual([
    ["hurt", expect.stringMatching(/^invalid fts5 file format/)],
    ["words", "unknown tokenizer: theirs"],
    ["far", "no such module: no module"],
  ]);
  for (const [name, failure] of failures) expect(() => connection.exec(`DROP TABLE ${name}`)).toThrow(failure);
});

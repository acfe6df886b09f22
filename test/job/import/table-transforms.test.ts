import Sqlite from "better-sqlite3";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { connect } from "../../../src/api/data-pump.ts";
import { compareDatabases } from "../../judge/compare.ts";
import { defineJob, expectSuccess, runExport, runImport, runSqlFile } from "../pump-jobs.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const LOOSE = `
  CREATE TABLE depts (code VARCHAR(4) PRIMARY KEY, founded, score DOUBLE);
  INSERT INTO depts VALUES ('A', '2020-01-01', 5), ('B', 20200101, NULL), ('C', x'00', -0.0);
  CREATE TABLE staff (id INT PRIMARY KEY, dept VARCHAR(4) REFERENCES depts, pay UNIQUE, twice AS (pay * 2), note);
  INSERT INTO staff VALUES (7, 'A', 9007199254740993, 'x'), (-3, 'B', 1.5, 5), (9, 'A', NULL, x'FF');
  CREATE INDEX by_pay ON staff (pay DESC) WHERE pay > 1;
  CREATE VIEW paid AS SELECT id FROM staff WHERE pay > 1;
  CREATE TABLE wrong (id INT PRIMARY KEY, n INT);
  INSERT INTO wrong VALUES (1, 1), (2, 'two');
  CREATE TABLE hidden (id INT PRIMARY KEY, n BIGINT);
  INSERT INTO hidden VALUES (1, 1), (NULL, 2);
  CREATE TABLE log (at TEXT);
  INSERT INTO log VALUES ('now');
  CREATE TABLE kept (k INTEGER PRIMARY KEY);
  CREATE VIEW of_kept AS SELECT rowid FROM kept;
  CREATE TABLE money (id INTEGER PRIMARY KEY, n DECIMAL, is_five AS (n = '5') STORED);
  INSERT INTO money (n) VALUES (5);`;

function execute(path: string, sql: string): void {
  const database = new Sqlite(path);
  database.unsafeMode(true);
  database.exec(sql);
  database.close();
}

function values(path: string, sql: string): unknown[] {
  const database = new Sqlite(path, { readonly: true });
  const found = database.prepare(sql).safeIntegers().raw().all();
  database.close();
  return found;
}

const OPTIONS =
  "SELECT name, wr, strict FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name";
const ROWS = `SELECT 's', id, dept, typeof(pay), pay, typeof(twice), typeof(note), hex(note) FROM staff
  UNION ALL SELECT 'd', code, founded, typeof(founded), score, typeof(score), NULL, NULL FROM depts ORDER BY 1, 2`;

test.each(["a dump", "a link"])("STRICT and WITHOUT_ROWID for the tables of %s", async (way) => {
  const folder = temporaryFolder();
  const [source, target] = [join(folder, "source"), join(folder, "target")];
  for (const path of [source, target]) mkdirSync(path);
  execute(join(source, "HR.db"), LOOSE);
  // What no INSERT could have stored, and a STRICT table would convert.
  execute(
    join(source, "HR.db"),
    `CREATE TABLE sly (n); INSERT INTO sly VALUES ('5'); PRAGMA writable_schema = on;
     UPDATE sqlite_schema SET sql = 'CREATE TABLE sly (n INT)' WHERE name = 'sly'`,
  );
  expectSuccess(await runExport(source, { folder, mode: "FULL" }));
  if (way === "a link") {
    const pump = await connect(target);
    await pump.createDatabaseLink("SRC", source);
    await pump.close();
  }
  const transforms = [
    ["STRICT", 1],
    ["WITHOUT_ROWID", 1],
  ] as const;
  const request = { folder, mode: "FULL", transforms, ...(way === "a link" ? { link: "SRC" } : {}) } as const;
  const session = await connect(target, { currentDirectory: folder, dryRun: true });
  const { problems } = await session.dryRun(await defineJob(session, "IMPORT", request));
  await session.close();
  const report = await runImport(target, request);
  const [before, after] = [join(source, "HR.db"), join(target, "HR.db")];
  expect(values(after, OPTIONS)).toEqual(
    [
      ["depts", 1, 1],
      ["hidden", 1, 1],
      ["kept", 0, 1],
      ["log", 0, 1],
      ["money", 0, 0],
      ["sly", 0, 1],
      ["staff", 1, 1],
      ["wrong", 1, 1],
    ].map(([name, wr, strict]) => [name, BigInt(wr ?? 0), BigInt(strict ?? 0)]),
  );
  expect(values(after, ROWS)).toEqual(values(before, ROWS));
  expect(values(after, "SELECT id FROM staff INDEXED BY by_pay WHERE pay > 1 ORDER BY 1")).toEqual([[-3n], [7n]]);
  expect(values(after, "SELECT * FROM paid ORDER BY 1")).toEqual(values(before, "SELECT * FROM paid ORDER BY 1"));
  execute(after, "INSERT INTO money (n) VALUES ('5')");
  expect(values(after, "SELECT * FROM money")).toEqual([
    [1n, 5n, 1n],
    [2n, 5n, 1n],
  ]);
  for (const table of ["wrong", "hidden", "sly"]) expect(values(after, `SELECT * FROM ${table}`)).toEqual([]);
  expect(report).toMatchObject({ state: "COMPLETED", errorCount: 8 });
  const text = report.errors.join("\n");
  // All but what only rows tell.
  expect(problems).toHaveLength(5);
  for (const line of problems.flat()) expect(text).toContain(line.text);
  for (const reason of [
    'table "HR"."log" is made without TRANSFORM=WITHOUT_ROWID: it has no PRIMARY KEY',
    'table "HR"."kept" is made without TRANSFORM=WITHOUT_ROWID: view of_kept may name its rowid',
    'table "HR"."money" is made without TRANSFORM=STRICT: column n is DECIMAL, and no type of a STRICT table has that affinity (NUMERIC)',
    'table "HR"."money" is made without TRANSFORM=WITHOUT_ROWID: its key id is the rowid, which SQLite numbers by itself',
    "cannot store TEXT value in INT column wrong.n",
    "NOT NULL constraint failed: hidden.id",
    "cannot store TEXT value in INT column sly.n",
  ])
    expect(text).toContain(reason);
});

test("N takes the options away, in an import and in a script, and rows come as they are", async () => {
  const folder = temporaryFolder();
  const [source, target, plain] = [join(folder, "source"), join(folder, "target"), join(folder, "plain")];
  for (const path of [source, target, plain]) mkdirSync(path);
  const strict =
    "CREATE TABLE t (k INTEGER PRIMARY KEY, v ANY, w TEXT) STRICT; INSERT INTO t VALUES (2, '5', 'x'), (1, 5.0, NULL);";
  const keyed = "CREATE TABLE u (k TEXT COLLATE NOCASE PRIMARY KEY, v) WITHOUT ROWID; INSERT INTO u VALUES ('b', 1), ('A', '1');";
  execute(join(source, "HR.db"), strict + keyed);
  execute(
    join(plain, "HR.db"),
    `${strict.replace("ANY", "").replace(" STRICT", "")} CREATE TABLE u (k TEXT COLLATE NOCASE PRIMARY KEY, v); INSERT INTO u VALUES ('A', '1'), ('b', 1);`,
  );
  expectSuccess(await runExport(source, { folder, mode: "FULL" }));
  const transforms = [
    ["strict", 0],
    ["without_rowid", 0],
  ] as const;
  expectSuccess(await runImport(target, { folder, mode: "FULL", transforms }));
  expect(compareDatabases(join(plain, "HR.db"), join(target, "HR.db"))).toEqual([]);
  expectSuccess(await runSqlFile(target, { folder, mode: "FULL", transforms, sqlFile: "x.sql" }));
  const script = readFileSync(join(folder, "x.sql"), "utf8");
  expect(script).not.toMatch(/STRICT|WITHOUT/);
  expect(script).toContain("CREATE TABLE t (k INTEGER PRIMARY KEY, v , w TEXT)");
});

import Sqlite from "better-sqlite3";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { compareDatabases } from "../judge/compare.ts";
import { expectSuccess, runExport, runImport } from "./pump-jobs.ts";
import { temporaryFolder } from "./temporary-folder.ts";

let folder: string;

beforeEach(() => {
  folder = temporaryFolder();
});

function execute(name: string, sql: string): void {
  const database = new Sqlite(join(folder, name));
  database.exec(sql);
  database.close();
}

function query(name: string, sql: string): unknown[] {
  const database = new Sqlite(join(folder, name), { readonly: true });
  try {
    return database.prepare(sql).pluck().all();
  } finally {
    database.close();
  }
}

test("several schemas, one of them empty, come back whole, and nothing else is left in the folder", async () => {
  execute("A.db", "CREATE TABLE a (x); INSERT INTO a VALUES (1), (2)");
  execute("B.db", "CREATE TABLE b (y); INSERT INTO b VALUES (3)");
  execute("EMPTY.db", "PRAGMA user_version = 77; PRAGMA application_id = 5; CREATE TABLE t (x); DROP TABLE t");
  expectSuccess(await runExport(folder, { mode: "FULL" }));
  const remap = ["A", "B", "EMPTY"].map((name) => [name, `${name}2`] as const);
  expectSuccess(await runImport(folder, { remap }));
  for (const name of ["A", "B", "EMPTY"])
    expect(compareDatabases(join(folder, `${name}.db`), join(folder, `${name}2.db`))).toEqual([]);
  expect(readdirSync(folder).filter((file) => file.includes(".part"))).toEqual([]);
});

test("staging tables of an import that did not end are no part of an export, and a user's table of such a name is an error", async () => {
  const staged = 'CREATE TABLE "tsdp:0123ABCD:7" (x UNIQUE); CREATE TABLE "tsdp:0123ABCD:0" (object, piece, rejected)';
  execute("A.db", `CREATE TABLE a (x); INSERT INTO a VALUES (1); ${staged}; CREATE TABLE "tsdp:89ABCDEF:1" (mine)`);
  const { state, errors } = await runExport(folder, { schemas: "IN ('A')" });
  expect(state).toBe("COMPLETED");
  expect(errors).toEqual([expect.stringMatching(/^ORA-39166: Object A\.tsdp:89ABCDEF:1 .*\nTSDP-00010: tsdp keeps/)]);
  expectSuccess(await runImport(folder, { remap: [["A", "A2"]] }));
  expect(query("A2.db", "SELECT name FROM sqlite_schema")).toEqual(["a"]);
});

test("a definition that not every SQLite reads alike is an error of the export and of the import, which takes what else there is", async () => {
  execute("V.db", "CREATE TABLE a (x); INSERT INTO a VALUES (1); CREATE VIRTUAL TABLE v USING fts4(b, c $x('a b'))");
  const { state, errors } = await runExport(folder, { schemas: "IN ('V')" });
  expect(state).toBe("COMPLETED");
  expect(errors).toEqual([
    expect.stringMatching(/^ORA-39166: Object V\.v .*\nTSDP-00010: its definition holds a variable before/),
  ]);
  const imported = await runImport(folder, { remap: [["V", "W"]] });
  expect(imported.errors[0]).toMatch(/^ORA-39083: Object type TABLE:"W"\."v" .*\nTSDP-00010: .* a variable before/);
  expect(query("W.db", "SELECT name FROM sqlite_schema")).toEqual(["a"]);
});

test("virtual tables come without rows as their module makes them", async () => {
  execute(
    "V.db",
    "CREATE VIRTUAL TABLE f USING fts5(t); INSERT INTO f VALUES ('one'); CREATE VIRTUAL TABLE r USING rtree(id, a, b); INSERT INTO r VALUES (1, 2, 3)",
  );
  expectSuccess(await runExport(folder, { schemas: "IN ('V')" }));
  expectSuccess(await runImport(folder, { remap: [["V", "W"]], content: "METADATA_ONLY" }));
  execute("W.db", "INSERT INTO f VALUES ('two'); INSERT INTO r VALUES (5, 6, 7)");
  expect(query("W.db", "SELECT t FROM f WHERE f MATCH 'one OR two'")).toEqual(["two"]);
  expect(query("W.db", "SELECT id FROM r")).toEqual([5]);
});

test("rows that replace those of a table keep their rowids", async () => {
  execute("D.db", "CREATE TABLE doc (t); INSERT INTO doc (rowid, t) VALUES (10, 'a'), (20, 'b')");
  expectSuccess(await runExport(folder, { schemas: "IN ('D')" }));
  expectSuccess(await runImport(folder, { parameters: { TABLE_EXISTS_ACTION: "TRUNCATE" } }));
  expect(query("D.db", "SELECT rowid FROM doc ORDER BY 1")).toEqual([10, 20]);
});

import Sqlite from "better-sqlite3";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { writeConstructs } from "../../fixtures/constructs.ts";
import { compareDatabases } from "../judge/compare.ts";
import { writeBigTables } from "./big-tables.ts";
import { expectSuccess, runExport, runImport, type JobRequest } from "./pump-jobs.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const HR = readFileSync(new URL("../../fixtures/hr.sql", import.meta.url), "utf8");

test("HR comes back as BLAKE without a difference, and says what it did in Data Pump's words", async () => {
  const folder = temporaryFolder();
  execute(join(folder, "HR.db"), HR);
  const exported = await runExport(folder, { schemas: "IN ('HR')", dumpFiles: ["example1"], logFile: "hr.log" });
  expectSuccess(exported);
  expect(exported.lines).toContain('. . exported "HR"."employees"                            20.00 KB     107 rows');
  const imported = await runImport(folder, { dumpFiles: ["example1.dmp"], remap: [["HR", "BLAKE"]] });
  expectSuccess(imported);
  expect(imported.lines).toContain('. . imported "BLAKE"."employees"                         20.00 KB     107 rows');
  expect(compareDatabases(join(folder, "HR.db"), join(folder, "BLAKE.db"), { journalMode: true })).toEqual([]);
  const log = readFileSync(join(folder, "hr.log"), "utf8");
  for (const line of exported.lines) expect(log).toContain(line);
});

test.each<JobRequest & { encoding: "UTF-8" | "UTF-16le" | "UTF-16be"; wide: boolean }>([
  { encoding: "UTF-8", parallel: 1, wide: true, parameters: { COMPRESSION: "ALL" } },
  { encoding: "UTF-16le", parallel: 3, wide: false, parameters: { COMPRESSION: "NONE" } },
  { encoding: "UTF-16be", parallel: 3, wide: false, parameters: {} },
])("every construct comes back as it was: $encoding, parallel $parallel", async ({ encoding, wide, ...request }) => {
  const [source, target] = [temporaryFolder(), temporaryFolder()];
  writeConstructs(join(source, "CONSTRUCTS.db"), {
    encoding,
    wide,
    pageSize: 1024,
    autoVacuum: 1,
    legacyFormat: encoding === "UTF-16le",
  });
  expectSuccess(await runExport(source, { ...request, mode: "FULL" }));
  const imported = await runImport(target, { folder: source, parallel: request.parallel ?? 1 });
  // What SQLite's own checks find in the source already; nothing else.
  expect(imported.errors.map((error) => error.slice(0, 10))).toEqual(["TSDP-00011", "ORA-02298:", "ORA-02298:"]);
  expect(compareDatabases(join(source, "CONSTRUCTS.db"), join(target, "CONSTRUCTS.db"))).toEqual([]);
});

test("what can't be kept is an error that names it, and nothing else differs", async () => {
  const [source, target] = [temporaryFolder(), temporaryFolder()];
  writeConstructs(join(source, "C.db"), { unkeepable: true, hiddenRowid: true });
  const exported = await runExport(source, { mode: "FULL", parallel: 2 });
  const imported = await runImport(target, { folder: source, parallel: 2 });
  expect([exported.state, imported.state]).toEqual(["COMPLETED", "COMPLETED"]);
  const said = [...exported.errors, ...imported.errors].join("\n");
  const lost = [
    "missing_collation_index",
    "missing_collation_key",
    "missing_function_index",
    "against_unique",
    "takes_all_names",
  ];
  for (const name of lost) expect(said).toContain(`"C"."${name}"`);
  expect(said).toMatch(/ORA-39166: Object C\.broken.name/);
  const differences = compareDatabases(join(source, "C.db"), join(target, "C.db"), { checks: false, ignoreObjects: lost });
  expect(differences.map(({ where }) => where)).toEqual([expect.stringMatching(/^schema: table "broken.name"/)]);
});

test("tables that are cut into many pieces lose and double no row, whatever their keys are", async () => {
  const source = temporaryFolder();
  const seed = Math.floor(Math.random() * 2 ** 31);
  writeBigTables(join(source, "BIG.db"), seed);
  for (const dumpFiles of [["one.dmp"], ["a.dmp", "b.dmp", "c.dmp"]]) {
    const target = temporaryFolder();
    const request = { dumpFiles, parallel: 4, folder: source };
    const exported = await runExport(join(source, "BIG.db"), { ...request, parameters: { COMPRESSION: "ALL" } });
    expect(exported.errors, `seed ${seed}`).toEqual([expect.stringMatching(/"BIG"\."hidden"[^]*rowid/)]);
    for (const file of dumpFiles) expect(statSync(join(source, file)).size).toBeGreaterThan(100_000);
    expectSuccess(await runImport(target, request));
    expect(compareDatabases(join(source, "BIG.db"), join(target, "BIG.db")), `seed ${seed}`).toEqual([]);
  }
});

function execute(path: string, sql: string): void {
  const database = new Sqlite(path);
  database.exec(sql);
  database.close();
}

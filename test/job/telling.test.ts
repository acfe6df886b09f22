import Sqlite from "better-sqlite3";
import { copyFileSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { PumpError } from "../../src/base/errors.ts";
import { compareDatabases } from "../judge/compare.ts";
import { codesOf, expectSuccess, runExport, runInProcess, type JobReport, type JobRequest } from "./pump-jobs.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const STAMP = /^\d\d-[A-Z]{3}-\d\d \d\d:\d\d:\d\d\.\d{3}: /;
/** In KB: what rounding to whole pages may cost. */
const PAGE = 4;
const KB = { KB: 1, MB: 1024 };

async function run(operation: "EXPORT" | "IMPORT", database: string, request: JobRequest): Promise<JobReport> {
  const report = await runInProcess(operation, database, request);
  if (report instanceof PumpError) throw report;
  return report;
}

/** The sizes of the lines on tables, in KB, by the table. */
function sizes(lines: readonly string[], verb: string): Map<string, number> {
  const rows = lines.flatMap((line) => [...line.matchAll(new RegExp(`${verb} ("HR"\\."\\w+") +([\\d.]+) (KB|MB)`, "g"))]);
  return new Map(rows.map(([, name = "", size, unit]) => [name, Number(size) * KB[unit as "KB" | "MB"]]));
}

test("METRICS, LOGTIME and ESTIMATE tell what a job does, when, and how much; MASTER_ONLY and CONVENTIONAL_PATH", async () => {
  const folder = temporaryFolder();
  const hr = join(folder, "HR.db");
  const database = new Sqlite(hr);
  database.exec(readFileSync(new URL("../../fixtures/hr.sql", import.meta.url), "utf8"));
  database.exec(`CREATE TABLE large (id INTEGER PRIMARY KEY, a, b); CREATE TABLE gaps (k TEXT PRIMARY KEY, v) WITHOUT ROWID;
    WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 9000)
      INSERT INTO large SELECT i * 1000, 'row ' || i, randomblob(i % 90) FROM n;
    INSERT INTO gaps SELECT hex(randomblob(12)), id FROM large LIMIT 3000; ANALYZE; CREATE TABLE late (a); INSERT INTO late VALUES (1)`);
  database.close();

  const parameters = { METRICS: 1, LOGTIME: "ALL", ESTIMATE: "BLOCKS" };
  const exported = await runExport(folder, { schemas: "IN ('HR')", logFile: "x.log", parameters });
  expectSuccess(exported);
  expect(exported.lines.filter((line) => !STAMP.test(line))).toEqual([]);
  const log = readFileSync(join(folder, "x.log"), "utf8").trimEnd().split("\n");
  expect(log.slice(5)).toEqual(exported.lines);
  const said = exported.lines.map((line) => line.replace(STAMP, ""));
  expect(said).toContainEqual(expect.stringMatching(/^W-1 {6}Completed 11 INDEX objects in \d+ seconds$/));
  expect(said).toContainEqual(expect.stringMatching(/^W-1 {6}Estimated 10 TABLE_DATA objects in \d+ seconds$/));
  expect(said).toContainEqual(
    expect.stringMatching(/^W-\d \. \. exported "HR"\."large" .* 9000 rows in \d+ seconds using direct_path$/),
  );
  expect(said).toContainEqual(
    expect.stringMatching(/^W-1 {6}Completed 10 SCHEMA_EXPORT\/TABLE\/TABLE_DATA objects in \d+ seconds$/),
  );

  const truth = sizes(said, "exported");
  const only = { ESTIMATE_ONLY: 1, ESTIMATE: "STATISTICS", METRICS: 1 };
  const estimate = (await run("EXPORT", folder, { schemas: "IN ('HR')", dumpFiles: [], parameters: only })).lines;
  expect(estimate.slice(1, 5)).toEqual([
    expect.stringMatching(/^W-1 Startup took \d+ seconds$/),
    "Estimate in progress using STATISTICS method...",
    "W-1 Processing object type SCHEMA_EXPORT/TABLE/TABLE_DATA",
    expect.stringMatching(/^W-1 {6}Estimated 10 TABLE_DATA objects in \d+ seconds$/),
  ]);
  expect(estimate.at(-3)).toBe("     1 table(s) have no statistics (ANALYZE): estimated using BLOCKS method");
  expect(estimate.at(-2)).toMatch(/^Total estimation using STATISTICS method: \d+\.\d* KB$/);
  for (const guess of [sizes(said, "estimated"), sizes(estimate, "estimated")]) {
    expect([...guess.keys()].sort()).toEqual([...truth.keys()].sort());
    for (const [name, size] of guess) {
      const exact = truth.get(name) ?? 0;
      expect(Math.abs(size - exact) <= Math.max(0.2 * exact, PAGE), `${name}: ${size} KB`).toBe(true);
    }
  }

  const master = await run("IMPORT", folder, { parameters: { MASTER_ONLY: 1 } });
  expect(master.lines).toEqual([
    expect.stringMatching(/^Master table .* successfully loaded\/unloaded$/),
    expect.stringMatching(/^Job .* successfully completed at /),
  ]);

  const conventional = { METRICS: 1, DATA_ACCESS_METHOD: "CONVENTIONAL_PATH" };
  const imported = await run("IMPORT", folder, { remap: [["HR", "AGAIN"]], parameters: conventional });
  expectSuccess(imported);
  expect(imported.lines).toContainEqual(
    expect.stringMatching(/^W-\d \. \. imported "AGAIN"\."employees" .* 107 rows in \d+ seconds using conventional$/),
  );
  expect(imported.lines).toContainEqual(expect.stringMatching(/^W-1 {6}Completed 11 INDEX objects in \d+ seconds$/));
  expect(compareDatabases(hr, join(folder, "AGAIN.db"))).toEqual([]);
});

test("FLASHBACK_TIME grants the state as it is now, and no older one", async () => {
  const folder = temporaryFolder();
  const database = new Sqlite(join(folder, "A.db"));
  database.exec("CREATE TABLE t (v)");
  database.close();
  copyFileSync(join(folder, "A.db"), join(folder, "B.db"));
  const changed = new Date(2026, 0, 2, 3, 4, 5);
  utimesSync(join(folder, "A.db"), changed, changed);
  // A reader's, which says nothing of a change.
  writeFileSync(join(folder, "A.db-wal"), "");
  const request = (time: Date, schemas: string) => ({
    ...{ schemas, dumpFiles: [] },
    parameters: { ESTIMATE_ONLY: 1, FLASHBACK_TIME: time.toISOString() },
  });
  const later = new Date(changed.getTime() + 1000);
  expect(await runInProcess("EXPORT", folder, request(later, "= 'A'"))).toMatchObject({ state: "COMPLETED", errorCount: 0 });
  const refused = await runInProcess("EXPORT", folder, request(later, "IN ('A', 'B')"));
  expect(refused instanceof PumpError && codesOf(refused)).toEqual(["ORA-39002", "ORA-08180", "TSDP-00010"]);
});

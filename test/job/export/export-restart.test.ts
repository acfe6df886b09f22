import "../small-pieces.ts";
import Sqlite from "better-sqlite3";
import { copyFileSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { KU } from "../../../src/api/constants.ts";
import { findLeftovers, removeLeftover } from "../../../src/job/clean.ts";
import { compareDatabases } from "../../judge/compare.ts";
import { inThisProcess } from "../launch-here.ts";
import { codesOf, expectSuccess, failureOf, followJob, runImport, startJob } from "../pump-jobs.ts";
import { askAt, defined, logLines, restart, runToFailpoint, runToFailpoints, underFailpoint } from "../restarts.ts";

const TABLES = ["twins", "counted", "keyed", "empty"];
const REQUEST = { schemas: "= 'SRC'", dumpFiles: ["a.dmp", "b.dmp"], parallel: 2, parameters: { COMPRESSION: "NONE" } };

let pristine: string;
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tsdp-restart-"));
  pristine = join(folder, "pristine.copy");
  const database = new Sqlite(pristine);
  const rows = (count: number) => `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})`;
  // Large enough for several pieces each, and for a checkpoint.
  database.exec(`
    CREATE TABLE twins (v, w);
    ${rows(1000)} INSERT INTO twins SELECT i % 100, printf('%0250d', i % 100) FROM n;
    CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT, v);
    ${rows(800)} INSERT INTO counted (v) SELECT printf('%0400d', i) FROM n;
    CREATE TABLE keyed (a TEXT, b, v, PRIMARY KEY (a, b)) WITHOUT ROWID;
    ${rows(700)} INSERT INTO keyed SELECT hex(i * 7919 % 128), i, printf('%0300d', i) FROM n;
    CREATE TABLE empty (v);
    CREATE INDEX twins_v ON twins (v);
  `);
  database.close();
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

beforeEach(() => {
  for (const file of readdirSync(folder)) if (file !== "pristine.copy") rmSync(join(folder, file), { recursive: true });
  copyFileSync(pristine, join(folder, "SRC.db"));
});

/** The dump is whole, of one state, and the only thing that is left of the job. */
async function expectWholeDump(): Promise<void> {
  expectSuccess(await runImport(folder, { dumpFiles: REQUEST.dumpFiles, remap: [["SRC", "BACK"]] }));
  expect(compareDatabases(join(folder, "SRC.db"), join(folder, "BACK.db"))).toEqual([]);
  expect(readdirSync(folder).filter((file) => file.includes(".part"))).toEqual([]);
  expect(readdirSync(join(folder, ".tsdp/jobs"))).toEqual([]);
}

/** Once, or once since the job has begun anew. */
function expectEachTableOnce(): void {
  const all = logLines(folder);
  const beginning = all.findLastIndex((line) => line.endsWith("exported again from the beginning"));
  const lines = all.slice(beginning + 1).filter((line) => line.startsWith(". . exported"));
  expect(lines.map((line) => /"SRC"\."(\w+)"/.exec(line)?.[1]).sort()).toEqual([...TABLES].sort());
}

test("an export that is killed again and again ends as if it had not been", async () => {
  const failpoints = ["job executing", "export planned", "export piece unloaded", "export synced", "export checkpoint"];
  await runToFailpoints("EXPORT", folder, REQUEST, [...failpoints, "export ended", "job completing"]);
  expect(readdirSync(join(folder, ".tsdp/jobs"))).toContain("SYSTEM.INTERRUPTED.db");
  // At last it dies when it has told its end and is still there: it goes with its last session, or is removed like any that is dead.
  vi.stubEnv("TSDP_FAILPOINT", "job ended");
  expectSuccess(await restart(folder));
  vi.unstubAllEnvs();
  await expect.poll(cleanedJobs, { timeout: 30_000 }).toEqual([]);
  expectEachTableOnce();
  await expectWholeDump();
});

test("what was exported before a crash is not exported again", async () => {
  // Its workers wait for the checkpoint, so that something is left to be done.
  const halfway = `export piece unloaded:4:${join(folder, "held")},export checkpoint`;
  const failpoints = [halfway, "export piece written:2", "export file published", "job ending"];
  await runToFailpoints("EXPORT", folder, REQUEST, failpoints);
  expectSuccess(await restart(folder));
  const log = logLines(folder).join("\n");
  expect(log).not.toMatch(/from the beginning/);
  expect(log).toMatch(/Job INTERRUPTED has been reopened at .*\n.*Restarting "SYSTEM"\."INTERRUPTED": /);
  expectEachTableOnce();
  await expectWholeDump();
});

test("an export that is killed before it is EXECUTING is DEFINING as before, and its session may start it again", async () => {
  await runToFailpoint("EXPORT", folder, { ...REQUEST, tables: "SRC.empty" }, "export planned");
  // The control process removes the job after it has told its end.
  await expect.poll(() => readdirSync(join(folder, ".tsdp/jobs")), { timeout: 30_000 }).toEqual([]);
  expect(readdirSync(folder).sort()).toEqual([".tsdp", "SRC.db", "a.dmp", "b.dmp", "job.log", "pristine.copy"]);
});

test.each(["wal", "delete"])("a source in %s mode that has changed is exported again from the beginning", async (mode) => {
  change(`PRAGMA journal_mode = ${mode}`);
  await runToFailpoint("EXPORT", folder, REQUEST, "export checkpoint");
  change("UPDATE twins SET v = v + 1000 WHERE rowid % 2 = 0");
  const report = await restart(folder);
  expectSuccess(report);
  expect(report.lines.join("\n")).toMatch(/sources have changed since the job was interrupted: the data is exported again/);
  await expectWholeDump();
});

test.each([0, 1])("a running export stops (immediate %i) and goes on", async (immediate) => {
  const { pump, handle } = await defined("EXPORT", folder, REQUEST);
  await askAt("export piece unloaded:2", { pump, handle }, folder, () => pump.stopJob(handle, immediate));
  await settled(async () => (await pump.jobs())[0]?.state === "NOT RUNNING");
  await pump.close();
  expect(logLines(folder).join("\n")).toMatch(/stopped by user request at /);
  expect(existsSync(join(folder, "a.dmp"))).toBe(false);
  expectSuccess(await restart(folder));
  expectEachTableOnce();
  await expectWholeDump();
});

test("a running export takes another file and another degree", async () => {
  const { pump, handle } = await defined("EXPORT", folder, { ...REQUEST, dumpFiles: ["a.dmp"], parallel: 1 });
  await askAt("export piece unloaded:2", { pump, handle }, folder, async () => {
    await pump.addFile(handle, "b.dmp", "DATA_PUMP_DIR");
    await pump.setParallel(handle, 3);
    expect(codesOf(await failureOf(pump.addFile(handle, "b.dmp", "DATA_PUMP_DIR")))).toContain("ORA-39135");
  });
  await pump.getStatus(handle, KU.STATUS_JOB_ERROR);
  expect((await pump.getStatus(handle, KU.STATUS_JOB_STATUS)).status.jobStatus?.degree).toBe(3);
  expectSuccess(await followJob(pump, handle));
  await pump.close();
  await expectWholeDump();
});

test("a running export leaves nothing when it is killed", async () => {
  const { pump, handle } = await defined("EXPORT", folder, REQUEST);
  await askAt("export piece unloaded:2", { pump, handle }, folder, () => pump.stopJob(handle, 1, 0, 0));
  await pump.close();
  expect(readdirSync(join(folder, ".tsdp/jobs"))).toEqual([]);
  expect(readdirSync(folder).sort()).toEqual([".tsdp", "SRC.db", "held", "job.log", "pristine.copy"]);
});

test("an attached session finds a job whose unfinished file is gone unable to go on", async () => {
  await runToFailpoint("EXPORT", folder, REQUEST, "export checkpoint");
  for (const file of readdirSync(folder).filter((name) => name.includes(".part"))) rmSync(join(folder, file));
  expect(codesOf(await failureOf(restart(folder)))).toEqual(["ORA-39002", "ORA-39000", "ORA-31640", "ORA-27037"]);
});

test("ABORT_STEP ends an export before an object, and the restart takes it up there", async () => {
  const { pump, handle } = await defined("EXPORT", folder, REQUEST);
  await inThisProcess(() => pump.startJob(handle, 0, 2));
  expect(await followJob(pump, handle)).toMatchObject({ state: "STOPPED", errors: [expect.stringContaining("ORA-31697")] });
  await pump.close();
  await restart(folder, { failpoint: "export published" });
  expect((await restart(folder)).state).toBe("COMPLETED");
  await expectWholeDump();
});

/** What is left of jobs when all that nobody runs has been removed. */
async function cleanedJobs(): Promise<readonly string[]> {
  for (const leftover of findLeftovers(join(folder, ".tsdp"), folder)) await removeLeftover(leftover);
  return readdirSync(join(folder, ".tsdp/jobs"));
}

function change(sql: string): void {
  const database = new Sqlite(join(folder, "SRC.db"));
  database.exec(sql);
  database.close();
}

async function settled(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(20);
}

test("an export of a view goes on after a crash with the rows that are left, unless the view is another each time", async () => {
  const source = new Sqlite(join(folder, "SRC.db"));
  source.exec(`CREATE VIEW seen AS SELECT v, w, rowid AS n FROM twins ORDER BY v, n DESC;
    CREATE VIEW shuffled AS SELECT * FROM seen ORDER BY random()`);
  source.close();
  const filters = (views: string) => [["VIEWS_AS_TABLES", views] as const, ["EXCLUDE_TABLES", "Y"] as const];
  const job = { mode: "TABLE", dumpFiles: REQUEST.dumpFiles, parallel: 2, parameters: REQUEST.parameters } as const;
  await runToFailpoint("EXPORT", folder, { ...job, filters: filters("SRC.seen") }, "export checkpoint");
  expectSuccess(await restart(folder));
  expect(logLines(folder).join("\n")).not.toMatch(/from the beginning/);
  expectSuccess(await runImport(folder, { dumpFiles: REQUEST.dumpFiles, remap: [["SRC", "BACK"]] }));
  const back = new Sqlite(join(folder, "BACK.db"));
  back.prepare("ATTACH ? AS src").run(join(folder, "SRC.db"));
  const wanted = "SELECT v, w, n, row_number() OVER (ORDER BY v, n DESC) FROM src.seen";
  const difference = `SELECT count(*) FROM (SELECT v, w, n, rowid FROM main.seen EXCEPT ${wanted})`;
  expect(back.prepare(`SELECT (SELECT count(*) FROM main.seen), (${difference})`).raw().get()).toEqual([1000, 0]);
  back.close();
  for (const file of REQUEST.dumpFiles) rmSync(join(folder, file));
  // Nothing of it is recorded that a restart could go on with.
  const { pump, handle } = await defined("EXPORT", folder, { ...job, filters: filters("SRC.shuffled") });
  const whole = underFailpoint("export checkpoint", async () => {
    await startJob(pump, handle);
    expectSuccess(await followJob(pump, handle));
  });
  await expect(whole).rejects.toThrow("without passing");
  await pump.close();
});

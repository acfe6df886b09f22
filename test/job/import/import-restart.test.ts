import "../small-pieces.ts";
import Sqlite from "better-sqlite3";
import { copyFileSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { KU } from "../../../src/api/constants.ts";
import { connect } from "../../../src/api/data-pump.ts";
import { listDump } from "../../../src/api/inspect.ts";
import { pumpError } from "../../../src/base/errors.ts";
import { lockTarget } from "../../../src/job/import/target-lock.ts";
import { WorkerThread } from "../../../src/job/worker-thread.ts";
import { compareDatabases } from "../../judge/compare.ts";
import { inThisProcess } from "../launch-here.ts";
import {
  codesOf,
  defineJob,
  expectSuccess,
  failureOf,
  followJob,
  runExport,
  runImport,
  startJob,
  type JobRequest,
} from "../pump-jobs.ts";
import { askAt, defined, killJob, logLines, restart, runToFailpoint, runToFailpoints, underFailpoint } from "../restarts.ts";

const KEPT = ["SRC.copy", "OTHER.copy", "OLD.copy", "appended.copy", "replaced.copy", "kept.dmp"];
const TO_NEW: JobRequest = {
  dumpFiles: ["kept.dmp"],
  remap: [
    ["SRC", "NEW"],
    ["OTHER", "SECOND"],
  ],
  parallel: 2,
};
const TO_OLD: JobRequest = {
  dumpFiles: ["kept.dmp"],
  mode: "SCHEMA",
  schemas: "= 'SRC'",
  remap: [["SRC", "OLD"]],
  parallel: 2,
  parameters: { TABLE_EXISTS_ACTION: "APPEND" },
};
const REPLACING: JobRequest = { ...TO_OLD, parameters: { TABLE_EXISTS_ACTION: "REPLACE" } };

let folder: string;
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "tsdp-restart-"));
  writeSchema(at("SRC.db"), 0);
  writeSchema(at("OTHER.db"), 500);
  writeSchema(at("OLD.db"), 1_000_000);
  expectSuccess(await runExport(folder, { schemas: "IN ('SRC','OTHER')", dumpFiles: ["kept.dmp"] }));
  for (const name of ["SRC", "OTHER", "OLD"]) copyFileSync(at(`${name}.db`), at(`${name}.copy`));
  expectSuccess(await runImport(folder, TO_OLD));
  copyFileSync(at("OLD.db"), at("appended.copy"));
  copyFileSync(at("OLD.copy"), at("OLD.db"));
  expectSuccess(await runImport(folder, REPLACING));
  copyFileSync(at("OLD.db"), at("replaced.copy"));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

beforeEach(() => {
  for (const file of readdirSync(folder)) if (!KEPT.includes(file)) rmSync(at(file), { recursive: true });
  copyFileSync(at("OLD.copy"), at("OLD.db"));
});

/** A table of more than one piece without any key, others with keys that begin above `shift`, and a full text index. */
function writeSchema(path: string, shift: number): void {
  const database = new Sqlite(path);
  const rows = (count: number) => `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})`;
  database.exec(`
    CREATE TABLE twins (v, w);
    ${rows(1200)} INSERT INTO twins SELECT i % 100, printf('%0250d', i % 100) FROM n;
    CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT, v UNIQUE);
    ${rows(300)} INSERT INTO counted SELECT i + ${shift}, i + ${shift} FROM n;
    CREATE TABLE keyed (a TEXT, b, v, PRIMARY KEY (a, b)) WITHOUT ROWID;
    ${rows(800)} INSERT INTO keyed SELECT hex(i * 7919 % 128), i + ${shift}, printf('%0300d', i) FROM n;
    CREATE INDEX twins_v ON twins (v);
  `);
  if (shift < 1000) database.exec("CREATE VIRTUAL TABLE words USING fts5 (w); INSERT INTO words VALUES ('one'), ('two')");
  database.close();
}

function expectNothingLeft(): void {
  expect(readdirSync(folder).filter((file) => file.includes(".part"))).toEqual([]);
  expect(readdirSync(at(".tsdp/jobs")).filter((file) => !file.includes("-1.lock"))).toEqual([]);
}

function expectBoth(): void {
  expect(compareDatabases(at("SRC.copy"), at("NEW.db"))).toEqual([]);
  expect(compareDatabases(at("OTHER.copy"), at("SECOND.db"))).toEqual([]);
  expectNothingLeft();
}

function expectEachTableOnce(schema: string, tables: readonly string[]): void {
  const lines = logLines(folder).filter((line) => line.startsWith(`. . imported "${schema}"`));
  expect(lines.map((line) => /"\w+"\."(\w+)"/.exec(line)?.[1]).sort()).toEqual([...tables].sort());
}

const isRunning = () => existsSync(at(".tsdp/jobs/SYSTEM.INTERRUPTED.db"));

test.each([
  [
    ["job executing", "import begun anew", "import staged:2", "import piece before commit:5", "import publish before commit"],
    // Two schemas are published at a time: the run before has died at a point at which one of them was not.
    ["import publication noted", "import whole", "import finished", "import named", "job completing"],
  ],
  [
    ["import staged", "import piece before commit", "import piece loaded", "import piece loaded:6"],
    ["import published", "import mark dropped", "job ending"],
  ],
])("an import of new schemas that is killed at %j and %j, one after the other, ends as if it had not been", async (...points) => {
  await runToFailpoints("IMPORT", folder, TO_NEW, points.flat());
  expect(isRunning()).toBe(true);
  expectSuccess(await restart(folder));
  expectBoth();
  for (const schema of ["NEW", "SECOND"])
    expectEachTableOnce(schema, [
      "twins",
      "counted",
      "keyed",
      ...["config", "content", "data", "docsize", "idx"].map((t) => `words_${t}`),
    ]);
});

test.each([
  [
    "append",
    TO_OLD,
    ["import staged", "import piece loaded:2", "import piece before commit:2", "import publish before commit"].concat([
      "import published",
      "import mark dropped",
      "job completing",
    ]),
  ],
  ["replace", REPLACING, ["import piece before commit:4", "import publication noted", "import mark dropped"]],
])("an import into an existing schema ($0) that is killed at $2 adds each row once", async (action, request, failpoints) => {
  await runToFailpoints("IMPORT", folder, request, failpoints);
  expectSuccess(await restart(folder));
  expect(compareDatabases(at(action === "append" ? "appended.copy" : "replaced.copy"), at("OLD.db"))).toEqual([]);
  expectNothingLeft();
});

test("an import whose publication has to wait too long for another program leaves what it has loaded to its restart", async () => {
  const call = Reflect.get(WorkerThread.prototype, "call");
  vi.spyOn(WorkerThread.prototype, "call").mockImplementation(function (this: WorkerThread, request, onEvent) {
    if (request.do !== "commit publication") return call.call(this, request, onEvent);
    return Promise.reject(pumpError([["ORA-39006"], { code: "SQLITE_BUSY", text: "database is locked" }]));
  });
  const { pump, handle } = await defined("IMPORT", folder, TO_OLD);
  await inThisProcess(() => startJob(pump, handle));
  const { state, errors } = await followJob(pump, handle);
  expect([state, ...errors]).toEqual(["STOPPED", expect.stringMatching(/^TSDP-00012: .*\nSQLITE_BUSY: /)]);
  vi.restoreAllMocks();
  while ((await pump.jobs())[0]?.state !== "NOT RUNNING") await sleep(20);
  await pump.close();
  const loaded = pieces();
  expect(loaded).not.toEqual([]);
  await restart(folder, { failpoint: "import staged" });
  expect(pieces()).toEqual(loaded);
  expect(await restart(folder)).toMatchObject({ state: "COMPLETED", errorCount: 1, errors: [] });
  expect(compareDatabases(at("appended.copy"), at("OLD.db"))).toEqual([]);
  expectNothingLeft();
});

/** What has been loaded into the schema that exists and is not published. */
function pieces(): readonly unknown[] {
  const database = new Sqlite(at("OLD.db"), { readonly: true });
  try {
    const name = database.prepare("SELECT name FROM sqlite_schema WHERE name GLOB 'tsdp:*:0'").pluck().get();
    return database.prepare(`SELECT * FROM "${String(name)}"`).all();
  } finally {
    database.close();
  }
}

test("an import goes on with no other dump than the one that it has begun with", async () => {
  copyFileSync(at("kept.dmp"), at("begun.dmp"));
  await runToFailpoint("IMPORT", folder, { ...TO_OLD, dumpFiles: ["begun.dmp"] }, "import piece loaded:2");
  copyFileSync(at("SRC.copy"), at("SRC.db"));
  expectSuccess(await runExport(folder, { schemas: "= 'SRC'", dumpFiles: ["begun.dmp"], reuse: true }));
  const refused = await failureOf(restart(folder));
  expect(codesOf(refused)).toEqual(["ORA-39002", "TSDP-00010", "ORA-39140"]);
  copyFileSync(at("kept.dmp"), at("begun.dmp"));
  expectSuccess(await restart(folder));
  expect(compareDatabases(at("appended.copy"), at("OLD.db"))).toEqual([]);
  expectNothingLeft();
});

test("an import that fails and is killed while it takes back what it has loaded starts again with all rows", async () => {
  const { pump, handle } = await defined("IMPORT", folder, { ...TO_OLD, parallel: 1 });
  const [, second] = (await listDump([at("kept.dmp")])).objects.filter(
    ({ schema, type }) => schema === "SRC" && type === "TABLE",
  );
  expect(second?.name).toBe("counted");
  await underFailpoint("import given up", async () => {
    await pump.startJob(handle, 0, second?.number);
    await followJob(pump, handle);
  });
  await pump.close();
  // The error that has ended the first run counts.
  expect(await restart(folder)).toMatchObject({ state: "COMPLETED", errorCount: 1, errors: [] });
  expect(compareDatabases(at("appended.copy"), at("OLD.db"))).toEqual([]);
  expectNothingLeft();
});

test.each([0, 1])("a running import stops (immediate %i) and goes on", async (immediate) => {
  const { pump, handle } = await defined("IMPORT", folder, TO_NEW);
  // One that waits for its items dies when they have ended.
  const failpoint = `${immediate === 0 ? "job stopping," : ""}import piece before commit:2`;
  await askAt(failpoint, { pump, handle }, folder, () => pump.stopJob(handle, immediate));
  while ((await pump.jobs())[0]?.state !== "NOT RUNNING") await sleep(20);
  await pump.close();
  expect(existsSync(at("NEW.db"))).toBe(false);
  expectSuccess(await restart(folder));
  expectBoth();
});

test("a killed job leaves an existing schema as it was, and nothing of a new one", async () => {
  for (const request of [TO_OLD, TO_NEW]) {
    await runToFailpoint("IMPORT", folder, request, "import piece loaded:3");
    await killJob(folder);
    expectNothingLeft();
  }
  expect(compareDatabases(at("OLD.copy"), at("OLD.db"))).toEqual([]);
  expect(readdirSync(folder).filter((file) => file.endsWith(".db"))).toEqual(["OLD.db"]);
});

test("SKIP_CURRENT leaves out the table that was being loaded, in all further runs", async () => {
  await runToFailpoint("IMPORT", folder, { ...TO_NEW, parallel: 1 }, "import piece loaded:2");
  await restart(folder, { skipCurrent: 1, failpoint: "import publish before commit" });
  const report = await restart(folder);
  expect(report).toMatchObject({ state: "COMPLETED", errorCount: 1 });
  expect(logLines(folder).filter((line) => line.startsWith("ORA-39058"))).toHaveLength(1);
  const database = new Sqlite(at("SECOND.db"), { readonly: true });
  const tables = database
    .prepare("SELECT name FROM sqlite_schema WHERE name IN ('twins','twins_v','counted','keyed')")
    .pluck()
    .all();
  database.close();
  expect(tables.sort()).toEqual(["counted", "keyed"]);
});

test("two jobs don't write one schema at a time", async () => {
  const pump = await connect(folder, { currentDirectory: folder });
  const handle = await defineJob(pump, "IMPORT", TO_OLD);
  const other = lockTarget(at(".tsdp/jobs"), "OLD", at("OLD.db"));
  const refused = await failureOf(inThisProcess(() => pump.startJob(handle)));
  expect(codesOf(refused)).toEqual(["ORA-39002", "TSDP-00010"]);
  expect(refused.message).toContain("schema OLD is being loaded by another job");
  other.remove();
  await inThisProcess(() => startJob(pump, handle));
  await pump.getStatus(handle, KU.STATUS_JOB_ERROR);
  expectSuccess(await followJob(pump, handle));
  await pump.close();
});

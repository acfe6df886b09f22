import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import type { DataPump } from "../../src/api/data-pump.ts";
import { findLeftovers, removeLeftover } from "../../src/job/clean.ts";
import { ControlTable } from "../../src/job/control-table.ts";
import { controlTablePath, jobsFolder } from "../../src/job/jobs.ts";
import { LivenessLock, lockPath } from "../../src/job/liveness.ts";
import { exampleSession, expectCodes } from "../api/example-session.ts";

let pump: DataPump;
let folder: string;
let home: string;

beforeEach(async () => {
  ({ pump, folder } = await exampleSession());
  home = join(folder, ".tsdp");
});

function tableOf(name: string): ControlTable {
  return ControlTable.open(controlTablePath(home, "SYSTEM", name));
}

/** A job whose session has gone while it was in a state. */
async function abandoned(name: string, state: "EXECUTING" | "STOPPED" | "COMPLETED" | "DEFINING"): Promise<void> {
  const handle = await pump.open("EXPORT", "SCHEMA", null, name);
  const table = tableOf(name);
  table.updateJob({ state: state === "DEFINING" ? "STOPPED" : state, startTime: new Date().toISOString() });
  await pump.setParallel(handle, 1).catch(() => undefined);
  if (state === "COMPLETED") table.define(() => ({ parameters: { KEEP_MASTER: 1 } }));
  await pump.detach(handle);
  if (state === "DEFINING") table.updateJob({ state });
  table.close();
}

describe("the views", () => {
  test("show every job with its sessions, live or not, and say NOT RUNNING of those that nobody holds", async () => {
    await pump.open("EXPORT", "SCHEMA", null, "DEFINED");
    for (const name of ["CRASHED", "STOPPED", "KEPT"] as const)
      await abandoned(name, name === "CRASHED" ? "EXECUTING" : name === "KEPT" ? "COMPLETED" : "STOPPED");
    await pump.open("IMPORT", "FULL", null, "RUNNING");
    const running = tableOf("RUNNING");
    running.updateJob({ state: "EXECUTING", pid: process.pid, percentDone: 40 });
    running.setWorker({
      ...{ number: 1, state: "EXECUTING", schema: "HR", name: "t", objectType: "TABLE", completedObjects: 0, totalObjects: 0 },
      ...{
        completedRows: 0,
        completedBytes: 0,
        percentDone: 0,
        objectStartTime: null,
        objectStatusTime: null,
        accessMethod: null,
      },
    });
    const lock = LivenessLock.acquire(lockPath(running.path), 1000);
    writeFileSync(controlTablePath(home, "HR", "DAMAGED"), "not a database".repeat(100));
    const jobs = await pump.query(
      "SELECT owner_name, job_name, operation, job_mode, state, attached_sessions, datapump_sessions FROM DBA_DATAPUMP_JOBS ORDER BY 1, 2",
    );
    expect(jobs.map((job) => Object.values(job))).toEqual([
      ["HR", "DAMAGED", "UNDEFINED", "UNDEFINED", "NOT RUNNING", 0, 0],
      ["SYSTEM", "CRASHED", "EXPORT", "SCHEMA", "NOT RUNNING", 0, 0],
      ["SYSTEM", "DEFINED", "EXPORT", "SCHEMA", "DEFINING", 1, 1],
      ["SYSTEM", "KEPT", "EXPORT", "SCHEMA", "NOT RUNNING", 0, 0],
      ["SYSTEM", "RUNNING", "IMPORT", "FULL", "EXECUTING", 1, 3],
      ["SYSTEM", "STOPPED", "EXPORT", "SCHEMA", "NOT RUNNING", 0, 0],
    ]);
    const sessions = await pump.query("SELECT job_name, session_type FROM DBA_DATAPUMP_SESSIONS ORDER BY 1, 2");
    expect(sessions.map((session) => Object.values(session))).toEqual([
      ["DEFINED", "DBMS_DATAPUMP"],
      ["RUNNING", "DBMS_DATAPUMP"],
      ["RUNNING", "MASTER"],
      ["RUNNING", "WORKER"],
    ]);
    expect(await pump.query("SELECT count(*) AS n FROM user_datapump_jobs WHERE state = ?", "NOT RUNNING")).toEqual([{ n: 3 }]);
    lock.remove();
    running.close();
  });

  test.each([
    "DELETE FROM dba_datapump_jobs",
    "CREATE TABLE t (a)",
    "SELECT * FROM nothing",
    "SELECT 1; SELECT 2",
    "ATTACH 'x' AS y",
  ])("answer nothing but one SELECT: %s", async (sql) => {
    await expectCodes(pump.query(sql), "ORA-00942", "TSDP-00010");
  });
});

test("the views of object paths list what INCLUDE and EXCLUDE can name in each mode", async () => {
  const paths = async (view: string, where: string) => {
    const rows = await pump.query(`SELECT object_path FROM ${view} WHERE ${where} ORDER BY 1`);
    return rows.map(({ object_path }) => object_path);
  };
  const indexes = "object_path LIKE '%INDEX'";
  const prefixed = (prefix: string) => [`${prefix}/TABLE/INDEX`, `${prefix}/TABLE/INDEX/INDEX`];
  const short = ["TABLE/INDEX", "TABLE/INDEX/INDEX"];
  expect(await paths("SCHEMA_EXPORT_OBJECTS", indexes)).toEqual(["INDEX", "INDEX/INDEX", ...prefixed("SCHEMA_EXPORT"), ...short]);
  expect(await paths("TABLE_EXPORT_OBJECTS", indexes)).toEqual(["INDEX", "INDEX/INDEX", ...short, ...prefixed("TABLE_EXPORT")]);
  expect(await paths("DATABASE_EXPORT_OBJECTS", "object_path LIKE 'DATABASE_EXPORT/SCHEMA' AND named = 'Y'")).toHaveLength(1);
  expect(await paths("SCHEMA_EXPORT_OBJECTS", "object_path LIKE '%STATISTICS%' AND named = 'Y'")).toEqual([]);
  expect(await paths("TABLE_EXPORT_OBJECTS", "object_path LIKE 'VIEW%' OR object_path = 'SCHEMA'")).toEqual([
    ...["VIEWS_AS_TABLES", "VIEWS_AS_TABLES/TABLE", "VIEWS_AS_TABLES/TABLE_DATA"],
  ]);
  const all = await pump.query("SELECT * FROM schema_export_objects UNION ALL SELECT * FROM table_export_objects");
  expect(all.filter(({ comments }) => comments === "")).toEqual([]);
});

test("what dead jobs left is found and removed; what lives stays", async () => {
  await pump.open("EXPORT", "SCHEMA", null, "ALIVE");
  await abandoned("CRASHED", "EXECUTING");
  await abandoned("DEFINED", "DEFINING");
  writeFileSync(controlTablePath(home, "HR", "DAMAGED"), "not a database".repeat(100));
  writeFileSync(join(jobsFolder(home), "SYSTEM.GONE.lock"), "");
  writeFileSync(join(folder, ".HR.db.0123ABCD.part"), "");
  writeFileSync(join(folder, ".HR.db.0123ABCD.party"), "the user's");
  const alive = tableOf("ALIVE");
  const unfinished = `.HR.db.${alive.definition().guid.slice(0, 8)}.part`;
  alive.close();
  writeFileSync(join(folder, unfinished), "");
  const found = findLeftovers(home, folder);
  expect(found.map(({ kind }) => kind).sort()).toEqual(["damaged job", "definition", "job", "lock file", "unfinished file"]);
  for (const leftover of found.filter(({ stays }) => !stays)) await removeLeftover(leftover);
  const left = findLeftovers(home, folder);
  // It may be a file of a job that runs, or can be started again, under another home.
  const foreign = join(folder, ".HR.db.0123ABCD.part");
  expect(left).toMatchObject([{ path: foreign, stays: true, loses: expect.stringContaining("another database") as string }]);
  for (const leftover of left) await expect(removeLeftover(leftover, true)).rejects.toThrow("ORA-39002");
  expect((await pump.jobs()).map(({ name }) => name)).toEqual(["ALIVE"]);
  expect(readdirSync(folder).sort()).toEqual(
    [".HR.db.0123ABCD.part", ".HR.db.0123ABCD.party", unfinished, ".tsdp", "dumps"].sort(),
  );
});

import { existsSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { ControlTable } from "../../src/job/control-table.ts";
import type { JobDefinition } from "../../src/job/definition.ts";
import {
  controlTablePath,
  createJob,
  defaultJobName,
  isOpenDatabase,
  jobsFolder,
  leaveJob,
  listJobs,
  onlyJob,
  removeJob,
  attachJob,
  type AttachedJob,
} from "../../src/job/jobs.ts";
import { isAlive, LivenessLock, lockPath } from "../../src/job/liveness.ts";
import { tracePath } from "../../src/job/trace.ts";
import { jobDefinition } from "./job-definition.ts";
import { temporaryFolder } from "./temporary-folder.ts";

let database: string;

function definition(name: string, owner = "SYSTEM"): JobDefinition {
  return jobDefinition({ owner, name, operation: "EXPORT", mode: "SCHEMA", database });
}

describe("jobs", () => {
  let home: string;
  beforeEach(() => {
    database = temporaryFolder();
    home = join(database, ".tsdp");
  });

  /** What is left of a job after its session or control process was killed: the table without the lock. */
  function abandon(name: string, change: Parameters<ControlTable["updateJob"]>[0] = {}): void {
    const { table, session } = createJob(home, definition(name));
    if (Object.keys(change).length > 0) table.updateJob(change);
    table.close();
    session.end();
  }

  function remove({ table, session }: AttachedJob): void {
    session.end();
    removeJob(table, LivenessLock.acquire(lockPath(table.path), 1000));
  }

  test("a job is private to its owner, under any umask, and leaves nothing when it is removed", () => {
    const umask = process.umask(0);
    const job = createJob(home, definition("EXAMPLE1"));
    const { table } = job;
    process.umask(umask);
    table.request({ verb: "log_entry", message: "makes the -wal grow", logFileOnly: false });
    expect(statSync(home).mode & 0o777).toBe(0o700);
    expect(statSync(jobsFolder(home)).mode & 0o777).toBe(0o700);
    for (const file of readdirSync(jobsFolder(home)))
      expect(statSync(join(jobsFolder(home), file)).mode & 0o777, file).toBe(0o600);
    writeFileSync(tracePath(table.path), "");
    remove(job);
    expect(readdirSync(jobsFolder(home))).toEqual([]);
  });

  test("a job of the same owner and name exists once, alive or not; other owners and cases have their own", () => {
    const { table, session } = createJob(home, definition("EXAMPLE1"));
    expect(() => createJob(home, definition("EXAMPLE1"))).toThrow(/^ORA-31634: job already exists$/);
    for (const other of [definition("EXAMPLE1", "HR"), definition("example1")]) {
      remove(createJob(home, other));
    }
    table.updateJob({ state: "EXECUTING" });
    table.close();
    session.end();
    expect(() => createJob(home, definition("EXAMPLE1")), "NOT RUNNING").toThrow("ORA-31634");
    expect(isAlive(lockPath(controlTablePath(home, "SYSTEM", "EXAMPLE1"))), "the refused session holds nothing").toBe(false);
  });

  test("what a killed session left while DEFINING is replaced and never listed", () => {
    abandon("EXAMPLE1");
    writeFileSync(controlTablePath(home, "SYSTEM", "HALF_MADE"), "");
    expect(listJobs(home)).toEqual([]);
    for (const name of ["EXAMPLE1", "HALF_MADE"]) {
      const job = createJob(home, { ...definition(name), guid: "1".repeat(32) });
      expect(job.table.definition().guid).toBe("1".repeat(32));
      remove(job);
    }
  });

  test("a job lives while any of its sessions does, and one that is DEFINING goes with the last", async () => {
    const first = createJob(home, definition("EXAMPLE1"));
    const second = await attachJob(home, "SYSTEM", "EXAMPLE1", "SYSTEM");
    expect(listJobs(home)).toMatchObject([{ state: "DEFINING", attachedSessions: 2 }]);
    leaveJob(first);
    expect(listJobs(home)).toMatchObject([{ state: "DEFINING", attachedSessions: 1 }]);
    leaveJob(second);
    expect(readdirSync(jobsFolder(home))).toEqual([]);
    await expect(attachJob(home, "SYSTEM", "EXAMPLE1", "SYSTEM")).rejects.toThrow("ORA-31626");
  });

  test("attaching to a job that nobody runs makes it IDLING, until its last session leaves", async () => {
    abandon("EXAMPLE1", { state: "EXECUTING", pid: process.pid, startTime: new Date().toISOString() });
    const [first, second] = [
      await attachJob(home, "SYSTEM", "EXAMPLE1", "SYSTEM"),
      await attachJob(home, "SYSTEM", "EXAMPLE1", "HR"),
    ];
    expect(listJobs(home)).toMatchObject([{ state: "IDLING", attachedSessions: 2, pid: null }]);
    leaveJob(first);
    expect(listJobs(home)).toMatchObject([{ state: "IDLING" }]);
    leaveJob(second);
    expect(listJobs(home)).toMatchObject([{ state: "NOT RUNNING", attachedSessions: 0 }]);
  });

  test("the only job that runs needs no name, and when none runs the only one that there is", () => {
    const stopped = { state: "STOPPED", startTime: new Date().toISOString() } as const;
    abandon("STOPPED", stopped);
    expect(onlyJob(home, "SYSTEM")).toBe("STOPPED");
    expect(() => onlyJob(home, "HR")).toThrow("ORA-31630");
    abandon("OTHER", stopped);
    expect(() => onlyJob(home, "SYSTEM")).toThrow("ORA-31630");
    const running = createJob(home, definition("RUNNING"));
    expect(onlyJob(home, "SYSTEM")).toBe("RUNNING");
    leaveJob(running);
  });

  test("a job that was being defined by dead sessions can't be attached to; one that has completed stays so", async () => {
    abandon("COMPLETED", { state: "COMPLETED" });
    const completed = await attachJob(home, "SYSTEM", "COMPLETED", "SYSTEM");
    expect(completed.table.job().state).toBe("COMPLETED");
    leaveJob(completed);
    expect(listJobs(home), "it would have removed itself").toEqual([]);
    abandon("DEFINING");
    await expect(attachJob(home, "SYSTEM", "DEFINING", "SYSTEM")).rejects.toThrow("ORA-31626");
    await expect(attachJob(home, "SYSTEM", "NONE", "SYSTEM")).rejects.toThrow("ORA-31626");
  });

  test("a control process that has said its last word is waited for", async () => {
    abandon("EXAMPLE1", { state: "STOPPED", startTime: new Date().toISOString() });
    const lock = LivenessLock.acquire(lockPath(controlTablePath(home, "SYSTEM", "EXAMPLE1")), 1000);
    setTimeout(() => {
      lock.remove();
    }, 100);
    const job = await attachJob(home, "SYSTEM", "EXAMPLE1", "SYSTEM");
    expect(job.table.job().state).toBe("IDLING");
    remove(job);
  });

  test("the table of a job that ended can be followed to the end, and a late reader does no harm to its successor", () => {
    const first = createJob(home, definition("EXAMPLE1"));
    const follower = ControlTable.open(first.table.path);
    expect(follower.job().state).toBe("DEFINING");
    first.table.updateJob({ state: "COMPLETED" });
    remove(first);
    const second = createJob(home, definition("EXAMPLE1"));
    second.table.updateJob({ rowsProcessed: 7 });
    expect(follower.job().state).toBe("COMPLETED");
    follower.close();
    second.table.updateJob({ state: "EXECUTING" });
    const reader = ControlTable.open(second.table.path);
    expect(reader.job()).toMatchObject({ state: "EXECUTING", rowsProcessed: 7 });
    reader.close();
    remove(second);
  });

  test("default names count from 01, skip existing jobs, use abandoned definitions again, and end at 99", () => {
    const next = () => defaultJobName(home, "SYSTEM", "EXPORT", "SCHEMA");
    expect(next()).toBe("SYS_EXPORT_SCHEMA_01");
    abandon("SYS_EXPORT_SCHEMA_01");
    expect(next()).toBe("SYS_EXPORT_SCHEMA_01");
    const held = createJob(home, definition(next()));
    expect(next()).toBe("SYS_EXPORT_SCHEMA_02");
    expect(defaultJobName(home, "SYSTEM", "IMPORT", "FULL")).toBe("SYS_IMPORT_FULL_01");
    for (let number = 2; number <= 99; number++) {
      const name = `SYS_EXPORT_SCHEMA_${String(number).padStart(2, "0")}`;
      const table = ControlTable.create(controlTablePath(home, "SYSTEM", name), definition(name));
      table.updateJob({ state: "STOPPED" });
      table.close();
    }
    expect(next).toThrow(/^ORA-31634: .*\nORA-31664: /);
    remove(held);
    expect(next()).toBe("SYS_EXPORT_SCHEMA_01");
  });

  test("the list tells running, defining, stopped and damaged jobs", () => {
    const held = createJob(home, definition("B", "HR"));
    abandon("A", {
      state: "EXECUTING",
      pid: process.pid,
      percentDone: 40,
      rowsProcessed: 107,
      bytesProcessed: 2048,
      errorCount: 1,
      degree: 2,
    });
    writeFileSync(controlTablePath(home, "HR", "DAMAGED"), "not a database, but long enough to be read as one".repeat(20));
    const [defining, damaged, stopped] = listJobs(home);
    expect(defining).toMatchObject({
      owner: "HR",
      name: "B",
      state: "DEFINING",
      operation: "EXPORT",
      mode: "SCHEMA",
      startTime: null,
    });
    expect(damaged).toMatchObject({ owner: "HR", name: "DAMAGED", state: "NOT RUNNING", operation: "UNDEFINED" });
    expect(stopped).toMatchObject({
      owner: "SYSTEM",
      name: "A",
      state: "NOT RUNNING",
      pid: null,
      percentDone: 40,
      rows: 107,
      bytes: 2048,
      errorCount: 1,
      degree: 2,
    });
    held.table.updateJob({ state: "EXECUTING", pid: 4711 });
    const control = LivenessLock.acquire(lockPath(held.table.path), 1000);
    expect(listJobs(home)[0]).toMatchObject({ state: "EXECUTING", pid: 4711 });
    control.release();
    remove(held);
  });

  test("a control table that can't be made names the job and says why", () => {
    writeFileSync(home, "");
    expect(() => createJob(home, definition("EXAMPLE1"))).toThrow(
      expect.objectContaining({
        message: expect.stringMatching(/^ORA-31626: .*\nORA-31633: .*"SYSTEM.EXAMPLE1"\nORA-29283: .*\nE[A-Z]+: /) as string,
        hint: expect.stringContaining("TSDP_HOME") as string,
      }),
    );
  });

  test("any two names have safe files of their own", () => {
    const name = fc.string({ minLength: 1, maxLength: 128, unit: "grapheme" });
    fc.assert(
      fc.property(name, name, name, name, (owner, job, otherOwner, otherJob) => {
        const file = basename(controlTablePath("/home", owner, job));
        expect(file).toMatch(/^[\w$#%~-]+\.[\w$#%~-]+\.db$/);
        expect(file.length).toBeLessThan(240);
        const otherFile = basename(controlTablePath("/home", otherOwner, otherJob));
        expect(file === otherFile).toBe(owner === otherOwner && job === otherJob);
      }),
    );
    expect(basename(controlTablePath("/home", "HR", "../a.b"))).toBe("HR.%2E%2E%2Fa%2Eb.db");
  });

  test("an open control table and its companions are known as open", () => {
    const job = createJob(home, definition("EXAMPLE1"));
    const { table } = job;
    for (const suffix of ["", "-wal", "-shm"]) expect(isOpenDatabase(table.path + suffix), suffix).toBe(true);
    remove(job);
    expect(existsSync(table.path)).toBe(false);
    expect(isOpenDatabase(table.path)).toBe(false);
  });
});

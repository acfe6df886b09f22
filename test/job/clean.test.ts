import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { findLeftovers, removeLeftover } from "../../src/job/clean.ts";
import { ControlTable } from "../../src/job/control-table.ts";
import type { JobDefinition } from "../../src/job/definition.ts";
import { attachJob, controlTablePath, createJob, jobsFolder, listJobs, type AttachedJob } from "../../src/job/jobs.ts";
import { LivenessLock, lockPath } from "../../src/job/liveness.ts";
import { jobDefinition } from "./job-definition.ts";
import { temporaryFolder } from "./temporary-folder.ts";

let folder: string;
let home: string;

beforeEach(() => {
  folder = temporaryFolder();
  home = join(folder, ".tsdp");
});

function definition(name: string): JobDefinition {
  return jobDefinition({ name, operation: "IMPORT", mode: "SCHEMA", database: folder });
}

function define(name: string): AttachedJob {
  return createJob(home, definition(name));
}

/** A job whose processes were all killed: its session and the lock of that are still there. */
function killed(name: string, sql = ""): string {
  const { table, session } = define(name);
  table.updateJob({ state: "EXECUTING", startTime: new Date().toISOString() });
  table.connection.exec(sql);
  table.close();
  session.end();
  writeFileSync(join(jobsFolder(home), `SYSTEM.${name}.0123ABCD-1.lock`), "");
  return table.path;
}

test("a job is shown as what it is when its control table can't be written, and nothing of it is touched", () => {
  const path = killed("FULL", "CREATE TRIGGER full BEFORE DELETE ON session BEGIN SELECT RAISE(ABORT, 'disk is full'); END");
  const files = readdirSync(jobsFolder(home));
  expect(listJobs(home)).toMatchObject([{ name: "FULL", operation: "IMPORT", state: "NOT RUNNING", attachedSessions: 0 }]);
  expect(findLeftovers(home, folder)).toMatchObject([{ kind: "job", name: "SYSTEM.FULL", stays: false }]);
  expect(readdirSync(jobsFolder(home))).toEqual(files);
  const table = ControlTable.open(path);
  expect(table.sessions()).toHaveLength(1);
  table.close();
});

test("a control table that can't be read just now is told and stays; nobody's job takes its place", async () => {
  mkdirSync(jobsFolder(home), { recursive: true });
  const path = controlTablePath(home, "SYSTEM", "UNREADABLE");
  mkdirSync(path);
  expect(listJobs(home)).toMatchObject([{ name: "UNREADABLE", operation: "UNDEFINED" }]);
  const found = findLeftovers(home, folder);
  expect(found).toMatchObject([{ kind: "unreadable job", name: "SYSTEM.UNREADABLE", stays: true }]);
  expect(found[0]?.loses).toMatch(/^Nothing: .*SQLITE_CANTOPEN/);
  for (const leftover of found) await expect(removeLeftover(leftover, true)).rejects.toThrow("ORA-39002");
  expect(existsSync(path)).toBe(true);
  expect(() => define("UNREADABLE")).toThrow(/^ORA-31626: .*\nORA-31633: .*\nSQLITE_CANTOPEN/);
});

test("only what is no control table any more is damaged", () => {
  const change = (name: string, sql: string) => killed(name, sql);
  change("NO_TABLE", "DROP TABLE worker");
  change("NO_JSON", "UPDATE job SET definition = '{'");
  writeFileSync(controlTablePath(home, "SYSTEM", "NO_DATABASE"), "not a database".repeat(100));
  change("OTHER_VERSION", "ALTER TABLE job RENAME COLUMN abort_step TO step");
  const kinds = Object.fromEntries(findLeftovers(home, folder).map(({ name, kind }) => [name.replace("SYSTEM.", ""), kind]));
  expect(kinds).toEqual({
    NO_TABLE: "damaged job",
    NO_JSON: "damaged job",
    NO_DATABASE: "damaged job",
    OTHER_VERSION: "unreadable job",
  });
});

test("of a job whose database was copied or moved only the control table goes, and nobody goes on with it there", async () => {
  killed("EXAMPLE1");
  const copy = temporaryFolder();
  cpSync(folder, copy, { recursive: true });
  const copied = join(copy, ".tsdp");
  await expect(attachJob(copied, "SYSTEM", "EXAMPLE1", "SYSTEM")).rejects.toThrow(/^ORA-39002: .*\nTSDP-00010: the job is of /);
  const found = findLeftovers(copied, copy);
  expect(found).toMatchObject([{ kind: "job", loses: expect.stringContaining(folder) as unknown }]);
  // To be started again it would need the process that removes what it has made.
  for (const leftover of found) await removeLeftover(leftover);
  expect(listJobs(copied)).toEqual([]);
  expect(listJobs(home)).toHaveLength(1);
  const moved = join(temporaryFolder(), "moved");
  renameSync(folder, moved);
  await expect(attachJob(join(moved, ".tsdp"), "SYSTEM", "EXAMPLE1", "SYSTEM")).rejects.toThrow("moved from there");
  // A link in the old place leads to the same files.
  symlinkSync(moved, folder);
  const { table, session } = await attachJob(join(moved, ".tsdp"), "SYSTEM", "EXAMPLE1", "SYSTEM");
  table.close();
  session.end();
  rmSync(folder);
  for (const leftover of findLeftovers(join(moved, ".tsdp"), moved)) await removeLeftover(leftover);
  expect(listJobs(join(moved, ".tsdp"))).toEqual([]);
});

test("a job that was taken up between the look and the removal stays", async () => {
  const { table, session } = define("DEFINED");
  table.close();
  session.end();
  const stopped = killed("STOPPED");
  writeFileSync(controlTablePath(home, "SYSTEM", "DAMAGED"), "not a database".repeat(100));
  const found = findLeftovers(home, folder);
  expect(found.map(({ kind }) => kind).sort()).toEqual(["damaged job", "definition", "job"]);
  const successor = define("DEFINED");
  const held = [stopped, controlTablePath(home, "SYSTEM", "DAMAGED")].map((path) => LivenessLock.acquire(lockPath(path), 1000));
  for (const leftover of found)
    await expect(removeLeftover(leftover, true), leftover.name).rejects.toThrow(/^ORA-39002: .*\nTSDP-00010: job /);
  for (const lock of held) lock.release();
  expect(listJobs(home).map(({ name, state }) => `${name} ${state}`)).toEqual([
    ...["DAMAGED NOT RUNNING", "DEFINED DEFINING", "STOPPED NOT RUNNING"],
  ]);
  successor.table.close();
  successor.session.end();
});

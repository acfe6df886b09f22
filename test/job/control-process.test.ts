import Sqlite from "better-sqlite3";
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test, vi } from "vitest";
import { ControlProcess } from "../../src/job/control-process.ts";
import { ControlTable } from "../../src/job/control-table.ts";
import { removeLeftovers } from "../../src/job/leftovers.ts";
import { LivenessLock, lockPath } from "../../src/job/liveness.ts";
import { LogFile } from "../../src/job/log-file.ts";
import { NO_PLACE_KEYS } from "../../src/job/place-access.ts";
import { JobRun } from "../../src/job/run.ts";
import type { WorkerPool } from "../../src/job/worker-thread.ts";
import { codesOf, failureOf, runExport, runImport } from "./pump-jobs.ts";
import { jobDefinition } from "./job-definition.ts";
import { temporaryFolder } from "./temporary-folder.ts";

let folder: string;

beforeEach(() => {
  folder = temporaryFolder();
});

function failingWith(code: string, message: string): () => never {
  return () => {
    throw Object.assign(new Error(message), { code });
  };
}

const logIsFull = failingWith("ENOSPC", "ENOSPC: no space left on device, write");

/** What a whole dump file is recorded as. */
function savedFile(directoryPath: string): string {
  const file = { number: 1, path: join(directoryPath, "a.dmp"), specification: 0, length: 1, identity: "1:1", header: "" };
  return JSON.stringify([file]);
}

/** The control table of an export of `directoryPath`/a.dmp. */
function exportTable(directoryPath: string): ControlTable {
  const definition = jobDefinition({ operation: "EXPORT", mode: "SCHEMA", database: folder });
  const table = ControlTable.create(join(folder, "SYSTEM.EXAMPLE1.db"), definition);
  table.connection.prepare("INSERT INTO export_state VALUES (1, NULL, ?, 1)").run(savedFile(directoryPath));
  return table;
}

test("an error of the start is told although the log takes no more", async () => {
  vi.spyOn(LogFile.prototype, "write").mockImplementation(logIsFull);
  const failure = await failureOf(runImport(folder, { dumpFiles: ["none.dmp"], logFile: "import.log" }));
  expect(codesOf(failure)).toContain("ORA-31640");
});

test("a run that can't tell its end looks for no requests any more", async () => {
  new Sqlite(join(folder, "A.db")).exec("CREATE TABLE t (x)").close();
  const begin = vi.spyOn(JobRun.prototype, "begin");
  const end = vi.spyOn(JobRun.prototype, "end");
  vi.spyOn(LogFile.prototype, "write").mockImplementation(() => {
    if (begin.mock.calls.length > 0) logIsFull();
  });
  await runExport(folder, { schemas: "= 'A'", logFile: "export.log" }).catch(() => undefined);
  await vi.waitUntil(() => end.mock.calls.length > 0, { timeout: 60_000 });
});

test("a removal on a disk that is full goes on without the write that only clears an old error", async () => {
  const table = exportTable(folder);
  vi.spyOn(table, "updateJob").mockImplementation(failingWith("SQLITE_FULL", "database or disk is full"));
  const lock = LivenessLock.acquire(lockPath(table.path), 1000);
  const workers = { close: () => Promise.resolve() } as unknown as WorkerPool;
  await new ControlProcess(table, lock, workers).remove("0123ABCD".repeat(4), NO_PLACE_KEYS);
  expect(() => ControlTable.open(table.path)).toThrow("ORA-31626");
});

test("a removal that can't see whether a dump file was published says so, and the job stays; one that is not there is no error", async () => {
  const table = exportTable(join(folder, "loop"));
  symlinkSync("loop", join(folder, "loop"));
  expect(codesOf(await failureOf(removeLeftovers(table, NO_PLACE_KEYS)))).toContain("ELOOP");
  mkdirSync(join(folder, "there"));
  table.connection.prepare("UPDATE export_state SET files = ?").run(savedFile(join(folder, "there")));
  await removeLeftovers(table, NO_PLACE_KEYS);
  table.close();
});

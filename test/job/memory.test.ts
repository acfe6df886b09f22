import Sqlite from "better-sqlite3";
import { spawnSync } from "node:child_process";
import { readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { connect } from "../../src/api/data-pump.ts";
import { defineJob, expectSuccess, followJob, type JobReport, type JobRequest } from "./pump-jobs.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const MEBIBYTE = 2 ** 20;
const POLL_MS = 10;

/** 100 MB: rows of some hundred bytes in one table with an index, larger ones in another. */
function writeSchema(path: string): void {
  const database = new Sqlite(path);
  database.pragma("journal_mode = off");
  database.pragma("synchronous = off");
  const rows = (count: number) => `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})`;
  database.exec(`
    CREATE TABLE small (id INTEGER PRIMARY KEY, k, v);
    ${rows(150_000)} INSERT INTO small SELECT i, i * 7919 % 150000, hex(randomblob(170)) FROM n;
    CREATE INDEX small_k ON small (k);
    CREATE TABLE large (k PRIMARY KEY, v) WITHOUT ROWID;
    ${rows(700)} INSERT INTO large SELECT i, randomblob(65000) FROM n`);
  database.close();
}

/** Runs a job, and looks at its control process all the while. @returns the most memory that it ever had, in bytes */
async function peakOf(
  operation: "EXPORT" | "IMPORT",
  folder: string,
  request: JobRequest,
): Promise<{ report: JobReport; peak: number }> {
  const pump = await connect(folder, { currentDirectory: folder });
  const handle = await defineJob(pump, operation, request);
  await pump.startJob(handle);
  const [job] = await pump.jobs();
  let peak = 0;
  const timer = setInterval(() => {
    peak = Math.max(peak, residentPeak(job?.pid ?? 0));
  }, POLL_MS);
  try {
    return { report: await followJob(pump, handle), peak };
  } finally {
    clearInterval(timer);
    await pump.close();
  }
}

/** 0 for a process that has ended. */
function residentPeak(pid: number): number {
  if (process.platform === "linux") return statusPeak(pid);
  const { stdout } = spawnSync("ps", ["-o", "rss=", "-p", String(pid)], { encoding: "utf8" });
  return Number(stdout) * 1024;
}

function statusPeak(pid: number): number {
  try {
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1024;
  } catch (error) {
    if (error instanceof Error && "code" in error && ["ENOENT", "ESRCH"].includes(String(error.code))) return 0;
    throw error;
  }
}

test("the buffers of pieces are given back: 100 MB go through two workers in less than 300 MB", async () => {
  const folder = temporaryFolder();
  writeSchema(join(folder, "HUGE.db"));
  expect(statSync(join(folder, "HUGE.db")).size).toBeGreaterThan(100e6);
  const exported = await peakOf("EXPORT", folder, { schemas: "IN ('HUGE')", parallel: 2 });
  expectSuccess(exported.report);
  rmSync(join(folder, "HUGE.db"));
  const imported = await peakOf("IMPORT", folder, { parallel: 2 });
  expectSuccess(imported.report);
  for (const { peak } of [exported, imported]) {
    expect(peak).toBeGreaterThan(40 * MEBIBYTE);
    expect(peak).toBeLessThan(300 * MEBIBYTE);
  }
});

import "./small-pieces.ts";
import Sqlite from "better-sqlite3";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connect, type DataPump } from "../../src/api/data-pump.ts";
import { toPumpError } from "../../src/base/errors.ts";
import { findLeftovers, removeLeftover } from "../../src/job/clean.ts";
import type { JobSummary } from "../../src/job/jobs.ts";
import { compareDatabases } from "../judge/compare.ts";
import { expectSuccess, followJob, runExport, runImport, startJob } from "./pump-jobs.ts";

/** Runs of each operation; `TSDP_KILLS=300 npx vitest run test/job/random-kills.test.ts` takes longer. */
const ROUNDS = Number(process.env["TSDP_KILLS"] ?? 2);
/** A job is killed this often before it may end, each time at another moment of its life. */
const KILLS = 3;
const LONGEST_WAIT_MS = 700;
const TSDP = fileURLToPath(new URL("../../bin/tsdp.js", import.meta.url));

let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "tsdp-kills-"));
  writeSchema(join(folder, "SRC.db"), 0);
  writeSchema(join(folder, "OLD.db"), 1_000_000);
  expectSuccess(await runExport(folder, { schemas: "= 'SRC'", dumpFiles: ["kept.dmp"] }));
  copyFileSync(join(folder, "OLD.db"), join(folder, "undisturbed.copy"));
  expectSuccess(
    await runImport(folder, { dumpFiles: ["kept.dmp"], remap: [["SRC", "OLD"]], parameters: { TABLE_EXISTS_ACTION: "APPEND" } }),
  );
  const appended = join(folder, "appended.copy");
  copyFileSync(join(folder, "OLD.db"), appended);
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Some 2 MB: many pieces of tables without any key, with rowids, and WITHOUT ROWID. Keys begin above `shift`. */
function writeSchema(path: string, shift: number): void {
  const database = new Sqlite(path);
  const rows = (count: number) => `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})`;
  database.exec(`
    CREATE TABLE twins (v, w);
    ${rows(3000)} INSERT INTO twins SELECT i % 100, printf('%0250d', i % 100) FROM n;
    CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT, v);
    ${rows(1500)} INSERT INTO counted SELECT i + ${shift}, printf('%0400d', i) FROM n;
    CREATE TABLE keyed (a TEXT, b, v, PRIMARY KEY (a, b)) WITHOUT ROWID;
    ${rows(2500)} INSERT INTO keyed SELECT hex(i * 7919 % 512), i + ${shift}, printf('%0300d', i) FROM n;
    CREATE INDEX twins_v ON twins (v);
  `);
  if (shift === 0) database.exec("CREATE VIEW seen AS SELECT count(*) AS n FROM twins");
  database.close();
}

/** Runs a job by a client and kills the control process, the client, or both, again and again; then lets it end. */
async function runUnderFire(random: () => number, name: string, words: readonly string[]): Promise<void> {
  const client = spawn(process.execPath, [TSDP, ...words, `job_name=${name}`, "parallel=2"], { cwd: folder, stdio: "ignore" });
  const ended = once(client, "exit");
  const kills = Math.ceil(random() * KILLS);
  for (let kill = 0; kill < kills; kill++) {
    await sleep(random() * LONGEST_WAIT_MS);
    await killSomething(random, name, client);
    if (!(await restart(name, kill < kills - 1))) break;
  }
  await ended;
}

async function killSomething(random: () => number, name: string, client: ChildProcess): Promise<void> {
  const pump = await connect(folder);
  const pid = (await pump.jobs()).find((job) => job.name === name)?.pid ?? null;
  await pump.close();
  const victim = random();
  if (victim < 0.4) client.kill("SIGKILL");
  if (victim > 0.2 && pid !== null) await killProcess(pid);
}

/** Returns when the process has gone: until then it holds its locks. */
async function killProcess(pid: number): Promise<void> {
  try {
    process.kill(pid, "SIGKILL");
    for (;;) {
      process.kill(pid, 0);
      await sleep(5);
    }
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

/** Attaches to the job and has it go on. @returns whether there is still one */
async function restart(name: string, toBeKilled: boolean): Promise<boolean> {
  const pump = await connect(folder);
  try {
    const job = await settledJob(pump.jobs.bind(pump), name);
    if (job === undefined) return false;
    const handle = await pump.attach(name);
    if (job.state === "NOT RUNNING" && !(await startUnlessCompleted(pump, handle))) return false;
    if (toBeKilled) return true;
    expectSuccess(await followJob(pump, handle));
    return false;
  } finally {
    await pump.close();
  }
}

/** Killed after its last word a job has completed, and goes when nobody is attached. */
async function startUnlessCompleted(pump: DataPump, handle: number): Promise<boolean> {
  try {
    await startJob(pump, handle);
    return true;
  } catch (error) {
    if (!toPumpError(error).lines.some(({ text }) => text.includes("COMPLETED"))) throw error;
    return false;
  }
}

/** The job once its control process has ended or is surely alive. */
async function settledJob(jobs: () => Promise<readonly JobSummary[]>, name: string): Promise<JobSummary | undefined> {
  for (;;) {
    const job = (await jobs()).find((candidate) => candidate.name === name);
    if (job === undefined || job.state === "NOT RUNNING" || job.state === "EXECUTING") return job;
    await sleep(20);
  }
}

/** A small generator of numbers from 0 to 1, so that a round can be repeated. */
function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** A client that is killed while it defines its job, or when that has just gone, leaves small files that no job owns. */
async function expectNothingLeft(): Promise<void> {
  expect(readdirSync(folder).filter((file) => file.includes(".part"))).toEqual([]);
  for (const leftover of findLeftovers(join(folder, ".tsdp"), folder)) {
    expect(["definition", "lock file"]).toContain(leftover.kind);
    await removeLeftover(leftover);
  }
  expect(readdirSync(join(folder, ".tsdp/jobs"))).toEqual([]);
}

const rounds = Array.from({ length: ROUNDS }, (_, i) => i + 1);

test.each(rounds)("export %i is whole although it was killed", async (seed) => {
  const random = randomNumbers(seed);
  const dumpFiles = random() < 0.5 ? ["killed.dmp"] : ["killed.dmp", "killed2.dmp"];
  await runUnderFire(random, `E${seed}`, ["export", "schemas=SRC", `dumpfile=${dumpFiles.join()}`]);
  // Killed before it was started the job has gone with its client.
  if (!existsSync(join(folder, "killed.dmp"))) expectSuccess(await runExport(folder, { schemas: "= 'SRC'", dumpFiles }));
  expectSuccess(await runImport(folder, { dumpFiles, remap: [["SRC", "BACK"]] }));
  expect(compareDatabases(join(folder, "SRC.db"), join(folder, "BACK.db"))).toEqual([]);
  await expectNothingLeft();
  for (const file of [...dumpFiles, "BACK.db"]) rmSync(join(folder, file));
});

test.each(rounds)("import %i into a new schema is whole although it was killed", async (seed) => {
  await runUnderFire(randomNumbers(1000 + seed), `N${seed}`, ["import", "dumpfile=kept.dmp", "remap_schema=SRC:NEW"]);
  const path = join(folder, "NEW.db");
  if (!existsSync(path)) expectSuccess(await runImport(folder, { dumpFiles: ["kept.dmp"], remap: [["SRC", "NEW"]] }));
  expect(compareDatabases(join(folder, "SRC.db"), path)).toEqual([]);
  await expectNothingLeft();
  rmSync(path);
});

test.each(rounds)("import %i into an existing schema adds each row once although it was killed", async (seed) => {
  const path = join(folder, "OLD.db");
  copyFileSync(join(folder, "undisturbed.copy"), path);
  const words = ["import", "dumpfile=kept.dmp", "remap_schema=SRC:OLD", "table_exists_action=append"];
  const before = rowCount(path);
  await runUnderFire(randomNumbers(2000 + seed), `O${seed}`, words);
  if (rowCount(path) === before)
    expectSuccess(
      await runImport(folder, {
        dumpFiles: ["kept.dmp"],
        remap: [["SRC", "OLD"]],
        parameters: { TABLE_EXISTS_ACTION: "APPEND" },
      }),
    );
  expect(compareDatabases(join(folder, "appended.copy"), path)).toEqual([]);
  await expectNothingLeft();
});

function rowCount(path: string): number {
  const database = new Sqlite(path, { readonly: true });
  const rows = database.prepare("SELECT count(*) FROM twins").pluck().get() as number;
  database.close();
  return rows;
}

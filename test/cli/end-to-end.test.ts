import "../job/small-pieces.ts";
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { appendFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import Sqlite from "better-sqlite3";
import { afterEach, beforeEach, expect, test } from "vitest";
import { connect } from "../../src/api/data-pump.ts";
import { compareDatabases } from "../judge/compare.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tsdp-cli-"));
  const hr = new Sqlite(join(folder, "HR.db"));
  hr.exec(readFileSync(join(ROOT, "fixtures/hr.sql"), "utf8"));
  hr.close();
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function run(entry: string, ...words: readonly string[]): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(ROOT, "bin", entry), ...words], {
    cwd: folder,
    encoding: "utf8",
  });
  return { code: status, out: stdout, err: stderr };
}

const withoutTimes = (text: string) => text.replaceAll(/(at|on) \w{3} \w{3} \d+ [\d:]{8} \d{4}( elapsed .*)?/g, "$1 TIME");

test("the two commands of the README: what the screen shows is what the log file holds", () => {
  const exported = run("tsdp.js", "export", "schemas=HR", "dumpfile=example1.dmp");
  expect(exported).toMatchObject({ code: 0, err: "" });
  const imported = run("tsdp.js", "import", "dumpfile=example1.dmp", "remap_schema=HR:BLAKE");
  expect(imported).toMatchObject({ code: 0, err: "" });
  expect(compareDatabases(join(folder, "HR.db"), join(folder, "BLAKE.db"))).toEqual([]);
  for (const [{ out }, log] of [
    [exported, "export.log"],
    [imported, "import.log"],
  ] as const) {
    const screen = withoutTimes(out)
      .split("\n")
      .map((line) => (line === "" ? ";;; " : line));
    expect(withoutTimes(readFileSync(join(folder, log), "utf8")).split("\n")).toEqual([...screen.slice(0, -1), ""]);
  }
  const rowLines = exported.out.split("\n").filter((line) => line.startsWith(". . "));
  expect(rowLines).toHaveLength(7);
  expect(rowLines.every((line) => line.length === 78)).toBe(true);
});

test("expdp and impdp take the same parameters, in either notation and from a parfile", () => {
  writeFileSync(
    join(folder, "exp.par"),
    "# nightly\nSCHEMAS = hr\ndumpfile=night.dmp   # the file\nparallel=2\nLOGFILE=night.log\n",
  );
  expect(run("expdp.js", "parfile=exp.par", "--compression", "ALL").code).toBe(0);
  const log = readFileSync(join(folder, "night.log"), "utf8").split("\n");
  const block = [
    ";;; Parfile values:",
    ...["logfile=night.log", "parallel=2", "dumpfile=night.dmp", "schemas=hr"].map((line) => `;;;  parfile:  ${line}`),
  ];
  expect(log.slice(log.indexOf(";;; Parfile values:")).slice(0, 5)).toEqual(block);
  expect(run("impdp.js", "--dumpfile=night.dmp", "tables=(hr.jobs, hr.regions)", "remap_schema=hr:two", "nologfile=y").code).toBe(
    0,
  );
  const two = new Sqlite(join(folder, "TWO.db"), { readonly: true });
  expect(
    two.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY 1").pluck().all(),
  ).toEqual(["jobs", "regions"]);
  two.close();
});

test("exit code 5 for a job with errors, 1 for one that can't start; --json gives one event a line, each with its schema", () => {
  const { code, out } = run("tsdp.js", "export", "schemas=HR", "dumpfile=x.dmp", "--json");
  const events = out
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { schema: string; event: string; exitCode?: number });
  expect(code).toBe(0);
  expect(new Set(events.map(({ schema }) => schema))).toEqual(new Set(["tsdp.events/1"]));
  expect(events.at(-1)).toMatchObject({ event: "end", exitCode: 0, state: "COMPLETED" });
  expect(events.filter(({ event }) => event === "log").length).toBeGreaterThan(10);
  const again = run("tsdp.js", "import", "dumpfile=x.dmp");
  expect(again.code).toBe(5);
  expect(again.out).toContain('ORA-39151: Table "HR"."jobs" exists. All dependent metadata and data will be skipped');
  expect(again.out).toMatch(/completed with 8 error\(s\) at/);
  const refused = run("tsdp.js", "export", "schemas=HR", "dumpfile=x.dmp");
  expect(refused).toMatchObject({ code: 1 });
  expect(refused.err).toMatch(
    /^ORA-39001: .*\nORA-39000: .*\nORA-31641: .*x\.dmp"\nORA-27038: created file already exists\n\n.*reuse_dumpfiles=y/,
  );
  expect(run("tsdp.js", "export", "schema=HR", "dumpfile=y.dmp").err).toContain("schemas");
});

interface Running {
  readonly ended: Promise<{ code: number | null; out: string; err: string }>;
  readonly client: ChildProcess;
  readonly pid: number;
  /** Has the job go on. */
  readonly release: () => void;
}

/** Starts an export; returns when its worker stands still in the middle of the work. */
async function startHeldExport(): Promise<Running> {
  const big = new Sqlite(join(folder, "BIG.db"));
  big.exec(
    "CREATE TABLE t (a, b); WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) INSERT INTO t SELECT i, randomblob(300) FROM n",
  );
  big.close();
  const held = join(folder, "held");
  const client = spawn(process.execPath, [join(ROOT, "bin/tsdp.js"), "export", "schemas=BIG", "dumpfile=big.dmp", "parallel=1"], {
    cwd: folder,
    env: { ...process.env, TSDP_FAILPOINT: `export piece unloaded:2:${held}` },
  });
  const ended = resultOf(client);
  while (!existsSync(held)) await sleep(20);
  const pump = await connect(folder);
  const pid = (await pump.jobs())[0]?.pid ?? 0;
  await pump.close();
  return {
    client,
    ended,
    pid,
    release: () => {
      appendFileSync(held, "go on");
    },
  };
}

async function resultOf(client: ChildProcess): Promise<{ code: number | null; out: string; err: string }> {
  let [out, err] = ["", ""];
  client.stdout?.on("data", (chunk: Buffer) => (out += chunk.toString()));
  client.stderr?.on("data", (chunk: Buffer) => (err += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => client.on("close", resolve));
  return { code, out, err };
}

/** Runs `tsdp attach` with commands on its standard input. */
function script(commands: string, ...words: readonly string[]): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(ROOT, "bin/tsdp.js"), "attach", ...words], {
    cwd: folder,
    encoding: "utf8",
    input: commands,
  });
  return { code: status, out: stdout, err: stderr };
}

const JOB = "SYS_EXPORT_SCHEMA_01";

test("SIGTERM leaves the job, which goes on to its end", async () => {
  const { client, ended, release } = await startHeldExport();
  client.kill("SIGTERM");
  const { code, err } = await ended;
  expect(code).toBe(143);
  expect(err).toMatch(new RegExp(`Job "SYSTEM"\\."${JOB}" goes on without this client; follow it with: tsdp attach ${JOB} /`));
  release();
  const log = () => readFileSync(join(folder, "export.log"), "utf8");
  while (!log().includes("successfully completed")) await sleep(20);
  expect(run("tsdp.js", "dumpinfo", "big.dmp").code).toBe(0);
});

test("a job is watched, changed and stopped by the commands of a script, and started again by another", async () => {
  const { ended, release } = await startHeldExport();
  const commands = spawn(process.execPath, [join(ROOT, "bin/tsdp.js"), "attach", JOB], { cwd: folder });
  commands.stdin.end("status\nparallel=2\nst\nnonsense\nstop_job\n");
  const stopping = resultOf(commands);
  const pump = await connect(folder);
  while ((await pump.jobs())[0]?.state !== "STOP PENDING") await sleep(20);
  await pump.close();
  release();
  const stopped = await stopping;
  expect(stopped.err).toMatch(/UDE-00053: .*'st'\n.*START_JOB, STATUS, STOP_JOB, STOP_WORKER[^]*UDE-00053: .*'nonsense'/);
  expect(stopped.out).toMatch(/^Job: SYS_EXPORT_SCHEMA_01\n {2}Owner: SYSTEM\n {2}Operation: EXPORT\n/m);
  expect(stopped.out).toMatch(/^ {2}State: EXECUTING\n {2}Bytes Processed: [\d,]+\n/m);
  expect(stopped.out).toMatch(
    /\nJob "SYSTEM"\."SYS_EXPORT_SCHEMA_01" stops when .* START_JOB after: tsdp attach SYS_EXPORT_SCHEMA_01 .*\n$/,
  );
  expect(await ended).toMatchObject({ code: 1, out: expect.stringMatching(/stopped by user request at/) as string });
  const idle = script("stop_job=immediate\n", JOB, "--json");
  expect(JSON.parse(idle.out)).toMatchObject({
    event: "end",
    state: "IDLING",
    exitCode: 0,
    hint: expect.stringMatching(/not running\.$/) as string,
  });
  const finished = script("start_job\ncontinue_client\n", JOB);
  expect(finished).toMatchObject({ code: 0, err: "" });
  expect(finished.out).toMatch(/^ {2}State: IDLING\n/m);
  expect(finished.out).toMatch(/^\. \. exported "BIG"\."t" +[\d.]+ KB +2000 rows\n/m);
  expect(finished.out).toMatch(/^Job "SYSTEM"\."SYS_EXPORT_SCHEMA_01" successfully completed at /m);
  expect(run("tsdp.js", "jobs").out).toBe("No jobs.\n");
});

test("a script that kills a job is told so, and the job is gone", async () => {
  const { ended } = await startHeldExport();
  const killed = script("kill_job\n", JOB);
  expect(killed).toMatchObject({ code: 0, err: "" });
  expect(killed.out).toMatch(/^Job "SYSTEM"\."SYS_EXPORT_SCHEMA_01" killed\.\n$/m);
  expect((await ended).code).toBe(1);
  expect(run("tsdp.js", "jobs").out).toBe("No jobs.\n");
});

test("tsdp jobs clean shows what a killed job left, and removes it when it is told to", async () => {
  const { ended, pid } = await startHeldExport();
  process.kill(pid, "SIGKILL");
  expect((await ended).code).toBe(1);
  expect(run("tsdp.js", "jobs").out).toMatch(/^SYSTEM +SYS_EXPORT_SCHEMA_01 +EXPORT +SCHEMA +NOT RUNNING +1 +0 +\d+$/m);
  const shown = run("tsdp.js", "jobs", "clean");
  expect(shown.out).toMatch(/^job +SYSTEM\.SYS_EXPORT_SCHEMA_01 .*can't be started again/m);
  expect(shown.out.split("\n").filter((line) => /^\w/.test(line) && !line.startsWith("KIND"))).toHaveLength(2);
  expect(shown.out).toMatch(/Nothing was removed; --yes removes these\.\n$/);
  expect(run("tsdp.js", "jobs", "clean", "--yes")).toMatchObject({ code: 0, err: "" });
  expect(run("tsdp.js", "jobs", "clean").out).toBe("Nothing to clean.\n");
  expect(readdirSync(join(folder, ".tsdp/jobs"))).toEqual([]);
  expect(readdirSync(folder).sort()).toEqual([".tsdp", "BIG.db", "HR.db", "export.log", "held"]);
});

test("attach says why it can't", () => {
  expect(script("", "NONE")).toMatchObject({
    code: 1,
    out: "",
    err: expect.stringMatching(/^ORA-31626: job does not exist\n/) as string,
  });
  expect(script("").err).toMatch(/^ORA-31626: .*\nORA-31630: /);
  expect(run("tsdp.js", "export", "attach=X", "dumpfile=a.dmp").err).toMatch(
    /^UDE-00011: parameter attach is incompatible with parameter dumpfile/,
  );
});

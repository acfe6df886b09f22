import Sqlite from "better-sqlite3";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, onTestFinished, test } from "vitest";
import { connect, type DataPump } from "../../src/api/data-pump.ts";
import { toPumpError } from "../../src/base/errors.ts";
import { homeFolder } from "../../src/catalog/home.ts";
import { ControlTable } from "../../src/job/control-table.ts";
import { controlTablePath } from "../../src/job/jobs.ts";
import { codesOf, defineJob, failureOf, followJob } from "./pump-jobs.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const CLIENTS = 10;
const INDEX = new URL("../../dist/index.js", import.meta.url).href;

/** Attaches, says so, does what its argument says, and writes each line of the job as it comes. */
const CLIENT = `
  import { connect, KU } from ${JSON.stringify(INDEX)};
  const [folder, job, does] = process.argv.slice(1);
  const pump = await connect(folder);
  const handle = await pump.attach(job);
  console.log("attached");
  process.stdin.once("data", async () => {
    if (does !== "watch") await pump.startJob(handle);
    if (does === "stop") {
      await pump.stopJob(handle);
      process.exit(0);
    }
    for (let state = ""; state !== "COMPLETED" && state !== "STOPPED"; ) {
      const report = await pump.getStatus(handle, KU.STATUS_WIP + KU.STATUS_JOB_ERROR, -1);
      state = report.jobState;
      for (const { logText } of report.status.wip ?? report.status.error ?? []) console.log("line " + logText);
    }
    process.exit(0);
  });`;

interface Client {
  readonly attached: Promise<unknown>;
  readonly go: () => void;
  /** Lines of the job, once the client has seen its end. */
  readonly lines: Promise<string[]>;
}

/** @param failpoint of the control process that it starts */
function startClient(folder: string, job: string, does: "watch" | "start" | "stop", failpoint = ""): Client {
  const child = spawn(process.execPath, ["--input-type=module", "--eval", CLIENT, folder, job, does], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, TSDP_FAILPOINT: failpoint },
  });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  const lines: string[] = [];
  const attached = new Promise<void>((resolve, reject) => {
    child.once("close", () => {
      reject(new Error("a client has ended"));
    });
    createInterface(child.stdout).on("line", (line) => {
      if (line === "attached") resolve();
      else lines.push(line.replace(/^line /, ""));
    });
  });
  const ended = once(child, "close").then(() => lines);
  return { attached, lines: ended, go: () => child.stdin.end("go\n") };
}

/** A job that was stopped before it did anything: whoever attaches finds it IDLING. */
async function stoppedJob(folder: string, tables: number): Promise<string> {
  const database = new Sqlite(join(folder, "MANY.db"));
  for (let i = 1; i <= tables; i++) database.exec(`CREATE TABLE t${i} (v); INSERT INTO t${i} VALUES (${i})`);
  database.close();
  const pump = await connect(folder, { currentDirectory: folder });
  const handle = await defineJob(pump, "EXPORT", { jobName: "SHARED", schemas: "= 'MANY'", dumpFiles: ["many.dmp"] });
  const table = ControlTable.open(controlTablePath(homeFolder(folder), "SYSTEM", "SHARED"));
  table.updateJob({ state: "STOPPED", startTime: new Date().toISOString() });
  table.close();
  await pump.detach(handle);
  await pump.close();
  return "SHARED";
}

async function session(folder: string): Promise<DataPump> {
  const pump = await connect(folder, { currentDirectory: folder });
  onTestFinished(async () => pump.close());
  return pump;
}

test("ten processes that are attached to one job see every line once and in order", async () => {
  const folder = temporaryFolder();
  const job = await stoppedJob(folder, 40);
  const clients = Array.from({ length: CLIENTS }, (_, i) => startClient(folder, job, i === 0 ? "start" : "watch"));
  await Promise.all(clients.map(({ attached }) => attached));
  const pump = await session(folder);
  expect(await pump.jobs()).toMatchObject([{ state: "IDLING", attachedSessions: CLIENTS }]);
  await pump.logEntry(await pump.attach(job), "said before the start");
  for (const client of clients.slice(1)) client.go();
  clients[0]?.go();
  const [first = [], ...others] = await Promise.all(clients.map(({ lines }) => lines));
  expect(first.filter((line) => line.startsWith(". . exported"))).toHaveLength(40);
  expect(first[0]).toBe(";;; said before the start");
  expect(new Set(first).size).toBe(first.length);
  expect(first.at(-1)).toMatch(/^Job "SYSTEM"\."SHARED" successfully completed at /);
  for (const lines of others) expect(lines).toEqual(first);
});

test("while one of several stops the job the others are told so, once, and the job can go on", async () => {
  const folder = temporaryFolder();
  const job = await stoppedJob(folder, 3);
  const held = join(folder, "held");
  const stopping = startClient(folder, job, "stop", `export piece unloaded:2:${held}`);
  const watching = Array.from({ length: 3 }, () => startClient(folder, job, "watch"));
  const clients = [stopping, ...watching];
  await Promise.all(clients.map(({ attached }) => attached));
  for (const client of clients) client.go();
  await stopping.lines;
  appendFileSync(held, "go on");
  const [first = [], ...others] = await Promise.all(watching.map(({ lines }) => lines));
  expect(first.at(-1)).toMatch(/^Job "SYSTEM"\."SHARED" stopped by user request at /);
  expect(new Set(first).size).toBe(first.length);
  for (const lines of others) expect(lines).toEqual(first);
  const pump = await session(folder);
  const handle = await pump.attach(job);
  await pump.startJob(handle);
  expect(await followJob(pump, handle)).toMatchObject({ state: "COMPLETED", errorCount: 0 });
});

test("two sessions that start one job at once start it once", async () => {
  const folder = temporaryFolder();
  const job = await stoppedJob(folder, 3);
  const [one, other] = [await session(folder), await session(folder)];
  const [handle, otherHandle] = [await one.attach(job), await other.attach(job)];
  const started = await Promise.allSettled([one.startJob(handle), other.startJob(otherHandle)]);
  const reasons = started.flatMap((result) => (result.status === "rejected" ? [codesOf(toPumpError(result.reason))] : []));
  expect(reasons).toEqual([["ORA-39004", "ORA-39016"]]);
  expect(await followJob(one, handle)).toMatchObject({ state: "COMPLETED", errorCount: 0 });
});

test("who has the role may attach to the job of another, and not start it", async () => {
  const folder = temporaryFolder();
  const job = await stoppedJob(folder, 1);
  const owner = await session(folder);
  await owner.users.create("HR");
  const stranger = await connect(`HR@${folder}`);
  onTestFinished(async () => stranger.close());
  expect(codesOf(await failureOf(stranger.attach(job, "SYSTEM")))).toEqual(["ORA-31631"]);
  await owner.roles.grant("DATAPUMP_IMP_FULL_DATABASE", "HR");
  expect(codesOf(await failureOf(stranger.attach(job, "SYSTEM")))).toEqual(["ORA-31631"]);
  await owner.roles.grant("DATAPUMP_EXP_FULL_DATABASE", "HR");
  const handle = await stranger.attach(job, "SYSTEM");
  expect(codesOf(await failureOf(stranger.startJob(handle)))).toEqual(["ORA-31631"]);
});

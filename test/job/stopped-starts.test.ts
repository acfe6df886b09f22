import Sqlite from "better-sqlite3";
import { appendFileSync, existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { connect, type DataPump } from "../../src/api/data-pump.ts";
import { homeFolder } from "../../src/catalog/home.ts";
import { ControlTable } from "../../src/job/control-table.ts";
import { controlTablePath } from "../../src/job/jobs.ts";
import { openStops } from "../../src/job/starting.ts";
import { codesOf, expectSuccess, failureOf, followJob, startJob } from "./pump-jobs.ts";
import { defined, restart, runToFailpoint } from "./restarts.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const POLL_MS = 5;
const REQUEST = { schemas: "= 'SRC'", dumpFiles: ["a.dmp"], parallel: 1 };
/** Where the control process of an export has all that it needs, and is not yet EXECUTING. */
const PREPARED = "export planned";

let folder: string;
let pump: DataPump;
let handle: number;

beforeEach(() => {
  folder = temporaryFolder();
  const database = new Sqlite(join(folder, "SRC.db"));
  database.exec("CREATE TABLE t (a); INSERT INTO t VALUES (1), (2)");
  database.close();
});

async function define(): Promise<void> {
  ({ pump, handle } = await defined("EXPORT", folder, REQUEST));
  onTestFinished(async () => pump.close());
}

/** Another session, and its handle of the job. */
async function other(): Promise<[DataPump, number]> {
  const session = await connect(folder, { currentDirectory: folder });
  onTestFinished(async () => session.close());
  return [session, await session.attach("INTERRUPTED")];
}

function table(): ControlTable {
  const opened = ControlTable.open(controlTablePath(homeFolder(folder), "SYSTEM", "INTERRUPTED"));
  onTestFinished(() => {
    opened.close();
  });
  return opened;
}

/** Starts the job, and asks for its stop while its control process stands still before it is EXECUTING. */
async function startedAndAsked(start: () => Promise<unknown>, ask: () => Promise<unknown>): Promise<string[]> {
  const held = join(folder, "held");
  process.env["TSDP_FAILPOINT"] = `${PREPARED}:1:${held}`;
  const starting = start().then(
    () => [],
    (error: unknown) => codesOf(error as Parameters<typeof codesOf>[0]),
  );
  try {
    while (!existsSync(held)) await sleep(POLL_MS);
  } finally {
    delete process.env["TSDP_FAILPOINT"];
  }
  const reader = table();
  const asking = ask();
  while (openStops(reader).length === 0) await sleep(POLL_MS);
  appendFileSync(held, "go on");
  await asking;
  return starting;
}

/** Nothing has run, and only the log says that it was to. */
async function expectNothingLeft(session: DataPump): Promise<void> {
  expect(await session.jobs()).toEqual([]);
  await session.close();
  expect(readdirSync(join(folder, ".tsdp/jobs"))).toEqual([]);
  expect(
    readdirSync(folder)
      .filter((file) => !["held", "job.log"].includes(file))
      .sort(),
  ).toEqual([".tsdp", "SRC.db"]);
}

test("who kills a job that is being defined takes it from the session that would start it", async () => {
  await define();
  const [killer, its] = await other();
  await killer.stopJob(its, 1, 0);
  expect(await killer.jobs()).toEqual([]);
  expect(codesOf(await failureOf(pump.setParallel(handle, 2)))).toEqual(["ORA-31626"]);
  // A new job of the same name is another one, which the former handle must not start.
  const { pump: next, handle: nextHandle } = await defined("EXPORT", folder, REQUEST);
  onTestFinished(async () => next.close());
  expect(codesOf(await failureOf(pump.startJob(handle)))).toEqual(["ORA-31626"]);
  await pump.close();
  expect(await next.jobs()).toMatchObject([{ state: "DEFINING", attachedSessions: 1 }]);
  await next.detach(nextHandle);
  await expectNothingLeft(next);
});

test("a job that is killed while it is being started never runs", async () => {
  await define();
  const [killer, its] = await other();
  expect(
    await startedAndAsked(
      () => startJob(pump, handle),
      () => killer.stopJob(its, 1, 0),
    ),
  ).toEqual(["ORA-31626"]);
  expect(codesOf(await failureOf(pump.startJob(handle)))).toEqual(["ORA-31626"]);
  await expectNothingLeft(pump);
});

test("a job that is stopped while it is being started is as it was, and may be started again", async () => {
  await define();
  const [stopper, its] = await other();
  const codes = await startedAndAsked(
    () => startJob(pump, handle),
    () => stopper.stopJob(its, 1),
  );
  expect(codes).toEqual(["ORA-39002", "ORA-39015"]);
  expect(await pump.jobs()).toMatchObject([{ state: "DEFINING", attachedSessions: 1 }]);
  await startJob(pump, handle);
  expectSuccess(await followJob(pump, handle));
});

test("a job that is killed while it is being restarted goes, with what it has made", async () => {
  await runToFailpoint("EXPORT", folder, REQUEST, "job executing");
  const [starter, ofStarter] = await other();
  const [killer, its] = await other();
  const codes = await startedAndAsked(
    () => starter.startJob(ofStarter),
    () => killer.stopJob(its, 1, 0),
  );
  expect(codes).toEqual(["ORA-31626"]);
  await expectNothingLeft(starter);
});

test("who kills a job that is IDLING takes it from all others", async () => {
  await runToFailpoint("EXPORT", folder, REQUEST, "job executing");
  const [starter, ofStarter] = await other();
  const [killer, its] = await other();
  await killer.stopJob(its, 1, 0);
  expect(codesOf(await failureOf(starter.startJob(ofStarter)))).toEqual(["ORA-31626"]);
  await expectNothingLeft(starter);
});

test("what was asked of a run that has died is not for the next one", async () => {
  await runToFailpoint("EXPORT", folder, REQUEST, "job executing");
  table().request({ verb: "stop", immediate: true, keepMaster: false, delay: 0 });
  expectSuccess(await restart(folder));
});

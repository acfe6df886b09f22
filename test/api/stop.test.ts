import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { connect, type DataPump } from "../../src/api/data-pump.ts";
import { ControlTable } from "../../src/job/control-table.ts";
import { LivenessLock, lockPath } from "../../src/job/liveness.ts";
import { JobRun } from "../../src/job/run.ts";
import { liveSessions } from "../../src/job/sessions.ts";
import { controlTable, exampleSession, expectCodes } from "./example-session.ts";

const HANDLERS = { setDegree: vi.fn(), addFiles: vi.fn(), stopWorker: vi.fn() };

describe("STOP_JOB of a job that comes to its end by itself", () => {
  let pump: DataPump;
  let handle: number;
  /** What its control process has. */
  let table: ControlTable;
  let run: JobRun;
  let lock: LivenessLock;

  beforeEach(async () => {
    const session = await exampleSession();
    pump = session.pump;
    handle = await pump.open("EXPORT", "SCHEMA", null, "EXAMPLE1");
    table = controlTable(session);
    table.updateJob({ state: "EXECUTING", startTime: new Date().toISOString() });
    lock = LivenessLock.acquire(lockPath(table.path), 1000);
    const facts = { log: null, keyring: { password: null, masterKeys: null }, places: { access: [], queries: {} } };
    run = new JobRun(table, table.definition(), { ...facts, restarts: false, remapKey: null });
    onTestFinished(() => {
      run.end();
      lock.release();
    });
  });

  test.each([
    ["while it is COMPLETING", () => run.begin(HANDLERS, () => expect.unreachable())],
    ["at its very end", () => run.end()],
  ])("is refused %s, and leaves its state", async (_, takeUp) => {
    const stopping = pump.stopJob(handle, 1, 0);
    table.updateJob({ state: "COMPLETING" });
    takeUp();
    await expectCodes(stopping, "ORA-39004", "ORA-39016");
    expect([table.job().state, run.isStopping]).toEqual(["COMPLETING", false]);
  });

  test.each([null, 0])("tells that the job has COMPLETED (keepMaster %s)", async (keepMaster) => {
    const stopping = pump.stopJob(handle, 1, keepMaster);
    run.begin(HANDLERS, () => undefined);
    await vi.waitUntil(() => run.isStopping);
    run.end();
    table.updateJob({ state: "COMPLETED", errorCount: 2 });
    lock.release();
    expect(await stopping).toEqual({ state: "COMPLETED", errorCount: 2 });
  });

  test.each([1, 2, 3])(
    "a job that begins to run after look %i of a stop is never told not to have been started",
    async (look) => {
      table.updateJob({ state: "DEFINING", starter: liveSessions(table)[0]?.id ?? null });
      const job = Reflect.get(ControlTable.prototype, "job");
      let looks = 0;
      vi.spyOn(ControlTable.prototype, "job").mockImplementation(function (this: ControlTable) {
        const row = job.call(this);
        if ((looks += 1) === look) {
          table.updateJob({ state: "EXECUTING", starter: null });
          run.begin(HANDLERS, () => undefined);
        }
        return row;
      });
      expect(await pump.stopJob(handle, 0)).toMatchObject({ state: "STOP PENDING" });
      expect(run.isStopping).toBe(true);
    },
  );

  test("a job that was killed is not kept because another wants it to stop only", async () => {
    for (const keepMaster of [false, true]) table.request({ verb: "stop", immediate: !keepMaster, keepMaster, delay: 60 });
    run.begin(HANDLERS, () => undefined);
    await vi.waitUntil(() => table.openRequests(0).length === 0);
    expect([table.job().state, run.stopRequest?.keepMaster]).toEqual(["STOPPING", false]);
  });
});

describe("the delay of STOP_JOB", () => {
  const PAST = { state: "STOPPED", endTime: "2026-01-01T00:00:00.000Z", detachTime: "2026-01-01T00:01:00.000Z" } as const;

  test("takes the job from the sessions that were there, not from one that takes it up later, until the next stop", async () => {
    const session = await exampleSession();
    const { pump, folder } = session;
    const old = await pump.open("EXPORT", "SCHEMA", null, "EXAMPLE1");
    const table = controlTable(session);
    table.updateJob({ startTime: "2026-01-01T00:00:00.000Z", ...PAST });
    const later = await connect(folder);
    onTestFinished(async () => later.close());
    const handle = await later.attach("EXAMPLE1");
    await later.setParallel(handle, 2);
    expect(table.definition().degree).toBe(2);
    await expectCodes(pump.setParallel(old, 3), "ORA-31623");
    table.updateJob({ ...PAST, detachTime: "2026-01-02T00:00:00.000Z" });
    await expectCodes(later.getStatus(handle, 15, 0), "ORA-31623");
  });
});

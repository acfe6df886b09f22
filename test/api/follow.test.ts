import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { KU } from "../../src/api/constants.ts";
import { connect } from "../../src/api/data-pump.ts";
import { pumpError, toPumpError } from "../../src/base/errors.ts";
import { ControlTable } from "../../src/job/control-table.ts";
import type { JobMessage } from "../../src/job/definition.ts";
import { removeJob } from "../../src/job/jobs.ts";
import { LivenessLock, lockPath } from "../../src/job/liveness.ts";
import { controlTable, exampleSession, expectCodes, type ExampleSession } from "./example-session.ts";

/** The control process of these tests: it lives in this process and does what each test says. */
const control = vi.hoisted(() => ({ launch: (tablePath: string): Promise<void> => Promise.reject(new Error(tablePath)) }));
vi.mock("../../src/job/launch.ts", () => ({
  launchControlProcess: async (tablePath: string) => control.launch(tablePath),
}));

const { STATUS_WIP: WIP, STATUS_JOB_ERROR: ERROR, STATUS_JOB_STATUS: STATUS, STATUS_JOB_DESC: DESC } = KU;
const ALL = ERROR + STATUS + WIP;

function wip(text: string, logFileOnly = false): JobMessage {
  return { kind: "wip", lines: [{ code: null, text }], logFileOnly };
}

function failure(object: string): JobMessage {
  return { kind: "error", lines: pumpError([["ORA-31693", object], ["ORA-02354"]]).lines };
}

let session: ExampleSession;
let handle: number;
let table: ControlTable;
let lock: LivenessLock;

beforeEach(async () => {
  control.launch = async (tablePath) => {
    lock = LivenessLock.acquire(lockPath(tablePath), 1000);
    table = ControlTable.open(tablePath);
    table.updateJob({ state: "EXECUTING", pid: process.pid, startTime: new Date().toISOString() });
    return Promise.resolve();
  };
  session = await exampleSession();
  handle = await session.pump.open("EXPORT", "SCHEMA", null, "EXAMPLE1");
  await session.pump.addFile(handle, "example1.dmp", "DMPDIR");
});

describe("a started job", () => {
  beforeEach(async () => {
    await session.pump.startJob(handle);
    return () => {
      table.close();
      lock.release();
    };
  });

  async function next(mask: number, timeout: number | null = 0): Promise<string> {
    const { jobState, status } = await session.pump.getStatus(handle, mask, timeout);
    const texts = [...(status.wip ?? []), ...(status.error ?? [])].map(({ logText }) => logText);
    return [jobState, status.mask, ...texts].join("|");
  }

  test("gives its messages in order, one a call, each once, and the end after the last", async () => {
    table.appendMessage(wip("one"));
    table.appendMessage(wip("for the log only", true));
    table.appendMessage(failure("HR.JOBS"));
    table.appendMessage(wip("two"));
    table.updateJob({ state: "COMPLETED", outcome: "COMPLETE_ERRORS", errorCount: 1 });
    expect(await next(ALL, -1)).toBe("COMPLETING|5|one");
    expect(await next(ALL, -1)).toMatch(/^COMPLETING\|12\|ORA-31693: .*HR\.JOBS.*\|ORA-02354: /);
    expect(await next(ALL, -1)).toBe("COMPLETED|5|two");
    await expectCodes(session.pump.getStatus(handle, ALL, -1), "ORA-39004", "ORA-39016");
    await session.pump.detach(handle);
  });

  test("keeps the kinds that were not asked for", async () => {
    table.appendMessage(wip("one"));
    table.appendMessage(failure("HR.JOBS"));
    table.appendMessage(wip("two"));
    expect(await next(ERROR)).toContain("EXECUTING|8|ORA-31693");
    expect(await next(ERROR)).toBe("EXECUTING|0");
    expect(await next(STATUS)).toBe("EXECUTING|4");
    expect(await next(WIP)).toBe("EXECUTING|1|one");
    table.updateJob({ state: "COMPLETED" });
    expect(await next(STATUS), "who asks for no messages sees the end").toBe("COMPLETED|4");
    expect(await next(WIP), "and may still read them").toBe("COMPLETED|1|two");
    await expectCodes(session.pump.getStatus(handle, STATUS), "ORA-39004", "ORA-39016");
  });

  test("gives each session that many messages, more than one batch too", async () => {
    table.atomically(() => {
      for (let number = 1; number <= 2500; number++) table.appendMessage(wip(String(number)));
    });
    table.updateJob({ state: "COMPLETED" });
    const seen: string[] = [];
    for (let state = ""; state !== "COMPLETED";) {
      const report = await session.pump.getStatus(handle, WIP, -1);
      seen.push(...(report.status.wip ?? []).map(({ logText }) => logText));
      state = report.jobState;
    }
    expect(seen).toEqual(Array.from({ length: 2500 }, (_, index) => String(index + 1)));
  });

  test("a waiting call returns with a message or the end, not with other changes", async () => {
    const waiting = next(ALL, -1);
    table.updateJob({ percentDone: 50 });
    setTimeout(() => {
      table.appendMessage(wip("late"));
    }, 120);
    expect(await waiting).toBe("EXECUTING|5|late");
    const ending = next(ALL, -1);
    setTimeout(() => {
      table.updateJob({ state: "STOPPED", outcome: "ABORTED" });
    }, 20);
    expect(await ending).toBe("STOPPED|4");
  });

  test("a timeout ends a wait with what is there, and a bad one is refused", async () => {
    expect(await next(WIP, 0.06)).toBe("EXECUTING|0");
    expect(await next(WIP, null)).toBe("EXECUTING|0");
    await expectCodes(session.pump.getStatus(handle, WIP, -2), "ORA-39001", "ORA-39207");
    table.updateJob({ state: "COMPLETING" });
    expect(await next(WIP, -1), "while the job is ending no timeout counts").toBe("COMPLETING|0");
  });

  test("job status and job description say what the control table says", async () => {
    table.updateJob({ bytesProcessed: 512, totalBytes: 1024, percentDone: 50, rowsProcessed: 107, errorCount: 1 });
    const worker = {
      schema: "HR",
      name: "JOBS",
      objectType: "SCHEMA_EXPORT/TABLE/TABLE_DATA",
      completedObjects: 1,
      totalObjects: 7,
      completedRows: 19,
      completedBytes: 512,
      percentDone: 100,
      objectStartTime: "2026-01-02T03:04:05.000Z",
      objectStatusTime: "2026-01-02T03:04:06.000Z",
      accessMethod: "DIRECT_PATH",
    } as const;
    table.setWorker({ number: 1, state: "EXECUTING", ...worker });
    table.setWorker({ number: 2, state: "IDLE", ...worker });
    table.setDumpFile(1, { path: "/dumps/example1.dmp", bytesWritten: 600, size: 0 });
    const { status } = await session.pump.getStatus(handle, STATUS + DESC);
    expect(status.mask).toBe(STATUS + DESC);
    expect(status.jobStatus).toMatchObject({
      jobName: "EXAMPLE1",
      operation: "EXPORT",
      jobMode: "SCHEMA",
      state: "EXECUTING",
      bytesProcessed: 512,
      totalBytes: 1024,
      percentDone: 50,
      rowsProcessed: 107,
      errorCount: 1,
      restartCount: 0,
      files: [
        { fileName: "/dumps/example1.dmp", fileType: 0, fileSize: 0, fileBytesWritten: 600 },
        { fileName: join(session.folder, "dumps", "example1.dmp"), fileType: 0, fileSize: 0, fileBytesWritten: 0 },
      ],
    });
    expect(status.jobStatus?.workerStatusList).toMatchObject([
      {
        workerNumber: 1,
        schema: "HR",
        name: "JOBS",
        completedRows: 19,
        objStartTime: new Date("2026-01-02T03:04:05Z"),
        accessMethod: "DIRECT_PATH",
      },
    ]);
    expect(status.jobDescription).toMatchObject({ owner: "SYSTEM", globalName: session.folder, termReason: null, logFile: null });
  });

  test("a control process that died is told after its last words", async () => {
    table.appendMessage(wip("last words"));
    lock.release();
    expect(await next(ALL, -1)).toBe("EXECUTING|5|last words");
    await expectCodes(session.pump.getStatus(handle, ALL, -1), "ORA-31626", "ORA-39015");
    table.updateJob({ startError: JSON.stringify(toPumpError(Object.assign(new Error("full"), { code: "SQLITE_FULL" }))) });
    await expectCodes(session.pump.waitForJob(handle), "ORA-31626", "ORA-39015", "SQLITE_FULL");
    expect((await session.pump.jobs())[0]?.state).toBe("NOT RUNNING");
    await session.pump.detach(handle);
    expect(existsSync(table.path)).toBe(true);
  });

  test("waiting calls notice a control process that dies meanwhile", async () => {
    const [status, end] = [session.pump.getStatus(handle, ALL, -1), session.pump.waitForJob(handle)];
    setTimeout(() => {
      lock.release();
    }, 20);
    await Promise.all([expectCodes(status, "ORA-31626", "ORA-39015"), expectCodes(end, "ORA-31626", "ORA-39015")]);
  });

  test("waitForJob returns the final state, of a job whose control table is gone too, and gives the handle up", async () => {
    setTimeout(() => {
      table.appendMessage(wip("not read by anyone"));
      table.updateJob({ state: "COMPLETED" });
      removeJob(table, lock);
    }, 20);
    expect(await session.pump.waitForJob(handle)).toBe("COMPLETED");
    await expectCodes(session.pump.detach(handle), "ORA-31623");
    expect(await session.pump.jobs()).toEqual([]);
  });

  test("detaching ends a waiting call and leaves the job running", async () => {
    const waiting = expectCodes(session.pump.getStatus(handle, ALL, -1), "ORA-31623");
    await session.pump.detach(handle);
    await waiting;
    expect(await session.pump.jobs()).toMatchObject([{ name: "EXAMPLE1", state: "EXECUTING", pid: process.pid }]);
  });
});

describe("a job that can't start", () => {
  const reason = pumpError([["ORA-39001"], ["ORA-39000"], ["ORA-31641", "/x.dmp"]]);

  test("is DEFINING again, held by its session, with the reasons in the status; a second attempt may succeed", async () => {
    const start = control.launch;
    control.launch = async () => Promise.reject(reason);
    await expectCodes(session.pump.startJob(handle), "ORA-39001", "ORA-39000", "ORA-31641");
    const { jobState, status } = await session.pump.getStatus(handle, ERROR, 0);
    expect(jobState).toBe("DEFINING");
    expect(status.error?.map(({ errorNumber }) => errorNumber)).toEqual([39001, 39000, 31641]);
    expect(await session.pump.jobs()).toMatchObject([{ state: "DEFINING", pid: null }]);
    control.launch = start;
    await session.pump.startJob(handle);
    expect((await session.pump.jobs())[0]?.state).toBe("EXECUTING");
    lock.release();
    table.close();
  });

  test("can't be started twice at a time, nor removed under a start that is going on", async () => {
    let end: ((reason: Error) => void) | undefined;
    control.launch = async () =>
      new Promise((_, reject) => {
        end = reject;
      });
    const starting = session.pump.startJob(handle);
    await expectCodes(session.pump.startJob(handle), "ORA-39004", "ORA-39016");
    await expectCodes(session.pump.open("EXPORT", "SCHEMA", null, "EXAMPLE1"), "ORA-31634");
    await session.pump.detach(handle);
    expect(await session.pump.jobs()).toHaveLength(1);
    end?.(reason);
    await expectCodes(starting, "ORA-39001", "ORA-39000", "ORA-31641");
    expect(await session.pump.jobs()).toEqual([]);
  });

  test("is killed by whoever has asked for that meanwhile", async () => {
    let end: ((reason: Error) => void) | undefined;
    control.launch = async () =>
      new Promise((_, reject) => {
        end = reject;
      });
    const starting = session.pump.startJob(handle);
    const killer = await connect(session.folder);
    const killing = killer.stopJob(await killer.attach("EXAMPLE1"), 1, 0);
    const reader = controlTable(session);
    while (reader.openRequests(0).length === 0) await sleep(5);
    end?.(reason);
    await expectCodes(starting, "ORA-39001", "ORA-39000", "ORA-31641");
    await killing;
    await expectCodes(session.pump.startJob(handle), "ORA-31626");
    expect(await killer.jobs()).toEqual([]);
    await killer.close();
  });
});

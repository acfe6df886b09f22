import { afterEach, describe, expect, test, vi } from "vitest";
import { KU } from "../../src/api/constants.ts";
import { connect, type DataPump } from "../../src/api/data-pump.ts";
import { toPumpError } from "../../src/base/errors.ts";
import { type ControlTable } from "../../src/job/control-table.ts";
import { LivenessLock, lockPath } from "../../src/job/liveness.ts";
import { VALID_STATES, type JobState, type Procedure } from "../../src/job/states.ts";
import { controlTable, exampleSession } from "./example-session.ts";

vi.mock("../../src/job/launch.ts", () => ({
  launchControlProcess: async () => Promise.resolve(),
  launchRemoval: async () => Promise.resolve(),
}));

/** States that a handle can find its job in. UNDEFINED is before there is a handle, NOT RUNNING is shown by the views only. */
const STATES: readonly JobState[] = [
  "DEFINING",
  "EXECUTING",
  "COMPLETING",
  "COMPLETED",
  "STOP PENDING",
  "STOPPING",
  "STOPPED",
  "IDLING",
];

const CALLS: Readonly<Partial<Record<Procedure, (pump: DataPump, handle: number) => Promise<unknown>>>> = {
  ADD_FILE: (pump, handle) => pump.addFile(handle, "more.dmp", "DMPDIR"),
  DATA_FILTER: (pump, handle) => pump.dataFilter(handle, "INCLUDE_ROWS", 0),
  DETACH: (pump, handle) => pump.detach(handle),
  GET_STATUS: (pump, handle) => pump.getStatus(handle, KU.STATUS_JOB_STATUS, 0),
  LOG_ENTRY: (pump, handle) => pump.logEntry(handle, "hello"),
  METADATA_REMAP: (pump, handle) => pump.metadataRemap(handle, "REMAP_SCHEMA", "HR", "BLAKE"),
  METADATA_TRANSFORM: (pump, handle) => pump.metadataTransform(handle, "STORAGE", 0),
  METADATA_FILTER: (pump, handle) => pump.metadataFilter(handle, "SCHEMA_EXPR", "= 'HR'"),
  SET_PARALLEL: (pump, handle) => pump.setParallel(handle, 2),
  SET_PARAMETER: (pump, handle) => pump.setParameter(handle, "KEEP_MASTER", 1),
  START_JOB: (pump, handle) => pump.startJob(handle),
  STOP_JOB: (pump, handle) => pump.stopJob(handle),
  STOP_WORKER: (pump, handle) => pump.stopWorker(handle, 1),
  WAIT_FOR_JOB: (pump, handle) => pump.waitForJob(handle),
  GET_DUMPFILE_INFO: (pump) => pump.getDumpfileInfo("none.dmp", "DMPDIR"),
};

const FOLLOWING: ReadonlySet<string> = new Set(["GET_STATUS", "WAIT_FOR_JOB"]);

/** All that a refused call must not have changed. */
function contentOf(table: ControlTable): unknown {
  return [table.definition(), table.job(), table.openRequests(0), table.messagesAfter(0)];
}

describe.each(STATES)("a job that is %s", (state) => {
  const endings: (() => void)[] = [];
  const release = () => {
    for (const end of endings.splice(0)) end();
  };
  afterEach(release);

  /** A control process that says yes to everything. */
  async function prepare(): Promise<{ pump: DataPump; handle: number; table: ControlTable }> {
    const session = await exampleSession();
    const handle = await session.pump.open("EXPORT", "SCHEMA", null, "EXAMPLE1");
    await session.pump.addFile(handle, "example1.dmp", "DMPDIR");
    const table = controlTable(session);
    table.updateJob({ state, startTime: state === "DEFINING" ? null : new Date().toISOString() });
    if (state !== "DEFINING" && state !== "IDLING") {
      const lock = LivenessLock.acquire(lockPath(table.path), 1000);
      const answering = setInterval(() => {
        for (const { seq } of table.openRequests(0)) table.answerRequest(seq, null);
      }, 5);
      endings.push(() => {
        clearInterval(answering);
        lock.release();
      });
    }
    return { pump: session.pump, handle, table };
  }

  test.each(Object.entries(CALLS))("answers %s as Table 6-1 says", async (procedure, call) => {
    const { pump, handle, table } = await prepare();
    const before = contentOf(table);
    const calling = call(pump, handle).then(
      () => [],
      (error: unknown) => toPumpError(error).lines.map(({ text }) => text),
    );
    // What has ended is told once to those who follow the job: their call that brings the end is still valid.
    const tellsEnd = FOLLOWING.has(procedure) && (state === "COMPLETED" || state === "STOPPED");
    const refusal = ["invalid state", `Operation not supported when job is in ${state} state.`];
    if (VALID_STATES[procedure as Procedure].includes(state) || tellsEnd) {
      if (procedure === "WAIT_FOR_JOB") table.updateJob({ state: "COMPLETED" });
      expect(await calling).not.toEqual(refusal);
    } else {
      expect(await calling).toEqual(refusal);
      expect(contentOf(table)).toEqual(before);
    }
  });

  test("can be attached to by another session as Table 6-1 says", async () => {
    const { pump, table } = await prepare();
    const other = await connect(pump.database);
    const attaching = other.attach("EXAMPLE1").then(
      () => [],
      (error: unknown) => toPumpError(error).lines.map(({ text }) => text),
    );
    // A stopped job becomes IDLING when its control process has ended.
    if (state === "STOPPED") release();
    if (VALID_STATES.ATTACH.includes(state)) expect(await attaching).toEqual([]);
    else expect(await attaching).toEqual(["invalid state", `Operation not supported when job is in ${state} state.`]);
    expect(table.job().state).toBe(state === "STOPPED" ? "IDLING" : state);
    await other.close();
  });
});

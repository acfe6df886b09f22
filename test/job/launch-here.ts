import { AsyncLocalStorage } from "node:async_hooks";
import { setTimeout as sleep } from "node:timers/promises";
// Loaded before any test names a failpoint: none is ever met in this process.
import "../../src/base/failpoint.ts";
import { PumpError } from "../../src/base/errors.ts";
import type { JobSecrets } from "../../src/job/secrets.ts";

/** Set where the control process of a job is to live in the process of the test. */
const here = new AsyncLocalStorage<true>();
const POLL_MS = 2;
/** Control processes in this process that have not ended. */
const running = new Set<Promise<unknown>>();

/**
 * Has the jobs that `start` starts run in this process, unless a failpoint is to end them. A process of its own, which is nothing but
 * `host.ts`, costs more than a small job.
 */
export function inThisProcess<T>(start: () => Promise<T>): Promise<T> {
  return process.env["TSDP_FAILPOINT"] === undefined ? here.run(true, start) : start();
}

/** Whether a job that is started now is to run in this process. */
export function isHere(): boolean {
  return here.getStore() === true;
}

/** Waits for what jobs in this process still do when they have told their end: processes that they start must not meet a failpoint. */
export async function endOfJobsHere(): Promise<void> {
  await Promise.allSettled(running);
}

/** What `launchControlProcess` does, and the process that it starts. */
export async function launchHere(tablePath: string, secrets: JobSecrets): Promise<void> {
  const { ControlProcess, ControlTable, LivenessLock, lockPath, KeptWorkers, keyringOf, placesOf, remapKeyOf } = await modules();
  const reader = ControlTable.open(tablePath);
  const workers = new KeptWorkers();
  const control = new ControlProcess(
    ControlTable.open(tablePath),
    LivenessLock.acquire(lockPath(tablePath), 1000),
    workers as unknown as ConstructorParameters<typeof ControlProcess>[2],
  );
  const ended = control
    .run(reader.definition().guid, keyringOf(secrets), placesOf(secrets), remapKeyOf(secrets))
    .finally(() => workers.close())
    .then(() => "ended" as const);
  running.add(ended);
  void ended.catch(() => undefined).then(() => running.delete(ended));
  try {
    for (;;) {
      const end = await Promise.race([ended, sleep(POLL_MS)]);
      const { state, startError } = reader.job();
      if (startError !== null) throw PumpError.fromJSON(JSON.parse(startError) as Parameters<typeof PumpError.fromJSON>[0]);
      if (state !== "DEFINING" && state !== "IDLING") return;
      if (end === "ended") throw new Error("the control process has ended without a word");
    }
  } finally {
    reader.close();
  }
}

/** Loaded late: a module that imports the mocked one can't be loaded while it is mocked. */
async function modules() {
  return {
    ...(await import("../../src/job/control-process.ts")),
    ...(await import("../../src/job/control-table.ts")),
    ...(await import("../../src/job/liveness.ts")),
    ...(await import("../../src/job/secrets.ts")),
    ...(await import("./kept-workers.ts")),
  };
}

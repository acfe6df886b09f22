import { AsyncLocalStorage } from "node:async_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { vi } from "vitest";
import { PumpError } from "../../src/base/errors.ts";
import type { JobSecrets } from "../../src/job/secrets.ts";

/** Set where the control process of a job is to live in the process of the test. */
const here = new AsyncLocalStorage<true>();
const POLL_MS = 2;

vi.mock(import("../../src/job/launch.ts"), async (original) => {
  const launch = await original();
  return {
    ...launch,
    launchControlProcess: (tablePath, secrets) =>
      here.getStore() === true ? launchHere(tablePath, secrets) : launch.launchControlProcess(tablePath, secrets),
  };
});

/** Has the jobs that `start` starts run in this process. A process of its own, which is nothing but `host.ts`, costs more than a small job. */
export function inThisProcess<T>(start: () => Promise<T>): Promise<T> {
  return here.run(true, start);
}

/** What `launchControlProcess` does, and the process that it starts. */
async function launchHere(tablePath: string, secrets: JobSecrets): Promise<void> {
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

import { appendFileSync, existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { KU } from "../../src/api/constants.ts";
import { connect, type DataPump } from "../../src/api/data-pump.ts";
import { toPumpError } from "../../src/base/errors.ts";
import type { Operation } from "../../src/job/definition.ts";
import { endOfJobsHere, inThisProcess } from "./launch-here.ts";
import { defineJob, followJob, startJob, type JobReport, type JobRequest } from "./pump-jobs.ts";

const NAME = "INTERRUPTED";
const POLL_MS = 5;
/** Each look takes a connection. */
const DEATH_POLL_MS = 20;

/** Defines a job, which is DEFINING until its session ends. */
export async function defined(
  operation: Operation,
  folder: string,
  request: JobRequest,
): Promise<{ pump: DataPump; handle: number }> {
  const pump = await connect(folder, { currentDirectory: folder });
  return { pump, handle: await defineJob(pump, operation, { jobName: NAME, logFile: "job.log", ...request }) };
}

/** Runs a job whose control process is killed when it passes a failpoint for the n-th time (`name:n`). */
export async function runToFailpoint(
  operation: Operation,
  folder: string,
  request: JobRequest,
  failpoint: string,
): Promise<void> {
  const { pump, handle } = await defined(operation, folder, request);
  await underFailpoint(failpoint, async () => {
    await startJob(pump, handle);
    await followToItsDeath(pump, handle);
  });
  // Killed before it was EXECUTING it is DEFINING again, and would go with its session.
  if ((await pump.jobs())[0]?.state === "DEFINING") {
    await inThisProcess(() => startJob(pump, handle));
    await followJob(pump, handle);
  }
  await pump.close();
}

/** Runs a job whose control process is killed at the first failpoint, that of its restart at the second, and so on. */
export async function runToFailpoints(
  operation: Operation,
  folder: string,
  request: JobRequest,
  [first = "", ...further]: readonly string[],
): Promise<void> {
  await runToFailpoint(operation, folder, request, first);
  for (const failpoint of further) await restart(folder, { failpoint });
}

export interface RestartOptions {
  /** At which the control process is killed. */
  readonly failpoint?: string;
  readonly skipCurrent?: number;
  /** REMAP_DATA_KEY */
  readonly maskKey?: string;
}

/**
 * Attaches to the interrupted job, has it go on, and follows it to its end, or to a failpoint again. The control process is one of its
 * own only where a failpoint may end it.
 */
export async function restart(folder: string, options: RestartOptions = {}): Promise<JobReport> {
  const pump = await connect(folder, { currentDirectory: folder });
  try {
    const handle = await pump.attach(NAME);
    if (options.maskKey !== undefined) await pump.setParameter(handle, "REMAP_DATA_KEY", options.maskKey);
    const start = () => pump.startJob(handle, options.skipCurrent ?? 0).catch(unlessItRuns);
    if (options.failpoint === undefined) {
      await inThisProcess(start);
      return await followJob(pump, handle);
    }
    await underFailpoint(options.failpoint, async () => {
      await start();
      await followToItsDeath(pump, handle);
    });
    return { state: "NOT RUNNING", errorCount: 0, lines: [], errors: [] };
  } finally {
    await pump.close();
  }
}

/** Follows a job that is to die: whoever asks without waiting is told so at once, and not at the next look at liveness. */
export async function followToItsDeath(pump: DataPump, handle: number): Promise<void> {
  for (;;) {
    const { jobState } = await pump.getStatus(handle, KU.STATUS_JOB_STATUS, 0);
    if (jobState === "COMPLETED" || jobState === "STOPPED") return;
    await sleep(DEATH_POLL_MS);
  }
}

/** KILL_JOB of the interrupted job. */
export async function killJob(folder: string): Promise<void> {
  const pump = await connect(folder, { currentDirectory: folder });
  try {
    await pump.stopJob(await pump.attach(NAME), 1, 0);
  } finally {
    await pump.close();
  }
}

/** Does what is to end by the death of the control process at the failpoint. */
export async function underFailpoint(failpoint: string, work: () => Promise<void>): Promise<void> {
  await endOfJobsHere();
  process.env["TSDP_FAILPOINT"] = failpoint;
  try {
    await work();
  } catch (error) {
    if (!["ORA-31626", "ORA-39006"].includes(toPumpError(error).code)) throw error;
    return;
  } finally {
    delete process.env["TSDP_FAILPOINT"];
  }
  throw new Error(`the job has ended without passing ${failpoint}`);
}

/** Starts a job and asks it for something while a worker of it stands still at the failpoint (`name:n`): it surely has not ended. */
export async function askAt<T>(
  failpoint: string,
  { pump, handle }: { pump: DataPump; handle: number },
  folder: string,
  ask: () => Promise<T>,
): Promise<T> {
  const held = join(folder, "held");
  await endOfJobsHere();
  rmSync(held, { force: true });
  process.env["TSDP_FAILPOINT"] = `${failpoint}:${held}`;
  try {
    await startJob(pump, handle);
  } finally {
    delete process.env["TSDP_FAILPOINT"];
  }
  while (!existsSync(held)) await sleep(POLL_MS);
  try {
    return await ask();
  } finally {
    appendFileSync(held, "go on");
  }
}

function unlessItRuns(error: unknown): void {
  if (toPumpError(error).sqlcode !== -31627) throw error;
}

/** Lines of the log over all runs of the job. */
export function logLines(folder: string): string[] {
  return readFileSync(join(folder, "job.log"), "utf8").split("\n");
}

import type { ErrorLine, PumpError } from "../base/errors.ts";
import { isLockedOut, isMachineFault } from "../sqlite/machine-fault.ts";
import type { JobFile } from "./definition.ts";

/** What the control process does for an operation. */
export interface Job {
  /**
   * Checks and prepares everything; of a restarted job it takes up what the earlier runs have left.
   * Throws without having left anything new behind.
   */
  start(): Promise<void>;
  /** What START_JOB has to tell although the job runs, as a stack below ORA-31627. */
  readonly startInfo: readonly ErrorLine[];
  /** Does the work; returns early, with all of it kept for a restart, when the run's `isStopping` turns true. */
  run(): Promise<"done" | "stopped">;
  /** Changes the number of workers. @throws when it can't be */
  setDegree(degree: number): Promise<void>;
  /** Adds dump files to those that are written, all or none. @throws when one can't be made, or the job writes none */
  addFiles(files: readonly JobFile[]): Promise<void>;
  /** Ends one worker after its item. @throws when it is none, or the last one */
  stopWorker(worker: number): void;
  /** Releases what the job holds. What is of use for a restart stays, as far as `end` allows it, the rest goes. */
  close(end: JobEnd): Promise<void>;
}

/**
 * How a run ends. `interrupted`: by what may pass, such as a full disk; `locked out`: by another program, which kept a lock for too
 * long; `failed`: by what a restart will meet again; `refused`: it never was EXECUTING.
 */
export type JobEnd = "done" | "stopped" | "interrupted" | "locked out" | "failed" | "refused";

/** How a run ends that an error has ended. */
export function endOf(failure: PumpError): JobEnd {
  if (isLockedOut(failure)) return "locked out";
  return failure.has("TSDP-00012") || isMachineFault(failure) ? "interrupted" : "failed";
}

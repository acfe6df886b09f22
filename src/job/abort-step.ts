import { pumpError } from "../base/errors.ts";
import type { JobRun } from "./run.ts";

/**
 * ABORT_STEP of START_JOB: the job ends before the object of this number; -1: before the first.
 * @throws ORA-31697
 */
export function abortBefore(run: JobRun, step: number): void {
  if (run.abortStep === step) throw pumpError([["ORA-31697", step]], "The job can be started again; it goes on from there.");
}

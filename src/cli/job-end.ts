import type { JobDesc } from "../api/status-types.ts";
import { hintAfterCause, PumpError, toPumpError } from "../base/errors.ts";
import { qualifiedName } from "../base/identifiers.ts";
import type { JobScreen } from "./events.ts";
import { exitCodeOf, type Following } from "./follow.ts";
import { keepExitCodeOfJob } from "./output.ts";

/** Whether Ctrl-C at a terminal asks for the interactive mode. */
export function wantsPrompt(following: Following): boolean {
  return following.kind === "interrupted" && following.interruption.signal === "SIGINT" && process.stdin.isTTY;
}

/** Shows how following a job ended. @returns the exit code */
export function tellEnd(following: Following, job: JobDesc | null, screen: JobScreen): number {
  const { state, errorCount } = following;
  if (following.kind === "ended") {
    keepExitCodeOfJob();
    const exitCode = exitCodeOf(following);
    screen.show({ event: "end", state, errorCount, exitCode, hint: exitCode === 1 ? following.hint : null });
    return exitCode;
  }
  const { exitCode, silent } = following.interruption;
  if (!silent) screen.show({ event: "end", state, errorCount, exitCode, hint: goesOn(job) });
  return exitCode;
}

/** What STOP_JOB and KILL_JOB have done. */
export interface StopOutcome {
  /** Of the job; null: it is gone. */
  readonly state: "DEFINING" | "IDLING" | "STOP PENDING" | "STOPPED" | "COMPLETED" | null;
  readonly errorCount: number;
  /** Of the client that has stopped it. */
  readonly exitCode: number;
}

export function stopText({ state }: StopOutcome, job: JobDesc | null): string {
  const name = job === null ? "Job" : `Job ${qualifiedName(job.owner, job.jobName)}`;
  const again = job === null ? "." : `; start it again with START_JOB after: ${attachCommand(job)}`;
  switch (state) {
    case null:
      return `${name} killed.`;
    case "DEFINING":
      return `${name} has not been started; the session that defines it may still start it. KILL_JOB removes it.`;
    case "IDLING":
      return `${name} is not running.`;
    case "STOP PENDING":
      return `${name} stops when its workers have finished what they are at${again}`;
    case "STOPPED":
      return `${name} stopped${again}`;
    case "COMPLETED":
      return `${name} had completed before it could stop.`;
  }
}

/** The error of following a job: of one whose control process has died it says how to start it again. */
export function followingError(error: unknown, job: JobDesc | null): PumpError {
  const found = toPumpError(error);
  if (!found.has("ORA-39015") || job === null) return found;
  const hint = `The control process of job ${qualifiedName(job.owner, job.jobName)} has ended before its job; start it again with START_JOB after: ${attachCommand(job)}`;
  return new PumpError(found.lines, hintAfterCause(found.lines, hint), { cause: error });
}

function goesOn(job: JobDesc | null): string {
  if (job === null) return "The job goes on without this client.";
  return `Job ${qualifiedName(job.owner, job.jobName)} goes on without this client; follow it with: ${attachCommand(job)}`;
}

/** What a client says that ends at the prompt at once: the job may run, or not. */
export function leftText(job: JobDesc | null): string {
  if (job === null) return "The job is left as it is: one that runs goes on.";
  return `Job ${qualifiedName(job.owner, job.jobName)} is left as it is: one that runs goes on; attach to it with: ${attachCommand(job)}`;
}

function attachCommand({ jobName, globalName }: JobDesc): string {
  const name = /^[A-Z][A-Z0-9_$#]*$/.test(jobName) ? jobName : shellWord(`"${jobName}"`);
  return `tsdp attach ${name} ${shellWord(globalName)}`;
}

function shellWord(path: string): string {
  return /^[\w./@:+-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}

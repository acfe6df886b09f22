import type { JobDesc } from "../api/status-types.ts";
import { qualifiedName } from "../base/identifiers.ts";
import type { JobScreen } from "./events.ts";
import { exitCodeOf, type Following } from "./follow.ts";

/** Whether Ctrl-C at a terminal asks for the interactive mode. */
export function wantsPrompt(following: Following): boolean {
  return following.kind === "interrupted" && following.interruption.signal === "SIGINT" && process.stdin.isTTY;
}

/** Shows how following a job ended. @returns the exit code */
export function tellEnd(following: Following, job: JobDesc | null, screen: JobScreen): number {
  const { state, errorCount } = following;
  if (following.kind === "ended") {
    const exitCode = exitCodeOf(following);
    screen.show({ event: "end", state, errorCount, exitCode, hint: exitCode === 1 ? following.hint : null });
    return exitCode;
  }
  const { exitCode, silent } = following.interruption;
  if (!silent) screen.show({ event: "end", state, errorCount, exitCode, hint: goesOn(job) });
  return exitCode;
}

function goesOn(job: JobDesc | null): string {
  if (job === null) return "The job goes on without this client.";
  const name = /^[A-Z][A-Z0-9_$#]*$/.test(job.jobName) ? job.jobName : shellWord(`"${job.jobName}"`);
  const command = `tsdp attach ${name} ${shellWord(job.globalName)}`;
  return `Job ${qualifiedName(job.owner, job.jobName)} goes on without this client; follow it with: ${command}`;
}

function shellWord(path: string): string {
  return /^[\w./@:+-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}

import { createInterface } from "node:readline/promises";
import type { DataPump } from "../../api/data-pump.ts";
import { printable, printableJson } from "../../base/printable.ts";
import { errorLines } from "../error-report.ts";
import type { Output } from "../output.ts";
import { withSession, type SessionOptions } from "../session-commands.ts";
import { tableLines } from "../text/table-text.ts";

type Jobs = Awaited<ReturnType<DataPump["jobs"]>>;
type Leftovers = Awaited<ReturnType<DataPump["leftovers"]>>;

/** `tsdp jobs`. */
export async function listJobs(options: SessionOptions, output: Output) {
  await withSession(options.userid, async (pump) => {
    const jobs = await pump.jobs();
    output.out(...(options.json === true ? [printableJson({ schema: "tsdp.jobs/1", jobs })] : jobLines(jobs)));
  });
}

/** The jobs as a table with the columns of DBA_DATAPUMP_JOBS, the process and how far it is. */
export function jobLines(jobs: Jobs): readonly string[] {
  if (jobs.length === 0) return ["No jobs."];
  const heading = ["OWNER_NAME", "JOB_NAME", "OPERATION", "JOB_MODE", "STATE", "DEGREE", "SESSIONS", "PID", "PERCENT"];
  return tableLines(
    heading,
    jobs.map((job) => [
      ...[job.owner, job.name, job.operation, job.mode, job.state],
      ...[job.degree, job.attachedSessions, job.pid ?? "", job.percentDone],
    ]),
  );
}

interface CleanOptions extends SessionOptions {
  readonly yes?: boolean;
  readonly force?: boolean;
}

/**
 * `tsdp jobs clean`: shows what dead jobs left, and removes it when that is confirmed.
 * @returns the exit code: 1 when something could not be removed
 */
export async function cleanJobs(options: CleanOptions, output: Output): Promise<number> {
  let exitCode = 0;
  await withSession(options.userid, async (pump) => {
    const leftovers = await pump.leftovers();
    if (options.json === true) output.out(printableJson({ schema: "tsdp.leftovers/1", leftovers }));
    else output.out(...leftoverLines(leftovers));
    const removable = leftovers.filter(({ stays }) => !stays);
    if (removable.length === 0 || !(await isConfirmed(options, output))) return;
    for (const leftover of removable) {
      try {
        await pump.removeLeftover(leftover, options.force === true);
        if (options.json !== true) output.out(`Removed ${leftover.kind} ${printable(leftover.name)}`);
      } catch (error) {
        exitCode = 1;
        output.err(...errorLines(error));
        if (leftover.kind === "job" && options.force !== true)
          output.err("With --force the job goes all the same; what it has begun to upload stays in the object store.");
      }
    }
  });
  return exitCode;
}

function leftoverLines(leftovers: Leftovers): readonly string[] {
  if (leftovers.length === 0) return ["Nothing to clean."];
  return tableLines(
    ["KIND", "NAME", "LAST CHANGE", "WHAT GOES"],
    leftovers.map(({ kind, name, time, loses }) => [kind, name, time.slice(0, 19).replace("T", " "), loses]),
  );
}

/** Only a person at a terminal is asked; a script has to say --yes. */
async function isConfirmed({ yes, json }: CleanOptions, output: Output): Promise<boolean> {
  if (yes === true) return true;
  if (!process.stdin.isTTY || json === true) {
    if (json !== true) output.out("", "Nothing was removed; --yes removes these.");
    return false;
  }
  const question = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await question.question("Remove these (yes/[no])? ");
  question.close();
  return /^\s*y(?:es)?\s*$/i.test(answer);
}

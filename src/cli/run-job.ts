import { EXCEPTIONS, KU } from "../api/constants.ts";
import type { DataPump } from "../api/data-pump.ts";
import type { JobDesc } from "../api/status-types.ts";
import { toPumpError } from "../base/errors.ts";
import { qualifiedName } from "../base/identifiers.ts";
import { banner, connectedLine } from "../base/product.ts";
import { clientCommand } from "./client-command.ts";
import { readCommandLine, type CommandLine } from "./command-line.ts";
import { errorFacts } from "./error-report.ts";
import { failedEvent, type JobScreen } from "./events.ts";
import { exitCodeOf, followJob, type Following } from "./follow.ts";
import { helpLines } from "./help.ts";
import { Interruptions } from "./interruption.ts";
import { defineJob } from "./job-calls.ts";
import { planJob, type JobPlan } from "./job-plan.ts";
import type { Output } from "./output.ts";
import type { Command } from "./parameter.ts";
import { openScreen } from "./screen.ts";

/**
 * `tsdp export` and `tsdp import`.
 * @returns the exit code: 0 done, 5 done with errors, 1 failed; 128 and the signal's number when the client left its job
 */
export async function runJob(command: Command, words: readonly string[], output: Output): Promise<number> {
  const screen = await openScreen(output, asksForJson(words));
  try {
    const line = readLine(command, words, screen);
    if (line.settings.flag("help") === true) return showHelp(command, output);
    screen.heading(banner(operation(command), new Date()));
    return await connectAndRun(line, planJob(line.settings), screen);
  } catch (error) {
    const facts = errorFacts(toPumpError(error));
    screen.show({ event: "error", inJob: false, ...facts });
    screen.show(failedEvent(facts.hint));
    return 1;
  } finally {
    screen.close();
  }
}

/** What the words can't mean (LRM-) comes before the banner, what the utility refuses (UDE-, UDI-) after it. */
function readLine(command: Command, words: readonly string[], screen: JobScreen): CommandLine {
  try {
    return readCommandLine(command, words);
  } catch (error) {
    if (toPumpError(error).code.startsWith("UD")) screen.heading(banner(operation(command), new Date()));
    throw error;
  }
}

async function connectAndRun({ settings, typed }: CommandLine, plan: JobPlan, screen: JobScreen): Promise<number> {
  const { connect } = await import("../api/data-pump.ts");
  const pump = await connect(settings.text("userid"));
  try {
    screen.heading([connectedLine(pump.database)]);
    return await defineAndFollow(pump, plan, clientCommand(pump.user, settings.text("userid"), typed), screen);
  } finally {
    await pump.close();
  }
}

async function defineAndFollow(pump: DataPump, plan: JobPlan, command: string, screen: JobScreen): Promise<number> {
  const handle = await defineJob(pump, plan, command);
  const { status } = await pump.getStatus(handle, KU.STATUS_JOB_DESC, 0);
  const interruptions = new Interruptions();
  try {
    screen.wait("Starting the job");
    await startJob(pump, handle);
    const following = await followJob(pump, handle, screen, () => interruptions.current());
    await pump.detach(handle);
    return tellEnd(following, status.jobDescription, screen);
  } finally {
    interruptions.stop();
  }
}

/** Starts the job; SUCCESS_WITH_INFO means that it runs, and its information comes with the job's messages. */
async function startJob(pump: DataPump, handle: number): Promise<void> {
  try {
    await pump.startJob(handle);
  } catch (error) {
    if (toPumpError(error).sqlcode !== EXCEPTIONS.SUCCESS_WITH_INFO_NUM) throw error;
  }
}

function tellEnd(following: Following, job: JobDesc | null, screen: JobScreen): number {
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
  const name = job === null ? "The job" : `Job ${qualifiedName(job.owner, job.jobName)}`;
  const database = job === null ? "" : ` ${shellWord(job.globalName)}`;
  return `${name} goes on without this client; follow it with: tsdp jobs${database}`;
}

function shellWord(path: string): string {
  return /^[\w./@:+-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}

/** Errors of the command line itself are to be events, too, so this must not depend on its being right. */
function asksForJson(words: readonly string[]): boolean {
  return words.some((word) => /^(?:--json(?:=(?:y|yes|true))?|json=(?:y|yes|true))$/i.test(word));
}

function showHelp(command: Command, output: Output): number {
  output.out(...banner(operation(command), new Date()), ...helpLines(command));
  return 0;
}

function operation(command: Command): "EXPORT" | "IMPORT" {
  return command === "export" ? "EXPORT" : "IMPORT";
}

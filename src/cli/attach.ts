import { writeSync } from "node:fs";
import { KU } from "../api/constants.ts";
import type { DataPump } from "../api/data-pump.ts";
import type { JobDesc, StatusReport } from "../api/status-types.ts";
import { printable } from "../base/printable.ts";
import { banner, connectedLine } from "../base/product.ts";
import { PipeSource, TerminalSource } from "./command-source.ts";
import { followJob } from "./follow.ts";
import { Interactive } from "./interactive.ts";
import { Interruptions } from "./interruption.ts";
import { leftText, stopText, tellEnd, wantsPrompt, type StopOutcome } from "./job-end.ts";
import type { Output } from "./output.ts";
import { dumpPassword, remapDataKey, type PasswordSource, type RemapKeySource } from "./passwords.ts";
import { PlainScreen } from "./screen/plain-screen.ts";
import { openScreen } from "./screen/screen.ts";
import { statusLines } from "./text/status-text.ts";
import { nameOf } from "./parameters/values.ts";

/** What the client shows, and how. */
export interface ClientOptions {
  readonly output: Output;
  readonly json: boolean;
  /** Seconds between two reports of the status while the job is followed, 0: none. */
  readonly statusPeriod: number;
}

const SIGINT_EXIT = 130;

/**
 * `tsdp attach [owner.]job`: the status of the job, then the prompt, or the commands of a script.
 * @param job null: the only job that there is
 * @returns the exit code
 */
export async function attach(
  job: string | null,
  userid: string | undefined,
  options: ClientOptions & { readonly password: PasswordSource; readonly remapKey: RemapKeySource },
): Promise<number> {
  const { logIn } = await import("./login.ts");
  const pump = await logIn(userid);
  try {
    const [owner, name] = jobNames(job);
    const handle = await pump.attach(name, owner);
    const { status } = await pump.getStatus(handle, KU.STATUS_JOB_DESC + KU.STATUS_JOB_STATUS, 0);
    const { jobDescription, jobStatus } = status;
    if (jobStatus?.state === "IDLING") {
      await givePassword(pump, handle, status.jobDescription, options.password);
      await giveRemapKey(pump, handle, status.jobDescription, options.remapKey);
    }
    if (!options.json && jobDescription !== null && jobStatus !== null) {
      const operation = jobDescription.operation === "EXPORT" ? "EXPORT" : "IMPORT";
      const heading = [...banner(operation, new Date()), connectedLine(pump.database)];
      new PlainScreen(options.output).heading([...heading, ...statusLines(jobDescription, jobStatus), ""]);
    }
    return await interact(pump, handle, options);
  } finally {
    await pump.close();
  }
}

/** A job that is to be started again needs its password again; that of the environment is for jobs that have one. */
async function givePassword(
  pump: DataPump,
  handle: number,
  description: StatusReport["status"]["jobDescription"],
  source: PasswordSource,
): Promise<void> {
  const isAsked = source.password !== undefined || source.file !== undefined || source.prompt;
  if (!isAsked && description?.params.some(({ paramName }) => paramName === "ENCRYPTION_PASSWORD") !== true) return;
  const password = await dumpPassword(source, false);
  if (password !== null) await pump.setParameter(handle, "ENCRYPTION_PASSWORD", password);
}

/** The same of the key of REMAP_DATA. */
async function giveRemapKey(
  pump: DataPump,
  handle: number,
  description: StatusReport["status"]["jobDescription"],
  source: RemapKeySource,
): Promise<void> {
  const isAsked = source.file !== undefined || source.prompt;
  if (!isAsked && description?.params.some(({ paramName }) => paramName === "REMAP_DATA_KEY") !== true) return;
  const key = await remapDataKey(source);
  if (key !== null) await pump.setParameter(handle, "REMAP_DATA_KEY", key);
}

/** The interactive mode of a job that the session is attached to. @returns the exit code */
export async function interact(pump: DataPump, handle: number, options: ClientOptions): Promise<number> {
  const { output, json, statusPeriod } = options;
  const { status } = await pump.getStatus(handle, KU.STATUS_JOB_DESC, 0);
  const description = status.jobDescription;
  const follow = async (period: number): Promise<number | null> => {
    const screen = await openScreen(output, json);
    const interruptions = new Interruptions();
    try {
      const following = await followJob(pump, handle, screen, () => interruptions.current(), period);
      return wantsPrompt(following) ? null : tellEnd(following, description, screen);
    } finally {
      interruptions.stop();
      screen.close();
    }
  };
  const source = process.stdin.isTTY ? new TerminalSource(() => endAtOnce(description)) : new PipeSource();
  const screen = json ? await openScreen(output, true) : new PlainScreen(output);
  const job = {
    pump,
    handle,
    operation: description?.operation === "EXPORT" ? ("EXPORT" as const) : ("IMPORT" as const),
    follow,
    showStatus: (jobStatus: NonNullable<typeof status.jobStatus>) => {
      screen.show({ event: "report", status: jobStatus });
    },
    tellStop: (stop: StopOutcome) => {
      const text = stopText(stop, description);
      if (json) screen.show({ event: "end", ...stop, hint: text });
      else output.out(printable(text));
    },
  };
  return new Interactive(job, output, source, statusPeriod).run();
}

/** Below the prompt, which stays where it is. */
function endAtOnce(job: JobDesc | null): never {
  writeSync(process.stderr.fd, `\n${printable(leftText(job))}\n`);
  process.exit(SIGINT_EXIT);
}

/** `owner.job` or `job`, in upper case unless quoted. */
function jobNames(job: string | null): readonly [owner: string | null, name: string | null] {
  if (job === null) return [null, null];
  const parts = job.match(/"(?:[^"]|"")*"|[^."]+/g) ?? [job];
  const [first = job, second] = parts.map(nameOf);
  return second === undefined ? [null, first] : [first, second];
}

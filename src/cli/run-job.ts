import { KU } from "../api/constants.ts";
import type { DataPump } from "../api/data-pump.ts";
import { pumpError, toPumpError } from "../base/errors.ts";
import { banner, connectedLine } from "../base/product.ts";
import { clientCommand, parameterFileLines } from "./commands/client-command.ts";
import { readCommandLine, type CommandLine } from "./command-line.ts";
import { errorFacts } from "./error-report.ts";
import { failedEvent, type JobScreen } from "./events.ts";
import { followJob, type Following } from "./follow.ts";
import { helpLines } from "./help.ts";
import { Interruptions } from "./interruption.ts";
import { placeDefaultFiles } from "./default-directory.ts";
import { defineJob } from "./job-calls.ts";
import { followingError, tellEnd, wantsPrompt } from "./job-end.ts";
import { legacyLines } from "./parameters/legacy.ts";
import { placeLegacyFiles } from "./parameters/legacy-files.ts";
import type { Assignment } from "./lexer.ts";
import { planJob, type JobPlan } from "./job-plan.ts";
import type { Output } from "./output.ts";
import type { Command } from "./parameters/parameter.ts";
import { supportedParameters } from "./parameters/parameters.ts";
import { dumpPassword, remapDataKey, type PasswordSource, type RemapKeySource } from "./passwords.ts";
import { openScreen } from "./screen/screen.ts";
import { clientCode, type Settings } from "./settings.ts";
import { startJob } from "./start-job.ts";

/** What may be said together with ATTACH. */
const ATTACH_PARAMETERS: ReadonlySet<string> = new Set([
  "attach",
  "userid",
  "json",
  "status",
  "help",
  "encryption_password",
  "encryption_password_file",
  "encryption_pwd_prompt",
  "remap_data_key_file",
  "remap_data_key_prompt",
]);

/**
 * `tsdp export` and `tsdp import`.
 * @returns the exit code: 0 done, 5 done with errors, 1 failed; 128 and the signal's number when the client left its job
 */
export async function runJob(command: Command, words: readonly string[], output: Output): Promise<number> {
  const screen = await openScreen(output, asksForJson(words));
  try {
    const line = readLine(command, words, screen);
    if (line.settings.flag("help") === true) return showHelp(command, output);
    const json = asksForJson(words);
    if (line.settings.has("attach")) return await attachTo(line.settings, json, output);
    screen.heading(banner(operation(command), new Date()));
    const statusPeriod = Number(line.settings.text("status") ?? 0);
    const plan = await withRemapKey(await withPassword(planJob(line.settings), line.settings), line.settings);
    return await connectAndRun(line, plan, { screen, output, json, statusPeriod });
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

/** What the client shows, and where. */
interface Client {
  readonly screen: JobScreen;
  readonly output: Output;
  readonly json: boolean;
  readonly statusPeriod: number;
}

async function connectAndRun(line: CommandLine, read: JobPlan, client: Client): Promise<number> {
  const { logIn } = await import("./login.ts");
  const { settings } = line;
  const isDryRun = settings.flag("dry_run") === true;
  const pump = await logIn(settings.text("userid"), { dryRun: isDryRun });
  try {
    client.screen.heading([connectedLine(pump.database)]);
    const { placed, typed, lines } = await placeLegacy(pump, line, read);
    client.screen.heading(lines);
    const plan = await placeDefaultFiles(pump, settings, placed);
    const command = clientCommand(pump.user, settings.text("userid"), typed);
    const heading = [...lines, ...parameterFileLines(line.ofFiles)];
    if (!isDryRun) return await defineAndFollow(pump, plan, command, { ...client, logHeading: heading });
    const { showDryRun } = await import("./dry-run.ts");
    return await showDryRun(pump, plan, command, client);
  } finally {
    await pump.close();
  }
}

/** In legacy mode: files are found by their paths, and named as Data Pump does. */
async function placeLegacy(pump: DataPump, { typed, legacy }: CommandLine, plan: JobPlan): Promise<LegacyJob> {
  if (legacy.replaced.length === 0) return { placed: plan, typed, lines: [] };
  const { plan: placed, shown } = await placeLegacyFiles(pump, plan);
  const replaced = legacy.replaced.map((one) => ({ ...one, becomes: one.becomes.map(shown) }));
  return { placed, typed: typed.map(shown), lines: legacyLines(replaced, legacy.added) };
}

interface LegacyJob {
  readonly placed: JobPlan;
  readonly typed: readonly Assignment[];
  /** What the client says of it. */
  readonly lines: readonly string[];
}

async function defineAndFollow(
  pump: DataPump,
  plan: JobPlan,
  command: string,
  { screen, output, json, statusPeriod, logHeading }: Client & { readonly logHeading: readonly string[] },
): Promise<number> {
  const handle = await defineJob(pump, plan, command);
  for (const line of logHeading) await pump.logEntry(handle, line, 1);
  const { status } = await pump.getStatus(handle, KU.STATUS_JOB_DESC, 0);
  const interruptions = new Interruptions();
  let following: Following;
  try {
    screen.wait("Starting the job");
    await startJob(pump, handle, 0, plan.abortStep);
    following = await followJob(pump, handle, screen, () => interruptions.current(), statusPeriod);
  } catch (error) {
    throw followingError(error, status.jobDescription);
  } finally {
    interruptions.stop();
  }
  if (!wantsPrompt(following)) {
    await pump.detach(handle);
    return tellEnd(following, status.jobDescription, screen);
  }
  screen.close();
  const { interact } = await import("./attach.ts");
  return interact(pump, handle, { output, json, statusPeriod });
}

/** `tsdp export attach=JOB`: nothing else may be said of a job that exists. */
async function attachTo(settings: Settings, json: boolean, output: Output): Promise<number> {
  const other = supportedParameters(settings.command).find(({ name }) => !ATTACH_PARAMETERS.has(name) && settings.has(name));
  if (other !== undefined)
    throw pumpError(
      [[clientCode(settings.command, "00011"), "attach", other.name]],
      "A job that exists has its parameters already.",
    );
  const { attach } = await import("./attach.ts");
  const statusPeriod = Number(settings.text("status") ?? 0);
  const secrets = { password: passwordSource(settings), remapKey: remapKeySource(settings) };
  return attach(settings.elements("attach")[0] ?? null, settings.text("userid"), { output, json, statusPeriod, ...secrets });
}

function passwordSource(settings: Settings): PasswordSource {
  return {
    password: settings.text("encryption_password"),
    file: settings.text("encryption_password_file"),
    prompt: settings.flag("encryption_pwd_prompt") === true,
  };
}

/** The password that was not typed into the command line. */
async function withPassword(plan: JobPlan, settings: Settings): Promise<JobPlan> {
  if (settings.has("encryption_password")) return plan;
  const password = await dumpPassword(passwordSource(settings), settings.command === "export");
  return password === null ? plan : { ...plan, parameters: [...plan.parameters, ["ENCRYPTION_PASSWORD", password]] };
}

function remapKeySource(settings: Settings): RemapKeySource {
  return { file: settings.text("remap_data_key_file"), prompt: settings.flag("remap_data_key_prompt") === true };
}

/** Only a job that replaces values has use for the key. */
async function withRemapKey(plan: JobPlan, settings: Settings): Promise<JobPlan> {
  const key = plan.dataRemaps.length === 0 ? null : await remapDataKey(remapKeySource(settings));
  return key === null ? plan : { ...plan, parameters: [...plan.parameters, ["REMAP_DATA_KEY", key]] };
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

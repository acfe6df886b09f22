import { Command as Program, CommanderError, Option } from "commander";
import { credentialProgram } from "./commands/credential-program.ts";
import { inspectPrograms } from "./commands/inspect-program.ts";
import type { Output } from "./output.ts";
import type { Command, JobParameter } from "./parameters/parameter.ts";
import { defaultOf, supportedParameters } from "./parameters/parameters.ts";
import { maskedConnectString } from "../base/masked-connect-string.ts";
import { productVersion } from "../base/product.ts";
import { USERID, type SessionOptions } from "./session-commands.ts";
import { columnProgram } from "./commands/column-program.ts";
import { directoryProgram } from "./commands/directory-program.ts";
import { linkProgram } from "./commands/link-program.ts";
import { roleProgram } from "./commands/role-program.ts";
import { userProgram } from "./commands/user-program.ts";
import { verifyProgram } from "./commands/verify-program.ts";
import { walletProgram } from "./commands/wallet-program.ts";

/** A word of the command line in an error about it. */
const QUOTED = /'(.*)'/g;

/**
 * Runs every command but export and import, which read their own words, and shows `--help` of all.
 * @returns the exit code
 */
export async function runProgram(words: readonly string[], output: Output): Promise<number> {
  let exitCode = 0;
  const program = tsdpProgram(output, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(words, { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode;
    throw error;
  }
}

/** All commands with their options. @param end takes the exit code of one that has its own */
export function tsdpProgram(output: Output, end: (exitCode: number) => void): Program {
  const program = new Program("tsdp")
    .description("Oracle Data Pump for SQLite: export and import of SQLite schemas")
    .version(productVersion(), "-V, --version")
    // What stands behind a command is its own: a command above it with an option of the same name must not take it.
    .enablePositionalOptions();
  const programs = [
    ...[jobProgram("export"), jobProgram("import"), dumpinfoProgram(output, end), directoryProgram(output)],
    ...[attachProgram(output, end), jobsProgram(output, end), pathsProgram(output), walletProgram(output)],
    ...[credentialProgram(output), columnProgram(output), linkProgram(output), userProgram(output), roleProgram(output)],
    ...[verifyProgram(output, end), ...inspectPrograms(output, end)],
  ];
  for (const command of programs) program.addCommand(command);
  overseeErrors(program);
  return program;
}

/** A word in an error of a command may be a connect string. What stands behind a command takes nothing over from it. */
function overseeErrors(program: Program): void {
  program.exitOverride().configureOutput({
    outputError: (text, write) => {
      write(text.replace(QUOTED, (_, word: string) => `'${maskedConnectString(word)}'`));
    },
  });
  program.commands.forEach(overseeErrors);
}

function dumpinfoProgram(output: Output, end: (exitCode: number) => void): Program {
  return new Program("dumpinfo")
    .description("show what a dump file says about itself")
    .argument("<file>", "path of the dump file, or its URL in an object store")
    .option("--credential <name>", "credential of the object store; without it a URL is read as it is")
    .option("--json", "write one JSON document")
    .option("--userid <text>", "connect string of the database that has the credential")
    .action(async (file: string, options: SessionOptions & { credential?: string }) => {
      const { showDumpfileInfo } = await import("./dumpinfo.ts");
      end(await showDumpfileInfo(file, options, output));
    });
}

interface AttachOptions extends SessionOptions {
  readonly status?: string;
  readonly encryptionPasswordFile?: string;
  readonly encryptionPwdPrompt?: boolean;
  readonly remapDataKeyFile?: string;
  readonly remapDataKeyPrompt?: boolean;
}

function attachProgram(output: Output, end: (exitCode: number) => void): Program {
  return new Program("attach")
    .description("show a job, and change, stop or start it: a prompt, or commands from standard input")
    .argument("[job]", "[owner.]job; without it the only job that there is")
    .argument("[database]", USERID)
    .option("--json", "write events, one a line")
    .option("--encryption-password-file <path>", "file whose first line is the password of the dump files")
    .option("--encryption-pwd-prompt", "ask for the password of the dump files")
    .option("--remap-data-key-file <path>", "file whose first line is the key of remap_data")
    .option("--remap-data-key-prompt", "ask for the key of remap_data")
    .option("--status <seconds>", "report the status every so many seconds while the log is shown")
    .option("--userid <text>", "the same as the second argument")
    .action(async (job: string | undefined, database: string | undefined, options: AttachOptions) => {
      const { attach } = await import("./attach.ts");
      const code = await attach(job ?? null, database ?? options.userid, {
        output,
        json: options.json === true,
        statusPeriod: Number(options.status ?? 0),
        password: { password: undefined, file: options.encryptionPasswordFile, prompt: options.encryptionPwdPrompt === true },
        remapKey: { file: options.remapDataKeyFile, prompt: options.remapDataKeyPrompt === true },
      });
      end(code);
    });
}

/** Only for its help: the words of export and import are read by `command-line.ts`. */
function jobProgram(command: Command): Program {
  const program = new Program(command)
    .description(command === "export" ? "write schemas to a dump file set" : "load a dump file set into schemas")
    .usage("[connect string] [parameter=value | --parameter value ...]")
    .addHelpText(
      "after",
      `\nparameter=value means the same as --parameter value. help=y shows the parameters in the layout of Data Pump.`,
    );
  for (const parameter of supportedParameters(command)) {
    if (parameter.name !== "help") program.addOption(optionOf(parameter, command));
  }
  return program;
}

/** A parameter as a commander option. */
export function optionOf(parameter: JobParameter, command: Command): Option {
  const flag = `--${parameter.name.replaceAll("_", "-")}`;
  const option = new Option(parameter.type === "yes-no" ? `${flag} [y|n]` : `${flag} <${placeholder(parameter)}>`);
  const preset = defaultOf(parameter, command);
  const values = parameter.type === "keyword" ? ` One of ${(parameter.values ?? []).join(", ")}.` : "";
  option.description = parameter.description.join(" ") + values + (preset === undefined ? "" : ` (default: ${preset})`);
  return option;
}

function placeholder({ type, list }: JobParameter): string {
  const noun = {
    text: "text",
    name: "name",
    keyword: "keyword",
    "yes-no": "y|n",
    integer: "number",
    step: "number",
    file: "file",
    size: "size",
    table: "table",
    filter: "path[:names]",
    remap: "source:target",
    "path-remap": "source:target",
    transform: "name:value",
    query: "[table:]clause",
    "data-remap": "column:function",
    sample: "[table:]percent",
    "data-option": "option",
  };
  return list === true ? `${noun[type]},...` : noun[type];
}

function jobsProgram(output: Output, end: (exitCode: number) => void): Program {
  const program = new Program("jobs")
    .description("show the jobs of a database")
    // Between the program and `clean`, too.
    .enablePositionalOptions()
    .argument("[database]", USERID)
    .option("--json", "write one JSON document")
    .option("--userid <text>", "the same as the argument")
    .action(async (database: string | undefined, options: SessionOptions) => {
      const { listJobs } = await import("./commands/jobs-command.ts");
      await listJobs(withDatabase(database, options), output);
    });
  program
    .command("clean")
    .description("remove what dead jobs left, after showing it")
    .argument("[database]", USERID)
    .option("--yes", "don't ask")
    .option("--force", "drop a job, too, whose uploads to an object store can't be removed; they stay there")
    .option("--json", "write one JSON document; removes only with --yes")
    .option("--userid <text>", "the same as the argument")
    .action(async (database: string | undefined, options: SessionOptions & { yes?: boolean; force?: boolean }) => {
      const { cleanJobs } = await import("./commands/jobs-command.ts");
      end(await cleanJobs({ ...options, ...withDatabase(database, options) }, output));
    });
  return program;
}

function pathsProgram(output: Output): Program {
  return new Program("paths")
    .description("show the object paths that include= and exclude= can name")
    .option("--mode <mode>", "mode of the job: full, schema, table or tablespace", "schema")
    .option("--json", "write one JSON document")
    .option("--userid <text>", USERID)
    .action(async (options: SessionOptions & { mode: string }) => {
      const { listPaths } = await import("./commands/paths-command.ts");
      await listPaths(options, output);
    });
}

function withDatabase(database: string | undefined, options: SessionOptions): SessionOptions {
  return database === undefined ? options : { ...options, userid: database };
}

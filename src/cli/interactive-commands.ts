import { explanationsOf, inapplicable } from "../api/inapplicable.ts";
import { pumpError } from "../base/errors.ts";

/** A command of the interactive mode. */
export interface InteractiveCommand {
  readonly name: string;
  /** What may follow `=`; undefined: nothing. */
  readonly value?: string;
  /** Whether the value may be left out. */
  readonly optional?: boolean;
  readonly exportOnly?: boolean;
  readonly description: readonly string[];
}

/** Every command, in the order of the help. */
export const INTERACTIVE_COMMANDS: readonly InteractiveCommand[] = [
  {
    name: "ADD_FILE",
    value: "[directory:]file | [credential:]URL[,...]",
    description: [
      "Add dump files to the dump file set of an export, without a directory where its last one is.",
      "Of an import: give a pre-authenticated URL again.",
    ],
  },
  { name: "CONTINUE_CLIENT", description: ["Return to logging mode. A job that is idle is started again."] },
  { name: "EXIT_CLIENT", description: ["Quit the client and leave the job running."] },
  {
    name: "FILESIZE",
    value: "integer[B|KB|MB|GB|TB]",
    exportOnly: true,
    description: ["Largest size of the files of subsequent ADD_FILE commands [that of the job]; 0: no limit."],
  },
  { name: "HELP", description: ["Summarize the interactive commands."] },
  { name: "KILL_JOB", description: ["Detach and remove the job with all that it has made so far."] },
  { name: "PARALLEL", value: "integer", description: ["Change the number of active workers of the job."] },
  {
    name: "REUSE_DUMPFILES",
    value: "[YES | NO]",
    exportOnly: true,
    description: ["Whether subsequent ADD_FILE commands overwrite a file that exists [NO]."],
  },
  {
    name: "START_JOB",
    value: "SKIP_CURRENT",
    optional: true,
    description: [
      "Start or resume the job.",
      "SKIP_CURRENT leaves out, on an import, what was in progress when the job stopped.",
    ],
  },
  {
    name: "STATUS",
    value: "seconds",
    optional: true,
    description: ["Show the status of the job, and then every so many seconds while its log is shown; 0 turns that off."],
  },
  {
    name: "STOP_JOB",
    value: "IMMEDIATE",
    optional: true,
    description: [
      "Stop the job in an orderly way and quit the client; it can be started again.",
      "IMMEDIATE does not wait for its workers.",
    ],
  },
  { name: "STOP_WORKER", value: "integer", description: ["Stop one worker after its item; the others go on."] },
  { name: "TRACE", value: "hex", description: explanationsOf("command")["TRACE"] ?? [] },
];

/** A line of the interactive mode, understood. */
export interface CommandLine {
  readonly name: string;
  readonly value: string | null;
}

/**
 * Reads one line: a command or an abbreviation that can mean only one, blind to case.
 * @throws UDE-00053 or UDI-00053 for an unknown word, UDE-/UDI-00014 for a value that is missing or too much, TSDP-00002 for
 * a command that has no meaning here; an ambiguous
 * abbreviation runs nothing
 */
export function readCommand(line: string, operation: "EXPORT" | "IMPORT"): CommandLine {
  const client = operation === "EXPORT" ? "UDE" : "UDI";
  const [, word = "", value] = /^\s*([A-Za-z_]*)\s*(?:=\s*(.*?))?\s*;?\s*$/s.exec(line) ?? [];
  const commands = INTERACTIVE_COMMANDS.filter(({ exportOnly }) => operation === "EXPORT" || exportOnly !== true);
  const matches = commands.filter(({ name }) => word !== "" && name.startsWith(word.toUpperCase()));
  const exact =
    matches.find(({ name }) => name === word.toUpperCase()) ??
    (word.toUpperCase() === "EXIT" ? commands.find(({ name }) => name === "EXIT_CLIENT") : undefined);
  const command = exact ?? (matches.length === 1 ? matches[0] : undefined);
  if (command === undefined) {
    if (matches.length === 0) throw pumpError([[`${client}-00053`, line.trim()]]);
    throw pumpError(
      [
        [`${client}-00053`, line.trim()],
        ["TSDP-00010", `it may mean ${matches.map(({ name }) => name).join(", ")}`],
      ],
      "Nothing was done; write more of the command.",
    );
  }
  checkMeaning(command);
  checkValue(command, value, client);
  return { name: command.name, value: value === undefined || value === "" ? null : value };
}

function checkMeaning({ name }: InteractiveCommand): void {
  const explanation = explanationsOf("command")[name];
  if (explanation !== undefined) throw inapplicable("command", name, explanation);
}

function checkValue(
  { name, value: expected, optional }: InteractiveCommand,
  value: string | undefined,
  client: "UDE" | "UDI",
): void {
  const isGiven = value !== undefined && value !== "";
  if (expected === undefined && isGiven) throw pumpError([[`${client}-00014`, name]], `${name} takes no value.`);
  if (expected !== undefined && !isGiven && optional !== true)
    throw pumpError([[`${client}-00014`, name]], `Give ${name}=${expected}.`);
}

/** HELP in Data Pump's layout. */
export function interactiveHelp(operation: "EXPORT" | "IMPORT"): readonly string[] {
  const commands = INTERACTIVE_COMMANDS.filter(({ exportOnly }) => operation === "EXPORT" || exportOnly !== true);
  return [
    "-".repeat(78),
    "",
    "The following commands are valid while in interactive mode.",
    "Note: abbreviations are allowed.",
    "",
    ...commands.flatMap(({ name, value, optional, description }) => {
      const argument = value === undefined ? "" : optional === true ? `[=${value}]` : `=${value}`;
      return [`${name}${argument}`, ...description, ""];
    }),
  ];
}

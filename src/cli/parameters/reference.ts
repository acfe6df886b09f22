import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { argv } from "node:process";
import { pathToFileURL } from "node:url";
import { MESSAGES, type Message } from "../../base/messages.ts";
import { validKeywords } from "../help.ts";
import { LEGACY_PARAMETERS, type LegacyParameter } from "./legacy-parameters.ts";
import type { ApiCall, Command, JobParameter } from "./parameter.ts";
import { defaultOf, PARAMETERS } from "./parameters.ts";

const GENERATED = "<!-- Generated from the tables by `npm run docs`; do not edit. -->";

/** docs/parameters.md. */
export function parametersPage(): string {
  const supported = PARAMETERS.filter((parameter) => parameter.status === "supported");
  const inapplicable = PARAMETERS.filter((parameter) => parameter.status === "inapplicable");
  return page([
    "# Parameters of `tsdp export` and `tsdp import`",
    "",
    GENERATED,
    "",
    "A parameter is written `parameter=value` or `--parameter value`, without regard to case. A list is `a,b` or `(a,b)`;",
    "a list that is repeated grows, of a repeated single value the last one wins. Names of schemas, directories, users and jobs are",
    "taken in upper case unless they stand in double quotes; a schema is found without regard to case all the same, and a new one is",
    "made in upper case. In a parameter file `#` starts a comment and `\\` at the end of a line",
    "continues it; what follows `parfile=` on the command line overrides the file. The log file shows what stands in it, secrets masked.",
    "",
    "The exit code is 0 when the job is done, 5 when it is done with errors, and 1 when it failed. A client that is told to leave",
    "(SIGINT, SIGTERM, SIGHUP) or whose output is closed (SIGPIPE) leaves its job running and ends with 128 and the number of the",
    "signal, since it has not seen the end of the job; a second signal ends it at once.",
    "",
    'With `json=y` every line of standard output is one event: `{"schema":"tsdp.events/1","event":...}` with the events `log`,',
    "`error`, `status` and, always last, `end`.",
    "",
    ...supported.flatMap(parameterSection),
    "## Without a meaning on SQLite",
    "",
    "These parameters of Data Pump are refused with `TSDP-00002`, which says the same.",
    "",
    "| Parameter | Commands | What it is in Data Pump | Why it can't mean anything here | What to use instead |",
    "|---|---|---|---|---|",
    ...inapplicable.map(
      ({ name, commands, description }) => `| \`${name}\` | ${commands.join(", ")} | ${description.map(cell).join(" | ")} |`,
    ),
    "",
    "## Parameters of `exp` and `imp`",
    "",
    "A parameter that only the original `exp` or `imp` has switches legacy mode on: the command says what each becomes, an export sets",
    "`reuse_dumpfiles`, and without `log` no log file is written. A path is replaced by the directory object that is its folder.",
    "",
    "| Parameter | Commands | becomes |",
    "|---|---|---|",
    ...LEGACY_PARAMETERS.map(
      ({ name, commands, becomes }) => `| \`${name}\` | ${commands.join(", ")} | ${cell(becomesText(becomes))} |`,
    ),
  ]);
}

/** docs/messages.md. */
export function messagesPage(): string {
  const rows = Object.entries<Message>(MESSAGES)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([code, { text, hint }]) => `| ${code} | ${cell(text)} | ${cell(hint ?? "")} |`);
  return page([
    "# Messages",
    "",
    GENERATED,
    "",
    "`%s` stands for what the message is about. Below an error stack tsdp prints one sentence on what to do; the one shown here is",
    "the usual one for the message.",
    "",
    "| Code | Text | What to do |",
    "|---|---|---|",
    ...rows,
  ]);
}

/** Writes both pages into a folder. */
export function writeReference(folder: string): void {
  writeFileSync(join(folder, "parameters.md"), parametersPage());
  writeFileSync(join(folder, "messages.md"), messagesPage());
}

function parameterSection(parameter: JobParameter): readonly string[] {
  const facts = [
    `Commands: ${parameter.commands.join(", ")}`,
    ...(parameter.list === true ? ["a list"] : []),
    ...(parameter.masked === true ? ["masked in every echo"] : []),
  ];
  return [
    `## ${parameter.name}`,
    "",
    ...parameter.description.map((line) => cell(line)),
    "",
    `- ${facts.join("; ")}`,
    ...keywordFacts(parameter),
    `- API: ${callText(parameter.call)}`,
    "",
  ];
}

function keywordFacts(parameter: JobParameter): readonly string[] {
  const [first = "export", second = first] = parameter.commands;
  const perCommand = (fact: (command: Command) => string | undefined) => {
    const [one, other] = [fact(first), fact(second)];
    return one === other ? one : `${one ?? ""} (${first}), ${other ?? ""} (${second})`;
  };
  const values = perCommand((command) => validKeywords(parameter, command)?.replace(/[[\]]/g, ""));
  const preset = perCommand((command) => defaultOf(parameter, command));
  return [
    ...(values === undefined ? [] : [`- Values: ${values}`]),
    ...(preset === undefined ? [] : [`- Default: ${cell(preset)}`]),
  ];
}

/** What becomes of parameters that take several assignments, before or after. */
const SEVERAL = {
  "index file": "sqlfile, with include=INDEX",
  users: "remap_schema, from the schemas of fromuser",
  tablespaces: "Y: transport_tablespaces, in place of tablespaces; N: ignored",
} as const;

function becomesText(becomes: LegacyParameter["becomes"]): string {
  switch (becomes.kind) {
    case "ignored":
      return "nothing: it is ignored";
    case "refused":
      return `refused. ${becomes.hint}`;
    case "name":
      return becomes.parameter;
    case "constant":
      return `${becomes.parameter}=${becomes.value}`;
    case "flag":
      return [
        `Y: ${becomes.yes.length === 0 ? "ignored" : becomes.yes.join(" ")}`,
        `N: ${becomes.no.length === 0 ? "ignored" : becomes.no.join(" ")}`,
      ].join("; ");
    case "fixed": {
      const refused = `${becomes.refused}: refused, it has no meaning here`;
      return becomes.refused === "Y" ? `${refused}; N: ignored` : `Y: ignored; ${refused}`;
    }
    case "inapplicable":
      return "refused, it has no meaning here";
    default:
      return SEVERAL[becomes.kind];
  }
}

/** Calls whose argument says nothing more. */
const PLAIN_CALLS: Readonly<Record<string, string>> = {
  client: "none, it steers the client",
  ATTACH: "`ATTACH`",
  CONNECT: "`connect`",
  CONTENT: "METADATA_ONLY: `DATA_FILTER(INCLUDE_ROWS, 0)`; DATA_ONLY: `SET_PARAMETER(INCLUDE_METADATA, 0)`",
  SET_PARALLEL: "`SET_PARALLEL`",
};

function callText(call: ApiCall): string {
  if (!("argument" in call) || call.procedure === "CONTENT") return PLAIN_CALLS[call.procedure] ?? call.procedure;
  switch (call.procedure) {
    case "OPEN":
    case "START_JOB":
    case "ADD_FILE":
      return `\`${call.procedure}\`, argument \`${call.argument}\``;
    default:
      return `\`${call.procedure}(${call.argument})\``;
  }
}

function cell(text: string): string {
  return text.replace(/[|<>*_\\]/g, (char) => `\\${char}`);
}

function page(lines: readonly string[]): string {
  return `${lines.join("\n").trimEnd()}\n`;
}

if (argv[1] !== undefined && import.meta.url === pathToFileURL(argv[1]).href) writeReference(argv[2] ?? "docs");

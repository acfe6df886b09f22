import type { Command, JobParameter } from "./parameters/parameter.ts";
import { defaultOf, inapplicableParameters, supportedParameters, valuesOf } from "./parameters/parameters.ts";

const RULE = "-".repeat(78);

/** What `help=y` shows: how to write parameters, then every parameter with its values and its default in brackets, then
 * those that have no meaning here. */
export function helpLines(command: Command): readonly string[] {
  return [
    ...introduction(command),
    RULE,
    "",
    "The parameters follow; defaults are in square brackets.",
    "",
    ...blocks(command),
    RULE,
    "",
    "These parameters of Data Pump have no meaning on SQLite and are refused.",
    "",
    ...inapplicableParameters(command).flatMap(({ name, description }) => [name.toUpperCase(), ...description, ""]),
  ];
}

/** The valid keywords of a parameter as a sentence, the default in brackets; undefined for free values. */
export function validKeywords(parameter: JobParameter, command: Command): string | undefined {
  const values = valuesOf(parameter, command);
  if (values === undefined) return undefined;
  const preset = defaultOf(parameter, command);
  const shown = values.map((value) => (value === preset ? `[${value}]` : value));
  return `${shown.slice(0, -1).join(", ")} and ${shown.at(-1) ?? ""}`;
}

function introduction(command: Command): readonly string[] {
  const noun = command === "export" ? "Export" : "Import";
  const work =
    command === "export"
      ? "Export writes schemas of SQLite files, or parts of them, to a dump file set."
      : "Import loads a dump file set, or parts of it, into schemas of SQLite files.";
  const example = command === "export" ? "schemas=HR dumpfile=hr.dmp" : "dumpfile=hr.dmp remap_schema=HR:BLAKE";
  return [
    "",
    work,
    `${noun} is controlled by parameters, each a keyword and a value:`,
    "",
    `   Format:   tsdp ${command} [connect string] KEYWORD=value or KEYWORD=(value1,value2,...)`,
    `   Example:  tsdp ${command} ${example}`,
    "",
    "Keywords are case-blind. --keyword value means the same as KEYWORD=value.",
    "The connect string, if there is one, comes first.",
    "",
  ];
}

function blocks(command: Command): readonly string[] {
  return [...supportedParameters(command)].flatMap((parameter) => [...block(parameter, command), ""]);
}

function block(parameter: JobParameter, command: Command): readonly string[] {
  const keywords = validKeywords(parameter, command);
  const preset = defaultOf(parameter, command);
  const last = keywords === undefined ? undefined : `Valid keyword values are: ${keywords}.`;
  const name =
    keywords === undefined && preset !== undefined ? `${parameter.name.toUpperCase()} [${preset}]` : parameter.name.toUpperCase();
  return [name, ...parameter.description, ...(last === undefined ? [] : [last])];
}

import { readFileSync } from "node:fs";
import { inapplicable } from "../api/inapplicable.ts";
import { causeLines, PumpError, pumpError } from "../base/errors.ts";
import { rewriteLegacy, type Replaced } from "./parameters/legacy.ts";
import { parseWords, splitWords, type Assignment, type Syntax } from "./lexer.ts";
import { nearestName } from "../base/nearest-name.ts";
import type { Command, JobParameter } from "./parameters/parameter.ts";
import { findParameter, parametersOf } from "./parameters/parameters.ts";
import { clientCode, clientPrefix, Settings } from "./settings.ts";
import { unquote } from "./parameters/values.ts";

export interface CommandLine {
  readonly settings: Settings;
  /** What stood on the command line itself, parameters of exp and imp as those of Data Pump; `parfile=` as such. */
  readonly typed: readonly Assignment[];
  /** What stood in parameter files, as it was typed. */
  readonly ofFiles: readonly Assignment[];
  readonly legacy: LegacyMode;
}

/** What legacy mode has done; nothing without it. */
export interface LegacyMode {
  readonly replaced: readonly Replaced[];
  /** Parameters that it has set by itself. */
  readonly added: readonly Assignment[];
}

/**
 * Reads the words of a command line. A parameter file is read in the place where it is named: what follows it overrides it.
 * @throws LRM- errors for what can't be read, UDE-/UDI- errors for values, TSDP-00001 for parameters that don't work yet,
 * TSDP-00002 for those that can't mean anything here.
 * Parameters of the original exp and imp become those of Data Pump.
 */
export function readCommandLine(command: Command, words: readonly string[]): CommandLine {
  const settings = new Settings(command);
  const { assignments, replaced } = rewriteLegacy(command, parseWords(words, syntaxOf(command, true)), "Command Line");
  const allReplaced = [...replaced];
  const ofFiles: Assignment[] = [];
  for (const assignment of assignments) {
    const parameter = supportedParameter(command, assignment.name);
    settings.add(parameter, assignment);
    if (parameter.name !== "parfile") continue;
    const file = readParameterFile(settings, unquote(assignment.text));
    ofFiles.push(...file.typed);
    allReplaced.push(...file.replaced);
  }
  const added = allReplaced.length === 0 ? [] : legacyDefaults(settings);
  return { settings, typed: [...assignments, ...added], ofFiles, legacy: { replaced: allReplaced, added } };
}

/** exp overwrites its file, and writes no log unless it is told to. */
function legacyDefaults(settings: Settings): readonly Assignment[] {
  const names = [
    ...(settings.command === "export" && !settings.has("reuse_dumpfiles") ? ["reuse_dumpfiles"] : []),
    ...(settings.has("logfile") || settings.has("nologfile") ? [] : ["nologfile"]),
  ];
  const added = names.map((name) => ({ name, text: "true", elements: ["true"] }));
  for (const assignment of added) settings.add(supportedParameter(settings.command, assignment.name), assignment);
  return added;
}

/** @returns what stands in it, and what legacy mode has replaced of that */
function readParameterFile(
  settings: Settings,
  path: string,
): { readonly typed: readonly Assignment[]; readonly replaced: readonly Replaced[] } {
  try {
    const typed = parseWords(splitWords(parameterText(path)), syntaxOf(settings.command, false));
    const { assignments, replaced } = rewriteLegacy(settings.command, typed, "Parameter File");
    for (const assignment of assignments) {
      const parameter = supportedParameter(settings.command, assignment.name);
      if (parameter.name === "parfile") throw nestedFile(settings.command);
      settings.add(parameter, assignment);
    }
    return { typed, replaced };
  } catch (error) {
    if (!(error instanceof PumpError)) throw error;
    throw new PumpError([...error.lines, ...pumpError([["LRM-00113", path]]).lines], error.hint, { cause: error });
  }
}

function parameterText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw pumpError([["LRM-00109", path], ...causeLines(error)], undefined, error);
  }
}

function nestedFile(command: Command): PumpError {
  return pumpError([[clientCode(command, "00014"), "parfile"]], "A parameter file can't name another parameter file.");
}

function syntaxOf(command: Command, connectString: boolean): Syntax {
  const isSwitch = (name: string) => {
    const parameter = findParameter(name);
    return parameter?.status === "supported" && parameter.type === "yes-no";
  };
  const isSecret = (name: string) => {
    const parameter = findParameter(name);
    return parameter?.status === "supported" && parameter.masked === true;
  };
  return { isSwitch, isSecret, connectString, client: clientPrefix(command) };
}

function supportedParameter(command: Command, name: string): JobParameter {
  const parameter = findParameter(name, command);
  if (parameter === undefined) throw unknownParameter(command, name);
  if (!parameter.commands.includes(command)) {
    throw pumpError([["LRM-00101", name]], `${name} is a parameter of ${parameter.commands.join(" and ")}, not of ${command}.`);
  }
  if (parameter.status === "inapplicable") throw inapplicable("parameter", parameter.name.toUpperCase(), parameter.description);
  return parameter;
}

function unknownParameter(command: Command, name: string): PumpError {
  const near = nearestName(
    name,
    parametersOf(command).map((parameter) => parameter.name),
  );
  const hint = near === undefined ? "" : `Did you mean ${near}? `;
  return pumpError([["LRM-00101", name]], `${hint}help=y lists the parameters.`);
}

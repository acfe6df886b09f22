import { extname, join } from "node:path";
import { pumpError } from "../base/errors.ts";
import { isUrl } from "../storage/places.ts";
import { BAD_DUMP_FILE } from "./faults.ts";

export { isUrl } from "../storage/places.ts";

export const DEFAULT_EXTENSION = ".dmp";
const VARIABLE = /%(.?)/gs;
const URL_VARIABLE = /%([ULDMYT])(?![0-9A-Fa-f])|%/gi;
const MAX_U = 99;
const MAX_L = 2_147_483_646;

/** A file name, or a template of file names, and where it is. */
export interface DumpFilePattern {
  /** Absolute path of a folder, or a URL without its last part. */
  readonly directoryPath: string;
  /** As `dumpFileName` or `splitDumpUrl` has made it. */
  readonly name: string;
}

/**
 * The name of a dump file within its directory object, with the default extension when the name has none. `%D %M %Y %T` become
 * the date (day, month, year, YYYYMMDD); `%U` and `%L` stay: such a name is a template. Variables are case-blind, `%%` is a `%`.
 * @param date of an export; null for an import, which can't know the date of its dump.
 * @throws ORA-39088 for a name with a path, ORA-39144 for an empty one, ORA-39124 for another variable.
 */
export function dumpFileName(name: string, date: Date | null): string {
  if (name === "") throw pumpError([...BAD_DUMP_FILE, ["ORA-39144"]]);
  if (/[/\\]/.test(name) || name.includes("\0") || name === "." || name === "..")
    throw pumpError([...BAD_DUMP_FILE, ["ORA-39088"]]);
  const dated = name.replace(VARIABLE, (variable, letter: string) => {
    if (letter === "%" || /[UL]/i.test(letter)) return variable;
    const text = date === null ? undefined : dateText(letter, date);
    if (text === undefined) throw pumpError([...BAD_DUMP_FILE, ["ORA-39124", name, variable]], variableHint(date));
    return text;
  });
  return extname(dated) === "" ? dated + DEFAULT_EXTENSION : dated;
}

/**
 * The URL of a dump file in an object store, cut before its last part. Variables are as in `dumpFileName`, but that a `%` before two
 * hexadecimal digits is the URL's own, and that no extension is added.
 * @throws ORA-39144 without a last part, ORA-39124 for a date in the URL of an import.
 */
export function splitDumpUrl(url: string, date: Date | null): DumpFilePattern {
  const path = /^[^?#]*/.exec(url)?.[0] ?? "";
  const slash = path.lastIndexOf("/");
  if (slash <= path.indexOf("://") + 2 || slash === path.length - 1) throw pumpError([...BAD_DUMP_FILE, ["ORA-39144"]]);
  const name = url.slice(slash + 1).replace(URL_VARIABLE, (variable, letter: string | undefined) => {
    if (letter === undefined) return "%%";
    if (/[UL]/i.test(letter)) return variable;
    if (date === null) throw pumpError([...BAD_DUMP_FILE, ["ORA-39124", path, variable]], variableHint(date));
    return dateText(letter, date) ?? "";
  });
  return { directoryPath: url.slice(0, slash), name };
}

/** Whether a name stands for many files. */
export function isTemplate(name: string): boolean {
  return [...name.matchAll(VARIABLE)].some(([, letter]) => letter !== "%");
}

/** The name with its counters at `number`, from 1; all of a name advance together. Undefined when it has no further names. */
export function expandTemplate(name: string, number: number): string | undefined {
  const letters = [...name.matchAll(VARIABLE)].map(([, letter = ""]) => letter.toUpperCase());
  const limit = letters.includes("U") ? MAX_U : letters.includes("L") ? MAX_L : 1;
  if (number > limit) return undefined;
  return name.replace(VARIABLE, (_, letter: string) => (letter === "%" ? "%" : String(number).padStart(2, "0")));
}

/** Path or URL of file `number` of a pattern, from 1; undefined when it has no further files. */
export function dumpFilePath({ directoryPath, name }: DumpFilePattern, number: number): string | undefined {
  const expanded = expandTemplate(name, number);
  return expanded === undefined ? undefined : patternPath({ directoryPath, name: expanded });
}

/** The pattern itself as a path or URL. */
export function patternPath({ directoryPath, name }: DumpFilePattern): string {
  return isUrl(directoryPath) ? `${directoryPath}/${name}` : join(directoryPath, name);
}

function dateText(letter: string, date: Date): string | undefined {
  const [year, month, day] = [
    String(date.getFullYear()).padStart(4, "0"),
    String(date.getMonth() + 1).padStart(2, "0"),
    String(date.getDate()).padStart(2, "0"),
  ];
  switch (letter.toUpperCase()) {
    case "D":
      return day;
    case "M":
      return month;
    case "Y":
      return year;
    case "T":
      return year + month + day;
    default:
      return undefined;
  }
}

function variableHint(date: Date | null): string {
  return date === null
    ? "An import knows %U and %L only; write the date out. A % of the name itself is written %%."
    : "Use %U, %L, %D, %M, %Y or %T. A % of the name itself is written %%.";
}

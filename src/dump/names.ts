import { extname } from "node:path";
import { pumpError } from "../base/errors.ts";
import { BAD_DUMP_FILE } from "./faults.ts";

const DEFAULT_EXTENSION = ".dmp";
const VARIABLE = /%(.?)/gs;
const MAX_U = 99;
const MAX_L = 2_147_483_646;

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

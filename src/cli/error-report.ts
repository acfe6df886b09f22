import { errorNumber, formatLine, toPumpError, type PumpError } from "../base/errors.ts";
import { printable, printableJson, printableLines } from "../base/printable.ts";

/** The lines that show an error: its stack, a blank line, and one sentence on what to do. No stack trace, whatever was thrown. */
export function errorLines(error: unknown): readonly string[] {
  const { lines, hint } = toPumpError(error);
  const stack = lines.map((line) => printableLines(formatLine(line)));
  return hint === undefined ? [...stack, ""] : [...stack, "", printable(hint)];
}

/** What a command that was asked for one JSON document writes in its place when it fails. */
export function errorJson(schema: string, error: unknown): string {
  return printableJson({ schema, error: errorFacts(toPumpError(error)) });
}

/** An error as it travels in events: its lines, and what to do. */
export function errorFacts(error: PumpError): { readonly lines: readonly ErrorFact[]; readonly hint: string | null } {
  const lines = error.lines.map((line) => errorFact(line.code, formatLine(line)));
  return { lines, hint: error.hint ?? null };
}

/** One line of an error stack. */
export interface ErrorFact {
  /** `ORA-39001`; null for a line that is only text. */
  readonly code: string | null;
  /** 39001 of `ORA-39001`; null for a code without a number. */
  readonly number: number | null;
  /** The whole line. */
  readonly text: string;
}

/** @param code empty for a line that is only text */
export function errorFact(code: string, text: string): ErrorFact {
  const number = errorNumber(code);
  return { code: code === "" ? null : code, number: number === 0 ? null : number, text };
}

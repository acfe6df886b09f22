import { printable, withoutQueries } from "./printable.ts";
import { CAUSE_HINTS, MESSAGES, type MessageCode } from "./messages.ts";

/** One line of an error stack: a catalogued message, or the text of a foreign cause (SQLite, the operating system). */
export interface ErrorLine {
  /** `ORA-39001`, `UDE-00014`, `TSDP-00001`; for a foreign cause its own code, such as `SQLITE_NOTADB` or `ENOENT`. */
  readonly code: string;
  readonly text: string;
}

/** A line by its code and inserts, or a foreign line as it is. */
export type StackEntry = readonly [code: MessageCode, ...inserts: (string | number | bigint)[]] | ErrorLine;

/**
 * The only error that tsdp shows: Oracle's stack, outermost line first, and one plain sentence on what to do.
 * An `Error` posted between threads loses its class, so it travels as `toJSON()` and comes back through `fromJSON()`.
 */
export class PumpError extends Error {
  override readonly name = "PumpError";
  readonly lines: readonly ErrorLine[];
  readonly hint: string | undefined;

  constructor(lines: readonly ErrorLine[], hint?: string, options?: ErrorOptions) {
    super(lines.map(formatLine).join("\n"), options);
    this.lines = lines;
    this.hint = hint ?? defaultHint(lines);
  }

  /** Code of the outermost line. */
  get code(): string {
    return this.lines[0]?.code ?? "ORA-39006";
  }

  /** Oracle's negative number of the outermost line (`-39001`), as `SQLCODE` would give it; 0 for a code without a number. */
  get sqlcode(): number {
    return -errorNumber(this.code);
  }

  /** Whether any line of the stack has this code. */
  has(code: MessageCode): boolean {
    return this.lines.some((line) => line.code === code);
  }

  toJSON(): { lines: readonly ErrorLine[]; hint: string | undefined } {
    return { lines: this.lines, hint: this.hint };
  }

  static fromJSON(value: { lines: readonly ErrorLine[]; hint?: string | undefined }): PumpError {
    return new PumpError(value.lines, value.hint);
  }
}

/** Builds a PumpError from catalogue codes and their inserts, outermost first. */
export function pumpError(stack: readonly StackEntry[], hint?: string, cause?: unknown): PumpError {
  return new PumpError(stack.map(toLine), hint, cause === undefined ? undefined : { cause });
}

/** The text of one catalogued message with its `%s` inserts filled in; names in them can't begin a line of their own. */
export function messageText(code: MessageCode, ...inserts: readonly (string | number | bigint)[]): string {
  let next = 0;
  return MESSAGES[code].text.replaceAll("%s", () => printable(withoutQueries(String(inserts[next++] ?? ""))));
}

/** `ORA-39001: invalid argument value`. */
export function formatLine(line: ErrorLine): string {
  return `${line.code}: ${line.text}`;
}

/** 39001 of `ORA-39001`; 0 for a code that carries no number. */
export function errorNumber(code: string): number {
  return Number(/^(?:ORA|UDE|UDI|LRM|TSDP)-0*(\d+)$/.exec(code)?.[1] ?? 0);
}

/** What any thrown value says, as lines below a catalogued one: a PumpError's own stack, else its code and message. */
export function causeLines(error: unknown): readonly ErrorLine[] {
  if (error instanceof PumpError) return error.lines;
  if (error instanceof Error) {
    const code = codeOf(error) || error.name;
    const prefix = `${code}: `;
    return [{ code, text: error.message.startsWith(prefix) ? error.message.slice(prefix.length) : error.message }];
  }
  return [{ code: "Error", text: String(error) }];
}

/** The code of a thrown error, such as `ORA-31634`, `SQLITE_FULL` or `ENOENT`; empty when it has none. */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}

/** Any thrown value as a PumpError: itself, or ORA-39006 with the value as its cause. */
export function toPumpError(error: unknown): PumpError {
  return error instanceof PumpError ? error : pumpError([["ORA-39006"], ...causeLines(error)], undefined, error);
}

/** What to do about a cause that is not tsdp's own words, where there is something, and then about the rest. */
export function hintAfterCause(lines: readonly ErrorLine[], hint: string): string {
  const ofCause = lines.map(({ code }) => CAUSE_HINTS.get(code)).findLast((found) => found !== undefined);
  return ofCause === undefined ? hint : `${ofCause} ${hint}`;
}

function toLine(entry: StackEntry): ErrorLine {
  if ("code" in entry) return entry;
  const [code, ...inserts] = entry;
  return { code, text: messageText(code, ...inserts) };
}

function defaultHint(lines: readonly ErrorLine[]): string | undefined {
  for (const { code } of [...lines].reverse()) {
    const hint = (MESSAGES as Record<string, { hint?: string } | undefined>)[code]?.hint ?? CAUSE_HINTS.get(code);
    if (hint !== undefined) return hint;
  }
  return undefined;
}

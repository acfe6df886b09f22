import { closeSync, existsSync, openSync, readSync, rmSync, statSync, writeSync } from "node:fs";
import { codeOf, type ErrorLine, type PumpError } from "../base/errors.ts";
import type { ControlTable } from "./control-table.ts";

/** Bytes that a trace has from the start: an error with its stack takes 1 to 2 KiB. */
const RESERVED = 4096;
/** Of a longer trace so much is read at its beginning and at its end: it may be of any size. */
const MOST_BYTES = 1 << 20;
/** What the system says when a disk, or a user's share of it, is full. */
const NO_ROOM: ReadonlySet<string> = new Set(["ENOSPC", "EDQUOT"]);
/** More lines of a trace are not shown. */
const MOST_LINES = 5;
const TOLD = /^(?:\w*(?:Error|Exception)\b|FATAL ERROR|(?:ORA|TSDP)-\d+: |SQLITE_\w+: |E[A-Z]+: )/;
/** A line of a stack, as it is or behind the name of the class of an error. */
const STACK_LINE = /^(?:\w*Error: )?((?:ORA|TSDP)-\d+|SQLITE_\w+|E[A-Z]+): (.*)$/;
/** A property of the error itself: those of its causes stand further right. */
const OWN_CODE = /^ {2}code: '(SQLITE_\w+)',?$/m;

/** Where the control process of a job writes what it says on standard error: beside its control table, `OWNER.JOB.trace`. */
export function tracePath(tablePath: string): string {
  return `${tablePath.replace(/\.db$/, "")}.trace`;
}

/**
 * Begins the trace of a new control process, with room for its last word: that may be that the disk is full.
 * @returns the descriptor that is to be its standard error; null: there is no room for a trace
 */
export function openTrace(tablePath: string): number | null {
  let trace: number | null = null;
  try {
    trace = openSync(tracePath(tablePath), "w", 0o600);
    // At a position: what is written to the descriptor begins at 0 all the same, and takes the place of these lines.
    writeSync(trace, "\n".repeat(RESERVED), 0);
  } catch (error) {
    // A job that is to be removed from a disk that is full needs no trace.
    if (NO_ROOM.has(codeOf(error))) return trace;
    if (trace !== null) closeSync(trace);
    throw error;
  }
  return trace;
}

/** Removes the trace of a job whose control process had nothing to say on standard error. */
export function removeEmptyTrace(tablePath: string): void {
  const path = tracePath(tablePath);
  if (existsSync(path) && statSync(path).size <= MOST_BYTES && readTrace(path).trim() === "") rmSync(path, { force: true });
}

/** Why the control process of a job that is not over has ended, as far as it could say so. */
export function lastWords(table: ControlTable): readonly ErrorLine[] {
  const { startError } = table.job();
  if (startError === null) return traceLines(table.path);
  const { lines } = JSON.parse(startError) as Pick<PumpError, "lines">;
  return lines.filter(({ code }) => code !== "ORA-39006");
}

/** The error for which a control process has ended, as Node has printed it, without the frames of its stack trace. */
export function traceLines(tablePath: string): readonly ErrorLine[] {
  const path = tracePath(tablePath);
  if (!existsSync(path)) return [];
  const trace = readTrace(path);
  const ownCode = OWN_CODE.exec(trace)?.[1];
  return trace
    .split("\n")
    .filter((line) => TOLD.test(line))
    .slice(0, MOST_LINES)
    .map((line) => stackLine(line, ownCode));
}

function readTrace(path: string): string {
  const { size } = statSync(path);
  const descriptor = openSync(path, "r");
  try {
    const read = (position: number, length: number) => {
      const bytes = Buffer.alloc(length);
      return bytes.toString("utf8", 0, readSync(descriptor, bytes, 0, length, position));
    };
    const beginning = read(0, Math.min(size, MOST_BYTES));
    const rest = Math.min(size - MOST_BYTES, MOST_BYTES);
    return rest <= 0 ? beginning : `${beginning}\n${read(size - rest, rest)}`;
  } finally {
    closeSync(descriptor);
  }
}

function stackLine(line: string, ownCode: string | undefined): ErrorLine {
  const [, code, text] = STACK_LINE.exec(line) ?? [];
  if (code !== undefined && text !== undefined) return { code, text };
  const ofSqlite = /^SqliteError: (.*)$/.exec(line)?.[1];
  if (ownCode !== undefined && ofSqlite !== undefined) return { code: ownCode, text: ofSqlite };
  return { code: "control process", text: line };
}

import { setImmediate } from "node:timers/promises";
import { causeLines, pumpError, type PumpError } from "../base/errors.ts";

/** What a shell reports of a program that the signal SIGPIPE ended. */
export const CLOSED_PIPE = 141;

/** The two streams of a command. */
export interface Output {
  /** Writes lines to standard output. */
  readonly out: (...lines: readonly string[]) => void;
  /** Writes lines to standard error. */
  readonly err: (...lines: readonly string[]) => void;
}

/** Why standard output can't be written any more. */
export interface OutputFailure {
  readonly error: NodeJS.ErrnoException;
  /** The reader went away, which is no error of anybody: `tsdp jobs | head`. */
  readonly closed: boolean;
  /** Of a command that has succeeded otherwise. */
  readonly exitCode: number;
}

let failure: Omit<OutputFailure, "exitCode"> | undefined;
let hasJobEnded = false;

/** The streams of this process. What can't be written is dropped; `outputFailure` tells. */
export const processOutput: Output = {
  out: (...lines) => {
    write(process.stdout, lines);
  },
  err: (...lines) => {
    write(process.stderr, lines);
  },
};

/** Notes failures of the streams, which would otherwise end the process in the middle of its work. */
export function watchOutput(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    failure ??= { error, closed: error.code === "EPIPE" };
  });
  // A standard error that is gone leaves nowhere to say so, and the command can still do its work.
  process.stderr.on("error", () => undefined);
}

/** From here on the exit code is that of a job that has ended: an output that fails is told and changes it only when nobody reads it. */
export function keepExitCodeOfJob(): void {
  hasJobEnded = true;
}

export function outputFailure(): OutputFailure | undefined {
  if (failure === undefined) return undefined;
  return { ...failure, exitCode: failure.closed ? CLOSED_PIPE : hasJobEnded ? 0 : 1 };
}

/**
 * Writes to standard output and waits while its reader is slow.
 * @returns whether there still is a reader
 */
export async function writeOut(parts: readonly (string | Uint8Array)[]): Promise<boolean> {
  const bytes = Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part) : part)));
  if (bytes.length > 0 && process.stdout.writable)
    await new Promise<void>((resolve) => {
      process.stdout.write(bytes, () => {
        resolve();
      });
    });
  // An error comes as an event after the callback.
  await setImmediate();
  return failure === undefined;
}

/** That standard output takes nothing, with the cause. */
export function unwritable(error: Error): PumpError {
  return pumpError([["TSDP-00010", "standard output can't be written"], ...causeLines(error)], undefined, error);
}

function write(stream: NodeJS.WriteStream, lines: readonly string[]): void {
  if (lines.length > 0 && stream.writable) stream.write(`${lines.join("\n")}\n`);
}

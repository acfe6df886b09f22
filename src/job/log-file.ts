import { closeSync, existsSync, openSync, readSync, realpathSync, rmSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { causeLines, formatLine, pumpError, toPumpError, type PumpError } from "../base/errors.ts";
import { printable, printableLines } from "../base/printable.ts";
import { formatLogtime } from "../base/sizes.ts";
import { banner, connectedLine } from "../base/product.ts";
import { dumpFilePath } from "../dump/names.ts";
import type { StoredMessage } from "./control-table.ts";
import { dumpFilesOf, hasLogtime, type JobDefinition, type JobFile, type JobMessage } from "./definition.ts";
import { assertNoDatabase, assertNoneOf } from "./output-guard.ts";

/** As much of the end of a log as is looked through for its last message. */
const LONGEST_MESSAGE = 1 << 20;

/** The log file of a job; one that exists is replaced. */
export class LogFile {
  readonly #descriptor: number;
  readonly #hasTimes: boolean;

  private constructor(descriptor: number, hasTimes: boolean) {
    this.#descriptor = descriptor;
    this.#hasTimes = hasTimes;
  }

  /** @throws ORA-39002 and ORA-39070 when the file can't be opened or is one that must not be overwritten. */
  static open(definition: JobDefinition, file: JobFile, now: Date): LogFile {
    const path = join(file.directoryPath, file.name);
    try {
      assertNoDatabase(definition.database, path, (cause) => cause);
      assertNoneOf(dumpPaths(definition), path);
      const log = new LogFile(openNew(path), hasLogtime(definition, "LOGFILE"));
      if (definition.operation !== "SQL_FILE") log.#writeHeading(definition, now);
      return log;
    } catch (error) {
      throw unopened(file, error);
    }
  }

  /**
   * Goes on with the log of a job that is started again. Messages that the earlier run has told its clients but not written are added.
   * @throws ORA-39002 and ORA-39070
   */
  static reopen(definition: JobDefinition, file: JobFile, messages: readonly StoredMessage[]): LogFile {
    const path = join(file.directoryPath, file.name);
    if (!existsSync(path)) return LogFile.open(definition, file, new Date());
    try {
      assertNoDatabase(definition.database, path, (cause) => cause);
      assertNoneOf(dumpPaths(definition), path);
      const log = new LogFile(openSync(path, "a"), hasLogtime(definition, "LOGFILE"));
      const texts = messages.map((message) => log.#text(message, new Date(message.time)));
      const last = lastWritten(readEnd(path), texts);
      for (const text of last === -1 ? [] : texts.slice(last + 1)) writeSync(log.#descriptor, text);
      return log;
    } catch (error) {
      throw unopened(file, error);
    }
  }

  /** @param time of the message, which LOGTIME puts before it */
  write(message: JobMessage, time: Date): void {
    writeSync(this.#descriptor, this.#text(message, time));
  }

  /** What a job says is one line each, whatever the names in it are. */
  #text({ lines }: JobMessage, time: Date): string {
    const text = lines.map((line) => (line.code === null ? printable(line.text) : printableLines(formatLine(line)))).join("\n");
    return `${this.#hasTimes ? `${formatLogtime(time)}: ` : ""}${text}\n`;
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  /** Blank lines of the screen are `;;; ` in the file, as Data Pump writes them. */
  #writeHeading(definition: JobDefinition, now: Date): void {
    const operation = definition.operation === "EXPORT" ? "EXPORT" : "IMPORT";
    const heading = [...banner(operation, now), connectedLine(definition.database)];
    writeSync(this.#descriptor, `${heading.map((line) => (line === "" ? ";;; " : printableLines(line))).join("\n")}\n`);
  }
}

/** A job that was defined before its folder was moved looks for it in the old place. */
function unopened({ directoryPath }: JobFile, error: unknown): PumpError {
  const moved = `The folder ${printable(directoryPath)}, which the job was defined with, is not there: put it back, or define the job anew.`;
  const hint = existsSync(directoryPath) ? toPumpError(error).hint : moved;
  return pumpError([["ORA-39002"], ["ORA-39070"], ...causeLines(error)], hint, error);
}

function dumpPaths(definition: JobDefinition): readonly string[] {
  return dumpFilesOf(definition).map((file) => dumpFilePath(file, 1) ?? "");
}

/**
 * An empty file in the place of the old one: a job that writes into that one goes on there, and the two never mix. Where a file can't be
 * replaced, it is overwritten.
 */
function openNew(path: string): number {
  if (!existsSync(path)) return openSync(path, "w");
  const place = realpathSync(path);
  const { mode } = statSync(place);
  try {
    rmSync(place);
  } catch {
    return openSync(place, "w"); // The folder takes no changes.
  }
  return openSync(place, "wx", mode & 0o777);
}

/**
 * Which message a log ends with; -1: none. Runs that begin within one second say the same: of several that fit it is the one before which
 * most of its forerunners are in the log, too.
 */
function lastWritten(end: string, texts: readonly string[]): number {
  let [last, most] = [-1, 0];
  for (let i = texts.length - 1; i >= 0; i -= 1) {
    let place = end.length;
    let found = 0;
    for (let text = texts[i]; text !== undefined && end.endsWith(text, place); text = texts[i - found]) {
      place -= text.length;
      found += 1;
    }
    if (found > most) [last, most] = [i, found];
  }
  return last;
}

function readEnd(path: string): string {
  const { size } = statSync(path);
  const bytes = Buffer.alloc(Math.min(size, LONGEST_MESSAGE));
  const descriptor = openSync(path, "r");
  try {
    readSync(descriptor, bytes, 0, bytes.length, size - bytes.length);
  } finally {
    closeSync(descriptor);
  }
  return bytes.toString();
}

import { closeSync, existsSync, openSync, readSync, realpathSync, rmSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { causeLines, formatLine, pumpError, toPumpError } from "../base/errors.ts";
import { printable, printableLines } from "../base/printable.ts";
import { banner, connectedLine } from "../base/product.ts";
import { dumpFilePath } from "../dump/names.ts";
import { dumpFilesOf, type JobDefinition, type JobFile, type JobMessage } from "./definition.ts";
import { assertNoDatabase, assertNoneOf } from "./output-guard.ts";

/** As much of the end of a log as is looked through for its last message. */
const LONGEST_MESSAGE = 1 << 20;

/** The log file of a job; one that exists is replaced. */
export class LogFile {
  readonly #descriptor: number;

  private constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  /** @throws ORA-39002 and ORA-39070 when the file can't be opened or is one that must not be overwritten. */
  static open(definition: JobDefinition, file: JobFile, now: Date): LogFile {
    const path = join(file.directoryPath, file.name);
    try {
      assertNoDatabase(definition.database, path, (cause) => cause);
      assertNoneOf(dumpPaths(definition), path);
      const log = new LogFile(openNew(path));
      if (definition.operation !== "SQL_FILE") log.#writeHeading(definition, now);
      return log;
    } catch (error) {
      throw pumpError([["ORA-39002"], ["ORA-39070"], ...causeLines(error)], toPumpError(error).hint, error);
    }
  }

  /**
   * Goes on with the log of a job that is started again. Messages that the earlier run has told its clients but not written are added.
   * @throws ORA-39002 and ORA-39070
   */
  static reopen(definition: JobDefinition, file: JobFile, messages: readonly JobMessage[]): LogFile {
    const path = join(file.directoryPath, file.name);
    if (!existsSync(path)) return LogFile.open(definition, file, new Date());
    try {
      assertNoDatabase(definition.database, path, (cause) => cause);
      assertNoneOf(dumpPaths(definition), path);
      const log = new LogFile(openSync(path, "a"));
      for (const message of missingMessages(readEnd(path), messages)) log.write(message);
      return log;
    } catch (error) {
      throw pumpError([["ORA-39002"], ["ORA-39070"], ...causeLines(error)], toPumpError(error).hint, error);
    }
  }

  write(message: JobMessage): void {
    writeSync(this.#descriptor, logText(message));
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

/** What a job says is one line each, whatever the names in it are. */
function logText({ lines }: JobMessage): string {
  return `${lines.map((line) => (line.code === null ? printable(line.text) : printableLines(formatLine(line)))).join("\n")}\n`;
}

/** The messages after the last one that the log ends with; none when it ends with something else. */
function missingMessages(end: string, messages: readonly JobMessage[]): readonly JobMessage[] {
  const last = messages.findLastIndex((message) => end.endsWith(logText(message)));
  return last === -1 ? [] : messages.slice(last + 1);
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

import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  realpathSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { causeLines, formatLine, pumpError, toPumpError, type PumpError } from "../base/errors.ts";
import { qualifiedName } from "../base/identifiers.ts";
import { printable, printableLines } from "../base/printable.ts";
import { formatLogtime } from "../base/sizes.ts";
import { banner, connectedLine } from "../base/product.ts";
import { dumpFilePath } from "../dump/names.ts";
import type { ControlTable, StoredMessage } from "./control-table.ts";
import { dumpFilesOf, hasLogtime, type JobDefinition, type JobFile, type JobMessage } from "./definition.ts";
import { assertNoDatabase, assertNoneOf } from "./output-guard.ts";

/** As many of the last messages may be missing in the log of a job that is started again. */
const LAST_MESSAGES = 1000;
/** As much of the begin of a log is looked through for the name of its job, and of the end as is looked through for its last message. */
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
   * Goes on with the log of a job that is started again. Messages that the earlier run has told its clients but not written are added. A log
   * that is not the job's any more, or is torn, is replaced by one with all messages.
   * @param messages of the job after a sequence number, in order
   * @throws ORA-39002 and ORA-39070
   */
  static reopen(
    definition: JobDefinition,
    file: JobFile,
    messages: Pick<ControlTable, "lastMessage" | "messagesAfter">,
  ): LogFile {
    const path = join(file.directoryPath, file.name);
    if (existsSync(path)) {
      try {
        assertNoDatabase(definition.database, path, (cause) => cause);
        assertNoneOf(dumpPaths(definition), path);
        const log = new LogFile(openSync(path, "a"), hasLogtime(definition, "LOGFILE"));
        if (log.#addMissing(definition, path, messages.messagesAfter(messages.lastMessage() - LAST_MESSAGES, LAST_MESSAGES)))
          return log;
        log.close();
      } catch (error) {
        throw unopened(file, error);
      }
    }
    const log = LogFile.open(definition, file, new Date());
    try {
      log.#writeAll(messages);
      return log;
    } catch (error) {
      log.close();
      throw unopened(file, error);
    }
  }

  /** @returns false, and nothing is written, when the log is another job's, or does not end with a message of this one */
  #addMissing(definition: JobDefinition, path: string, messages: readonly StoredMessage[]): boolean {
    const name = printable(qualifiedName(definition.owner, definition.name));
    const texts = messages.map((message) => this.#text(message, new Date(message.time)));
    const last = readPart(path, "begin").includes(name) ? lastWritten(readPart(path, "end"), texts) : -1;
    if (last === -1) return false;
    this.#write(texts.slice(last + 1).join(""));
    return true;
  }

  #writeAll(messages: Pick<ControlTable, "messagesAfter">): void {
    for (let seq = 0; ;) {
      const batch = messages.messagesAfter(seq, LAST_MESSAGES);
      for (const message of batch) this.write(message, new Date(message.time));
      const next = batch.at(-1)?.seq;
      if (next === undefined) return;
      seq = next;
    }
  }

  /** @param time of the message, which LOGTIME puts before it */
  write(message: JobMessage, time: Date): void {
    this.#write(this.#text(message, time));
  }

  /** All of it or, on a disk that is full, nothing: half a line would be taken for a whole one. */
  #write(text: string): void {
    const bytes = Buffer.from(text);
    let written = 0;
    try {
      while (written < bytes.length) written += writeSync(this.#descriptor, bytes, written);
    } catch (error) {
      const stat = fstatSync(this.#descriptor);
      if (written > 0 && stat.isFile()) ftruncateSync(this.#descriptor, stat.size - written);
      throw error;
    }
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
    this.#write(`${heading.map((line) => (line === "" ? ";;; " : printableLines(line))).join("\n")}\n`);
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

/** What two jobs write to one file goes below each other. */
const EMPTIED = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_APPEND;

/**
 * An empty file in the place of the old one: a job that writes into that one goes on there, and the two never mix. Where a file can't be
 * replaced, it is overwritten.
 */
function openNew(path: string): number {
  if (!existsSync(path)) return openSync(path, EMPTIED);
  const place = realpathSync(path);
  const { mode } = statSync(place);
  try {
    rmSync(place);
  } catch {
    return openSync(place, EMPTIED); // The folder takes no changes.
  }
  return openSync(place, EMPTIED | constants.O_EXCL, mode & 0o777);
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

function readPart(path: string, part: "begin" | "end"): string {
  const { size } = statSync(path);
  const bytes = Buffer.alloc(Math.min(size, LONGEST_MESSAGE));
  const descriptor = openSync(path, "r");
  try {
    readSync(descriptor, bytes, 0, bytes.length, part === "begin" ? 0 : size - bytes.length);
  } finally {
    closeSync(descriptor);
  }
  return bytes.toString();
}

import type { DumpRows, Row } from "../../api/inspect.ts";
import { pumpError } from "../../base/errors.ts";
import { dumpOptions, type DumpArguments } from "../dump-arguments.ts";
import { errorJson, errorLines } from "../error-report.ts";
import { Interruptions } from "../interruption.ts";
import { writeOut, type Output } from "../output.ts";

export const ROW_FORMATS = ["table", "csv", "json", "jsonl"] as const;
type RowFormat = (typeof ROW_FORMATS)[number];

export interface RowsOptions extends DumpArguments {
  readonly format: RowFormat;
}

export interface CatOptions extends RowsOptions {
  readonly where?: string;
  readonly limit?: string;
}

/** Characters that are written together. */
const CHUNK_LENGTH = 1 << 16;

/** `tsdp sql DUMP... STATEMENT`. @returns the exit code */
export async function runSql(words: readonly string[], options: RowsOptions, output: Output): Promise<number> {
  const [files, statement] = [words.slice(0, -1), words.at(-1) ?? ""];
  if (files.length === 0) throw missingWord("the SELECT statement, in quotes");
  const { queryDump } = await import("../../api/inspect.ts");
  const opening = await dumpOptions(files, options);
  return showRows(options.format, output, (signal) => queryDump(files, statement, { ...opening, signal }));
}

/** `tsdp cat DUMP... TABLE`. @returns the exit code */
export async function runCat(words: readonly string[], options: CatOptions, output: Output): Promise<number> {
  const [files, table] = [words.slice(0, -1), words.at(-1) ?? ""];
  if (files.length === 0) throw missingWord("the table");
  const { readDumpTable } = await import("../../api/inspect.ts");
  const choice = { where: options.where, limit: rowLimit(options.limit), ...(await dumpOptions(files, options)) };
  return showRows(options.format, output, (signal) => readDumpTable(files, table, { ...choice, signal }));
}

/** Until nothing of the dump is on disk any more a signal ends the work in an orderly way, after that at once. */
async function showRows(format: RowFormat, output: Output, open: (signal: AbortSignal) => Promise<DumpRows>): Promise<number> {
  const interruptions = new Interruptions();
  let isBegun = false;
  try {
    const rows = await open(interruptions.signal);
    isBegun = true;
    if (!rows.isLoading) interruptions.stop();
    const shown = (await formatter(format))(rows.columns, rows.batches());
    await writeAll(shown);
    for (const lines of rows.warnings) output.err(...errorLines(pumpError(lines)));
    return rows.warnings.length > 0 ? 5 : 0;
  } catch (error) {
    const interruption = interruptions.current();
    if (interruption?.signal !== undefined) return interruption.exitCode;
    if (isBegun || !format.startsWith("json")) throw error;
    output.out(errorJson("tsdp.rows/1", error));
    return 1;
  } finally {
    interruptions.stop();
  }
}

type RowWriter = (columns: readonly string[], batches: AsyncIterable<readonly Row[]>) => AsyncIterable<string | Uint8Array>;

async function formatter(format: RowFormat): Promise<RowWriter> {
  switch (format) {
    case "table":
      return (await import("../text/rows-table.ts")).tableRows;
    case "csv":
      return (await import("../text/rows-csv.ts"))[process.stdout.isTTY ? "csvOnTerminal" : "csvRows"];
    case "json":
      return (await import("../text/rows-json.ts")).jsonRows;
    case "jsonl":
      return (await import("../text/rows-json.ts")).jsonLines;
  }
}

/** Breaks off when nobody reads what is written. */
async function writeAll(parts: AsyncIterable<string | Uint8Array>): Promise<void> {
  let waiting: (string | Uint8Array)[] = [];
  let length = 0;
  for await (const part of parts) {
    waiting.push(part);
    length += part.length;
    if (length < CHUNK_LENGTH) continue;
    if (!(await writeOut(waiting))) return;
    [waiting, length] = [[], 0];
  }
  await writeOut(waiting);
}

function rowLimit(text: string | undefined): bigint | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,18}$/.test(text)) return BigInt(text);
  throw pumpError([["ORA-39001"], ["ORA-39207", text, "--limit"]], "Give a number of rows.");
}

function missingWord(what: string): Error {
  return pumpError([["ORA-39001"], ["ORA-39144"]], `Give the dump file, then ${what}.`);
}

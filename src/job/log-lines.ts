import { qualifiedName } from "../base/identifiers.ts";
import { formatElapsed, formatSize, formatTimestamp } from "../base/sizes.ts";
import type { Outcome } from "./definition.ts";

/** Lines of a job's log in Data Pump's layout, to the column: 78 wide, row lines with the size ending in column 62. */
const SIZE_END = 62;
const ROWS_WIDTH = 8;

export const STARS = "*".repeat(78);

export function startingLine(owner: string, job: string, command: string): string {
  return `Starting ${qualifiedName(owner, job)}:  ${command} `;
}

export function reopenedLine(job: string, time: Date): string {
  return `Job ${job} has been reopened at ${formatTimestamp(time)}`;
}

export function restartingLine(owner: string, job: string, command: string): string {
  return `Restarting ${qualifiedName(owner, job)}:  ${command} `;
}

export function processingLine(path: string): string {
  return `Processing object type ${path}`;
}

/**
 * `. . exported "HR"."EMPLOYEES"                            17.08 KB     107 rows`; longer names and numbers push to the right; null: without a size.
 * `3 out of 107 rows` where others were refused.
 */
export function rowsLine(
  verb: "exported" | "imported" | "verified",
  schema: string,
  table: string,
  bytes: number | null,
  rows: number,
  offered = rows,
): string {
  const name = `. . ${verb} ${qualifiedName(schema, table)}`;
  const unit = offered === rows ? "rows" : `out of ${offered} rows`;
  if (bytes === null) return `${name.padEnd(SIZE_END + 3)}${String(rows).padStart(ROWS_WIDTH)} ${unit}`;
  return countLine(name, bytes, rows, unit);
}

function sizeLine(name: string, bytes: number): string {
  const [number = "0", unit = "KB"] = formatSize(bytes).split(" ");
  const size = `${number.padStart(Math.max(0, SIZE_END - name.length))} ${unit}`;
  return `${name}${size.startsWith(" ") ? "" : " "}${size}`;
}

export function estimateHeadLine(method: string): string {
  return `Estimate in progress using ${method} method...`;
}

/** `.  estimated "SCOTT"."EMP"                               8.225 KB` */
export function estimatedLine(schema: string, table: string, bytes: number): string {
  return sizeLine(`.  estimated ${qualifiedName(schema, table)}`, bytes);
}

export function estimateTotalLine(method: string, bytes: number): string {
  return `Total estimation using ${method} method: ${formatSize(bytes)}`;
}

/** What METRICS adds below the line on an object path. */
export function completedLine(count: number, objects: string, seconds: number): string {
  return `     Completed ${count} ${objects} objects in ${Math.round(seconds)} seconds`;
}

export function estimatedObjectsLine(count: number, seconds: number): string {
  return `     Estimated ${count} TABLE_DATA objects in ${Math.round(seconds)} seconds`;
}

export function startupLine(seconds: number): string {
  return `Startup took ${Math.round(seconds)} seconds`;
}

/** What METRICS adds to the line on the rows of a table. */
export function rowsMetrics(seconds: number, method: "direct_path" | "conventional"): string {
  return ` in ${Math.round(seconds)} seconds using ${method}`;
}

/** The last part of an object path: INDEX of SCHEMA_EXPORT/TABLE/INDEX/INDEX. */
export function lastPart(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** `. . exported pages of "HR"                             388.0 KB      97 pages`. */
export function pagesLine(verb: "exported" | "imported", schema: string, bytes: number, pages: number): string {
  return countLine(`. . ${verb} pages of "${schema}"`, bytes, pages, "pages");
}

function countLine(name: string, bytes: number, count: number, unit: string): string {
  return `${sizeLine(name, bytes)}${String(count).padStart(ROWS_WIDTH)} ${unit}`;
}

/** What was transported from where, below the dump files. */
export function dataFileLines(files: readonly { readonly schema: string; readonly path: string }[]): readonly string[] {
  return files.flatMap(({ schema, path }) => [STARS, `Datafiles transported for tablespace ${schema}:`, `  ${path}`]);
}

export function masterTableLine(owner: string, job: string): string {
  return `Master table ${qualifiedName(owner, job)} successfully loaded/unloaded`;
}

export function dumpFileSetLines(owner: string, job: string, paths: readonly string[]): readonly string[] {
  return [STARS, `Dump file set for ${owner}.${job} is:`, ...paths.map((path) => `  ${path}`)];
}

/** The last line of a job. */
export function endLine(owner: string, job: string, outcome: Outcome, errors: number, start: Date, end: Date): string {
  const elapsed = formatElapsed((end.getTime() - start.getTime()) / 1000);
  return `Job ${qualifiedName(owner, job)} ${ending(outcome, errors)} at ${formatTimestamp(end)} elapsed ${elapsed}`;
}

function ending(outcome: Outcome, errors: number): string {
  switch (outcome) {
    case "COMPLETE":
      return "successfully completed";
    case "COMPLETE_ERRORS":
      return `completed with ${errors} error(s)`;
    case "STOPPED":
      return "stopped by user request";
    case "ABORTED":
      return "stopped due to fatal error";
  }
}

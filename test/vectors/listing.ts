import type { Database } from "better-sqlite3";
import { createHash } from "node:crypto";

/** Columns read at once: two result columns each, of which SQLite allows 2,000. */
const CHUNK = 500;

/** What rows are listed of: SQL texts. */
export interface ListedRows {
  readonly from: string;
  /** The rowid, and every column, in their order. */
  readonly values: readonly string[];
  /** Nothing, or an ORDER BY. */
  readonly order: string;
}

/** The first line of a table in the listing of rows (docs/format.md, "Test vectors"). */
export function tableLine(schema: string, name: string): string {
  return `table ${hex(schema)} ${hex(name)}`;
}

/** A line for each row. */
export function rowLines(connection: Database, { from, values, order }: ListedRows): string[] {
  const lines: string[] = [];
  for (let start = 0; start === 0 || start < values.length; start += CHUNK) {
    const columns = values
      .slice(start, start + CHUNK)
      .flatMap((value) => [`typeof(${value})`, `iif(typeof(${value}) IN ('text', 'blob'), CAST(${value} AS BLOB), ${value})`]);
    const rows = connection
      .prepare(`SELECT ${["1", ...columns].join(", ")} FROM ${from} ${order}`)
      .safeIntegers()
      .raw()
      .all() as unknown[][];
    rows.forEach((row, i) => (lines[i] = (lines[i] ?? "row") + valuesText(row.slice(1))));
  }
  return lines;
}

export function digestOf(lines: readonly string[]): string {
  return createHash("sha256")
    .update(lines.map((line) => `${line}\n`).join(""))
    .digest("hex");
}

function valuesText(row: readonly unknown[]): string {
  let text = "";
  for (let i = 0; i < row.length; i += 2) text += ` ${valueText(String(row[i]), row[i + 1])}`;
  return text;
}

function valueText(type: string, value: unknown): string {
  if (typeof value === "bigint") return `i:${value}`;
  if (typeof value === "number") return `r:${doubleHex(value)}`;
  return value === null ? "n" : `${type === "text" ? "t" : "b"}:${(value as Buffer).toString("hex")}`;
}

function doubleHex(value: number): string {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return bytes.toString("hex");
}

function hex(text: string): string {
  return Buffer.from(text).toString("hex");
}

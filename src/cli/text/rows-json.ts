import { UndecodableText, type CellValue, type Row } from "../../api/inspect.ts";
import { printableJson } from "../../base/printable.ts";

/**
 * Rows as one document, each a list of the values of `columns`. Nothing is lost: an INTEGER has all its digits, a REAL has a point or an
 * exponent, a blob is `{"blob": base64}`, and text that is not valid in the encoding of its schema `{"text": base64, "encoding": ...}`.
 */
export async function* jsonRows(
  columns: readonly string[],
  batches: AsyncIterable<readonly Row[]>,
): AsyncGenerator<string, void> {
  yield `{"schema":"tsdp.rows/1","columns":${printableJson(columns)},"rows":[`;
  let separator = "\n";
  for await (const batch of batches) {
    yield separator + batch.map((row) => `[${row.map(jsonValue).join(",")}]`).join(",\n");
    separator = ",\n";
  }
  yield separator === "\n" ? "]}\n" : "\n]}\n";
}

/** Rows as one object a line. A name that comes again has a number after it: `a`, `a:1`. */
export async function* jsonLines(
  columns: readonly string[],
  batches: AsyncIterable<readonly Row[]>,
): AsyncGenerator<string, void> {
  const keys = distinct(columns).map((name) => printableJson(name));
  const line = (row: Row) => `{${row.map((value, i) => `${keys[i] ?? ""}:${jsonValue(value)}`).join(",")}}\n`;
  for await (const batch of batches) yield batch.map(line).join("");
}

function distinct(columns: readonly string[]): readonly string[] {
  const taken = new Set<string>();
  return columns.map((column) => {
    let name = column;
    for (let number = 1; taken.has(name); number += 1) name = `${column}:${number}`;
    taken.add(name);
    return name;
  });
}

function jsonValue(value: CellValue): string {
  if (value === null) return "null";
  if (typeof value === "bigint") return String(value);
  if (typeof value === "number") return real(value);
  if (typeof value === "string") return printableJson(value);
  if (value instanceof UndecodableText) return `{"text":"${base64(value.bytes)}","encoding":"${value.encoding}"}`;
  return `{"blob":"${base64(value)}"}`;
}

/** As SQLite writes it: infinity is a number that no reader can hold. */
function real(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? "9e999" : "-9e999";
  if (Object.is(value, -0)) return "-0.0";
  const text = String(value);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}

import { UndecodableText, type CellValue, type Row } from "../../api/inspect.ts";
import { printable } from "../../base/printable.ts";

const LINE_END = "\r\n";
/** `,` `"` CR and LF. */
const SPECIAL: ReadonlySet<number> = new Set([0x2c, 0x22, 0x0d, 0x0a]);
const NEEDS_QUOTES = /[",\r\n]/;

/**
 * Rows as RFC 4180 has them: a heading, lines that end with CR LF, values in double quotes where they have to be. Text and blobs come as
 * their bytes, whatever these are; NULL is nothing, an empty text is "".
 */
export async function* csvRows(
  columns: readonly string[],
  batches: AsyncIterable<readonly Row[]>,
): AsyncGenerator<string | Uint8Array, void> {
  yield columns.map((name) => textField(name)).join(",") + LINE_END;
  for await (const batch of batches) yield joined(batch.map(csvLine));
}

/** The same for a terminal, which would act on what values hold; in a file or a pipe they are as they are. */
export async function* csvOnTerminal(
  columns: readonly string[],
  batches: AsyncIterable<readonly Row[]>,
): AsyncGenerator<string, void> {
  for await (const part of csvRows(columns, batches)) {
    const text = typeof part === "string" ? part : Buffer.from(part).toString();
    yield text.replaceAll(LINE_END, "\n").split("\n").map(printable).join("\n");
  }
}

function csvLine(row: Row): string | Uint8Array {
  const fields = row.map(field);
  if (fields.every((value) => typeof value === "string")) return fields.join(",") + LINE_END;
  return joined([...fields.flatMap((value, i) => [...(i === 0 ? [] : [","]), value]), LINE_END]);
}

function joined(parts: readonly (string | Uint8Array)[]): string | Uint8Array {
  if (parts.every((part) => typeof part === "string")) return parts.join("");
  return Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part) : part)));
}

function field(value: CellValue): string | Uint8Array {
  if (value === null) return "";
  if (typeof value === "string") return textField(value);
  if (value instanceof UndecodableText) return bytesField(value.bytes);
  return value instanceof Uint8Array ? bytesField(value) : realOrInteger(value);
}

function realOrInteger(value: bigint | number): string {
  return Object.is(value, -0) ? "-0" : String(value);
}

function textField(text: string): string {
  return text === "" || NEEDS_QUOTES.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function bytesField(bytes: Uint8Array): Uint8Array {
  if (bytes.length > 0 && !bytes.some((byte) => SPECIAL.has(byte))) return bytes;
  const quoted = Buffer.from(bytes).toString("latin1").replaceAll('"', '""');
  return Buffer.from(`"${quoted}"`, "latin1");
}

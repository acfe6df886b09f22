import { UndecodableText, type CellValue } from "../api/inspect.ts";
import { printable } from "../base/printable.ts";

/** Rows that are looked at before the first line, so that the columns are wide enough for them. */
const SAMPLE_ROWS = 100;
/** Longer values are cut. */
const MAX_CHARACTERS = 200;
const MAX_BLOB_BYTES = 32;

/** Rows for people: aligned columns, numbers to the right, what a terminal could act on escaped, long values cut. */
export async function* tableRows(
  columns: readonly string[],
  rows: AsyncIterable<readonly CellValue[]>,
): AsyncGenerator<string, void> {
  const sample: (readonly CellValue[])[] = [];
  let layout: TableLayout | undefined;
  let count = 0;
  for await (const row of rows) {
    count += 1;
    if (layout !== undefined) {
      yield layout.line(row);
      continue;
    }
    sample.push(row);
    if (sample.length < SAMPLE_ROWS) continue;
    layout = new TableLayout(columns, sample);
    yield layout.head() + sample.map((sampled) => layout?.line(sampled) ?? "").join("");
  }
  if (layout === undefined) {
    layout = new TableLayout(columns, sample);
    yield layout.head();
    for (const row of sample) yield layout.line(row);
  }
  yield `\n${count} row${count === 1 ? "" : "s"}\n`;
}

class TableLayout {
  readonly #heading: readonly string[];
  readonly #widths: readonly number[];
  readonly #toRight: readonly boolean[];

  constructor(columns: readonly string[], sample: readonly (readonly CellValue[])[]) {
    this.#heading = columns.map((name) => shortened(name));
    const cells = sample.map((row) => row.map(shown));
    this.#widths = this.#heading.map((name, i) => Math.max(name.length, ...cells.map((row) => row[i]?.length ?? 0)));
    this.#toRight = columns.map((_, i) => sample.length > 0 && sample.every((row) => isNumeric(row[i] ?? null)));
  }

  head(): string {
    const rule = this.#widths.map((width) => "-".repeat(width)).join("  ");
    return `${this.#aligned(this.#heading)}${rule}\n`;
  }

  line(row: readonly CellValue[]): string {
    return this.#aligned(row.map(shown));
  }

  #aligned(cells: readonly string[]): string {
    const padded = cells.map((cell, i) => {
      const width = this.#widths[i] ?? 0;
      return this.#toRight[i] === true ? cell.padStart(width) : cell.padEnd(width);
    });
    return `${padded.join("  ").trimEnd()}\n`;
  }
}

/** A column of NULLs and numbers. */
function isNumeric(value: CellValue): boolean {
  return value === null || typeof value === "bigint" || typeof value === "number";
}

function shown(value: CellValue): string {
  if (value === null) return "NULL";
  if (typeof value === "string") return shortened(value);
  if (value instanceof UndecodableText) return hex("text", value.bytes);
  return value instanceof Uint8Array ? hex("x", value) : String(value);
}

function shortened(text: string): string {
  return text.length <= MAX_CHARACTERS
    ? printable(text)
    : `${printable(text.slice(0, MAX_CHARACTERS))}... (${text.length} characters)`;
}

function hex(prefix: string, bytes: Uint8Array): string {
  const shownBytes = Buffer.from(bytes.subarray(0, MAX_BLOB_BYTES)).toString("hex").toUpperCase();
  return bytes.length <= MAX_BLOB_BYTES ? `${prefix}'${shownBytes}'` : `${prefix}'${shownBytes}'... (${bytes.length} bytes)`;
}

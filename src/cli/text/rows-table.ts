import { UndecodableText, type CellValue, type Row } from "../../api/inspect.ts";
import { printable } from "../../base/printable.ts";

/** Longer values are cut. */
const MAX_CHARACTERS = 200;
const MAX_BLOB_BYTES = 32;

/** Rows for people: columns as wide as the first batch needs, numbers to the right, what a terminal could act on escaped, long values cut. */
export async function* tableRows(
  columns: readonly string[],
  batches: AsyncIterable<readonly Row[]>,
): AsyncGenerator<string, void> {
  let layout: TableLayout | undefined;
  let count = 0;
  for await (const batch of batches) {
    const head = layout === undefined;
    layout ??= new TableLayout(columns, batch);
    count += batch.length;
    yield (head ? layout.head() : "") + layout.lines(batch);
  }
  if (layout === undefined) yield new TableLayout(columns, []).head();
  yield `\n${count} row${count === 1 ? "" : "s"}\n`;
}

class TableLayout {
  readonly #heading: readonly string[];
  readonly #widths: readonly number[];
  readonly #toRight: readonly boolean[];

  constructor(columns: readonly string[], sample: readonly Row[]) {
    this.#heading = columns.map((name) => shortened(name));
    const cells = sample.map((row) => row.map(shown));
    this.#widths = this.#heading.map((name, i) => Math.max(name.length, ...cells.map((row) => row[i]?.length ?? 0)));
    this.#toRight = columns.map((_, i) => sample.length > 0 && sample.every((row) => isNumeric(row[i] ?? null)));
  }

  head(): string {
    const rule = this.#widths.map((width) => "-".repeat(width)).join("  ");
    return `${this.#aligned(this.#heading)}${rule}\n`;
  }

  lines(rows: readonly Row[]): string {
    return rows.map((row) => this.#aligned(row.map(shown))).join("");
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

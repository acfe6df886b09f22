import { printable } from "../../base/printable.ts";

/** Rows of cells as lines with aligned columns, the first row being the heading. Numbers stand to the right, where there are some. */
export function tableLines(heading: readonly string[], rows: readonly (readonly (string | number)[])[]): readonly string[] {
  const cells = [heading, ...rows].map((row) => row.map((cell) => printable(String(cell))));
  const widths = heading.map((_, column) => Math.max(...cells.map((row) => (row[column] ?? "").length)));
  const isNumeric = (cell: string | number | undefined) => typeof cell === "number" || cell === "";
  const toRight = heading.map((_, i) => rows.some((row) => typeof row[i] === "number") && rows.every((row) => isNumeric(row[i])));
  const align = (cell: string, column: number) =>
    toRight[column] === true ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0);
  const rule = widths.map((width) => "-".repeat(width)).join("  ");
  const [first = "", ...others] = cells.map((row) => row.map(align).join("  ").trimEnd());
  return [first, rule, ...others];
}

import { quoteIdentifier } from "../../src/base/identifiers.ts";
import { openImage, type Connection } from "../../src/sqlite/database.ts";
import { pieceLayout, pieceRowid, PIECE_TABLE } from "../../src/sqlite/piece-table.ts";
import type { TableShape } from "../../src/sqlite/schema.ts";

/** Rows as strings that tell apart all that SQLite tells apart: storage class, bytes, sign of zero. Sorted. */
export function exactRows(connection: Connection, table: string, expressions: readonly string[]): string[] {
  const columns = expressions.map((e) => `typeof(${e}), CASE typeof(${e}) WHEN 'real' THEN ${e} ELSE hex(${e}) END`);
  const rows = connection
    .prepare(`SELECT ${columns.join(", ")} FROM ${table}`)
    .raw()
    .all() as unknown[][];
  return rows.map((row) => row.map(exactValue).join(" ")).sort();
}

/** Rows of a table of the source, its rowid first if it has one. */
export function tableRows(connection: Connection, shape: TableShape): string[] {
  const rowid = shape.rowid === null ? [] : [shape.rowid];
  return exactRows(connection, `main.${quoteIdentifier(shape.name)}`, [...rowid, ...shape.columns.map(quoteIdentifier)]);
}

/** Rows of a piece image, in the form of `tableRows`. */
export function pieceRows(image: Buffer, shape: TableShape): string[] {
  const connection = openImage(image);
  const layout = pieceLayout(shape);
  try {
    return exactRows(connection, PIECE_TABLE, [...pieceRowid(layout), ...layout.columns]);
  } finally {
    connection.close();
  }
}

function exactValue(value: unknown): string {
  if (typeof value !== "number") return String(value);
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return bytes.toString("hex");
}

import { columnsOf, isSplit, pieceLayout, pieceRowid, PIECE_TABLE } from "./piece-table.ts";
import type { TableShape } from "./schema.ts";

/**
 * The FROM that gives the rows of a piece whose images are attached as `piece` and, when it has two, `second`. The rows of two
 * images stand side by side: equal places, and where they carry the rowid of the source an equal one.
 */
export function pieceRowsSql(shape: TableShape): string {
  const first = `piece.${PIECE_TABLE} AS piece`;
  if (!isSplit(shape)) return first;
  const sameKey = pieceLayout(shape).rowid === "column" ? " AND second.k IS piece.k" : "";
  return `${first} CROSS JOIN second.${PIECE_TABLE} AS second ON second.rowid = piece.rowid${sameKey}`;
}

/** The rowid of the source row; none where the piece carries none. */
export function pieceKey(shape: TableShape): string[] {
  return pieceRowid(pieceLayout(shape)).map((name) => `piece.${name}`);
}

/** The values of the shape's columns, in their order. */
export function pieceValues(shape: TableShape): string[] {
  const second = new Map(columnsOf(shape, 1).map(({ source, piece }) => [source, `second.${piece}`]));
  return shape.columns.map((name, i) => second.get(name) ?? `piece.c${i + 1}`);
}

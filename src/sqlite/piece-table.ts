import type { TableShape } from "./schema.ts";

/** Name of the one table of a piece image (docs/format.md, "Piece images"). */
export const PIECE_TABLE = "tsdp_piece";

/** What a piece image of a table looks like: its columns c1, c2, ... and whether its rowid is that of the source row. */
export interface PieceLayout {
  readonly columnCount: number;
  readonly keepsRowid: boolean;
}

export function pieceLayout(shape: TableShape): PieceLayout {
  return { columnCount: shape.columns.length, keepsRowid: shape.rowid !== null };
}

/** `c1` to `cN`; a table whose only column is its rowid still needs one column, which stays NULL. */
export function pieceColumns({ columnCount }: PieceLayout): string[] {
  return Array.from({ length: Math.max(1, columnCount) }, (_, i) => `c${i + 1}`);
}

/**
 * The CREATE TABLE text of a piece image, byte for byte as sqlite_schema holds it. A statement that may fail on a
 * constraint is undone alone when the staging area is full; without one SQLite would end the transaction, and with it the
 * snapshot. An explicit rowid is such a constraint; where there is none the CHECK stands in.
 */
export function pieceTableSql(layout: PieceLayout): string {
  return `CREATE TABLE ${PIECE_TABLE}(${pieceColumns(layout).join(",")}${layout.keepsRowid ? "" : ",CHECK(1)"})`;
}

import type { TableShape } from "./schema.ts";

/** Name of the one table of a piece image (docs/format.md, "Piece images"). */
export const PIECE_TABLE = "tsdp_piece";

/** What the piece images of a table look like. */
export interface PieceLayout {
  /** Columns c1, c2, ... */
  readonly columnCount: number;
  /** Where the rowid of the source row is: in a column k, in the image's own rowid, or nowhere. */
  readonly rowid: "column" | "rowid" | "none";
}

/** SQLITE_MAX_COLUMN, which bounds tables and result sets alike. A table with that many has no room for k. */
export const MAX_COLUMNS = 2000;

export function pieceLayout(shape: TableShape): PieceLayout {
  const columnCount = shape.columns.length;
  if (shape.rowid === null) return { columnCount, rowid: "none" };
  return { columnCount, rowid: columnCount < MAX_COLUMNS ? "column" : "rowid" };
}

/** `c1` to `cN`; a table whose only column is its rowid has none. */
export function pieceColumns({ columnCount }: PieceLayout): string[] {
  return Array.from({ length: columnCount }, (_, i) => `c${i + 1}`);
}

/** How the image addresses the rowid of the source row. */
export function pieceRowid({ rowid }: PieceLayout): string[] {
  if (rowid === "none") return [];
  return [rowid === "column" ? "k" : "rowid"];
}

/**
 * The CREATE TABLE text of a piece image, byte for byte as sqlite_schema holds it. A statement that may fail on a
 * constraint is undone alone when the staging area is full; without one SQLite would end the transaction, and with it the
 * snapshot. NOT NULL and an explicit rowid are such constraints; where there is neither the CHECK stands in.
 */
export function pieceTableSql(layout: PieceLayout): string {
  const key = layout.rowid === "column" ? ["k NOT NULL"] : [];
  const check = layout.rowid === "none" ? ["CHECK(1)"] : [];
  return `CREATE TABLE ${PIECE_TABLE}(${[...key, ...pieceColumns(layout), ...check].join(",")})`;
}

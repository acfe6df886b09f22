import type { TableShape } from "./schema.ts";

/** Name of the one table of a piece image (docs/format.md, "Piece images"). */
export const PIECE_TABLE = "tsdp_piece";

/** The images that rows may have: the second one holds the columns that are kept apart. */
export type PieceImage = 0 | 1;

/** What the piece images of a table look like. */
export interface PieceLayout {
  /** c1, c2, ...: numbered as in the shape, less those that the other image carries. */
  readonly columns: readonly string[];
  /** Where the rowid of the source row is: in a column k, in the image's own rowid, or nowhere. */
  readonly rowid: "column" | "rowid" | "none";
}

/** SQLITE_MAX_COLUMN, which bounds tables and result sets alike. A table with that many has no room for k. */
export const MAX_COLUMNS = 2000;

export function isSplit({ secretColumns }: Pick<TableShape, "secretColumns">): boolean {
  return secretColumns !== undefined && secretColumns.length > 0;
}

/** The columns are those of a definition; which of them the pieces keep apart only the dump can say. */
export function splitAs({ secretColumns }: TableShape, shape: TableShape): TableShape {
  return secretColumns === undefined ? shape : { ...shape, secretColumns };
}

export function pieceLayout(shape: TableShape, image: PieceImage = 0): PieceLayout {
  const columns = columnsOf(shape, image).map(({ piece }) => piece);
  if (shape.rowid === null) return { columns, rowid: "none" };
  return { columns, rowid: shape.columns.length < MAX_COLUMNS ? "column" : "rowid" };
}

/** The columns of the table that an image carries, and their names in it. */
export function columnsOf(shape: TableShape, image: PieceImage): readonly { readonly source: string; readonly piece: string }[] {
  const secret = new Set(shape.secretColumns);
  return shape.columns
    .map((source, i) => ({ source, piece: `c${i + 1}` }))
    .filter(({ source }) => secret.has(source) === (image === 1));
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
export function pieceTableSql({ columns, rowid }: PieceLayout): string {
  const key = rowid === "column" ? ["k NOT NULL"] : [];
  const check = rowid === "none" ? ["CHECK(1)"] : [];
  // A table has a column; of a first image that has none of its own it is NULL.
  const placeholder = columns.length === 0 && rowid !== "column" ? ["c0"] : [];
  return `CREATE TABLE ${PIECE_TABLE}(${[...key, ...placeholder, ...columns, ...check].join(",")})`;
}

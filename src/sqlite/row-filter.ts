/** Which rows of a table are read. */
export interface RowFilter {
  /** A condition as in WHERE. */
  readonly where: string;
  /** As in ORDER BY: for rows without a key, which are numbered in their order. Null: as they come. */
  readonly orderBy: string | null;
  /** By which name condition and order call the table; null: by its own. */
  readonly alias: string | null;
}

/** Rows for which a condition holds, as they come. */
export function rowsWhere(where: string): RowFilter {
  return { where, orderBy: null, alias: null };
}

/** The storage class of a value that is not NULL, as `typeof()` of SQL names it, in upper case; null: SQLite has none for it. */
export function storageClass(value: unknown): "TEXT" | "INTEGER" | "REAL" | "BLOB" | null {
  switch (typeof value) {
    case "string":
      return "TEXT";
    case "bigint":
      return "INTEGER";
    case "number":
      return "REAL";
    default:
      return value instanceof Uint8Array ? "BLOB" : null;
  }
}

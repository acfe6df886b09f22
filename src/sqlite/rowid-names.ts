import { foldName, quoteIdentifier } from "../base/identifiers.ts";
import { failureOf } from "./broken-views.ts";
import type { Connection } from "./database.ts";
import { readTableShape } from "./schema.ts";

const ROWIDS: ReadonlySet<string> = new Set(["rowid", "oid", "_rowid_"]);

/** SQLite itself misses other columns, but takes these names for the rowid of a table that has no such columns. @throws as it does then */
export function assertColumns(connection: Connection, table: string, given: readonly string[]): void {
  const has = connection.prepare("SELECT 1 FROM pragma_table_xinfo(?, 'main') WHERE lower(name) = ?").pluck();
  const missing = given.find((column) => ROWIDS.has(foldName(column)) && has.get(table, foldName(column)) === undefined);
  if (missing !== undefined)
    throw Object.assign(new Error(`table ${table} has no column named ${missing}`), { code: "SQLITE_ERROR" });
}

/** The name of a table's rowid; null when it is a column of the table, or there is none. */
export function plainRowid(connection: Connection, table: string): string | null {
  // Not by the list of all tables, for which SQLite works out all views.
  const { rowid, integerPrimaryKey } = readTableShape(connection, table, new Map());
  if (rowid === null || integerPrimaryKey !== null) return null;
  return failureOf(connection, `SELECT ${rowid} FROM main.${quoteIdentifier(table)}`) === null ? rowid : null;
}

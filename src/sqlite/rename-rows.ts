import { quoteIdentifier } from "../base/identifiers.ts";
import type { Connection } from "./database.ts";
import type { SchemaObject } from "./schema.ts";
import type { StagingTable } from "./staging.ts";

/** A table under another name. */
export interface TableRename {
  /** As it is stored. */
  readonly from: string;
  readonly to: string;
}

/**
 * In staged rows of sqlite_sequence and the statistics, puts the new names of tables in place of the old ones, all at once. Rows about a table of the
 * dump that has one of the new names go: it does not come, and a counter of its would stand for the other's.
 */
export function renameRows(
  connection: Connection,
  tables: readonly (StagingTable & { readonly definition: SchemaObject })[],
  renames: readonly TableRename[],
): void {
  const system = tables.filter(({ definition }) => /^sqlite_/i.test(definition.name));
  if (renames.length === 0 || system.length === 0) return;
  connection.exec("CREATE TEMP TABLE tsdp_rename (old TEXT PRIMARY KEY COLLATE NOCASE, new TEXT)");
  const insert = connection.prepare("INSERT INTO temp.tsdp_rename VALUES (?, ?)");
  for (const { from, to } of renames) insert.run(from, to);
  for (const { staging, shape } of system) {
    const [table] = shape.storedColumns;
    if (table === undefined) continue;
    const from = quoteIdentifier(staging);
    const name = quoteIdentifier(table);
    connection.exec(`DELETE FROM ${from} WHERE ${name} COLLATE NOCASE IN (SELECT new FROM temp.tsdp_rename)
      AND ${name} COLLATE NOCASE NOT IN (SELECT old FROM temp.tsdp_rename)`);
    connection.exec(renameSql(from, name, shape.storedColumns.includes("idx")));
  }
  connection.exec("DROP TABLE temp.tsdp_rename");
}

function renameSql(staging: string, table: string, hasIndexes: boolean): string {
  const renamed = `FROM temp.tsdp_rename r WHERE r.old = ${staging}.${table}`;
  // A WITHOUT ROWID table is its own index; the indexes of constraints are named after their table.
  const prefix = `'sqlite_autoindex_' || ${table} || '_'`;
  const index = `CASE WHEN idx = ${table} COLLATE NOCASE THEN r.new
      WHEN substr(idx, 1, length(${prefix})) = ${prefix} COLLATE NOCASE
      THEN 'sqlite_autoindex_' || r.new || substr(idx, length(${prefix})) ELSE idx END`;
  return hasIndexes
    ? `UPDATE ${staging} SET (${table}, idx) = (SELECT r.new, ${index} ${renamed}) WHERE EXISTS (SELECT 1 ${renamed})`
    : `UPDATE ${staging} SET ${table} = (SELECT r.new ${renamed}) WHERE EXISTS (SELECT 1 ${renamed})`;
}

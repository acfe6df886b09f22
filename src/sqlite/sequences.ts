import { quoteIdentifier } from "../base/identifiers.ts";
import type { Connection } from "./database.ts";
import { bareSql } from "./statement-end.ts";

export function isAutoincrement(sql: string): boolean {
  return /AUTOINCREMENT/i.test(bareSql(sql));
}

/** SQLite makes its table of the last AUTOINCREMENT values with the first table that has one. */
export function ensureSequenceTable(connection: Connection): void {
  if (connection.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_sequence'").get() !== undefined) return;
  connection.exec('CREATE TABLE "tsdp:sequence" (id INTEGER PRIMARY KEY AUTOINCREMENT); DROP TABLE "tsdp:sequence"');
}

/** Has AUTOINCREMENT go on after the largest key that is there, whatever the last one was where the rows come from. */
export function countFromKeys(connection: Connection, table: string, key: string): void {
  const last = `(SELECT coalesce(max(${quoteIdentifier(key)}), 0) FROM ${quoteIdentifier(table)})`;
  connection.prepare(`UPDATE sqlite_sequence SET seq = ${last} WHERE name = ?`).run(table);
}

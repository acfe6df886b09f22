import { quoteLiteral } from "../base/identifiers.ts";
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

/** Forgets the last keys of tables, which come with their new keys: AUTOINCREMENT goes on after the largest of those. */
export function forgetSequences(connection: Connection, tables: readonly string[]): void {
  if (tables.length === 0) return;
  withoutTraces(connection, () => {
    connection.exec(`DELETE FROM sqlite_sequence WHERE name IN (${tables.map(quoteLiteral).join(", ")})`);
  });
}

/** Runs a step of which nothing that it removes is left in unused bytes of the file. */
export function withoutTraces(connection: Connection, step: () => void): void {
  const before = connection.pragma("main.secure_delete", { simple: true });
  connection.pragma("main.secure_delete = on");
  try {
    step();
  } finally {
    connection.pragma(`main.secure_delete = ${before === FAST ? "fast" : Number(before)}`);
  }
}

const FAST = 2;

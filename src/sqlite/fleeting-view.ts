import { quoteIdentifier } from "../base/identifiers.ts";
import type { Connection } from "./database.ts";

const FLEETING_CALL = /^(?:random|randomblob|current_(?:date|time|timestamp)|changes|total_changes|last_insert_rowid)\(/i;

/** Whether a view asks for something by which its rows may be others each time that it is read, in the same state of its tables. */
export function isFleetingView(connection: Connection, view: string): boolean {
  const program = connection.prepare(`EXPLAIN SELECT * FROM main.${quoteIdentifier(view)}`).all() as { p4: unknown }[];
  return program.some(({ p4 }) => typeof p4 === "string" && (FLEETING_CALL.test(p4) || p4.toLowerCase() === "now"));
}

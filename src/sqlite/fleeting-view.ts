import { quoteIdentifier } from "../base/identifiers.ts";
import type { Connection } from "./database.ts";

/** A function of date and time may say `'now'` in many ways, or by an argument that is left out. */
const FLEETING_CALL =
  /^(?:random|randomblob|current_(?:date|time|timestamp)|date|time|datetime|julianday|unixepoch|strftime|timediff|changes|total_changes|last_insert_rowid)\(/i;

/** Whether a view asks for something by which its rows may be others each time that it is read, in the same state of its tables. */
export function isFleetingView(connection: Connection, view: string): boolean {
  const program = connection.prepare(`EXPLAIN SELECT * FROM main.${quoteIdentifier(view)}`).all() as { p4: unknown }[];
  return program.some(({ p4 }) => typeof p4 === "string" && FLEETING_CALL.test(p4));
}

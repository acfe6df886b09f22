import { quoteIdentifier } from "../base/identifiers.ts";
import type { Connection } from "./database.ts";

/** Whether a view calls a function by which its rows may be others each time that it is read. */
export function isRandomView(connection: Connection, view: string): boolean {
  const program = connection.prepare(`EXPLAIN SELECT * FROM main.${quoteIdentifier(view)}`).all() as { p4: unknown }[];
  return program.some(({ p4 }) => typeof p4 === "string" && /^random(?:blob)?\(/i.test(p4));
}

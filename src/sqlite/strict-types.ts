import { quoteIdentifier } from "../base/identifiers.ts";
import type { Connection } from "./database.ts";

/** The storage class that a type of a STRICT table takes beside NULL; ANY takes all. */
export const STRICT_CLASSES: Readonly<Record<string, string>> = {
  INT: "integer",
  INTEGER: "integer",
  REAL: "real",
  TEXT: "text",
  BLOB: "blob",
};

/**
 * Holds rows against the types of a STRICT table before they are inserted: what SQLite would convert without a word ('5' into 5) is
 * refused as what it can't.
 * @throws an error as SQLite's own
 */
export function assertStrictTypes(
  connection: Connection,
  rows: string,
  table: string,
  types: readonly (readonly [column: string, type: string])[],
): void {
  const typed = types.flatMap(([column, type]) => {
    const taken = STRICT_CLASSES[type];
    return taken === undefined ? [] : [{ column, type, taken, found: `typeof(${quoteIdentifier(column)})` }];
  });
  if (typed.length === 0) return;
  const fits = typed.map(({ found, taken }) => `${found} IN ('${taken}', 'null')`);
  const row = connection
    .prepare(
      `SELECT ${typed.map(({ found }) => found).join(", ")} FROM ${quoteIdentifier(rows)} WHERE 0 IN (${fits.join(", ")}) LIMIT 1`,
    )
    .raw()
    .get() as string[] | undefined;
  if (row === undefined) return;
  const wrong = typed.findIndex(({ taken }, i) => row[i] !== taken && row[i] !== "null");
  const { column, type } = typed[wrong] ?? { column: "", type: "" };
  const message = `cannot store ${(row[wrong] ?? "").toUpperCase()} value in ${type} column ${table}.${column}`;
  throw Object.assign(new Error(message), { code: "SQLITE_CONSTRAINT_DATATYPE" });
}

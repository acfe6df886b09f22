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

/** Text that may be a number: nothing else stands in one. */
const NUMERIC_TEXT = "NOT GLOB '*[^0-9eE.+ \t\n\v\f\r-]*'";

/** When a STRICT table converts a value that it is given for a column of a type; what it neither takes nor converts it refuses itself. */
const CONVERTED: Readonly<Record<string, (value: string) => string>> = {
  INT: integerConverts,
  INTEGER: integerConverts,
  REAL: (value) => `typeof(${value}) = 'integer' OR (typeof(${value}) = 'text' AND ${value} ${NUMERIC_TEXT})`,
  TEXT: (value) => `typeof(${value}) IN ('integer', 'real')`,
};

function integerConverts(value: string): string {
  const isWhole = `typeof(${value}) = 'real' AND ${value} = CAST(${value} AS INTEGER)`;
  return `(${isWhole}) OR (typeof(${value}) = 'text' AND ${value} ${NUMERIC_TEXT})`;
}

/**
 * Holds rows against the types of a STRICT table before they are inserted: what SQLite would convert without a word ('5' into 5) is
 * refused as what it can't.
 * @param from the table that they are in, quoted; @param condition which of them, and in which order
 * @returns a check of those that the parameters of the condition leave; it throws an error as SQLite's own
 */
export function strictTypesCheck(
  connection: Connection,
  from: string,
  table: string,
  types: readonly (readonly [column: string, type: string])[],
  condition = "",
): (parameters: readonly bigint[]) => void {
  const typed = types.flatMap(([column, type]) => {
    const converted = CONVERTED[type];
    const value = quoteIdentifier(column);
    return converted === undefined ? [] : [{ column, type, value, condition: converted(value) }];
  });
  if (typed.length === 0) return () => undefined;
  const found = typed.map(({ value, condition }) => `CASE WHEN ${condition} THEN typeof(${value}) END`);
  const rows = `SELECT ${typed.map(({ value }) => value).join(", ")} FROM ${from} ${condition}`;
  const wrongs = connection
    .prepare(
      `SELECT ${found.join(", ")} FROM (${rows}) WHERE 1 IN (${typed.map(({ condition }) => condition).join(", ")}) LIMIT 1`,
    )
    .raw();
  return (parameters) => {
    const row = wrongs.get(...parameters) as (string | null)[] | undefined;
    if (row === undefined) return;
    const wrong = row.findIndex((storageClass) => storageClass !== null);
    const { column, type } = typed[wrong] ?? { column: "", type: "" };
    const message = `cannot store ${(row[wrong] ?? "").toUpperCase()} value in ${type} column ${table}.${column}`;
    throw Object.assign(new Error(message), { code: "SQLITE_CONSTRAINT_DATATYPE" });
  };
}

import { isUtf8 } from "node:buffer";
import { quoteIdentifier } from "../base/identifiers.ts";
import type { Connection } from "./database.ts";
import type { TableShape, TextEncoding } from "./schema.ts";
import { STRICT_CLASSES } from "./strict-types.ts";

/** Rows that are named one by one. */
const NAMED_ROWS = 5;
/** Columns that are looked at in one pass. */
const MOST_COLUMNS = 500;
const FUNCTION = "tsdp_is_text";

/** Values of a column that are none of its type. */
export interface InvalidValues {
  readonly column: string;
  readonly reason: string;
  readonly rows: number;
  /** Rowids of the first of these rows; none where the table has no rowid to call them by. */
  readonly rowids: readonly bigint[];
}

/** Rows to look at: `table` has the stored columns of the shape. */
export interface RowsToValidate {
  readonly table: string;
  readonly shape: Pick<TableShape, "storedColumns" | "rowid">;
  /** Whether the table enforces the types of its columns, which the rows may have come past. */
  readonly isStrict: boolean;
}

/** Text that is not valid in the encoding of the schema, and values of another class than the column of a STRICT table has. */
export function invalidValues(connection: Connection, rows: RowsToValidate, encoding: TextEncoding): readonly InvalidValues[] {
  // Direct only: a view or a trigger of the database must not get to it.
  connection.function(FUNCTION, { deterministic: true, directOnly: true }, (bytes: unknown) => Number(isText(bytes, encoding)));
  const checks = checksOf(connection, rows, encoding);
  const found: InvalidValues[] = [];
  for (let from = 0; from < checks.length; from += MOST_COLUMNS) {
    const part = checks.slice(from, from + MOST_COLUMNS);
    const counts = connection
      .prepare(`SELECT ${part.map(({ condition }) => `total(${condition})`).join(", ")} FROM main.${quoteIdentifier(rows.table)}`)
      .raw()
      .get() as number[];
    for (const [i, { column, reason, condition }] of part.entries()) {
      const count = counts[i] ?? 0;
      if (count > 0) found.push({ column, reason, rows: count, rowids: firstRows(connection, rows, condition) });
    }
  }
  return found;
}

interface Check {
  readonly column: string;
  readonly reason: string;
  /** True for a value that is not valid. */
  readonly condition: string;
}

function checksOf(connection: Connection, { table, shape, isStrict }: RowsToValidate, encoding: TextEncoding): readonly Check[] {
  const types = new Map(isStrict ? declaredTypes(connection, table) : []);
  return shape.storedColumns.flatMap((column): Check[] => {
    const name = quoteIdentifier(column);
    const reason = `text that is not valid ${encoding}`;
    const text: Check = { column, reason, condition: `(typeof(${name}) = 'text' AND NOT ${FUNCTION}(CAST(${name} AS BLOB)))` };
    const type = types.get(column) ?? "";
    const taken = STRICT_CLASSES[type];
    if (taken === undefined) return [text];
    return [text, { column, reason: `values that are no ${type}`, condition: `(typeof(${name}) NOT IN ('${taken}', 'null'))` }];
  });
}

function declaredTypes(connection: Connection, table: string): readonly (readonly [string, string])[] {
  const rows = connection.prepare("SELECT name, upper(type) FROM pragma_table_xinfo(?, 'main')").raw().all(table);
  return rows as [string, string][];
}

function firstRows(connection: Connection, { table, shape }: RowsToValidate, condition: string): readonly bigint[] {
  if (shape.rowid === null) return [];
  const query = `SELECT ${shape.rowid} FROM main.${quoteIdentifier(table)} WHERE ${condition} ORDER BY 1 LIMIT ${NAMED_ROWS}`;
  return connection.prepare(query).pluck().safeIntegers().all() as bigint[];
}

function isText(bytes: unknown, encoding: TextEncoding): boolean {
  // The empty text is NULL as a blob in some builds.
  if (!(bytes instanceof Uint8Array)) return true;
  if (encoding === "UTF-8") return isUtf8(bytes);
  if (bytes.length % 2 === 1) return false;
  const units = encoding === "UTF-16be" ? Buffer.from(bytes).swap16() : Buffer.from(bytes);
  return !/\p{Surrogate}/u.test(units.toString("utf16le"));
}

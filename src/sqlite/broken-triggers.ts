import { foldName, quoteIdentifier } from "../base/identifiers.ts";
import { failureOf, viewEffort, MOST_EXPANSIONS, type BrokenObject } from "./broken-views.ts";
import type { Connection } from "./database.ts";
import { namesOfSql } from "./statement-end.ts";

interface TriggerRow {
  readonly name: string;
  readonly tableName: string;
  readonly sql: string;
}

const MISSING_TABLE = /^no such table: (?:main\.)?([^]*)$/;
/** What stands before the name of a table that a trigger reads or writes. */
const BEFORE_TABLE: ReadonlySet<string> = new Set(["INTO", "UPDATE", "FROM", "JOIN", ",", "."]);

/**
 * Those of the triggers that read or write a table which is not there, so that every change of their own table fails. SQLite looks at the
 * triggers of a table when it prepares a statement on it, and names the first table that it misses. Of triggers that would take long to
 * work out nothing is said. Foreign keys of the connection are off afterwards.
 */
export function brokenTriggers(connection: Connection, names: readonly string[]): readonly BrokenObject[] {
  if (names.length === 0) return [];
  const rows = connection
    .prepare("SELECT name, tbl_name AS tableName, sql FROM main.sqlite_schema WHERE type = 'trigger'")
    .all() as TriggerRow[];
  const effort = viewEffort(connection);
  let sum = 0;
  for (const { sql } of rows) if ((sum += effort.ofText(sql)) > MOST_EXPANSIONS) return [];
  // A foreign key to a table that is not there would be told first.
  connection.pragma("foreign_keys = off");
  const wanted = new Set(names.map(foldName));
  const reasons = new Map<string, readonly string[]>();
  return rows
    .filter(({ name }) => wanted.has(foldName(name)))
    .flatMap(({ name, tableName, sql }) => {
      const known = reasons.get(foldName(tableName)) ?? failuresOf(connection, tableName);
      reasons.set(foldName(tableName), known);
      const reason = known.find((text) => namesMissing(sql, text));
      return reason === undefined ? [] : [{ name, reason }];
    });
}

/** What SQLite says to each kind of change of a table or view; nothing is changed. */
function failuresOf(connection: Connection, table: string): readonly string[] {
  const name = `main.${quoteIdentifier(table)}`;
  const columns = connection.prepare("SELECT name FROM pragma_table_xinfo(?) WHERE hidden = 0").pluck();
  const assignments = (columnsOf(columns, table) ?? []).map((column) => `${quoteIdentifier(column)} = NULL`);
  const statements = [
    `INSERT INTO ${name} DEFAULT VALUES`,
    `DELETE FROM ${name}`,
    ...(assignments.length === 0 ? [] : [`UPDATE ${name} SET ${assignments.join(", ")}`]),
  ];
  return statements.flatMap((sql) => failureOf(connection, sql) ?? []);
}

/** Null for a view that is broken itself. */
function columnsOf(statement: ReturnType<Connection["prepare"]>, table: string): readonly string[] | null {
  try {
    return statement.all(table) as string[];
  } catch {
    return null;
  }
}

function namesMissing(sql: string, reason: string): boolean {
  const missing = MISSING_TABLE.exec(reason)?.[1];
  if (missing === undefined) return false;
  return [...namesOfSql(sql)].some(
    ({ name, before }) => BEFORE_TABLE.has(before.toUpperCase()) && foldName(name) === foldName(missing),
  );
}

import { pumpError } from "../base/errors.ts";
import { quoteIdentifier } from "../base/identifiers.ts";
import type { ColumnName } from "./encrypted-columns.ts";
import { defaultSchema } from "./schemas.ts";

/** A column as a user names it; without a schema the default one of the session is meant. */
export type ColumnRequest = Omit<ColumnName, "schema"> & { readonly schema: string | null };

/** `HR.EMPLOYEES.SALARY`, in quotes where a name needs them. */
export function columnText({ schema, table, column }: ColumnName): string {
  return [schema, table, column].map((name) => (/^[A-Za-z_][\w$]*$/.test(name) ? name : quoteIdentifier(name))).join(".");
}

/** @throws ORA-39002 with ORA-39146 when no schema is named and there is no default one */
export function completeName({ schema, table, column }: ColumnRequest, database: string, user: string): ColumnName {
  const named = schema ?? defaultSchema(database, user);
  if (named === null)
    throw pumpError([["ORA-39002"], ["ORA-39146", user]], "Name the schema too: SCHEMA.TABLE.COLUMN, the stem of its file.");
  return { schema: named, table, column };
}

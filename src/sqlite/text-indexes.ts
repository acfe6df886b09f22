import { foldName } from "../base/identifiers.ts";
import type { Connection } from "./database.ts";
import { moduleOf, namesOfSql } from "./statement-end.ts";

/** A full-text index that has the words of another table's rows. */
export interface TextIndex {
  readonly name: string;
  /** The other table, as the index names it. */
  readonly content: string;
}

/**
 * Full-text indexes of a schema file that lie beside some tables (`content=`). Nothing but triggers of the tables keeps them up.
 * @param came tables that an import has brought; an index comes with its shadow tables
 */
export function textIndexesOf(connection: Connection, tables: readonly string[], came: readonly string[]): readonly TextIndex[] {
  const wanted = new Set(tables.map(foldName));
  const brought = new Set(came.map(foldName));
  const virtual = connection.prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND rootpage = 0 ORDER BY name");
  return (virtual.all() as { name: string; sql: string }[]).flatMap(({ name, sql }) => {
    const content = contentOf(sql);
    const isOwn = ["_data", "_segments"].some((suffix) => brought.has(foldName(name + suffix)));
    return content !== undefined && wanted.has(foldName(content)) && !isOwn ? [{ name, content }] : [];
  });
}

/** The table that a definition with `USING fts5(…, content=NAME, …)` names. */
function contentOf(sql: string): string | undefined {
  if (!/^fts[345]$/i.test(moduleOf(sql) ?? "")) return undefined;
  const names = [...namesOfSql(sql)];
  const option = names.findIndex(({ name, before }) => foldName(name) === "content" && (before === "(" || before === ","));
  const value = option < 0 ? undefined : names[option + 1];
  return value?.before === "=" ? value.name : undefined;
}

import { codeOf } from "../base/errors.ts";
import { foldName, quoteIdentifier, quoteLiteral } from "../base/identifiers.ts";
import type { Connection } from "./database.ts";

/** The rows of a table can't be deleted; its cause says why. */
export class NotTruncated extends Error {
  override readonly name = "NotTruncated";
  readonly code: string;

  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.code = codeOf(cause);
  }
}

/**
 * Deletes all rows of a table, within a savepoint of the caller's. Its triggers fire, since what they keep up, such as a full-text index, would
 * be wrong otherwise; but no row of another table is to go with them. Foreign keys have to be off.
 * @throws NotTruncated when a trigger refuses that, keeps rows, or deletes rows of other tables
 */
export function truncate(connection: Connection, table: string): void {
  try {
    const guards = guardOthers(connection, table);
    connection.exec(`DELETE FROM main.${quoteIdentifier(table)}`);
    if (connection.prepare(`SELECT 1 FROM main.${quoteIdentifier(table)} LIMIT 1`).get() !== undefined)
      throw new Error("a trigger keeps rows in it that are to be deleted");
    for (const guard of guards) connection.exec(`DROP TRIGGER temp.${guard}`);
  } catch (error) {
    throw new NotTruncated(error);
  }
}

/** Triggers that refuse to delete rows of any other table. @returns their names, quoted */
function guardOthers(connection: Connection, table: string): readonly string[] {
  const deleting =
    "SELECT 1 FROM main.sqlite_schema WHERE type = 'trigger' AND tbl_name = ? COLLATE NOCASE AND sql LIKE '%delete%'";
  if (connection.prepare(deleting).get(table) === undefined) return [];
  // Shadow tables belong to their module, which the triggers may well have delete from its index.
  const others = connection
    .prepare(
      "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'",
    )
    .pluck()
    .all() as string[];
  return others
    .filter((name) => foldName(name) !== foldName(table))
    .map((name, i) => {
      const guard = quoteIdentifier(`tsdp:guard:${i}`);
      const reason = `a trigger deletes rows of ${name} with those of ${table}`;
      connection.exec(
        `CREATE TEMP TRIGGER ${guard} BEFORE DELETE ON main.${quoteIdentifier(name)} BEGIN SELECT RAISE(ABORT, ${quoteLiteral(reason)}); END`,
      );
      return guard;
    });
}

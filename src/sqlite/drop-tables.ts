import { quoteIdentifier, quoteLiteral } from "../base/identifiers.ts";
import type { Connection } from "./database.ts";
import { editSchema } from "./edit-schema.ts";

/** Tables that are dropped beside so few others that looking for their rows in sqlite_schema takes no time. */
const TOGETHER = 64;

/**
 * Drops tables inside a transaction. Each DROP looks through all of sqlite_schema several times, so thousands of them would take minutes:
 * the rows of all other objects are kept elsewhere meanwhile.
 */
export function dropTables(connection: Connection, names: readonly string[]): void {
  const isVirtual = connection.prepare(
    "SELECT 1 FROM sqlite_schema WHERE name = ? COLLATE NOCASE AND type = 'table' AND rootpage = 0",
  );
  const virtual = new Set(names.filter((name) => isVirtual.get(name) !== undefined));
  for (const name of virtual) drop(connection, name);
  const others = names.filter((name) => !virtual.has(name));
  // With auto_vacuum the root pages of other tables move, and SQLite has to find their rows.
  if (others.length <= TOGETHER || connection.pragma("main.auto_vacuum", { simple: true }) !== 0)
    for (const name of others) drop(connection, name);
  else dropApart(connection, others);
}

function drop(connection: Connection, name: string): void {
  connection.exec(`DROP TABLE main.${quoteIdentifier(name)}`);
}

function dropApart(connection: Connection, names: readonly string[]): void {
  connection.exec(`
    CREATE TEMP TABLE tsdp_schema AS SELECT rowid AS id, type, name, tbl_name, rootpage, sql FROM main.sqlite_schema;
    CREATE INDEX temp.tsdp_schema_table ON tsdp_schema (tbl_name COLLATE NOCASE)`);
  const columns = "type, name, tbl_name, rootpage, sql";
  const bringBack = (condition: string) =>
    connection.exec(`
      INSERT INTO main.sqlite_schema (rowid, ${columns}) SELECT id, ${columns} FROM temp.tsdp_schema WHERE ${condition} ORDER BY id;
      DELETE FROM temp.tsdp_schema WHERE ${condition}`);
  // SQLite deletes the rows of a table that goes in its own tables.
  const own = "type = 'table' AND name LIKE 'sqlite!_%' ESCAPE '!'";
  editSchema(connection, () => {
    connection.exec("DELETE FROM main.sqlite_schema");
    bringBack(own);
  });
  for (let at = 0; at < names.length; at += TOGETHER) {
    const some = names.slice(at, at + TOGETHER);
    editSchema(connection, () => bringBack(`tbl_name COLLATE NOCASE IN (${some.map(quoteLiteral).join(", ")})`));
    for (const name of some) drop(connection, name);
  }
  editSchema(connection, () => bringBack("true"));
  connection.exec("DROP TABLE temp.tsdp_schema");
}

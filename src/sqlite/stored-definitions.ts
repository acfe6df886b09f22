import type { Connection } from "./database.ts";
import { editSchema } from "./edit-schema.ts";
import type { PublishTable } from "./publish-plan.ts";
import type { SchemaObject } from "./schema.ts";

/** Gives raw tables their names and definitions: one pass over sqlite_schema for all, which has no index and may be long. */
export function renameStaging(connection: Connection, tables: readonly PublishTable[]): void {
  connection.exec("CREATE TEMP TABLE tsdp_table (staging TEXT PRIMARY KEY, name TEXT, sql TEXT)");
  // Cast on the way in: of a blob that fills more than a page SQLite takes the bytes for UTF-8, whatever the encoding is.
  const insert = connection.prepare("INSERT INTO temp.tsdp_table VALUES (?, ?, CAST(? AS TEXT))");
  for (const { staging, definition } of tables) insert.run(staging, definition.name, definition.sql);
  connection.exec(`
    UPDATE main.sqlite_schema SET (name, tbl_name, sql) =
        (SELECT t.name, t.name, t.sql FROM temp.tsdp_table t WHERE t.staging = sqlite_schema.name)
     WHERE type = 'table' AND name IN (SELECT staging FROM temp.tsdp_table);
    UPDATE main.sqlite_schema SET (name, tbl_name) =
        (SELECT 'sqlite_autoindex_' || t.name || substr(sqlite_schema.name, length('sqlite_autoindex_' || t.staging) + 1), t.name
           FROM temp.tsdp_table t WHERE t.staging = sqlite_schema.tbl_name)
     WHERE type = 'index' AND tbl_name IN (SELECT staging FROM temp.tsdp_table);
    DROP TABLE temp.tsdp_table`);
}

/** Stores definitions byte for byte: SQLite keeps its own wording of the start of a CREATE that it runs. */
export function storeSql(connection: Connection, objects: readonly SchemaObject[]): void {
  editSchema(connection, () => {
    connection.exec("CREATE TEMP TABLE tsdp_sql (type TEXT, name TEXT, sql TEXT, PRIMARY KEY (type, name))");
    const insert = connection.prepare("INSERT INTO temp.tsdp_sql VALUES (?, ?, CAST(? AS TEXT))");
    for (const { type, name, sql } of objects) insert.run(type, name, sql);
    const same = "s.type = sqlite_schema.type AND s.name = sqlite_schema.name";
    connection.exec(`
      UPDATE main.sqlite_schema SET sql = (SELECT s.sql FROM temp.tsdp_sql s WHERE ${same})
       WHERE EXISTS (SELECT 1 FROM temp.tsdp_sql s WHERE ${same} AND CAST(s.sql AS BLOB) <> CAST(sqlite_schema.sql AS BLOB));
      DROP TABLE temp.tsdp_sql`);
  });
}

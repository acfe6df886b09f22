import type { Connection } from "./database.ts";

/** Edits sqlite_schema and makes SQLite read it anew. The connection has to be in unsafe mode. */
export function editSchema(connection: Connection, edit: () => void): void {
  connection.pragma("writable_schema = on");
  try {
    edit();
  } finally {
    connection.pragma("writable_schema = off");
  }
  connection.pragma(`schema_version = ${Number(connection.pragma("schema_version", { simple: true })) + 1}`);
  connection.prepare("SELECT count(*) FROM sqlite_schema").get();
}

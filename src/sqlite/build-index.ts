import { codeOf } from "../base/errors.ts";
import { quoteIdentifier } from "../base/identifiers.ts";
import type { Connection } from "./database.ts";
import { isMachineFault } from "./machine-fault.ts";
import { Savepoint } from "./savepoint.ts";
import type { SchemaObject } from "./schema.ts";
import { storeSql } from "./stored-definitions.ts";

/** Runs the text of an index; one that can't be run again (x in double quotes meant as a string) is stored and then built. */
export function buildIndex(connection: Connection, index: SchemaObject, text: string): void {
  const savepoint = new Savepoint(connection);
  try {
    connection.prepare(text).run();
  } catch (error) {
    savepoint.rollback();
    if (codeOf(error) !== "SQLITE_ERROR") throw error;
    buildStored(connection, index, error);
    return;
  }
  savepoint.release();
}

function buildStored(connection: Connection, index: SchemaObject, reason: unknown): void {
  const sql = "SELECT name FROM pragma_table_xinfo(?) WHERE hidden IN (0, 3) LIMIT 1";
  const { name } = connection.prepare(sql).get(index.tableName) as { name: string };
  connection.exec(
    `CREATE INDEX ${quoteIdentifier(index.name)} ON ${quoteIdentifier(index.tableName)} (${quoteIdentifier(name)})`,
  );
  try {
    storeSql(connection, [index]);
    // Without the database, REINDEX takes NOCASE and the like for a collation.
    connection.exec(`REINDEX main.${quoteIdentifier(index.name)}`);
  } catch (error) {
    if (isMachineFault(error)) throw error;
    throw new Error(String(reason instanceof Error ? reason.message : reason), { cause: error });
  }
}

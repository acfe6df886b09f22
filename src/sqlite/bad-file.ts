import { closeSync, openSync } from "node:fs";
import { foldName, quoteIdentifier } from "../base/identifiers.ts";
import { openDatabase } from "./database.ts";
import { OWNER_ONLY } from "./piece-image.ts";
import { rejectedName } from "./rejected-rows.ts";
import { hasTable } from "./schema.ts";
import { BUSY_TIMEOUT_MS } from "./staging.ts";

/** The table of a bad file that says of each row why it is there; with a number behind it where the job has a table of that name. */
const REASONS_TABLE = "tsdp:rejected";

/** A table of the job, by its name and that of its staging table. */
export interface RejectingTable {
  readonly name: string;
  readonly staging: string;
}

/**
 * Writes the rows that a schema file holds apart to a database of their own, with tables of their names and columns, and
 * REASONS_TABLE. There must be no file of that name. What is written is not durable yet.
 * @returns whether there are such rows; without them nothing is written
 */
export function writeBadFile(schemaPath: string, badPath: string, reasons: string, tables: readonly RejectingTable[]): boolean {
  const connection = openDatabase(schemaPath, { mustExist: true });
  try {
    connection.pragma("trusted_schema = off");
    if (!hasTable(connection, reasons)) return false;
    closeSync(openSync(badPath, "wx", OWNER_ONLY));
    connection.prepare("ATTACH ? AS bad").run(badPath);
    connection.pragma("bad.journal_mode = off");
    connection.pragma("bad.synchronous = off");
    connection.exec("BEGIN");
    const reasonsTable = `bad.${quoteIdentifier(reasonsTableBeside(tables.map(({ name }) => foldName(name))))}`;
    connection.exec(`CREATE TABLE ${reasonsTable} ("table" TEXT, row INTEGER, source_rowid INTEGER, reason TEXT)`);
    const explain = connection.prepare(
      `INSERT INTO ${reasonsTable} SELECT ?, row, source_rowid, reason FROM main.${quoteIdentifier(reasons)} WHERE staging = ?`,
    );
    for (const { name, staging } of tables) {
      const kept = rejectedName(staging);
      if (!hasTable(connection, kept)) continue;
      // The columns are without types, so that no value is changed; the rows keep their numbers.
      const columns = connection.prepare("SELECT name FROM pragma_table_info(?, 'main')").pluck().all(kept) as string[];
      connection.exec(`CREATE TABLE bad.${quoteIdentifier(name)} (${columns.map(quoteIdentifier).join(", ")})`);
      connection.exec(`INSERT INTO bad.${quoteIdentifier(name)} SELECT * FROM main.${quoteIdentifier(kept)}`);
      explain.run(name, staging);
    }
    connection.exec("COMMIT");
    return true;
  } finally {
    connection.close();
  }
}

function reasonsTableBeside(taken: readonly string[]): string {
  let name = REASONS_TABLE;
  for (let number = 2; taken.includes(name); number += 1) name = `${REASONS_TABLE}:${number}`;
  return name;
}

/** Removes the rows that were kept apart, in one transaction. */
export function dropRejected(schemaPath: string, isDurable: boolean, reasons: string, tables: readonly RejectingTable[]): void {
  const connection = openDatabase(schemaPath, { mustExist: true, timeout: BUSY_TIMEOUT_MS });
  try {
    connection.pragma("foreign_keys = off");
    connection.pragma(`synchronous = ${isDurable ? "full" : "off"}`);
    const names = [reasons, ...tables.map(({ staging }) => rejectedName(staging))];
    connection
      .transaction(() => {
        for (const name of names) connection.exec(`DROP TABLE IF EXISTS ${quoteIdentifier(name)}`);
      })
      .immediate();
  } finally {
    connection.close();
  }
}

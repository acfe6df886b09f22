import { quoteIdentifier } from "../base/identifiers.ts";
import type { Connection } from "./database.ts";
import { MAX_COLUMNS } from "./piece-table.ts";
import { insertAccepted, isConstraint } from "./rejected-rows.ts";
import type { Replacements } from "./replacement.ts";
import { Savepoint } from "./savepoint.ts";
import { freeRowidName } from "./schema.ts";
import { insertShuffled } from "./shuffle.ts";
import { createStagingTable, notePiece, type CopiedRows, type PieceMark, type StagingTable } from "./staging.ts";

/** Rows on their way into a staging table, wherever they come from. */
export interface ArrivingRows {
  readonly table: StagingTable;
  /** The database of the staging table on the connection. */
  readonly database: string;
  readonly replacements: Replacements;
  readonly mark: PieceMark;
  /** Copies them all and gives how many were taken. */
  readonly copy: (into: CopyTarget) => number;
  /** How many there are. */
  readonly count: () => number;
}

/** Where rows are copied to: a staging table, or a temp table in which they wait. */
export interface CopyTarget {
  readonly table: StagingTable;
  readonly database: string;
  /** ` OR IGNORE`, or nothing: a row that a key refuses is an error. */
  readonly onConflict: string;
}

/**
 * Takes rows into their staging table and notes them as loaded, within a transaction: all as they come; when a key refuses one, all that the
 * keys allow, one by one, and the others are kept; or only counted.
 */
export function takeRows(connection: Connection, rows: ArrivingRows): CopiedRows {
  const copied = takeAllowed(connection, rows);
  notePiece(connection, rows.database, rows.mark, copied.rejected);
  return copied;
}

function takeAllowed(connection: Connection, rows: ArrivingRows): CopiedRows {
  const { table, database } = rows;
  const reasons = rows.mark.rejected;
  const taken = unlessRefused(connection, () => copyRows(connection, rows, { table, database, onConflict: "" }));
  if (taken !== null) return { rows: taken, rejected: 0 };
  // A table of MAX_COLUMNS columns and a rowid has no room for them in one statement.
  if (reasons !== null && table.shape.storedColumns.length < MAX_COLUMNS) return takeApart(connection, rows, reasons);
  const found = rows.count();
  return { rows: found, rejected: found - copyRows(connection, rows, { table, database, onConflict: " OR IGNORE" }) };
}

/** What a step gives; null: a constraint has refused a row, and all that it did is undone. */
function unlessRefused(connection: Connection, step: () => number): number | null {
  const savepoint = new Savepoint(connection);
  try {
    const taken = step();
    savepoint.release();
    return taken;
  } catch (error) {
    if (!isConstraint(error) || !connection.inTransaction) throw error;
    savepoint.rollback();
    return null;
  }
}

/** Has the rows wait without their keys, and moves those that the keys allow; the others are kept. */
function takeApart(connection: Connection, rows: ArrivingRows, reasons: string): CopiedRows {
  const { table, database } = rows;
  const { shape, staging } = table;
  const apart = createTempTable(connection, { ...table, plainKey: true }, `${staging}:apart`);
  const copied = copyRows(connection, rows, { table: apart, database: "temp", onConflict: "" });
  const ownRowid = shape.rowid !== null && shape.integerPrimaryKey === null ? [shape.rowid] : [];
  const columns = [...ownRowid, ...shape.storedColumns.map(quoteIdentifier)].join(", ");
  const from = `temp.${quoteIdentifier(apart.staging)}`;
  const into = `${database}.${quoteIdentifier(staging)}`;
  const insertSql = (condition: string) => `INSERT INTO ${into} (${columns}) SELECT ${columns} FROM ${from} ${condition}`;
  const words = (message: string) => message.replaceAll(staging, shape.name);
  const passage = { shape, plainKey: true, from, insertSql };
  const rejections = insertAccepted(connection, passage, { database, staging, reasons, words });
  // No table can be dropped beside a statement that keeps the state of a link.
  connection.exec(`DELETE FROM ${from}`);
  return { rows: copied, rejected: rejections.reduce((sum, rejection) => sum + rejection.rows, 0) };
}

/** Makes an empty temp table, unless it is there, for the rows of a staging table: without its keys, but for one that is the rowid. */
function createTempTable(connection: Connection, table: StagingTable, name: string): StagingTable {
  const made: StagingTable = { ...table, staging: name, raw: false };
  const isThere = connection.prepare("SELECT 1 FROM temp.sqlite_schema WHERE name = ?").get(name) !== undefined;
  if (!isThere) createStagingTable(connection, made, "temp");
  return made;
}

/**
 * Copies rows. They wait in a temp table where the values of some of their columns are to change places.
 * @returns how many were taken
 * @throws TSDP-00060 for a single row that is to be shuffled
 */
function copyRows(connection: Connection, { replacements, copy }: ArrivingRows, into: CopyTarget): number {
  const { shuffled } = replacements;
  if (shuffled.length === 0) return copy(into);
  const { table, database, onConflict } = into;
  const waiting = createTempTable(connection, table, `${table.staging}:unshuffled`);
  const from = `temp.${quoteIdentifier(waiting.staging)}`;
  copy({ table: waiting, database: "temp", onConflict: "" });
  const { rowid, storedColumns, integerPrimaryKey } = table.shape;
  const own = rowid !== null && integerPrimaryKey === null ? [rowid] : [];
  const rows = insertShuffled(connection, {
    from,
    rowid: (table.plainKey === true ? null : rowid) ?? freeRowidName(storedColumns) ?? "rowid",
    into: `${database}.${quoteIdentifier(table.staging)}`,
    columns: [...own, ...storedColumns],
    shuffled: shuffled.map((column) => ({ ...column, name: column.column })),
    onConflict,
  });
  // No table can be dropped beside a statement that keeps the state of a link.
  connection.exec(`DELETE FROM ${from}`);
  return rows;
}

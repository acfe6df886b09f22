import { failpoint } from "../base/failpoint.ts";
import { codeOf } from "../base/errors.ts";
import { quoteIdentifier } from "../base/identifiers.ts";
import type { Connection } from "./database.ts";
import { BadImage, secondImagePath } from "./piece-image.ts";
import { pieceKey, pieceRowsSql, pieceValues } from "./piece-rows.ts";
import { insertAccepted, isConstraint, rejectedName } from "./rejected-rows.ts";
import { isSplit, MAX_COLUMNS, PIECE_TABLE } from "./piece-table.ts";
import { NO_REPLACEMENTS, type Replacements } from "./replacement.ts";
import { freeRowidName, hasTable, type TableShape } from "./schema.ts";
import { insertShuffled } from "./shuffle.ts";

/** A table of the target while its rows arrive. */
export interface StagingTable {
  /** Name of the staging table: `tsdp:` and whatever makes it the job's own. */
  readonly staging: string;
  readonly shape: TableShape;
  /**
   * Raw: the rows go straight into the b-trees of the final table, whose definition is stored afterwards, so no type, CHECK
   * or NOT NULL of it can change or refuse a value. Otherwise they wait in a plain table for a typed INSERT.
   */
  readonly raw: boolean;
  /** The INTEGER PRIMARY KEY is replaced: its column is as any other here, until the final table takes or refuses its values. */
  readonly plainKey?: boolean;
  /** Stored columns whose values stay behind, since the table computes them anew. */
  readonly recomputed?: readonly string[];
}

/** How long a piece waits for another program's transaction on the target. */
const BUSY_TIMEOUT_MS = 60_000;

/** The rows of a piece did not come out as stated. */
export class WrongRowCount extends Error {
  override readonly name = "WrongRowCount";
}

/** Those that every SQLite has. */
const COLLATIONS: ReadonlySet<string> = new Set(["BINARY", "NOCASE", "RTRIM"]);

/** Whether the keys of a table can be raw: only the typed way tells what is wrong with a collation that only its application has. */
export function hasKnownCollations({ constraints }: TableShape): boolean {
  return constraints.every(({ columns }) => columns.every(({ collation }) => COLLATIONS.has(collation.toUpperCase())));
}

/** A name that no other job's staging table has. */
export function stagingName(guid: string, object: number): string {
  return `tsdp:${guid.slice(0, 8)}:${object}`;
}

/** Whether a table has the name of a staging table: of an import that runs, or that ended in the middle. */
function isStagingName(name: string): boolean {
  return /^tsdp:[0-9A-F]{8}:\d+(?::bad)?$/.test(name);
}

/** Whether a table is the staging table of an import that has its progress in the same file, or has left refused rows there, and no user's. */
export function isStagedBySome(name: string, tables: ReadonlySet<string>): boolean {
  return isStagingName(name) && (name.endsWith(":bad") || tables.has(progressName(name.slice("tsdp:".length))));
}

/** Whether an object of this name would be in the way of those that tsdp makes in a schema file for a while. */
export function isOwnName(name: string): boolean {
  return /^tsdp:(?:0|sequence|[0-9A-F]{8}:\d+(?::bad)?)$/i.test(name);
}

/** A piece of a table that is in its staging table. */
export interface LoadedPiece {
  readonly object: number;
  readonly piece: number;
  /** Rows that a key left out. */
  readonly rejected: number;
}

/** The table of a schema file that names the pieces that are loaded: written with the rows, so that each piece counts once. */
export function progressName(guid: string): string {
  return stagingName(guid, 0);
}

/** The table of the reasons why rows were kept apart. */
export function reasonsName(guid: string): string {
  return rejectedName(progressName(guid));
}

export function createProgressTable(connection: Connection, name: string): void {
  connection.exec(
    `CREATE TABLE ${quoteIdentifier(name)} (object INTEGER, piece INTEGER, rejected INTEGER, PRIMARY KEY (object, piece))`,
  );
}

/** The pieces that are loaded; null when there is no such table. */
export function readProgress(connection: Connection, name: string): readonly LoadedPiece[] | null {
  if (!hasTable(connection, name)) return null;
  return connection.prepare(`SELECT object, piece, rejected FROM ${quoteIdentifier(name)}`).all() as LoadedPiece[];
}

/** The staging tables of a job that are there, the one of its progress among them. */
export function listStaging(connection: Connection, guid: string): readonly string[] {
  const names = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all() as string[];
  return names.filter((name) => isStagingName(name) && name.startsWith(`tsdp:${guid.slice(0, 8)}:`));
}

/** Makes the staging table: the same stored columns in order, no types; raw ones with the same keys. */
export function createStagingTable(connection: Connection, table: StagingTable, database = "main"): void {
  const { shape } = table;
  const columns = shape.storedColumns.map((name) =>
    name === shape.integerPrimaryKey && table.plainKey !== true
      ? `${quoteIdentifier(name)} INTEGER PRIMARY KEY`
      : quoteIdentifier(name),
  );
  const keys = table.raw ? shape.constraints.map(keySql) : [];
  const suffix = table.raw && shape.withoutRowid ? " WITHOUT ROWID" : "";
  connection.exec(`CREATE TABLE ${database}.${quoteIdentifier(table.staging)} (${[...columns, ...keys].join(", ")})${suffix}`);
}

/** Readies a connection to a schema file for loading. `durable`: whether the rows of each piece must outlive a power cut. */
export function prepareLoading(target: Connection, durable: boolean): void {
  target.pragma("foreign_keys = off");
  target.pragma("trusted_schema = off");
  target.pragma("cell_size_check = on");
  target.pragma(`synchronous = ${durable ? "full" : "off"}`);
  target.pragma(`busy_timeout = ${BUSY_TIMEOUT_MS}`);
}

/**
 * Copies a checked piece image into its staging table and notes it as loaded, in one transaction that writes one file. The
 * second image of a table that has secret columns is at `secondImagePath`.
 * @returns how many rows a violated key left out (only where the source itself violates it)
 * @throws WrongRowCount when the image holds more or fewer rows than stated, or the second one other rows; BadImage when it can't be of
 * this table
 */
export function loadPiece(
  target: Connection,
  imagePath: string,
  table: StagingTable,
  rows: number,
  mark: PieceMark,
  replacements = NO_REPLACEMENTS,
): number {
  const images = isSplit(table.shape) ? [imagePath, secondImagePath(imagePath)] : [imagePath];
  try {
    images.forEach((path, i) => {
      attachImage(target, path, i === 0 ? "piece" : "second");
    });
    replacements.register(target);
    return copyPiece(target, table, rows, mark, replacements);
  } catch (error) {
    // A rowid that is no integer.
    if (codeOf(error) === "SQLITE_MISMATCH") throw new BadImage("it holds a key that its table can't have", { cause: error });
    throw error;
  } finally {
    if (target.inTransaction) target.exec("ROLLBACK");
    const attached = target.prepare("SELECT name FROM pragma_database_list WHERE name IN ('piece', 'second')").pluck().all();
    for (const name of attached) target.exec(`DETACH ${String(name)}`);
  }
}

function attachImage(target: Connection, path: string, name: "piece" | "second"): void {
  try {
    target.prepare(`ATTACH ? AS ${name}`).run(path);
  } catch (error) {
    // Another text encoding than that of its schema.
    if (codeOf(error) === "SQLITE_ERROR") throw new BadImage("it does not fit its schema", { cause: error });
    throw error;
  }
}

/** What came of copying. */
export interface CopiedRows {
  readonly rows: number;
  /** Of them, those that a violated key left out. */
  readonly rejected: number;
}

/** What is noted of a loaded piece, and in which table. */
export interface PieceMark {
  readonly progress: string;
  readonly object: number;
  readonly piece: number;
  /** The table of reasons of rows that are kept when a key leaves them out; null: they are only counted. */
  readonly rejected: string | null;
}

function copyPiece(target: Connection, table: StagingTable, rows: number, mark: PieceMark, replacements: Replacements): number {
  const reasons = mark.rejected;
  const from = pieceRowsSql(table.shape);
  const copy = (way: "plainly" | "less refused rows" | "apart") => {
    target.exec("BEGIN IMMEDIATE");
    const place = { from, replacements, onConflict: way === "less refused rows" ? " OR IGNORE" : "" };
    const changes =
      way === "apart" && reasons !== null
        ? copyApart(target, table, rows, { ...place, reasons })
        : copyRows(target, table, rows, place);
    // Of two images one may hold rows that the other has not: the join alone does not tell.
    const found = way === "plainly" && !isSplit(table.shape) ? [changes] : countRows(target, table.shape, from, rows);
    const wrong = found.find((count) => count !== rows);
    if (wrong !== undefined) throw new WrongRowCount(`${wrong} rows instead of ${rows}`);
    commitPiece(target, mark, rows - changes);
    return rows - changes;
  };
  const unlessRefused = (way: Parameters<typeof copy>[0]) => {
    try {
      return copy(way);
    } catch (error) {
      if (!isConstraint(error)) throw error;
      if (target.inTransaction) target.exec("ROLLBACK");
      return null;
    }
  };
  // A table of MAX_COLUMNS columns and a rowid has no room for them in one statement.
  const isNarrow = table.shape.storedColumns.length < MAX_COLUMNS;
  const [kept, counted] = ["apart", "less refused rows"] as const;
  return unlessRefused("plainly") ?? (reasons === null || !isNarrow ? null : unlessRefused(kept)) ?? copy(counted);
}

/** The rows of a piece and the mark that it is loaded are one commit. */
export function commitPiece(target: Connection, { progress, object, piece }: PieceMark, rejected: number): void {
  target
    .prepare(`INSERT INTO main.${quoteIdentifier(progress)} VALUES (?, ?, ?)`)
    .run(BigInt(object), BigInt(piece), BigInt(rejected));
  failpoint("import piece before commit");
  target.exec("COMMIT");
  failpoint("import piece loaded");
}

/** Makes an empty temp table, unless it is there, for the rows of a staging table that are to be tried one by one: it has none of its keys. */
export function createApartTable(connection: Connection, table: StagingTable): StagingTable {
  return createTempTable(connection, table, apartName(table));
}

function createTempTable(connection: Connection, table: StagingTable, name: string): StagingTable {
  const made: StagingTable = { ...table, staging: name, raw: false };
  const isThere = connection.prepare("SELECT 1 FROM temp.sqlite_schema WHERE name = ?").get(name) !== undefined;
  if (!isThere) createStagingTable(connection, made, "temp");
  return made;
}

/** Where rows are copied to: a staging table, or the temp table of those that are tried one by one. */
export interface CopyTarget {
  readonly table: StagingTable;
  readonly database: string;
  readonly onConflict: string;
}

/**
 * Has rows wait in a temp table where the values of some of their columns are to change places; they come to the target shuffled.
 * @param copy copies the rows to a table and gives how many were taken
 * @throws TSDP-00060 for a single row
 */
export function copyShuffled(
  connection: Connection,
  { table, database, onConflict }: CopyTarget,
  { shuffled }: Replacements,
  copy: (table: StagingTable, database: string) => number,
): number {
  if (shuffled.length === 0) return copy(table, database);
  const waiting = createTempTable(connection, table, `${table.staging}:unshuffled`);
  const from = `temp.${quoteIdentifier(waiting.staging)}`;
  copy(waiting, "temp");
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

function apartName({ staging }: StagingTable): string {
  return `${staging}:apart`;
}

/**
 * Takes the rows of a piece without their keys, and then those that the keys allow; the others are kept.
 * @returns how many rows were taken
 */
function copyApart(
  target: Connection,
  table: StagingTable,
  rows: number,
  place: RowsPlace & { readonly reasons: string },
): number {
  const apart = createApartTable(target, table);
  copyRows(target, apart, rows, place, "temp");
  return rows - acceptApart(target, table, "main", place.reasons);
}

/**
 * Moves what waits in a temp table into the staging table, which keeps apart what its keys refuse.
 * @returns how many rows those are
 */
export function acceptApart(connection: Connection, table: StagingTable, database: string, reasons: string): number {
  const { shape, staging } = table;
  const ownRowid = shape.rowid !== null && shape.integerPrimaryKey === null ? [shape.rowid] : [];
  const columns = [...ownRowid, ...shape.storedColumns.map(quoteIdentifier)].join(", ");
  const from = `temp.${quoteIdentifier(apartName(table))}`;
  const into = `${database}.${quoteIdentifier(staging)}`;
  const insertSql = (condition: string) => `INSERT INTO ${into} (${columns}) SELECT ${columns} FROM ${from} ${condition}`;
  const words = (message: string) => message.replaceAll(staging, shape.name);
  const rejections = insertAccepted(connection, { shape, from, insertSql }, { database, staging, reasons, words });
  // No table can be dropped beside a statement that keeps the state of a link.
  connection.exec(`DELETE FROM ${from}`);
  return rejections.reduce((sum, { rows }) => sum + rows, 0);
}

interface RowsPlace {
  readonly from: string;
  readonly onConflict: string;
  readonly replacements: Replacements;
}

function copyRows(target: Connection, table: StagingTable, rows: number, place: RowsPlace, database = "main"): number {
  const { onConflict, replacements } = place;
  return copyShuffled(target, { table, database, onConflict }, replacements, (into, where) =>
    copyInto(target, into, rows, place, where),
  );
}

function copyInto(
  target: Connection,
  { staging, shape, recomputed = [] }: StagingTable,
  rows: number,
  { from, onConflict, replacements }: RowsPlace,
  database: string,
): number {
  const into = `${database}.${quoteIdentifier(staging)}`;
  const rowid = shape.rowid === null ? [] : [shape.rowid];
  const room = MAX_COLUMNS - rowid.length;
  const columns = shape.columns.map(quoteIdentifier);
  const [key = null] = pieceKey(shape);
  const values = pieceValues(shape).map((value, i) => {
    const column = shape.columns[i] ?? "";
    return recomputed.includes(column) ? "NULL" : replacements.valueSql(column, value, key);
  });
  const { changes } = target
    .prepare(
      `INSERT${onConflict} INTO ${into} (${[...rowid, ...columns.slice(0, room)].join(", ")})
       SELECT ${[...pieceKey(shape).map((name) => replacements.rowidSql(shape, name)), ...values.slice(0, room)].join(", ")} FROM ${from} LIMIT ?`,
    )
    .run(BigInt(rows) + 1n);
  if (columns.length > room) {
    const own = rowid[0] ?? "";
    const last = `(SELECT ${values[room] ?? ""} FROM ${from} WHERE piece.rowid = ${quoteIdentifier(staging)}.${own})`;
    target.exec(`UPDATE ${into} SET ${columns[room] ?? ""} = ${last} WHERE ${own} IN (SELECT rowid FROM piece.${PIECE_TABLE})`);
  }
  return changes;
}

/** Rows of the piece and of each of its images, one more than stated at most. */
function countRows(target: Connection, shape: TableShape, from: string, rows: number): number[] {
  const each = isSplit(shape) ? [from, `piece.${PIECE_TABLE}`, `second.${PIECE_TABLE}`] : [from];
  return each.map((source) => {
    const query = `SELECT count(*) FROM (SELECT 1 FROM ${source} LIMIT ?)`;
    return target
      .prepare(query)
      .pluck()
      .get(BigInt(rows) + 1n) as number;
  });
}

function keySql({ kind, columns }: TableShape["constraints"][number]): string {
  const parts = columns.map(({ name, collation, descending }) => {
    const collate = collation === "BINARY" ? "" : ` COLLATE ${quoteIdentifier(collation)}`;
    return `${quoteIdentifier(name ?? "")}${collate}${descending ? " DESC" : ""}`;
  });
  return `${kind} (${parts.join(", ")})`;
}

import { failpoint } from "../base/failpoint.ts";
import { quoteIdentifier } from "../base/identifiers.ts";
import type { Connection } from "./database.ts";
import { rejectedName } from "./rejected-rows.ts";
import { hasTable, type TableShape } from "./schema.ts";

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

/** How long a piece, or a publication, waits for another program's transaction on the target. */
export const BUSY_TIMEOUT_MS = 60_000;

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

/** Stands in the progress table for what it was before: objects are numbered from 1. */
const PUBLISHED: LoadedPiece = { object: 0, piece: 0, rejected: 0 };

/** Leaves behind, in the transaction that publishes, that it has been committed: the table alone could be missing for other reasons. */
export function markPublished(connection: Connection, progress: string): void {
  connection.exec(`DELETE FROM ${quoteIdentifier(progress)}`);
  notePiece(connection, "main", { ...PUBLISHED, progress, rejected: null }, PUBLISHED.rejected);
}

/** Whether what was loaded has been published. */
export function isMarkedPublished(progress: readonly LoadedPiece[]): boolean {
  return progress.some(({ object }) => object === PUBLISHED.object);
}

export function dropProgressTable(connection: Connection, name: string): void {
  connection.exec(`DROP TABLE IF EXISTS ${quoteIdentifier(name)}`);
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

/** Notes a piece as loaded, in the transaction that has its rows. */
export function notePiece(connection: Connection, database: string, mark: PieceMark, rejected: number): void {
  connection
    .prepare(`INSERT INTO ${database}.${quoteIdentifier(mark.progress)} VALUES (?, ?, ?)`)
    .run(BigInt(mark.object), BigInt(mark.piece), BigInt(rejected));
}

/** Ends the transaction of a piece. */
export function commitPiece(connection: Connection): void {
  failpoint("import piece before commit");
  connection.exec("COMMIT");
  failpoint("import piece loaded");
}

function keySql({ kind, columns }: TableShape["constraints"][number]): string {
  const parts = columns.map(({ name, collation, descending }) => {
    const collate = collation === "BINARY" ? "" : ` COLLATE ${quoteIdentifier(collation)}`;
    return `${quoteIdentifier(name ?? "")}${collate}${descending ? " DESC" : ""}`;
  });
  return `${kind} (${parts.join(", ")})`;
}

import { codeOf } from "../base/errors.ts";
import { quoteIdentifier } from "../base/identifiers.ts";
import type { Connection, Statement } from "./database.ts";
import { Savepoint } from "./savepoint.ts";
import { freeRowidName, type TableShape } from "./schema.ts";

/** Rows that are tried in one statement: a refusal undoes no more than these. */
const MOST_ROWS = 1 << 16;
const REJECTED = ":bad";
/** Reasons that are told apart: a trigger can make one of its own for every row. */
const MOST_REASONS = 100;

/** Why a row is not there that SQLite has passed over without an error. */
export const IGNORED = "left out by an ON CONFLICT IGNORE or RAISE(IGNORE) of the table";

/** Name of the table in which the rows that a constraint has refused wait, beside the staging table. */
export function rejectedName(staging: string): string {
  return `${staging}${REJECTED}`;
}

/** How many rows a constraint has refused, and its words. */
export interface Rejection {
  readonly reason: string;
  readonly rows: number;
}

/** Rows on their way from one table of a connection to another. */
export interface Passage {
  readonly shape: TableShape;
  /** The INTEGER PRIMARY KEY is a column like others in the table that they come from. */
  readonly plainKey?: boolean;
  /** The database and the table that they come from, quoted: a rowid table with the stored columns of the shape. */
  readonly from: string;
  /** The statement that inserts those of the rows that a condition leaves. */
  readonly insertSql: (condition: string) => string;
  /** Refuses rows that a condition leaves, for what the insert would do to them without a word. */
  readonly check?: (condition: string) => (parameters: readonly bigint[]) => void;
}

/** Where refused rows are kept. */
export interface RejectedRows {
  /** Name of the database on this connection. */
  readonly database: string;
  readonly staging: string;
  /** Name of the table of reasons. */
  readonly reasons: string;
  /** Words of an error as they are kept. */
  readonly words?: (message: string) => string;
}

/**
 * Inserts rows in their order; a row that the other table refuses or ignores is kept apart with the reason, and the next ones go on. Rows
 * go in by many as long as all are taken. To be called within a transaction.
 * @throws any error that is not a refusal of a row, and one that has ended the transaction
 */
export function insertAccepted(connection: Connection, passage: Passage, kept: RejectedRows): readonly Rejection[] {
  const windows = windowsOf(connection, passage);
  const insert = connection.prepare(passage.insertSql(windows.condition));
  const check = passage.check?.(windows.condition);
  const bin = new Bin(connection, passage, kept, windows.condition);
  let size = MOST_ROWS;
  for (let window = windows.next(size); window !== null; window = windows.next(size)) {
    const { parameters } = window;
    const refusal = attempt(connection, window.rows, () => {
      check?.(parameters);
      return insert.run(...parameters).changes;
    });
    if (refusal !== null && window.rows > 1) {
      size = Math.floor(window.rows / 2);
      continue;
    }
    if (refusal !== null) bin.add(window, refusal);
    else size = Math.min(MOST_ROWS, size * 2);
    windows.pass(window);
  }
  return bin.rejections;
}

/** Whether a constraint has refused a row. */
export function isConstraint(error: unknown): boolean {
  return codeOf(error).startsWith("SQLITE_CONSTRAINT");
}

/** Whether a table has refused a row for what is in it. */
export function isRefusal(error: unknown): error is Error & { readonly code: string } {
  // A value that is no integer for an INTEGER PRIMARY KEY is the only mismatch that is no SQLITE_CONSTRAINT.
  return isConstraint(error) || codeOf(error) === "SQLITE_MISMATCH";
}

/** What is said of a row that is not taken. */
type Refusal = Pick<Error, "message">;

/** @param insert gives how many rows were taken, without those that triggers add */
function attempt(connection: Connection, rows: number, insert: () => number): Refusal | null {
  const savepoint = new Savepoint(connection);
  let taken: number;
  try {
    taken = insert();
  } catch (error) {
    if (!connection.inTransaction || !isRefusal(error)) throw error;
    savepoint.rollback();
    return error;
  }
  const isIgnored = taken < rows;
  // What a trigger has done before it passed over a single row stays, as SQLite has it.
  if (isIgnored && rows > 1) savepoint.rollback();
  else savepoint.release();
  return isIgnored ? { message: IGNORED } : null;
}

/** Some of the rows, one after the other. */
interface Window {
  readonly rows: number;
  readonly parameters: readonly bigint[];
}

/** All rows in their order, window by window. */
interface Windows {
  readonly condition: string;
  next(size: number): Window | null;
  pass(window: Window): void;
}

function windowsOf(connection: Connection, passage: Passage): Windows {
  const { from } = passage;
  const rowid = rowidOf(passage);
  return rowid === null ? new CountedWindows(connection, from) : new RowidWindows(connection, from, rowid);
}

/** By which name the rowid of the table that the rows come from is addressed; null where columns take all of them. */
function rowidOf({ shape: { rowid, integerPrimaryKey, storedColumns }, plainKey }: Passage): string | null {
  const own = plainKey === true && integerPrimaryKey !== null ? null : rowid;
  return own ?? freeRowidName(storedColumns);
}

class RowidWindows implements Windows {
  readonly condition: string;
  readonly #find: Statement;
  #low: bigint | null = -(2n ** 63n);

  constructor(connection: Connection, from: string, rowid: string) {
    this.condition = `WHERE ${rowid} BETWEEN ? AND ? ORDER BY ${rowid}`;
    const rows = `SELECT ${rowid} AS r FROM ${from} WHERE ${rowid} >= ? ORDER BY ${rowid} LIMIT ?`;
    this.#find = connection.prepare(`SELECT min(r), max(r), count(*) FROM (${rows})`).raw().safeIntegers();
  }

  next(size: number): Window | null {
    if (this.#low === null) return null;
    const [first, last, rows] = this.#find.get(this.#low, BigInt(size)) as [bigint | null, bigint | null, bigint];
    return first === null || last === null ? null : { rows: Number(rows), parameters: [first, last] };
  }

  pass({ parameters: [, last = 0n] }: Window): void {
    this.#low = last === 2n ** 63n - 1n ? null : last + 1n;
  }
}

/** A full scan of a table goes by its rowid, also where nothing can address that. */
class CountedWindows implements Windows {
  readonly condition = "LIMIT ? OFFSET ?";
  readonly #rows: number;
  #passed = 0;

  constructor(connection: Connection, from: string) {
    this.#rows = connection.prepare(`SELECT count(*) FROM ${from}`).pluck().get() as number;
  }

  next(size: number): Window | null {
    const rows = Math.min(size, this.#rows - this.#passed);
    return rows === 0 ? null : { rows, parameters: [BigInt(rows), BigInt(this.#passed)] };
  }

  pass({ rows }: Window): void {
    this.#passed += rows;
  }
}

/** The tables of the refused rows; they come to be with the first one. */
class Bin {
  readonly #connection: Connection;
  readonly #kept: RejectedRows;
  readonly #createSql: string;
  readonly #keepSql: string;
  readonly #reasonSql: string;
  #keep: Statement | null = null;
  #reason: Statement | null = null;
  readonly #counts = new Map<string, number>();

  constructor(connection: Connection, { shape, from }: Passage, kept: RejectedRows, condition: string) {
    const { database, staging, reasons } = kept;
    const table = `${database}.${quoteIdentifier(rejectedName(staging))}`;
    const columns = shape.storedColumns.map(quoteIdentifier).join(", ");
    this.#connection = connection;
    this.#kept = kept;
    this.#createSql = `CREATE TABLE IF NOT EXISTS ${table} (${columns}); ${reasonsSql(`${database}.${quoteIdentifier(reasons)}`)}`;
    this.#keepSql = `INSERT INTO ${table} (${columns}) SELECT ${columns} FROM ${from} ${condition}`;
    const values = `?, ?, ${shape.rowid ?? "NULL"}, ?`;
    this.#reasonSql = `INSERT INTO ${database}.${quoteIdentifier(reasons)} SELECT ${values} FROM ${from} ${condition}`;
  }

  get rejections(): readonly Rejection[] {
    return [...this.#counts].map(([reason, rows]) => ({ reason, rows }));
  }

  add({ parameters }: Window, { message }: Refusal): void {
    if (this.#keep === null || this.#reason === null) {
      this.#connection.exec(this.#createSql);
      this.#keep = this.#connection.prepare(this.#keepSql);
      this.#reason = this.#connection.prepare(this.#reasonSql);
    }
    const { staging, words } = this.#kept;
    const reason = words?.(message) ?? message;
    const row = BigInt(this.#keep.run(...parameters).lastInsertRowid);
    this.#reason.run(staging, row, reason, ...parameters);
    const told = this.#counts.has(reason) || this.#counts.size < MOST_REASONS ? reason : "other reasons";
    this.#counts.set(told, (this.#counts.get(told) ?? 0) + 1);
  }
}

function reasonsSql(table: string): string {
  return `CREATE TABLE IF NOT EXISTS ${table} (staging TEXT, row INTEGER, source_rowid INTEGER, reason TEXT)`;
}

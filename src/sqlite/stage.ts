import { codeOf } from "../base/errors.ts";
import { quoteIdentifier } from "../base/identifiers.ts";
import type { Connection } from "./database.ts";
import { rangeSql, type KeyRange } from "./key-range.ts";
import {
  columnsOf,
  isSplit,
  MAX_COLUMNS,
  pieceLayout,
  pieceRowid,
  pieceTableSql,
  PIECE_TABLE,
  type PieceImage,
  type PieceLayout,
} from "./piece-table.ts";
import { NO_REPLACEMENTS, type Replacements } from "./replacement.ts";
import type { RowFilter } from "./row-filter.ts";
import type { TableShape } from "./schema.ts";
import { insertShuffled } from "./shuffle.ts";

/** Bytes that a piece image should have: 4 MiB. Tests that need many pieces make them smaller. */
export const PIECE_TARGET = Number(process.env["TSDP_PIECE_BYTES"] ?? 4 << 20);
/** Bytes that a piece of more than one row can't exceed. */
const PIECE_BOUND = 2 * PIECE_TARGET;
/** Small pages keep the piece of a small table small, large ones save a tenth of the work on large tables. */
const SMALL_PAGE = 4096;
const LARGE_PAGE = 16384;
const LARGE_TABLE = 1 << 20;
const NO_BOUND = 0xfffffffe;
/** Where rows wait for their values to change places. */
const UNSHUFFLED = "tsdp_unshuffled";

export interface Piece {
  /** The bytes of a database file that holds the rows (docs/format.md, "Piece images"). */
  readonly image: Buffer;
  /** The columns of the same rows that are kept apart; null when there are none. */
  readonly second: Buffer | null;
  readonly rows: number;
  /** What is left of the range; null when all of it is in the piece. */
  readonly rest: KeyRange | null;
}

interface Reading {
  readonly shape: TableShape;
  readonly range: KeyRange;
  readonly filter: RowFilter | null;
  readonly replacements: Replacements;
}

/** Thrown when the transaction ended under the work: the next read would see a newer state. */
export class SnapshotLost extends Error {
  override readonly name = "SnapshotLost";
}

/** Thrown when rows are too large together. */
class PieceFull extends Error {
  override readonly name = "PieceFull";
}

/**
 * The staging area of one source connection: turns ranges of rows into piece images. The connection has to be in a read
 * transaction; staging happens in its temp schema, in memory, so the source can't be written.
 */
export class Stage {
  readonly #connection: Connection;
  readonly #pageSize: number;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#pageSize = Number(connection.pragma("temp.page_size", { simple: true }));
  }

  /** Settings that have to be made before the transaction begins. */
  static prepare(connection: Connection, store: "memory" | "file" = "memory"): void {
    connection.pragma(`temp_store = ${store}`);
    connection.pragma(`temp.page_size = ${averageTableBytes(connection) > LARGE_TABLE ? LARGE_PAGE : SMALL_PAGE}`);
    connection.pragma("temp.auto_vacuum = incremental");
    // Without it an image carries remains of other tables' rows in its unused bytes.
    connection.pragma("temp.secure_delete = on");
    connection.pragma("trusted_schema = off");
  }

  /**
   * Copies rows of the range, `limit` at most, into a piece; fewer when they are too large together. A single row may have any size, and so
   * may two whose values change places.
   * @throws SnapshotLost; SQLite's own error when a row can't be read, with the snapshot still held.
   */
  unload(
    shape: TableShape,
    range: KeyRange,
    limit: number,
    filter: RowFilter | null = null,
    replacements = NO_REPLACEMENTS,
  ): Piece {
    replacements.register(this.#connection);
    const least = replacements.shuffled.length > 0 ? 2 : 1;
    const read = { shape, range, filter, replacements };
    for (let count = Math.max(least, limit); ; count = Math.max(least, Math.ceil(count / 2))) {
      try {
        const pages = count === least ? NO_BOUND : PIECE_BOUND / this.#pageSize;
        return this.#piece(read, least === 1 ? count : this.#leavingNoSingle(read, count), pages);
      } catch (error) {
        if (!this.#connection.inTransaction) throw new SnapshotLost("the snapshot was lost", { cause: error });
        if (!isFull(error) || count === least) throw error;
      }
    }
  }

  /** A count of rows after which none or several are left of the range: a last one by itself could not change places. */
  #leavingNoSingle({ shape, range, filter }: Reading, count: number): number {
    const { from, where, orderBy, offset, parameters } = rangeSql(shape, range, filter);
    const rows = `SELECT 1 FROM ${from} WHERE ${where}${orderBy} LIMIT ? OFFSET ?`;
    const found = this.#connection
      .prepare(`SELECT count(*) FROM (${rows})`)
      .pluck()
      .get(...parameters, BigInt(count) + 2n, offset) as number;
    if (found !== count + 1) return count;
    return count > 2 ? count - 1 : found;
  }

  /** The second image is staged by itself, after the first is out: none of its values is ever in a page of the first. */
  #piece(read: Reading, count: number, pages: number): Piece {
    const { shape } = read;
    const { image, rows, rest } = this.#image(read, 0, count, pages);
    if (!isSplit(shape) || rows === 0) return { image, second: null, rows, rest };
    const second = this.#image(read, 1, rows, pages);
    if (second.rows !== rows) throw new Error(`the two images of a piece have ${rows} and ${second.rows} rows`);
    return { image, second: second.image, rows, rest };
  }

  #image(
    read: Reading,
    number: PieceImage,
    count: number,
    pages: number,
  ): { image: Buffer; rows: number; rest: KeyRange | null } {
    this.#connection.pragma(`temp.max_page_count = ${pages}`);
    try {
      const rows = this.#fill(read, number, count, pages);
      const rest = number === 0 && rows === count ? this.#rest(read, rows) : null;
      const image = this.#connection.serialize({ attached: "temp" });
      this.#clear();
      return { image, rows, rest };
    } catch (error) {
      if (!isDamage(error)) this.#clear();
      throw error;
    }
  }

  /** Where values change places, no page of the piece has ever held one beside its row. */
  #fill(read: Reading, number: PieceImage, count: number, pages: number): number {
    const layout = pieceLayout(read.shape, number);
    const key = { source: read.shape.integerPrimaryKey, piece: "k" };
    const shuffled = [key, ...columnsOf(read.shape, number)].flatMap(({ source, piece: name }) =>
      read.replacements.shuffled.filter(({ column }) => column === source).map((column) => ({ ...column, name })),
    );
    const { hidesRowid } = read.replacements;
    if (shuffled.length === 0 && !hidesRowid) {
      this.#create(layout, PIECE_TABLE);
      return this.#copy(read, number, count, PIECE_TABLE);
    }
    this.#create(layout, UNSHUFFLED);
    const rows = this.#copy(read, number, count, UNSHUFFLED);
    // SQLite lets pages pass the bound that an earlier piece has needed.
    if (Number(this.#connection.pragma("temp.page_count", { simple: true })) > pages) throw new PieceFull("the piece is full");
    // They fit by themselves; now they are there twice.
    this.#connection.pragma(`temp.max_page_count = ${NO_BOUND}`);
    this.#create(layout, PIECE_TABLE);
    const columns = [...(layout.rowid === "column" ? pieceRowid(layout) : []), ...layout.columns];
    const waiting = { from: `temp.${UNSHUFFLED}`, rowid: "rowid", into: `temp.${PIECE_TABLE}` };
    // By the new keys: their order would tell the old ones.
    insertShuffled(this.#connection, { ...waiting, columns, shuffled, ...(hidesRowid ? { order: "1" } : {}) });
    this.#connection.exec(`DROP TABLE temp.${UNSHUFFLED}; PRAGMA temp.incremental_vacuum`);
    return rows;
  }

  #create(layout: PieceLayout, name: string): void {
    this.#connection.exec(pieceTableSql(layout).replace(`CREATE TABLE ${PIECE_TABLE}`, `CREATE TABLE temp.${name}`));
  }

  #copy({ shape, range, filter, replacements }: Reading, number: PieceImage, count: number, into: string): number {
    const { from, where, orderBy, offset, parameters, rowid: numbers } = rangeSql(shape, range, filter);
    const layout = pieceLayout(shape, number);
    const columns = columnsOf(shape, number);
    const rowid = shape.rowid === null ? [] : [numbers ?? replacements.rowidSql(shape, shape.rowid)];
    const room = MAX_COLUMNS - rowid.length;
    const fitting = columns.slice(0, room);
    const target = [...pieceRowid(layout), ...fitting.map(({ piece }) => piece)];
    const valueOf = (column: string, reference: string) =>
      replacements.valueSql(column, reference, numbers === undefined ? shape.rowid : null);
    const source = [...rowid, ...fitting.map((column) => valueOf(column.source, quoteIdentifier(column.source)))];
    const { changes } = this.#connection
      .prepare(
        `INSERT INTO temp.${into} ${target.length === 0 ? "(c0)" : `(${target.join(", ")})`}
         SELECT ${source.join(", ") || "NULL"} FROM ${from} WHERE ${where}${orderBy} LIMIT ? OFFSET ?`,
      )
      .run(...parameters, BigInt(count), offset);
    for (const column of columns.slice(room))
      this.#copyLastColumn(shape, column, valueOf(column.source, `s.${quoteIdentifier(column.source)}`));
    return changes;
  }

  /** The 2,000th column of a table with a rowid is one too many for a result set. Setting the rowid may fail: see pieceTableSql. */
  #copyLastColumn(shape: TableShape, { piece }: { readonly piece: string }, value: string): void {
    this.#connection.exec(
      `UPDATE temp.${PIECE_TABLE} SET rowid = rowid, ${piece} = (SELECT ${value}
         FROM main.${quoteIdentifier(shape.name)} s WHERE s.${shape.rowid ?? "rowid"} = ${PIECE_TABLE}.rowid)`,
    );
  }

  #rest(read: Reading, rows: number): KeyRange | null {
    const { range } = read;
    if (range.kind !== "rowid") return { ...range, offset: range.offset + BigInt(rows) };
    const last = this.#lastRowid(read, rows);
    return last < range.high ? { ...range, low: last + 1n } : null;
  }

  /** The rowid that the last of some rows has in the source. */
  #lastRowid({ shape, range, filter, replacements }: Reading, rows: number): bigint {
    const get = (query: string, ...parameters: readonly unknown[]) =>
      this.#connection.prepare(query).pluck().safeIntegers().get(parameters) as bigint;
    const rowid = pieceRowid(pieceLayout(shape))[0] ?? "rowid";
    if (!replacements.hidesRowid) return get(`SELECT ${rowid} FROM temp.${PIECE_TABLE} ORDER BY rowid DESC LIMIT 1`);
    const { from, where, orderBy, parameters } = rangeSql(shape, range, filter);
    const query = `SELECT ${shape.rowid ?? "rowid"} FROM ${from} WHERE ${where}${orderBy} LIMIT 1 OFFSET ?`;
    return get(query, ...parameters, BigInt(rows) - 1n);
  }

  #clear(): void {
    if (!this.#connection.inTransaction) return;
    const drops = [PIECE_TABLE, UNSHUFFLED].map((name) => `DROP TABLE IF EXISTS temp.${name}`);
    this.#connection.exec(`${drops.join("; ")}; PRAGMA temp.incremental_vacuum`);
  }
}

function averageTableBytes(connection: Connection): number {
  const pragma = (name: string) => Number(connection.pragma(`main.${name}`, { simple: true }));
  const tables = connection.prepare("SELECT count(*) FROM main.sqlite_schema WHERE type = 'table'").pluck().get() as number;
  return (pragma("page_count") * pragma("page_size")) / Math.max(1, tables);
}

function isFull(error: unknown): boolean {
  return error instanceof PieceFull || codeOf(error) === "SQLITE_FULL";
}

/** Whether the file is damaged where it was read: the connection then takes no write, not even to temp, until its transaction ends. */
export function isDamage(error: unknown): boolean {
  return codeOf(error).startsWith("SQLITE_CORRUPT");
}

/** Whether a row, not the work, is the problem: its page is damaged, or it is larger than SQLite lets through. */
export function isUnreadable(error: unknown): boolean {
  return isDamage(error) || codeOf(error) === "SQLITE_TOOBIG";
}

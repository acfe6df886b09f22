import { causeLines, codeOf, pumpError } from "../base/errors.ts";
import { quoteIdentifier } from "../base/identifiers.ts";
import { openDatabase, type Connection } from "./database.ts";
import { rangeSql, type KeyRange } from "./key-range.ts";
import type { Replacements } from "./replacement.ts";
import type { RowFilter } from "./row-filter.ts";
import { addHash } from "./sample.ts";
import type { TableShape } from "./schema.ts";
import { beginSnapshot, sourceError } from "./source.ts";
import { Stage, type Piece } from "./stage.ts";

/** SQLite makes it in its temporary folder, for its owner only and without a name, so that nothing is left however the process ends. */
const COPY = "tsdp_copy";
const ROWS = "tsdp_rows";
/** KiB that are kept in memory: a piece, and what is written of the copy. */
const CACHE_KIB = 16 << 10;
const COPY_PAGE = 16384;

/** A table or view whose rows only their order tells apart. */
export interface ScannedTable {
  readonly shape: TableShape;
  readonly filter: RowFilter | null;
  readonly replacements: Replacements;
}

type ScanRange = KeyRange & { readonly kind: "scan" };

interface Copied {
  readonly shape: TableShape;
  /** The copy as a table of its own, whose rowids are the places of the rows. */
  readonly copy: TableShape;
  /** The columns of the copy by those of the table, which may be named as rowids are. */
  readonly names: ReadonlyMap<string, string>;
  readonly rows: bigint;
}

/**
 * Reads rows that can't be found again by a key, those of a view say, once: they are copied, and pieces are cut from the copy. One copy at a
 * time, which goes with its last piece. Its connection could write to the source, since SQLite lets none attach a database that
 * can be written otherwise; it only reads there. What SQLite sorts for a view it sorts in files, too.
 */
export class RowCopy {
  readonly #connection: Connection;
  readonly #stage: Stage;
  #copied: Copied | null = null;
  /** By table: rows of those that are cut to pieces. */
  readonly #rows = new Map<string, number>();

  constructor(schema: string, path: string) {
    const connection = openDatabase(path, { mustExist: true });
    try {
      connection.exec(`ATTACH '' AS ${COPY}`);
      connection.pragma(`${COPY}.page_size = ${COPY_PAGE}`);
      Stage.prepare(connection, "file");
      for (const database of [COPY, "temp"]) connection.pragma(`${database}.cache_size = -${CACHE_KIB}`);
      addHash(connection);
    } catch (error) {
      connection.close();
      throw sourceError(schema, path, error);
    }
    this.#connection = connection;
    this.#stage = new Stage(connection);
  }

  /** Whether some table of a source may hide its rowids behind columns of their names. */
  static mayHideRowids(source: Connection): boolean {
    const names = "SELECT 1 FROM main.sqlite_schema WHERE type = 'table' AND sql LIKE '%\\_rowid\\_%' ESCAPE '\\'";
    return source.prepare(names).get() !== undefined;
  }

  begin(): void {
    beginSnapshot(this.#connection);
  }

  end(): void {
    this.#copied = null;
    if (this.#connection.inTransaction) this.#connection.exec("ROLLBACK");
  }

  close(): void {
    this.end();
    this.#connection.close();
  }

  /** @throws SnapshotLost; SQLite's own error when a row can't be read; ORA-02354 when there is no room for the copy */
  unload(table: ScannedTable, range: ScanRange, limit: number): Piece {
    const { copy, names, rows } = this.#copyOf(table);
    const left = { kind: "rowid", low: range.offset + 1n, high: rows } as const;
    const piece = this.#stage.unload(copy, left, limit, null, table.replacements.renamed(names));
    const offset = range.offset + BigInt(piece.rows);
    if (offset < rows) return { ...piece, rest: { ...range, offset } };
    this.#rows.set(table.shape.name, Number(rows));
    this.#drop();
    return { ...piece, rest: null };
  }

  /** How many rows were copied of a table; undefined when none were. */
  rowsOf({ name }: TableShape): number | undefined {
    return this.#rows.get(name);
  }

  #copyOf(table: ScannedTable): Copied {
    if (this.#copied?.shape.name === table.shape.name) return this.#copied;
    this.#drop();
    try {
      this.#copied = this.#copy(table);
      return this.#copied;
    } catch (error) {
      throw withoutRoom(error) ?? error;
    }
  }

  /** All of them, whatever an earlier run has read: with a LIMIT SQLite would sort in memory, and take long. */
  #copy({ shape, filter }: ScannedTable): Copied {
    const { from, where, orderBy } = rangeSql(shape, { kind: "scan", offset: 0n }, filter);
    const names = new Map(shape.columns.map((column, i) => [column, `c${i + 1}`]));
    const copy = copiedShape(shape, names);
    const into = `${COPY}.${ROWS}`;
    const columns = copy.columns.join(", ");
    this.#connection.exec(`CREATE TABLE ${into} (${columns})`);
    const select = `SELECT ${shape.columns.map(quoteIdentifier).join(", ")} FROM ${from} WHERE ${where}${orderBy}`;
    const { changes } = this.#connection.prepare(`INSERT INTO ${into} (${columns}) ${select}`).run();
    return { shape, copy, names, rows: BigInt(changes) };
  }

  #drop(): void {
    this.#connection.exec(`DROP TABLE IF EXISTS ${COPY}.${ROWS}`);
    this.#copied = null;
  }
}

function copiedShape(shape: TableShape, names: ReadonlyMap<string, string>): TableShape {
  const columns = [...names.values()];
  const secretColumns = shape.secretColumns?.map((column) => names.get(column) ?? column);
  return {
    ...{ database: COPY, name: ROWS, withoutRowid: false, rowid: shape.rowid === null ? null : "rowid", integerPrimaryKey: null },
    ...{ columns, storedColumns: columns, constraints: [] },
    ...(secretColumns === undefined ? {} : { secretColumns }),
  };
}

/** The error of a disk that is full, null for others: SQLite has then ended the transaction, and with it the frozen state. */
function withoutRoom(error: unknown): Error | null {
  if (!/^SQLITE_(?:FULL|IOERR_(?:WRITE|FSYNC|TRUNCATE))$/.test(codeOf(error))) return null;
  return pumpError(
    [["ORA-02354"], ...causeLines(error)],
    "The rows of a view are copied to SQLite's temporary folder first: make room there, or set SQLITE_TMPDIR to a folder that has it.",
    error,
  );
}

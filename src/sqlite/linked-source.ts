import { failpoint } from "../base/failpoint.ts";
import { quoteIdentifier } from "../base/identifiers.ts";
import { takeRows, type CopyTarget } from "./arriving-rows.ts";
import { openDatabase, type Connection } from "./database.ts";
import { everyRow, rangeSql, type KeyRange } from "./key-range.ts";
import { MAX_COLUMNS } from "./piece-table.ts";
import { NO_REPLACEMENTS, registerReplacements, type Replacements } from "./replacement.ts";
import type { RowFilter } from "./row-filter.ts";
import type { TableShape } from "./schema.ts";
import { prepareLoading, type CopiedRows, type PieceMark, type StagingTable } from "./staging.ts";

/** Rows of a table of the source. */
export interface SourceRows {
  readonly shape: TableShape;
  readonly range: KeyRange;
  /** Null: all of them. */
  readonly filter: RowFilter | null;
  readonly replacements: Replacements;
}

/**
 * A connection that sees one state of a source, its main database, and writes a target beside it. A statement that is never finished keeps
 * the state over the commits to the target; it also keeps a read lock on the target, so nobody else writes there meanwhile.
 */
export class LinkedSource {
  readonly #connection: Connection;
  #cursor: IterableIterator<unknown> | null = null;
  #target: string | null = null;
  /** Of the rows that are copied. A function has to be known before the state is kept. */
  #replacements = NO_REPLACEMENTS;

  constructor(path: string) {
    this.#connection = openDatabase(path, { mustExist: true });
    // Lets statements run beside the one that keeps the state.
    this.#connection.unsafeMode(true);
    prepareLoading(this.#connection, true);
    registerReplacements(this.#connection, () => this.#replacements);
  }

  begin(): void {
    this.#cursor = this.#connection.prepare("SELECT count(*) FROM main.sqlite_schema").iterate();
    this.#cursor.next();
  }

  end(): void {
    this.#cursor?.return?.();
    this.#cursor = null;
  }

  /**
   * Copies rows into their staging table and notes them as loaded. `isOwn`: the target is the job's own file, so that each
   * copy is a transaction, and nothing has to outlive a power cut; else all are one, which `commit` ends, since between two of them another
   * program could change the target.
   */
  copy(target: string, isOwn: boolean, table: StagingTable, from: SourceRows, mark: PieceMark): CopiedRows {
    this.#attach(target, isOwn);
    this.#replacements = from.replacements;
    if (!this.#connection.inTransaction) this.#connection.exec("BEGIN");
    try {
      const copied = takeRows(this.#connection, {
        table,
        database: "target",
        replacements: from.replacements,
        mark,
        copy: (into) => this.#copyInto(into, from),
        count: () => this.#countRange(from),
      });
      if (isOwn) this.commit();
      return copied;
    } catch (error) {
      if (this.#connection.inTransaction) this.#connection.exec("ROLLBACK");
      throw error;
    }
  }

  commit(): void {
    if (!this.#connection.inTransaction) return;
    failpoint("link rows before commit");
    this.#connection.exec("COMMIT");
    failpoint("link rows copied");
  }

  /** How many rows the source has, counted without the keys by which they are copied. */
  count({ shape, filter }: Pick<SourceRows, "shape" | "filter">): number {
    const { from, where } = rangeSql(shape, everyRow(shape), filter);
    return this.#connection.prepare(`SELECT count(*) FROM ${from} WHERE ${where}`).pluck().get() as number;
  }

  /** What is not committed is undone. */
  close(): void {
    this.end();
    if (this.#connection.inTransaction) this.#connection.exec("ROLLBACK");
    this.#connection.close();
  }

  #attach(path: string, isOwn: boolean): void {
    if (this.#target !== null) return;
    // A view of the target that names its tables by `main` is refused in an attached database, and with it the whole schema; so it is read past.
    this.#connection.pragma("writable_schema = on");
    this.#connection.prepare("ATTACH ? AS target").run(path);
    this.#connection.pragma(`target.synchronous = ${isOwn ? "off" : "full"}`);
    this.#target = path;
  }

  #countRange({ shape, range, filter }: SourceRows): number {
    const { from, where, parameters } = rangeSql(shape, range, filter);
    const query = `SELECT count(*) FROM ${from} WHERE ${where}`;
    return this.#connection
      .prepare(query)
      .pluck()
      .get(...parameters) as number;
  }

  #copyInto(
    { table: { staging, shape: target, recomputed }, database, onConflict }: CopyTarget,
    { shape, range, filter, replacements }: SourceRows,
  ): number {
    const { from, where, orderBy, offset, parameters, rowid: numbers } = rangeSql(shape, range, filter);
    const into = `${database}.${quoteIdentifier(staging)}`;
    const key = target.rowid === null ? [] : [target.rowid];
    const room = MAX_COLUMNS - key.length;
    const columns = shape.columns.slice(0, room).map(quoteIdentifier);
    const valueOf = replacedSql(numbers === undefined ? shape : { ...shape, rowid: null }, replacements, recomputed);
    const values = [
      ...(target.rowid === null ? [] : [numbers ?? replacements.rowidSql(shape, shape.rowid ?? "rowid")]),
      ...shape.columns.slice(0, room).map((column) => valueOf(column, "")),
    ];
    const { changes } = this.#connection
      .prepare(
        `INSERT${onConflict} INTO ${into} (${[...key, ...columns].join(", ")})
         SELECT ${values.join(", ")} FROM ${from} WHERE ${where}${orderBy} LIMIT -1 OFFSET ?`,
      )
      .run(...parameters, offset);
    for (const column of shape.columns.slice(room)) {
      const last = `(SELECT ${valueOf(column, "s.")} FROM main.${quoteIdentifier(shape.name)} s WHERE s.${shape.rowid ?? "rowid"} = ${quoteIdentifier(staging)}.${key[0] ?? ""})`;
      const which = range.kind === "rowid" ? ` WHERE ${key[0] ?? ""} BETWEEN ? AND ?` : "";
      this.#connection
        .prepare(`UPDATE ${into} SET ${quoteIdentifier(column)} = ${last}${which}`)
        .run(...(which === "" ? [] : parameters));
    }
    return changes;
  }
}

/** Values as a statement selects them; `prefix`: the table and a dot, or nothing. */
function replacedSql(
  { rowid }: TableShape,
  replacements: Replacements,
  recomputed: readonly string[] = [],
): (column: string, prefix: string) => string {
  return (column, prefix) => {
    if (recomputed.includes(column)) return "NULL";
    return replacements.valueSql(column, `${prefix}${quoteIdentifier(column)}`, rowid === null ? null : `${prefix}${rowid}`);
  };
}

import { foldName, quoteIdentifier, quoteLiteral } from "../base/identifiers.ts";
import { causeLines, pumpError } from "../base/errors.ts";
import { failpoint } from "../base/failpoint.ts";
import { buildIndex } from "./build-index.ts";
import { computedByBoth, computedInDumpOnly } from "./computed-columns.ts";
import type { Connection } from "./database.ts";
import { editSchema } from "./edit-schema.ts";
import { IGNORED, insertAccepted, isRefusal, type Passage, type Rejection } from "./rejected-rows.ts";
import type { PublishEvent, PublishPlan, PublishTable } from "./publish-plan.ts";
import { isMachineFault } from "./machine-fault.ts";
import { assertShapes, isRawCreate } from "./raw-tables.ts";
import { renameRows } from "./rename-rows.ts";
import { assertColumns, plainRowid } from "./rowid-names.ts";
import { Savepoint } from "./savepoint.ts";
import { statisticsCondition, type SchemaObject } from "./schema.ts";
import { decodeSql } from "./scratch.ts";
import { ensureSequenceTable, forgetSequences, isAutoincrement, withoutTraces } from "./sequences.ts";
import { dropProgressTable, markPublished } from "./staging.ts";
import { renameStaging, storeSql } from "./stored-definitions.ts";
import { strictTypesCheck } from "./strict-types.ts";
import { makeRoom } from "./taken-names.ts";
import { NotTruncated, truncate } from "./truncate.ts";
import { invalidValues } from "./validate-rows.ts";

/**
 * Makes the staged tables of one schema file visible under their names, with their indexes, views and triggers, in one
 * transaction: another program sees all of the import or nothing. The connection must have no other open work.
 * A failing object is reported and left out, everything else stays.
 */
export function publish(
  connection: Connection,
  durable: boolean,
  plan: PublishPlan,
  report: (event: PublishEvent) => void,
): void {
  preparePublication(connection, durable, plan, report, dropProgressTable);
  commitPublication(connection);
}

/**
 * The same up to the commit: all is reported, and nothing to be seen. After an error nothing of it is left.
 * @param endProgress what becomes of the table of the loaded pieces in the transaction
 */
export function preparePublication(
  connection: Connection,
  durable: boolean,
  plan: PublishPlan,
  report: (event: PublishEvent) => void,
  endProgress = markPublished,
): void {
  // EXTRA also makes the end of the journal durable, so that a power cut can't undo what was reported as done.
  connection.pragma(`synchronous = ${durable ? "extra" : "off"}`);
  new Publication(connection, plan, report).run(endProgress);
}

export function commitPublication(connection: Connection): void {
  failpoint("import publish before commit");
  connection.exec("COMMIT");
  failpoint("import published");
}

/** What a table declares that ends the whole transaction when a row is refused. */
const ENDING = "with an ON CONFLICT ROLLBACK or RAISE(ROLLBACK), so no row of the table is taken";

/** A table has undone everything. */
class TransactionEnded extends Error {
  override readonly name = "TransactionEnded";
}

class Publication {
  readonly #connection: Connection;
  readonly #wanted: PublishPlan;
  /** What of it can be carried out. */
  #plan: PublishPlan;
  readonly #report: (event: PublishEvent) => void;
  /** Tables of the job that could not be made: lower case. */
  readonly #rejected = new Set<string>();
  /** Tables whose rows end the transaction, and by what: lower case. */
  readonly #ending = new Map<string, Error>();

  constructor(connection: Connection, plan: PublishPlan, report: (event: PublishEvent) => void) {
    this.#connection = connection;
    this.#wanted = plan;
    this.#plan = plan;
    this.#report = report;
  }

  run(endProgress: typeof markPublished): void {
    const connection = this.#connection;
    connection.unsafeMode(true);
    connection.pragma("trusted_schema = off");
    connection.pragma("foreign_keys = off");
    // Each time without the rows of one more table.
    while (!this.#publishAll(endProgress)) this.#rejected.clear();
  }

  /** @returns whether all is done but the commit; otherwise it is undone, and one more table is known to do that */
  #publishAll(endProgress: typeof markPublished): boolean {
    const connection = this.#connection;
    connection.exec("BEGIN IMMEDIATE");
    try {
      endProgress(connection, this.#plan.progress);
      this.#makeRoom();
      renameRows(connection, this.#plan.tables, this.#plan.renames);
      editSchema(connection, () => {
        renameStaging(connection, this.#plan.tables.filter(isRawCreate));
      });
      for (const table of this.#plan.validates ? this.#plan.tables : []) this.#validate(table);
      if (this.#plan.tables.some((table) => this.#countsUp(table))) ensureSequenceTable(connection);
      forgetSequences(connection, this.#maskedKeys);
      for (const object of this.#plan.creations)
        this.#guarded(object, "failed", () => {
          this.#connection.prepare(this.#text(object)).run();
          return [];
        });
      for (const table of this.#plan.tables) if (!isRawCreate(table)) this.#insertTyped(table);
      storeSql(
        connection,
        this.#plan.indexes.filter((index) => this.#createIndex(index)),
      );
      // Before the views are there: to list tables, SQLite works out the columns of every view, which may be made to take forever.
      assertShapes(connection, this.#plan.tables.filter(isRawCreate));
      // Last, so that no trigger of the job fires on its own rows.
      this.#storeDefinitions();
      return true;
    } catch (error) {
      if (connection.inTransaction) connection.exec("ROLLBACK");
      if (error instanceof TransactionEnded) return false;
      throw error;
    }
  }

  #makeRoom(): void {
    const { plan, taken } = makeRoom(this.#connection, this.#wanted);
    this.#plan = plan;
    for (const { object, existing, base } of taken) {
      const reason = `${existing} ${(base ?? object).name} has come to be meanwhile`;
      if (object.type === "table") this.#assertNotReplaced(object, new Error(reason));
      this.#report({ kind: "taken", object, existing, base });
    }
  }

  /** The rows of the dump only: those that were in the table before are not the job's. */
  #validate(table: PublishTable): void {
    const { definition, shape } = table;
    if (table.action === "merge") return;
    const isRaw = isRawCreate(table);
    const strict = this.#connection.prepare("SELECT strict FROM pragma_table_list(?) WHERE schema = 'main'").pluck();
    const rows = {
      table: isRaw ? definition.name : table.staging,
      shape,
      isStrict: isRaw && strict.get(definition.name) === 1,
    };
    const values = invalidValues(this.#connection, rows, this.#plan.encoding);
    if (values.length > 0) this.#report({ kind: "invalid", object: definition, values });
  }

  /** Names of the new tables whose last key in the source is not to be known, since their keys are replaced. */
  get #maskedKeys(): readonly string[] {
    const tables = this.#plan.tables.filter((table) => table.plainKey === true && this.#countsUp(table));
    return tables.map(({ definition }) => definition.name);
  }

  #countsUp(table: PublishTable): boolean {
    return table.action === "create" && isAutoincrement(this.#text(table.definition));
  }

  /** Stores the definitions that have no rows of their own; a trigger whose table could not be made goes with it. */
  #storeDefinitions(): void {
    const stored = this.#plan.definitions.filter(
      ({ type, tableName }) => type !== "trigger" || !this.#rejected.has(foldName(tableName)),
    );
    editSchema(this.#connection, () => {
      const insert = this.#connection.prepare("INSERT INTO sqlite_schema VALUES (?, ?, ?, 0, CAST(? AS TEXT))");
      for (const { type, name, tableName, sql } of stored) insert.run(type, name, tableName, sql);
    });
    for (const object of stored) this.#report({ kind: "object", object, rejections: [] });
  }

  #insertTyped(table: PublishTable): void {
    const { definition } = table;
    const isFilled = this.#guarded(definition, "rejected", () => {
      const ending = this.#ending.get(foldName(definition.name));
      if (ending !== undefined) throw ending;
      const name = quoteIdentifier(definition.name);
      if (table.action === "create") this.#connection.prepare(this.#text(definition)).run();
      if (table.action === "merge") this.#prepareMerge(definition.name);
      if (table.truncate) truncate(this.#connection, definition.name);
      const given = this.#givenColumns(table);
      if (table.action === "append") assertColumns(this.#connection, definition.name, given);
      const stored = given.map(quoteIdentifier);
      const rowid = this.#keptRowid(table);
      const columns = [...(rowid === null ? [] : [rowid.into]), ...stored].join(", ");
      const values = [...(rowid === null ? [] : [rowid.from]), ...stored].join(", ");
      // What a new table declares for conflicts must not lose, replace or change rows that come as they were.
      const onConflict = table.action === "create" ? " OR ABORT" : "";
      const from = `main.${quoteIdentifier(table.staging)}`;
      const types = (table.strictTypes ?? []).filter(([column]) => given.includes(column));
      return this.#insertStaged(table, {
        from,
        insertSql: (condition) => `INSERT${onConflict} INTO ${name} (${columns}) SELECT ${values} FROM ${from} ${condition}`,
        check: (condition) => strictTypesCheck(this.#connection, from, definition.name, types, condition),
      });
    });
    if (!isFilled && table.action === "create") this.#createEmpty(definition);
    const drop = () => this.#connection.exec(`DROP TABLE ${quoteIdentifier(table.staging)}`);
    if (definition.name === "sqlite_sequence") withoutTraces(this.#connection, drop);
    else drop();
  }

  /** By which names rows keep their rowids: appended rows take new ones, and so do those of a truncated table that has none to give. */
  #keptRowid({ action, truncate, losesRowid, shape, definition }: PublishTable): { from: string; into: string } | null {
    if (losesRowid === true || shape.rowid === null || shape.integerPrimaryKey !== null) return null;
    const into = action === "create" ? shape.rowid : truncate ? plainRowid(this.#connection, definition.name) : null;
    return into === null ? null : { from: shape.rowid, into };
  }

  /**
   * The columns that an INSERT gives: all that are stored, but for those that the dump and the table compute both. One that only one of them computes
   * is an error.
   */
  #givenColumns(table: PublishTable): readonly string[] {
    const computed = computedByBoth(this.#connection, table.definition, this.#plan.encoding);
    const given = table.shape.storedColumns.filter((column) => !computed.has(foldName(column)));
    const behind = table.recomputed?.find((column) => given.includes(column));
    if (behind !== undefined) throw new Error(`its column ${behind} is computed in the dump, from values that are replaced`);
    const { definition, action, shape } = table;
    const unstored =
      action === "append"
        ? computedInDumpOnly(this.#connection, definition, shape.storedColumns, this.#plan.encoding)
        : undefined;
    if (unstored !== undefined)
      throw new Error(`its column ${unstored} is computed in the dump, which has no values for the one of the table`);
    return given;
  }

  /** @returns what the table has refused or ignored, where that does not refuse all */
  #insertStaged(
    table: PublishTable,
    { from, insertSql, check }: Required<Pick<Passage, "from" | "insertSql" | "check">>,
  ): readonly Rejection[] {
    const { staging, shape } = table;
    const { rejected: reasons } = this.#plan;
    if (table.action === "merge") {
      this.#connection.exec(insertSql(`WHERE ${this.#mergeCondition(table)}`));
      return [];
    }
    const insert = this.#connection.prepare(insertSql(""));
    // SQLite would note a last key of 0 for a table with AUTOINCREMENT.
    if (this.#connection.prepare(`SELECT 1 FROM ${from} LIMIT 1`).get() === undefined) return [];
    if (reasons !== null) {
      // The rowid of a staging table whose key is a column like others is none of the rows.
      const passage = { shape: table.plainKey === true ? { ...shape, rowid: null } : shape, from, insertSql, check };
      return insertAccepted(this.#connection, passage, { database: "main", staging, reasons });
    }
    check("")([]);
    const rows = this.#connection.prepare(`SELECT count(*) FROM ${from}`).pluck().get() as number;
    const ignored = rows - insert.run().changes;
    return ignored === 0 ? [] : [{ reason: IGNORED, rows: ignored }];
  }

  /** A table that refuses its rows is there without them, so that what belongs to it can be made. */
  #createEmpty(definition: SchemaObject): void {
    const savepoint = new Savepoint(this.#connection);
    try {
      this.#connection.prepare(this.#text(definition)).run();
    } catch (error) {
      if (isMachineFault(error)) throw error;
      savepoint.rollback(); // it was this that has been reported
      return;
    }
    savepoint.release();
    this.#rejected.delete(foldName(definition.name));
  }

  /** @throws the error of a table that would be lost: its old rows are to go only when the new ones are there */
  #assertNotReplaced({ name }: SchemaObject, error: unknown): void {
    if (!this.#plan.drops.some((dropped) => foldName(dropped) === foldName(name))) return;
    const reason = `table ${name} can't be replaced, since its new rows can't be loaded`;
    throw pumpError(
      [["ORA-02354"], ["TSDP-00010", reason], ...causeLines(error)],
      "The schema is as it was. Import without this table, or into another schema.",
      error,
    );
  }

  /** sqlite_sequence and sqlite_stat tables of a schema that exists: rows of the tables that this job creates replace what is there. */
  #prepareMerge(name: string): void {
    if (name === "sqlite_sequence") ensureSequenceTable(this.#connection);
    else if (this.#connection.prepare("SELECT 1 FROM sqlite_schema WHERE name = ?").get(name) === undefined)
      this.#connection.exec("ANALYZE sqlite_schema");
    const key = name === "sqlite_sequence" ? "name" : "tbl";
    this.#connection.exec(`DELETE FROM ${quoteIdentifier(name)} WHERE ${key} IN (${this.#createdNames()})`);
  }

  /** Rows about tables of this job, and about indexes that it brings. */
  #mergeCondition({ shape }: PublishTable): string {
    const tables = `${quoteIdentifier(shape.storedColumns[0] ?? "")} IN (${this.#createdNames()})`;
    if (!shape.storedColumns.includes("idx"))
      return `${tables} AND name NOT IN (${this.#maskedKeys.map(quoteLiteral).join(", ")})`;
    return `${tables} AND ${statisticsCondition(this.#plan.indexes)}`;
  }

  #createdNames(): string {
    const names = this.#plan.tables.filter((table) => table.action === "create").map((table) => table.definition.name);
    return names.map(quoteLiteral).join(", ") || "NULL";
  }

  #createIndex(index: SchemaObject): boolean {
    return this.#guarded(index, "failed", () => {
      if (this.#rejected.has(foldName(index.tableName))) throw new Error(`its table ${index.tableName} could not be made`);
      buildIndex(this.#connection, index, this.#text(index));
      return [];
    });
  }

  /** Undoes what a failing step did, reports it, and goes on; an error of the machine, or one that ended the transaction, ends the job. */
  #guarded(object: SchemaObject, kind: "failed" | "rejected", step: () => readonly Rejection[]): boolean {
    const savepoint = new Savepoint(this.#connection);
    this.#report({ kind: "begun", object });
    let rejections: readonly Rejection[];
    try {
      rejections = step();
    } catch (error) {
      if (!this.#connection.inTransaction) throw this.#afterEnd(object, kind, error);
      if (isMachineFault(error)) throw error;
      if (kind === "rejected") this.#assertNotReplaced(object, error);
      savepoint.rollback();
      if (kind === "rejected") this.#rejected.add(foldName(object.name));
      const sql = kind === "failed" ? [{ code: "Failing sql is", text: `\n${shortened(this.#text(object))}` }] : [];
      if (error instanceof NotTruncated) this.#report({ kind: "not truncated", object, lines: causeLines(error.cause) });
      else this.#report({ kind, object, lines: [...causeLines(error), ...sql] });
      return false;
    }
    savepoint.release();
    this.#report({ kind: "object", object, rejections });
    return true;
  }

  /** ON CONFLICT ROLLBACK and RAISE(ROLLBACK) of a table end the transaction for all others, which are to be there all the same. */
  #afterEnd(object: SchemaObject, kind: "failed" | "rejected", error: unknown): unknown {
    if (kind !== "rejected" || !isRefusal(error)) return error;
    const ending = Object.assign(new Error(`${error.message} (${ENDING})`), { code: error.code });
    this.#ending.set(foldName(object.name), error instanceof NotTruncated ? new NotTruncated(ending) : ending);
    this.#report({ kind: "undone", object });
    return new TransactionEnded();
  }

  #text(object: SchemaObject): string {
    return object.sql === null ? "" : decodeSql(object.sql, this.#plan.encoding);
  }
}

/** As much of a definition as is shown with the error that it gave. */
function shortened(sql: string, most = 4000): string {
  return sql.length <= most ? sql : `${sql.slice(0, most)} ...`;
}

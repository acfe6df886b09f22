import { foldName, quoteIdentifier, quoteLiteral } from "../base/identifiers.ts";
import type { Connection } from "./database.ts";

export type TextEncoding = "UTF-8" | "UTF-16le" | "UTF-16be";

/** Properties of a database file that are not rows. */
export interface SchemaSettings {
  readonly encoding: TextEncoding;
  readonly pageSize: number;
  /** 0 none, 1 full, 2 incremental. */
  readonly autoVacuum: number;
  readonly userVersion: number;
  readonly applicationId: number;
  readonly journalMode: string;
}

/** One row of sqlite_schema. */
export interface SchemaObject {
  readonly type: "table" | "index" | "view" | "trigger";
  readonly name: string;
  readonly tableName: string;
  /** The stored text as bytes in the file's encoding: no JavaScript string could hold all of them. Null for automatic indexes. */
  readonly sql: Uint8Array | null;
}

export interface KeyColumn {
  readonly name: string | null;
  readonly collation: string;
  readonly descending: boolean;
}

/** A PRIMARY KEY or UNIQUE constraint that SQLite keeps as an automatic index. */
export interface KeyConstraint {
  readonly kind: "PRIMARY KEY" | "UNIQUE";
  readonly index: string;
  readonly columns: readonly KeyColumn[];
}

/** What has to be known of a table to move its rows. */
export interface TableShape {
  readonly name: string;
  /** Under which name its database is attached, when it is not the main one. */
  readonly database?: string;
  readonly withoutRowid: boolean;
  /** SQL that addresses the rowid; null where there is none, or where columns take all three of its names. */
  readonly rowid: string | null;
  /** The column that is the rowid, if one is. */
  readonly integerPrimaryKey: string | null;
  /** Stored columns in order, without the INTEGER PRIMARY KEY: what a piece carries. */
  readonly columns: readonly string[];
  /** All stored columns in order. */
  readonly storedColumns: readonly string[];
  readonly constraints: readonly KeyConstraint[];
  /** Those of `columns` whose values a dump keeps apart, in a second image of the same rows; undefined when there are none. */
  readonly secretColumns?: readonly string[];
}

/** How SQLite classes a table. */
export type TableKind = "table" | "virtual" | "shadow" | "view";

/** A table as SQLite lists it. */
export interface ListedTable {
  readonly kind: TableKind;
  readonly withoutRowid: boolean;
  readonly strict: boolean;
}

/** A column as SQLite understands its definition. */
export interface ColumnDefinition {
  readonly name: string;
  readonly type: string;
  readonly isNotNull: boolean;
  readonly defaultValue: string | null;
  /** Place in the PRIMARY KEY from 1; 0: it is not of it. */
  readonly key: number;
  /** 0 ordinary, 1 hidden column of a virtual table, 2 VIRTUAL and 3 STORED generated. */
  readonly hidden: number;
}

/** What a definition says of its columns and foreign keys. */
export interface TableDefinition {
  readonly columns: readonly ColumnDefinition[];
  readonly foreignKeys: readonly unknown[];
}

export function readSettings(connection: Connection): SchemaSettings {
  const pragma = (name: string) => connection.pragma(`main.${name}`, { simple: true });
  return {
    encoding: pragma("encoding") as TextEncoding,
    pageSize: Number(pragma("page_size")),
    autoVacuum: Number(pragma("auto_vacuum")),
    userVersion: Number(pragma("user_version")),
    applicationId: Number(pragma("application_id")),
    journalMode: String(pragma("journal_mode")),
  };
}

/** Whether there is a table of a name, compared as SQLite does. */
export function hasTable(connection: Connection, name: string): boolean {
  const table = "SELECT 1 FROM main.sqlite_schema WHERE type = 'table' AND name = ? COLLATE NOCASE";
  return connection.prepare(table).get(name) !== undefined;
}

/** The rows of sqlite_schema in the order of their making, and the names that are no valid text and so can't be addressed. */
export function readObjects(connection: Connection): { objects: SchemaObject[]; unreadable: string[] } {
  const rows = connection
    .prepare(
      `SELECT type, name, tbl_name AS tableName, CAST(sql AS BLOB) AS sql, CAST(name AS BLOB) AS bytes
         FROM main.sqlite_schema ORDER BY rowid`,
    )
    .all() as (SchemaObject & { bytes: Buffer })[];
  const same = connection.prepare("SELECT CAST(? AS BLOB) = ?").pluck();
  const isReadable = (row: { name: string; bytes: Buffer }) => same.get(row.name, row.bytes) === 1 && !row.name.includes("\0");
  return {
    objects: rows.filter(isReadable).map(({ type, name, tableName, sql }) => ({ type, name, tableName, sql })),
    unreadable: rows.filter((row) => !isReadable(row)).map((row) => row.name),
  };
}

/** The tables by name, as SQLite tells their kinds apart in this build. Read once for all: each reading lists every table. */
export function listTables(connection: Connection): Map<string, ListedTable> {
  const rows = connection.prepare("SELECT name, type, wr, strict FROM pragma_table_list WHERE schema = 'main'").all() as {
    name: string;
    type: TableKind;
    wr: number;
    strict: number;
  }[];
  return new Map(rows.map(({ name, type, wr, strict }) => [name, { kind: type, withoutRowid: wr === 1, strict: strict === 1 }]));
}

export function readTableDefinition(connection: Connection, table: string): TableDefinition {
  const columns = connection
    .prepare(
      `SELECT name, type, "notnull" AS isNotNull, dflt_value AS defaultValue, pk AS key, hidden FROM pragma_table_xinfo(?, 'main')`,
    )
    .all(table) as (Omit<ColumnDefinition, "isNotNull"> & { isNotNull: number })[];
  return {
    columns: columns.map((column) => ({ ...column, isNotNull: column.isNotNull === 1 })),
    foreignKeys: connection.prepare("SELECT * FROM pragma_foreign_key_list(?, 'main')").all(table),
  };
}

/** The table that a shadow table belongs to: the virtual table with the longest name that is its prefix. */
export function shadowOwner(name: string, tables: ReadonlyMap<string, ListedTable>): string | undefined {
  for (let end = name.lastIndexOf("_"); end > 0; end = name.lastIndexOf("_", end - 1)) {
    const owner = name.slice(0, end);
    if (tables.get(owner)?.kind === "virtual") return owner;
  }
  return undefined;
}

interface TableInfoRow {
  readonly name: string;
  readonly type: string;
  readonly pk: number;
  /** 0 ordinary, 1 hidden column of a virtual table, 2 VIRTUAL and 3 STORED generated. */
  readonly hidden: number;
}

export function readTableShape(connection: Connection, name: string, tables: ReadonlyMap<string, ListedTable>): TableShape {
  const info = connection.prepare("SELECT name, type, pk, hidden FROM pragma_table_xinfo(?, 'main')").all(name) as TableInfoRow[];
  const withoutRowid = tables.get(name)?.withoutRowid === true;
  const constraints = readConstraints(connection, name);
  const stored = info.filter((column) => column.hidden === 0 || column.hidden === 3).map((column) => column.name);
  const integerPrimaryKey = withoutRowid ? null : findIntegerPrimaryKey(info, constraints);
  return {
    name,
    withoutRowid,
    rowid: withoutRowid ? null : addressRowid(info, integerPrimaryKey),
    integerPrimaryKey,
    columns: stored.filter((column) => column !== integerPrimaryKey),
    storedColumns: stored,
    constraints,
  };
}

/** Which rows of a statistics table are about a table itself, about a key that comes with it, or about one of some indexes. */
export function statisticsCondition(indexes: readonly { readonly name: string }[]): string {
  const names = indexes.map(({ name }) => quoteLiteral(name)).join(", ");
  const ofKey = "idx LIKE 'sqlite!_autoindex!_%' ESCAPE '!'";
  return `(idx IS NULL OR idx = tbl COLLATE NOCASE OR ${ofKey} OR idx COLLATE NOCASE IN (${names}))`;
}

/** Those that are tables and views of some (folded) names. */
export function definitionsNamed(objects: readonly SchemaObject[], names: readonly string[]): readonly SchemaObject[] {
  const wanted = new Set(names);
  return objects.filter(({ type, name }) => (type === "table" || type === "view") && wanted.has(foldName(name)));
}

/** STORED generated columns: their values are in the file, but no INSERT may give them. */
export function generatedColumns(connection: Connection, table: string): readonly string[] {
  return connection.prepare("SELECT name FROM pragma_table_xinfo(?, 'main') WHERE hidden = 3").pluck().all(table) as string[];
}

/** Whether two shapes store the same columns under the same keys, so that a raw load of the one fits the other. */
export function sameShape(a: TableShape, b: TableShape): boolean {
  const essence = (shape: TableShape) =>
    JSON.stringify([
      shape.withoutRowid,
      shape.rowid === null,
      shape.integerPrimaryKey,
      shape.storedColumns,
      shape.constraints.map(({ kind, columns }) => [kind, columns.map((key) => [key.name, key.collation, key.descending])]),
    ]);
  return essence(a) === essence(b);
}

/** Whether pieces made for the one shape hold the columns of the other; their keys may differ. */
export function sameColumns(a: TableShape, b: TableShape): boolean {
  return sameShape({ ...a, constraints: [] }, { ...b, constraints: [] });
}

function readConstraints(connection: Connection, table: string): KeyConstraint[] {
  const indexes = connection
    .prepare("SELECT name, origin FROM pragma_index_list(?, 'main') WHERE origin IN ('u', 'pk')")
    .all(table) as { name: string; origin: "u" | "pk" }[];
  const keyColumns = connection.prepare(
    "SELECT name, coll AS collation, [desc] AS descending FROM pragma_index_xinfo(?, 'main') WHERE key = 1 ORDER BY seqno",
  );
  return indexes
    .sort((a, b) => autoIndexNumber(a.name) - autoIndexNumber(b.name))
    .map(({ name, origin }) => ({
      kind: origin === "pk" ? "PRIMARY KEY" : "UNIQUE",
      index: name,
      columns: (keyColumns.all(name) as { name: string | null; collation: string; descending: number }[]).map((column) => ({
        ...column,
        descending: column.descending === 1,
      })),
    }));
}

/** 2 of `sqlite_autoindex_T_2`: the place of the constraint in the table's definition. */
function autoIndexNumber(index: string): number {
  return Number(/_(\d+)$/.exec(index)?.[1] ?? 0);
}

/** A rowid table's only key column of exact type INTEGER is the rowid, unless it has an index (`INTEGER PRIMARY KEY DESC`). */
function findIntegerPrimaryKey(info: readonly TableInfoRow[], constraints: readonly KeyConstraint[]): string | null {
  const [key, ...others] = info.filter((column) => column.pk > 0);
  if (key === undefined || others.length > 0 || key.type.toUpperCase() !== "INTEGER") return null;
  return constraints.some((constraint) => constraint.kind === "PRIMARY KEY") ? null : key.name;
}

/** What SQLite calls the rowid where no column has the name. */
export const ROWID_NAMES: readonly string[] = ["rowid", "_rowid_", "oid"];

function addressRowid(info: readonly TableInfoRow[], integerPrimaryKey: string | null): string | null {
  if (integerPrimaryKey !== null) return quoteIdentifier(integerPrimaryKey);
  return freeRowidName(info.map(({ name }) => name));
}

/** A name of the rowid that no column has; null when they have all. */
export function freeRowidName(columns: readonly string[]): string | null {
  const taken = new Set(columns.map(foldName));
  return ROWID_NAMES.find((name) => !taken.has(name)) ?? null;
}

import { statSync } from "node:fs";
import { foldName, quoteIdentifier, quoteLiteral } from "../base/identifiers.ts";
import { brokenTriggers } from "./broken-triggers.ts";
import { brokenViews, failureOf, type BrokenObject } from "./broken-views.ts";
import { openDatabase, type Connection } from "./database.ts";
import { hasTable, listTables, shadowOwner, type ListedTable, type SchemaSettings } from "./schema.ts";
import { textIndexesOf, type TextIndex } from "./text-indexes.ts";

/** Makes an empty schema file with the settings that must be there before the first page. */
export function createTarget(path: string, settings: SchemaSettings): void {
  const connection = openDatabase(path);
  try {
    applySettings(connection, settings);
  } finally {
    connection.close();
  }
}

/** Makes an empty file a schema file. */
export function applySettings(connection: Connection, settings: SchemaSettings): void {
  connection.pragma(`encoding = '${settings.encoding}'`);
  connection.pragma(`page_size = ${settings.pageSize}`);
  connection.pragma(`auto_vacuum = ${settings.autoVacuum}`);
  // The encoding is stored with the first table.
  connection.exec('CREATE TABLE "tsdp:0"(a); DROP TABLE "tsdp:0"');
  connection.pragma(`user_version = ${settings.userVersion}`);
  connection.pragma(`application_id = ${settings.applicationId}`);
}

/**
 * Opens a schema file that exists for loading into it. An empty file has no settings yet, and takes those that are given.
 * @throws SQLite's error when it is locked by a writer, can't be written or is no database
 */
export function openTarget(path: string, settings: SchemaSettings): Connection {
  if (statSync(path).size === 0) createTarget(path, settings);
  const connection = openDatabase(path, { mustExist: true });
  try {
    connection.pragma("foreign_keys = off");
    // On a file that can't be written BEGIN IMMEDIATE succeeds and locks nothing; only a write proves the lock.
    const version = Number(connection.pragma("user_version", { simple: true }));
    connection.exec(`BEGIN IMMEDIATE; PRAGMA user_version = ${version}; ROLLBACK`);
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** What SQLite's own checks say of a loaded schema file. */
export interface TargetProblems {
  /** Lines of quick_check; none when the file is sound. */
  readonly structure: readonly string[];
  /** Rows whose parent is missing, by table and parent. */
  readonly foreignKeys: readonly { readonly table: string; readonly reason: string }[];
  /** Full-text indexes that have the words of rows which are gone. */
  readonly textIndexes: readonly TextIndex[];
  /** Views and triggers that name what is not there. */
  readonly views: readonly BrokenObject[];
  readonly triggers: readonly BrokenObject[];
}

/** Some tables of a file that was there before, which may be far larger than the import. */
export interface CheckedTables {
  readonly loaded: readonly string[];
  /** Those whose rows have been taken away: what refers to them may refer to nothing now. */
  readonly emptied: readonly string[];
  /** Of them, those that were replaced: their triggers have seen nothing of it. */
  readonly replaced: readonly string[];
}

/** Most lines of one quick_check. */
const MOST_LINES = "100";

/** Checks the whole file (null), or only some tables of it, as far as they are there. Of views and triggers only those that are named. */
export function checkTarget(
  connection: Connection,
  tables: CheckedTables | null,
  named: { readonly views: readonly string[]; readonly triggers: readonly string[] } = { views: [], triggers: [] },
): TargetProblems {
  const views = brokenViews(connection, named.views);
  const triggers = brokenTriggers(connection, named.triggers);
  if (tables !== null) {
    const loaded = tables.loaded.filter((name) => hasTable(connection, name));
    const referrers = referrersByParent(connection);
    const children = tables.emptied.flatMap((table) => referrers.get(foldName(table)) ?? []);
    const byName = new Map([...children, ...loaded].map((table) => [foldName(table), table]));
    const foreignKeys = brokenForeignKeys(connection, [...byName.values()]);
    const textIndexes = textIndexesOf(connection, tables.replaced, loaded);
    return { structure: brokenTables(connection, loaded), foreignKeys, textIndexes, views, triggers };
  }
  const foreignKeys = brokenForeignKeys(connection, referencingTables(connection));
  return { structure: brokenStructure(connection), foreignKeys, textIndexes: [], views, triggers };
}

/** The check ends at a CHECK or generated column that calls a function this build lacks: then each table is checked by itself. */
function brokenStructure(connection: Connection): string[] {
  try {
    return quickCheck(connection, MOST_LINES);
  } catch {
    const tables = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0").pluck().all();
    return brokenTables(connection, tables as string[]);
  }
}

function brokenTables(connection: Connection, tables: readonly string[]): string[] {
  const [numbered, named] = [tables.filter(isTakenForNumber), tables.filter((table) => !isTakenForNumber(table))];
  const [first] = numbered;
  return [
    ...named.flatMap((table) => checkedTable(connection, table, quoteLiteral(table))),
    // These can't be checked by themselves.
    ...(first === undefined ? [] : checkedTable(connection, first, MOST_LINES)),
  ];
}

/** Whether the pragma takes the name of a table for the number of lines that it may give. */
function isTakenForNumber(table: string): boolean {
  const number = /^[+-]?\d+/.exec(table);
  return number !== null && Math.abs(Number(number[0])) <= 2 ** 31;
}

function checkedTable(connection: Connection, table: string, argument: string): string[] {
  try {
    return quickCheck(connection, argument);
  } catch (error) {
    return [`table ${table} can't be checked: ${error instanceof Error ? error.message : String(error)}`];
  }
}

function quickCheck(connection: Connection, argument: string): string[] {
  const lines = connection.pragma(`quick_check(${argument})`) as { quick_check: string }[];
  return lines.map((line) => line.quick_check).filter((line) => line !== "ok");
}

function referencingTables(connection: Connection): string[] {
  const tables = connection
    .prepare("SELECT DISTINCT name FROM sqlite_schema, pragma_foreign_key_list(name) WHERE type = 'table'")
    .pluck();
  return tables.all() as string[];
}

function brokenForeignKeys(connection: Connection, tables: readonly string[]): TargetProblems["foreignKeys"] {
  return tables.flatMap((table) => {
    try {
      const rows = connection
        .prepare('SELECT "table", parent, count(*) AS rows FROM pragma_foreign_key_check(?) GROUP BY 1, 2')
        .all(table) as { table: string; parent: string; rows: number }[];
      return rows.map(({ table, parent, rows }) => ({
        table,
        reason: `${rows} row(s) refer to rows of ${parent} that do not exist`,
      }));
    } catch (error) {
      return [{ table, reason: `its foreign keys can't be checked: ${error instanceof Error ? error.message : String(error)}` }];
    }
  });
}

/** Removes the staging tables of a job that did not finish, all or none: rows without the table that names their pieces would be taken twice. */
export function dropStaging(connection: Connection, names: readonly string[]): void {
  connection.transaction(() => {
    for (const name of names) connection.exec(`DROP TABLE IF EXISTS ${quoteIdentifier(name)}`);
  })();
}

/** Sets the journal mode that the schema had where it came from: the last thing before a new file gets its name. */
export function setJournalMode(path: string, mode: string): void {
  const connection = openDatabase(path, { mustExist: true });
  try {
    if (mode === "wal") connection.pragma("journal_mode = wal");
  } finally {
    connection.close();
  }
}

/** An object of a schema file that is there before an import. */
export interface ExistingObject {
  readonly type: string;
  readonly name: string;
  readonly tableName: string;
  /** Of a virtual table that can't be opened, and so not dropped either: what SQLite or its module says. */
  readonly failure?: string;
  /** Of a shadow table: the virtual table that it belongs to. */
  readonly owner?: string;
  /** Of a table: other tables whose foreign keys refer to it. */
  readonly referredBy?: readonly string[];
}

/** Triggers have names of their own: one may be called as a table, a view or an index is. */
export function nameKey({ type, name }: Pick<ExistingObject, "type" | "name">): string {
  return `${type === "trigger" ? "trigger" : "other"} ${foldName(name)}`;
}

export function listExisting(connection: Connection): readonly ExistingObject[] {
  const rows = connection
    .prepare(
      `SELECT type, name, tbl_name AS tableName, type = 'table' AND rootpage = 0 AS isVirtual
         FROM sqlite_schema WHERE name NOT LIKE 'sqlite!_%' ESCAPE '!'`,
    )
    .all() as (ExistingObject & { isVirtual: number })[];
  const referrers = referrersByParent(connection);
  const listed = rows.some(({ isVirtual }) => isVirtual === 1) ? listTables(connection) : new Map<string, ListedTable>();
  return rows.map(({ isVirtual, ...object }) => {
    const failure = isVirtual === 1 ? failureOf(connection, `SELECT 1 FROM main.${quoteIdentifier(object.name)}`) : null;
    const referredBy = object.type === "table" ? referrers.get(foldName(object.name)) : undefined;
    const owner = listed.get(object.name)?.kind === "shadow" ? shadowOwner(object.name, listed) : undefined;
    return {
      ...object,
      ...(failure === null ? {} : { failure }),
      ...(referredBy === undefined ? {} : { referredBy }),
      ...(owner === undefined ? {} : { owner }),
    };
  });
}

/** Tables with foreign keys to other ones, by the folded names of these. */
function referrersByParent(connection: Connection): ReadonlyMap<string, readonly string[]> {
  const keys = connection
    .prepare(
      `SELECT DISTINCT name, "table" AS parent FROM sqlite_schema, pragma_foreign_key_list(name)
        WHERE type = 'table' AND rootpage > 0 AND "table" <> name COLLATE NOCASE ORDER BY name`,
    )
    .all() as { name: string; parent: string }[];
  const found = new Map<string, string[]>();
  for (const { name, parent } of keys) found.set(foldName(parent), [...(found.get(foldName(parent)) ?? []), name]);
  return found;
}

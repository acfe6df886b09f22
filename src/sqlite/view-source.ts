import { foldName, quoteIdentifier } from "../base/identifiers.ts";
import type { Connection } from "./database.ts";
import { listTables } from "./schema.ts";
import { bareSql, namesOfSql } from "./statement-end.ts";

/** A column of a table. */
export interface ColumnOrigin {
  readonly table: string;
  readonly column: string;
}

/** Where the values of a view come from. */
export interface ViewSource {
  /** Names of the tables of the schema that it reads, by itself or through other views. */
  readonly tables: readonly string[];
  /** What it reads that is no table of rows of its own: a virtual table, a part of one, a table of SQLite's. Null: nothing. */
  readonly reads: string | null;
  /** Whether SQLite names the origin of a column of which other rows have another one: so it does in compound queries. */
  readonly isCompound: boolean;
  /** By the columns of the view; null: what it shows is computed. */
  readonly origins: readonly { readonly column: string; readonly origin: ColumnOrigin | null }[];
}

/** Parts of a query after which a column may have more origins than the one that SQLite names. */
const COMPOUND = /\b(?:UNION|INTERSECT|EXCEPT|VALUES|WITH)\b/i;

/** What SQLite's own program for a view reads. @throws SQLite's error for a view that can't be read */
export function readViewSource(connection: Connection, view: string): ViewSource {
  const query = `SELECT * FROM main.${quoteIdentifier(view)}`;
  const tables = new Set<string>();
  let reads: string | null = null;
  for (const opened of openedBy(connection, query)) {
    if (opened.isPlain) tables.add(opened.name);
    else reads = opened.name;
  }
  const origins = connection
    .prepare(query)
    .columns()
    .map(({ name, database, table, column }) => {
      const isKnown = database === "main" && table !== null && column !== null;
      return { column: name, origin: isKnown ? { table, column } : null };
    });
  return { tables: [...tables], reads, isCompound: isCompound(connection, view), origins };
}

interface Opened {
  readonly name: string;
  readonly isPlain: boolean;
}

interface Step {
  readonly opcode: string;
  readonly p2: number;
  readonly p3: number;
}

function openedBy(connection: Connection, query: string): readonly Opened[] {
  const kinds = listTables(connection);
  const owner = connection.prepare("SELECT tbl_name FROM main.sqlite_schema WHERE rootpage = ?").pluck();
  return (connection.prepare(`EXPLAIN ${query}`).all() as Step[]).flatMap(({ opcode, p2, p3 }): readonly Opened[] => {
    if (opcode === "VOpen") return [{ name: "a virtual table", isPlain: false }];
    if (opcode !== "OpenRead" && opcode !== "ReopenIdx") return [];
    const name = p3 === 0 ? (owner.get(p2) as string | undefined) : undefined;
    if (name === undefined) return [{ name: "sqlite_schema", isPlain: false }];
    return [{ name, isPlain: kinds.get(name)?.kind === "table" && !foldName(name).startsWith("sqlite_") }];
  });
}

/** Of views that it may read, whatever their names mean there, the texts count as well. */
function isCompound(connection: Connection, view: string): boolean {
  const rows = connection.prepare("SELECT name, sql FROM main.sqlite_schema WHERE type = 'view'").raw().all();
  const texts = new Map((rows as [string, string][]).map(([name, sql]) => [foldName(name), sql]));
  const found = new Set([foldName(view)]);
  for (const name of found) {
    const sql = texts.get(name);
    if (sql === undefined) continue;
    if (COMPOUND.test(bareSql(sql))) return true;
    for (const mentioned of namesOfSql(sql)) found.add(foldName(mentioned.name));
  }
  return false;
}

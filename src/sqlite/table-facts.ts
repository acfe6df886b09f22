import { execFile } from "node:child_process";
import { entryPath } from "../base/entries.ts";
import { promisify } from "node:util";
import { codeOf } from "../base/errors.ts";
import { foldName } from "../base/identifiers.ts";
import { openDatabase, type Connection } from "./database.ts";
import { listTables, readTableShape, type ListedTable, type TableKind } from "./schema.ts";

/** What a column is to the rows of its table. */
export type ColumnPlace =
  | "stored"
  /** The INTEGER PRIMARY KEY. */
  | "rowid"
  /** Of the primary key of a WITHOUT ROWID table. */
  | "key"
  /** Generated, and stored. */
  | "computed"
  /** Generated whenever it is read, or a column of a virtual table or a view. */
  | "unstored";

export interface TableFacts {
  readonly name: string;
  readonly kind: TableKind;
  readonly columns: ReadonlyMap<string, ColumnPlace>;
  /** Columns that take no NULL. */
  readonly notNull: readonly string[];
}

/** @returns undefined when there is no such table or view */
export function readTableFacts(
  connection: Connection,
  table: string,
  tables: ReadonlyMap<string, ListedTable>,
): TableFacts | undefined {
  const [name, listed] = [...tables].find(([other]) => foldName(other) === foldName(table)) ?? [];
  if (name === undefined || listed === undefined) return undefined;
  const info = connection
    .prepare("SELECT name, pk, hidden, \"notnull\" AS isNotNull FROM pragma_table_xinfo(?, 'main')")
    .all(name) as ColumnRow[];
  const hasRows = listed.kind === "table" || listed.kind === "shadow";
  const rowid = hasRows ? readTableShape(connection, name, tables).integerPrimaryKey : null;
  const place = ({ name: column, pk, hidden }: ColumnRow): ColumnPlace => {
    if (!hasRows || hidden === 1 || hidden === 2) return "unstored";
    if (hidden === 3) return "computed";
    if (column === rowid) return "rowid";
    return listed.withoutRowid && pk > 0 ? "key" : "stored";
  };
  const isNotNull = ({ isNotNull: declared, pk }: ColumnRow) => declared === 1 || (listed.withoutRowid && pk > 0);
  return {
    name,
    kind: listed.kind,
    columns: new Map(info.map((column) => [column.name, place(column)])),
    notNull: info.filter(isNotNull).map((column) => column.name),
  };
}

interface ColumnRow {
  readonly name: string;
  readonly pk: number;
  readonly isNotNull: number;
  /** 0 ordinary, 1 hidden column of a virtual table, 2 VIRTUAL and 3 STORED generated. */
  readonly hidden: number;
}

/** Why a column can't be kept apart from the others of its rows; null: it can. */
export function obstacleOf({ name, kind }: TableFacts, place: ColumnPlace): string | null {
  if (kind === "view") return "a view has no rows of its own; encrypt the columns that it shows";
  if (kind === "virtual" || kind === "shadow") return "the module of a virtual table keeps its values in a form of its own";
  if (foldName(name).startsWith("sqlite_")) return "the table is SQLite's own";
  switch (place) {
    case "rowid":
      return "it is the INTEGER PRIMARY KEY, by which rows are found";
    case "key":
      return "it is part of the primary key of a WITHOUT ROWID table, by which rows are found";
    case "unstored":
      return "it is computed whenever it is read; encrypt the columns that it is computed from";
    case "computed":
    case "stored":
      return null;
  }
}

/** What a schema file has under a name; `names` are those of all its tables and views. */
export interface FileFacts {
  readonly table: TableFacts | undefined;
  readonly names: readonly string[];
}

/**
 * The facts of a table of a schema file, read by a process of its own: a program that uses the library may have the file open by
 * other means, whose locks an own connection would drop at its end.
 * @throws what SQLite says of the file
 */
export async function readFileFacts(path: string, table: string): Promise<FileFacts> {
  const { stdout } = await run(process.execPath, [ENTRY, FACTS_ARGUMENT, path, table], { maxBuffer: MAX_OUTPUT });
  const answer = JSON.parse(stdout) as Answer;
  if ("error" in answer) throw Object.assign(new Error(answer.error), { code: answer.code });
  return {
    names: answer.names,
    table: answer.table === null ? undefined : { ...answer.table, columns: new Map(answer.table.columns) },
  };
}

type Answer =
  | {
      readonly names: readonly string[];
      readonly table: (Omit<TableFacts, "columns"> & { readonly columns: readonly [string, ColumnPlace][] }) | null;
    }
  | { readonly error: string; readonly code: string };

function answer(path: string, name: string): Answer {
  try {
    const connection = openDatabase(path, { mustExist: true });
    try {
      connection.pragma("trusted_schema = off");
      const tables = listTables(connection);
      const table = readTableFacts(connection, name, tables);
      return { names: [...tables.keys()], table: table === undefined ? null : { ...table, columns: [...table.columns] } };
    } finally {
      connection.close();
    }
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error), code: codeOf(error) || "Error" };
  }
}

const run = promisify(execFile);
const MAX_OUTPUT = 64 << 20;
const FACTS_ARGUMENT = "--facts";
const ENTRY = entryPath("sqlite/table-facts");

if (process.argv[1] === ENTRY && process.argv[2] === FACTS_ARGUMENT) {
  process.stdout.write(JSON.stringify(answer(process.argv[3] ?? "", process.argv[4] ?? "")));
}

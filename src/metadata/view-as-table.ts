import { quoteIdentifier } from "../base/identifiers.ts";
import { openMemory, type Connection } from "../sqlite/database.ts";
import { listTables, readTableShape, type TableShape, type TextEncoding } from "../sqlite/schema.ts";
import { readViewSource } from "../sqlite/view-source.ts";
import type { DumpObject } from "./dump-object.ts";

/** A type that can stand in a definition as it is. */
const PLAIN_TYPE = /^[A-Za-z_]\w*(?: \w+)*(?: ?\([\d+\-., ]*\))?$/;
/** With the rowid a result has one column more. */
const MOST_COLUMNS = 1999;

interface ViewColumn {
  readonly name: string;
  readonly type: string;
}

/**
 * The table that VIEWS_AS_TABLES makes of a view: the columns that the view shows, by their names and types, without any constraint.
 * @throws SQLite's error for a view that can't be read
 */
export function viewAsTable(connection: Connection, view: DumpObject, encoding: TextEncoding): DumpObject {
  const columns = connection
    .prepare("SELECT name, type FROM pragma_table_xinfo(?, 'main')")
    .all(view.name) as unknown as readonly ViewColumn[];
  if (columns.length > MOST_COLUMNS) throw new Error(`a view of more than ${MOST_COLUMNS} columns can't be taken as a table`);
  const { sql, shape } = tableOf(view.name, columns);
  const table = { ...view, objectType: "TABLE", type: "table", kind: "table", tableName: view.name, fromView: true } as const;
  const viewSource = readViewSource(connection, view.name);
  return { ...table, sql: encoded(sql, encoding), shape, viewSource };
}

/** SQLite says whether the types of the view make the table that is wanted; without types there is nothing that could. */
function tableOf(name: string, columns: readonly ViewColumn[]): { readonly sql: string; readonly shape: TableShape } {
  const plain = { sql: definitionOf(name, columns, () => ""), shape: null };
  const typed = { ...plain, sql: definitionOf(name, columns, ({ type }) => (PLAIN_TYPE.test(type) ? ` ${type}` : "")) };
  for (const { sql } of [typed, plain]) {
    const shape = shapeOf(name, sql);
    if (shape !== null && isPlain(shape, columns)) return { sql, shape };
  }
  throw new Error("its columns make no table");
}

function definitionOf(name: string, columns: readonly ViewColumn[], typeOf: (column: ViewColumn) => string): string {
  const lines = columns.map((column) => `  ${quoteIdentifier(column.name)}${typeOf(column)}`);
  return `CREATE TABLE ${quoteIdentifier(name)} (\n${lines.join(",\n")}\n)`;
}

function shapeOf(name: string, sql: string): TableShape | null {
  const scratch = openMemory();
  try {
    scratch.prepare(sql).run();
    return readTableShape(scratch, name, listTables(scratch));
  } catch {
    return null; // Types that make no table: the next try has none.
  } finally {
    scratch.close();
  }
}

function isPlain({ columns, constraints, integerPrimaryKey }: TableShape, wanted: readonly ViewColumn[]): boolean {
  const isSame = columns.length === wanted.length && columns.every((name, i) => name === wanted[i]?.name);
  return isSame && constraints.length === 0 && integerPrimaryKey === null;
}

function encoded(sql: string, encoding: TextEncoding): Uint8Array {
  if (encoding === "UTF-8") return Buffer.from(sql);
  const bytes = Buffer.from(sql, "utf16le");
  return encoding === "UTF-16le" ? bytes : bytes.swap16();
}

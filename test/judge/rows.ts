import type { Database } from "better-sqlite3";
import type { CompareOptions, Difference } from "./compare.ts";
import { openTable, sameRow, valuesOf, type Row, type TableCursor } from "./table-cursor.ts";
import { describeValue, sameValue } from "./values.ts";

/** The rows of every table that both files hold, streamed side by side. Tables in one file only are the schema's difference. */
export function compareRows(a: Database, b: Database, options: CompareOptions): readonly Difference[] {
  const inB = new Set(storedTables(b));
  const quick = [a, b].every((database) => database.pragma("encoding", { simple: true }) === "UTF-8");
  const differences: Difference[] = [];
  for (const table of storedTables(a)) {
    const other = options.renamedTables?.get(table) ?? table;
    if (options.ignoreObjects?.includes(table) === true || !inB.has(other)) continue;
    const tables: Tables = {
      where: `table ${JSON.stringify(table)}`,
      open: (exact) => [tryOpen(a, table, exact), tryOpen(b, other, exact)],
    };
    differences.push(...compareTable(tables, quick, options.rowLimit ?? 10));
  }
  return differences;
}

/** Tables with pages of their own: virtual tables keep their rows in shadow tables, which are among these. */
function storedTables(database: Database): readonly string[] {
  const sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0 ORDER BY name";
  return database.prepare<[], string>(sql).pluck().all();
}

interface Tables {
  readonly where: string;
  open(exact: boolean): readonly [TableCursor | string, TableCursor | string];
}

/** A quick pass first, over strings; only tables that are not surely the same are read again byte by byte. */
function compareTable(tables: Tables, quick: boolean, limit: number): readonly Difference[] {
  const [a, b] = tables.open(!quick);
  try {
    if (typeof a === "string" || typeof b === "string") return [{ where: tables.where, a: readability(a), b: readability(b) }];
    const [columnsA, columnsB] = [JSON.stringify(a.columns), JSON.stringify(b.columns)];
    if (columnsA !== columnsB) return [{ where: `${tables.where}, columns`, a: columnsA, b: columnsB }];
    if (!quick) return mergeRows(tables.where, a, b, limit);
    if (allSame(a, b)) return [];
  } finally {
    if (typeof a !== "string") a.close();
    if (typeof b !== "string") b.close();
  }
  return compareTable(tables, false, limit);
}

function allSame(a: TableCursor, b: TableCursor): boolean {
  for (;;) {
    const [rowA, rowB] = [a.next(), b.next()];
    if (rowA === undefined || rowB === undefined) return rowA === rowB;
    if (rowA.rowid !== rowB.rowid || !sameRow(rowA, rowB)) return false;
  }
}

/** The cursor, or why the table can't be read, which is never taken for equal. */
function tryOpen(database: Database, table: string, exact: boolean): TableCursor | string {
  try {
    return openTable(database, table, exact);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function readability(cursor: TableCursor | string): string {
  return typeof cursor === "string" ? `can't be read: ${cursor}` : "can be read";
}

/** Both cursors are in key order. Where rows have rowids, a row that one file lacks does not shift those after it. */
function mergeRows(where: string, a: TableCursor, b: TableCursor, limit: number): readonly Difference[] {
  const differences: Difference[] = [];
  let [rowA, rowB] = [a.next(), b.next()];
  while ((rowA !== undefined || rowB !== undefined) && differences.length < limit) {
    const order = compareKeys(rowA, rowB);
    if (order === 0 && rowA !== undefined && rowB !== undefined) differences.push(...compareRow(where, a, rowA, rowB));
    else if (order < 0 && rowA !== undefined) differences.push({ where, a: describeRow(rowA), b: "(no such row)" });
    else if (rowB !== undefined) differences.push({ where, a: "(no such row)", b: describeRow(rowB) });
    if (order <= 0) rowA = a.next();
    if (order >= 0) rowB = b.next();
  }
  return differences.slice(0, limit);
}

/** Which row comes first; rows without a rowid are paired by position. */
function compareKeys(a: Row | undefined, b: Row | undefined): number {
  if (a === undefined) return 1;
  if (b === undefined) return -1;
  if (a.rowid === b.rowid) return 0;
  return a.rowid < b.rowid ? -1 : 1;
}

function compareRow(where: string, cursor: TableCursor, a: Row, b: Row): readonly Difference[] {
  if (sameRow(a, b)) return [];
  const [valuesA, valuesB] = [valuesOf(a), valuesOf(b)];
  return cursor.columns.flatMap((column, i) => {
    const [left, right] = [valuesA[i], valuesB[i]];
    if (left === undefined || right === undefined || sameValue(left, right)) return [];
    const place = `${where}, row ${a.rowid}, column ${JSON.stringify(column)}`;
    return [{ where: place, a: describeValue(left), b: describeValue(right) }];
  });
}

function describeRow(row: Row): string {
  const values = valuesOf(row);
  return `row ${row.rowid}: ${values.slice(0, 5).map(describeValue).join(", ")}${values.length > 5 ? ", ..." : ""}`;
}

import type { Database } from "better-sqlite3";
import type { CompareOptions, Difference } from "./compare.ts";

/** A row of sqlite_schema; texts as their bytes, in the encoding of the file. */
interface SchemaRow {
  readonly type: string;
  readonly name: string;
  readonly tableName: string;
  readonly nameBytes: Buffer;
  readonly sqlBytes: Buffer | null;
  readonly sql: string | null;
  readonly stored: boolean;
}

/** The rows of both sqlite_schema tables in any order: type, name, table, SQL byte for byte, whether there are pages. */
export function compareSchemas(a: Database, b: Database, options: CompareOptions): readonly Difference[] {
  const ignored = options.ignoreObjects ?? [];
  const renamed = options.renamedTables ?? new Map<string, string>();
  const inA = byKey(readSchema(a, ignored), (row) => renamed.get(row.name) ?? row.name);
  const inB = byKey(readSchema(b, ignored), (row) => row.name);
  const differences: Difference[] = [];
  for (const [key, row] of inA) {
    const other = inB.get(key);
    if (other === undefined) differences.push({ where: `schema: ${key}`, a: describe(row), b: "(missing)" });
    else differences.push(...compareObjects(row, other, options));
  }
  for (const [key, row] of inB) {
    if (!inA.has(key)) differences.push({ where: `schema: ${key}`, a: "(missing)", b: describe(row) });
  }
  return differences;
}

function readSchema(database: Database, ignored: readonly string[]): readonly SchemaRow[] {
  const sql = `SELECT type, name, tbl_name AS tableName, CAST(name AS BLOB) AS nameBytes, CAST(sql AS BLOB) AS sqlBytes, sql,
    coalesce(rootpage, 0) > 0 AS stored FROM sqlite_schema`;
  const rows = database.prepare<[], SchemaRow>(sql).all();
  return rows.filter((row) => !ignored.includes(row.name) && !ignored.includes(row.tableName));
}

function byKey(rows: readonly SchemaRow[], nameOf: (row: SchemaRow) => string): ReadonlyMap<string, SchemaRow> {
  const map = new Map<string, SchemaRow>();
  for (const row of rows) {
    const name = nameOf(row);
    let key = `${row.type} ${JSON.stringify(name)}${name.includes("\ufffd") ? ` ${row.nameBytes.toString("hex")}` : ""}`;
    while (map.has(key)) key += " (again)";
    map.set(key, row);
  }
  return map;
}

function compareObjects(a: SchemaRow, b: SchemaRow, options: CompareOptions): readonly Difference[] {
  const where = `schema: ${a.type} ${JSON.stringify(a.name)}`;
  const tableName = options.renamedTables?.get(a.tableName) ?? a.tableName;
  const differences: Difference[] = [];
  if (tableName !== b.tableName) differences.push({ where: `${where}, tbl_name`, a: tableName, b: b.tableName });
  if (a.stored !== b.stored) differences.push({ where: `${where}, has pages`, a: String(a.stored), b: String(b.stored) });
  if (!sameSql(a, b, options)) differences.push({ where: `${where}, sql`, a: describe(a), b: describe(b) });
  return differences;
}

function sameSql(a: SchemaRow, b: SchemaRow, options: CompareOptions): boolean {
  if (options.rewriteSql !== undefined && a.sql !== null) return options.rewriteSql(a.sql) === b.sql;
  const renamed = options.renamedTables;
  if (renamed !== undefined && (renamed.has(a.name) || renamed.has(a.tableName))) return (a.sql === null) === (b.sql === null);
  return a.sqlBytes === null || b.sqlBytes === null ? a.sqlBytes === b.sqlBytes : a.sqlBytes.equals(b.sqlBytes);
}

function describe(row: SchemaRow): string {
  if (row.sql === null || row.sqlBytes === null) return "(no SQL)";
  return row.sql.includes("\ufffd") ? `${row.sql} [${row.sqlBytes.toString("hex")}]` : row.sql;
}

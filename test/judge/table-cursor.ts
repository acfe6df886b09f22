import type { Database } from "better-sqlite3";
import type { StoredValue } from "./values.ts";

export interface Row {
  /** The rowid; for a table without one (or one that no SQL can read), the position. */
  readonly rowid: bigint;
  /** One result row for each group of columns: the rowid, a bit for each column that is text, the values. */
  readonly results: readonly (readonly unknown[])[];
}

/** Reads a table front to back in the order of its key. */
export interface TableCursor {
  /** Names of the columns, computed ones too; one that can't be computed here has its error message behind it. */
  readonly columns: readonly string[];
  next(): Row | undefined;
  close(): void;
}

/** As many as there are bits for them in an integer; wide tables are read by several statements side by side. */
const COLUMNS_PER_STATEMENT = 62;

/** Values before the first column in a result row. */
const LEADING_VALUES = 2;

/**
 * Exact cursors give text as its bytes. Others give it as strings, which is faster and enough to see that rows are the same,
 * unless a string holds U+FFFD, which stands for bytes that are no text.
 *
 * @throws SqliteError when the table can't be read at all.
 */
export function openTable(database: Database, table: string, exact: boolean): TableCursor {
  const columns = readColumns(database, table);
  const readable = columns.filter((column) => column.problem === undefined).map((column) => column.name);
  const source = rowSource(database, table, columns);
  const groups: Iterator<readonly unknown[], undefined>[] = [];
  for (let i = 0; i === 0 || i < readable.length; i += COLUMNS_PER_STATEMENT) {
    groups.push(openGroup(database, readable.slice(i, i + COLUMNS_PER_STATEMENT), source, exact));
  }
  let position = 0n;
  return {
    columns: [...readable, ...columns.flatMap(({ name, problem }) => (problem === undefined ? [] : [`${name}: ${problem}`]))],
    next() {
      const results = groups.flatMap((group) => {
        const result = group.next();
        return result.done === true ? [] : [result.value];
      });
      if (results.length === 0) return undefined;
      if (results.length < groups.length) throw new Error(`statements over ${table} saw different rows`);
      position += 1n;
      const rowid = results[0]?.[0];
      return { rowid: typeof rowid === "bigint" ? rowid : position, results };
    },
    close() {
      for (const group of groups) group.return?.();
    },
  };
}

/** Whether all values are surely the same to the bit; rows of tables with the same columns. */
export function sameRow(a: Row, b: Row): boolean {
  return a.results.every((result, i) => sameResult(result, b.results[i] ?? []));
}

function sameResult(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 1; i < a.length; i++) {
    if (!sameResultValue(a[i], b[i])) return false;
  }
  return true;
}

function sameResultValue(a: unknown, b: unknown): boolean {
  if (Buffer.isBuffer(a)) return Buffer.isBuffer(b) && a.equals(b);
  return Object.is(a, b) && !(typeof a === "string" && a.includes("\ufffd"));
}

/** The values of a row of an exact cursor, in the order of the cursor's columns. */
export function valuesOf(row: Row): readonly StoredValue[] {
  return row.results.flatMap((result) => {
    const textBits = BigInt(String(result[1]));
    return result.slice(LEADING_VALUES).map((value, i) => toValue(value, ((textBits >> BigInt(i)) & 1n) === 1n));
  });
}

interface Column {
  readonly name: string;
  /** Why it can't be computed here. */
  readonly problem?: string;
}

function readColumns(database: Database, table: string): readonly Column[] {
  const sql = "SELECT name, hidden = 2 AS virtual FROM pragma_table_xinfo(?, 'main') WHERE hidden <> 1 ORDER BY cid";
  const rows = database.prepare<[string], { name: string; virtual: number }>(sql).all(table);
  if (rows.length === 0) throw new Error(`no table of this name: ${JSON.stringify(table)}`);
  return rows.map(({ name, virtual }) => {
    const problem = virtual === 1 ? selectProblem(database, table, name) : undefined;
    return problem === undefined ? { name } : { name, problem };
  });
}

function selectProblem(database: Database, table: string, column: string): string | undefined {
  try {
    database.prepare(`SELECT ${quote(column)} FROM main.${quote(table)} NOT INDEXED`).get();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** The expression of the rowid, and FROM with ORDER BY so that rows come from the table's own pages in key order. */
interface RowSource {
  readonly rowid: string;
  readonly from: string;
}

function rowSource(database: Database, table: string, columns: readonly Column[]): RowSource {
  const from = `FROM main.${quote(table)}`;
  const primaryKey = keyIndex(database, table);
  if (isWithoutRowid(database, table)) {
    const keys = primaryKey.columns.map(({ name, coll }) => `${quote(name)} COLLATE ${quote(coll)}`);
    return { rowid: "NULL", from: `${from} INDEXED BY ${quote(primaryKey.name)} ORDER BY ${keys.join(", ")}` };
  }
  const rowid = rowidName(database, table, columns);
  return rowid === undefined
    ? { rowid: "NULL", from: `${from} NOT INDEXED` }
    : { rowid, from: `${from} NOT INDEXED ORDER BY ${rowid}` };
}

/** Of connections that see one state: SQLite looks at every view whenever it lists the tables. */
const withoutRowid = new WeakMap<Database, ReadonlySet<string>>();

function isWithoutRowid(database: Database, table: string): boolean {
  const sql = "SELECT name FROM pragma_table_list WHERE schema = 'main' AND wr";
  const names = withoutRowid.get(database) ?? new Set(database.prepare<[], string>(sql).pluck().all());
  withoutRowid.set(database, names);
  return names.has(table);
}

interface KeyIndex {
  readonly name: string;
  readonly columns: readonly { readonly name: string; readonly coll: string }[];
}

function keyIndex(database: Database, table: string): KeyIndex {
  const find = "SELECT name FROM pragma_index_list(?, 'main') WHERE origin = 'pk'";
  const name = database.prepare<[string], string>(find).pluck().get(table) ?? "";
  const list = "SELECT name, coll FROM pragma_index_xinfo(?, 'main') WHERE key = 1 ORDER BY seqno";
  return { name, columns: database.prepare<[string], { name: string; coll: string }>(list).all(name) };
}

/** A name of the rowid that no column takes, or the INTEGER PRIMARY KEY. */
function rowidName(database: Database, table: string, columns: readonly Column[]): string | undefined {
  const taken = new Set(columns.map(({ name }) => name.toLowerCase()));
  const free = ["rowid", "_rowid_", "oid"].find((name) => !taken.has(name));
  if (free !== undefined) return free;
  const sql = `SELECT name FROM pragma_table_xinfo(?1, 'main') WHERE pk = 1 AND type = 'INTEGER' COLLATE NOCASE
    AND NOT EXISTS (SELECT 1 FROM pragma_index_list(?1, 'main') WHERE origin = 'pk')`;
  const key = database.prepare<[{ 1: string }], string>(sql).pluck().get({ 1: table });
  return key === undefined ? undefined : quote(key);
}

/** Exact: text leaves SQLite as its bytes, and a bit tells it from a blob. */
function openGroup(database: Database, columns: readonly string[], source: RowSource, exact: boolean) {
  const names = columns.map(quote);
  const textBits = names.map((name, i) => `((typeof(${name}) = 'text') << ${i})`).join(" | ");
  const bytes = names.map((name) => `CASE WHEN typeof(${name}) = 'text' THEN CAST(${name} AS BLOB) ELSE ${name} END`);
  const expressions = exact ? [textBits || "0", ...bytes] : ["0", ...names];
  const sql = `SELECT ${[source.rowid, ...expressions].join(", ")} ${source.from}`;
  return database.prepare<[], readonly unknown[]>(sql).raw().safeIntegers().iterate();
}

function toValue(value: unknown, isText: boolean): StoredValue {
  if (value === null || typeof value === "bigint" || typeof value === "number") return value;
  if (Buffer.isBuffer(value)) return { isText, bytes: value };
  throw new Error(`unexpected value of type ${typeof value}`);
}

function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

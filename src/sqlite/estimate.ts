import { quoteIdentifier } from "../base/identifiers.ts";
import type { Connection } from "./database.ts";
import { countSql, wholeRange } from "./key-range.ts";
import type { RowFilter } from "./row-filter.ts";
import type { TableShape } from "./schema.ts";

const SAMPLE_ROWS = 100;
/** Wider tables are not sampled. */
const MAX_SAMPLED_COLUMNS = 100;
const ROW_OVERHEAD = 8;
const COUNTED_ROWS = 100_000n;

/** Bytes of a schema file in use. */
export function usedBytes(connection: Connection): number {
  const pragma = (name: string) => Number(connection.pragma(`main.${name}`, { simple: true }));
  return (pragma("page_count") - pragma("freelist_count")) * pragma("page_size");
}

/** A cheap guess at the bytes of a table's rows: the size of a few times the number of all. Never more than the file has. */
export function estimateBytes(connection: Connection, shape: TableShape, fileBytes: number): number {
  return estimateTable(connection, shape, fileBytes).bytes;
}

/** The same, with the number of rows that it comes from. Those that a filter lets through are counted. */
export function estimateTable(
  connection: Connection,
  shape: TableShape,
  fileBytes: number,
  filter: RowFilter | null = null,
): { readonly rows: number; readonly bytes: number } {
  try {
    const rowBytes = sampleRowBytes(connection, shape) + ROW_OVERHEAD;
    const rows =
      filter === null
        ? estimateRows(connection, shape, fileBytes / rowBytes)
        : (connection.prepare(countSql(shape, filter)).pluck().get() as number);
    return { rows: Math.round(rows), bytes: Math.min(fileBytes, rowBytes * rows) };
  } catch {
    // A damaged table is met again, and reported, when it is unloaded.
    return { rows: 0, bytes: 0 };
  }
}

function sampleRowBytes(connection: Connection, shape: TableShape): number {
  const columns = shape.columns
    .slice(0, MAX_SAMPLED_COLUMNS)
    .map((name) => `coalesce(octet_length(${quoteIdentifier(name)}), 0)`);
  if (columns.length === 0) return 0;
  const sum = `SELECT ${columns.join(" + ")} AS bytes FROM main.${quoteIdentifier(shape.name)} LIMIT ${SAMPLE_ROWS}`;
  return connection.prepare(`SELECT coalesce(avg(bytes), 0) FROM (${sum})`).pluck().get() as number;
}

/** The width of the rowids, which gaps make too large and the file's size bounds; of other tables a count that ends early. */
function estimateRows(connection: Connection, shape: TableShape, maximum: number): number {
  const range = wholeRange(connection, shape);
  if (range === null) return 0;
  if (range.kind === "rowid") return Math.min(maximum, Number(range.high - range.low + 1n));
  const count = connection
    .prepare(`SELECT count(*) FROM (SELECT 1 FROM main.${quoteIdentifier(shape.name)} LIMIT ?)`)
    .pluck()
    .get(COUNTED_ROWS) as number;
  return count < Number(COUNTED_ROWS) ? count : maximum;
}

/** How ESTIMATE looks at a table: at its pages, or at what ANALYZE has found. */
export type EstimateMethod = "BLOCKS" | "STATISTICS";

/** The pages of a larger file are not all looked at. */
const COUNTED_BYTES = 256 << 20;
const PAGE = 4096;
/** Bytes of a page that hold no rows, of a row's cell, and pages of an image beside those of its rows. */
const PAGE_HEADER = 8;
const CELL_OVERHEAD = 6;
const IMAGE_PAGES = 2;

/** How large the rows of a table will be as piece images. Without statistics its pages tell. */
export function estimatePieceBytes(connection: Connection, shape: TableShape, method: EstimateMethod): number {
  try {
    const counted = method === "STATISTICS" ? countedByAnalyze(connection, shape.name) : null;
    if (counted !== null)
      return imageBytes(counted, counted === 0 ? 0 : sampleRowBytes(connection, shape) + shape.columns.length);
    const fileBytes = usedBytes(connection);
    if (fileBytes > COUNTED_BYTES) return estimateBytes(connection, shape, fileBytes);
    const { rows, payload } = countedPages(connection, shape);
    return imageBytes(rows, rows === 0 ? 0 : payload / rows);
  } catch {
    // A damaged table is reported when it is exported.
    return 0;
  }
}

function countedByAnalyze(connection: Connection, table: string): number | null {
  const has = connection.prepare("SELECT 1 FROM main.sqlite_schema WHERE name = 'sqlite_stat1'").get();
  if (has === undefined) return null;
  const sql = "SELECT max(CAST(stat AS INTEGER)) FROM main.sqlite_stat1 WHERE tbl = ? COLLATE NOCASE";
  return connection.prepare(sql).pluck().get(table) as number | null;
}

function countedPages(
  connection: Connection,
  { name, withoutRowid }: TableShape,
): { readonly rows: number; readonly payload: number } {
  const cells = withoutRowid ? "ncell" : "CASE pagetype WHEN 'leaf' THEN ncell ELSE 0 END";
  const sql = `SELECT coalesce(sum(${cells}), 0) AS rows, coalesce(sum(payload), 0) AS payload FROM dbstat('main') WHERE name = ?`;
  return connection.prepare(sql).get(name) as { rows: number; payload: number };
}

/** Rows of one size on the pages of an image: those that are small fill pages, one page or more is for each of the others. */
function imageBytes(rows: number, rowBytes: number): number {
  if (rows === 0) return 0;
  const bytes = rowBytes + CELL_OVERHEAD;
  const perPage = Math.floor((PAGE - PAGE_HEADER) / bytes);
  const leaves = perPage > 0 ? Math.ceil(rows / perPage) : Math.ceil(bytes / PAGE) * rows;
  return (IMAGE_PAGES + leaves + (leaves > 1 ? Math.ceil(leaves / 400) : 0)) * PAGE;
}

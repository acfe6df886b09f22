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
  try {
    const { rows, rowBytes } = guess(connection, shape, fileBytes);
    return Math.min(fileBytes, rowBytes * rows);
  } catch {
    // A damaged table is met again, and reported, when it is unloaded.
    return 0;
  }
}

/** Rows, and the bytes of one. */
interface RowSizes {
  readonly rows: number;
  readonly rowBytes: number;
}

function guess(connection: Connection, shape: TableShape, fileBytes: number): RowSizes {
  const rowBytes = sampleRowBytes(connection, shape) + ROW_OVERHEAD;
  return { rows: Math.round(estimateRows(connection, shape, fileBytes / rowBytes)), rowBytes };
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

/** The rows of a table, and how large they will be as piece images. */
export interface TableEstimate {
  readonly rows: number;
  readonly bytes: number;
  /** What tells: without statistics its pages. */
  readonly method: EstimateMethod;
}

/** Rows that a filter lets through are counted. */
export function estimateTable(
  connection: Connection,
  shape: TableShape,
  method: EstimateMethod,
  filter: RowFilter | null = null,
): TableEstimate {
  try {
    const counted = method === "STATISTICS" ? countedByAnalyze(connection, shape) : null;
    const { rows: all, rowBytes } = counted ?? countedByPages(connection, shape);
    const rows = filter === null ? all : (connection.prepare(countSql(shape, filter)).pluck().get() as number);
    return { rows, bytes: imageBytes(rows, rowBytes), method: counted === null ? "BLOCKS" : "STATISTICS" };
  } catch {
    // A damaged table is reported when it is exported.
    return { rows: 0, bytes: 0, method };
  }
}

function countedByAnalyze(connection: Connection, shape: TableShape): RowSizes | null {
  const has = connection.prepare("SELECT 1 FROM main.sqlite_schema WHERE name = 'sqlite_stat1'").get();
  if (has === undefined) return null;
  const sql = "SELECT max(CAST(stat AS INTEGER)) FROM main.sqlite_stat1 WHERE tbl = ? COLLATE NOCASE";
  const rows = connection.prepare(sql).pluck().get(shape.name) as number | null;
  if (rows === null) return null;
  return { rows, rowBytes: rows === 0 ? 0 : sampleRowBytes(connection, shape) + shape.columns.length };
}

function countedByPages(connection: Connection, shape: TableShape): RowSizes {
  const fileBytes = usedBytes(connection);
  if (fileBytes > COUNTED_BYTES) return guess(connection, shape, fileBytes);
  const cells = shape.withoutRowid ? "ncell" : "CASE pagetype WHEN 'leaf' THEN ncell ELSE 0 END";
  const sql = `SELECT coalesce(sum(${cells}), 0) AS rows, coalesce(sum(payload), 0) AS payload FROM dbstat('main') WHERE name = ?`;
  const { rows, payload } = connection.prepare(sql).get(shape.name) as { rows: number; payload: number };
  return { rows, rowBytes: rows === 0 ? 0 : payload / rows };
}

/** Rows of one size on the pages of an image: those that are small fill pages, one page or more is for each of the others. */
function imageBytes(rows: number, rowBytes: number): number {
  if (rows === 0) return 0;
  const bytes = rowBytes + CELL_OVERHEAD;
  const perPage = Math.floor((PAGE - PAGE_HEADER) / bytes);
  const leaves = perPage > 0 ? Math.ceil(rows / perPage) : Math.ceil(bytes / PAGE) * rows;
  return (IMAGE_PAGES + leaves + (leaves > 1 ? Math.ceil(leaves / 400) : 0)) * PAGE;
}

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

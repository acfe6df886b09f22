import { setImmediate } from "node:timers/promises";
import type { Connection } from "../sqlite/database.ts";
import { cutByKey, wholeRange, type KeyRange } from "../sqlite/key-range.ts";
import type { RowFilter } from "../sqlite/row-filter.ts";
import type { TableShape } from "../sqlite/schema.ts";
import { PIECE_TARGET, Stage } from "../sqlite/stage.ts";

/** Live rows as a piece image. */
export interface LivePiece {
  readonly image: Buffer;
  readonly rows: number;
  /** The range that the rows are all of. */
  readonly range: KeyRange;
}

const FIRST_ROWS = 1000;
const MOST_ROWS = 1_000_000;

/**
 * Unloads a range of a live table piece by piece, in the snapshot of its connection. Buffers that SQLite has given are freed only when the
 * event loop turns.
 */
export async function* liveRows(
  connection: Connection,
  shape: TableShape,
  range: KeyRange,
  filter: RowFilter | null,
  expectedRows = FIRST_ROWS,
): AsyncGenerator<LivePiece> {
  const stage = new Stage(connection);
  let limit = Math.max(1, expectedRows);
  const left = [range];
  for (let next = left.shift(); next !== undefined; next = left.shift()) {
    const { image, rows, rest } = stage.unload(shape, next, limit, filter);
    if (rest !== null && isUncut(next)) {
      const cuts = cutByKey(connection, shape, rows);
      if (cuts.length > 1) {
        left.push(...cuts);
        continue;
      }
    }
    yield { image, rows, range: covered(next, rest) };
    if (rest !== null) left.unshift(rest);
    if (rows > 0) limit = Math.min(MOST_ROWS, Math.max(1, Math.floor((PIECE_TARGET * rows) / image.length)));
    await setImmediate();
  }
}

/** All live rows of a table. */
export async function* allLiveRows(
  connection: Connection,
  shape: TableShape,
  filter: RowFilter | null,
): AsyncGenerator<LivePiece> {
  const range = wholeRange(connection, shape);
  if (range !== null) yield* liveRows(connection, shape, range, filter);
}

function covered(range: KeyRange, rest: KeyRange | null): KeyRange {
  return range.kind === "rowid" && rest?.kind === "rowid" ? { ...range, high: rest.low - 1n } : range;
}

function isUncut(range: KeyRange): boolean {
  return range.kind === "key" && range.after === null && range.upTo === null && range.offset === 0n;
}

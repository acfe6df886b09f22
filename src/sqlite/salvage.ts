import type { Connection } from "./database.ts";
import type { KeyRange } from "./key-range.ts";
import type { Replacements } from "./replacement.ts";
import type { RowFilter } from "./row-filter.ts";
import type { TableShape } from "./schema.ts";
import { isUnreadable, Stage, type Piece } from "./stage.ts";
import { beginSnapshot } from "./source.ts";
import { TablePages, type Leaf } from "./table-pages.ts";

/** Rows that can't be read, and why. */
export interface LostRows {
  readonly rows: string;
  readonly cause: string;
}

/** Leaf pages that are looked at one by one where a read has failed. */
const LEAVES_AT_ONCE = 64;
const LOWEST = -(2n ** 63n);
const HIGHEST = 2n ** 63n - 1n;

type RowidRange = KeyRange & { readonly kind: "rowid" };
type OtherRange = Exclude<KeyRange, RowidRange>;

/**
 * Unloads what can be read of a range in which some row can't: of rowid tables all but the damaged pages and rows, others
 * are read from both ends. The connection is one to a private copy, out of a transaction: after each damaged page SQLite
 * takes no more writes, so each try is a transaction of its own.
 */
export function* salvage(
  connection: Connection,
  shape: TableShape,
  range: KeyRange,
  limit: number,
  filter: RowFilter | null = null,
  replacements?: Replacements,
): Generator<Piece, LostRows[]> {
  const attempt = new Attempt(connection, shape, filter, replacements);
  if (range.kind !== "rowid") return yield* fromBothEnds(attempt, range, limit);
  const pages = new TablePages(connection, shape.name);
  try {
    return mergeNeighbours(yield* aroundDamage(attempt, pages, range, limit));
  } finally {
    pages.close();
  }
}

class Attempt {
  readonly #connection: Connection;
  readonly #stage: Stage;
  readonly #shape: TableShape;
  readonly #filter: RowFilter | null;
  readonly #replacements: Replacements | undefined;
  cause = "";

  constructor(connection: Connection, shape: TableShape, filter: RowFilter | null, replacements: Replacements | undefined) {
    this.#connection = connection;
    this.#stage = new Stage(connection);
    this.#shape = shape;
    this.#filter = filter;
    this.#replacements = replacements;
  }

  /** Null when a row in the way can't be read. */
  unload(range: KeyRange, limit: number): Piece | null {
    beginSnapshot(this.#connection);
    try {
      return this.#stage.unload(this.#shape, range, limit, this.#filter, this.#replacements);
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      this.cause = error instanceof Error ? error.message : String(error);
      return null;
    } finally {
      if (this.#connection.inTransaction) this.#connection.exec("ROLLBACK");
    }
  }
}

interface LostRange {
  readonly low: bigint;
  readonly high: bigint;
  readonly cause: string;
}

/** Reads on as if nothing were wrong; where that fails, goes through the next leaf pages before it does so again. */
function* aroundDamage(attempt: Attempt, pages: TablePages, range: RowidRange, limit: number): Generator<Piece, LostRange[]> {
  const lost: LostRange[] = [];
  let left: RowidRange | null = range;
  while (left !== null) {
    const piece = attempt.unload(left, limit);
    if (piece !== null) {
      if (piece.rows > 0) yield piece;
      left = piece.rest?.kind === "rowid" ? piece.rest : null;
      continue;
    }
    const leaves = takeLeaves(pages, left);
    lost.push(...(yield* throughLeaves(attempt, leaves, limit)));
    const low: bigint = (leaves.at(-1)?.high ?? left.high) + 1n;
    left = low <= left.high ? { ...left, low } : null;
  }
  return lost;
}

/** The leaves from the beginning of a range, cut to the range. */
function takeLeaves(pages: TablePages, { low, high }: RowidRange): readonly Leaf[] {
  const leaves: Leaf[] = [];
  for (const leaf of pages.leavesFrom(low)) {
    if (leaf.low > high || leaves.length === LEAVES_AT_ONCE) break;
    const rowids = leaf.rowids?.filter((rowid) => rowid >= low && rowid <= high) ?? null;
    leaves.push({ low: leaf.low > low ? leaf.low : low, high: leaf.high < high ? leaf.high : high, rowids });
  }
  return leaves;
}

/** Halves a list of leaves until the damaged ones stand alone. */
function* throughLeaves(attempt: Attempt, leaves: readonly Leaf[], limit: number): Generator<Piece, LostRange[]> {
  const [first, last] = [leaves[0], leaves.at(-1)];
  if (first === undefined || last === undefined) return [];
  const next = yield* readOn(attempt, first.low, last.high, limit);
  if (next === null) return [];
  const left = leaves.filter(({ high }) => high >= next).map((leaf) => leafFrom(leaf, next));
  const [only] = left;
  if (left.length === 1 && only !== undefined) return yield* throughLeaf(attempt, only, limit);
  const middle = left.length >> 1;
  const before = yield* throughLeaves(attempt, left.slice(0, middle), limit);
  return [...before, ...(yield* throughLeaves(attempt, left.slice(middle), limit))];
}

/** Halves the rows of a leaf until the unreadable ones (their overflow pages are damaged) stand alone. */
function* throughLeaf(attempt: Attempt, leaf: Leaf, limit: number): Generator<Piece, LostRange[]> {
  const [first, last] = [leaf.rowids?.[0], leaf.rowids?.at(-1)];
  if (leaf.rowids === null || first === undefined || last === undefined)
    return [{ low: leaf.low, high: leaf.high, cause: attempt.cause }];
  // With all rows in hand SQLite does not look for the end of the range, which may be on the next, damaged page.
  const next = yield* readOn(attempt, first, last, Math.min(limit, leaf.rowids.length));
  if (next === null) return [];
  const left = leaf.rowids.filter((rowid) => rowid >= next);
  if (left.length <= 1) return [{ low: last, high: last, cause: attempt.cause }];
  const middle = left.length >> 1;
  const before = yield* throughLeaf(attempt, { ...leaf, rowids: left.slice(0, middle) }, limit);
  return [...before, ...(yield* throughLeaf(attempt, { ...leaf, rowids: left.slice(middle) }, limit))];
}

function leafFrom(leaf: Leaf, low: bigint): Leaf {
  return leaf.low >= low ? leaf : { ...leaf, low, rowids: leaf.rowids?.filter((rowid) => rowid >= low) ?? null };
}

/** Reads a range until the first piece that can't be read: gives the rowid from which on nothing was, null for the end. */
function* readOn(attempt: Attempt, low: bigint, high: bigint, limit: number): Generator<Piece, bigint | null> {
  for (let range: RowidRange = { kind: "rowid", low, high }; ;) {
    const piece = attempt.unload(range, limit);
    if (piece === null) return range.low;
    if (piece.rows > 0) yield piece;
    if (piece.rest?.kind !== "rowid") return null;
    range = piece.rest;
  }
}

function* fromBothEnds(attempt: Attempt, range: OtherRange, limit: number): Generator<Piece, LostRows[]> {
  const before = yield* readUntilDamage(attempt, range, limit);
  if (before.complete) return [];
  const { cause } = attempt;
  if (range.kind === "scan") return [{ rows: `the rows after the first ${range.offset + before.rows}`, cause }];
  const after = yield* readUntilDamage(attempt, { ...range, offset: 0n, reverse: true }, limit);
  return [{ rows: `the rows between the first ${range.offset + before.rows} and the last ${after.rows} of a range`, cause }];
}

/** Reads on with half the rows after each failure, until not even one more can be read. */
function* readUntilDamage(
  attempt: Attempt,
  range: OtherRange,
  limit: number,
): Generator<Piece, { rows: bigint; complete: boolean }> {
  let [offset, count] = [range.offset, limit];
  while (count >= 1) {
    const piece = attempt.unload({ ...range, offset }, count);
    if (piece === null) {
      count = Math.floor(count / 2);
      continue;
    }
    if (piece.rows > 0) yield piece;
    offset += BigInt(piece.rows);
    if (piece.rest === null) return { rows: offset - range.offset, complete: true };
  }
  return { rows: offset - range.offset, complete: false };
}

function mergeNeighbours(lost: readonly LostRange[]): LostRows[] {
  const merged: LostRange[] = [];
  for (const range of lost) {
    const last = merged.at(-1);
    if (last !== undefined && last.high + 1n === range.low && last.cause === range.cause)
      merged[merged.length - 1] = { ...last, high: range.high };
    else merged.push(range);
  }
  return merged.map((range) => ({ rows: describe(range), cause: range.cause }));
}

function describe({ low, high }: LostRange): string {
  if (low === LOWEST) return high === HIGHEST ? "all rowids" : `rowids up to ${high}`;
  if (high === HIGHEST) return `rowids from ${low}`;
  return low === high ? `rowid ${low}` : `rowids ${low} to ${high}`;
}

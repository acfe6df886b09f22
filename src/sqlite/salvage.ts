import type { Connection } from "./database.ts";
import { halve, type KeyRange } from "./key-range.ts";
import type { TableShape } from "./schema.ts";
import { SnapshotLost, Stage, type Piece } from "./stage.ts";
import { beginSnapshot } from "./source.ts";

/** Rows that can't be read, and why. */
export interface LostRows {
  readonly rows: string;
  readonly cause: string;
}

/** How many reads the search for the readable rows of one range may cost. */
const MAX_PROBES = 20_000;

/**
 * Unloads what can be read of a range in which some row can't: rowid ranges are bisected, others read from both ends.
 * The connection is one to a private copy, out of a transaction: after each damaged page SQLite takes no more writes, so
 * each try is a transaction of its own.
 */
export function* salvage(
  connection: Connection,
  shape: TableShape,
  range: KeyRange,
  limit: number,
  filter?: string,
): Generator<Piece, LostRows[]> {
  const attempt = new Attempt(connection, shape, filter);
  const lost = range.kind === "rowid" ? yield* bisect(attempt, range, limit) : yield* fromBothEnds(attempt, range, limit);
  return mergeNeighbours(lost);
}

class Attempt {
  readonly #connection: Connection;
  readonly #stage: Stage;
  readonly #shape: TableShape;
  readonly #filter: string | undefined;
  probes = 0;
  cause = "";

  constructor(connection: Connection, shape: TableShape, filter: string | undefined) {
    this.#connection = connection;
    this.#stage = new Stage(connection);
    this.#shape = shape;
    this.#filter = filter;
  }

  unload(range: KeyRange, limit: number): Piece | null {
    this.probes += 1;
    beginSnapshot(this.#connection);
    try {
      return this.#stage.unload(this.#shape, range, limit, this.#filter);
    } catch (error) {
      if (error instanceof SnapshotLost) throw error;
      this.cause = error instanceof Error ? error.message : String(error);
      return null;
    } finally {
      if (this.#connection.inTransaction) this.#connection.exec("ROLLBACK");
    }
  }
}

interface LostRange extends LostRows {
  readonly low: bigint;
  readonly high: bigint;
}

function* bisect(attempt: Attempt, range: KeyRange & { kind: "rowid" }, limit: number): Generator<Piece, LostRange[]> {
  const lost: LostRange[] = [];
  const pending: (KeyRange & { kind: "rowid" })[] = [range];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const piece = attempt.unload(next, limit);
    if (piece !== null) {
      if (piece.rows > 0) yield piece;
      if (piece.rest?.kind === "rowid") pending.push(piece.rest);
    } else if (next.low === next.high || attempt.probes > MAX_PROBES) {
      lost.push({ low: next.low, high: next.high, rows: "", cause: attempt.cause });
    } else {
      pending.push(...(halve(next) as (KeyRange & { kind: "rowid" })[]).reverse());
    }
  }
  return lost;
}

function* fromBothEnds(attempt: Attempt, range: Exclude<KeyRange, { kind: "rowid" }>, limit: number): Generator<Piece, LostRows[]> {
  const before = yield* readUntilDamage(attempt, range, limit);
  if (before.complete) return [];
  const reversed = range.kind === "key" ? yield* readUntilDamage(attempt, { ...range, offset: 0n, reverse: true }, limit) : null;
  const after = reversed?.offset ?? 0n;
  return [{ rows: `the rows between the first ${before.offset} and the last ${after} of a range`, cause: attempt.cause }];
}

/** Reads on with half the rows after each failure, until not even one more can be read; gives the offset that it came to. */
function* readUntilDamage(
  attempt: Attempt,
  range: Exclude<KeyRange, { kind: "rowid" }>,
  limit: number,
): Generator<Piece, { offset: bigint; complete: boolean }> {
  let [offset, count] = [range.offset, limit];
  while (count >= 1) {
    const piece = attempt.unload({ ...range, offset }, count);
    if (piece === null) {
      count = Math.floor(count / 2);
      continue;
    }
    if (piece.rows > 0) yield piece;
    offset += BigInt(piece.rows);
    if (piece.rest === null) return { offset, complete: true };
  }
  return { offset, complete: false };
}

function mergeNeighbours(lost: readonly (LostRows | LostRange)[]): LostRows[] {
  const merged: (LostRows | LostRange)[] = [];
  for (const range of lost) {
    const last = merged.at(-1);
    if (last && "low" in last && "low" in range && last.high + 1n === range.low && last.cause === range.cause) {
      merged[merged.length - 1] = { ...last, high: range.high };
    } else {
      merged.push(range);
    }
  }
  return merged.map((range) => ({ cause: range.cause, rows: "low" in range ? describe(range) : range.rows }));
}

function describe({ low, high }: LostRange): string {
  return low === high ? `rowid ${low}` : `rowids ${low} to ${high}`;
}

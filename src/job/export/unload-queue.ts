import { halve, type KeyRange } from "../../sqlite/key-range.ts";
import type { Unloaded, UnloadTable } from "../../worker/messages.ts";

/** Place of a piece among the rows of its table. */
export type Rank = readonly [bigint, bigint];

/** A range of a table that waits for a worker, or that one is working on. */
export interface UnloadItem {
  /** Tells it from all others of the job, over all of its runs. */
  readonly id: number;
  readonly table: TableUnload;
  readonly range: KeyRange;
  /** Which of the table's ranges it came from, in the order of the keys. */
  readonly cut: bigint;
  /** The number of the worker that has what is left at hand, and finishes it: to another the rest may be other rows. */
  readonly holder?: number;
}

/** A piece of a table, numbered in the order of writing. */
export interface TablePiece {
  readonly piece: number;
  readonly rank: Rank;
  readonly rows: number;
  /** Of the piece image. */
  readonly bytes: number;
}

/** What is known of a table while its rows are unloaded. */
export class TableUnload {
  readonly table: UnloadTable;
  /** Guess at the beginning, truth at the end. */
  estimatedBytes: number;
  rows = 0;
  bytes = 0;
  /** Pieces by their number, with the place of their rows. */
  readonly pieces: TablePiece[] = [];
  readonly lost: { readonly rows: string; readonly cause: string }[] = [];
  waiting = 0;
  inProgress = 0;
  readonly #whole: KeyRange | null;

  constructor(table: UnloadTable, whole: KeyRange | null, estimatedBytes: number) {
    this.table = table;
    this.#whole = whole;
    this.estimatedBytes = estimatedBytes;
  }

  /** Whether values change places among its rows: then no part of it may be a single row. */
  get isShuffled(): boolean {
    return this.table.remaps.some(({ called }) => called.name === "SHUFFLE");
  }

  get isDone(): boolean {
    return this.waiting === 0 && this.inProgress === 0;
  }

  /** Adds a piece and gives it its number. */
  addPiece(rank: Rank, rows: number, bytes: number): TablePiece {
    const piece = { piece: this.pieces.length + 1, rank, rows, bytes };
    this.takePiece(piece);
    return piece;
  }

  /** Adds a piece of an earlier run. */
  takePiece(piece: TablePiece): void {
    this.pieces.push(piece);
    this.rows += piece.rows;
    this.bytes += piece.bytes;
    this.estimatedBytes = Math.max(this.estimatedBytes, this.bytes);
  }

  /** The pieces in the order of their rows. */
  orderedPieces(): readonly { readonly piece: number; readonly rows: number }[] {
    return [...this.pieces].sort((a, b) => compareRanks(a.rank, b.rank));
  }

  /** How many pieces a range may still give, as far as the rows so far tell. */
  expectedPieces(range: KeyRange, rowsPerPiece: number): number {
    if (range.kind !== "rowid" || this.#whole?.kind !== "rowid") return 1;
    const width = Number(this.#whole.high - this.#whole.low + 1n);
    const share = Number(range.high - range.low + 1n) / width;
    const rows = share * Math.max(this.rows, width);
    return Math.min(rows, Number(range.high - range.low + 1n)) / rowsPerPiece;
  }
}

/**
 * The ranges that are still to be unloaded. Large tables come first; what a worker leaves of a range it goes on with itself,
 * unless others are idle: then the rest is halved.
 */
export class UnloadQueue {
  readonly #waiting: UnloadItem[] = [];
  #lastId = 0;

  constructor(items: readonly UnloadItem[]) {
    const byBytes = [...items].sort((a, b) => b.table.estimatedBytes - a.table.estimatedBytes);
    for (const item of byBytes) this.#add(item, "last");
    this.#lastId = Math.max(0, ...items.map(({ id }) => id));
  }

  /** @param worker the number of the one who asks; `isLeaving`: it begins nothing new */
  take({ worker, isLeaving }: { readonly worker: number; readonly isLeaving: boolean }): UnloadItem | null {
    const held = this.#waiting.findIndex(({ holder }) => holder === worker);
    const place = held >= 0 || isLeaving ? held : this.#waiting.findIndex(({ holder }) => holder === undefined);
    const [item] = place < 0 ? [] : this.#waiting.splice(place, 1);
    if (item === undefined) return null;
    item.table.waiting -= 1;
    item.table.inProgress += 1;
    return item;
  }

  /**
   * Takes back from a worker what is left of an item; `idle` is the number of workers that have nothing to do.
   * @returns what is left, as the items that it has become
   */
  giveBack(
    item: UnloadItem,
    { rest, rowsPerPiece }: Unloaded,
    { worker, idle }: { readonly worker: number; readonly idle: number },
  ): readonly UnloadItem[] {
    const ranges = rest.length === 1 ? rest.flatMap((range) => this.#share(item.table, range, rowsPerPiece, idle)) : rest;
    const left = ranges.map((range, i) => ({
      id: (this.#lastId += 1),
      table: item.table,
      range,
      cut: rest.length > 1 ? BigInt(i) : item.cut,
      ...(range.kind === "scan" ? { holder: worker } : {}),
    }));
    // In front, so that a table is finished before the next is begun.
    for (const part of [...left].reverse()) this.#add(part, "first");
    item.table.inProgress -= 1;
    return left;
  }

  #share(table: TableUnload, range: KeyRange, rowsPerPiece: number, idle: number): KeyRange[] {
    return idle > 0 && !table.isShuffled && table.expectedPieces(range, rowsPerPiece) > 2 ? halve(range) : [range];
  }

  #add(item: UnloadItem, where: "first" | "last"): void {
    if (where === "first") this.#waiting.unshift(item);
    else this.#waiting.push(item);
    item.table.waiting += 1;
  }
}

/** The items with which an export begins: every table whole. */
export function firstItems(tables: readonly { readonly unload: TableUnload; readonly range: KeyRange | null }[]): UnloadItem[] {
  return tables.flatMap(({ unload, range }, i) =>
    range === null ? [] : [{ id: i + 1, table: unload, range, cut: BigInt(i + 1) }],
  );
}

/** Where the rows of a piece belong: by the first rowid of its range, or by cut and offset; salvaged ones in the order they come in. */
export function rankOf(item: UnloadItem, salvaged: number): Rank {
  const order = BigInt(salvaged);
  if (item.range.kind === "rowid") return [item.range.low, order];
  return [item.cut, item.range.offset + order];
}

function compareRanks(a: Rank, b: Rank): number {
  const [x, y] = a[0] === b[0] ? [a[1], b[1]] : [a[0], b[0]];
  return x < y ? -1 : Number(x > y);
}

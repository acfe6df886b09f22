import { closeSync, openSync, readSync } from "node:fs";
import type { Connection } from "./database.ts";

/** The rowids that a leaf page of a table is responsible for. */
export interface Leaf {
  readonly low: bigint;
  readonly high: bigint;
  /** Those that it holds, ascending; null when the page, or one above it, can't be read. */
  readonly rowids: readonly bigint[] | null;
}

const INTERIOR = 0x05;
const LEAF = 0x0d;
const FILE_HEADER = 100;
/** SQLite's own limit. */
const MAX_DEPTH = 20;

/**
 * Reads the b-tree of a rowid table from the pages of a file, where SQLite itself refuses to go on. The file must be a
 * private copy: reading it beside SQLite drops the locks on it. Layout: "Database File Format", section 1.6.
 */
export class TablePages {
  readonly #descriptor: number;
  readonly #pageSize: number;
  readonly #root: number;

  constructor(copy: Connection, table: string) {
    this.#pageSize = Number(copy.pragma("main.page_size", { simple: true }));
    this.#root = copy
      .prepare("SELECT rootpage FROM main.sqlite_schema WHERE type = 'table' AND name = ?")
      .pluck()
      .get(table) as number;
    this.#descriptor = openSync(copy.name, "r");
  }

  /** The leaves from the one on that is responsible for a rowid, in order. */
  leavesFrom(rowid: bigint): Generator<Leaf, void> {
    return this.#leaves(this.#root, { low: -(2n ** 63n), high: 2n ** 63n - 1n }, rowid, 0);
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  *#leaves(page: number, range: { low: bigint; high: bigint }, from: bigint, depth: number): Generator<Leaf, void> {
    const bytes = this.#read(page);
    const header = page === 1 ? FILE_HEADER : 0;
    const kind = bytes?.[header];
    const children = bytes !== null && kind === INTERIOR && depth < MAX_DEPTH ? childrenOf(bytes, header, range) : null;
    if (children === null) {
      yield { ...range, rowids: bytes !== null && kind === LEAF ? rowidsOf(bytes, header, range) : null };
      return;
    }
    for (const child of children) if (child.high >= from) yield* this.#leaves(child.page, child, from, depth + 1);
  }

  #read(page: number): Buffer | null {
    const bytes = Buffer.alloc(this.#pageSize);
    const length = page < 1 ? 0 : readSync(this.#descriptor, bytes, 0, this.#pageSize, (page - 1) * this.#pageSize);
    return length === this.#pageSize ? bytes : null;
  }
}

interface Child {
  readonly page: number;
  readonly low: bigint;
  readonly high: bigint;
}

/** The children of an interior page; null when its keys are not ascending within the range that its parent gives it. */
function childrenOf(bytes: Buffer, header: number, range: { low: bigint; high: bigint }): readonly Child[] | null {
  const cells = cellsOf(bytes, header, 12);
  if (cells === null) return null;
  const children: Child[] = [];
  let low = range.low;
  for (const cell of cells) {
    const key = varint(bytes, cell + 4);
    if (key === null || key.value < low || key.value > range.high) return null;
    children.push({ page: bytes.readUInt32BE(cell), low, high: key.value });
    low = key.value + 1n;
  }
  children.push({ page: bytes.readUInt32BE(header + 8), low, high: range.high });
  return children;
}

function rowidsOf(bytes: Buffer, header: number, range: { low: bigint; high: bigint }): readonly bigint[] | null {
  const rowids: bigint[] = [];
  for (const cell of cellsOf(bytes, header, 8) ?? [bytes.length]) {
    const payload = varint(bytes, cell);
    const rowid = payload === null ? null : varint(bytes, payload.end);
    if (rowid === null || rowid.value < (rowids.at(-1) ?? range.low - 1n) + 1n || rowid.value > range.high) return null;
    rowids.push(rowid.value);
  }
  return rowids;
}

/** Offsets of the cells of a page, in key order; null when they are not within the page. */
function cellsOf(bytes: Buffer, header: number, headerLength: number): readonly number[] | null {
  const count = bytes.readUInt16BE(header + 3);
  const first = header + headerLength;
  if (first + 2 * count > bytes.length) return null;
  const cells = Array.from({ length: count }, (_, i) => bytes.readUInt16BE(first + 2 * i));
  return cells.every((cell) => cell >= first + 2 * count && cell + 4 < bytes.length) ? cells : null;
}

/** SQLite's variable-length integer: 1 to 9 bytes, 7 bits each, the ninth 8; signed. */
function varint(bytes: Buffer, start: number): { readonly value: bigint; readonly end: number } | null {
  let value = 0n;
  for (let i = 0; i < 9; i++) {
    const byte = bytes[start + i];
    if (byte === undefined) return null;
    if (i === 8) return { value: BigInt.asIntN(64, (value << 8n) | BigInt(byte)), end: start + 9 };
    value = (value << 7n) | BigInt(byte & 0x7f);
    if (byte < 0x80) return { value, end: start + i + 1 };
  }
  return null;
}

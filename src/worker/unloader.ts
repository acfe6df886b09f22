import { mkdtempSync, readSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compress, type CompressionAlgorithm } from "../format/compression.ts";
import { ReusedBuffer } from "../base/reused-buffer.ts";
import type { Connection } from "../sqlite/database.ts";
import { pumpError } from "../base/errors.ts";
import { failpoint } from "../base/failpoint.ts";
import { countSql, cutByKey, everyRow, rangeSql, type KeyRange } from "../sqlite/key-range.ts";
import { findBrokenKey } from "../sqlite/masked-keys.ts";
import type { Replacements } from "../sqlite/replacement.ts";
import { salvage, type LostRows } from "../sqlite/salvage.ts";
import { beginSnapshot, openSource, sourceError } from "../sqlite/source.ts";
import { isUnreadable, PIECE_TARGET, SnapshotLost, Stage, type Piece } from "../sqlite/stage.ts";
import { RowCopy } from "../sqlite/row-copy.ts";
import { isFleetingView } from "../sqlite/fleeting-view.ts";
import type { Maskers } from "./maskers.ts";
import type { Unloaded, UnloadedPiece, UnloadTable, WorkerRequest } from "./messages.ts";

const ALWAYS_OTHERS = "a table that it reads is damaged, and the view has other rows each time that it is read";
/** Rows of the first piece of a table, while the size of its rows isn't known. */
const FIRST_ROWS = 10_000;
const MAX_ROWS = 1_000_000;

/** The export side of a worker: its source connections and what it knows of the tables that it has read. */
export class Unloader {
  readonly #sources = new Map<string, Connection>();
  readonly #rowsPerPiece = new Map<number, number>();
  /** By schema: what reads rows that have no key. */
  readonly #rowCopies = new Map<string, RowCopy>();
  readonly #copies = new Map<string, { connection: Connection; folder: string }>();
  readonly #withRows = new Set<string>();
  readonly #compression: CompressionAlgorithm;
  readonly #maskers: Maskers;
  readonly #pages = new ReusedBuffer();
  #salvage: { table: UnloadTable; pieces: Generator<Piece, LostRows[]> } | null = null;

  constructor({ sources, compression }: WorkerRequest & { do: "open sources" }, maskers: Maskers) {
    this.#compression = compression;
    this.#maskers = maskers;
    for (const { schema, path, readsViews } of sources) {
      const source = openSource(schema, path);
      this.#sources.set(schema, source);
      if (readsViews === true || RowCopy.mayHideRowids(source)) this.#rowCopies.set(schema, new RowCopy(schema, path));
    }
  }

  beginSnapshot(): void {
    for (const [schema, source] of this.#sources) {
      try {
        beginSnapshot(source);
        this.#rowCopies.get(schema)?.begin();
      } catch (error) {
        throw sourceError(schema, source.name, error);
      }
    }
  }

  endSnapshot(): void {
    for (const copy of this.#rowCopies.values()) copy.end();
    for (const source of this.#sources.values()) if (source.inTransaction) source.exec("ROLLBACK");
  }

  /** The tables of the file can then be named in filters; it may go when it is open. */
  attachRows(schema: string, path: string): void {
    attach(this.#source(schema), path);
    this.#withRows.add(schema);
  }

  async unload(table: UnloadTable, range: KeyRange): Promise<Unloaded> {
    const replacements = await this.#maskers.replacementsOf(table.remaps);
    try {
      if (this.#copies.has(table.schema)) return await this.#beginSalvage(table, range, replacements);
      return this.#unload(table, range, replacements);
    } catch (error) {
      if (error instanceof SnapshotLost) throw error;
      if (isBeyondThisBuild(error)) return this.#answer(table, null, [], { lost: [{ rows: "its rows", cause: error.message }] });
      if (!isUnreadable(error)) throw error;
      return await this.#beginSalvage(table, range, replacements);
    }
  }

  /** @throws TSDP-00060 when rows would have equal values in a key. Of a damaged table only the import can tell. */
  async checkKeys({ schema, shape, filter, remaps }: UnloadTable): Promise<void> {
    const replacements = await this.#maskers.replacementsOf(remaps);
    const columns = remaps.map(({ column }) => column);
    try {
      const key = findBrokenKey(this.#source(schema), shape, columns, filter, replacements);
      const remap = remaps.find(({ column }) => key?.includes(column) === true);
      if (key === null || remap === undefined) return;
      const reason = `two rows of its table could have the same values in the key (${key.join(", ")})`;
      throw pumpError([["TSDP-00060", remap.shown, reason]], "Take a function that keeps values apart, such as MASK.HASH.");
    } catch (error) {
      if (!isUnreadable(error)) throw error;
    }
  }

  /** The next piece out of a damaged range. */
  continueSalvage(): Unloaded {
    if (this.#salvage === null) throw new Error("nothing is being salvaged");
    const { table, pieces } = this.#salvage;
    const next = pieces.next();
    if (next.done !== true) return this.#answer(table, next.value, [], { salvaging: true });
    this.#salvage = null;
    return this.#answer(table, null, [], { lost: next.value });
  }

  readPages({ descriptor, offset, length, pages }: WorkerRequest & { do: "read pages" }): UnloadedPiece {
    const image = this.#pages.take(length);
    for (let done = 0; done < length;) {
      const read = readSync(descriptor, image, done, length - done, offset + done);
      if (read === 0) throw new Error("the schema file has fewer pages than SQLite says");
      done += read;
    }
    return { rows: pages, images: [this.#encode(image)] };
  }

  /** Rows of the table by SQLite's own count: as they were copied, over any of its indexes (-1 when that one is damaged), or over the table itself. */
  count(table: UnloadTable, byTable: boolean): number {
    const { shape, filter } = table;
    const copied = this.#rowCopies.get(table.schema)?.rowsOf(shape);
    if (copied !== undefined) return copied;
    const { from, where } = rangeSql(shape, everyRow(shape), filter);
    const count = byTable ? `SELECT count(*) FROM ${from} WHERE ${where}` : countSql(shape, filter);
    try {
      return this.#source(table.schema).prepare(count).pluck().get() as number;
    } catch (error) {
      if (!byTable && isBeyondThisBuild(error)) return this.count(table, true);
      if (byTable || !isUnreadable(error)) throw error;
      return -1;
    }
  }

  close(): void {
    this.endSnapshot();
    for (const copy of this.#rowCopies.values()) copy.close();
    for (const source of this.#sources.values()) source.close();
    for (const { connection, folder } of this.#copies.values()) {
      connection.close();
      rmSync(folder, { recursive: true, force: true });
    }
  }

  #unload(table: UnloadTable, range: KeyRange, replacements: Replacements): Unloaded {
    const source = this.#source(table.schema);
    const limit = this.#rowsPerPiece.get(table.object) ?? FIRST_ROWS;
    const piece = this.#piece(table, range, limit, replacements);
    this.#learn(table, piece);
    if (isView(range) && piece.rest !== null && isFleetingView(source, table.shape.name))
      return this.#answer(table, piece, [piece.rest], { isRepeatable: false });
    // Of a part of its own a single row may be all, which could not change places with others.
    if (piece.rest !== null && isUncut(range) && replacements.shuffled.length === 0) {
      // Never more than fitted just now: then there is at least one cut, unless no key is fit to be one.
      const every = Math.min(piece.rows, this.#rowsPerPiece.get(table.object) ?? FIRST_ROWS);
      const ranges = cutByKey(source, table.shape, every);
      if (ranges.length > 1) return this.#answer(table, null, ranges);
    }
    return this.#answer(table, piece, piece.rest === null ? [] : [piece.rest]);
  }

  #piece({ schema, shape, filter }: UnloadTable, range: KeyRange, limit: number, replacements: Replacements): Piece {
    const copy = this.#rowCopies.get(schema);
    if (range.kind === "scan" && copy !== undefined) return copy.unload({ shape, filter, replacements }, range, limit);
    return new Stage(this.#source(schema)).unload(shape, range, limit, filter, replacements);
  }

  /** SQLite has refused the connection further work: goes on with a private copy of the frozen state. */
  async #beginSalvage(table: UnloadTable, range: KeyRange, replacements: Replacements): Promise<Unloaded> {
    const together = table.remaps.find(({ isRowid, called }) => isRowid || called.name === "SHUFFLE");
    // Of lost rows the rowids are told, and what is left may be single rows.
    if (together !== undefined)
      throw pumpError([["TSDP-00060", together.shown, "its table is damaged, and its rows can't be read together"]]);
    if (isView(range) && isFleetingView(this.#source(table.schema), table.shape.name))
      return this.#answer(table, null, [], { lost: [{ rows: "its rows", cause: ALWAYS_OTHERS }] });
    const copy = await this.#copyOf(table.schema);
    const limit = this.#rowsPerPiece.get(table.object) ?? FIRST_ROWS;
    const pieces = salvage(copy, table.shape, range, limit, table.filter, replacements);
    this.#salvage = { table, pieces };
    return this.continueSalvage();
  }

  async #copyOf(schema: string): Promise<Connection> {
    const made = this.#copies.get(schema);
    if (made !== undefined) return made.connection;
    const folder = mkdtempSync(join(tmpdir(), "tsdp-salvage-"));
    const path = join(folder, "copy.db");
    await this.#source(schema).backup(path);
    const connection = openSource(schema, path);
    if (this.#withRows.has(schema)) {
      const rows = join(folder, "rows.db");
      writeFileSync(rows, this.#source(schema).serialize({ attached: CHOSEN_ROWS }), { mode: 0o600 });
      attach(connection, rows);
    }
    this.#copies.set(schema, { connection, folder });
    return connection;
  }

  #answer(table: UnloadTable, piece: Piece | null, rest: readonly KeyRange[], more: Partial<Unloaded> = {}): Unloaded {
    const empty = piece === null || piece.rows === 0;
    if (!empty) failpoint("export piece unloaded");
    return {
      piece: empty ? null : { rows: piece.rows, images: imagesOf(piece).map((image) => this.#encode(image)) },
      rest,
      rowsPerPiece: this.#rowsPerPiece.get(table.object) ?? FIRST_ROWS,
      salvaging: false,
      isRepeatable: true,
      lost: [],
      ...more,
    };
  }

  #encode(image: Buffer): UnloadedPiece["images"][number] {
    return { rawLength: image.length, ...compress(image, this.#compression) };
  }

  #learn(table: UnloadTable, piece: Piece): void {
    if (piece.rows === 0) return;
    const bytes = imagesOf(piece).reduce((sum, { length }) => sum + length, 0);
    const rows = Math.floor((PIECE_TARGET * piece.rows) / bytes);
    this.#rowsPerPiece.set(table.object, Math.min(MAX_ROWS, Math.max(1, rows)));
  }

  #source(schema: string): Connection {
    const source = this.#sources.get(schema);
    if (source === undefined) throw new Error(`no source for schema ${schema}`);
    return source;
  }
}

/** Under which name the chosen rows of a schema are attached. */
const CHOSEN_ROWS = "tsdp_rows";

function attach(connection: Connection, path: string): void {
  connection.prepare(`ATTACH ? AS ${CHOSEN_ROWS}`).run(path);
}

/** Whether the table needs what this SQLite has not: a collation of its application in the key, say. */
function isBeyondThisBuild(error: unknown): error is Error {
  return error instanceof Error && "code" in error && String(error.code).startsWith("SQLITE_ERROR");
}

function imagesOf({ image, second }: Piece): readonly Buffer[] {
  return second === null ? [image] : [image, second];
}

function isView(range: KeyRange): boolean {
  return range.kind === "scan" && range.ofView === true;
}

function isUncut(range: KeyRange): boolean {
  return range.kind === "key" && range.after === null && range.upTo === null && range.offset === 0n;
}

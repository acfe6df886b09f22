import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readPiece, type OpenFile } from "../dump/piece-reader.ts";
import { isSystemTable, type DumpObject } from "../metadata/dump-object.ts";
import { addDifferences, compareByRowid, NO_DIFFERENCES, RowStore, type RowDifferences } from "../sqlite/compare-rows.ts";
import type { Connection } from "../sqlite/database.ts";
import { joinImages, wholeShape } from "../sqlite/join-images.ts";
import { removePieceImages, rowidsOf, secondImagePath, writePieceImage } from "../sqlite/piece-image.ts";
import { pieceLayout } from "../sqlite/piece-table.ts";
import type { RowFilter } from "../sqlite/row-filter.ts";
import type { TableShape, TextEncoding } from "../sqlite/schema.ts";
import { hasKnownCollations } from "../sqlite/staging.ts";
import { allLiveRows, liveRows } from "./live-rows.ts";
import type { PieceOfRows } from "./master.ts";

const FIRST_ROWID = -(2n ** 63n);
const LAST_ROWID = 2n ** 63n - 1n;
const OWNER_ONLY = 0o600;

/** A table of the dump, and the live one of its name. */
export interface TablePair {
  readonly object: DumpObject;
  /** Of the dump. */
  readonly shape: TableShape;
  readonly live: TableShape;
  /** In the order of the rows. */
  readonly pieces: readonly PieceOfRows[];
  /** Which live rows are meant; null: all. */
  readonly filter: RowFilter | null;
  readonly encoding: TextEncoding;
}

/** Compares the rows of tables of one live schema with those of a dump, without making objects of them. */
export class TableComparer {
  readonly #live: Connection;
  readonly #openFile: OpenFile;
  readonly #folder = mkdtempSync(join(tmpdir(), "tsdp-compare-"));

  /** @param live in a read transaction, which all comparisons share */
  constructor(live: Connection, openFile: OpenFile) {
    this.#live = live;
    this.#openFile = openFile;
  }

  async compare(pair: TablePair): Promise<RowDifferences> {
    const isByRowid = pair.shape.rowid !== null && !isSystemTable(pair.object);
    return isByRowid ? this.#compareByRowid(pair) : this.#compareInStore(pair);
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Piece by piece: the rowids from one piece to the next are looked up live. */
  async #compareByRowid(pair: TablePair): Promise<RowDifferences> {
    const layout = pieceLayout(wholeShape(pair.shape));
    let found = NO_DIFFERENCES;
    let low = FIRST_ROWID;
    for (const [i, { rows }] of pair.pieces.entries()) {
      const path = await this.#writePiece(pair, i);
      const [first, last] = rowidsOf(path, layout);
      if (first < low) throw new RangeError("the rows of the dump are not in the order of their rowids");
      const high = i === pair.pieces.length - 1 ? LAST_ROWID : last;
      for await (const live of liveRows(this.#live, shapeOf(pair), { kind: "rowid", low, high }, pair.filter, rows + 1)) {
        if (live.range.kind === "rowid") found = addDifferences(found, compareByRowid(live.image, path, layout, live.range));
      }
      low = high + 1n;
      removePieceImages(path);
    }
    return pair.pieces.length > 0 ? found : this.#countLive(pair);
  }

  async #countLive(pair: TablePair): Promise<RowDifferences> {
    let found = NO_DIFFERENCES;
    for await (const { rows } of allLiveRows(this.#live, shapeOf(pair), pair.filter))
      found = addDifferences(found, { ...NO_DIFFERENCES, onlyLive: rows });
    return found;
  }

  /** Both sides are copied beside each other first. */
  async #compareInStore(pair: TablePair): Promise<RowDifferences> {
    const path = this.#newFile("rows.db");
    const store = new RowStore(path, pair.encoding, pair.shape.columns.length);
    try {
      for (const i of pair.pieces.keys()) {
        const piece = await this.#writePiece(pair, i);
        store.add("dump", piece);
        removePieceImages(piece);
      }
      const image = join(this.#folder, "live.db");
      for await (const live of allLiveRows(this.#live, shapeOf(pair), pair.filter)) {
        writeFileSync(image, live.image, { mode: OWNER_ONLY });
        store.add("live", image);
      }
      return store.compare(keyOf(pair));
    } finally {
      store.close();
      removePieceImages(path);
    }
  }

  /** The path of an empty file for a database: SQLite would make it readable by others. */
  #newFile(name: string): string {
    const path = join(this.#folder, name);
    writeFileSync(path, "", { mode: OWNER_ONLY });
    return path;
  }

  async #writePiece({ shape, pieces }: TablePair, i: number): Promise<string> {
    const piece = pieces[i];
    if (piece === undefined) throw new RangeError("no such piece");
    const path = join(this.#folder, "piece.db");
    writePieceImage(path, await readPiece(piece.location, this.#openFile), pieceLayout(shape));
    if (piece.second === null) return path;
    writePieceImage(secondImagePath(path), await readPiece(piece.second, this.#openFile), pieceLayout(shape, 1));
    const joined = this.#newFile("joined.db");
    joinImages(path, shape, joined);
    removePieceImages(path);
    return joined;
  }
}

/** The live table as it is read: the columns of the dump in their order. */
function shapeOf({ live, shape }: TablePair): TableShape {
  return { ...live, columns: shape.columns };
}

/** The primary key of a WITHOUT ROWID table, if its rows can be found by it. */
function keyOf({ object, shape }: TablePair): Parameters<RowStore["compare"]>[0] {
  const key = shape.constraints.find(({ kind }) => kind === "PRIMARY KEY");
  if (isSystemTable(object) || !shape.withoutRowid || key === undefined || !hasKnownCollations(shape)) return [];
  return key.columns.map((column) => ({ ...column, column: shape.columns.indexOf(column.name ?? "") }));
}

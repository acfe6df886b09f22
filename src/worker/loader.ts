import { closeSync, openSync, writeSync } from "node:fs";
import { OpenFiles } from "../dump/open-files.ts";
import type { PieceLocation } from "../dump/piece.ts";
import { readPiece } from "../dump/piece-reader.ts";
import { sumSegment, type SegmentSums } from "../dump/verify.ts";
import { failpoint } from "../base/failpoint.ts";
import { ReusedBuffer } from "../base/reused-buffer.ts";
import { openDatabase, type Connection } from "../sqlite/database.ts";
import { loadFiltered, typePiece } from "../sqlite/filtered-piece.ts";
import { badImageAs } from "../sqlite/image-fault.ts";
import { checkPageImage } from "../sqlite/page-image.ts";
import { removePieceImages, removeTypedImage, secondImagePath, writePieceImage } from "../sqlite/piece-image.ts";
import { pieceLayout, type PieceLayout } from "../sqlite/piece-table.ts";
import { commitPublication, preparePublication } from "../sqlite/publish.ts";
import type { PublishEvent } from "../sqlite/publish-plan.ts";
import { loadPiece } from "../sqlite/load-piece.ts";
import { BUSY_TIMEOUT_MS, dropProgressTable, prepareLoading, type CopiedRows } from "../sqlite/staging.ts";
import { checkTarget, type TargetProblems } from "../sqlite/target.ts";
import { NO_PLACE_KEYS, openPlaces, type PlaceKeys } from "../storage/place-keys.ts";
import type { Maskers } from "./maskers.ts";
import type { WorkerRequest } from "./messages.ts";

/** Threads that SQLite may add for sorting an index, and the memory for it in KiB. */
const SORTER_THREADS = 2;
const INDEX_CACHE_KIB = 4 * 1024;

/** The import side of a worker. */
export class Loader {
  #files = new OpenFiles(openPlaces(NO_PLACE_KEYS));
  readonly #targets = new Map<string, Connection>();
  readonly #images = new Set<string>();
  readonly #maskers: Maskers;
  /** Files that pages are written to, by their paths. */
  readonly #pageFiles = new Map<string, number>();
  readonly #raw = new ReusedBuffer();
  /** Of the schema file whose publication waits for its commit. */
  #prepared: Connection | null = null;
  #decoded: { imagePath: string; dumpFile: string } | null = null;

  constructor(maskers: Maskers) {
    this.#maskers = maskers;
  }

  /** Before any file is read. */
  enter(places: PlaceKeys): void {
    this.#files = new OpenFiles(openPlaces(places));
  }

  async sumSegments({ path, ranges, algorithm }: WorkerRequest & { do: "sum segments" }): Promise<readonly SegmentSums[]> {
    const reader = await this.#files.open(path);
    const sums: SegmentSums[] = [];
    for (const range of ranges) sums.push(await sumSegment(reader, range, algorithm));
    return sums;
  }

  /** Reads a piece and checks it as far as it can be without its target. */
  async decode({ location, second, table, rows, filter, imagePath }: WorkerRequest & { do: "decode" }): Promise<void> {
    const { shape } = table;
    const dumpFile = location.segments[0]?.path ?? "";
    this.#decoded = { imagePath, dumpFile };
    this.#images.add(imagePath);
    await this.#writeImage(location, imagePath, pieceLayout(shape));
    if (second !== null) await this.#writeImage(second, secondImagePath(imagePath), pieceLayout(shape, 1));
    if (filter === null) return;
    badImageAs(dumpFile, () => {
      removeTypedImage(imagePath);
      typePiece(imagePath, table, rows, filter);
    });
  }

  async #writeImage(location: PieceLocation, path: string, layout: PieceLayout): Promise<void> {
    const raw = await readPiece(location, this.#files.open, this.#raw.take);
    badImageAs(location.segments[0]?.path ?? "", () => {
      writePieceImage(path, raw, layout);
    });
  }

  /** Loads the decoded piece into its staging table. */
  async load({ path, durable, table, rows, mark, remaps, filter }: WorkerRequest & { do: "load" }): Promise<CopiedRows> {
    const replacements = await this.#maskers.replacementsOf(remaps);
    if (this.#decoded === null) throw new Error("no piece is decoded");
    const { imagePath, dumpFile } = this.#decoded;
    const target = this.#target(path, durable);
    return badImageAs(dumpFile, () => {
      if (filter !== null) return loadFiltered(target, imagePath, table, filter, mark, replacements);
      return { rows, rejected: loadPiece(target, imagePath, table, rows, mark, replacements) };
    });
  }

  /** Writes pages to a file that no connection holds. */
  async placePages({ location, path, offset }: WorkerRequest & { do: "place pages" }): Promise<void> {
    const raw = await readPiece(location, this.#files.open, this.#raw.take);
    const file = this.#pageFiles.get(path) ?? openSync(path, "r+");
    this.#pageFiles.set(path, file);
    for (let done = 0; done < raw.length;) done += writeSync(file, raw, done, raw.length - done, offset + done);
  }

  checkPages({ path, dumpFile, facts }: WorkerRequest & { do: "check pages" }): readonly string[] {
    return badImageAs(dumpFile, () => checkPageImage(path, facts));
  }

  /** Gives up the targets and the last piece. */
  endLoading(): void {
    for (const file of this.#pageFiles.values()) closeSync(file);
    this.#pageFiles.clear();
    for (const target of this.#targets.values()) target.close();
    this.#targets.clear();
    for (const image of this.#images) removePieceImages(image);
    this.#images.clear();
    this.#decoded = null;
  }

  /** The transaction stays open until `commitPublication`. */
  preparePublication(
    { path, durable, plan }: WorkerRequest & { do: "prepare publication" },
    report: (event: PublishEvent) => void,
  ): void {
    const connection = openDatabase(path, { mustExist: true, timeout: BUSY_TIMEOUT_MS });
    try {
      connection.pragma(`threads = ${SORTER_THREADS}`);
      connection.pragma(`cache_size = -${INDEX_CACHE_KIB}`);
      preparePublication(connection, durable, plan, report);
    } catch (error) {
      connection.close();
      throw error;
    }
    this.#prepared = connection;
  }

  commitPublication(): void {
    if (this.#prepared === null) throw new Error("no publication is prepared");
    try {
      commitPublication(this.#prepared);
    } finally {
      this.#givePreparedUp();
    }
  }

  dropMark({ path, durable, progress }: WorkerRequest & { do: "drop mark" }): void {
    const connection = openDatabase(path, { mustExist: true });
    try {
      prepareLoading(connection, durable);
      dropProgressTable(connection, progress);
    } finally {
      connection.close();
    }
    failpoint("import mark dropped");
  }

  /** What is not committed is undone. */
  #givePreparedUp(): void {
    this.#prepared?.close();
    this.#prepared = null;
  }

  check({ path, tables, ...named }: Extract<WorkerRequest, { do: "check" }>): TargetProblems {
    const connection = openDatabase(path, { mustExist: true });
    try {
      return checkTarget(connection, tables, named);
    } finally {
      connection.close();
    }
  }

  async close(): Promise<void> {
    this.#givePreparedUp();
    this.endLoading();
    await this.#files.close();
  }

  #target(path: string, durable: boolean): Connection {
    const open = this.#targets.get(path);
    if (open !== undefined) return open;
    const target = openDatabase(path, { mustExist: true });
    this.#targets.set(path, target);
    prepareLoading(target, durable);
    return target;
  }
}

import { pumpError, type ErrorLine } from "../../base/errors.ts";
import { qualifiedName } from "../../base/identifiers.ts";
import { isSystemTable, type DumpObject } from "../../metadata/dump-object.ts";
import { objectPath, type ExportMode } from "../../metadata/object-paths.ts";
import type { CopiedRows } from "../../sqlite/staging.ts";
import type { Rejection } from "../../sqlite/rejected-rows.ts";
import { abortBefore } from "../abort-step.ts";
import type { Crew } from "../crew.ts";
import type { SchemaImport, TableLoad } from "./import-plan.ts";
import { completedLine, rowsLine, rowsMetrics } from "../log-lines.ts";
import type { JobRun, Progress } from "../run.ts";
import type { TargetSchema } from "./target-schema.ts";
import type { WorkerBoard } from "../worker-board.ts";
import type { WorkerThread } from "../worker-thread.ts";

/** The import of one schema into its file. */
export interface SchemaWork {
  readonly target: TargetSchema;
  readonly plan: SchemaImport;
  readonly objects: readonly DumpObject[];
}

/** All that an import does. */
export interface ImportWork {
  readonly works: readonly SchemaWork[];
  /** Mode of the export: its object paths begin with it. */
  readonly exportMode: ExportMode;
}

/** How far the rows of a table are loaded. */
export interface LoadProgress {
  rows: number;
  bytes: number;
  piecesLeft: number;
  rejected: number;
  /** When the first piece was taken up, in milliseconds; null: none yet. */
  begun: number | null;
}

/** How the rows of an import have come into their staging tables. */
export interface LoadedRows {
  progressOf(load: TableLoad): LoadProgress | undefined;
  /** The size that is told of a table's rows, in bytes; null: none. */
  sizeOf(progress: LoadProgress): number | null;
  progress(): Progress;
}

/** A piece that waits for a worker. */
interface LoadItem {
  readonly work: SchemaWork;
  readonly load: TableLoad;
  readonly progress: LoadProgress;
  readonly piece: TableLoad["pieces"][number];
  /** Fulfilled when it may be loaded: a file has one writer, and rows keep their order. Rejected when the one before it can't be. */
  readonly turn: Promise<void>;
  /** Settles the turn of the next one. */
  readonly pass: (loaded: Promise<void>) => void;
}

/** Brings the pieces of all tables into their staging tables, less those that an earlier run has brought. */
export class Loading implements LoadedRows {
  readonly #run: JobRun;
  readonly #crew: Crew;
  readonly #board: WorkerBoard;
  readonly #works: readonly SchemaWork[];
  readonly #exportMode: ExportMode;
  readonly #progressOf = new Map<TableLoad, LoadProgress>();
  readonly #items: readonly LoadItem[];
  readonly #totalBytes: number;

  constructor(run: JobRun, crew: Crew, board: WorkerBoard, { works, exportMode }: ImportWork) {
    this.#run = run;
    this.#crew = crew;
    this.#board = board;
    this.#works = works;
    this.#exportMode = exportMode;
    this.#items = works.flatMap((work) => this.#itemsOf(work));
    this.#totalBytes = works.flatMap(({ plan }) => plan.loads).reduce((sum, load) => sum + load.bytes, 0);
  }

  /** Bytes that are still to be loaded. */
  get bytesLeft(): number {
    return this.#items.reduce((sum, { piece }) => sum + piece.bytes, 0);
  }

  /** Returns when all pieces are loaded, or those that were begun when the job was told to stop. */
  async run(): Promise<void> {
    this.#tellComplete();
    const begin = Date.now();
    let next = 0;
    await this.#crew.run(async (worker) => {
      while (!this.#run.isStopping && this.#crew.goesOn(worker)) {
        const item = this.#items[next];
        if (item === undefined) break;
        abortBefore(this.#run, item.load.object.id);
        next += 1;
        const loaded = this.#load(worker, item);
        item.pass(loaded);
        await loaded;
      }
      await worker.call({ do: "end loading" });
      this.#board.end(worker.number);
    });
    const count = [...this.#progressOf.keys()].filter(({ object, withoutRows }) => !isSystemTable(object) && !withoutRows).length;
    if (!this.#run.isStopping && count > 0)
      this.#run.measure(1, completedLine(count, objectPath(this.#exportMode, "TABLE/TABLE_DATA"), (Date.now() - begin) / 1000));
  }

  progressOf(load: TableLoad): LoadProgress | undefined {
    return this.#progressOf.get(load);
  }

  sizeOf({ bytes }: LoadProgress): number {
    return bytes;
  }

  progress(): Progress {
    const loads = [...this.#progressOf.values()];
    return {
      bytes: loads.reduce((sum, load) => sum + load.bytes, 0),
      totalBytes: this.#totalBytes,
      rows: loads.reduce((sum, load) => sum + load.rows, 0),
      workers: this.#board.statuses(),
      files: [],
    };
  }

  /** The pieces of a schema, each with its turn at the file. */
  #itemsOf(work: SchemaWork): LoadItem[] {
    const loaded = new Map(work.target.loaded.map(({ object, piece, rejected }) => [`${object}/${piece}`, rejected]));
    let turn: Promise<void> = Promise.resolve();
    return work.plan.loads.flatMap((load) => {
      // What a filter has let through is in the staging table.
      const isUnknown = load.filter !== null && work.target.loaded.some(({ object }) => object === load.object.id);
      const rows = isUnknown && !work.target.isPublished ? work.target.countStaged(load.table.staging) : 0;
      const progress: LoadProgress = { rows, bytes: 0, piecesLeft: load.pieces.length, rejected: 0, begun: null };
      this.#progressOf.set(load, progress);
      return load.pieces.flatMap((piece) => {
        const rejected = work.target.isPublished ? 0 : loaded.get(`${load.object.id}/${piece.location.piece}`);
        if (rejected !== undefined) {
          advance(progress, piece, { rows: load.filter === null ? piece.rows : rejected, rejected });
          return [];
        }
        let pass: LoadItem["pass"] = () => undefined;
        const item = { work, load, progress, piece, turn };
        turn = new Promise((resolve) => {
          pass = resolve;
        });
        // The worker that can't load it tells why; there may be none that waits.
        turn.catch(() => undefined);
        return [{ ...item, pass }];
      });
    });
  }

  async #load(worker: WorkerThread, { work, load, progress, piece, turn }: LoadItem): Promise<void> {
    const { table, object, filter } = load;
    const { target } = work;
    progress.begun ??= Date.now();
    const path = objectPath(this.#exportMode, "TABLE/TABLE_DATA");
    this.#board.begin(
      worker.number,
      { schema: target.name, name: object.name },
      path,
      table.raw ? "DIRECT_PATH" : "CONVENTIONAL",
    );
    this.#run.progress(() => this.progress());
    const imagePath = target.imagePath(worker.number);
    await target.guard(
      worker.call({ do: "decode", location: piece.location, second: piece.second, table, rows: piece.rows, filter, imagePath }),
    );
    await turn;
    const { progress: progressTable, rejected: reasons } = work.plan.plan;
    const mark = { progress: progressTable, object: object.id, piece: piece.location.piece, rejected: reasons };
    const copied = await target.guard(
      worker.call({
        do: "load",
        path: target.workPath,
        durable: !target.isNew,
        table,
        rows: piece.rows,
        mark,
        remaps: load.remaps,
        filter,
      }),
    );
    advance(progress, piece, copied);
    if (progress.piecesLeft === 0) this.#tellLoaded(work, load, progress, worker.number);
    this.#board.advance(worker.number, { rows: progress.rows, bytes: progress.bytes, estimatedBytes: load.bytes });
    this.#run.progress(() => this.progress());
  }

  /** Tables of which nothing is left to load: those without rows, and those that an earlier run has loaded. */
  #tellComplete(): void {
    for (const work of this.#works) {
      for (const load of work.plan.loads) {
        const progress = this.#progressOf.get(load);
        if (progress?.piecesLeft === 0) this.#tellLoaded(work, load, progress);
      }
    }
  }

  #tellLoaded(work: SchemaWork, load: TableLoad, progress: LoadProgress, worker = 1): void {
    if (!isSystemTable(load.object) && !load.withoutRows) tellRows(this.#run, work, load, progress, progress.bytes, worker);
  }
}

/** Tells once that the rows of a table are loaded; those of an existing table are told when they are published. */
export function tellRows(
  run: JobRun,
  { target: { name: schema }, plan }: SchemaWork,
  { object, table }: TableLoad,
  { rows, rejected, begun }: LoadProgress,
  bytes: number | null,
  worker = 1,
): void {
  const isKept = plan.plan.rejected !== null;
  const reason = "they violate a UNIQUE or PRIMARY KEY of the table";
  const name = qualifiedName(schema, object.name);
  run.once(`rows ${schema} ${object.id}`, () => {
    if (rejected > 0 && !isKept)
      run.report(
        pumpError([
          ["ORA-31693", name],
          ["ORA-39224", rejected],
          ["TSDP-00010", reason],
        ]).lines,
      );
    const line = rowsLine("imported", schema, object.name, bytes, rows, isKept ? rows + rejected : rows);
    if (table.raw) run.say(rowsText(run, worker, line, begun, "direct_path"));
    if (rejected > 0 && isKept) run.report(rejectionLines(name, { rows: rejected, reason }));
  });
}

/** Each reason is one error of the job. */
export function rejectionLines(table: string, { rows, reason }: Rejection): readonly ErrorLine[] {
  return pumpError([
    ["ORA-39224", rows],
    ["TSDP-00010", `table ${table}: ${reason}`],
  ]).lines;
}

/** The line on the rows of a table; METRICS adds how long they took and how they came. */
export function rowsText(
  run: JobRun,
  worker: number,
  line: string,
  begun: number | null,
  method: "direct_path" | "conventional",
): string {
  const metrics = run.hasMetrics ? rowsMetrics((Date.now() - (begun ?? Date.now())) / 1000, method) : "";
  return run.ofWorker(worker, line) + metrics;
}

function advance(progress: LoadProgress, { bytes }: TableLoad["pieces"][number], { rows, rejected }: CopiedRows): void {
  progress.rejected += rejected;
  progress.rows += rows - rejected;
  progress.bytes += bytes;
  progress.piecesLeft -= 1;
}

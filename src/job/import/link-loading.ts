import { pumpError } from "../../base/errors.ts";
import { qualifiedName } from "../../base/identifiers.ts";
import { isSystemTable } from "../../metadata/dump-object.ts";
import { objectPath, type ExportMode } from "../../metadata/object-paths.ts";
import { abortBefore } from "../abort-step.ts";
import { tellRows, type ImportWork, type LoadedRows, type LoadProgress, type SchemaWork } from "./import-loading.ts";
import type { TableLoad } from "./import-plan.ts";
import type { LinkedImport, LinkedPiece, LinkedTable } from "./linked-import.ts";
import type { JobRun, Progress } from "../run.ts";
import type { WorkerBoard } from "../worker-board.ts";
import type { WorkerThread } from "../worker-thread.ts";

/** A schema of which there are tables to load. */
interface LinkedWork extends SchemaWork {
  /** The schema that is read. */
  readonly source: string;
}

/** Copies the rows of all tables from a link into their staging tables, less what an earlier run has copied of the same state. */
export class LinkLoading implements LoadedRows {
  readonly #run: JobRun;
  readonly #board: WorkerBoard;
  readonly #link: LinkedImport;
  readonly #works: readonly SchemaWork[];
  readonly #exportMode: ExportMode;
  readonly #tables = new Map<TableLoad, LinkedTable>();
  readonly #progressOf = new Map<TableLoad, LoadProgress>();
  #totalBytes = 0;
  #hasFailed = false;

  constructor(run: JobRun, board: WorkerBoard, link: LinkedImport, { works, exportMode }: ImportWork) {
    this.#run = run;
    this.#board = board;
    this.#link = link;
    this.#works = works;
    this.#exportMode = exportMode;
    for (const work of works) for (const load of work.plan.loads) this.#begin(work, load);
  }

  /** Returns when all rows are copied, or the pieces that were begun when the job was told to stop. */
  async run(): Promise<void> {
    const queues = new Map<WorkerThread, LinkedWork[]>();
    for (const work of this.#works.filter(({ target }) => !target.isPublished)) {
      const source = work.plan.loads[0]?.object.schema;
      const worker = source === undefined ? undefined : this.#link.workerOf(source);
      if (source === undefined || worker === undefined) continue;
      queues.set(worker, [...(queues.get(worker) ?? []), { ...work, source }]);
    }
    const copying = [...queues].map(([worker, works]) =>
      this.#work(worker, works).catch((error: unknown) => {
        this.#hasFailed = true;
        throw error;
      }),
    );
    // Nothing of the others is cut off.
    await Promise.allSettled(copying);
    await Promise.all(copying);
  }

  get #isEnding(): boolean {
    return this.#run.isStopping || this.#hasFailed;
  }

  progressOf(load: TableLoad): LoadProgress | undefined {
    return this.#progressOf.get(load);
  }

  /** Of rows that no dump holds no size is told. */
  sizeOf(): null {
    return null;
  }

  progress(): Progress {
    const loads = [...this.#progressOf.values()];
    return {
      bytes: Math.round(loads.reduce((sum, load) => sum + load.bytes, 0)),
      totalBytes: Math.round(this.#totalBytes),
      rows: loads.reduce((sum, load) => sum + load.rows, 0),
      workers: this.#board.statuses(),
      files: [],
    };
  }

  /** What an earlier run has copied is in the staging table, or nothing is. */
  #begin({ target }: SchemaWork, load: TableLoad): void {
    const table = load.withoutRows ? null : this.#link.tableOf(load);
    const pieces = table?.pieces ?? [];
    const copied = target.loaded.filter(({ object }) => object === load.object.id);
    const done = new Set(target.isPublished ? pieces.map(({ piece }) => piece) : copied.map(({ piece }) => piece));
    const left = pieces.filter(({ piece }) => !done.has(piece));
    const bytes = (of: readonly LinkedPiece[]) => of.reduce((sum, piece) => sum + piece.bytes, 0);
    this.#totalBytes += bytes(pieces);
    this.#progressOf.set(load, {
      rows: copied.length > 0 && !target.isPublished ? target.countStaged(load.table.staging) : 0,
      bytes: bytes(pieces) - bytes(left),
      piecesLeft: left.length,
      rejected: copied.reduce((sum, { rejected }) => sum + rejected, 0),
      begun: null,
    });
    if (table !== null) this.#tables.set(load, { ...table, pieces: left });
  }

  async #work(worker: WorkerThread, works: readonly LinkedWork[]): Promise<void> {
    for (const { source, ...work } of works) {
      for (const load of work.plan.loads) {
        abortBefore(this.#run, load.object.id);
        await this.#copyTable(worker, work, load);
        if (this.#isEnding) return;
      }
      await work.target.guard(worker.call({ do: "end copying", schema: source }));
    }
    this.#board.end(worker.number);
  }

  async #copyTable(worker: WorkerThread, work: SchemaWork, load: TableLoad): Promise<void> {
    const { target, plan } = work;
    const { object, table } = load;
    const progress = this.#progressOf.get(load);
    const linked = this.#tables.get(load);
    if (progress === undefined) return;
    const way = table.raw ? "DIRECT_PATH" : "CONVENTIONAL";
    const path = objectPath(this.#exportMode, "TABLE/TABLE_DATA");
    this.#board.begin(worker.number, { schema: target.name, name: object.name }, path, way);
    for (const { piece, range, bytes } of linked?.pieces ?? []) {
      if (this.#isEnding) return;
      const mark = { progress: plan.plan.progress, object: object.id, piece, rejected: plan.plan.rejected };
      const place = { target: target.workPath, isOwn: target.isNew, table: linked?.table ?? noTable(), range };
      const { rows, rejected } = await target.guard(
        worker.call({ do: "copy", ...place, staging: table, mark, remaps: load.remaps }),
      );
      progress.rows += rows - rejected;
      progress.rejected += rejected;
      progress.bytes += bytes;
      progress.piecesLeft -= 1;
      this.#board.advance(worker.number, { rows: progress.rows, bytes: progress.bytes, estimatedBytes: this.#totalBytes });
      this.#run.progress(() => this.progress());
    }
    if (linked !== undefined) await this.#verifyCount(worker, work, load, linked);
    if (!load.withoutRows && !isSystemTable(object)) tellRows(this.#run, work, load, progress, null);
  }

  /** SQLite's own count is the judge of whether the pieces met every row once. @throws ORA-31693 when they did not */
  async #verifyCount(worker: WorkerThread, { target }: SchemaWork, load: TableLoad, { table }: LinkedTable): Promise<void> {
    const progress = this.#progressOf.get(load);
    const found = (progress?.rows ?? 0) + (progress?.rejected ?? 0);
    if (load.object.fromView === true) return;
    const rows = await target.guard(worker.call({ do: "count linked", table }));
    if (rows === found) return;
    const reason = `${found} rows were copied, but the table has ${rows}`;
    const name = qualifiedName(table.schema, load.object.name);
    throw pumpError(
      [["ORA-31693", name], ["ORA-02354"], ["TSDP-00010", reason]],
      "Check the source with PRAGMA integrity_check.",
    );
  }
}

function noTable(): never {
  throw new Error("a table without rows has no pieces");
}

import { failpoint } from "../../base/failpoint.ts";
import { encodePiece, PIECE_TYPE, type EncodedPiece } from "../../dump/piece.ts";
import type { DumpFileSetWriter, WrittenFile } from "../../dump/writer.ts";
import { isSystemTable, type DumpObject } from "../../metadata/dump-object.ts";
import { objectPath, type ExportMode } from "../../metadata/object-paths.ts";
import type { Unloaded } from "../../worker/messages.ts";
import { abortBefore } from "../abort-step.ts";
import type { Crew } from "../crew.ts";
import type { ExportCheckpoint } from "./export-checkpoint.ts";
import type { ExportPlan } from "./export-plan.ts";
import { reportLost, verifyCount } from "./export-verdict.ts";
import { completedLine, rowsLine, rowsMetrics } from "../log-lines.ts";
import { describeObject } from "./master.ts";
import type { JobRun, Progress } from "../run.ts";
import { rankOf, type TablePiece, type TableUnload, type UnloadItem, type UnloadQueue } from "./unload-queue.ts";
import { WorkerBoard } from "../worker-board.ts";
import type { WorkerThread } from "../worker-thread.ts";

/** What the rows of an export go through. */
export interface UnloadingParts {
  readonly crew: Crew;
  readonly plan: ExportPlan;
  readonly queue: UnloadQueue;
  readonly writer: DumpFileSetWriter;
  readonly checkpoint: ExportCheckpoint;
}

/** Brings the rows of all tables into the dump files, less those that an earlier run has brought. */
export class Unloading {
  readonly #run: JobRun;
  readonly #crew: Crew;
  readonly #plan: ExportPlan;
  readonly #queue: UnloadQueue;
  readonly #writer: DumpFileSetWriter;
  readonly #checkpoint: ExportCheckpoint;
  readonly #mode: ExportMode;
  readonly #board = new WorkerBoard();
  readonly #objects: ReadonlyMap<number, DumpObject>;
  readonly #checked = new Map<TableUnload, Promise<unknown>>();
  /** When the first range of each table was begun. */
  readonly #begun = new Map<TableUnload, number>();
  #idle: (() => void)[] = [];

  constructor(run: JobRun, { crew, plan, queue, writer, checkpoint }: UnloadingParts) {
    this.#run = run;
    this.#crew = crew;
    this.#plan = plan;
    this.#queue = queue;
    this.#writer = writer;
    this.#checkpoint = checkpoint;
    this.#mode = run.definition.mode as ExportMode;
    this.#objects = new Map(plan.objects.map((object) => [object.id, object]));
  }

  /** Returns when all rows are in the hands of the writer, or those of the items that were begun when the job was told to stop. */
  async run(): Promise<void> {
    for (const { unload } of this.#plan.tables) if (unload.isDone) await this.#finishTable(unload, null);
    const begin = Date.now();
    await this.#crew.run(
      (worker) => this.#work(worker),
      () => {
        this.wake();
      },
    );
    const count = this.#plan.tables.filter(({ unload }) => !isSystemTable(this.#object(unload))).length;
    if (!this.#run.isStopping && count > 0)
      this.#run.measure(1, completedLine(count, objectPath(this.#mode, "TABLE/TABLE_DATA"), (Date.now() - begin) / 1000));
  }

  /** What one worker does until there is nothing left: a range, and while its piece is being written the next. */
  async #work(worker: WorkerThread): Promise<void> {
    let writing: Promise<TablePiece | null> = Promise.resolve(null);
    for (let item = await this.#next(worker); item !== null; item = await this.#next(worker)) {
      const { table } = item;
      abortBefore(this.#run, table.table.object);
      this.#board.begin(worker.number, this.#object(table), objectPath(this.#mode, "TABLE/TABLE_DATA"), "DIRECT_PATH");
      await this.#checkKeys(worker, table);
      if (!this.#begun.has(table)) this.#begun.set(table, Date.now());
      let salvaged = 0;
      for (;;) {
        const unloaded: Unloaded =
          salvaged === 0
            ? await worker.call({ do: "unload", table: table.table, range: item.range })
            : await worker.call({ do: "continue salvage" });
        await writing;
        const piece = this.#addPiece(item, unloaded, salvaged);
        writing = this.#write(item, unloaded, piece);
        // Awaited below, before the next piece; a failure must not surface before that as an unhandled one.
        writing.catch(() => undefined);
        table.lost.push(...unloaded.lost);
        this.#board.advance(worker.number, table);
        this.#run.progress(() => this.progress());
        if (unloaded.salvaging || unloaded.lost.length > 0 || !unloaded.isRepeatable) this.#checkpoint.giveUp();
        salvaged += 1;
        if (unloaded.salvaging) continue;
        const left = this.#queue.giveBack(item, unloaded, { worker: worker.number, idle: this.#idle.length });
        const { object } = table.table;
        this.#checkpoint.add(
          { item: item.id, object, left: left.map(withoutTable), pieces: piece === null ? [] : [piece] },
          writing,
        );
        break;
      }
      this.wake();
      if (this.#checkpoint.isDue) await this.#checkpoint.save(this.#writer);
      if (table.isDone) {
        await writing;
        await this.#finishTable(table, worker);
      }
    }
    await writing;
    this.#board.end(worker.number);
  }

  /** Before the rows of a table: those with equal values in a key would be lost by the import. @throws TSDP-00060 */
  async #checkKeys(worker: WorkerThread, unload: TableUnload): Promise<void> {
    const { table } = unload;
    if (table.remaps.length === 0) return;
    const checked = this.#checked.get(unload) ?? worker.call({ do: "check keys", table });
    this.#checked.set(unload, checked);
    await checked;
  }

  /** The next item; waits while others may still give ranges back. */
  async #next(worker: WorkerThread): Promise<UnloadItem | null> {
    for (;;) {
      if (this.#run.isStopping || this.#crew.hasFailed) return null;
      const isLeaving = !this.#crew.goesOn(worker);
      const item = this.#queue.take({ worker: worker.number, isLeaving });
      if (item !== null || isLeaving) return item;
      if (this.#plan.tables.every(({ unload }) => unload.isDone)) return null;
      await new Promise<void>((resolve) => {
        this.#idle.push(resolve);
      });
    }
  }

  /** Has workers that wait look again whether they are to go on. */
  wake(): void {
    const idle = this.#idle;
    this.#idle = [];
    for (const resume of idle) resume();
  }

  #addPiece(item: UnloadItem, { piece }: Unloaded, salvaged: number): TablePiece | null {
    if (piece === null) return null;
    const bytes = piece.images.reduce((sum, { rawLength }) => sum + rawLength, 0);
    return item.table.addPiece(rankOf(item, salvaged), piece.rows, bytes);
  }

  async #write({ table }: UnloadItem, { piece }: Unloaded, added: TablePiece | null): Promise<TablePiece | null> {
    if (piece === null || added === null) return null;
    const { object } = table.table;
    const identity = { type: PIECE_TYPE.TABLE_DATA, object, piece: added.piece, rows: piece.rows };
    const images = piece.images.map((image, i): EncodedPiece => ({ ...image, ...identity, image: i }));
    // One call: the writer's order of calls is the checkpoint's order of records, and a piece is there with all of its images.
    await this.#writer.append(...(added.piece === 1 ? [this.#description(table)] : []), ...images);
    failpoint("export piece written");
    return added;
  }

  /** Precedes the first piece of a table, so that a file without its end can still be read. */
  #description(table: TableUnload): EncodedPiece {
    const { object } = table.table;
    const identity = { type: PIECE_TYPE.OBJECT_DESCRIPTION, object, piece: 1, image: 0, rows: 0 };
    return encodePiece(identity, describeObject(this.#object(table)), "NONE");
  }

  async #finishTable(table: TableUnload, worker: WorkerThread | null): Promise<void> {
    table.estimatedBytes = table.bytes;
    const object = this.#object(table);
    if (worker !== null && table.lost.length === 0) await verifyCount(this.#run, table, worker, object);
    this.#run.once(`rows ${object.id}`, () => {
      if (table.lost.length > 0) reportLost(this.#run, table, object);
      if (!isSystemTable(object)) this.#tellRows(table, object, worker?.number ?? 1);
    });
    this.#run.progress(() => this.progress());
  }

  #tellRows(table: TableUnload, { schema, name }: DumpObject, worker: number): void {
    const line = rowsLine("exported", schema, name, table.bytes, table.rows);
    const begun = this.#begun.get(table) ?? Date.now();
    const metrics = this.#run.hasMetrics ? rowsMetrics((Date.now() - begun) / 1000, "direct_path") : "";
    this.#run.say(this.#run.ofWorker(worker, line) + metrics);
  }

  #object({ table }: TableUnload): DumpObject {
    const object = this.#objects.get(table.object);
    if (object === undefined) throw new Error(`no object ${table.object}`);
    return object;
  }

  progress(files: readonly WrittenFile[] = this.#writer.files): Progress {
    const tables = this.#plan.tables.map(({ unload }) => unload);
    const sum = (value: (table: TableUnload) => number) => tables.reduce((total, table) => total + value(table), 0);
    return {
      bytes: sum((table) => table.bytes),
      totalBytes: sum((table) => table.estimatedBytes),
      rows: sum((table) => table.rows),
      workers: this.#board.statuses(),
      files,
    };
  }
}

function withoutTable({ id, range, cut }: UnloadItem): Pick<UnloadItem, "id" | "range" | "cut"> {
  return { id, range, cut };
}

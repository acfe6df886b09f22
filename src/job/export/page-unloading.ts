import { pumpError, toPumpError } from "../../base/errors.ts";
import { failpoint } from "../../base/failpoint.ts";
import { PIECE_TYPE } from "../../dump/piece.ts";
import type { DumpFileSetWriter, WrittenFile } from "../../dump/writer.ts";
import type { DumpObject } from "../../metadata/dump-object.ts";
import type { UnloadedPiece } from "../../worker/messages.ts";
import { abortBefore } from "../abort-step.ts";
import type { Crew } from "../crew.ts";
import type { ExportCheckpoint, UnloadRecord } from "./export-checkpoint.ts";
import { pagesLine } from "../log-lines.ts";
import { partsOf, tablesWithRows, type PagePart, type SchemaPages } from "./page-plan.ts";
import { TRANSPORT_PATH } from "../transportable.ts";
import type { JobRun, Progress } from "../run.ts";
import { WorkerBoard } from "../worker-board.ts";
import type { WorkerThread } from "../worker-thread.ts";

/** What the pages of an export go through. */
export interface PageUnloadingParts {
  readonly crew: Crew;
  readonly schemas: readonly SchemaPages[];
  readonly objects: readonly DumpObject[];
  /** Numbers of rows by the numbers of their tables: counted here. */
  readonly rows: Map<number, number>;
  readonly writer: DumpFileSetWriter;
  readonly checkpoint: ExportCheckpoint;
  /** What earlier runs have done. */
  readonly records: readonly UnloadRecord[];
}

/** Brings the pages of all schema files into the dump files, less those that an earlier run has brought, and counts the rows. */
export class PageUnloading {
  readonly #run: JobRun;
  readonly #parts: PageUnloadingParts;
  readonly #board = new WorkerBoard();
  readonly #waiting: PagePart[];
  readonly #tables: DumpObject[];
  readonly #totalBytes: number;
  readonly #bytesOf = new Map<SchemaPages, number>();

  constructor(run: JobRun, parts: PageUnloadingParts) {
    this.#run = run;
    this.#parts = parts;
    const all = partsOf(parts.schemas);
    const done = new Set(parts.records.map(({ item }) => item));
    for (const { pages, length } of all.filter(({ item }) => done.has(item))) this.#add(pages, length);
    this.#waiting = all.filter(({ item }) => !done.has(item));
    this.#tables = [...tablesWithRows(parts.objects)];
    this.#totalBytes = all.reduce((sum, { length }) => sum + length, 0);
  }

  async run(): Promise<void> {
    await this.#parts.crew.run((worker) => this.#work(worker));
    if (this.#run.isStopping) return;
    for (const { number, schema, source } of this.#parts.schemas) {
      source.assertUnchanged();
      const bytes = source.pageSize * source.pageCount;
      this.#run.once(`pages ${number}`, () => {
        this.#run.say(pagesLine("exported", schema, bytes, source.pageCount));
      });
    }
  }

  /** Everyone finds out what is left when they have finished what they are at. */
  wake(): void {
    return;
  }

  async #work(worker: WorkerThread): Promise<void> {
    const { crew, checkpoint, writer } = this.#parts;
    const goesOn = () => !this.#run.isStopping && crew.goesOn(worker);
    // A table can't be divided between workers: the others read pages meanwhile.
    for (let table = goesOn() ? this.#tables.shift() : undefined; table !== undefined;) {
      await this.#count(worker, table);
      table = goesOn() ? this.#tables.shift() : undefined;
    }
    let writing: Promise<void> = Promise.resolve();
    for (let part = goesOn() ? this.#waiting.shift() : undefined; part !== undefined;) {
      const { pages, offset, length } = part;
      abortBefore(this.#run, pages.number);
      this.#board.begin(worker.number, { schema: pages.schema, name: pages.schema }, TRANSPORT_PATH, "DIRECT_PATH");
      const { descriptor, pageSize } = pages.source;
      const { piece } = await worker.call({ do: "read pages", descriptor, offset, length, pages: length / pageSize });
      await writing;
      writing = this.#write(part, piece);
      // Awaited below, before the next piece; a failure must not surface before that as an unhandled one.
      writing.catch(() => undefined);
      checkpoint.add(recordOf(part, piece), writing);
      const bytes = this.#add(pages, length);
      this.#board.advance(worker.number, { rows: 0, bytes, estimatedBytes: pages.source.pageCount * pageSize });
      this.#run.progress(() => this.progress());
      if (checkpoint.isDue) await checkpoint.save(writer);
      part = goesOn() ? this.#waiting.shift() : undefined;
    }
    await writing;
    this.#board.end(worker.number);
  }

  async #write({ pages, piece }: PagePart, { rows, images }: UnloadedPiece): Promise<void> {
    const identity = { type: PIECE_TYPE.DATABASE_PAGES, object: pages.number, piece, image: 0, rows };
    await this.#parts.writer.append(...images.map((image) => ({ ...image, ...identity })));
    failpoint("export pages written");
  }

  /** Pages that SQLite can't count rows on are no schema that an import would take. */
  async #count(worker: WorkerThread, { id, schema, name, shape }: DumpObject): Promise<void> {
    if (shape === null) return;
    const table = { object: id, schema, shape, filter: null, remaps: [] };
    try {
      this.#parts.rows.set(id, await worker.call({ do: "count", table, byTable: true }));
    } catch (error) {
      throw pumpError(
        [["ORA-39002"], ["TSDP-00010", `table ${schema}.${name} can't be read`], ...toPumpError(error).lines.slice(-1)],
        "A damaged schema can't be transported as it is: export its rows, without transportable, to save what can be read.",
        error,
      );
    }
  }

  #add(pages: SchemaPages, bytes: number): number {
    const sum = (this.#bytesOf.get(pages) ?? 0) + bytes;
    this.#bytesOf.set(pages, sum);
    return sum;
  }

  progress(files: readonly WrittenFile[] = this.#parts.writer.files): Progress {
    const bytes = [...this.#bytesOf.values()].reduce((sum, value) => sum + value, 0);
    const rows = [...this.#parts.rows.values()].reduce((sum, value) => sum + value, 0);
    return { bytes, totalBytes: this.#totalBytes, rows, workers: this.#board.statuses(), files };
  }
}

function recordOf({ item, pages, piece, offset, length }: PagePart, { rows }: UnloadedPiece): UnloadRecord {
  const written = { piece, rank: [BigInt(offset), 0n], rows, bytes: length } as const;
  return { item, object: pages.number, left: [], pieces: [written] };
}

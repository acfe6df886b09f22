import { existsSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { pumpError, type ErrorLine } from "../base/errors.ts";
import { qualifiedName } from "../base/identifiers.ts";
import { productVersion } from "../base/product.ts";
import { encodePiece, loadCodec, PIECE_TYPE, type CompressionAlgorithm, type EncodedPiece } from "../dump/piece.ts";
import { DumpFileSetWriter } from "../dump/writer.ts";
import { isSystemTable, type DumpObject } from "../metadata/dump-object.ts";
import { encodeMasterTable } from "../metadata/master-table.ts";
import { objectPath, pathsOf, type ExportMode } from "../metadata/object-paths.ts";
import { sqliteVersion } from "../sqlite/database.ts";
import { recoverSource } from "../sqlite/source.ts";
import { PIECE_TARGET } from "../sqlite/stage.ts";
import { LocalStorage } from "../storage/local.ts";
import type { SchemaFile, Unloaded } from "../worker/messages.ts";
import { Crew } from "./crew.ts";
import { contentOf } from "./content.ts";
import { chooseSources, planExport, type ExportPlan } from "./export-plan.ts";
import { isOpenDatabase } from "./jobs.ts";
import type { JobFile } from "./definition.ts";
import type { Job } from "./job.ts";
import { dumpFileSetLines, masterTableLine, processingLine, rowsLine, startingLine } from "./log-lines.ts";
import { describeObject, masterTable } from "./master.ts";
import { assertNoDatabase } from "./output-guard.ts";
import type { JobRun, Progress } from "./run.ts";
import { Snapshot } from "./snapshot.ts";
import { rankOf, UnloadQueue, type TableUnload, type UnloadItem } from "./unload-queue.ts";
import { WorkerBoard } from "./worker-board.ts";
import type { WorkerPool, WorkerThread } from "./worker-thread.ts";

/** A source of this size takes long enough that its writers should know. */
const NOTED_BYTES = 64 << 20;

/** An export from START_JOB to its published dump file set. */
export class ExportJob implements Job {
  readonly #run: JobRun;
  readonly #pool: WorkerPool;
  readonly #crew: Crew;
  readonly #board = new WorkerBoard();
  #workers: readonly WorkerThread[] = [];
  #snapshot: Snapshot | null = null;
  #writer: DumpFileSetWriter | null = null;
  #plan: ExportPlan = { schemas: [], objects: [], tables: [], problems: [] };
  #queue = new UnloadQueue([]);
  #objects = new Map<number, DumpObject>();
  #missing: readonly string[] = [];
  #sources: readonly SchemaFile[] = [];
  /** Sources that nobody had open in WAL mode before the job. */
  #withoutWal: readonly SchemaFile[] = [];
  #idle: (() => void)[] = [];

  constructor(run: JobRun, pool: WorkerPool) {
    this.#run = run;
    this.#pool = pool;
    this.#crew = new Crew(pool, run.degree);
  }

  get startInfo(): readonly ErrorLine[] {
    return this.#missing.flatMap((schema) => pumpError([["ORA-39165", schema]]).lines);
  }

  /** Everything that can be wrong before a row moves; nothing is left behind when it throws. */
  async start(): Promise<void> {
    const chosen = chooseSources(this.#run.definition);
    this.#guardOutputs();
    this.#sources = chosen.sources;
    this.#withoutWal = chosen.sources.filter(({ path }) => !existsSync(`${path}-wal`));
    for (const { schema, path } of chosen.sources) recoverSource(schema, path);
    const bytes = chosen.sources.reduce((sum, { path }) => sum + statSync(path).size, 0);
    this.#workers = this.#pool.take(Math.min(this.#run.degree, Math.ceil(bytes / PIECE_TARGET) || 1));
    const compression = this.#algorithm("DATA_ONLY");
    await loadCodec();
    await Promise.all(this.#workers.map((worker) => worker.call({ do: "open sources", sources: chosen.sources, compression })));
    this.#snapshot = await Snapshot.take(chosen.sources, this.#workers);
    this.#plan = planExport(chosen, this.#snapshot, contentOf(this.#run.definition));
    this.#objects = new Map(this.#plan.objects.map((object) => [object.id, object]));
    this.#writer = await this.#createWriter();
    this.#missing = chosen.missing;
  }

  /** Moves the rows and publishes the files. */
  async run(): Promise<"done" | "stopped"> {
    const { owner, name } = this.#run.definition;
    this.#run.say(startingLine(owner, name, String(this.#run.parameter("CLIENT_COMMAND") ?? "")));
    this.#noteBlockedWriters();
    for (const schema of this.#missing) this.#run.report(pumpError([["ORA-39165", schema]]).lines);
    for (const lines of this.#plan.problems) this.#run.report(lines);
    for (const path of pathsOf(this.#plan.objects, "EXPORT", contentOf(this.#run.definition)))
      this.#run.say(processingLine(objectPath(this.#mode, path)));
    await this.#unloadAll();
    if (this.#run.isStopping) return "stopped";
    const files = await this.#requireWriter().finish(encodePiece(MASTER_PIECE, this.#master(), this.#algorithm("METADATA_ONLY")));
    this.#run.say(
      masterTableLine(owner, name),
      ...dumpFileSetLines(
        owner,
        name,
        files.map((file) => file.path),
      ),
    );
    this.#run.showProgress(() => this.#progress());
    return "done";
  }

  async setDegree(degree: number): Promise<void> {
    this.#crew.setDegree(Math.min(degree, this.#workers.length));
    this.#wake();
    return Promise.resolve();
  }

  async addFile({ directoryPath, name, reuse }: JobFile): Promise<void> {
    await this.#requireWriter().addFile({ path: join(directoryPath, name), reuse });
  }

  stopWorker(worker: number): void {
    if (!this.#crew.stopWorker(worker)) throw pumpError([["ORA-39001"], ["ORA-39207", String(worker), "WORKER_ID"]]);
    this.#wake();
  }

  /** In rollback-journal mode a reader holds up every commit of other programs; a small source is read before anyone notices. */
  #noteBlockedWriters(): void {
    for (const { name, settings } of this.#plan.schemas) {
      const path = this.#sources.find(({ schema }) => schema === name)?.path;
      if (settings.journalMode === "wal" || path === undefined || statSync(path).size < NOTED_BYTES) continue;
      this.#run.say(
        `Schema ${name} is in journal mode ${settings.journalMode}: commits to it wait until the export has ended (WAL avoids this)`,
      );
    }
  }

  /** Ends the workers; removes unfinished files unless the job has published them. */
  async close(): Promise<void> {
    await this.#writer?.discard();
    await this.#pool.close();
    this.#snapshot?.close();
    // Readers of a WAL database leave an empty -wal and a -shm behind, which only a connection that may write removes.
    for (const { schema, path } of this.#withoutWal) if (existsSync(`${path}-wal`)) recoverSource(schema, path);
  }

  get #mode(): ExportMode {
    return this.#run.definition.mode as ExportMode;
  }

  /** COMPRESSION says what is compressed, COMPRESSION_ALGORITHM how. */
  #algorithm(part: "DATA_ONLY" | "METADATA_ONLY"): CompressionAlgorithm {
    const compression = this.#run.parameter("COMPRESSION") ?? "METADATA_ONLY";
    const algorithm = (this.#run.parameter("COMPRESSION_ALGORITHM") ?? "BASIC") as CompressionAlgorithm;
    return compression === "ALL" || compression === part ? algorithm : "NONE";
  }

  #dumpFiles(): readonly { readonly path: string; readonly reuse: boolean }[] {
    return this.#run.definition.files
      .filter((file) => file.type === "dump")
      .map(({ directoryPath, name, reuse }) => ({ path: join(directoryPath, name), reuse }));
  }

  #guardOutputs(): void {
    const { database } = this.#run.definition;
    for (const { path } of this.#dumpFiles()) {
      assertNoDatabase(database, path, (cause) =>
        pumpError([["ORA-39001"], ["ORA-39000"], ["ORA-31641", path], ...cause.lines], cause.hint),
      );
    }
  }

  #createWriter(): Promise<DumpFileSetWriter> {
    const { guid, owner, name, database } = this.#run.definition;
    return DumpFileSetWriter.create({
      guid,
      jobName: qualifiedName(owner, name),
      instance: basename(database),
      encoding: this.#plan.schemas.every(({ settings }) => settings.encoding === "UTF-8") ? "UTF-8" : "UTF-16",
      databaseVersion: sqliteVersion(),
      compressionAlgorithm: (this.#run.parameter("COMPRESSION_ALGORITHM") ?? "BASIC") as CompressionAlgorithm,
      metadataCompressed: this.#algorithm("METADATA_ONLY") !== "NONE",
      dataCompressed: this.#algorithm("DATA_ONLY") !== "NONE",
      files: this.#dumpFiles(),
      storage: new LocalStorage(isOpenDatabase),
      writerVersion: `tsdp ${productVersion()}`,
    });
  }

  #requireWriter(): DumpFileSetWriter {
    if (this.#writer === null) throw new Error("the job has not started");
    return this.#writer;
  }

  async #unloadAll(): Promise<void> {
    this.#queue = new UnloadQueue(this.#plan.tables.flatMap(({ unload, range }) => (range === null ? [] : [{ unload, range }])));
    for (const { unload, range } of this.#plan.tables) if (range === null) await this.#finishTable(unload, null);
    this.#crew.setDegree(this.#workers.length);
    await this.#crew.run((worker) => this.#work(worker));
  }

  /** What one worker does until there is nothing left: a range, and while its piece is being written the next. */
  async #work(worker: WorkerThread): Promise<void> {
    let writing: Promise<void> = Promise.resolve();
    for (let item = await this.#next(worker); item !== null; item = await this.#next(worker)) {
      const { table } = item;
      this.#board.begin(worker.number, this.#object(table), objectPath(this.#mode, "TABLE/TABLE_DATA"));
      let salvaged = 0;
      for (;;) {
        const unloaded: Unloaded =
          salvaged === 0
            ? await worker.call({ do: "unload", table: table.table, range: item.range })
            : await worker.call({ do: "continue salvage" });
        await writing;
        writing = this.#write(item, unloaded, salvaged);
        // Awaited below, before the next piece; a failure must not surface before that as an unhandled one.
        writing.catch(() => undefined);
        table.lost.push(...unloaded.lost);
        this.#board.advance(worker.number, table);
        this.#run.progress(() => this.#progress());
        salvaged += 1;
        if (unloaded.salvaging) continue;
        this.#queue.giveBack(item, unloaded, this.#idle.length);
        break;
      }
      this.#wake();
      if (table.isDone) {
        await writing;
        await this.#finishTable(table, worker);
      }
    }
    await writing;
    this.#board.end(worker.number);
  }

  /** The next item; waits while others may still give ranges back. */
  async #next(worker: WorkerThread): Promise<UnloadItem | null> {
    for (;;) {
      if (this.#run.isStopping || !this.#crew.goesOn(worker)) return null;
      const item = this.#queue.take();
      if (item !== null) return item;
      if (this.#plan.tables.every(({ unload }) => unload.isDone)) return null;
      await new Promise<void>((resolve) => {
        this.#idle.push(resolve);
      });
    }
  }

  #wake(): void {
    const idle = this.#idle;
    this.#idle = [];
    for (const resume of idle) resume();
  }

  async #write(item: UnloadItem, { piece }: Unloaded, salvaged: number): Promise<void> {
    if (piece === null) return;
    const { table } = item;
    const object = table.table.object;
    const number = table.addPiece(rankOf(item, salvaged), piece.rows, piece.rawLength);
    const writer = this.#requireWriter();
    if (number === 1)
      await writer.append(
        encodePiece(
          { type: PIECE_TYPE.OBJECT_DESCRIPTION, object, piece: 1, image: 0, rows: 0 },
          describeObject(this.#object(table)),
          "NONE",
        ),
      );
    const encoded: EncodedPiece = { ...piece, type: PIECE_TYPE.TABLE_DATA, object, piece: number, image: 0 };
    await writer.append(encoded);
  }

  async #finishTable(table: TableUnload, worker: WorkerThread | null): Promise<void> {
    table.estimatedBytes = table.bytes;
    const object = this.#object(table);
    if (worker !== null && table.lost.length === 0) await this.#verifyCount(table, worker);
    if (table.lost.length > 0) this.#reportLost(table, object);
    if (!isSystemTable(object)) this.#run.say(rowsLine("exported", object.schema, object.name, table.bytes, table.rows));
    this.#run.progress(() => this.#progress());
  }

  /** SQLite's own count is the judge of whether the ranges met every row once. */
  async #verifyCount(table: TableUnload, worker: WorkerThread): Promise<void> {
    const count = async (byTable: boolean) => worker.call({ do: "count", table: table.table, byTable });
    if ((await count(false)) === table.rows) return;
    const object = this.#object(table);
    const rows = await count(true);
    const name = qualifiedName(object.schema, object.name);
    if (rows !== table.rows)
      throw pumpError([
        ["ORA-31693", name],
        ["ORA-02354"],
        ["TSDP-00010", `${table.rows} rows were read, but the table has ${rows}`],
      ]);
    this.#run.report(
      pumpError([
        [
          "TSDP-00010",
          `an index of table ${name} is damaged: it holds another number of rows than the table; all ${rows} rows of the table were exported`,
        ],
      ]).lines,
    );
  }

  #reportLost(table: TableUnload, object: DumpObject): void {
    const lost = table.lost.map(({ rows, cause }) => ({
      code: "ORA-02354",
      text: `error in exporting/importing data: ${rows} can't be read: ${cause}`,
    }));
    const { lines } = pumpError([["ORA-31693", qualifiedName(object.schema, object.name)], ...lost.slice(0, 100)]);
    this.#run.report(
      lines.map((line, i) =>
        i === 0 ? { ...line, text: line.text.replace(" and is being skipped due to error:", " in part:") } : line,
      ),
    );
  }

  #object({ table }: TableUnload): DumpObject {
    const object = this.#objects.get(table.object);
    if (object === undefined) throw new Error(`no object ${table.object}`);
    return object;
  }

  #master(): Buffer {
    return encodeMasterTable(
      masterTable(
        this.#run,
        this.#plan.schemas,
        this.#plan.objects,
        this.#plan.tables.map(({ unload }) => unload),
      ),
    );
  }

  #progress(): Progress {
    const tables = this.#plan.tables.map(({ unload }) => unload);
    const sum = (value: (table: TableUnload) => number) => tables.reduce((total, table) => total + value(table), 0);
    return {
      bytes: sum((table) => table.bytes),
      totalBytes: sum((table) => table.estimatedBytes),
      rows: sum((table) => table.rows),
      workers: this.#board.statuses(),
      files: this.#writer?.files ?? [],
    };
  }
}

const MASTER_PIECE = { type: PIECE_TYPE.MASTER_TABLE, object: 0, piece: 1, image: 0, rows: 0 } as const;

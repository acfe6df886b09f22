import { existsSync, statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { pumpError, toPumpError, type ErrorLine, type StackEntry } from "../../base/errors.ts";
import { failpoint } from "../../base/failpoint.ts";
import { encodePiece, loadCodec, PIECE_TYPE, type EncodedPiece } from "../../dump/piece.ts";
import { dumpFilePath } from "../../dump/names.ts";
import type { SetEncryption } from "../../dump/set-key.ts";
import { DumpFileSetWriter, type DumpFileSetOptions, type WrittenFile } from "../../dump/writer.ts";
import { encodeMasterTable } from "../../metadata/master-table.ts";
import { walPath } from "../../sqlite/database.ts";
import { recoverSource } from "../../sqlite/source.ts";
import { PIECE_TARGET } from "../../sqlite/stage.ts";
import type { SchemaFile } from "../../worker/messages.ts";
import { ExportCheckpoint, replay, type SavedExport } from "./export-checkpoint.ts";
import { homeFolder } from "../../catalog/home.ts";
import { EncryptedColumns, type ColumnName } from "../../catalog/encrypted-columns.ts";
import { Crew, noFurtherWorkers, noSuchWorker } from "../crew.ts";
import { contentOf } from "../content.ts";
import { beginAddedFiles, begunSpecifications } from "./added-files.ts";
import { attachRows } from "./attach-rows.ts";
import { chooseSources, NO_PLAN, planExport, type ExportPlan, type ExportSources } from "./export-plan.ts";
import { assertStateOfTime } from "./flashback.ts";
import { dataRemapsOf } from "../data-remaps.ts";
import { dumpFilesOf, type JobFile } from "../definition.ts";
import { assertFormatHolds } from "../format-version.ts";
import { chooseEncryption, encryptionOf, secretsOf, warnOfClearColumns, type EncryptionChoice } from "./export-encryption.ts";
import { tellBlockedWriters, tellObjectPaths } from "./export-announcement.ts";
import { checksumOf, compressionOf } from "./export-options.ts";
import { abortBefore } from "../abort-step.ts";
import { Unloading } from "./export-unloading.ts";
import { dumpFileSetOptions, guardOutput } from "./export-writer.ts";
import type { Job } from "../job.ts";
import {
  dataFileLines,
  dumpFileSetLines,
  masterTableLine,
  processingLine,
  restartingLine,
  startingLine,
  startupLine,
} from "../log-lines.ts";
import { masterTable } from "./master.ts";
import { remapKeyFor } from "../remap-key.ts";
import { openPages, planPages, type SchemaPages } from "./page-plan.ts";
import { PageUnloading } from "./page-unloading.ts";
import type { JobRun } from "../run.ts";
import { Snapshot } from "./snapshot.ts";
import { sourceDatabase } from "../source-database.ts";
import { assertWholeSchemas, isTransportable, TRANSPORT_PATH } from "../transportable.ts";
import { firstItems, UnloadQueue } from "./unload-queue.ts";
import type { WorkerPool, WorkerThread } from "../worker-thread.ts";

/** From this size on the start of further threads is not noticed. */
const SPARED_SOURCE = 512 << 20;

/** An export from START_JOB to its published dump file set. */
export class ExportJob implements Job {
  readonly #run: JobRun;
  readonly #pool: WorkerPool;
  readonly #crew: Crew;
  readonly #checkpoint: ExportCheckpoint;
  /** Those that see the snapshot; more than are at work, so that SET_PARALLEL can add some beside a writer. */
  #workers: readonly WorkerThread[] = [];
  /** Workers to begin with: no more than there are pieces. */
  #degree = 1;
  #snapshot: Snapshot | null = null;
  #writer: DumpFileSetWriter | null = null;
  #plan: ExportPlan = NO_PLAN;
  #queue = new UnloadQueue([]);
  #unloading: Unloading | PageUnloading | null = null;
  /** The files of an export of pages. */
  readonly #pages: SchemaPages[] = [];
  #missing: readonly StackEntry[] = [];
  /** What an earlier run has left to go on with. */
  #saved: SavedExport | null = null;
  /** What of it this run goes on with. */
  #records: SavedExport["records"] = [];
  #startsOverBecause: string | null = null;
  #encryption: SetEncryption | null = null;
  #sources: readonly SchemaFile[] = [];
  /** Sources that nobody had open in WAL mode before the job. */
  #withoutWal: readonly SchemaFile[] = [];

  constructor(run: JobRun, pool: WorkerPool) {
    this.#run = run;
    this.#pool = pool;
    this.#crew = new Crew(pool, run.degree);
    this.#checkpoint = new ExportCheckpoint(run.table, () => this.#stampOfSources());
  }

  get startInfo(): readonly ErrorLine[] {
    return this.#missing.flatMap((entry) => pumpError([entry]).lines);
  }

  /** Everything that can be wrong before a row moves; nothing new is left behind when it throws. */
  async start(): Promise<void> {
    this.#saved = this.#run.restarts ? this.#checkpoint.load() : null;
    if (this.#saved?.isEnded === true) return;
    const marks = new EncryptedColumns(homeFolder(sourceDatabase(this.#run.definition).database)).list();
    const encryption = chooseEncryption(this.#run.definition, this.#run.keyring, marks.length > 0);
    assertFormatHolds(this.#run.definition, encryption !== null);
    const remapKey = await remapKeyFor(this.#run);
    if (remapKey !== null) this.#pool.takeMaskKey(remapKey);
    const chosen = chooseSources(this.#run.definition);
    assertStateOfTime(this.#run.definition, chosen.sources);
    // Those that were added since are looked at when they are begun.
    const files = dumpFilesOf(this.#run.definition).slice(
      0,
      this.#saved === null ? undefined : begunSpecifications(this.#saved.files),
    );
    for (const file of files) guardOutput(this.#run.definition, dumpFilePath(file, 1) ?? "");
    await this.#openSources(chosen);
    await this.#makePlan(chosen, encryption, marks);
    this.#missing = chosen.missing;
    await attachRows(this.#workers, this.#plan.chosenRows);
    await this.#takeUp(encryption);
    failpoint("export planned");
  }

  async #makePlan(chosen: ExportSources, encryption: EncryptionChoice | null, marks: readonly ColumnName[]): Promise<void> {
    const { definition } = this.#run;
    const snapshot = this.#requireSnapshot();
    if (isTransportable(definition)) {
      assertWholeSchemas(definition);
      this.#plan = planPages(chosen, snapshot, marks);
      await openPages(chosen, snapshot, this.#pages);
      return;
    }
    const apart = encryption?.what === "ENCRYPTED_COLUMNS_ONLY";
    this.#plan = planExport(chosen, snapshot, contentOf(definition), {
      marks,
      keepsApart: apart,
      remaps: dataRemapsOf(definition),
    });
  }

  async #openSources({ sources }: ExportSources): Promise<void> {
    this.#sources = sources;
    this.#withoutWal = sources.filter(({ path }) => !existsSync(walPath(path)));
    for (const { schema, path } of sources) recoverSource(schema, path);
    const bytes = sources.reduce((sum, { path }) => sum + statSync(path).size, 0);
    this.#degree = Math.min(this.#run.degree, Math.ceil(bytes / PIECE_TARGET) || 1);
    const spare = bytes < SPARED_SOURCE ? 0 : 2 * availableParallelism() - this.#degree;
    this.#workers = this.#pool.take(this.#degree + Math.max(0, spare));
    await loadCodec();
    await Promise.all(this.#workers.map((worker) => this.#prepare(worker)));
    this.#snapshot = await Snapshot.take(sources, this.#workers);
    assertStateOfTime(this.#run.definition, sources);
  }

  async #prepare(worker: WorkerThread): Promise<void> {
    await worker.call({
      do: "open sources",
      sources: this.#sources,
      compression: compressionOf(this.#run.definition, "DATA_ONLY"),
    });
  }

  /** Goes on where the last run has ended, if the sources are as they were; else everything is done anew. */
  async #takeUp(choice: EncryptionChoice | null): Promise<void> {
    // Before anything of earlier runs goes: a wrong password changes nothing.
    const saved = this.#saved;
    this.#encryption = await encryptionOf(choice, this.#plan, this.#run, saved !== null);
    const items = firstItems(this.#plan.tables);
    if (saved !== null && saved.stamp === (await this.#stampOfSources())) {
      const tables = new Map(this.#plan.tables.map(({ unload }) => [unload.table.object, unload]));
      if (this.#plan.transportedRows === null) this.#queue = new UnloadQueue(replay(items, tables, saved.records));
      this.#records = saved.records;
      await this.#removeBegun(saved.files.map(({ identity }) => identity));
      const options = this.#writerOptions();
      const begun = begunSpecifications(saved.files);
      const files = options.files.slice(0, begun);
      this.#writer = await DumpFileSetWriter.resume({ ...options, files }, saved.files);
      await beginAddedFiles(this.#run.table, this.#writer, begun);
      return;
    }
    if (this.#run.restarts) {
      this.#startsOverBecause =
        saved === null ? "Nothing of the interrupted run is durable" : "The sources have changed since the job was interrupted";
      this.#run.beginAnew(() => {
        this.#checkpoint.clear();
      });
      await this.#removeBegun([]);
    }
    this.#queue = new UnloadQueue(items);
    this.#writer = await DumpFileSetWriter.create(this.#writerOptions());
  }

  /** Removes what earlier runs have begun and this one does not go on with: not every storage finds it by its name. */
  async #removeBegun(kept: readonly string[]): Promise<void> {
    const { storage, guid } = this.#writerOptions();
    for (const { path, identity } of this.#run.table.begunFiles()) {
      if (identity !== null && kept.includes(identity)) continue;
      await storage.removeUnfinished(path, guid.slice(0, 8), identity);
      this.#run.table.forgetBegunFile(path);
    }
  }

  /** Null when a source is no longer in the state that is read. Rows of the same state may be kept apart another way. */
  async #stampOfSources(): Promise<string | null> {
    const stamps = await this.#requireSnapshot().stamps();
    return stamps === null ? null : JSON.stringify([...stamps, ...secretsOf(this.#plan)]);
  }

  /** Moves the rows and publishes the files. */
  async run(): Promise<"done" | "stopped"> {
    const { owner, name } = this.#run.definition;
    const command = String(this.#run.parameter("CLIENT_COMMAND") ?? "");
    this.#run.say(this.#run.restarts ? restartingLine(owner, name, command) : startingLine(owner, name, command));
    this.#run.measure(1, startupLine(this.#run.secondsOfStep()));
    if (this.#saved?.isEnded === true) {
      this.#tellFiles(await DumpFileSetWriter.publishRest(this.#writerOptions(), this.#saved.files));
      return "done";
    }
    this.#tellPlan();
    abortBefore(this.#run, -1);
    const unloading = this.#makeUnloading();
    this.#unloading = unloading;
    this.#checkpoint.expect(unloading.progress().totalBytes);
    this.#crew.setDegree(this.#degree);
    try {
      await unloading.run();
      if (this.#run.isStopping) {
        await this.#save();
        return "stopped";
      }
      warnOfClearColumns(this.#run, this.#plan, this.#encryption);
      const master = encodePiece(MASTER_PIECE, this.#master(), compressionOf(this.#run.definition, "METADATA_ONLY"));
      this.#tellFiles(await this.#publish(master));
      return "done";
    } catch (error) {
      if (toPumpError(error).has("ORA-39095")) await this.#save();
      throw error;
    }
  }

  #makeUnloading(): Unloading | PageUnloading {
    const { objects, transportedRows: rows } = this.#plan;
    const parts = {
      crew: this.#crew,
      writer: this.#requireWriter(),
      checkpoint: this.#checkpoint,
    };
    if (rows === null) return new Unloading(this.#run, { ...parts, plan: this.#plan, queue: this.#queue });
    return new PageUnloading(this.#run, { ...parts, schemas: this.#pages, objects, rows, records: this.#records });
  }

  #save(): Promise<void> {
    return this.#checkpoint.save(this.#requireWriter());
  }

  async #publish(master: EncodedPiece): Promise<readonly WrittenFile[]> {
    try {
      const files = await this.#requireWriter().finish(master, (ends) => {
        this.#checkpoint.end(ends);
        failpoint("export ended");
      });
      failpoint("export published");
      return files;
    } catch (error) {
      // A set of which a file can't get its name is taken back whole.
      if (this.#checkpoint.load()?.isEnded === true) this.#checkpoint.clear();
      throw error;
    }
  }

  #tellPlan(): void {
    if (this.#startsOverBecause !== null)
      this.#run.say(`${this.#startsOverBecause}: the data is exported again from the beginning`);
    this.#run.once("plan", () => {
      tellBlockedWriters(this.#run, this.#plan, this.#sources);
      for (const entry of this.#missing) this.#run.report(pumpError([entry]).lines);
      for (const lines of this.#plan.problems) this.#run.report(lines);
      for (const note of this.#plan.notes) this.#run.say(note);
      if (this.#plan.transportedRows !== null) this.#run.say(processingLine(TRANSPORT_PATH));
      else tellObjectPaths(this.#run, this.#plan, this.#requireSnapshot());
    });
  }

  #tellFiles(files: readonly WrittenFile[]): void {
    const { owner, name } = this.#run.definition;
    const paths = files.map((file) => file.path);
    const checksums = checksumOf(this.#run.definition) === null ? [] : ["Generating checksums for dump file set"];
    const fileLines = [...dumpFileSetLines(owner, name, paths), ...dataFileLines(this.#pages)];
    this.#run.sayOnce("files", masterTableLine(owner, name), ...checksums, ...fileLines);
    const unloading = this.#unloading;
    if (unloading !== null) this.#run.showProgress(() => unloading.progress(files));
  }

  /** @throws ORA-39002 when further workers can't see the state that is exported */
  async setDegree(degree: number): Promise<void> {
    const known = this.#workers.length;
    for (const worker of degree > known ? this.#pool.take(degree).slice(known) : []) {
      await this.#prepare(worker);
      if (!(await this.#requireSnapshot().join(worker))) throw noFurtherWorkers();
      await attachRows([worker], this.#plan.chosenRows);
      this.#workers = this.#pool.take(worker.number);
    }
    this.#crew.setDegree(degree);
    this.#unloading?.wake();
  }

  async addFiles(files: readonly JobFile[]): Promise<void> {
    await this.#requireWriter().addFiles(files);
  }

  stopWorker(worker: number): void {
    if (!this.#crew.stopWorker(worker)) throw noSuchWorker(worker);
    this.#unloading?.wake();
  }

  /** Ends the workers; unfinished files stay when a restart can go on with them. */
  async close(): Promise<void> {
    if (this.#checkpoint.hasSaved) await this.#writer?.suspend();
    else await this.#writer?.discard();
    await this.#pool.close();
    this.#snapshot?.close();
    for (const { source } of this.#pages) source.close();
    // Readers of a WAL database leave an empty -wal and a -shm behind, which only a connection that may write removes.
    for (const { schema, path } of this.#withoutWal) if (existsSync(walPath(path))) recoverSource(schema, path);
  }

  #writerOptions(): DumpFileSetOptions {
    return dumpFileSetOptions(this.#run, this.#plan, this.#encryption);
  }

  #requireSnapshot(): Snapshot {
    if (this.#snapshot === null) throw new Error("the job has not started");
    return this.#snapshot;
  }

  #requireWriter(): DumpFileSetWriter {
    if (this.#writer === null) throw new Error("the job has not started");
    return this.#writer;
  }

  #master(): Buffer {
    return encodeMasterTable(masterTable(this.#run, this.#plan));
  }
}

const MASTER_PIECE = { type: PIECE_TYPE.MASTER_TABLE, object: 0, piece: 1, image: 0, rows: 0 } as const;

import { join } from "node:path";
import { pumpError, type ErrorLine, type StackEntry } from "../base/errors.ts";
import { qualifiedName } from "../base/identifiers.ts";
import { loadCodec } from "../dump/piece.ts";
import type { OpenFile } from "../dump/piece-reader.ts";
import { DumpFileSet } from "../dump/reader.ts";
import { verifyFiles } from "../dump/verify.ts";
import { isSystemTable, type DumpObject } from "../metadata/dump-object.ts";
import type { MasterTable } from "../metadata/master-table.ts";
import { objectPath, pathsOf, type ExportMode, type ObjectPathTail } from "../metadata/object-paths.ts";
import type { PublishEvent } from "../sqlite/publish.ts";
import { PIECE_TARGET } from "../sqlite/stage.ts";
import { LocalStorage } from "../storage/local.ts";
import type { StorageReader } from "../storage/storage.ts";
import { Crew } from "./crew.ts";
import { contentOf, type Content } from "./content.ts";
import { groupPieces, readMaster, verifyDescriptions } from "./dump-master.ts";
import { planSchemaImport, type SchemaImport, type TableExistsAction, type TableLoad } from "./import-plan.ts";
import { chooseTargets, exportModeOf, type ChosenSchema } from "./import-targets.ts";
import { isOpenDatabase } from "./jobs.ts";
import type { Job } from "./job.ts";
import { masterTableLine, processingLine, rowsLine, startingLine } from "./log-lines.ts";
import type { JobRun, Progress } from "./run.ts";
import { TargetSchema } from "./target-schema.ts";
import { WorkerBoard } from "./worker-board.ts";
import type { WorkerPool, WorkerThread } from "./worker-thread.ts";

/** The import of one schema into its file. */
interface SchemaWork {
  readonly target: TargetSchema;
  readonly plan: SchemaImport;
  readonly objects: readonly DumpObject[];
}

/** A piece that waits for a worker. `turn` settles when it may be loaded: a file has one writer, and rows keep their order. */
interface LoadItem {
  readonly work: SchemaWork;
  readonly load: TableLoad;
  readonly progress: LoadProgress;
  readonly piece: TableLoad["pieces"][number];
  readonly turn: Promise<void>;
  readonly done: () => void;
}

interface LoadProgress {
  rows: number;
  bytes: number;
  piecesLeft: number;
  rejected: number;
}

/** An import from START_JOB to its published schemas. */
export class ImportJob implements Job {
  readonly #run: JobRun;
  readonly #pool: WorkerPool;
  readonly #crew: Crew;
  readonly #board = new WorkerBoard();
  readonly #storage = new LocalStorage(isOpenDatabase);
  readonly #progressOf = new Map<TableLoad, LoadProgress>();
  #work: readonly SchemaWork[] = [];
  #missing: readonly StackEntry[] = [];
  #exportMode: ExportMode = "SCHEMA";
  #hasRows = true;

  constructor(run: JobRun, pool: WorkerPool) {
    this.#run = run;
    this.#pool = pool;
    this.#crew = new Crew(pool, run.degree);
  }

  get startInfo(): readonly ErrorLine[] {
    return this.#missing.flatMap((entry) => pumpError([entry]).lines);
  }

  /** Everything that can be wrong before a row moves: the whole set is checked, then the targets. Nothing is left behind when it throws. */
  async start(): Promise<void> {
    await loadCodec();
    const set = await DumpFileSet.open(this.#dumpFiles(), this.#storage);
    const readers = new Map<string, Promise<StorageReader>>();
    const openFile: OpenFile = (path) => {
      const reader = readers.get(path) ?? this.#storage.open(path);
      readers.set(path, reader);
      return reader;
    };
    try {
      const master = await readMaster(set, openFile);
      const { chosen, missing } = chooseTargets(this.#run.definition, master);
      this.#missing = missing;
      this.#exportMode = exportModeOf(master);
      this.#hasRows = master.job.get("CONTENT") !== "METADATA_ONLY";
      await verifyDescriptions(set, openFile);
      // Before anything that exists could be changed by half an import.
      if (chosen.some(({ existingPath }) => existingPath !== null)) await verifyFiles(set, openFile);
      this.#openTargets(chosen, master, set);
    } finally {
      for (const reader of readers.values()) await (await reader).close();
    }
  }

  async run(): Promise<"done" | "stopped"> {
    const { owner, name } = this.#run.definition;
    this.#run.say(masterTableLine(owner, name), startingLine(owner, name, String(this.#run.parameter("CLIENT_COMMAND") ?? "")));
    for (const entry of this.#missing) this.#run.report(pumpError([entry]).lines);
    const objects = this.#work.flatMap((work) => work.objects);
    const paths = pathsOf(objects, "IMPORT", this.#content);
    const isRowPath = (path: ObjectPathTail) => path === "TABLE/TABLE" || path === "TABLE/TABLE_DATA";
    for (const path of paths.filter(isRowPath)) this.#processing(path);
    for (const { plan } of this.#work) {
      for (const note of plan.notes) this.#run.note(note);
      for (const lines of plan.problems) this.#run.report(lines);
    }
    await this.#loadAll();
    if (this.#run.isStopping) return "stopped";
    for (const path of paths.filter((tail) => !isRowPath(tail))) this.#processing(path);
    await this.#publishAll();
    this.#run.showProgress(() => this.#progress());
    return "done";
  }

  async setDegree(degree: number): Promise<void> {
    this.#crew.setDegree(degree);
    return Promise.resolve();
  }

  async addFile(): Promise<void> {
    return Promise.reject(pumpError([["ORA-39002"], ["ORA-39208", "DUMPFILE", this.#run.definition.operation]]));
  }

  stopWorker(worker: number): void {
    if (!this.#crew.stopWorker(worker)) throw pumpError([["ORA-39001"], ["ORA-39207", String(worker), "WORKER_ID"]]);
  }

  async close(): Promise<void> {
    await this.#pool.close();
    for (const { target } of this.#work) target.discard();
  }

  /** A dump without rows gives none. */
  get #content(): Content {
    return this.#hasRows ? contentOf(this.#run.definition) : "METADATA_ONLY";
  }

  get #action(): TableExistsAction {
    const action = this.#run.parameter("TABLE_EXISTS_ACTION") as TableExistsAction | undefined;
    if (this.#content === "METADATA_ONLY" && (action === "APPEND" || action === "TRUNCATE")) {
      throw pumpError([["ORA-39002"], ["ORA-39050", `TABLE_EXISTS_ACTION=${action}`, "CONTENT=METADATA_ONLY"]]);
    }
    if (this.#content !== "DATA_ONLY") return action ?? "SKIP";
    if (action === "SKIP" || action === "REPLACE") throw pumpError([["ORA-39002"], ["ORA-39137", action]]);
    return action ?? "APPEND";
  }

  #dumpFiles(): readonly string[] {
    return this.#run.definition.files
      .filter((file) => file.type === "dump")
      .map(({ directoryPath, name }) => join(directoryPath, name));
  }

  #processing(path: ObjectPathTail): void {
    this.#run.say(processingLine(objectPath(this.#exportMode, path)));
  }

  #openTargets(chosen: readonly ChosenSchema[], master: MasterTable, set: DumpFileSet): void {
    const { guid } = this.#run.definition;
    const opened: SchemaWork[] = [];
    this.#work = opened;
    const [action, content] = [this.#action, this.#content];
    const pieceOrder = groupPieces(master);
    for (const { source, target: name, path, existingPath, objects, partial } of chosen) {
      const target =
        existingPath === null
          ? TargetSchema.create(name, path, source, guid)
          : TargetSchema.openExisting(name, path, source, guid);
      const { existing } = target;
      const request = { source, target: name, objects, existing, action, content, partial, guid, pieceOrder, pieces: set.pieces };
      const work = { target, objects, plan: EMPTY_IMPORT };
      opened.push(work);
      opened[opened.length - 1] = { ...work, plan: planSchemaImport(request) };
    }
  }

  async #loadAll(): Promise<void> {
    for (const { target, plan } of this.#work) target.stage(plan);
    const items = this.#work.flatMap((work) => this.#loadItems(work));
    const bytes = this.#work.flatMap(({ plan }) => plan.loads).reduce((sum, load) => sum + load.bytes, 0);
    const count = Math.min(this.#run.degree, Math.ceil(bytes / PIECE_TARGET) || 1);
    this.#crew.setDegree(Math.max(count, Math.min(this.#work.length, this.#run.degree)));
    let next = 0;
    await this.#crew.run(async (worker) => {
      while (!this.#run.isStopping && this.#crew.goesOn(worker)) {
        const item = items[next++];
        if (item === undefined) break;
        await this.#load(worker, item);
      }
      await worker.call({ do: "end loading" });
      this.#board.end(worker.number);
    });
  }

  /** The pieces of a schema, each with its turn at the file. */
  #loadItems(work: SchemaWork): LoadItem[] {
    let turn: Promise<void> = Promise.resolve();
    return work.plan.loads.flatMap((load) => {
      const progress: LoadProgress = { rows: 0, bytes: 0, piecesLeft: load.pieces.length, rejected: 0 };
      this.#progressOf.set(load, progress);
      if (load.pieces.length === 0) this.#sayLoaded(work, load, progress);
      return load.pieces.map((piece) => {
        let done: () => void = () => undefined;
        const item = { work, load, progress, piece, turn };
        turn = new Promise((resolve) => {
          done = resolve;
        });
        return { ...item, done };
      });
    });
  }

  async #load(worker: WorkerThread, { work, load, progress, piece, turn, done }: LoadItem): Promise<void> {
    const { table, object } = load;
    this.#board.begin(
      worker.number,
      { schema: work.target.name, name: object.name },
      objectPath(this.#exportMode, "TABLE/TABLE_DATA"),
    );
    const { target } = work;
    await target.guard(
      worker.call({ do: "decode", location: piece.location, shape: table.shape, imagePath: target.imagePath(worker.number) }),
    );
    await turn;
    const rejected = await target.guard(
      worker.call({ do: "load", path: target.workPath, durable: !target.isNew, table, rows: piece.rows }),
    );
    done();
    progress.rejected += rejected;
    progress.rows += piece.rows - rejected;
    progress.bytes += piece.location.rawLength;
    progress.piecesLeft -= 1;
    if (progress.piecesLeft === 0) this.#sayLoaded(work, load, progress);
    this.#board.advance(worker.number, { rows: progress.rows, bytes: progress.bytes, estimatedBytes: load.bytes });
    this.#run.progress(() => this.#progress());
  }

  #sayLoaded(work: SchemaWork, load: TableLoad, progress: LoadProgress): void {
    if (isSystemTable(load.object) || this.#content === "METADATA_ONLY") return;
    const name = qualifiedName(work.target.name, load.object.name);
    if (progress.rejected > 0)
      this.#run.report(
        pumpError([
          ["ORA-31693", name],
          ["ORA-39224", progress.rejected],
          ["TSDP-00010", "they violate a UNIQUE or PRIMARY KEY of the table"],
        ]).lines,
      );
    if (load.table.raw) this.#run.say(rowsLine("imported", work.target.name, load.object.name, progress.bytes, progress.rows));
  }

  async #publishAll(): Promise<void> {
    let next = 0;
    await this.#crew.run(async (worker) => {
      for (let work = this.#work[next++]; work !== undefined; work = this.#work[next++]) await this.#publish(worker, work);
      this.#board.end(worker.number);
    });
    for (const { target } of this.#work) target.finish();
  }

  async #publish(worker: WorkerThread, work: SchemaWork): Promise<void> {
    const { target, plan } = work;
    const publishing = worker.call({ do: "publish", path: target.workPath, durable: !target.isNew, plan: plan.plan }, (event) => {
      this.#tellPublished(worker, work, event);
    });
    await target.guard(publishing);
    const tables = target.isNew ? null : plan.loads.map(({ table }) => table.definition.name);
    const { structure, foreignKeys } = await worker.call({ do: "check", path: target.workPath, tables });
    if (structure.length > 0)
      this.#run.report(
        pumpError([["TSDP-00011", target.name], ...structure.map((line) => ({ code: "quick_check", text: line }))]).lines,
      );
    for (const { table, parent, rows } of foreignKeys) {
      this.#run.report(
        pumpError([
          ["ORA-02298", target.name, table],
          ["TSDP-00010", `${rows} row(s) refer to rows of ${parent} that do not exist`],
        ]).lines,
      );
    }
  }

  #tellPublished(worker: WorkerThread, { target, plan }: SchemaWork, event: PublishEvent): void {
    const { object } = event;
    if (event.kind === "begun") {
      this.#board.begin(worker.number, { schema: target.name, name: object.name }, object.type.toUpperCase());
      this.#run.progress(() => this.#progress());
      return;
    }
    const name = qualifiedName(target.name, object.name);
    if (event.kind === "failed")
      this.#run.report(pumpError([["ORA-39083", `${object.type.toUpperCase()}:${name}`], ...event.lines]).lines);
    if (event.kind === "rejected") this.#run.report(pumpError([["ORA-31693", name], ["ORA-02354"], ...event.lines]).lines);
    const load = plan.loads.find(({ table }) => table.definition.name === object.name && !table.raw);
    const progress = load === undefined ? undefined : this.#progressOf.get(load);
    if (event.kind !== "object" || load === undefined || progress === undefined || isSystemTable(load.object)) return;
    this.#run.say(rowsLine("imported", target.name, object.name, progress.bytes, progress.rows));
  }

  #progress(): Progress {
    const loads = [...this.#progressOf.values()];
    return {
      bytes: loads.reduce((sum, load) => sum + load.bytes, 0),
      totalBytes: this.#work.flatMap(({ plan }) => plan.loads).reduce((sum, load) => sum + load.bytes, 0),
      rows: loads.reduce((sum, load) => sum + load.rows, 0),
      workers: this.#board.statuses(),
      files: [],
    };
  }
}

const EMPTY_IMPORT: SchemaImport = {
  plan: { encoding: "UTF-8", drops: [], tables: [], creations: [], definitions: [], indexes: [] },
  loads: [],
  problems: [],
  notes: [],
};

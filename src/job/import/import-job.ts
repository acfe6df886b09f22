import { dirname } from "node:path";
import { pumpError, type ErrorLine, type StackEntry } from "../../base/errors.ts";
import { qualifiedName } from "../../base/identifiers.ts";
import type { OpenFiles } from "../../dump/open-files.ts";
import type { DumpFileSet } from "../../dump/reader.ts";
import type { DumpFile } from "../../dump/file-ends.ts";
import { groupPieces, verifyDescriptions } from "../../inspect/master.ts";
import type { CatalogObject } from "../../metadata/catalog-objects.ts";
import type { MasterTable } from "../../metadata/master-table.ts";
import { countByPath, objectPath, pathsOf, type ExportMode, type ObjectPathTail } from "../../metadata/object-paths.ts";
import { PIECE_TARGET } from "../../sqlite/stage.ts";
import { openPlaces } from "../../storage/place-keys.ts";
import type { Storage } from "../../storage/storage.ts";
import { contentOf, type Content } from "../content.ts";
import { importCatalog } from "../catalog-transfer.ts";
import { Crew, noSuchWorker } from "../crew.ts";
import { Loading, type LoadedRows, type SchemaWork } from "./import-loading.ts";
import { tellLeftOut, tellPlans } from "./import-announcement.ts";
import { accessMethodOf, importAction, importContent } from "./import-content.ts";
import { planSchemaImport } from "./import-plan.ts";
import { Publishing } from "./import-publishing.ts";
import { abortBefore } from "../abort-step.ts";
import { ImportState } from "./import-state.ts";
import { chooseTargets, exportModeOf, remapsOfImport, rowFiltersOf, type ChosenSchema } from "./import-targets.ts";
import { isOpenDatabase } from "../jobs.ts";
import { importDataOptions } from "../data-options.ts";
import type { RemapsOfTables } from "../data-remaps.ts";
import type { Job, JobEnd } from "../job.ts";
import { LinkLoading } from "./link-loading.ts";
import { LinkedImport, notOverLink } from "./linked-import.ts";
import {
  completedLine,
  lastPart,
  masterTableLine,
  processingLine,
  restartingLine,
  startingLine,
  startupLine,
} from "../log-lines.ts";
import { withMaster } from "../open-set.ts";
import { remapKeyFor } from "../remap-key.ts";
import { takeDump } from "../restart-check.ts";
import { importsPages, PageImport } from "./page-import.ts";
import { RowFilters } from "../row-filters.ts";
import type { JobRun } from "../run.ts";
import { skipCurrent, withoutSkipped } from "../skip-current.ts";
import { verifyFirst, verifyOnly } from "../verification.ts";
import { TargetSchema } from "./target-schema.ts";
import { WorkerBoard } from "../worker-board.ts";
import type { WorkerPool } from "../worker-thread.ts";

/** An import from START_JOB to its published schemas. */
export class ImportJob implements Job {
  readonly #run: JobRun;
  readonly #pool: WorkerPool;
  readonly #crew: Crew;
  readonly #board = new WorkerBoard();
  readonly #storage: Storage;
  #works: readonly SchemaWork[] = [];
  #files: readonly DumpFile[] = [];
  /** Of a dump that holds pages instead of rows. */
  #transport: PageImport | null = null;
  #missing: readonly StackEntry[] = [];
  #catalog: readonly CatalogObject[] = [];
  /** Files that templates stand for and that are none of the set. */
  #passedOver: readonly string[] = [];
  readonly #skipped: (readonly ErrorLine[])[] = [];
  #exportMode: ExportMode = "SCHEMA";
  #content: Content = "ALL";
  #remapped: RemapsOfTables = new Map();
  /** Where the rows come from when there is no dump. */
  readonly #link: LinkedImport | null;

  constructor(run: JobRun, pool: WorkerPool) {
    this.#run = run;
    this.#pool = pool;
    this.#crew = new Crew(pool, run.degree);
    this.#storage = openPlaces(run.places, isOpenDatabase);
    this.#link = run.definition.remoteLink === null ? null : new LinkedImport(run, pool);
  }

  get startInfo(): readonly ErrorLine[] {
    return this.#missing.flatMap((entry) => pumpError([entry]).lines);
  }

  /**
   * Everything that can be wrong before a row moves: the whole set is checked, then the targets. Nothing new is left behind when
   * it throws.
   */
  async start(): Promise<void> {
    const remapKey = await remapKeyFor(this.#run);
    if (remapKey !== null) this.#pool.takeMaskKey(remapKey);
    if (this.#link !== null) return this.#startOverLink(this.#link);
    this.#pool.enter(this.#run.places);
    const { definition, keyring } = this.#run;
    await withMaster(definition, this.#storage, keyring, (master, set, files) => this.#openDump(master, set, files));
  }

  async #openDump(master: MasterTable, set: DumpFileSet, files: OpenFiles): Promise<void> {
    const { definition, table } = this.#run;
    [this.#files, this.#passedOver] = [set.files, set.passedOver];
    takeDump(table, this.#run.restarts, master, set);
    if (this.#verifiesOnly || this.#readsMasterOnly) return;
    await verifyDescriptions(set, files.open);
    const { chosen, catalog, missing } = await chooseTargets(definition, master, new ImportState(table).targets());
    [this.#missing, this.#catalog] = [missing, catalog];
    this.#exportMode = exportModeOf(master);
    if (importsPages(definition, master)) {
      this.#transport = PageImport.open(this.#run, this.#crew, chosen, master, set);
      return;
    }
    this.#content = importContent(definition, master);
    this.#remapped = remapsOfImport(definition, chosen, master, this.#content);
    rowFiltersOf(definition, chosen, this.#content);
    this.#openTargets(chosen, { master, pieces: set.pieces });
  }

  async #startOverLink(link: LinkedImport): Promise<void> {
    const { definition, table } = this.#run;
    const { chosen, catalog, missing, master, stamp } = await link.open(new ImportState(table).targets());
    [this.#missing, this.#catalog] = [missing, catalog];
    this.#exportMode = exportModeOf(master);
    this.#content = contentOf(definition);
    this.#remapped = remapsOfImport(definition, chosen, master, this.#content);
    this.#openTargets(chosen, { master, pieces: new Map(), stamp });
    if (this.#works.some(({ target }) => target.startsOver))
      this.#run.beginAnew(() => table.connection.exec("DELETE FROM told WHERE what NOT LIKE 'catalog %'"));
  }

  async run(): Promise<"done" | "stopped"> {
    if (this.#verifiesOnly) return verifyOnly(this.#run, this.#crew, this.#files, () => this.#tellStart());
    if (this.#readsMasterOnly) {
      this.#run.say(masterTableLine(this.#run.definition.owner, this.#run.definition.name));
      return "done";
    }
    const makesAll = this.#works.every(({ target }) => target.isNew);
    if (this.#link === null && !(await verifyFirst(this.#run, this.#crew, this.#files, makesAll))) return "stopped";
    if (this.#transport !== null) return this.#runTransport(this.#transport);
    const paths = this.#tellPlan();
    abortBefore(this.#run, -1);
    const open = this.#works.filter(({ target }) => !target.isPublished);
    for (const { target, plan } of open) target.stage(plan);
    const loading = await this.#load();
    if (this.#run.isStopping) return "stopped";
    for (const path of paths) {
      this.#processing(path);
      tellLeftOut(this.#run, this.#works, path);
    }
    const publishing = new Publishing(this.#run, this.#crew, this.#board, loading);
    const isDone = await publishing.run(this.#works);
    this.#run.showProgress(() => loading.progress());
    if (!isDone) return "stopped";
    for (const path of paths) this.#measure(path, publishing.secondsOf(path));
    importCatalog(this.#run, this.#exportMode, this.#catalog);
    return "done";
  }

  async #load(): Promise<LoadedRows> {
    const work = { works: this.#works, exportMode: this.#exportMode };
    const least = Math.min(this.#works.length, this.#run.degree);
    if (this.#link !== null) {
      this.#crew.setDegree(Math.max(1, least));
      const copying = new LinkLoading(this.#run, this.#board, this.#link, work);
      await copying.run();
      return copying;
    }
    const loading = new Loading(this.#run, this.#crew, this.#board, work);
    const count = Math.min(this.#run.degree, Math.ceil(loading.bytesLeft / PIECE_TARGET) || 1);
    this.#crew.setDegree(Math.max(count, least));
    await loading.run();
    return loading;
  }

  get #readsMasterOnly(): boolean {
    return this.#run.parameter("MASTER_ONLY") === 1;
  }

  async #runTransport(transport: PageImport): Promise<"done" | "stopped"> {
    this.#tellStart();
    this.#tellMissing();
    abortBefore(this.#run, -1);
    this.#crew.setDegree(Math.min(this.#run.degree, Math.ceil(transport.bytesLeft / PIECE_TARGET) || 1));
    const end = await transport.run();
    if (end === "done") importCatalog(this.#run, this.#exportMode, this.#catalog);
    return end;
  }

  get #verifiesOnly(): boolean {
    return this.#run.parameter("VERIFY_ONLY") === 1;
  }

  async setDegree(degree: number): Promise<void> {
    if (this.#link !== null) throw notOverLink("PARALLEL");
    this.#crew.setDegree(degree);
    return Promise.resolve();
  }

  async addFiles(): Promise<void> {
    return Promise.reject(pumpError([["ORA-39002"], ["ORA-39208", "DUMPFILE", this.#run.definition.operation]]));
  }

  stopWorker(worker: number): void {
    if (this.#link !== null) throw notOverLink("STOP_WORKER");
    if (!this.#crew.stopWorker(worker)) throw noSuchWorker(worker);
  }

  /** A new schema file is kept for a restart. An existing schema is as it was, unless the job was stopped, or only had to wait too long. */
  async close(end: JobEnd): Promise<void> {
    await this.#pool.close();
    this.#link?.close();
    this.#transport?.close();
    const keepsAll = end === "stopped" || end === "locked out";
    for (const { target } of this.#works) target.close(keepsAll || (end === "interrupted" && target.isNew));
  }

  /** @returns the object paths that come after the rows */
  #tellPlan(): readonly ObjectPathTail[] {
    this.#tellStart();
    this.#tellMissing();
    for (const lines of this.#skipped) this.#run.report(lines);
    const objects = this.#works.flatMap((work) => work.objects);
    const paths = pathsOf(objects, "IMPORT", this.#content);
    this.#tellEstimate();
    const tables = paths.filter((path) => lastPart(path) === "TABLE");
    const data = paths.filter((path) => lastPart(path) === "TABLE_DATA");
    for (const path of tables) {
      this.#processing(path);
      this.#measure(path, this.#run.secondsOfStep());
    }
    tellPlans(this.#run, this.#works, paths, this.#lostBecause);
    for (const path of data) this.#processing(path);
    return paths.filter((path) => !tables.includes(path) && !data.includes(path));
  }

  #tellMissing(): void {
    for (const path of this.#passedOver)
      this.#run.sayOnce(`passed over ${path}`, `File "${path}" is not of this dump file set and is left out`);
    this.#run.once("missing", () => {
      for (const entry of this.#missing) this.#run.report(pumpError([entry]).lines);
    });
  }

  #tellStart(): void {
    const { owner, name } = this.#run.definition;
    const command = String(this.#run.parameter("CLIENT_COMMAND") ?? "");
    if (this.#link === null) this.#run.say(masterTableLine(owner, name));
    this.#run.say(this.#run.restarts ? restartingLine(owner, name, command) : startingLine(owner, name, command));
    this.#run.measure(1, startupLine(this.#run.secondsOfStep()));
  }

  /** METRICS: how many objects of a path there are. */
  #measure(path: ObjectPathTail, seconds: number): void {
    const count = countByPath(this.#works.flatMap(({ objects }) => objects)).get(path) ?? 0;
    this.#run.measure(1, completedLine(count, lastPart(path), seconds));
  }

  get #lostBecause(): string {
    return this.#link === null
      ? "its file did not outlive the interruption, or is another one"
      : "its source has changed since the job was interrupted, or its file is gone";
  }

  #tellEstimate(): void {
    const link = this.#link;
    if (link === null) return;
    this.#run.once("estimate", () => {
      this.#run.say(...link.estimate);
      for (const lines of link.problems) this.#run.report(lines);
    });
  }

  #processing(path: ObjectPathTail): void {
    this.#run.sayOnce(`processing ${path}`, this.#run.ofWorker(1, processingLine(objectPath(this.#exportMode, path))));
  }

  #openTargets(chosen: readonly ChosenSchema[], offer: ImportOffer): void {
    const { table, definition } = this.#run;
    const opened: SchemaWork[] = [];
    this.#works = opened;
    for (const choice of chosen) {
      const target = TargetSchema.open(
        { ...choice, name: choice.target, ...(offer.stamp === undefined ? {} : { stamp: offer.stamp }) },
        { table, guid: definition.guid, jobs: dirname(table.path) },
      );
      try {
        opened.push(this.#plan(target, { ...choice, ...offer }));
      } catch (error) {
        target.close(this.#run.restarts);
        throw error;
      }
    }
  }

  #plan(target: TargetSchema, { master, pieces, ...choice }: PlanRequest): SchemaWork {
    const pieceOrder = groupPieces(master);
    const skipped = skipCurrent(this.#run, target, choice.objects, pieceOrder);
    this.#skipped.push(
      ...skipped.map(({ name, objectType }) => pumpError([["ORA-39058", qualifiedName(target.name, name), objectType]]).lines),
    );
    const taken = withoutSkipped(this.#run, choice.objects);
    const plan = planSchemaImport({
      ...choice,
      definitionsOf: (names) => target.definitionsOf(names),
      objects: taken,
      target: target.name,
      existing: target.existing,
      action: importAction(this.#run.definition, this.#content),
      accessMethod: accessMethodOf(this.#run.definition),
      ...importDataOptions(this.#run.definition),
      content: this.#content,
      guid: this.#run.definition.guid,
      remapped: this.#remapped,
      rowFilters: this.#link === null ? new RowFilters(this.#run.definition) : null,
      pieceOrder,
      pieces,
    });
    return { target, objects: taken, plan };
  }
}

/** What there is to import, of a dump or over a link. */
interface ImportOffer {
  readonly master: MasterTable;
  readonly pieces: DumpFileSet["pieces"];
  /** State of the source of a link. */
  readonly stamp?: string | null;
}

type PlanRequest = ChosenSchema & ImportOffer;

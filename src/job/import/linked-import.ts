import { statSync } from "node:fs";
import { pumpError, type ErrorLine, type PumpError, type StackEntry } from "../../base/errors.ts";
import type { CatalogObject } from "../../metadata/catalog-objects.ts";
import type { MasterTable } from "../../metadata/master-table.ts";
import { isSystemTable } from "../../metadata/dump-object.ts";
import { cutRange } from "../../sqlite/key-range.ts";
import { recoverSource } from "../../sqlite/source.ts";
import type { SchemaFile } from "../../worker/messages.ts";
import { chooseSources, NO_PLAN, type ExportPlan, type TableWork } from "../export/export-plan.ts";
import { estimateExport, estimateMethod, fallbackLines } from "../export/export-estimate.ts";
import { assertStateOfTime } from "../export/flashback.ts";
import type { ChosenSchema } from "./import-targets.ts";
import type { TableLoad } from "./import-plan.ts";
import { PIECE_TARGET } from "../../sqlite/stage.ts";
import type { SavedTarget } from "./import-state.ts";
import { planLink } from "./link-plan.ts";
import { estimatedLine, estimateHeadLine, estimateTotalLine } from "../log-lines.ts";
import type { JobRun } from "../run.ts";
import { Snapshot } from "../export/snapshot.ts";
import type { WorkerPool, WorkerThread } from "../worker-thread.ts";

/** Bytes of rows that are copied at a time. */
const COPY_TARGET = 4 * PIECE_TARGET;

/** A part of a table's rows, numbered in their order. */
export interface LinkedPiece {
  readonly piece: number;
  readonly range: NonNullable<TableWork["range"]>;
  /** A guess. */
  readonly bytes: number;
}

/** A table of the source. */
export interface LinkedTable {
  readonly table: TableWork["unload"]["table"];
  readonly pieces: readonly LinkedPiece[];
}

/** What there is to import. */
export interface LinkedOffer {
  readonly chosen: readonly ChosenSchema[];
  readonly catalog: readonly CatalogObject[];
  readonly missing: readonly StackEntry[];
  /** What a master table would say. */
  readonly master: MasterTable;
  /** Tells the state of the sources from every other; null: a restart can't know it again. */
  readonly stamp: string | null;
}

/** The side of an import that reads another database: one frozen state of all its schemas, seen by the workers that copy them. */
export class LinkedImport {
  readonly #run: JobRun;
  readonly #pool: WorkerPool;
  #workers: readonly WorkerThread[] = [];
  #sources: readonly SchemaFile[] = [];
  #snapshot: Snapshot | null = null;
  #plan: ExportPlan = NO_PLAN;

  constructor(run: JobRun, pool: WorkerPool) {
    this.#run = run;
    this.#pool = pool;
  }

  /** Freezes the sources and reads what they hold. Nothing new is left behind when it throws. */
  async open(saved: ReadonlyMap<string, SavedTarget>): Promise<LinkedOffer> {
    const { definition } = this.#run;
    const sources = chooseSources(definition);
    this.#sources = sources.sources;
    assertStateOfTime(definition, this.#sources);
    for (const { schema, path } of this.#sources) recoverSource(schema, path);
    this.#workers = this.#pool.take(Math.min(this.#run.degree, this.#sources.length)).slice(0, this.#sources.length);
    await Promise.all(this.#workers.map((worker) => worker.call({ do: "open link", sources: this.#sourcesOf(worker) })));
    this.#snapshot = await Snapshot.take(this.#sources, this.#workers);
    assertStateOfTime(definition, this.#sources);
    const reading = this.#snapshot.stamps();
    // Awaited below, once there is a plan; a failure must not surface before that as an unhandled one.
    reading.catch(() => undefined);
    const { plan, master, chosen, missing } = await planLink(definition, sources, this.#snapshot, saved);
    this.#plan = plan;
    this.#assertOthers(chosen);
    const stamps = await reading;
    return { chosen, catalog: plan.catalog, missing, master, stamp: stamps === null ? null : JSON.stringify(stamps) };
  }

  /** What the plan has to say: objects that can't be taken. */
  get problems(): readonly (readonly ErrorLine[])[] {
    return this.#plan.problems;
  }

  /** The lines of the estimate, as Data Pump has them; none without ESTIMATE: the tables are read for it. */
  get estimate(): readonly string[] {
    const { definition } = this.#run;
    const method = estimateMethod(definition);
    if (definition.parameters["ESTIMATE"] === undefined || this.#snapshot === null) return [];
    const estimates = estimateExport(this.#plan, this.#snapshot, method);
    const bytes = estimates.reduce((sum, estimate) => sum + estimate.bytes, 0);
    return [
      estimateHeadLine(method),
      ...estimates.map((estimate) => estimatedLine(estimate.object.schema, estimate.object.name, estimate.bytes)),
      ...fallbackLines(estimates, method),
      estimateTotalLine(method, bytes),
    ];
  }

  /** The rows of a table in pieces; the same ones whenever the state is the same. Values can change places in a whole table only. */
  tableOf({ object, remaps }: Pick<TableLoad, "object" | "remaps">): LinkedTable | null {
    const work = this.#plan.tables.find(({ unload }) => unload.table.object === object.id);
    if (work === undefined || this.#snapshot === null) return null;
    const { unload, range } = work;
    if (range === null) return { table: unload.table, pieces: [] };
    const isWhole = isSystemTable(object) || remaps.some(({ called }) => called.name === "SHUFFLE");
    const count = isWhole ? 1 : Math.max(1, Math.ceil(unload.estimatedBytes / COPY_TARGET));
    const ranges = cutRange(this.#snapshot.connection(object.schema), unload.table.shape, range, count);
    const bytes = unload.estimatedBytes / ranges.length;
    return { table: unload.table, pieces: ranges.map((part, i) => ({ piece: i + 1, range: part, bytes })) };
  }

  /** The worker that copies the rows of a schema. */
  workerOf(schema: string): WorkerThread | undefined {
    return this.#workers[this.#sources.findIndex((source) => source.schema === schema) % this.#workers.length];
  }

  close(): void {
    this.#snapshot?.close();
    this.#snapshot = null;
  }

  #sourcesOf(worker: WorkerThread): readonly SchemaFile[] {
    return this.#sources.filter(({ schema }) => this.workerOf(schema) === worker);
  }

  /** A schema can't be read and written at the same time. */
  #assertOthers(chosen: readonly ChosenSchema[]): void {
    const identities = new Map(this.#sources.map(({ schema, path }) => [identityOf(path), schema]));
    for (const { target, existingPath } of chosen) {
      const schema = existingPath === null ? undefined : identities.get(identityOf(existingPath));
      if (schema === undefined) continue;
      const reason = `schema ${target} would be imported into while schema ${schema} of link ${String(this.#run.definition.remoteLink)}, the same file, is read`;
      throw pumpError([["ORA-39002"], ["TSDP-00010", reason]], "Import into another schema with remap_schema.");
    }
  }
}

function identityOf(path: string): string {
  const { dev, ino } = statSync(path, { bigint: true });
  return `${dev}:${ino}`;
}

/** Who copies what is settled when the state of the source is frozen. */
export function notOverLink(what: string): PumpError {
  return pumpError([["ORA-39002"], ["ORA-39115", what]], "Give parallel= when the job is started: one worker a schema, at most.");
}

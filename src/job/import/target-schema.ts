import { causeLines, pumpError } from "../../base/errors.ts";
import { quoteIdentifier } from "../../base/identifiers.ts";
import { failpoint } from "../../base/failpoint.ts";
import type { DumpSchema } from "../../metadata/dump-object.ts";
import { openDatabase, type Connection } from "../../sqlite/database.ts";
import { isLockedOut, isMachineFault } from "../../sqlite/machine-fault.ts";
import { definitionsNamed, readObjects, readSettings, type SchemaObject } from "../../sqlite/schema.ts";
import {
  createProgressTable,
  createStagingTable,
  listStaging,
  progressName,
  readProgress,
  type LoadedPiece,
} from "../../sqlite/staging.ts";
import { rejectedName } from "../../sqlite/rejected-rows.ts";
import { createTarget, dropStaging, listExisting, openTarget, setJournalMode, type ExistingObject } from "../../sqlite/target.ts";
import { bootName, isSameBoot } from "../boot.ts";
import type { ControlTable } from "../control-table.ts";
import type { JobMessage } from "../definition.ts";
import type { SchemaImport } from "./import-plan.ts";
import { ImportState, isPublished, isStateOf, type SavedTarget } from "./import-state.ts";
import type { LivenessLock } from "../liveness.ts";
import { asTargetError, guardWorker, targetError, unwritable } from "./target-errors.ts";
import type { SchemaPlace } from "./schema-place.ts";
import {
  hasOnlyName,
  hasTakenName,
  imagePath,
  linkSchema,
  removeDatabase,
  removeImages,
  stampOf,
  syncPath,
  takeName,
  unfinishedPath,
} from "./target-files.ts";
import { lockTarget } from "./target-lock.ts";

/** A schema file that an import writes: one that exists, or a new one that grows under a temporary name. */
export class TargetSchema {
  /** Upper case, as shown. */
  readonly name: string;
  /** Pieces that earlier runs have loaded. */
  loaded: readonly LoadedPiece[] = [];
  /** Whether what an earlier run has loaded can't be used. */
  startsOver = false;
  readonly #state: ImportState;
  readonly #source: DumpSchema;
  readonly #guid: string;
  readonly #lock: LivenessLock;
  #saved: SavedTarget;
  /** Stays open as long as pieces are loaded: with it the target's cache and WAL outlive each piece. */
  #keeper: Connection | null = null;
  #isPublished = false;

  /**
   * Opens a schema file that exists, begins a new one, or takes up what an earlier run of the job has left of either.
   * @throws ORA-39002 when another job has it, when it is locked or can't be written, is no database, or has another text
   * encoding than the dump
   */
  static open({ name, path, link, existingPath, source, stamp }: TargetRequest, { table, guid, jobs }: TargetJob): TargetSchema {
    const lock = lockTarget(jobs, name, link ?? path);
    try {
      const state = new ImportState(table);
      const saved = state.targets().get(name) ?? {
        path,
        link,
        existing: existingPath === null ? null : [],
        boot: bootName(),
        isStaged: false,
        isPublished: false,
        identity: null,
        isFinished: false,
        ...(stamp === undefined ? {} : { stamp }),
      };
      const target = new TargetSchema(name, state, source, guid, lock, saved);
      target.#begin(state.targets().has(name), stamp);
      return target;
    } catch (error) {
      lock.remove();
      throw error;
    }
  }

  private constructor(
    name: string,
    state: ImportState,
    source: DumpSchema,
    guid: string,
    lock: LivenessLock,
    saved: SavedTarget,
  ) {
    this.name = name;
    this.#state = state;
    this.#source = source;
    this.#guid = guid;
    this.#lock = lock;
    this.#saved = saved;
  }

  get isNew(): boolean {
    return this.#saved.existing === null;
  }

  /** What it held before the job; null when the job makes it. */
  get existing(): readonly ExistingObject[] | null {
    return this.#saved.existing;
  }

  /** Where it will be. */
  get path(): string {
    return this.#saved.path;
  }

  /** The file to write to now. */
  get workPath(): string {
    return this.isNew ? unfinishedPath(this.path, this.#guid) : this.path;
  }

  /** Where a worker keeps the piece that it is about to load. */
  imagePath(worker: number): string {
    return imagePath(this.path, this.#guid, worker);
  }

  /** Its own definitions of tables and views, by their folded names. */
  definitionsOf(names: readonly string[]): readonly SchemaObject[] {
    const keeper = this.#keeper;
    if (keeper === null || names.length === 0) return [];
    return asTargetError(this.name, this.path, () => definitionsNamed(readObjects(keeper).objects, names));
  }

  /** How many rows have arrived in a staging table. */
  countStaged(staging: string): number {
    const keeper = this.#requireKeeper();
    return keeper
      .prepare(`SELECT count(*) FROM ${quoteIdentifier(staging)}`)
      .pluck()
      .get() as number;
  }

  get isPublished(): boolean {
    return this.#isPublished;
  }

  get isFinished(): boolean {
    return this.#saved.isFinished;
  }

  /** @param stamp of the source that is copied: rows of another state are of no use */
  #begin(isKnown: boolean, stamp: string | null | undefined): void {
    if (this.#takeNameOfWholeFile()) {
      this.#isPublished = true;
      return;
    }
    const isSameState = isStateOf(this.#saved, stamp);
    this.#keeper = this.isNew ? this.#openNew(isKnown, isSameState) : this.#openExisting();
    if (!isKnown) {
      const existing = this.isNew ? null : listExisting(this.#keeper);
      this.#save({ existing });
      return;
    }
    this.#takeUpLoaded(this.#keeper, isSameState);
    if (!isSameState) this.#save({ stamp: stamp ?? null });
  }

  #takeUpLoaded(keeper: Connection, isSameState: boolean): void {
    const progress = this.#findPublication(keeper);
    if (this.#isPublished) return;
    const isLost = progress === null && this.#saved.isStaged;
    // A new file of another state has been begun anew.
    if (!isLost && (isSameState || this.isNew)) {
      this.loaded = progress ?? [];
      return;
    }
    this.#dropStaged(keeper);
    this.startsOver = true;
  }

  /** Finds out whether the schema has been published, and notes it. @throws ORA-39002 when nothing tells */
  #findPublication(keeper: Connection): readonly LoadedPiece[] | null {
    const progress = readProgress(keeper, progressName(this.#guid));
    if (progress === null && this.#saved.isStaged && this.#saved.isPublished === undefined) {
      keeper.close();
      const reason = `it is not known whether schema ${this.name} has been published: an earlier version of tsdp began the job`;
      throw pumpError([["ORA-39002"], ["TSDP-00010", reason]], "Look at the schema, and remove the job with KILL_JOB.");
    }
    this.#isPublished = isPublished(this.#saved, progress);
    if (this.#saved.isPublished !== this.#isPublished) this.#save({ isPublished: this.#isPublished });
    return progress;
  }

  /** In this order: a run that ends in between finds no schema that looks published. */
  #dropStaged(keeper: Connection): void {
    this.#save({ isStaged: false });
    failpoint("import given up");
    dropStaging(keeper, listStaging(keeper, this.#guid));
  }

  #openNew(isKnown: boolean, isSameState: boolean): Connection {
    const { isStaged, boot } = this.#saved;
    const keeps = isKnown && isStaged && isSameState && hasOnlyName(this.workPath) && isSameBoot(boot);
    return asTargetError(this.name, this.path, () => {
      if (!keeps) {
        // In this order: a run that ends in between finds no empty file that looks published.
        removeDatabase(this.workPath);
        if (isKnown) this.#save({ isStaged: false, isPublished: false, boot: bootName() });
        failpoint("import begun anew");
        createTarget(this.workPath, this.#source.settings);
        this.startsOver = isKnown && isStaged;
      }
      return openDatabase(this.workPath, { mustExist: true });
    });
  }

  #openExisting(): Connection {
    const keeper = asTargetError(this.name, this.path, () => openTarget(this.path, this.#source.settings));
    const { encoding } = readSettings(keeper);
    if (encoding === this.#source.settings.encoding) return keeper;
    keeper.close();
    const reason = `schema ${this.name} is stored as ${encoding}, the dump as ${this.#source.settings.encoding}`;
    throw pumpError(
      [["ORA-39002"], ["TSDP-00010", reason]],
      "Import into a new schema with remap_schema: rows can't move between text encodings.",
    );
  }

  /**
   * Makes the tables in which the rows arrive; those that an earlier run has made stay as they are.
   * @throws TSDP-00012 for what may pass, such as a full disk; else ORA-39002
   */
  stage({ loads, plan }: SchemaImport): void {
    const keeper = this.#requireKeeper();
    this.#write(() => {
      keeper
        .transaction(() => {
          const there = new Set(listStaging(keeper, this.#guid));
          const kept = new Set([plan.progress, ...loads.map(({ table }) => table.staging)]);
          const wanted = new Set([...kept, ...[...kept].map(rejectedName)]);
          dropStaging(
            keeper,
            [...there].filter((name) => !wanted.has(name)),
          );
          if (!there.has(plan.progress)) createProgressTable(keeper, plan.progress);
          const missing = loads.filter(({ table }) => !there.has(table.staging));
          for (const { table } of missing) createStagingTable(keeper, table);
          this.loaded = this.loaded.filter(({ object }) => missing.every((load) => load.object.id !== object));
        })
        .immediate();
    });
    failpoint("import staged");
    if (this.#saved.isStaged) return;
    const tables = plan.tables.map(({ definition, staging }) => ({ name: definition.name, staging }));
    this.#save({ isStaged: true, ...(plan.rejected === null ? {} : { rejecting: { reasons: plan.rejected, tables } }) });
  }

  /** @throws TSDP-00012, as `guardWorker` */
  async guard<T>(work: Promise<T>): Promise<T> {
    return guardWorker(this, work);
  }

  /** @throws TSDP-00012 for what may pass, such as a full disk; else ORA-39002 */
  #write(step: () => void): void {
    try {
      step();
    } catch (error) {
      if (isMachineFault(error) || isLockedOut(error)) throw unwritable(this.name, this.#isPublished, causeLines(error), error);
      throw targetError(this.name, this.path, error);
    }
  }

  /** After everything is published: gives a new schema its journal mode and its name, durably. @throws as `stage` */
  finish(): void {
    if (this.isFinished) return;
    this.#keeper?.close();
    this.#keeper = null;
    if (this.isNew) this.#name();
    this.#save({ isFinished: true });
    failpoint("import finished");
    if (this.isNew) removeDatabase(this.workPath);
  }

  #name(): void {
    this.#write(() => {
      setJournalMode(this.workPath, this.#source.settings.journalMode);
      syncPath(this.workPath);
    });
    this.#save({ identity: stampOf(this.workPath) });
    failpoint("import whole");
    this.#write(() => {
      takeName(this.workPath, this.path);
      failpoint("import named");
      linkSchema(this.path, this.#saved.link ?? null);
    });
  }

  /** Gives the target up: all that is loaded stays for a restart, or nothing of an import that did not end well. */
  close(keep: boolean): void {
    const keeper = this.#keeper;
    this.#keeper = null;
    if (this.isNew) {
      keeper?.close();
      // One that is published lacks nothing but its journal mode and its name: a restart gives them.
      if (!keep && !this.isFinished && !this.#isPublished) removeDatabase(this.workPath);
    } else if (keeper !== null) {
      // A worker may have ended after its commit and before its answer.
      if (!keep && !this.#isPublished) this.#findPublication(keeper);
      if (!keep && !this.#isPublished) this.#dropStaged(keeper);
      keeper.close();
    }
    removeImages(this.path, this.#guid);
    this.#lock.remove();
  }

  /** What there is to tell of its publication, which an earlier run may have committed. */
  get outcome(): readonly JobMessage[] {
    return this.#saved.outcome ?? [];
  }

  /** Before the commit: after a power cut it is still known what was committed. */
  keepOutcome(outcome: readonly JobMessage[]): void {
    this.#save({ outcome });
  }

  /** Takes note that the transaction that makes everything visible has been committed. */
  published(): void {
    this.#isPublished = true;
    this.#save({ isPublished: true });
    failpoint("import publication noted");
  }

  /** A run that ended between the link and what comes after it has left a file that is whole. */
  #takeNameOfWholeFile(): boolean {
    if (!this.isFinished) {
      if (!hasTakenName(this.workPath, this.path, this.#saved.identity)) return false;
      this.#write(() => {
        linkSchema(this.path, this.#saved.link ?? null);
      });
      this.#save({ isFinished: true });
    }
    if (this.isNew) removeDatabase(this.workPath);
    return true;
  }

  #requireKeeper(): Connection {
    if (this.#keeper === null) throw new Error(`schema ${this.name} is closed`);
    return this.#keeper;
  }

  #save(change: Partial<SavedTarget>): void {
    this.#saved = { ...this.#saved, ...change };
    this.#state.save(this.name, this.#saved);
  }
}

/** A schema of the dump and where it goes. */
export interface TargetRequest extends SchemaPlace {
  readonly name: string;
  readonly existingPath: string | null;
  readonly source: DumpSchema;
  /** State of a source that is copied and not loaded from a dump; null: a restart can't know it again. */
  readonly stamp?: string | null;
}

/** The job that writes it. */
export interface TargetJob {
  readonly table: ControlTable;
  readonly guid: string;
  /** Folder of the control tables. */
  readonly jobs: string;
}

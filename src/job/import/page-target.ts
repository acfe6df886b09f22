import { closeSync, fdatasync, ftruncateSync, openSync } from "node:fs";
import { promisify } from "node:util";
import { causeLines, pumpError } from "../../base/errors.ts";
import { failpoint } from "../../base/failpoint.ts";
import { setJournalMode } from "../../sqlite/target.ts";
import { bootName } from "../boot.ts";
import { ImportState, type SavedTarget } from "./import-state.ts";
import type { LivenessLock } from "../liveness.ts";
import type { SchemaPlace } from "./schema-place.ts";
import { aboutSchema } from "./target-errors.ts";
import { hasTakenName, linkSchema, removeDatabase, stampOf, syncPath, takeName, unfinishedPath } from "./target-files.ts";
import { lockTarget } from "./target-lock.ts";
import type { TargetJob } from "./target-schema.ts";

const syncData = promisify(fdatasync);

/** A schema file that is made of pages. It grows under a temporary name and is begun anew by every run until it is whole. */
export class PageTarget {
  /** Upper case, as shown. */
  readonly name: string;
  /** Whether an earlier run has left pages that are not used. */
  readonly startsOver: boolean;
  readonly #state: ImportState;
  readonly #guid: string;
  readonly #lock: LivenessLock;
  #saved: SavedTarget;
  /** Open while pages are written. */
  #file: number | null = null;
  #isDirty = false;
  #syncing: Promise<void> | null = null;
  /** Of the disk: the system tells it only once. */
  #syncError: Error | null = null;

  /** @throws ORA-39002 when another job has the schema, or when the file can't be made */
  static open({ name, place, bytes }: PageTargetRequest, { table, guid, jobs }: TargetJob): PageTarget {
    const lock = lockTarget(jobs, name, place.link ?? place.path);
    try {
      return new PageTarget(name, place, bytes, new ImportState(table), guid, lock);
    } catch (error) {
      lock.remove();
      throw pumpError(
        [...aboutSchema(name, place.path), ...causeLines(error)],
        "Check the folder of the schema and the free space on its disk.",
        error,
      );
    }
  }

  private constructor(name: string, place: SchemaPlace, bytes: number, state: ImportState, guid: string, lock: LivenessLock) {
    this.name = name;
    this.#state = state;
    this.#guid = guid;
    this.#lock = lock;
    const known = state.targets().get(name);
    this.#saved = known ?? { ...place, existing: null, boot: bootName(), isStaged: true, identity: null, isFinished: false };
    if (known === undefined) this.#save({});
    this.startsOver = known !== undefined && !this.#takeNameOfWholeFile();
    if (!this.isFinished) this.#begin(bytes);
  }

  get isFinished(): boolean {
    return this.#saved.isFinished;
  }

  /** Whether others see it. */
  get isPublished(): boolean {
    return this.isFinished;
  }

  /** The file to write to now. */
  get workPath(): string {
    return unfinishedPath(this.#saved.path, this.#guid);
  }

  #begin(bytes: number): void {
    removeDatabase(this.workPath);
    this.#file = openSync(this.workPath, "wx", 0o644);
    try {
      ftruncateSync(this.#file, bytes);
    } catch (error) {
      this.#closeFile();
      throw error;
    }
  }

  /** Has the disk take up what is written so far, while more is written or all of it is checked. `synced` tells how that went. */
  beginSync(): void {
    this.#isDirty = true;
    this.#syncing ??= this.#sync().finally(() => {
      this.#syncing = null;
    });
  }

  async #sync(): Promise<void> {
    try {
      while (this.#isDirty && this.#file !== null) {
        this.#isDirty = false;
        await syncData(this.#file);
      }
    } catch (error) {
      this.#syncError ??= error instanceof Error ? error : new Error(String(error));
    }
  }

  /** @throws what the disk said to `beginSync` */
  async synced(): Promise<void> {
    await this.#syncing;
    if (this.#syncError !== null) throw this.#syncError;
  }

  /** After the pages are checked: gives the file its name, durably. */
  finish(journalMode: string): void {
    this.#closeFile();
    setJournalMode(this.workPath, journalMode);
    syncPath(this.workPath);
    this.#save({ identity: stampOf(this.workPath) });
    failpoint("import pages whole");
    takeName(this.workPath, this.#saved.path);
    failpoint("import pages named");
    linkSchema(this.#saved.path, this.#saved.link ?? null);
    this.#save({ isFinished: true });
    failpoint("import pages finished");
    removeDatabase(this.workPath);
  }

  /** Nothing half is left: no further run goes on with the pages that are there. */
  close(): void {
    this.#closeFile();
    if (!this.isFinished) removeDatabase(this.workPath);
    this.#lock.remove();
  }

  /** Only while no connection holds the file: closing drops SQLite's locks on it. */
  #closeFile(): void {
    if (this.#file !== null) closeSync(this.#file);
    this.#file = null;
  }

  /** A run that ended between the link and what comes after it has left a file that is whole. */
  #takeNameOfWholeFile(): boolean {
    const { path, link = null, identity, isFinished } = this.#saved;
    if (!isFinished) {
      if (!hasTakenName(this.workPath, path, identity)) return false;
      linkSchema(path, link);
      this.#save({ isFinished: true });
    }
    removeDatabase(this.workPath);
    return true;
  }

  #save(change: Partial<SavedTarget>): void {
    this.#saved = { ...this.#saved, ...change };
    this.#state.save(this.name, this.#saved);
  }
}

/** A schema and where it goes. */
export interface PageTargetRequest {
  readonly name: string;
  readonly place: SchemaPlace;
  readonly bytes: number;
}

import { linkSync, lstatSync, openSync, closeSync, fsyncSync, renameSync, rmSync, unlinkSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { causeLines, pumpError } from "../base/errors.ts";
import type { DumpSchema } from "../metadata/dump-object.ts";
import { openDatabase, type Connection } from "../sqlite/database.ts";
import { readSettings } from "../sqlite/schema.ts";
import { createStagingTable } from "../sqlite/staging.ts";
import { createTarget, dropStaging, listExisting, openTarget, setJournalMode, type ExistingObject } from "../sqlite/target.ts";
import type { SchemaImport } from "./import-plan.ts";

/** A schema file that an import writes: one that exists, or a new one that grows under a temporary name. */
export class TargetSchema {
  /** Upper case, as shown. */
  readonly name: string;
  /** Where it will be. */
  readonly path: string;
  /** What it holds; null when the job makes it. */
  readonly existing: readonly ExistingObject[] | null;
  readonly #workPath: string;
  readonly #imagePath: string;
  readonly #source: DumpSchema;
  /** Stays open as long as pieces are loaded: with it the target's cache and WAL outlive each piece. */
  #keeper: Connection | null;
  #staged: readonly string[] = [];
  #state: "open" | "done" = "open";

  private constructor(name: string, path: string, guid: string, source: DumpSchema, keeper: Connection, isNew: boolean) {
    this.name = name;
    this.path = path;
    this.#workPath = isNew ? partPath(path, guid) : path;
    this.#imagePath = `${partPath(path, guid)}-piece`;
    this.#source = source;
    this.#keeper = keeper;
    this.existing = isNew ? null : listExisting(keeper);
  }

  /**
   * Opens a schema file that exists.
   * @throws ORA-39002 when it is locked, can't be written, is no database, or has another text encoding than the dump
   */
  static openExisting(name: string, path: string, source: DumpSchema, guid: string): TargetSchema {
    const keeper = asTargetError(name, path, () => openTarget(path));
    const { encoding } = readSettings(keeper);
    if (encoding === source.settings.encoding) return new TargetSchema(name, path, guid, source, keeper, false);
    keeper.close();
    const reason = `schema ${name} is stored as ${encoding}, the dump as ${source.settings.encoding}`;
    throw pumpError(
      [["ORA-39002"], ["TSDP-00010", reason]],
      "Import into a new schema with remap_schema: rows can't move between text encodings.",
    );
  }

  /** Begins a new schema file; it gets its name when the import has ended well. @throws ORA-39002 when it can't be made */
  static create(name: string, path: string, source: DumpSchema, guid: string): TargetSchema {
    const workPath = partPath(path, guid);
    const keeper = asTargetError(name, path, () => {
      removeDatabase(workPath);
      createTarget(workPath, source.settings);
      return openDatabase(workPath, { mustExist: true });
    });
    return new TargetSchema(name, path, guid, source, keeper, true);
  }

  get isNew(): boolean {
    return this.existing === null;
  }

  /** The file to write to now. */
  get workPath(): string {
    return this.#workPath;
  }

  /** Where a worker keeps the piece that it is about to load. */
  imagePath(worker: number): string {
    return `${this.#imagePath}-${worker}`;
  }

  /** Makes the tables in which the rows arrive. */
  stage({ loads }: SchemaImport): void {
    const keeper = this.#keeper;
    if (keeper === null) throw new Error(`schema ${this.name} is closed`);
    this.#staged = loads.map(({ table }) => table.staging);
    asTargetError(this.name, this.path, () => {
      keeper
        .transaction(() => {
          for (const { table } of loads) createStagingTable(keeper, table);
        })
        .immediate();
    });
  }

  /** Gives an error of SQLite or of the system that a worker met on the way the name of the schema. @throws TSDP-00012 */
  async guard<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      const [outer, ...causes] = causeLines(error);
      if (outer?.code !== "ORA-39006" || causes.length === 0) throw error;
      throw pumpError([["TSDP-00012", this.name], ...causes], undefined, error);
    }
  }

  /** After everything is published: gives a new schema its journal mode and its name, durably. @throws ORA-39002 */
  finish(): void {
    this.#keeper?.close();
    this.#keeper = null;
    this.#state = "done";
    if (!this.isNew) return;
    asTargetError(this.name, this.path, () => {
      setJournalMode(this.#workPath, this.#source.settings.journalMode);
      takeName(this.#workPath, this.path);
    });
  }

  /** Leaves nothing of an import that did not end well. */
  discard(): void {
    const keeper = this.#keeper;
    this.#keeper = null;
    if (this.isNew) {
      keeper?.close();
      removeDatabase(this.#workPath);
    } else if (keeper !== null) {
      if (this.#state === "open") dropStaging(keeper, this.#staged);
      keeper.close();
    }
  }
}

/** Hidden, and no schema by its name, until the file is whole. */
function partPath(path: string, guid: string): string {
  return join(dirname(path), `.${basename(path)}.${guid.slice(0, 8)}.part`);
}

/** Makes a finished file durable and gives it its name, without replacing one that came to be meanwhile. */
function takeName(workPath: string, path: string): void {
  syncPath(workPath);
  try {
    linkSync(workPath, path);
    unlinkSync(workPath);
  } catch (error) {
    const noLinks =
      error instanceof Error && "code" in error && ["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"].includes(String(error.code));
    if (!noLinks || lstatSync(path, { throwIfNoEntry: false }) !== undefined) throw error;
    renameSync(workPath, path);
  }
  syncPath(dirname(path));
}

/** No connection of this process holds the file any more: only then may it be opened by other means. */
function syncPath(path: string): void {
  const descriptor = openSync(path, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function removeDatabase(path: string): void {
  for (const suffix of ["", "-wal", "-shm", "-journal"]) rmSync(path + suffix, { force: true });
}

function asTargetError<T>(name: string, path: string, step: () => T): T {
  try {
    return step();
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    throw pumpError(
      [["ORA-39002"], ["ORA-39097", `for schema ${name} in "${path}"`], ...causeLines(error)],
      targetHint(code),
      error,
    );
  }
}

function targetHint(code: string): string {
  if (code.startsWith("SQLITE_BUSY"))
    return "Another program is writing to the schema; try again when it has finished its transaction.";
  if (code.startsWith("SQLITE_READONLY") || code === "EACCES" || code === "EROFS")
    return "Check that this user may write the schema file and its folder.";
  if (code === "SQLITE_FULL" || code === "ENOSPC") return "The disk is full; nothing of the schema was changed.";
  if (code === "EEXIST")
    return "A schema of that name has come to be since the job started; import under another name with remap_schema.";
  return "Check the schema file, its folder and the free space on its disk.";
}

import { setTimeout as sleep } from "node:timers/promises";
import { openDatabase, type Connection } from "../../sqlite/database.ts";
import { beginSnapshot, dataVersion, isHotJournal, openSource, recoverSource, sourceError } from "../../sqlite/source.ts";
import { StateStamps } from "../../sqlite/state-stamp.ts";
import type { SchemaFile } from "../../worker/messages.ts";
import type { WorkerThread } from "../worker-thread.ts";

/** Attempts without a lock, before writers are held back for a moment. */
const OPTIMISTIC_ATTEMPTS = 20;

/**
 * One frozen state of all sources, seen by every worker and by the connections here. It is taken without a lock, and proven:
 * an idle connection of each source tells by `data_version` whether anyone committed while the transactions began.
 */
export class Snapshot {
  readonly #sources: readonly SchemaFile[];
  readonly #workers: readonly WorkerThread[];
  readonly #idle: readonly Connection[];
  readonly #connections: ReadonlyMap<string, Connection>;
  readonly #stamps: StateStamps;
  /** `data_version` of the idle connections when all transactions had begun. */
  #versionsOfState: readonly number[] = [];

  private constructor(sources: readonly SchemaFile[], workers: readonly WorkerThread[]) {
    this.#sources = sources;
    this.#workers = workers;
    const opened = openAll([...sources, ...sources]);
    this.#idle = opened.slice(0, sources.length);
    this.#connections = new Map(sources.map(({ schema }, i) => [schema, opened[sources.length + i] as Connection]));
    this.#stamps = new StateStamps(sources.map(({ path }) => path));
  }

  /** The workers have opened the sources already. @throws ORA-39002 with SQLite's cause */
  static async take(sources: readonly SchemaFile[], workers: readonly WorkerThread[]): Promise<Snapshot> {
    const snapshot = new Snapshot(sources, workers);
    try {
      await snapshot.#take();
      return snapshot;
    } catch (error) {
      snapshot.close();
      throw error;
    }
  }

  async #take(): Promise<void> {
    for (let attempt = 0; attempt < OPTIMISTIC_ATTEMPTS; attempt++) {
      if (await this.#attempt()) return;
      await this.#end();
      await sleep(attempt);
    }
    await this.#beginUnderLock();
  }

  /** A connection of the control process that is in the snapshot. */
  connection(schema: string): Connection {
    const connection = this.#connections.get(schema);
    if (connection === undefined) throw new Error(`schema ${schema} is not in the snapshot`);
    return connection;
  }

  /** Whether nobody has committed to a source since the snapshot was taken. */
  isCurrent(): boolean {
    return this.#versions().every((version, i) => version === this.#versionsOfState[i]);
  }

  /** Tells the state from every other one; null when a source is in another one by now. */
  async stamps(): Promise<readonly string[] | null> {
    if (!this.isCurrent()) return null;
    const stamps = await this.#stamps.read();
    return this.isCurrent() ? stamps : null;
  }

  /** Has a further worker see the same state. @returns false when it can't any more, since a source has changed */
  async join(worker: WorkerThread): Promise<boolean> {
    await worker.call({ do: "begin snapshot" });
    if (this.isCurrent()) return true;
    await worker.call({ do: "end snapshot" });
    return false;
  }

  /** To be called after the workers have ended. */
  close(): void {
    for (const connection of [...this.#connections.values(), ...this.#idle]) connection.close();
    this.#stamps.close();
  }

  /** Whether a state has been frozen. @throws what is wrong with a source, but for a journal that only looks hot */
  async #attempt(): Promise<boolean> {
    try {
      return await this.#begin();
    } catch (error) {
      if (!isHotJournal(error)) throw error;
      for (const { schema, path } of this.#sources) recoverSource(schema, path);
      return false;
    }
  }

  /** Whether all transactions have begun on one state. */
  async #begin(): Promise<boolean> {
    const before = this.#versions();
    const begun = await Promise.allSettled(this.#workers.map((worker) => worker.call({ do: "begin snapshot" })));
    for (const result of begun) if (result.status === "rejected") throw result.reason;
    this.#sources.forEach(({ schema, path }) => {
      asSourceError(schema, path, () => {
        beginSnapshot(this.connection(schema));
      });
    });
    this.#versionsOfState = this.#versions();
    return this.#versionsOfState.every((version, i) => version === before[i]);
  }

  #versions(): number[] {
    return this.#idle.map((connection, i) => {
      const { schema, path } = this.#sources[i] ?? { schema: "", path: "" };
      return asSourceError(schema, path, () => dataVersion(connection));
    });
  }

  async #end(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.call({ do: "end snapshot" })));
    for (const connection of this.#connections.values()) if (connection.inTransaction) connection.exec("ROLLBACK");
  }

  /** Holds writers back while the transactions begin, in the order of the schemas' names so that two jobs can't block each other. */
  async #beginUnderLock(): Promise<void> {
    const locks: Connection[] = [];
    try {
      for (const { schema, path } of this.#sources) locks.push(asSourceError(schema, path, () => lockWriters(path)));
      await this.#begin();
    } finally {
      for (const lock of locks) lock.close();
    }
  }
}

/** All or none. */
function openAll(sources: readonly SchemaFile[]): readonly Connection[] {
  const opened: Connection[] = [];
  try {
    for (const { schema, path } of sources) opened.push(openSource(schema, path));
    return opened;
  } catch (error) {
    for (const connection of opened) connection.close();
    throw error;
  }
}

/** On a file that can't be written BEGIN IMMEDIATE succeeds and locks nothing: only a write proves the lock. */
function lockWriters(path: string): Connection {
  const connection = openDatabase(path, { mustExist: true });
  const version = Number(connection.pragma("user_version", { simple: true }));
  connection.exec(`BEGIN IMMEDIATE; PRAGMA user_version = ${version}`);
  return connection;
}

function asSourceError<T>(schema: string, path: string, step: () => T): T {
  try {
    return step();
  } catch (error) {
    throw sourceError(schema, path, error);
  }
}

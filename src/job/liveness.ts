import { statSync, unlinkSync } from "node:fs";
import { codeOf, pumpError } from "../base/errors.ts";
import { ensurePrivateFile } from "../catalog/private-files.ts";
import { openDatabase, type Connection } from "../sqlite/database.ts";

/** A connection that the garbage collector takes frees its lock: these are out of its reach. */
const held = new Set<Connection>();

/** How long to wait for a lock that only a passing probe may hold. */
export const PROBE_TIMEOUT_MS = 2000;

/** The lock file of a job: beside its control table, `OWNER.JOB.lock`. */
export function lockPath(tablePath: string): string {
  return `${tablePath.replace(/\.db$/, "")}.lock`;
}

/**
 * Says that a job is alive: an exclusive transaction on a rollback-mode SQLite file. The operating system drops it when the process
 * ends, however it ends; it outlives SIGSTOP. Sessions hold it while a job is DEFINING, the control process from START_JOB on.
 */
export class LivenessLock {
  readonly #path: string;
  readonly #connection: Connection;
  readonly #identity: string | undefined;

  private constructor(path: string, connection: Connection, identity: string | undefined) {
    this.#path = path;
    this.#connection = connection;
    this.#identity = identity;
    held.add(connection);
  }

  /**
   * Takes the lock and makes its file when it is missing.
   * @param timeoutMs how long to wait for a holder; some time is needed always, since a probe holds the file for a moment.
   * @throws ORA-31634 when another process or connection keeps it.
   */
  static acquire(path: string, timeoutMs: number): LivenessLock {
    for (;;) {
      ensurePrivateFile(path);
      const lock = new LivenessLock(path, openDatabase(path, { timeout: timeoutMs }), identity(path));
      try {
        // No journal file: nothing is ever written, and a probe must never have to roll anything back.
        lock.#connection.pragma("journal_mode = MEMORY");
        lock.#connection.exec("BEGIN EXCLUSIVE");
      } catch (error) {
        lock.release();
        if (isBusy(error)) throw pumpError([["ORA-31634"]], undefined, error);
        throw error;
      }
      // The last holder may have removed the file that we waited for; a lock on a file without a name says nothing to anyone.
      if (lock.intact()) return lock;
      lock.release();
    }
  }

  /** Whether the path still names the file that is locked. When it does not, another process may hold a new file of that name. */
  intact(): boolean {
    return this.#identity !== undefined && this.#identity === identity(this.#path);
  }

  /** Gives the lock up and leaves its file, which others may be probing or waiting for. */
  release(): void {
    held.delete(this.#connection);
    this.#connection.close();
  }

  /** Gives the lock up for good, at the end of the job: the file goes first, under the lock, so that nobody takes it unnoticed. */
  remove(): void {
    if (this.#connection.open && this.intact()) unlinkSync(this.#path);
    this.release();
  }
}

/** Whether some process holds the lock at this path. A missing file is held by nobody. */
export function isAlive(path: string): boolean {
  if (identity(path) === undefined) return false;
  let probe: Connection | undefined;
  try {
    probe = openDatabase(path, { readonly: true, mustExist: true, timeout: 0 });
    // A SELECT, since two probes that wanted to write would take each other for the holder.
    probe.prepare("SELECT count(*) FROM sqlite_schema").get();
    return false;
  } catch (error) {
    if (isBusy(error)) return true;
    if (identity(path) === undefined) return false;
    throw error;
  } finally {
    probe?.close();
  }
}

/** Removes the lock file of a process that is gone, unless another one has taken it since. */
export function removeFreeLock(path: string): void {
  if (identity(path) === undefined) return;
  try {
    LivenessLock.acquire(path, PROBE_TIMEOUT_MS).remove();
  } catch (error) {
    if (codeOf(error) !== "ORA-31634") throw error;
  }
}

function isBusy(error: unknown): boolean {
  return codeOf(error).startsWith("SQLITE_BUSY");
}

function identity(path: string): string | undefined {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat && `${stat.dev}:${stat.ino}`;
}

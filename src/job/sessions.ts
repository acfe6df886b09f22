import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { ControlTable, JobRow, JobSession } from "./control-table.ts";
import { isAlive, LivenessLock } from "./liveness.ts";

/** A lock that only its own session wants: some time is needed always, since a probe holds the file for a moment. */
const LOCK_TIMEOUT_MS = 2000;
const SESSION_LOCK = /^(.+)\.[0-9A-F]{8}-\d+\.lock$/;

/**
 * One session's hold on a job. Its lock lasts as long as its process, however that ends: a job that is DEFINING or IDLING lives as
 * long as any of its sessions does. The name of the lock file holds the job's GUID, so that a later job of the same name is another.
 */
export class SessionPresence {
  readonly id: number;
  /** Which stop's sessions had lost the job, or were about to, when this one joined: it is none of them. */
  readonly #earlierDetachTime: string | null;
  readonly #lock: LivenessLock;

  private constructor(id: number, lock: LivenessLock, earlierDetachTime: string | null) {
    this.id = id;
    this.#lock = lock;
    this.#earlierDetachTime = earlierDetachTime;
  }

  /** Adds a session to the job, inside the caller's transaction on its control table: who sees the session sees its lock, too. */
  static join(table: ControlTable, user: string): SessionPresence {
    for (const id of removeDeadLocks(table)) table.removeSession(id);
    const id = table.addSession(user);
    const lock = LivenessLock.acquire(sessionLockPath(table, id), LOCK_TIMEOUT_MS);
    return new SessionPresence(id, lock, table.job().detachTime);
  }

  /** Whether a stop has taken the job from this session by now. */
  hasLost({ detachTime }: JobRow): boolean {
    return detachTime !== null && detachTime !== this.#earlierDetachTime && Date.now() >= Date.parse(detachTime);
  }

  /** Gives the hold up. */
  end(): void {
    this.#lock.remove();
  }
}

/** The sessions whose process lives. */
export function liveSessions(table: ControlTable): JobSession[] {
  return table.sessions().filter(({ id }) => isAlive(sessionLockPath(table, id)));
}

/** Removes the lock files of sessions whose process has died; those that live remove their own. @returns the numbers of the dead ones */
export function removeDeadLocks(table: ControlTable): number[] {
  const dead = table.sessions().flatMap(({ id }) => (isAlive(sessionLockPath(table, id)) ? [] : [id]));
  for (const id of dead) rmSync(sessionLockPath(table, id), { force: true });
  return dead;
}

/** Removes what sessions left that were killed when their job had gone already. */
export function sweepSessionLocks(folder: string): void {
  for (const file of readdirSync(folder)) {
    const [, job] = SESSION_LOCK.exec(file) ?? [];
    if (job === undefined || existsSync(join(folder, `${job}.db`)) || isAlive(join(folder, file))) continue;
    rmSync(join(folder, file), { force: true });
  }
}

function sessionLockPath(table: ControlTable, id: number): string {
  return `${table.path.replace(/\.db$/, "")}.${table.definition().guid.slice(0, 8)}-${id}.lock`;
}

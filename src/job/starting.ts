import type { ControlTable, JobRequest, JobRow } from "./control-table.ts";
import { removeJob, type AttachedJob } from "./jobs.ts";
import { isAlive, LivenessLock, lockPath, PROBE_TIMEOUT_MS } from "./liveness.ts";
import type { StopRequest } from "./run.ts";
import { liveSessions } from "./sessions.ts";
import type { JobState } from "./states.ts";

/** Whether the job does not run: nobody has started it, or a start is under way. */
export function isBeforeStart(state: JobState): state is "DEFINING" | "IDLING" {
  return state === "DEFINING" || state === "IDLING";
}

/** Whether a session that lives is, or was when the row was read, handing the job to a control process. */
export function isBeingStarted(
  table: ControlTable,
  { state, starter }: Pick<JobRow, "state" | "starter"> = table.job(),
): boolean {
  if (starter === null || !isBeforeStart(state)) return false;
  return isAlive(lockPath(table.path)) || hasLiveStarter(table, starter);
}

/** Makes a session the one that hands the job to a control process. @returns false: another one is, or the job has been started */
export function claimStart({ table, session }: AttachedJob): boolean {
  return table.atomically(() => {
    if (!isBeforeStart(table.job().state) || isBeingStarted(table)) return false;
    table.updateJob({ starter: session.id });
    return true;
  });
}

/**
 * Removes a job that is DEFINING, and the session's hold on it: whoever would start it finds none.
 * @returns false, and nothing is changed, when it is being started or has been
 */
export function removeDefinition({ table, session }: AttachedJob): boolean {
  if (isAlive(lockPath(table.path))) return false;
  // Nobody makes a job of the same name meanwhile.
  const lock = LivenessLock.acquire(lockPath(table.path), PROBE_TIMEOUT_MS);
  const isRemoved = table.atomically(() => {
    const { state, starter } = table.job();
    if (state !== "DEFINING" || hasLiveStarter(table, starter)) return false;
    session.end();
    table.updateJob({ state: "UNDEFINED" });
    return true;
  });
  if (isRemoved) removeJob(table, lock);
  else lock.remove();
  return isRemoved;
}

/** Requests to stop the job that nobody has answered. */
export function openStops(table: ControlTable): (StopRequest & { readonly seq: number })[] {
  return table.openRequests(0).filter(isStop);
}

function hasLiveStarter(table: ControlTable, starter: JobRow["starter"]): boolean {
  return starter !== null && liveSessions(table).some(({ id }) => id === starter);
}

function isStop<T extends JobRequest>(request: T): request is T & StopRequest {
  return request.verb === "stop";
}

import { createHash } from "node:crypto";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { causeLines, codeOf, pumpError, type PumpError } from "../base/errors.ts";
import { ensurePrivateFile, ensurePrivateFolder } from "../catalog/private-files.ts";
import { holdsFile } from "../sqlite/database.ts";
import { ControlTable, type JobSession } from "./control-table.ts";
import type { JobDefinition, JobMode, Operation } from "./definition.ts";
import { inspectJob, isHeldBySessions, isReplaceable } from "./job-condition.ts";
import { isAlive, LivenessLock, lockPath, PROBE_TIMEOUT_MS } from "./liveness.ts";
import { assertAtHome, assertFilesThere } from "./restart-check.ts";
import { liveSessions, removeDeadLocks, SessionPresence, sweepSessionLocks } from "./sessions.ts";
import { assertValidState, type JobState } from "./states.ts";
import { tracePath } from "./trace.ts";

/** A job as DBA_DATAPUMP_JOBS shows it. */
export interface JobSummary {
  readonly owner: string;
  readonly name: string;
  /** UNDEFINED when the control table can't be read. */
  readonly operation: Operation | "UNDEFINED";
  readonly mode: JobMode | "UNDEFINED";
  /** NOT RUNNING when no process holds the job, whatever its control table says. */
  readonly state: JobState;
  readonly degree: number;
  /** Process id of the control process; null when there is none. */
  readonly pid: number | null;
  /** Sessions whose process lives. */
  readonly attachedSessions: number;
  /** 0 to 100. */
  readonly percentDone: number;
  /** Bytes and rows moved so far. */
  readonly bytes: number;
  readonly rows: number;
  readonly errorCount: number;
  /** ISO timestamp of START_JOB, null before. */
  readonly startTime: string | null;
}

/** A job and a session's hold on it. */
export interface AttachedJob {
  readonly table: ControlTable;
  readonly session: SessionPresence;
}

/** How long a control process takes to end after its last word. */
const ENDING_TIMEOUT_MS = 10_000;
const ENDING_POLL_MS = 20;
const NO_SUCH_JOB = "See `tsdp jobs` for the jobs of this database.";

/** The folder of the control tables of a database. */
export function jobsFolder(home: string): string {
  return join(home, "jobs");
}

/** `OWNER.JOB.db` in the jobs folder; both names percent-encoded, so that any name is a safe file name. */
export function controlTablePath(home: string, owner: string, name: string): string {
  return join(jobsFolder(home), `${fileName(owner)}.${fileName(name)}.db`);
}

/**
 * Makes the control table of a new job in state DEFINING and attaches its owner. What a session left behind that ended while it
 * was defining a job of the same name is replaced.
 * @throws ORA-31634 when the job exists, running or not; ORA-31626 and ORA-31633 when the control table can't be made.
 */
export function createJob(home: string, definition: JobDefinition): AttachedJob {
  const { owner, name } = definition;
  const path = controlTablePath(home, owner, name);
  try {
    ensurePrivateFolder(jobsFolder(home));
    sweepSessionLocks(jobsFolder(home));
    if (isAlive(lockPath(path))) throw pumpError([["ORA-31634"]]);
    // The lock of the control process, which there is none of yet: one session makes the job.
    const lock = LivenessLock.acquire(lockPath(path), PROBE_TIMEOUT_MS);
    try {
      const table = replaceLeftover(path, definition);
      return { table, session: table.atomically(() => SessionPresence.join(table, owner)) };
    } finally {
      lock.remove();
    }
  } catch (error) {
    throw isJobExists(error)
      ? error
      : pumpError([["ORA-31626"], ["ORA-31633", owner, name], ...causeLines(error)], hintOf(error), error);
  }
}

/**
 * Attaches a session to a job. A job that no process runs becomes IDLING.
 * @throws ORA-31626 when there is no such job, ORA-39004 when it is being stopped, ORA-39002 when what it has made so far is gone,
 * or when the job is of another database
 */
export async function attachJob(home: string, owner: string, name: string, user: string): Promise<AttachedJob> {
  const path = controlTablePath(home, owner, name);
  for (const deadline = performance.now() + ENDING_TIMEOUT_MS; ;) {
    if (!existsSync(path)) throw pumpError([["ORA-31626"]], NO_SUCH_JOB);
    const table = ControlTable.open(path);
    try {
      const session = table.atomically(() => {
        const state = attachableState(table);
        if (state === "ending") return null;
        if (state !== table.job().state) table.updateJob({ state, outcome: null, starter: null });
        return SessionPresence.join(table, user);
      });
      if (session !== null) return { table, session };
    } catch (error) {
      table.close();
      throw error;
    }
    table.close();
    // A control process that has said its last word is gone in a moment.
    if (performance.now() > deadline) throw pumpError([["ORA-31626"]], NO_SUCH_JOB);
    await sleep(ENDING_POLL_MS);
  }
}

/** The state in which a session finds the job, or that its control process is about to end. */
function attachableState(table: ControlTable): JobState | "ending" {
  const { state } = table.job();
  const isAlone = !isAlive(lockPath(table.path));
  switch (state) {
    case "UNDEFINED":
      if (isAlone) throw pumpError([["ORA-31626"]], NO_SUCH_JOB);
      return "ending";
    case "DEFINING":
      if (isAlone && liveSessions(table).length === 0) throw pumpError([["ORA-31626"]], NO_SUCH_JOB);
      return state;
    case "COMPLETED":
      return state;
    default:
      if (isAlone) {
        assertAtHome(table);
        assertFilesThere(table);
        return "IDLING";
      }
      if (state === "STOPPED") return "ending";
      assertValidState("ATTACH", state);
      return state;
  }
}

/** Gives a session's hold up. A job that is still DEFINING, or that completed without removing itself, goes with its last session. */
export function leaveJob({ table, session }: AttachedJob): void {
  if (!existsSync(table.path)) {
    session.end();
    table.close();
    return;
  }
  let vanishes = false;
  try {
    vanishes = table.atomically(() => {
      session.end();
      table.removeSession(session.id);
      if (!isOfNoUse(table) || liveSessions(table).length > 0 || isAlive(lockPath(table.path))) return false;
      // Whoever is about to attach finds no job.
      table.updateJob({ state: "UNDEFINED" });
      return true;
    });
  } catch (error) {
    // Without its lock the session is gone like one that has died; what led here is not to be hidden by a disk that is full.
    if (!isWithoutRoom(error)) throw error;
  }
  if (vanishes) removeJobFiles(table);
  else table.close();
}

/** Whether a control table could not be written because its disk is full. */
export function isWithoutRoom(error: unknown): boolean {
  return ["SQLITE_FULL", "SQLITE_IOERR_WRITE"].includes(codeOf(error));
}

function isOfNoUse(table: ControlTable): boolean {
  const { state } = table.job();
  return state === "DEFINING" || (state === "COMPLETED" && table.definition().parameters["KEEP_MASTER"] !== 1);
}

/** Removes a job for good: control table, trace and lock file. The caller holds the lock. */
export function removeJob(table: ControlTable, lock: LivenessLock): void {
  removeJobFiles(table);
  lock.remove();
}

function removeJobFiles(table: ControlTable): void {
  removeDeadLocks(table);
  table.drop();
  rmSync(tracePath(table.path), { force: true });
}

/**
 * `SYS_EXPORT_SCHEMA_01` to `_99`, the first that no job of the owner has.
 * @throws ORA-31634 with ORA-31664 inside when all are taken.
 */
export function defaultJobName(home: string, owner: string, operation: Operation, mode: JobMode): string {
  for (let number = 1; number <= 99; number++) {
    const name = `SYS_${operation}_${mode}_${String(number).padStart(2, "0")}`;
    if (isFree(controlTablePath(home, owner, name))) return name;
  }
  throw pumpError([["ORA-31634"], ["ORA-31664"]]);
}

/**
 * The only job of the owner that is DEFINING, EXECUTING or IDLING; when none is, the only one that is NOT RUNNING.
 * @throws ORA-31630 when there is none, or more than one
 */
export function onlyJob(home: string, owner: string): string {
  const live: readonly JobState[] = ["DEFINING", "EXECUTING", "IDLING"];
  const jobs = listJobs(home).filter((job) => job.owner === owner && job.operation !== "UNDEFINED");
  const running = jobs.filter(({ state }) => live.includes(state));
  const [job, second] = running.length > 0 ? running : jobs.filter(({ state }) => state === "NOT RUNNING");
  if (job === undefined || second !== undefined) throw pumpError([["ORA-31626"], ["ORA-31630", owner]], NO_SUCH_JOB);
  return job.name;
}

/** What a job does; undefined: there is no such job, or nothing of it can be read. */
export function operationOf(home: string, owner: string, name: string): Operation | undefined {
  const operation = listJobs(home).find((job) => job.owner === owner && job.name === name)?.operation;
  return operation === "UNDEFINED" ? undefined : operation;
}

/** A job with all that works on it. */
export interface ListedJob extends JobSummary {
  /** Sessions whose process lives. */
  readonly sessions: readonly JobSession[];
  /** Numbers of the workers that are busy. */
  readonly workers: readonly number[];
}

/** All jobs of a database, by owner and name; what was left behind by a session that ended while defining is not one. */
export function listJobs(home: string): ListedJob[] {
  if (!existsSync(jobsFolder(home))) return [];
  return readdirSync(jobsFolder(home))
    .filter((file) => file.endsWith(".db"))
    .map((file) => summary(join(jobsFolder(home), file)))
    .filter((job) => job !== undefined)
    .sort((a, b) => (`${a.owner}\0${a.name}` < `${b.owner}\0${b.name}` ? -1 : 1));
}

/**
 * Whether this process has the file open as a database, or as the -wal, -shm or -journal of one.
 * Reading such a file by other means would drop the locks on it.
 */
export function isOpenDatabase(path: string): boolean {
  return holdsFile(path) || holdsFile(path.replace(/-(?:wal|shm|journal)$/, ""));
}

function fileName(name: string): string {
  const encoded = name.replace(/[^A-Za-z0-9_$#-]/gu, percentEncode);
  if (encoded.length <= 110) return encoded;
  return `${encoded.slice(0, 90)}~${createHash("sha256").update(name).digest("hex").slice(0, 16)}`;
}

function percentEncode(character: string): string {
  return [...Buffer.from(character)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join("");
}

function replaceLeftover(path: string, definition: JobDefinition): ControlTable {
  const condition = inspectJob(path);
  if (condition.kind === "unreadable") throw condition.error;
  if (!isReplaceable(condition)) throw pumpError([["ORA-31634"]]);
  for (const suffix of ["", "-wal", "-shm", "-journal"]) rmSync(path + suffix, { force: true });
  ensurePrivateFile(path);
  return ControlTable.create(path, definition);
}

function isFree(path: string): boolean {
  return !isAlive(lockPath(path)) && isReplaceable(inspectJob(path));
}

function summary(path: string): ListedJob | undefined {
  const held = isAlive(lockPath(path));
  const condition = inspectJob(path);
  if (condition.kind === "damaged" || condition.kind === "unreadable") return namesOnly(path);
  if (condition.kind !== "readable" || (!held && isReplaceable(condition))) return undefined;
  const { definition, row, sessions, workers } = condition;
  return {
    owner: definition.owner,
    name: definition.name,
    operation: definition.operation,
    mode: definition.mode,
    state: held || isHeldBySessions(condition) ? row.state : "NOT RUNNING",
    degree: row.degree,
    pid: held ? row.pid : null,
    attachedSessions: sessions.length,
    sessions,
    workers: held ? workers.filter(({ state }) => state === "EXECUTING").map(({ number }) => number) : [],
    percentDone: row.percentDone,
    bytes: row.bytesProcessed,
    rows: row.rowsProcessed,
    errorCount: row.errorCount,
    startTime: row.startTime,
  };
}

/** Shows a job whose control table can't be read under the names that its file has. */
function namesOnly(path: string): ListedJob {
  const [owner = "", name = ""] = basename(path, ".db").split(".");
  const nothing = {
    degree: 0,
    pid: null,
    attachedSessions: 0,
    sessions: [],
    workers: [],
    percentDone: 0,
    bytes: 0,
    rows: 0,
    errorCount: 0,
    startTime: null,
  };
  return { owner, name, operation: "UNDEFINED", mode: "UNDEFINED", state: "NOT RUNNING", ...nothing };
}

function isJobExists(error: unknown): error is PumpError {
  return error instanceof Error && "code" in error && error.code === "ORA-31634";
}

function hintOf(error: unknown): string | undefined {
  return error instanceof Error && "hint" in error && typeof error.hint === "string" ? error.hint : undefined;
}

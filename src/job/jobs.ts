import { createHash } from "node:crypto";
import { existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { causeLines, pumpError, type PumpError } from "../base/errors.ts";
import { ensurePrivateFile, ensurePrivateFolder } from "../catalog/private-files.ts";
import { holdsFile, openDatabase } from "../sqlite/database.ts";
import { ControlTable, type JobRow } from "./control-table.ts";
import type { JobDefinition, JobMode, Operation } from "./definition.ts";
import { isAlive, LivenessLock, lockPath } from "./liveness.ts";
import type { JobState } from "./states.ts";

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
  /** 0 to 100. */
  readonly percentDone: number;
  /** Bytes and rows moved so far. */
  readonly bytes: number;
  readonly rows: number;
  readonly errorCount: number;
  /** ISO timestamp of START_JOB, null before. */
  readonly startTime: string | null;
}

/** A job in state DEFINING and the lock of the session that defines it. */
export interface DefinedJob {
  readonly table: ControlTable;
  readonly lock: LivenessLock;
}

/** How long to wait for a lock that only a passing probe may hold. */
const PROBE_TIMEOUT_MS = 2000;

/** The folder of the control tables of a database. */
export function jobsFolder(home: string): string {
  return join(home, "jobs");
}

/** `OWNER.JOB.db` in the jobs folder; both names percent-encoded, so that any name is a safe file name. */
export function controlTablePath(home: string, owner: string, name: string): string {
  return join(jobsFolder(home), `${fileName(owner)}.${fileName(name)}.db`);
}

/** Where the control process of a job writes what it says on standard error: beside its control table, `OWNER.JOB.trace`. */
export function tracePath(tablePath: string): string {
  return `${tablePath.replace(/\.db$/, "")}.trace`;
}

/** Removes the trace of a job whose control process had nothing to say on standard error. */
export function removeEmptyTrace(tablePath: string): void {
  const path = tracePath(tablePath);
  if (statSync(path, { throwIfNoEntry: false })?.size === 0) rmSync(path, { force: true });
}

/**
 * Makes the control table of a new job and takes its lock. What a session left behind that ended while it was defining a job of
 * the same name is replaced.
 * @throws ORA-31634 when the job exists, running or not; ORA-31626 and ORA-31633 when the control table can't be made.
 */
export function createJob(home: string, definition: JobDefinition): DefinedJob {
  const { owner, name } = definition;
  const path = controlTablePath(home, owner, name);
  try {
    ensurePrivateFolder(jobsFolder(home));
    if (isAlive(lockPath(path))) throw pumpError([["ORA-31634"]]);
    const lock = LivenessLock.acquire(lockPath(path), PROBE_TIMEOUT_MS);
    return { table: replaceLeftover(path, definition, lock), lock };
  } catch (error) {
    throw isJobExists(error)
      ? error
      : pumpError([["ORA-31626"], ["ORA-31633", owner, name], ...causeLines(error)], hintOf(error), error);
  }
}

/** Removes a job for good: control table, trace and lock file. The caller holds the lock. */
export function removeJob(table: ControlTable, lock: LivenessLock): void {
  table.drop();
  rmSync(tracePath(table.path), { force: true });
  lock.remove();
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

/** All jobs of a database, by owner and name; what was left behind by a session that ended while defining is not one. */
export function listJobs(home: string): JobSummary[] {
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

function replaceLeftover(path: string, definition: JobDefinition, lock: LivenessLock): ControlTable {
  try {
    if (!isReplaceable(inspect(path))) throw pumpError([["ORA-31634"]]);
    for (const suffix of ["", "-wal", "-shm", "-journal"]) rmSync(path + suffix, { force: true });
    ensurePrivateFile(path);
    return ControlTable.create(path, definition);
  } catch (error) {
    lock.release();
    throw error;
  }
}

function isFree(path: string): boolean {
  return !isAlive(lockPath(path)) && isReplaceable(inspect(path));
}

type Condition =
  | { readonly kind: "absent" | "half made" | "damaged" }
  | { readonly kind: "readable"; readonly definition: JobDefinition; readonly row: JobRow };

function inspect(path: string): Condition {
  if (!existsSync(path)) return { kind: "absent" };
  if (isHalfMade(path)) return { kind: "half made" };
  const job = readJob(path);
  if (job !== undefined) return { kind: "readable", ...job };
  return { kind: existsSync(path) ? "damaged" : "absent" };
}

/** Whether a control table whose lock nobody holds is only what a session left behind that ended while it was defining. */
function isReplaceable(condition: Condition): boolean {
  if (condition.kind === "readable") return condition.row.state === "DEFINING" && !isStarting(condition.row);
  return condition.kind !== "damaged";
}

/** Between the session that has given the lock up and the control process that is about to take it, `pid` stands for the lock. */
function isStarting(row: JobRow): boolean {
  return row.state === "DEFINING" && row.pid !== null && processExists(row.pid);
}

/** A session that was killed inside OPEN leaves a file without a schema version. */
function isHalfMade(path: string): boolean {
  try {
    const connection = openDatabase(path, { mustExist: true });
    try {
      return connection.pragma("user_version", { simple: true }) === 0;
    } finally {
      connection.close();
    }
  } catch {
    return false; // Unreadable is not half made: readJob says what it is.
  }
}

function readJob(path: string): { definition: JobDefinition; row: JobRow } | undefined {
  let table: ControlTable | undefined;
  try {
    table = ControlTable.open(path);
    return { definition: table.definition(), row: table.job() };
  } catch {
    return undefined; // Gone meanwhile, or damaged: the caller tells by the file.
  } finally {
    table?.close();
  }
}

function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

function summary(path: string): JobSummary | undefined {
  const held = isAlive(lockPath(path));
  const condition = inspect(path);
  if (condition.kind === "damaged") return damagedSummary(path);
  if (condition.kind !== "readable" || (!held && isReplaceable(condition))) return undefined;
  const { definition, row } = condition;
  const running = held || isStarting(row);
  return {
    owner: definition.owner,
    name: definition.name,
    operation: definition.operation,
    mode: definition.mode,
    state: running ? row.state : "NOT RUNNING",
    degree: row.degree,
    pid: running && row.state !== "DEFINING" ? row.pid : null,
    percentDone: row.percentDone,
    bytes: row.bytesProcessed,
    rows: row.rowsProcessed,
    errorCount: row.errorCount,
    startTime: row.startTime,
  };
}

/** Shows a job whose control table can't be read under the names that its file has. */
function damagedSummary(path: string): JobSummary {
  const [owner = "", name = ""] = basename(path, ".db").split(".");
  const nothing = { degree: 0, pid: null, percentDone: 0, bytes: 0, rows: 0, errorCount: 0, startTime: null };
  return { owner, name, operation: "UNDEFINED", mode: "UNDEFINED", state: "NOT RUNNING", ...nothing };
}

function isJobExists(error: unknown): error is PumpError {
  return error instanceof Error && "code" in error && error.code === "ORA-31634";
}

function hintOf(error: unknown): string | undefined {
  return error instanceof Error && "hint" in error && typeof error.hint === "string" ? error.hint : undefined;
}

import { existsSync, lstatSync, readdirSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { causeLines, formatLine, pumpError } from "../base/errors.ts";
import { printable } from "../base/printable.ts";
import { inspectJob, isHeldBySessions, isReplaceable, type JobCondition, type ReadJob } from "./job-condition.ts";
import { jobsFolder } from "./jobs.ts";
import { launchRemoval } from "./launch.ts";
import { isAlive, LivenessLock, lockPath, PROBE_TIMEOUT_MS, removeFreeLock } from "./liveness.ts";
import { removalKeysOf } from "./place-access.ts";
import { isAtHome } from "./restart-check.ts";
import { tracePath } from "./trace.ts";

/** Something that a job left which no process runs any more. */
export interface Leftover {
  /** `job`: it could be started again. `definition`: its sessions died before START_JOB. `unreadable job`: it stays. */
  readonly kind: "job" | "definition" | "damaged job" | "unreadable job" | "lock file" | "unfinished file";
  /** `OWNER.JOB`, or the path of a file. */
  readonly name: string;
  /** ISO timestamp. */
  readonly time: string;
  /** Whether it is only named: nobody can tell here that no job needs it. */
  readonly stays: boolean;
  /** What goes with it, or why it stays and what to do, in sentences. */
  readonly loses: string;
  readonly path: string;
}

interface UnfinishedFile {
  /** The first eight digits. */
  readonly guid: string;
  readonly path: string;
}

const UNFINISHED = /^\..+\.([0-9A-F]{8})\.part(?:-piece-\d+(?:-(?:second|typed))?)?(?:-(?:wal|shm|journal))?$/;
const NOT_KNOWN =
  "Nothing: its job is not known here, and may be one of another database or TSDP_HOME. Delete the file when there is no such job.";
const LOOK_AGAIN = "Run `tsdp jobs clean` again for what is left now.";

/** What dead jobs of a database left, and unfinished files beside it of unknown jobs. Nothing that a process holds is removable. */
export function findLeftovers(home: string, database: string): readonly Leftover[] {
  const folder = jobsFolder(home);
  // Files first: whose job has come since is known below.
  const unfinished = unfinishedFiles(database);
  if (!existsSync(folder)) return unfinished.flatMap(describeUnfinished);
  const tables = readdirSync(folder).filter((file) => file.endsWith(".db"));
  const jobs = tables.map((file) => ({ path: join(folder, file), condition: inspectJob(join(folder, file)) }));
  const locks = readdirSync(folder).filter((file) => /\.(?:lock|trace)$/.test(file) && isOrphan(folder, file, tables));
  const isKnown = ({ guid }: UnfinishedFile) =>
    jobs.some(({ condition }) => condition.kind === "readable" && condition.definition.guid.startsWith(guid));
  return [
    ...jobs.flatMap(({ path, condition }) => (isAlive(lockPath(path)) ? [] : describeJob(path, condition))),
    ...locks.flatMap((file) => fileLeftover("lock file", join(folder, file), "Nobody holds it.")),
    ...unfinished.filter((file) => !isKnown(file)).flatMap(describeUnfinished),
  ];
}

/**
 * Removes one leftover.
 * @param force a job goes, too, when what it has begun in an object store can't be removed
 * @throws ORA-39002 when it is not what it was, or one that stays
 */
export async function removeLeftover({ kind, name, path, stays, loses }: Leftover, force = false): Promise<void> {
  if (stays) throw pumpError([["ORA-39002"], ["TSDP-00010", `${name} is not removed`]], loses);
  switch (kind) {
    case "job":
      await removeJob(path, force);
      break;
    case "definition":
      removeControlTable(path, isReplaceable);
      break;
    case "damaged job":
      removeControlTable(path, (condition) => condition.kind === "damaged");
      break;
    default:
      // Of lock files and traces only the first can be held.
      if (path.endsWith(".lock")) removeFreeLock(path);
      else rmSync(path, { force: true });
  }
}

function describeJob(path: string, condition: JobCondition): Leftover[] {
  const time = statSync(path, { throwIfNoEntry: false })?.mtime.toISOString();
  if (condition.kind === "absent" || time === undefined) return [];
  const described = { name: basename(path, ".db"), time, path, stays: false };
  if (isReplaceable(condition)) return [{ ...described, kind: "definition", loses: "It was never started." }];
  if (condition.kind === "readable")
    return isHeldBySessions(condition) ? [] : [{ ...described, ...restartable(path, condition) }];
  if (condition.kind !== "unreadable") return [{ ...described, kind: "damaged job", loses: "Its control table can't be read." }];
  const cause = causeLines(condition.error).map(formatLine).join("; ");
  const loses = `Nothing: its control table can't be read now (${cause}). Clean up again when that has passed.`;
  return [{ ...described, kind: "unreadable job", stays: true, loses }];
}

function restartable(path: string, { definition, row }: ReadJob): Pick<Leftover, "kind" | "name" | "loses"> {
  const { owner, name, operation, mode, database } = definition;
  const loses = isAtHome(path, definition)
    ? `${operation} ${mode}, ${row.percentDone} % done: it can't be started again, and its unfinished files go.`
    : `Only its control table, which was copied or moved here: the job is of ${printable(database)}.`;
  return { kind: "job", name: `${owner}.${name}`, loses };
}

function isOrphan(folder: string, file: string, tables: readonly string[]): boolean {
  const job = file.replace(/(?:\.[0-9A-F]{8}-\d+)?\.(?:lock|trace)$/, "");
  const path = join(folder, file);
  return !tables.includes(`${job}.db`) && !(file.endsWith(".lock") && isAlive(path));
}

/**
 * What is beside the schemas under exactly the names that jobs give their files. A job of another database, or under another TSDP_HOME,
 * may be writing such a file, or have stopped and go on with it one day: no age and no lock tells.
 */
function unfinishedFiles(database: string): readonly UnfinishedFile[] {
  const folder = statSync(database).isDirectory() ? database : dirname(database);
  return readdirSync(folder).flatMap((file) => {
    const [, guid] = UNFINISHED.exec(file) ?? [];
    return guid === undefined ? [] : [{ guid, path: join(folder, file) }];
  });
}

function describeUnfinished({ path }: UnfinishedFile): Leftover[] {
  return fileLeftover("unfinished file", path, NOT_KNOWN, true);
}

function fileLeftover(kind: "lock file" | "unfinished file", path: string, loses: string, stays = false): Leftover[] {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found?.isFile() === true ? [{ kind, name: path, time: found.mtime.toISOString(), path, stays, loses }] : [];
}

/** @param path of its control table, in the jobs folder of the home folder */
async function removeJob(path: string, force: boolean): Promise<void> {
  const condition = inspectJob(path);
  if (condition.kind === "absent") return;
  if (isAlive(lockPath(path)) || condition.kind !== "readable" || isHeldBySessions(condition)) throw hasChanged(path);
  const { definition } = condition;
  const isStill = (now: JobCondition) => now.kind === "readable" && now.definition.guid === definition.guid;
  if (!isAtHome(path, definition)) {
    removeControlTable(path, isStill);
    return;
  }
  try {
    await launchRemoval(path, definition.guid, await removalKeysOf(dirname(dirname(path)), definition));
  } catch (error) {
    if (!force || isAlive(lockPath(path))) throw error;
    removeControlTable(path, isStill);
  }
}

/** Removes a control table that is still what it was, under the lock that the maker of a job takes. */
function removeControlTable(path: string, isStill: (condition: JobCondition) => boolean): void {
  if (isAlive(lockPath(path))) throw hasChanged(path);
  const lock = LivenessLock.acquire(lockPath(path), PROBE_TIMEOUT_MS);
  try {
    const condition = inspectJob(path);
    if (condition.kind !== "absent" && !isStill(condition)) throw hasChanged(path);
    for (const suffix of ["", "-wal", "-shm", "-journal"]) rmSync(path + suffix, { force: true });
    rmSync(tracePath(path), { force: true });
  } finally {
    lock.remove();
  }
}

function hasChanged(path: string): Error {
  const text = `job ${basename(path, ".db")} has been taken up or changed meanwhile, and is not removed`;
  return pumpError([["ORA-39002"], ["TSDP-00010", text]], LOOK_AGAIN);
}

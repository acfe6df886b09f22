import { existsSync, lstatSync, readdirSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { causeLines, formatLine, pumpError } from "../base/errors.ts";
import { inspectJob, isHeldBySessions, isReplaceable, type JobCondition, type ReadJob } from "./job-condition.ts";
import { jobsFolder } from "./jobs.ts";
import { launchRemoval } from "./launch.ts";
import { isAlive, LivenessLock, lockPath, PROBE_TIMEOUT_MS, removeFreeLock } from "./liveness.ts";
import { removalKeysOf } from "./place-access.ts";
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

const UNFINISHED = /^\..+\.([0-9A-F]{8})\.part(?:-piece-\d+(?:-(?:second|typed))?)?(?:-(?:wal|shm|journal))?$/;
const LOOK_AGAIN = "Run `tsdp jobs clean` again for what is left now.";

/** What dead jobs of a database left. Nothing that a process holds is in it. */
export function findLeftovers(home: string, database: string): readonly Leftover[] {
  const folder = jobsFolder(home);
  if (!existsSync(folder)) return unfinishedFiles(database, new Set());
  const tables = readdirSync(folder).filter((file) => file.endsWith(".db"));
  const jobs = tables.map((file) => ({ path: join(folder, file), condition: inspectJob(join(folder, file)) }));
  const locks = readdirSync(folder).filter((file) => /\.(?:lock|trace)$/.test(file) && isOrphan(folder, file, tables));
  const guids = jobs.flatMap(({ condition }) => (condition.kind === "readable" ? [condition.definition.guid.slice(0, 8)] : []));
  return [
    ...jobs.flatMap(({ path, condition }) => (isAlive(lockPath(path)) ? [] : describeJob(path, condition))),
    ...locks.flatMap((file) => fileLeftover("lock file", join(folder, file), "Nobody holds it.")),
    // A file may belong to a job of which nothing can be read: then none is anybody's to remove.
    ...(guids.length < jobs.length ? [] : unfinishedFiles(database, new Set(guids))),
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
      if (path.endsWith(".lock")) removeFreeLock(path);
      else rmSync(path, { force: true });
  }
}

function describeJob(path: string, condition: JobCondition): Leftover[] {
  const time = statSync(path, { throwIfNoEntry: false })?.mtime.toISOString();
  if (condition.kind === "absent" || time === undefined) return [];
  const described = { name: basename(path, ".db"), time, path, stays: false };
  if (isReplaceable(condition)) return [{ ...described, kind: "definition", loses: "It was never started." }];
  if (condition.kind === "readable") return isHeldBySessions(condition) ? [] : [{ ...described, ...restartable(condition) }];
  if (condition.kind !== "unreadable") return [{ ...described, kind: "damaged job", loses: "Its control table can't be read." }];
  const cause = causeLines(condition.error).map(formatLine).join("; ");
  const loses = `Nothing: its control table can't be read now (${cause}). Clean up again when that has passed.`;
  return [{ ...described, kind: "unreadable job", stays: true, loses }];
}

function restartable({ definition, row }: ReadJob): Pick<Leftover, "kind" | "name" | "loses"> {
  const { owner, name, operation, mode } = definition;
  const loses = `${operation} ${mode}, ${row.percentDone} % done: it can't be started again, and its unfinished files go.`;
  return { kind: "job", name: `${owner}.${name}`, loses };
}

function isOrphan(folder: string, file: string, tables: readonly string[]): boolean {
  const job = file.replace(/(?:\.[0-9A-F]{8}-\d+)?\.(?:lock|trace)$/, "");
  const path = join(folder, file);
  return !tables.includes(`${job}.db`) && !(file.endsWith(".lock") && isAlive(path));
}

/** Only regular files of exactly the names that jobs give them, beside the schemas. */
function unfinishedFiles(database: string, guids: ReadonlySet<string>): readonly Leftover[] {
  const folder = statSync(database).isDirectory() ? database : dirname(database);
  return readdirSync(folder).flatMap((file) => {
    const [, guid] = UNFINISHED.exec(file) ?? [];
    const path = join(folder, file);
    if (guid === undefined || guids.has(guid) || lstatSync(path, { throwIfNoEntry: false })?.isFile() !== true) return [];
    return fileLeftover("unfinished file", path, "No job can finish it.");
  });
}

function fileLeftover(kind: Leftover["kind"], path: string, loses: string): Leftover[] {
  const time = lstatSync(path, { throwIfNoEntry: false })?.mtime.toISOString();
  return time === undefined ? [] : [{ kind, name: path, time, path, stays: false, loses }];
}

/** @param path of its control table, in the jobs folder of the home folder */
async function removeJob(path: string, force: boolean): Promise<void> {
  const condition = inspectJob(path);
  if (condition.kind === "absent") return;
  if (isAlive(lockPath(path)) || condition.kind !== "readable" || isHeldBySessions(condition)) throw hasChanged(path);
  const { definition } = condition;
  try {
    await launchRemoval(path, definition.guid, await removalKeysOf(dirname(dirname(path)), definition));
  } catch (error) {
    if (!force || isAlive(lockPath(path))) throw error;
    removeControlTable(path, (now) => now.kind === "readable" && now.definition.guid === definition.guid);
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

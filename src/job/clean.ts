import { existsSync, lstatSync, readdirSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { NO_PLACE_KEYS } from "../storage/place-keys.ts";
import { ControlTable } from "./control-table.ts";
import type { JobDefinition } from "./definition.ts";
import { controlTablePath, jobsFolder, listJobs } from "./jobs.ts";
import { launchRemoval } from "./launch.ts";
import { isAlive, lockPath } from "./liveness.ts";
import { removalKeysOf } from "./place-access.ts";
import { tracePath } from "./trace.ts";

/** Something that a job left which no process runs any more. */
export interface Leftover {
  /** `job`: it could be started again. `definition`: its sessions died before START_JOB. */
  readonly kind: "job" | "definition" | "damaged job" | "lock file" | "unfinished file";
  /** `OWNER.JOB`, or the path of a file. */
  readonly name: string;
  /** ISO timestamp. */
  readonly time: string;
  /** What goes with it, as a sentence. */
  readonly loses: string;
  readonly path: string;
}

const UNFINISHED = /^\..+\.([0-9A-F]{8})\.part(?:-piece-\d+(?:-(?:second|typed))?)?(?:-(?:wal|shm|journal))?$/;

/** What dead jobs of a database left. Nothing that a process holds is in it. */
export function findLeftovers(home: string, database: string): readonly Leftover[] {
  const folder = jobsFolder(home);
  if (!existsSync(folder)) return unfinishedFiles(database, new Set());
  const tables = readdirSync(folder).filter((file) => file.endsWith(".db"));
  const listed = new Map(listJobs(home).map((job) => [controlTablePath(home, job.owner, job.name), job]));
  const jobs = tables.flatMap((file): Leftover[] => {
    const path = join(folder, file);
    const job = listed.get(path);
    if (isAlive(lockPath(path)) || (job !== undefined && job.state !== "NOT RUNNING")) return [];
    return [describeJob(path, job)];
  });
  const locks = readdirSync(folder).filter((file) => /\.(?:lock|trace)$/.test(file) && isOrphan(folder, file, tables));
  const guids = tables.map((file) => guidOf(join(folder, file))?.slice(0, 8));
  return [
    ...jobs,
    ...locks.map((file) => fileLeftover("lock file", join(folder, file), "Nobody holds it.")),
    // A file may belong to a job of which nothing can be read: then none is anybody's to remove.
    ...(guids.includes(undefined) ? [] : unfinishedFiles(database, new Set(guids))),
  ];
}

/**
 * Removes one leftover.
 * @param force a job goes, too, when what it has begun in an object store can't be removed
 * @throws when a process has taken the job up meanwhile
 */
export async function removeLeftover({ kind, path }: Leftover, force = false): Promise<void> {
  if (kind === "job" && existsSync(path)) await removeJob(path, force);
  else if (kind === "definition" || kind === "damaged job") removeControlTable(path);
  else if (!path.endsWith(".lock") || !isAlive(path)) rmSync(path, { force: true });
}

function describeJob(path: string, job: ReturnType<typeof listJobs>[number] | undefined): Leftover {
  const [owner = "", name = ""] = path.replace(/\.db$/, "").split("/").at(-1)?.split(".") ?? [];
  const time = statSync(path).mtime.toISOString();
  if (job === undefined) return { kind: "definition", name: `${owner}.${name}`, time, path, loses: "It was never started." };
  const shown = `${job.owner}.${job.name}`;
  if (job.operation === "UNDEFINED")
    return { kind: "damaged job", name: shown, time, path, loses: "Its control table can't be read." };
  const loses = `${job.operation} ${job.mode}, ${job.percentDone} % done: it can't be started again, and its unfinished files go.`;
  return { kind: "job", name: shown, time, path, loses };
}

function isOrphan(folder: string, file: string, tables: readonly string[]): boolean {
  const job = file.replace(/(?:\.[0-9A-F]{8}-\d+)?\.(?:lock|trace)$/, "");
  const path = join(folder, file);
  return !tables.includes(`${job}.db`) && !(file.endsWith(".lock") && isAlive(path));
}

/** Only regular files of exactly the names that jobs give them, beside the schemas. */
function unfinishedFiles(database: string, guids: ReadonlySet<string | undefined>): readonly Leftover[] {
  const folder = statSync(database).isDirectory() ? database : dirname(database);
  return readdirSync(folder).flatMap((file) => {
    const [, guid] = UNFINISHED.exec(file) ?? [];
    const path = join(folder, file);
    if (guid === undefined || guids.has(guid) || !lstatSync(path).isFile()) return [];
    return [fileLeftover("unfinished file", path, "No job can finish it.")];
  });
}

function fileLeftover(kind: Leftover["kind"], path: string, loses: string): Leftover {
  return { kind, name: path, time: lstatSync(path).mtime.toISOString(), path, loses };
}

/** @param path of its control table, in the jobs folder of the home folder */
async function removeJob(path: string, force: boolean): Promise<void> {
  const definition = definitionOf(path);
  try {
    const places = definition === undefined ? NO_PLACE_KEYS : await removalKeysOf(dirname(dirname(path)), definition);
    await launchRemoval(path, definition?.guid ?? "", places);
  } catch (error) {
    if (!force || isAlive(lockPath(path))) throw error;
    removeControlTable(path);
  }
}

/** The GUID of a job; its first eight digits are in the names of its files. */
function guidOf(path: string): string | undefined {
  return definitionOf(path)?.guid;
}

function definitionOf(path: string): JobDefinition | undefined {
  let table: ControlTable | undefined;
  try {
    table = ControlTable.open(path);
    return table.definition();
  } catch {
    return undefined; // Damaged, or gone meanwhile.
  } finally {
    table?.close();
  }
}

function removeControlTable(path: string): void {
  if (isAlive(lockPath(path))) return;
  for (const suffix of ["", "-wal", "-shm", "-journal"]) rmSync(path + suffix, { force: true });
  rmSync(tracePath(path), { force: true });
  rmSync(lockPath(path), { force: true });
}

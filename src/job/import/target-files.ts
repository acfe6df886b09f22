import {
  closeSync,
  fsyncSync,
  linkSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { codeOf, pumpError, type StackEntry } from "../../base/errors.ts";

const IMAGE_SUFFIX = "-piece-";

/** Where a worker keeps the piece that it is about to load. */
export function imagePath(path: string, guid: string, worker: number): string {
  return `${unfinishedPath(path, guid)}${IMAGE_SUFFIX}${worker}`;
}

/** Hidden, and no schema by its name, until the file is whole. */
export function unfinishedPath(path: string, guid: string): string {
  return join(dirname(path), `.${basename(path)}.${guid.slice(0, 8)}.part`);
}

/** Device and inode, which tell files apart that are there at the same time; undefined when there is no such file. */
export function identityOf(path: string): string | undefined {
  const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return stat && `${stat.dev}:${stat.ino}`;
}

/** Size and time of the last change, which a rename keeps; null when there is no such file. */
export function stampOf(path: string): string | null {
  const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return stat === undefined ? null : `${stat.size}:${stat.mtimeNs}`;
}

/**
 * Whether a whole schema file has got its name. It keeps its former one until that is on record: so no other file can have its inode.
 * @param stamp of the whole file, which tells where there are no hard links; null: it was never whole
 */
export function hasTakenName(workPath: string, path: string, stamp: string | null): boolean {
  if (stamp === null) return false;
  const identity = identityOf(workPath);
  return identity === undefined ? stampOf(path) === stamp : identityOf(path) === identity;
}

/** Whether an unfinished schema file is there and nobody has made a schema of it, and moved that. */
export function hasOnlyName(workPath: string): boolean {
  return (lstatSync(workPath, { throwIfNoEntry: false })?.nlink ?? 2) < 2;
}

/** Removes the piece images, which are named after the unfinished schema file and the worker. */
export function removeImages(path: string, guid: string): void {
  const prefix = `${basename(unfinishedPath(path, guid))}${IMAGE_SUFFIX}`;
  for (const file of readdirSync(dirname(path))) if (file.startsWith(prefix)) rmSync(join(dirname(path), file), { force: true });
}

/**
 * The WAL or rollback journal of a database that is gone: SQLite would put what it holds into the one that gets the name. Undefined: there
 * is none. Who only reads a database leaves an empty one.
 */
export function journalLeftAt(path: string): string | undefined {
  return ["-wal", "-journal"]
    .map((suffix) => path + suffix)
    .find((file) => (lstatSync(file, { throwIfNoEntry: false })?.size ?? 0) > 0);
}

/** @throws TSDP-00010, below `outer`, for a journal that would change a file of that name */
export function assertNoJournal(path: string, ...outer: readonly StackEntry[]): void {
  const journal = journalLeftAt(path);
  if (journal === undefined) return;
  const reason = `"${journal}" is left of a database that is gone, and SQLite would put what it holds into the new file`;
  const hint = "Move that file away, or put back the database that it belongs to; remap_schema imports under another name.";
  throw pumpError([...outer, ["TSDP-00010", reason]], hint);
}

/**
 * Gives a finished file its name, without replacing one that came to be meanwhile. Its former one stays: see `hasTakenName`.
 * @throws EEXIST when something has the name, and as `assertNoJournal`
 */
export function takeName(workPath: string, path: string): void {
  assertNoJournal(path);
  linkOrRename(workPath, path);
  syncPath(dirname(path));
}

/**
 * Makes a finished file that is elsewhere a schema of the database: it is one when the link is there. An earlier run may have made it.
 * @throws EEXIST when something else has the name
 */
export function linkSchema(path: string, link: string | null): void {
  if (link === null) return;
  const isThere = lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink() === true && readlinkSync(link) === path;
  if (!isThere) symlinkSync(path, link);
  syncPath(dirname(link));
}

/**
 * Gives a file a second name, or where there are no hard links another one: there nothing but a look tells whether it is free.
 * @throws EEXIST when something has the name
 */
export function linkOrRename(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    const isFree = () => lstatSync(to, { throwIfNoEntry: false }) === undefined;
    if (!["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"].includes(codeOf(error)) || !isFree()) throw error;
    renameSync(from, to);
  }
}

/** No connection of this process holds the file any more: only then may it be opened by other means. */
export function syncPath(path: string): void {
  const descriptor = openSync(path, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Removes a database with all that SQLite keeps beside it. */
export function removeDatabase(path: string): void {
  for (const suffix of ["", "-wal", "-shm", "-journal"]) rmSync(path + suffix, { force: true });
}

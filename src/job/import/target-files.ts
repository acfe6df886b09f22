import { closeSync, fsyncSync, linkSync, lstatSync, openSync, readdirSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { codeOf } from "../../base/errors.ts";

const IMAGE_SUFFIX = "-piece-";

/** Where a worker keeps the piece that it is about to load. */
export function imagePath(path: string, guid: string, worker: number): string {
  return `${unfinishedPath(path, guid)}${IMAGE_SUFFIX}${worker}`;
}

/** Hidden, and no schema by its name, until the file is whole. */
export function unfinishedPath(path: string, guid: string): string {
  return join(dirname(path), `.${basename(path)}.${guid.slice(0, 8)}.part`);
}

/** Device and inode; undefined when there is no such file. */
export function identityOf(path: string): string | undefined {
  const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return stat && `${stat.dev}:${stat.ino}`;
}

/** Removes the piece images, which are named after the unfinished schema file and the worker. */
export function removeImages(path: string, guid: string): void {
  const prefix = `${basename(unfinishedPath(path, guid))}${IMAGE_SUFFIX}`;
  for (const file of readdirSync(dirname(path))) if (file.startsWith(prefix)) rmSync(join(dirname(path), file), { force: true });
}

/** Gives a finished file its name, without replacing one that came to be meanwhile. */
export function takeName(workPath: string, path: string): void {
  linkOrRename(workPath, path);
  rmSync(workPath, { force: true });
  syncPath(dirname(path));
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

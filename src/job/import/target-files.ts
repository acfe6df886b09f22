import { closeSync, fsyncSync, linkSync, lstatSync, openSync, readdirSync, renameSync, rmSync, unlinkSync } from "node:fs";
import { basename, dirname, join } from "node:path";

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
  try {
    linkSync(workPath, path);
    unlinkSync(workPath);
  } catch (error) {
    const noLinks =
      error instanceof Error && "code" in error && ["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"].includes(String(error.code));
    if (!noLinks || lstatSync(path, { throwIfNoEntry: false }) !== undefined) throw error;
    renameSync(workPath, path);
  }
  syncPath(dirname(path));
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

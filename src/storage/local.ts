import { constants, type Stats } from "node:fs";
import { link, lstat, open, opendir, rename, stat, unlink, type FileHandle } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { codeOf, pumpError } from "../base/errors.ts";
import { notCreated, notReadable, notWritable } from "./local-faults.ts";
import { LocalReader } from "./local-reader.ts";
import type { CreateOptions, Storage, StorageReader, StorageWriter, UnfinishedFile } from "./storage.ts";

const OWNER_ONLY = 0o600;
const NOT_A_FILE = "A dump file is a regular file: name the file itself, not its folder or a device.";
const UNFINISHED_GONE =
  "The job can't go on without what it has written so far; remove it with `tsdp jobs clean` and run it anew.";
/** File systems without hard links say one of these. */
const NO_LINKS: ReadonlySet<string> = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"]);
/** A folder that is not there, or not ours to look into. */
const UNLISTED: ReadonlySet<string> = new Set(["ENOENT", "ENOTDIR", "EACCES", "EPERM"]);

/** Files of the local disk. */
export class LocalStorage implements Storage {
  readonly #isOpenDatabase: (path: string) => boolean;

  /**
   * @param isOpenDatabase tells whether the path leads to a database that this process holds open: to open such a file
   * by other means drops SQLite's locks on it, and to replace it loses it, so neither is done.
   */
  constructor(isOpenDatabase: (path: string) => boolean = () => false) {
    this.#isOpenDatabase = isOpenDatabase;
  }

  async create(path: string, options: CreateOptions): Promise<StorageWriter> {
    try {
      await this.#assertFree(path, options.reuse);
      const partPath = unfinishedPath(path, options.owner);
      const handle = await openExclusive(partPath);
      return this.#writer(path, partPath, handle, options.reuse, 0);
    } catch (error) {
      throw notCreated(path, error);
    }
  }

  /** A file is known by its content: devices get other numbers when the machine is started anew, and inodes are used again. */
  async resume(path: string, { owner, reuse, length, head }: UnfinishedFile): Promise<StorageWriter | "published"> {
    const partPath = unfinishedPath(path, owner);
    try {
      if (await this.#isPublished(path, length, head)) {
        await unlinkIfThere(partPath);
        return "published";
      }
      return this.#writer(path, partPath, await openUnfinished(partPath, length, head), reuse, length);
    } catch (error) {
      throw notReadable(partPath, ["ORA-27041"], error);
    }
  }

  async removeUnfinished(path: string, owner: string): Promise<void> {
    await unlinkIfThere(unfinishedPath(path, owner));
  }

  async open(path: string): Promise<StorageReader> {
    const { size } = await this.#statFile(path);
    try {
      return new LocalReader(path, size, await open(path, constants.O_RDONLY));
    } catch (error) {
      throw notReadable(path, ["ORA-27041"], error);
    }
  }

  async exists(path: string): Promise<boolean> {
    return (await lstatOrUndefined(path)) !== undefined;
  }

  async list(folder: string, most: number): Promise<readonly string[]> {
    const paths: string[] = [];
    try {
      for await (const entry of await opendir(folder)) {
        if (paths.length === most) break;
        if (!entry.isDirectory()) paths.push(join(folder, entry.name));
      }
    } catch (error) {
      if (!UNLISTED.has(codeOf(error))) throw notReadable(folder, ["ORA-27041"], error);
    }
    return paths.sort();
  }

  async remove(path: string): Promise<void> {
    this.#assertNoDatabase(path);
    await unlinkIfThere(path);
  }

  /** `stat` first: to open a pipe would wait for its other end. */
  async #statFile(path: string): Promise<{ size: number }> {
    try {
      const found = await stat(path);
      if (!found.isFile()) throw pumpError([["ORA-29283", "not a regular file"]], NOT_A_FILE);
      this.#assertNoDatabase(path);
      return found;
    } catch (error) {
      throw notReadable(path, ["ORA-27037"], error);
    }
  }

  #writer(path: string, partPath: string, handle: FileHandle, reuse: boolean, length: number): LocalWriter {
    return new LocalWriter(path, partPath, handle, () => this.#assertFree(path, reuse), reuse, length);
  }

  async #isPublished(path: string, length: number, head: Buffer): Promise<boolean> {
    const found = await lstatOrUndefined(path);
    if (found?.isFile() !== true || found.size !== length || this.#isOpenDatabase(path)) return false;
    const handle = await open(path, constants.O_RDONLY);
    try {
      return await beginsWith(handle, head);
    } finally {
      await handle.close();
    }
  }

  async #assertFree(path: string, reuse: boolean): Promise<void> {
    this.#assertNoDatabase(path);
    const found = await lstatOrUndefined(path);
    if (found === undefined) return;
    if (!reuse) throw pumpError([["ORA-27038"]]);
    if (found.isDirectory()) throw pumpError([["ORA-29283", "the name is that of a folder"]]);
  }

  #assertNoDatabase(path: string): void {
    if (this.#isOpenDatabase(path))
      throw pumpError([["ORA-29283", "the file belongs to an open database"]], "Choose another file name.");
  }
}

class LocalWriter implements StorageWriter {
  readonly path: string;
  readonly #partPath: string;
  readonly #handle: FileHandle;
  readonly #assertFree: () => Promise<void>;
  readonly #reuse: boolean;
  #bytesWritten: number;
  #state: "open" | "ended" | "gone" = "open";

  constructor(
    path: string,
    partPath: string,
    handle: FileHandle,
    assertFree: () => Promise<void>,
    reuse: boolean,
    length: number,
  ) {
    this.path = path;
    this.#partPath = partPath;
    this.#handle = handle;
    this.#assertFree = assertFree;
    this.#reuse = reuse;
    this.#bytesWritten = length;
  }

  get identity(): string {
    return this.#partPath;
  }

  get bytesWritten(): number {
    return this.#bytesWritten;
  }

  get canSync(): boolean {
    return true;
  }

  async write(parts: readonly Buffer[]): Promise<void> {
    try {
      for (let left = parts.filter((part) => part.length > 0); left.length > 0;) {
        const { bytesWritten } = await this.#handle.writev(left, this.#bytesWritten);
        this.#bytesWritten += bytesWritten;
        left = partsAfter(left, bytesWritten);
      }
    } catch (error) {
      throw notWritable(this.path, error);
    }
  }

  async sync(): Promise<void> {
    try {
      await this.#handle.sync();
    } catch (error) {
      throw notWritable(this.path, error);
    }
  }

  async end(): Promise<void> {
    if (this.#state !== "open") return;
    await this.sync();
    this.#state = "ended";
    await this.#handle.close();
  }

  async publish(): Promise<void> {
    await this.end();
    try {
      await this.#assertFree();
      if (this.#reuse) await rename(this.#partPath, this.path);
      else await linkAs(this.#partPath, this.path);
    } catch (error) {
      throw notCreated(this.path, error);
    }
    this.#state = "gone";
    await this.#settle();
  }

  async discard(): Promise<void> {
    if (this.#state === "gone") return;
    await this.suspend();
    await unlinkIfThere(this.#partPath);
  }

  async suspend(): Promise<void> {
    const state = this.#state;
    this.#state = "gone";
    if (state === "open") await this.#handle.close();
  }

  /** Makes the new name durable; a name that may not last is taken back. */
  async #settle(): Promise<void> {
    try {
      await syncFolder(dirname(this.path));
    } catch (error) {
      await unlinkIfThere(this.path);
      throw notCreated(this.path, error);
    }
  }
}

/** Hidden, and no dump file by its name, until it is whole. */
function unfinishedPath(path: string, owner: string): string {
  return join(dirname(path), `.${basename(path)}.${owner}.part`);
}

/** Opens an unfinished file, cut back to a length that it had. @throws ORA-27037 or ORA-29283 when it is not what it was */
async function openUnfinished(path: string, length: number, head: Buffer): Promise<FileHandle> {
  const found = await lstatOrUndefined(path);
  if (found === undefined) throw pumpError([["ORA-27037"]], UNFINISHED_GONE);
  if (!found.isFile()) throw pumpError([["ORA-29283", "not a regular file"]], UNFINISHED_GONE);
  const handle = await open(path, "r+");
  try {
    if ((await handle.stat()).size < length) throw pumpError([["ORA-29283", "it is shorter than it was"]], UNFINISHED_GONE);
    if (!(await beginsWith(handle, head))) throw pumpError([["ORA-29283", "it is another file"]], UNFINISHED_GONE);
    await handle.truncate(length);
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function beginsWith(handle: FileHandle, head: Buffer): Promise<boolean> {
  const bytes = Buffer.alloc(head.length);
  let done = 0;
  while (done < head.length) {
    const { bytesRead } = await handle.read(bytes, done, head.length - done, done);
    if (bytesRead === 0) return false;
    done += bytesRead;
  }
  return bytes.equals(head);
}

/** A leftover of the same owner is of an earlier run of the same job, so it goes. */
async function openExclusive(path: string): Promise<FileHandle> {
  try {
    return await open(path, "wx", OWNER_ONLY);
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
    await unlink(path);
    return open(path, "wx", OWNER_ONLY);
  }
}

/** Gives a file its name without replacing one: a hard link, or where there are none a placeholder that is then replaced. */
async function linkAs(partPath: string, path: string): Promise<void> {
  try {
    await link(partPath, path);
  } catch (error) {
    if (!NO_LINKS.has(codeOf(error))) throw error;
    return renameOverPlaceholder(partPath, path);
  }
  await unlink(partPath);
}

async function renameOverPlaceholder(partPath: string, path: string): Promise<void> {
  await (await open(path, "wx", OWNER_ONLY)).close();
  try {
    await rename(partPath, path);
  } catch (error) {
    await unlinkIfThere(path);
    throw error;
  }
}

async function syncFolder(path: string): Promise<void> {
  if (process.platform === "win32") return; // Windows can't open folders
  const folder = await open(path, constants.O_RDONLY);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function unlinkIfThere(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
  }
}

async function lstatOrUndefined(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(codeOf(error))) return undefined;
    throw error;
  }
}

function partsAfter(parts: readonly Buffer[], written: number): Buffer[] {
  let skip = written;
  const left: Buffer[] = [];
  for (const part of parts) {
    if (skip < part.length) left.push(part.subarray(skip));
    skip = Math.max(0, skip - part.length);
  }
  return left;
}

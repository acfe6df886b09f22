import { randomBytes } from "node:crypto";
import { resolve } from "node:path";
import { pumpError, toPumpError, type PumpError } from "../base/errors.ts";
import { failpoint } from "../base/failpoint.ts";
import { decodeHeader, FORMAT_MAJOR, FORMAT_MINOR, SALT_LENGTH } from "../format/header.ts";
import { MAX_SET_FILES } from "../format/trailer.ts";
import type { Storage } from "../storage/storage.ts";
import { BAD_DUMP_FILE } from "./faults.ts";
import { DumpFileWriter, type FileCheckpoint, type MasterEnd } from "./file-writer.ts";
import { headerItems, type DumpFileSetFacts } from "./header-items.ts";
import type { EncodedPiece } from "./piece.ts";

export interface DumpFileSetOptions extends DumpFileSetFacts {
  /** In the order of their numbers, at least one; paths are absolute. */
  readonly files: readonly { readonly path: string; readonly reuse: boolean }[];
  readonly storage: Storage;
  /** `tsdp 0.1.0`. */
  readonly writerVersion: string;
  readonly creationTime?: Date;
}

/** A file of a set that another process has begun, with all of its segments. */
export interface SavedFile extends FileCheckpoint {
  readonly reuse: boolean;
}

/** Path and size of a dump file. */
export interface WrittenFile {
  readonly path: string;
  readonly bytesWritten: number;
}

/**
 * Writes the files of one dump file set. Calls may overlap: they take effect in their order, and a caller that awaits
 * them is held back to the speed of the disk. After a call that failed every further one fails with the same error, but `discard`.
 */
export class DumpFileSetWriter {
  readonly #files: DumpFileWriter[];
  readonly #reuse: boolean[];
  readonly #options: DumpFileSetOptions;
  readonly #creationTime: Date;
  #nextFile = 0;
  #queue: Promise<unknown> = Promise.resolve();
  #failure: PumpError | undefined;

  private constructor(files: DumpFileWriter[], options: DumpFileSetOptions, creationTime: Date) {
    this.#files = files;
    this.#reuse = options.files.map(({ reuse }) => reuse);
    this.#options = options;
    this.#creationTime = creationTime;
  }

  /**
   * Begins every file under a temporary name beside its final one.
   * @throws ORA-39135 for a file named twice, ORA-31641 for one that exists (ORA-27038) or can't be created.
   */
  static async create(options: DumpFileSetOptions): Promise<DumpFileSetWriter> {
    checkFiles(options.files.map(({ path }) => path));
    const files: DumpFileWriter[] = [];
    const creationTime = options.creationTime ?? new Date();
    try {
      for (let number = 1; number <= options.files.length; number += 1)
        files.push(await beginFile(options, number, creationTime, options.files[number - 1]));
    } catch (error) {
      await discardAll(files);
      throw error;
    }
    return new DumpFileSetWriter(files, options, creationTime);
  }

  /**
   * Goes on with a set that another process has begun.
   * @throws ORA-31640 when a file is gone or altered.
   */
  static async resume(options: DumpFileSetOptions, files: readonly SavedFile[]): Promise<DumpFileSetWriter> {
    const writers: DumpFileWriter[] = [];
    try {
      for (const file of files) writers.push(await resumeFile(options, file));
    } catch (error) {
      await Promise.allSettled(writers.map((writer) => writer.suspend()));
      throw error;
    }
    const creationTime = new Date(decodeHeader(files[0]?.header ?? Buffer.alloc(0)).creationTime);
    return new DumpFileSetWriter(writers, { ...options, files }, creationTime);
  }

  /** Gives those files of an ended set their names that have none yet. */
  static async publishRest(options: DumpFileSetOptions, files: readonly SavedFile[]): Promise<readonly WrittenFile[]> {
    const { guid, storage } = options;
    for (const { path, reuse, length, identity } of files) {
      const writer = await storage.resume(path, { reuse, owner: guid.slice(0, 8), length, identity });
      if (writer !== "published") await writer.publish();
    }
    return files.map(({ path, length }) => ({ path, bytesWritten: length }));
  }

  /** Bytes of each file so far, in the order of their numbers. */
  get files(): readonly WrittenFile[] {
    return this.#files.map(({ path, bytesWritten }) => ({ path, bytesWritten }));
  }

  /** Adds a file to the set; it takes pieces from now on. @throws ORA-39135, ORA-31641 */
  addFile(file: DumpFileSetOptions["files"][number]): Promise<void> {
    const run = this.#queue.then(async () => {
      if (this.#failure !== undefined) throw this.#failure;
      checkFiles([...this.#files, file].map(({ path }) => path));
      this.#files.push(await beginFile(this.#options, this.#files.length + 1, this.#creationTime, file));
      this.#reuse.push(file.reuse);
    });
    this.#queue = settled(run);
    return run;
  }

  /** Adds a piece image to the next file of the set. @throws ORA-31617 */
  append(piece: EncodedPiece): Promise<void> {
    return this.#enqueue(async () => {
      await this.#takeFile().writeSegment(piece);
    });
  }

  /** Returns when all pieces so far are durable. @throws ORA-31617 */
  checkpoint(): Promise<readonly FileCheckpoint[]> {
    return this.#enqueue(async () => {
      const files: FileCheckpoint[] = [];
      for (const file of this.#files) files.push(await file.checkpoint());
      return files;
    });
  }

  /**
   * Adds the master table to the first file, ends every file, and gives all of them their names: all or none, but that
   * files replaced by `reuse` are lost when a later one can't be named.
   * @param beforePublishing is told what is durable of the ended files before the first gets its name.
   * @returns path and size of every file.
   * @throws ORA-31617, ORA-31641
   */
  finish(
    master: EncodedPiece,
    beforePublishing: (files: readonly FileCheckpoint[]) => void = () => undefined,
  ): Promise<readonly WrittenFile[]> {
    return this.#enqueue(async () => {
      await this.#end(master);
      const ends: FileCheckpoint[] = [];
      for (const file of this.#files) ends.push(await file.checkpoint());
      beforePublishing(ends);
      await this.#publish();
      this.#failure = pumpError([["ORA-39006"], ["TSDP-00010", "the dump file set is already finished"]]);
      return this.files;
    });
  }

  /** Removes the unfinished files, once the calls under way have ended. */
  discard(): Promise<void> {
    this.#failure ??= pumpError([["ORA-39006"], ["TSDP-00010", "the dump file set was discarded"]]);
    const run = this.#queue.then(() => discardAll(this.#files));
    this.#queue = settled(run);
    return run;
  }

  /** Lets go of the unfinished files and leaves them for `resume`, once the calls under way have ended. */
  suspend(): Promise<void> {
    this.#failure ??= pumpError([["ORA-39006"], ["TSDP-00010", "the dump file set was left"]]);
    const run = this.#queue.then(async () => {
      for (const file of this.#files) await file.suspend();
    });
    this.#queue = settled(run);
    return run;
  }

  #enqueue<T>(step: () => Promise<T>): Promise<T> {
    const run = this.#queue.then(async () => {
      if (this.#failure !== undefined) throw this.#failure;
      try {
        return await step();
      } catch (error) {
        this.#failure = toPumpError(error);
        throw this.#failure;
      }
    });
    this.#queue = settled(run);
    return run;
  }

  #takeFile(): DumpFileWriter {
    const file = this.#files[this.#nextFile % this.#files.length];
    if (file === undefined) throw new RangeError("a dump file set has at least one file");
    this.#nextFile += 1;
    return file;
  }

  async #end(master: EncodedPiece): Promise<void> {
    const [first, ...others] = this.#files;
    if (first === undefined) throw new RangeError("a dump file set has at least one file");
    await first.writeSegment(master);
    const draft: MasterEnd = { pieceCount: 1, pieceNumber: 1, files: this.#files.map((file) => file.setFile()) };
    await first.end({ ...draft, files: [first.setFile(draft), ...others.map((file) => file.setFile())] });
    for (const file of others) await file.end();
  }

  /** Names that must be free come first: they are the ones that may have been taken meanwhile. */
  async #publish(): Promise<void> {
    const order = [...this.#files.keys()].sort((a, b) => Number(this.#reuse[a]) - Number(this.#reuse[b]));
    const published: string[] = [];
    try {
      for (const file of order.flatMap((i) => this.#files[i] ?? [])) {
        await file.publish();
        published.push(file.path);
        failpoint("export file published");
      }
    } catch (error) {
      for (const path of published) await this.#options.storage.remove(path);
      throw error;
    }
  }
}

async function beginFile(
  options: DumpFileSetOptions,
  fileNumber: number,
  creationTime: Date,
  { path, reuse } = { path: "", reuse: false },
): Promise<DumpFileWriter> {
  const { guid, writerVersion, storage } = options;
  const out = await storage.create(path, { reuse, owner: guid.slice(0, 8) });
  try {
    return await DumpFileWriter.begin(out, {
      major: FORMAT_MAJOR,
      minor: FORMAT_MINOR,
      guid,
      fileNumber,
      salt: randomBytes(SALT_LENGTH),
      writerVersion,
      creationTime: creationTime.getTime(),
      items: headerItems(options, fileNumber, creationTime),
    });
  } catch (error) {
    await out.discard();
    throw error;
  }
}

async function resumeFile({ guid, storage }: DumpFileSetOptions, file: SavedFile): Promise<DumpFileWriter> {
  const { path, reuse, length, identity, header, segments } = file;
  const out = await storage.resume(path, { reuse, owner: guid.slice(0, 8), length, identity });
  if (out === "published") throw pumpError([...BAD_DUMP_FILE, ["ORA-31641", path], ["ORA-27038"]]);
  return DumpFileWriter.resume(out, header, segments);
}

/** Discards every file, also when one of them can't be removed. */
async function discardAll(files: readonly DumpFileWriter[]): Promise<void> {
  const results = await Promise.allSettled(files.map((file) => file.discard()));
  for (const result of results) if (result.status === "rejected") throw result.reason;
}

function checkFiles(paths: readonly string[]): void {
  if (paths.length === 0 || paths.length > MAX_SET_FILES) throw new RangeError(`a dump file set has 1 to ${MAX_SET_FILES} files`);
  const known = new Set<string>();
  for (const path of paths) {
    if (known.has(resolve(path))) throw pumpError([...BAD_DUMP_FILE, ["ORA-39135", path]]);
    known.add(resolve(path));
  }
}

/** The callers of the step get its error; the queue only waits for its end. */
function settled(run: Promise<unknown>): Promise<unknown> {
  return run.catch(() => undefined);
}

import { pumpError, toPumpError, type PumpError } from "../base/errors.ts";
import { failpoint } from "../base/failpoint.ts";
import { decodeHeader } from "../format/header.ts";
import { MAX_INDEX_ENTRIES } from "../format/segment-index.ts";
import type { Storage } from "../storage/storage.ts";
import type { DumpFileWriter, FileCheckpoint } from "./file-writer.ts";
import { lengthProblem } from "./limits.ts";
import { pieceLabel, type EncodedPiece } from "./piece.ts";
import {
  NOTHING,
  SetFiles,
  type DumpFileSetOptions,
  type DumpFileSpecification,
  type Placement,
  type SavedFile,
} from "./set-files.ts";

export type { DumpFileSetOptions, DumpFileSpecification, SavedFile } from "./set-files.ts";

const MASTER_SEGMENTS = 5000;
const TOO_LARGE = "Export the schemas or tables one after the other, into dump file sets of their own.";

/** Path and size of a dump file. */
export interface WrittenFile {
  readonly path: string;
  readonly bytesWritten: number;
  /** Largest size in bytes, 0: no limit. */
  readonly size: number;
}

/**
 * Writes the files of one dump file set. Calls may overlap: they take effect in their order, and a caller that awaits
 * them is held back to the speed of the disk. After a call that failed every further one fails with the same error, but `discard`
 * and `suspend`, and `checkpoint` when nothing of the failed call was written, as with ORA-39095.
 */
export class DumpFileSetWriter {
  readonly #storage: Storage;
  readonly #files: SetFiles;
  #queue: Promise<unknown> = Promise.resolve();
  #failure: PumpError | undefined;
  /** Whether a call has failed in the middle of a piece. */
  #isTorn = false;

  private constructor(storage: Storage, files: SetFiles) {
    this.#storage = storage;
    this.#files = files;
  }

  /**
   * Begins the first file of every specification under a temporary name beside its final one.
   * @throws ORA-39135 for a file named twice, ORA-31641 for one that exists (ORA-27038) or can't be created.
   */
  static async create(options: DumpFileSetOptions): Promise<DumpFileSetWriter> {
    const files = new SetFiles(options, options.creationTime ?? new Date());
    try {
      await files.begin();
    } catch (error) {
      await discardAll(files.all);
      throw error;
    }
    return new DumpFileSetWriter(options.storage, files);
  }

  /**
   * Goes on with a set that another process has begun; what was added since comes by `addFiles`.
   * @param options with the specifications that it has begun
   * @throws ORA-31640 when a file is gone or altered.
   */
  static async resume(options: DumpFileSetOptions, saved: readonly SavedFile[]): Promise<DumpFileSetWriter> {
    const files = new SetFiles(options, new Date(decodeHeader(saved[0]?.header ?? Buffer.alloc(0)).creationTime));
    try {
      await files.resume(saved);
    } catch (error) {
      await Promise.allSettled(files.all.map((file) => file.suspend()));
      throw error;
    }
    return new DumpFileSetWriter(options.storage, files);
  }

  /** Gives those files of an ended set their names that have none yet. */
  static async publishRest(options: DumpFileSetOptions, files: readonly SavedFile[]): Promise<readonly WrittenFile[]> {
    const { guid, storage } = options;
    const written: WrittenFile[] = [];
    for (const { path, specification, length, identity, header: head } of files) {
      const { reuse = false, fileSize = null } = options.files[specification] ?? {};
      const writer = await storage.resume(path, { reuse, owner: guid.slice(0, 8), length, identity, head });
      if (writer !== "published") await writer.publish();
      written.push({ path, bytesWritten: length, size: fileSize ?? 0 });
    }
    return written;
  }

  /** Bytes of each file so far, in the order of their numbers. */
  get files(): readonly WrittenFile[] {
    return this.#files.all.map(({ path, bytesWritten, size }) => ({ path, bytesWritten, size }));
  }

  /** Adds files and templates to the set, all or none; they take pieces from now on. @throws ORA-39135, ORA-31641 */
  addFiles(files: readonly DumpFileSpecification[]): Promise<void> {
    const run = this.#queue.then(async () => {
      if (this.#failure !== undefined) throw this.#failure;
      await this.#files.add(files);
    });
    this.#queue = settled(run);
    return run;
  }

  /**
   * Adds piece images, all or none, each to the next file of the set that has room, or in parts to several.
   * @throws ORA-31617, ORA-39095 when the files have no room for them and there are no templates
   */
  append(...pieces: readonly EncodedPiece[]): Promise<void> {
    return this.#enqueue(async () => {
      for (const piece of pieces) assertLength(piece);
      const placements = await this.#files.place(pieces);
      this.#assertReadable(placements.length);
      await this.#write(placements);
      for (const file of this.#files.all) if (!file.isEnded && file.room(NOTHING, 0) === 0) await file.end();
    });
  }

  /**
   * Returns when all pieces so far are durable. Null: a file can't be made durable at its length, and nothing was done; from now
   * on pieces go to such files first, so that a later call finds all of them ready.
   * @throws ORA-31617
   */
  checkpoint(): Promise<readonly FileCheckpoint[] | null> {
    const run = this.#queue.then(async () => {
      if (this.#failure !== undefined && this.#isTorn) throw this.#failure;
      this.#files.isGathering = this.#files.all.some((file) => !file.canSync);
      return this.#files.isGathering ? null : this.#checkpoints();
    });
    this.#queue = settled(run);
    return run;
  }

  /**
   * Adds the master table, ends every file, and gives all of them their names: all or none, but that files replaced by `reuse`
   * are lost when a later one can't be named.
   * @param beforePublishing is told what is durable of the ended files before the first gets its name.
   * @returns path and size of every file.
   * @throws ORA-31617, ORA-31641, ORA-39095
   */
  finish(
    master: EncodedPiece,
    beforePublishing: (files: readonly FileCheckpoint[]) => void = () => undefined,
  ): Promise<readonly WrittenFile[]> {
    return this.#enqueue(async () => {
      await this.#end(master);
      beforePublishing(await this.#checkpoints());
      await this.#publish();
      this.#failure = pumpError([["ORA-39006"], ["TSDP-00010", "the dump file set is already finished"]]);
      return this.files;
    });
  }

  /** Removes the unfinished files, once the calls under way have ended. */
  discard(): Promise<void> {
    this.#failure ??= pumpError([["ORA-39006"], ["TSDP-00010", "the dump file set was discarded"]]);
    const run = this.#queue.then(() => discardAll(this.#files.all));
    this.#queue = settled(run);
    return run;
  }

  /** Lets go of the unfinished files and leaves them for `resume`, once the calls under way have ended. */
  suspend(): Promise<void> {
    this.#failure ??= pumpError([["ORA-39006"], ["TSDP-00010", "the dump file set was left"]]);
    const run = this.#queue.then(async () => {
      for (const file of this.#files.all) await file.suspend();
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

  /** What no reader would open must not be written; some segments are left for the master table. */
  #assertReadable(more: number): void {
    const segments = this.#files.all.reduce((sum, file) => sum + file.segmentCount, more);
    if (segments > MAX_INDEX_ENTRIES - MASTER_SEGMENTS)
      throw unreadable(`a dump file set has at most ${MAX_INDEX_ENTRIES} segments`);
  }

  async #write(placements: readonly Placement[]): Promise<void> {
    this.#isTorn = true;
    for (const { file, piece, part } of placements) await file.writeSegment(piece, part);
    this.#isTorn = false;
  }

  async #checkpoints(): Promise<readonly FileCheckpoint[]> {
    const files: FileCheckpoint[] = [];
    for (const file of this.#files.all) files.push(await file.checkpoint());
    return files;
  }

  /** The list of the set is in the file in which the master table ends, so that one comes last. */
  async #end(master: EncodedPiece): Promise<void> {
    assertLength(master);
    await this.#write(await this.#files.place([master], true));
    const files = this.#files.all;
    const holders = files.filter((file) => file.holdsMaster).sort((a, b) => a.masterFrame - b.masterFrame);
    const last = holders.at(-1);
    if (last === undefined) throw new RangeError("the master table is in no file");
    const part = (file: DumpFileWriter) => ({ pieceCount: holders.length, pieceNumber: holders.indexOf(file) + 1 });
    for (const file of files) {
      if (file !== last && !file.isEnded) await file.end(file.holdsMaster ? part(file) : undefined);
    }
    const draft = { ...part(last), files: files.map((file) => file.setFile()) };
    await last.end({ ...draft, files: files.map((file) => file.setFile(file === last ? draft : undefined)) });
  }

  async #publish(): Promise<void> {
    const published: string[] = [];
    try {
      for (const file of this.#files.inPublishingOrder) {
        await file.publish();
        published.push(file.path);
        failpoint("export file published");
      }
    } catch (error) {
      for (const path of published) await this.#storage.remove(path);
      throw error;
    }
  }
}

/** Definitions can make a master table, or a description, that is longer than a reader takes. */
function assertLength(piece: EncodedPiece): void {
  const problem = lengthProblem({ ...piece, storedLength: piece.stored.length });
  if (problem !== undefined) throw unreadable(`${pieceLabel(piece)}: ${problem}`);
}

function unreadable(reason: string): PumpError {
  return pumpError(
    [
      ["ORA-39097", "while writing the dump file set"],
      ["TSDP-00010", reason],
    ],
    TOO_LARGE,
  );
}

/** Discards every file, also when one of them can't be removed. */
async function discardAll(files: readonly DumpFileWriter[]): Promise<void> {
  const results = await Promise.allSettled(files.map((file) => file.discard()));
  for (const result of results) if (result.status === "rejected") throw result.reason;
}

/** The callers of the step get its error; the queue only waits for its end. */
function settled(run: Promise<unknown>): Promise<unknown> {
  return run.catch(() => undefined);
}

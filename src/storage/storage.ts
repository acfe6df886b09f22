/**
 * Where dump files live: a disk, an object store. A storage knows files and no meaning.
 * Every implementation runs the suite `test/storage/conformance.ts`.
 */
export interface Storage {
  /**
   * Begins a file that is written front to back and appears under its name only when it is published.
   * @throws ORA-31641 when the name is taken (with ORA-27038, unless `reuse`) or the file can't be made.
   */
  create(path: string, options: CreateOptions): Promise<StorageWriter>;
  /**
   * Takes an unfinished file up again, cut back to a length that it had when it was durable. One that was published meanwhile is
   * left as it is: `published`.
   * @throws ORA-31640 when it is gone, shorter, or another file.
   */
  resume(path: string, file: UnfinishedFile): Promise<StorageWriter | "published">;
  /**
   * Removes what `create` has begun and nobody has finished; no error when there is nothing.
   * @param identity of its writer; null: not known, as its process died before it could tell. What then can't be told from the file of
   * another job stays.
   */
  removeUnfinished(path: string, owner: string, identity: string | null): Promise<void>;
  /** @throws ORA-31640 when there is no such file (with ORA-27037) or it can't be opened (with ORA-27041). */
  open(path: string): Promise<StorageReader>;
  exists(path: string): Promise<boolean>;
  /**
   * Paths of files in a folder, none of its folders; in order, unless there are more than `most`: then any of them. None from a place
   * that does not tell.
   */
  list(folder: string, most: number): Promise<readonly string[]>;
  /** Removes a file; no error when there is none. */
  remove(path: string): Promise<void>;
}

export interface CreateOptions {
  /** Replace a file of that name when this one is published. */
  readonly reuse: boolean;
  /**
   * Tells unfinished files of different jobs apart: letters and digits. A leftover of the same owner is replaced where it can be found
   * by its name; else it is the owner's to remove, by its identity.
   */
  readonly owner: string;
}

/** What has to be known of an unfinished file to go on with it. */
export interface UnfinishedFile extends CreateOptions {
  /** Bytes that are kept. */
  readonly length: number;
  /** `StorageWriter.identity` of the writer that began it. */
  readonly identity: string;
  /** Its first bytes, which no other file has. */
  readonly head: Buffer;
}

/** An unfinished file. After a call that failed only `discard` or `suspend` may follow. */
export interface StorageWriter {
  readonly path: string;
  readonly bytesWritten: number;
  /** What the storage has to be told beside the path to find the file when it is unfinished. */
  readonly identity: string;
  /** Whether `sync` can make durable what was written so far: a store takes no short piece that is not the last. */
  readonly canSync: boolean;
  /** Appends all the bytes, in order; they must not change afterwards. @throws ORA-31617 */
  write(parts: readonly Buffer[]): Promise<void>;
  /** Returns when all that was written is durable; only when `canSync`. @throws ORA-31617 */
  sync(): Promise<void>;
  /** The same, after the last byte: gives up what only writing needs, so that any number of ended files can wait for `publish`. */
  end(): Promise<void>;
  /**
   * Gives the file its name, durably. Without `reuse` a file that got the name meanwhile stays as it is.
   * @throws ORA-31641
   */
  publish(): Promise<void>;
  /** Removes the unfinished file; nothing after `publish`, `suspend` or a second time. */
  discard(): Promise<void>;
  /** Lets go of the unfinished file and leaves it for `resume`. */
  suspend(): Promise<void>;
}

/** A file open for reading. */
export interface StorageReader {
  readonly path: string;
  /** Bytes, when it was opened. */
  readonly size: number;
  /** Exactly `length` bytes. @throws ORA-31619 when the file ends before, ORA-31640 when they can't be read. */
  read(offset: number, length: number): Promise<Buffer>;
  close(): Promise<void>;
}

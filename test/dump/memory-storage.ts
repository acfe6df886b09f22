import { dirname } from "node:path";
import { pumpError } from "../../src/base/errors.ts";
import type { Storage, StorageReader, StorageWriter } from "../../src/storage/storage.ts";

/** Files in memory that count what is read of them, and can fail. */
export class MemoryStorage implements Storage {
  readonly files = new Map<string, Buffer>();
  readonly reads: { readonly path: string; readonly offset: number; readonly length: number }[] = [];
  /** Names of unfinished files. */
  readonly unfinished = new Set<string>();
  /** Bytes that fit on this "disk". */
  space = Number.POSITIVE_INFINITY;
  /** A name that can't be published. */
  taken: string | undefined;

  create(path: string): Promise<StorageWriter> {
    const parts: Buffer[] = [];
    this.unfinished.add(path);
    const size = () => parts.reduce((sum, part) => sum + part.length, 0);
    return Promise.resolve({
      path,
      identity: path,
      canSync: true,
      get bytesWritten() {
        return size();
      },
      write: (more: readonly Buffer[]) => {
        for (const part of more) this.space -= part.length;
        if (this.space < 0)
          return Promise.reject(pumpError([["ORA-31617", path], { code: "ENOSPC", text: "no space left on device" }]));
        parts.push(...more);
        return Promise.resolve();
      },
      sync: () => Promise.resolve(),
      end: () => Promise.resolve(),
      publish: () => {
        if (this.taken === path) return Promise.reject(pumpError([["ORA-31641", path], ["ORA-27038"]]));
        this.unfinished.delete(path);
        this.files.set(path, Buffer.concat(parts));
        return Promise.resolve();
      },
      discard: () => {
        this.unfinished.delete(path);
        return Promise.resolve();
      },
      suspend: () => Promise.resolve(),
    });
  }

  resume(): Promise<never> {
    return Promise.reject(new Error("memory is gone with its process"));
  }

  removeUnfinished(path: string): Promise<void> {
    this.unfinished.delete(path);
    return Promise.resolve();
  }

  open(path: string): Promise<StorageReader> {
    const bytes = this.files.get(path);
    if (bytes === undefined) return Promise.reject(pumpError([["ORA-31640", path], ["ORA-27037"]]));
    return Promise.resolve({
      path,
      size: bytes.length,
      read: (offset: number, length: number) => {
        this.reads.push({ path, offset, length });
        if (offset + length > bytes.length) return Promise.reject(pumpError([["ORA-31619", path]]));
        return Promise.resolve(Buffer.from(bytes.subarray(offset, offset + length)));
      },
      close: () => Promise.resolve(),
    });
  }

  exists(path: string): Promise<boolean> {
    return Promise.resolve(this.files.has(path));
  }

  list(folder: string, most: number): Promise<readonly string[]> {
    const paths = [...this.files.keys()].filter((path) => dirname(path) === folder);
    return Promise.resolve(paths.sort().slice(0, most));
  }

  remove(path: string): Promise<void> {
    this.files.delete(path);
    return Promise.resolve();
  }

  /** The same files with one of them changed. */
  with(path: string, change: (bytes: Buffer) => Buffer): MemoryStorage {
    const copy = new MemoryStorage();
    for (const [name, bytes] of this.files) copy.files.set(name, name === path ? change(Buffer.from(bytes)) : bytes);
    return copy;
  }
}

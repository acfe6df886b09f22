import type { Storage, StorageReader } from "../storage/storage.ts";

/** Keeps one reader of each file that was asked for, until all are closed. It may be shared by overlapping calls. */
export class OpenFiles {
  readonly #storage: Storage;
  readonly #readers = new Map<string, Promise<StorageReader>>();

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  /** @throws ORA-31640 */
  readonly open = (path: string): Promise<StorageReader> => {
    const reader = this.#readers.get(path) ?? this.#storage.open(path);
    this.#readers.set(path, reader);
    return reader;
  };

  /** Closes every reader that was opened; one that could not be opened is its caller's to know. */
  async close(): Promise<void> {
    const readers = await Promise.allSettled(this.#readers.values());
    this.#readers.clear();
    for (const reader of readers) if (reader.status === "fulfilled") await reader.value.close();
  }
}

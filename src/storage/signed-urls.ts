import { PumpError, toPumpError } from "../base/errors.ts";
import type { CreateOptions, Storage, StorageReader, StorageWriter, UnfinishedFile } from "./storage.ts";

/**
 * The query strings of pre-authenticated URLs, which are their secrets: by the URL before its `?`, or for all files of a folder by
 * the URL of the folder with its last slash.
 */
export type UrlQueries = Readonly<Record<string, string>>;

const REFUSAL = /\bHTTP (?:Forbidden|Unauthorized)$/;

/** Reads pre-authenticated URLs that go by their names without the query string; no other part of the program sees that. */
export class SignedUrls implements Storage {
  readonly #inner: Storage;
  readonly #queries: ReadonlyMap<string, string>;

  constructor(inner: Storage, queries: UrlQueries) {
    this.#inner = inner;
    this.#queries = new Map(Object.entries(queries));
  }

  async open(path: string): Promise<StorageReader> {
    const query = this.#query(path);
    if (query === "") return this.#inner.open(path);
    return hiding(query, async () => new SignedReader(path, query, await this.#inner.open(path + query)));
  }

  /** What is beside a pre-authenticated URL is refused: then it is not there for us. */
  async exists(path: string): Promise<boolean> {
    const query = this.#query(path);
    if (query !== "") return hiding(query, () => this.#inner.exists(path + query));
    return this.#inner.exists(path).catch((error: unknown) => {
      if (toPumpError(error).lines.some(({ text }) => REFUSAL.test(text))) return false;
      throw error;
    });
  }

  async list(folder: string, most: number): Promise<readonly string[]> {
    return this.#inner.list(folder, most);
  }

  async create(path: string, options: CreateOptions): Promise<StorageWriter> {
    return this.#inner.create(path, options);
  }

  async resume(path: string, file: UnfinishedFile): Promise<StorageWriter | "published"> {
    return this.#inner.resume(path, file);
  }

  async removeUnfinished(path: string, owner: string, identity: string | null): Promise<void> {
    return this.#inner.removeUnfinished(path, owner, identity);
  }

  async remove(path: string): Promise<void> {
    return this.#inner.remove(path);
  }

  #query(path: string): string {
    return this.#queries.get(path) ?? this.#queries.get(path.slice(0, path.lastIndexOf("/") + 1)) ?? "";
  }
}

class SignedReader implements StorageReader {
  readonly path: string;
  readonly size: number;
  readonly #query: string;
  readonly #inner: StorageReader;

  constructor(path: string, query: string, inner: StorageReader) {
    this.path = path;
    this.size = inner.size;
    this.#query = query;
    this.#inner = inner;
  }

  async read(offset: number, length: number): Promise<Buffer> {
    return hiding(this.#query, () => this.#inner.read(offset, length));
  }

  async close(): Promise<void> {
    return this.#inner.close();
  }
}

/** Errors name the URL: the query goes out of them, and out of their causes. */
async function hiding<T>(query: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (query === "") throw error;
    const { lines, hint } = toPumpError(error);
    const without = (text: string) => text.replaceAll(query, "");
    throw new PumpError(
      lines.map(({ code, text }) => ({ code, text: without(text) })),
      hint === undefined ? undefined : without(hint),
    );
  }
}

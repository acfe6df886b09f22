import type { PlaceAccess, StorageAccess } from "./access.ts";
import { HttpsStorage } from "./https.ts";
import { LocalStorage } from "./local.ts";
import { hasQuery, isUnder, isUrl } from "./object-place.ts";
import { ObjectStore } from "./object-store.ts";
import type { CreateOptions, Storage, StorageReader, StorageWriter, UnfinishedFile } from "./storage.ts";

export { isUrl } from "./object-place.ts";

/** Every place that a dump file can be in: object stores by URL, and the local disk. */
export class Places implements Storage {
  readonly access: StorageAccess;
  readonly #local: LocalStorage;
  readonly #https = new HttpsStorage();
  /** Without an access of ours. */
  readonly #anyStore = new ObjectStore(null);
  readonly #stores = new Map<PlaceAccess, ObjectStore>();

  /** @param isOpenDatabase see `LocalStorage` */
  constructor(access: StorageAccess = [], isOpenDatabase?: (path: string) => boolean) {
    this.access = access;
    this.#local = new LocalStorage(isOpenDatabase);
  }

  async create(path: string, options: CreateOptions): Promise<StorageWriter> {
    return this.#of(path).create(path, options);
  }

  async resume(path: string, file: UnfinishedFile): Promise<StorageWriter | "published"> {
    return this.#of(path).resume(path, file);
  }

  async removeUnfinished(path: string, owner: string, identity: string | null): Promise<void> {
    return this.#of(path).removeUnfinished(path, owner, identity);
  }

  async open(path: string): Promise<StorageReader> {
    return this.#of(path).open(path);
  }

  async exists(path: string): Promise<boolean> {
    return this.#of(path).exists(path);
  }

  async remove(path: string): Promise<void> {
    return this.#of(path).remove(path);
  }

  #of(path: string): Storage {
    if (!isUrl(path)) return this.#local;
    if (hasQuery(path)) return this.#https;
    const place = this.#accessOf(path);
    if (place === undefined) return /^s3:/i.test(path) ? this.#anyStore : this.#https;
    const store = this.#stores.get(place) ?? new ObjectStore(place.access);
    this.#stores.set(place, store);
    return store;
  }

  /** The longest prefix decides. */
  #accessOf(path: string): PlaceAccess | undefined {
    const places = this.access.filter(({ prefix }) => isUnder(prefix, path));
    return places.sort((a, b) => b.prefix.length - a.prefix.length)[0];
  }
}

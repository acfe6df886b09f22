import type { PlaceAccess, StorageAccess } from "./access.ts";
import { LocalStorage } from "./local.ts";
import { hasQuery, isUnder, isUrl } from "./object-place.ts";
import type { CreateOptions, Storage, StorageReader, StorageWriter, UnfinishedFile } from "./storage.ts";

export { isUrl } from "./object-place.ts";

/** Every place that a dump file can be in: object stores by URL, and the local disk. What speaks HTTP is loaded when it is needed. */
export class Places implements Storage {
  readonly access: StorageAccess;
  readonly #local: LocalStorage;
  /** By the access; null: none of ours. */
  readonly #stores = new Map<PlaceAccess | null, Promise<Storage>>();
  #https: Promise<Storage> | undefined;

  /** @param isOpenDatabase see `LocalStorage` */
  constructor(access: StorageAccess = [], isOpenDatabase?: (path: string) => boolean) {
    this.access = access;
    this.#local = new LocalStorage(isOpenDatabase);
  }

  async create(path: string, options: CreateOptions): Promise<StorageWriter> {
    return (await this.#of(path)).create(path, options);
  }

  async resume(path: string, file: UnfinishedFile): Promise<StorageWriter | "published"> {
    return (await this.#of(path)).resume(path, file);
  }

  async removeUnfinished(path: string, owner: string, identity: string | null): Promise<void> {
    return (await this.#of(path)).removeUnfinished(path, owner, identity);
  }

  async open(path: string): Promise<StorageReader> {
    return (await this.#of(path)).open(path);
  }

  async exists(path: string): Promise<boolean> {
    return (await this.#of(path)).exists(path);
  }

  /** An access is for the paths below its prefix. */
  async list(folder: string, most: number): Promise<readonly string[]> {
    return (await this.#of(isUrl(folder) ? `${folder}/` : folder)).list(folder, most);
  }

  async remove(path: string): Promise<void> {
    return (await this.#of(path)).remove(path);
  }

  async #of(path: string): Promise<Storage> {
    if (!isUrl(path)) return this.#local;
    const place = hasQuery(path) ? null : (this.#accessOf(path) ?? null);
    if (hasQuery(path) || (place === null && !/^s3:/i.test(path))) return (this.#https ??= openHttps());
    const store = this.#stores.get(place) ?? openStore(place);
    this.#stores.set(place, store);
    return store;
  }

  /** The longest prefix decides. */
  #accessOf(path: string): PlaceAccess | undefined {
    const places = this.access.filter(({ prefix }) => isUnder(prefix, path));
    return places.sort((a, b) => b.prefix.length - a.prefix.length)[0];
  }
}

async function openHttps(): Promise<Storage> {
  const { HttpsStorage } = await import("./https.ts");
  return new HttpsStorage();
}

async function openStore(place: PlaceAccess | null): Promise<Storage> {
  const { ObjectStore } = await import("./object-store.ts");
  return new ObjectStore(place?.access ?? null);
}

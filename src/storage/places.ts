import { pumpError } from "../base/errors.ts";
import type { StorageAccess } from "./access.ts";
import { LocalStorage } from "./local.ts";
import type { CreateOptions, Storage, StorageReader, StorageWriter, UnfinishedFile } from "./storage.ts";

/** Every place that a dump file can be in: object stores by URL, and the local disk. */
export class Places implements Storage {
  readonly access: StorageAccess;
  readonly #local: LocalStorage;

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

  async removeUnfinished(path: string, owner: string): Promise<void> {
    return this.#of(path).removeUnfinished(path, owner);
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
    if (isUrl(path)) throw pumpError([["TSDP-00001", "an object store"]]);
    return this.#local;
  }
}

/** Whether a place is in an object store. */
export function isUrl(path: string): boolean {
  return /^(?:https?|s3):\/\//i.test(path);
}

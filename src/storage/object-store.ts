import { randomBytes } from "node:crypto";
import { pumpError } from "../base/errors.ts";
import type { StoreAccess } from "./access.ts";
import { PartMemory } from "./part-memory.ts";
import { objectPlace } from "./object-place.ts";
import { ObjectUpload } from "./object-upload.ts";
import { ObjectWriter } from "./object-writer.ts";
import { RangeReader } from "./range-reader.ts";
import { PATIENCE, type Patience } from "./retry.ts";
import { isFault, notCreated, notReadable, notWritable } from "./store-faults.ts";
import type { CreateOptions, Storage, StorageReader, StorageWriter, UnfinishedFile } from "./storage.ts";
import { StoreClient, type ObjectName, type UploadedPart } from "./store-client.ts";

/** Bytes of all files of a storage that may be on their way to the store at a time. */
const BYTES_UNDER_WAY = 48 << 20;

/** One upload: what the metadata of its object will say, and its id. */
interface FileIdentity {
  readonly file: string;
  readonly uploadId: string;
}

/** An object and who can be asked about it. */
interface StoredObject {
  readonly client: StoreClient;
  readonly name: ObjectName;
}

/**
 * Objects of S3-compatible stores. A file grows as a multipart upload, which nobody sees, and gets its name when the upload is
 * completed. An upload belongs to its object only by its id: so the id is part of the file's identity.
 */
export class ObjectStore implements Storage {
  readonly #access: StoreAccess | null;
  readonly #patience: Patience;
  readonly #memory = new PartMemory(BYTES_UNDER_WAY);
  /** By endpoint. */
  readonly #clients = new Map<string | null, StoreClient>();

  /** @param access null: what the SDK finds in environment, profile or machine */
  constructor(access: StoreAccess | null, patience: Patience = PATIENCE) {
    this.#access = access;
    this.#patience = patience;
  }

  async create(path: string, { reuse, owner }: CreateOptions): Promise<StorageWriter> {
    try {
      const object = this.#object(path);
      if (!reuse && (await object.client.head(object.name)) !== undefined) throw pumpError([["ORA-27038"]]);
      const file = `${owner}-${randomBytes(8).toString("hex")}`;
      const uploadId = await object.client.beginUpload(object.name, file);
      return this.#writer(path, object, { file, uploadId }, reuse, []);
    } catch (error) {
      throw notCreated(path, error);
    }
  }

  async resume(path: string, { reuse, length, identity }: UnfinishedFile): Promise<StorageWriter | "published"> {
    try {
      const object = this.#object(path);
      const { file, uploadId } = decodeIdentity(identity);
      if ((await object.client.head(object.name))?.file === file) return "published";
      const parts = partsOf(await object.client.listParts(object.name, uploadId), length);
      return this.#writer(path, object, { file, uploadId }, reuse, parts);
    } catch (error) {
      throw notReadable(path, error);
    }
  }

  /** An upload of which nobody was told the id has no parts, and can't be told from one that another job has just begun: it stays. */
  async removeUnfinished(path: string, _owner: string, identity: string | null): Promise<void> {
    if (identity === null) return;
    try {
      const { client, name } = this.#object(path);
      await client.abortUpload(name, decodeIdentity(identity).uploadId);
    } catch (error) {
      throw notWritable(path, error);
    }
  }

  async open(path: string): Promise<StorageReader> {
    try {
      const { client, name } = this.#object(path);
      const facts = await client.head(name);
      if (facts === undefined) throw await client.whyMissing(name);
      const getRange = client.getRange.bind(client, name);
      return new RangeReader({ path, size: facts.size, etag: facts.etag }, getRange, this.#patience);
    } catch (error) {
      throw notReadable(path, error);
    }
  }

  async exists(path: string): Promise<boolean> {
    try {
      const { client, name } = this.#object(path);
      return (await client.head(name)) !== undefined;
    } catch (error) {
      throw notReadable(path, error);
    }
  }

  async list(folder: string, most: number): Promise<readonly string[]> {
    try {
      // A bucket is a folder as well, and no object.
      const { client, name } = this.#object(`${folder}/-`);
      const prefix = name.Key.slice(0, -1);
      const keys = await client.listObjects({ ...name, Key: prefix }, most);
      const names = keys.map((key) => key.slice(prefix.length)).filter((key) => key !== "");
      return names.map((key) => `${folder}/${/^s3:/i.test(folder) ? key : encodeURIComponent(key)}`);
    } catch (error) {
      throw notReadable(folder, error);
    }
  }

  async remove(path: string): Promise<void> {
    try {
      const { client, name } = this.#object(path);
      await client.remove(name);
    } catch (error) {
      throw notCreated(path, error);
    }
  }

  #object(path: string): StoredObject {
    const { endpoint, bucket, key } = objectPlace(path);
    const client = this.#clients.get(endpoint) ?? new StoreClient(this.#access, endpoint, this.#patience);
    this.#clients.set(endpoint, client);
    return { client, name: { Bucket: bucket, Key: key } };
  }

  #writer(
    path: string,
    object: StoredObject,
    identity: FileIdentity,
    reuse: boolean,
    parts: readonly UploadedPart[],
  ): ObjectWriter {
    const upload = new ObjectUpload(object.client, { name: object.name, uploadId: identity.uploadId }, this.#memory, parts);
    const file = {
      path,
      identity: `${identity.file}/${identity.uploadId}`,
      length: parts.reduce((sum, { size }) => sum + size, 0),
      publish: (length: number) => publish(object, upload, identity.file, length, reuse),
    };
    return new ObjectWriter(file, upload);
  }
}

/**
 * Completes an upload. An answer may be lost, and another object may come meanwhile: the metadata of the object that is there
 * afterwards tells.
 */
async function publish(
  { client, name }: StoredObject,
  upload: ObjectUpload,
  file: string,
  length: number,
  reuse: boolean,
): Promise<void> {
  const before = reuse ? undefined : await client.head(name);
  if (before !== undefined && before.file !== file) throw pumpError([["ORA-27038"]]);
  let failure: unknown;
  if (before === undefined) {
    try {
      await complete(upload, reuse);
    } catch (error) {
      failure = error;
    }
  }
  const after = await client.head(name);
  if (after?.file !== file) throw failedToPublish(failure, after !== undefined);
  if (after.size === length) return;
  await client.remove(name);
  throw pumpError([["ORA-17500", `the store has put ${after.size} bytes together where ${length} were sent`]]);
}

/** Not every store can promise to replace nothing; the look before is what is left then. */
async function complete(upload: ObjectUpload, replace: boolean): Promise<void> {
  try {
    await upload.complete(replace);
  } catch (error) {
    if (replace || !isFault(error, "NotImplemented", 501)) throw error;
    await upload.complete(true);
  }
}

function failedToPublish(failure: unknown, isTaken: boolean): unknown {
  if (isTaken && (failure === undefined || isFault(failure, 412, 409))) return pumpError([["ORA-27038"]]);
  return failure ?? pumpError([["ORA-17500", "the store does not show the object that it has completed"]]);
}

/** The first parts, as many as make up the length exactly. */
function partsOf(parts: readonly UploadedPart[], length: number): readonly UploadedPart[] {
  const kept: UploadedPart[] = [];
  let sum = 0;
  for (const part of parts) {
    if (sum >= length || part.number !== kept.length + 1) break;
    kept.push(part);
    sum += part.size;
  }
  if (sum !== length) throw pumpError([["ORA-29283", "the store does not have all of its parts"]], UNFINISHED_GONE);
  return kept;
}

const UNFINISHED_GONE =
  "The job can't go on without what it has written so far; remove it with `tsdp jobs clean` and run it anew.";

function decodeIdentity(identity: string): FileIdentity {
  const slash = identity.indexOf("/");
  if (slash < 0) throw pumpError([["ORA-27037"]], UNFINISHED_GONE);
  return { file: identity.slice(0, slash), uploadId: identity.slice(slash + 1) };
}

import { pumpError } from "../base/errors.ts";
import type { PartMemory } from "./part-memory.ts";
import type { ObjectName, StoreClient, UploadedPart } from "./store-client.ts";

/** A store takes no part that is smaller, but the last. */
const SMALLEST_PART = 5 << 20;
const FIRST_TARGET = 8 << 20;
/** So many parts have the first target; then it grows, so that an upload of 10,000 parts can hold 5 TB. */
const EVEN_PARTS = 1000;
const GROWTH = 0.026;
const MAX_PARTS = 10_000;

/** Bytes at which a part is closed. */
export function partTarget(number: number): number {
  return Math.ceil(FIRST_TARGET * (1 + GROWTH * Math.max(0, number - EVEN_PARTS)));
}

/** Bytes at which a part may be closed before: small ones would use up the numbers. */
export function leastPart(number: number): number {
  return Math.max(SMALLEST_PART, Math.ceil((partTarget(number) * 5) / 8));
}

/** What has to be known of an upload to go on with it. */
export interface UploadFacts {
  readonly name: ObjectName;
  readonly uploadId: string;
}

/** The parts of one multipart upload on their way: several at once, as many as the memory has room for. */
export class ObjectUpload {
  readonly #client: StoreClient;
  readonly #facts: UploadFacts;
  readonly #memory: PartMemory;
  readonly #parts: UploadedPart[];
  readonly #underWay = new Set<Promise<void>>();
  readonly #end = new AbortController();
  #next: number;
  #failure: { readonly error: unknown } | null = null;

  /** @param parts those that are there already */
  constructor(client: StoreClient, facts: UploadFacts, memory: PartMemory, parts: readonly UploadedPart[]) {
    this.#client = client;
    this.#facts = facts;
    this.#memory = memory;
    this.#parts = [...parts];
    this.#next = parts.length + 1;
  }

  /** Number of the part that comes next. */
  get next(): number {
    return this.#next;
  }

  /** Begins to upload a part. Returns when there is room for it; a failure comes out of a later call. */
  async put(buffers: readonly Buffer[], length: number): Promise<void> {
    this.#assertGood();
    if (this.#next > MAX_PARTS) throw pumpError([["ORA-17500", `an object has at most ${MAX_PARTS} parts`]], TOO_MANY_PARTS);
    const number = this.#next;
    this.#next += 1;
    const bytes = await this.#memory.take(length);
    let end = 0;
    for (const buffer of buffers) end += buffer.copy(bytes, end);
    const sending = this.#send(number, bytes).finally(() => this.#underWay.delete(sending));
    this.#underWay.add(sending);
  }

  /** Returns when the store has confirmed every part. */
  async settled(): Promise<void> {
    await Promise.all(this.#underWay);
    this.#assertGood();
  }

  /** Gives up what is under way. */
  async stop(): Promise<void> {
    this.#failure ??= { error: new Error("the upload was left") };
    this.#end.abort();
    await Promise.all(this.#underWay);
  }

  abort(): Promise<void> {
    return this.#client.abortUpload(this.#facts.name, this.#facts.uploadId);
  }

  complete(replace: boolean): Promise<void> {
    const parts = [...this.#parts].sort((a, b) => a.number - b.number);
    return this.#client.completeUpload(this.#facts.name, this.#facts.uploadId, parts, replace);
  }

  /** Never fails: there may be nobody yet who waits for it. */
  async #send(number: number, bytes: Buffer): Promise<void> {
    try {
      const { name, uploadId } = this.#facts;
      const etag = await this.#client.uploadPart(name, uploadId, number, bytes, this.#end.signal);
      this.#parts.push({ number, etag, size: bytes.length });
      this.#memory.giveBack(bytes, true);
    } catch (error) {
      this.#memory.giveBack(bytes, false);
      this.#failure ??= { error };
      this.#end.abort();
    }
  }

  #assertGood(): void {
    if (this.#failure !== null) throw this.#failure.error;
  }
}

const TOO_MANY_PARTS = "Export to several smaller files: a template in DUMPFILE, and FILESIZE.";

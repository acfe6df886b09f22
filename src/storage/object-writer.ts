import { PumpError, pumpError } from "../base/errors.ts";
import { leastPart, partTarget, type ObjectUpload } from "./object-upload.ts";
import { notCreated, notWritable } from "./store-faults.ts";
import type { StorageWriter } from "./storage.ts";

/** A call that writes so many times the target of a part is cut into several. */
const LARGEST_PART = 4;

/** What a writer has to know of its file. */
export interface ObjectFile {
  readonly path: string;
  readonly identity: string;
  /** Bytes that are there already. */
  readonly length: number;
  /** Gives the object its name. */
  readonly publish: (length: number) => Promise<void>;
}

/**
 * An object that is written as parts of an upload. A part is a whole number of calls of `write`, as long as they are not very large,
 * so that its end is one at which the file can be cut.
 */
export class ObjectWriter implements StorageWriter {
  readonly #file: ObjectFile;
  readonly #upload: ObjectUpload;
  /** What no part holds yet. */
  #tail: Buffer[] = [];
  #tailBytes = 0;
  #bytesWritten: number;
  #state: "open" | "ended" | "gone" = "open";

  constructor(file: ObjectFile, upload: ObjectUpload) {
    this.#file = file;
    this.#upload = upload;
    this.#bytesWritten = file.length;
  }

  get path(): string {
    return this.#file.path;
  }

  get identity(): string {
    return this.#file.identity;
  }

  get bytesWritten(): number {
    return this.#bytesWritten;
  }

  /** A part that is not the last must not be small, and what is in a part can't be added to. */
  get canSync(): boolean {
    return this.#state !== "open" || this.#tailBytes === 0 || this.#tailBytes >= leastPart(this.#upload.next);
  }

  async write(parts: readonly Buffer[]): Promise<void> {
    await this.#orNotWritable(async () => {
      for (const bytes of parts) {
        if (bytes.length === 0) continue;
        this.#tail.push(bytes);
        this.#tailBytes += bytes.length;
        this.#bytesWritten += bytes.length;
        if (this.#tailBytes >= LARGEST_PART * partTarget(this.#upload.next)) await this.#closePart();
      }
      if (this.#tailBytes >= partTarget(this.#upload.next)) await this.#closePart();
    });
  }

  async sync(): Promise<void> {
    if (!this.canSync) throw new Error("the end of the file is too short to be a part of an upload");
    await this.#orNotWritable(async () => {
      if (this.#tailBytes > 0) await this.#closePart();
      await this.#upload.settled();
    });
  }

  /** The upload stays open: so nobody sees the object before it is published. */
  async end(): Promise<void> {
    if (this.#state !== "open") return;
    await this.#orNotWritable(async () => {
      // An empty object has a part, too.
      if (this.#tailBytes > 0 || this.#upload.next === 1) await this.#closePart();
      await this.#upload.settled();
    });
    this.#state = "ended";
  }

  async publish(): Promise<void> {
    await this.end();
    try {
      await this.#file.publish(this.#bytesWritten);
    } catch (error) {
      throw notCreated(this.path, error);
    }
    this.#state = "gone";
  }

  async discard(): Promise<void> {
    if (this.#state === "gone") return;
    await this.suspend();
    try {
      await this.#upload.abort();
    } catch (error) {
      throw pumpError([["ORA-17500", `the unfinished upload of ${this.path} stays`], ...notWritable(this.path, error).lines]);
    }
  }

  async suspend(): Promise<void> {
    const state = this.#state;
    this.#state = "gone";
    this.#tail = [];
    this.#tailBytes = 0;
    if (state !== "gone") await this.#upload.stop();
  }

  async #closePart(): Promise<void> {
    const tail = this.#tail;
    const bytes = this.#tailBytes;
    this.#tail = [];
    this.#tailBytes = 0;
    await this.#upload.put(tail, bytes);
  }

  async #orNotWritable(step: () => Promise<void>): Promise<void> {
    try {
      await step();
    } catch (error) {
      throw error instanceof PumpError && error.code === "ORA-31617" ? error : notWritable(this.path, error);
    }
  }
}

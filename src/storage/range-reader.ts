import { pumpError } from "../base/errors.ts";
import { withRetries, type Patience } from "./retry.ts";
import { BadAnswer, cutOff, isFault, notReadable } from "./store-faults.ts";
import type { StorageReader } from "./storage.ts";

/** What a server has answered when it was asked for some bytes; the body is not yet read. */
export interface RangeAnswer {
  readonly status: number;
  readonly contentRange: string | undefined;
  readonly etag: string | undefined;
  readonly body: AsyncIterable<Uint8Array>;
  /** Lets go of a body that is not wanted. */
  readonly cancel: () => void;
}

/** Asks once for bytes of an object. */
export type GetRange = (offset: number, length: number, etag: string | undefined) => Promise<RangeAnswer>;

/** An object that is open for reading. */
export interface RemoteObject {
  readonly path: string;
  readonly size: number;
  /** Tells whether it is still the same; undefined when the server gives none. */
  readonly etag: string | undefined;
}

/** Larger reads are made of several requests at once. */
const REQUEST_LENGTH = 8 << 20;
const REQUESTS_AT_ONCE = 4;

/** Reads ranges of an object, and believes nothing of an answer that was not asked for. */
export class RangeReader implements StorageReader {
  readonly path: string;
  readonly size: number;
  readonly #etag: string | undefined;
  readonly #getRange: GetRange;
  readonly #patience: Patience;

  constructor({ path, size, etag }: RemoteObject, getRange: GetRange, patience: Patience) {
    this.path = path;
    this.size = size;
    this.#etag = etag;
    this.#getRange = getRange;
    this.#patience = patience;
  }

  async read(offset: number, length: number): Promise<Buffer> {
    if (offset + length > this.size) throw cutOff(this.path, offset, length, this.size);
    const bytes = Buffer.allocUnsafeSlow(length);
    let next = 0;
    const readSome = async () => {
      while (next < length) {
        const start = next;
        next = Math.min(length, start + REQUEST_LENGTH);
        await this.#fill(bytes.subarray(start, next), offset + start);
      }
    };
    try {
      await Promise.all(Array.from({ length: REQUESTS_AT_ONCE }, readSome));
    } catch (error) {
      next = length;
      throw notReadable(this.path, error);
    }
    return bytes;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #fill(bytes: Buffer, offset: number): Promise<void> {
    return withRetries(this.#patience, async () => {
      const answer = await this.#ask(offset, bytes.length);
      try {
        if (this.#isOther(answer)) throw replaced();
        await take(answer, bytes, offset);
      } catch (error) {
        answer.cancel();
        throw error;
      }
    });
  }

  /** Not every server heeds If-Match. */
  #isOther(answer: RangeAnswer): boolean {
    const isTagged = answer.etag !== undefined && this.#etag !== undefined;
    return sizeOf(answer) !== this.size || (isTagged && answer.etag !== this.#etag);
  }

  async #ask(offset: number, length: number): Promise<RangeAnswer> {
    try {
      return await this.#getRange(offset, length, this.#etag);
    } catch (error) {
      throw isFault(error, 412) ? replaced() : error;
    }
  }
}

/** Moves the body of an answer into a buffer of exactly its length. @throws BadAnswer */
async function take(answer: RangeAnswer, bytes: Buffer, offset: number): Promise<void> {
  const { first, last } = rangeOf(answer);
  if (first !== offset || last !== offset + bytes.length - 1) throw new BadAnswer("a range that was not asked for");
  let filled = 0;
  for await (const chunk of answer.body) {
    if (filled + chunk.length > bytes.length) throw new BadAnswer(`more than the ${bytes.length} bytes that were asked for`);
    bytes.set(chunk, filled);
    filled += chunk.length;
  }
  if (filled < bytes.length) throw new BadAnswer(`${filled} of the ${bytes.length} bytes that were asked for`);
}

/** Of the whole object. @throws BadAnswer */
export function sizeOf(answer: RangeAnswer): number {
  return rangeOf(answer).size;
}

function rangeOf({ status, contentRange }: RangeAnswer): Readonly<Record<"first" | "last" | "size", number>> {
  if (status === 200) throw ignoresRange();
  if (status !== 206) throw new BadAnswer(`HTTP status ${status} where 206 is due`);
  const [, first, last, size] = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15})$/.exec(contentRange ?? "") ?? [];
  if (size === undefined) throw new BadAnswer("an answer that does not say which bytes it has");
  return { first: Number(first), last: Number(last), size: Number(size) };
}

function ignoresRange(): Error {
  return pumpError(
    [["ORA-17500", "the server does not read parts of an object (it ignores Range)"]],
    "Fetch the file to the disk and use it from there.",
  );
}

function replaced(): Error {
  return pumpError(
    [["ORA-17500", "the object was replaced while it was being read"]],
    "Run the job again, when nobody writes to this name.",
  );
}

import { pumpError, type PumpError } from "../base/errors.ts";
import { RangeReader, sizeOf, type RangeAnswer } from "./range-reader.ts";
import { PATIENCE, withRetries, type Patience } from "./retry.ts";
import { BadAnswer, HttpFault, isFault, notCreated, notReadable } from "./store-faults.ts";
import type { Storage, StorageReader } from "./storage.ts";

/** The reason of a failed request is in the first bytes of its body. */
const REASON_LENGTH = 16 << 10;

/** Public and pre-authenticated objects, read by plain HTTP. The query of a URL may be what opens the object: a secret. */
export class HttpsStorage implements Storage {
  readonly #patience: Patience;

  constructor(patience: Patience = PATIENCE) {
    this.#patience = patience;
  }

  /** The first byte brings size and ETag: a URL that is signed for GET is good for no HEAD. */
  async open(path: string): Promise<StorageReader> {
    try {
      const facts = await withRetries(this.#patience, () => this.#facts(path));
      return new RangeReader({ path, ...facts }, (...range) => this.#getRange(path, ...range), this.#patience);
    } catch (error) {
      throw notReadable(path, error);
    }
  }

  async exists(path: string): Promise<boolean> {
    try {
      await withRetries(this.#patience, () => this.#facts(path));
      return true;
    } catch (error) {
      if (isFault(error, 404)) return false;
      throw notReadable(path, error);
    }
  }

  /** A web server shows no folder. */
  list(): Promise<readonly string[]> {
    return Promise.resolve([]);
  }

  create(path: string): Promise<never> {
    return Promise.reject(notCreated(path, readOnly()));
  }

  resume(path: string): Promise<never> {
    return Promise.reject(notCreated(path, readOnly()));
  }

  removeUnfinished(path: string): Promise<never> {
    return Promise.reject(notCreated(path, readOnly()));
  }

  remove(path: string): Promise<never> {
    return Promise.reject(notCreated(path, readOnly()));
  }

  async #facts(path: string): Promise<{ readonly size: number; readonly etag: string | undefined }> {
    try {
      const answer = await this.#getRange(path, 0, 1, undefined);
      answer.cancel();
      return { size: sizeOf(answer), etag: answer.etag };
    } catch (error) {
      // There is no first byte.
      if (isFault(error, 416)) return { size: 0, etag: undefined };
      throw error;
    }
  }

  async #getRange(path: string, offset: number, length: number, etag: string | undefined): Promise<RangeAnswer> {
    const watch = new Watch(this.#patience.stallMs);
    try {
      const headers = {
        range: `bytes=${offset}-${offset + length - 1}`,
        "accept-encoding": "identity",
        ...(etag === undefined ? {} : { "if-match": etag }),
      };
      const response = await fetch(path, { headers, signal: watch.signal });
      if (!response.ok) throw new HttpFault(response.status, await reasonOf(response));
      checkTransport(path, response);
      return {
        status: response.status,
        contentRange: response.headers.get("content-range") ?? undefined,
        etag: strongTag(response.headers.get("etag")),
        body: watched(response, watch),
        cancel: () => {
          watch.abort();
        },
      };
    } catch (error) {
      watch.abort();
      throw error;
    }
  }
}

/** Ends a request on which nothing moves. */
class Watch {
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;

  constructor(ms: number) {
    const stalled = Object.assign(new Error(`nothing came for ${ms} ms`), { code: "ETIMEDOUT" });
    this.#timer = setTimeout(() => {
      this.#controller.abort(stalled);
    }, ms);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  moved(): void {
    this.#timer.refresh();
  }

  done(): void {
    clearTimeout(this.#timer);
  }

  abort(): void {
    this.done();
    this.#controller.abort(new Error("not wanted any more"));
  }
}

async function* watched(response: Response, watch: Watch): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
      watch.moved();
      yield chunk;
    }
  } finally {
    watch.done();
  }
}

async function reasonOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= REASON_LENGTH) break;
  }
  return Buffer.concat(chunks).toString("utf8", 0, REASON_LENGTH);
}

function checkTransport(path: string, { url, headers }: Response): void {
  if (/^https:/i.test(path) && !url.startsWith("https:"))
    throw pumpError([["ORA-17500", "the server leads from https to http"]], "Give the URL that it leads to, if you trust it.");
  const encoding = headers.get("content-encoding");
  if (encoding !== null && encoding !== "identity") throw new BadAnswer("a body that is encoded, which was not asked for");
}

/** A weak tag does not promise the same bytes. */
function strongTag(etag: string | null): string | undefined {
  return etag === null || etag.startsWith("W/") ? undefined : etag;
}

function readOnly(): PumpError {
  const text = "without a credential an object can only be read";
  return pumpError([["ORA-17500", text]], "Name a credential of the store with credential=.");
}

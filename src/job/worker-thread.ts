import { Worker } from "node:worker_threads";
import { entryPath } from "../base/entries.ts";
import { PumpError, pumpError, toPumpError } from "../base/errors.ts";
import type { PublishEvent } from "../sqlite/publish-plan.ts";
import type { PlaceKeys } from "../storage/place-keys.ts";
import type { WorkerAnswers, WorkerReply, WorkerRequest } from "../worker/messages.ts";

/** Requests without an answer. */
type ToldRequest = Extract<WorkerRequest, { do: "enter places" | "take mask key" }>;

interface Call {
  readonly resolve: (value: WorkerAnswers[keyof WorkerAnswers]) => void;
  readonly reject: (error: Error) => void;
  readonly onEvent: ((event: PublishEvent) => void) | undefined;
}

/** A worker as the control process sees it: one request at a time, each answered. */
export class WorkerThread {
  /** From 1. */
  readonly number: number;
  readonly #thread: Worker;
  #call: Call | null = null;
  #failure: Error | null = null;
  /** Settles when the thread is at nothing. */
  #underWay: Promise<unknown> = Promise.resolve();

  constructor(number: number) {
    this.number = number;
    this.#thread = new Worker(entryPath("worker/entry"));
    this.#thread.on("message", (reply: WorkerReply) => {
      this.#receive(reply);
    });
    this.#thread.on("error", (error) => {
      this.#fail(pumpError([["ORA-39126", `worker ${number}`, error.message]], undefined, error));
    });
    this.#thread.on("exit", () => {
      this.#fail(pumpError([["ORA-39126", `worker ${number}`, "the thread ended"]]));
    });
  }

  /** @throws the worker's error */
  call<R extends WorkerRequest>(request: R, onEvent?: (event: PublishEvent) => void): Promise<WorkerAnswers[R["do"]]> {
    const answer = new Promise<WorkerAnswers[R["do"]]>((resolve, reject) => {
      if (this.#failure !== null) {
        reject(this.#failure);
        return;
      }
      this.#call = { resolve: resolve as Call["resolve"], reject, onEvent };
      this.#thread.postMessage(request);
    });
    this.#underWay = answer.catch(() => undefined);
    return answer;
  }

  /** What it is to know from its next request on; there is no answer. */
  tell(request: ToldRequest): void {
    this.#thread.postMessage(request);
  }

  /** Ends the thread when it has answered what it is at: a commit is not to be cut off. */
  async close(): Promise<void> {
    await this.#underWay;
    try {
      if (this.#failure === null) await this.call({ do: "close" });
    } finally {
      await this.#thread.terminate();
    }
  }

  #receive(reply: WorkerReply): void {
    const call = this.#call;
    if (reply.is === "event") {
      call?.onEvent?.(reply.event);
      return;
    }
    this.#call = null;
    if (reply.is === "answer") call?.resolve(reply.value);
    else call?.reject(PumpError.fromJSON(reply.error));
  }

  #fail(error: unknown): void {
    this.#failure ??= toPumpError(error);
    this.#call?.reject(this.#failure);
    this.#call = null;
  }
}

/**
 * The workers of a job. The first is started at once: a thread takes as long to start as the rest of the control process, and
 * every job needs one.
 */
export class WorkerPool {
  readonly #workers = [new WorkerThread(1)];
  readonly #told: ToldRequest[] = [];

  /** Workers number 1 to `count`. */
  take(count: number): readonly WorkerThread[] {
    while (this.#workers.length < count) {
      const worker = new WorkerThread(this.#workers.length + 1);
      for (const request of this.#told) worker.tell(request);
      this.#workers.push(worker);
    }
    return this.#workers;
  }

  /** The places that all of them may enter. */
  enter(places: PlaceKeys): void {
    this.#tell({ do: "enter places", places });
  }

  /** The key of the functions that replace values. */
  takeMaskKey(key: Uint8Array): void {
    this.#tell({ do: "take mask key", key });
  }

  #tell(request: ToldRequest): void {
    this.#told.push(request);
    for (const worker of this.#workers) worker.tell(request);
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#workers.map((worker) => worker.close()));
  }
}

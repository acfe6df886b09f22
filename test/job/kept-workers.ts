import { WorkerThread, type WorkerPool } from "../../src/job/worker-thread.ts";
import type { PublishEvent } from "../../src/sqlite/publish-plan.ts";
import { NO_PLACE_KEYS, type PlaceKeys } from "../../src/storage/place-keys.ts";
import type { WorkerAnswers, WorkerRequest } from "../../src/worker/messages.ts";

/** Threads that no job has now, by their number. They end with the process. */
const idle = new Map<number, KeptThread[]>();

/** A thread sees the environment as it is when it starts: a failpoint would end the process of the test. */
function startThread(number: number): KeptThread {
  const { TSDP_FAILPOINT: failpoint } = process.env;
  delete process.env["TSDP_FAILPOINT"];
  try {
    return new KeptThread(number);
  } finally {
    if (failpoint !== undefined) process.env["TSDP_FAILPOINT"] = failpoint;
  }
}

class KeptThread extends WorkerThread {
  #calls = 0;
  #hasFailed = false;

  override async call<R extends WorkerRequest>(
    request: R,
    onEvent?: (event: PublishEvent) => void,
  ): Promise<WorkerAnswers[R["do"]]> {
    this.#calls += 1;
    try {
      return await super.call(request, onEvent);
    } catch (error) {
      this.#hasFailed = true;
      throw error;
    } finally {
      this.#calls -= 1;
    }
  }

  /** A thread that is still at work, or that an error may have left in disorder, is not kept. */
  async release(): Promise<void> {
    if (this.#calls > 0 || this.#hasFailed) return this.close();
    await this.call({ do: "close" });
    idle.set(this.number, [...(idle.get(this.number) ?? []), this]);
  }
}

/** The workers of a job in the process of a test. Its threads go on to the next job: starting one takes longer than a small job. */
export class KeptWorkers implements Pick<WorkerPool, "take" | "enter" | "takeMaskKey" | "close"> {
  readonly #workers: KeptThread[] = [];
  #places: PlaceKeys = NO_PLACE_KEYS;
  #maskKey: Uint8Array | null = null;

  take(count: number): readonly WorkerThread[] {
    while (this.#workers.length < count) {
      const number = this.#workers.length + 1;
      const worker = idle.get(number)?.pop() ?? startThread(number);
      worker.tell({ do: "enter places", places: this.#places });
      if (this.#maskKey !== null) worker.tell({ do: "take mask key", key: this.#maskKey });
      this.#workers.push(worker);
    }
    return this.#workers;
  }

  enter(places: PlaceKeys): void {
    this.#places = places;
    for (const worker of this.#workers) worker.tell({ do: "enter places", places });
  }

  takeMaskKey(key: Uint8Array): void {
    this.#maskKey = key;
    for (const worker of this.#workers) worker.tell({ do: "take mask key", key });
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#workers.splice(0).map((worker) => worker.release()));
  }
}

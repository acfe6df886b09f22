import { pumpError, type PumpError } from "../base/errors.ts";
import type { WorkerPool, WorkerThread } from "./worker-thread.ts";

/**
 * The workers that are at one task together. Their number may change meanwhile: further ones join at once, those that are too many
 * leave when they have finished their item.
 */
export class Crew {
  readonly #pool: WorkerPool;
  readonly #stopped = new Set<number>();
  readonly #busy = new Set<number>();
  #degree: number;
  #begin: ((worker: WorkerThread) => void) | null = null;
  #failure: { readonly error: unknown } | null = null;

  constructor(pool: WorkerPool, degree: number) {
    this.#pool = pool;
    this.#degree = degree;
  }

  get degree(): number {
    return this.#degree;
  }

  /** Whether a worker is to take a further item. */
  goesOn(worker: Pick<WorkerThread, "number">): boolean {
    return this.#failure === null && worker.number <= this.#degree && !this.#stopped.has(worker.number);
  }

  /** Whether the task is to end, since a worker has failed at it. */
  get hasFailed(): boolean {
    return this.#failure !== null;
  }

  /**
   * Has all workers do the task, each until it returns. After the first failure none begins anything new, and when all have ended what they
   * were at, it rejects with that failure: nothing of a worker is cut off.
   * @param wake resumes workers that wait for what another one was to do
   */
  async run(task: (worker: WorkerThread) => Promise<void>, wake: () => void = () => undefined): Promise<void> {
    this.#failure = null;
    try {
      await new Promise<void>((resolve) => {
        this.#begin = (worker) => {
          this.#busy.add(worker.number);
          void task(worker)
            .catch((error: unknown) => {
              this.#begin = null;
              this.#failure ??= { error };
              wake();
            })
            .finally(() => {
              this.#busy.delete(worker.number);
              if (this.#busy.size === 0) resolve();
            });
        };
        this.#fill();
      });
    } finally {
      this.#begin = null;
    }
    this.#throwFailure();
  }

  #throwFailure(): void {
    if (this.#failure !== null) throw this.#failure.error;
  }

  /** Changes the number of workers; the task has to look at `goesOn` before each item. */
  setDegree(degree: number): void {
    this.#degree = degree;
    this.#stopped.clear();
    this.#fill();
  }

  /** Has one worker end after its item. @returns whether there is such a worker, and another one */
  stopWorker(number: number): boolean {
    const others = [...this.#busy].filter((busy) => busy !== number && !this.#stopped.has(busy));
    if (!this.#busy.has(number) || others.length === 0) return false;
    this.#stopped.add(number);
    return true;
  }

  #fill(): void {
    for (const worker of this.#pool.take(this.#degree)) {
      if (this.goesOn(worker) && !this.#busy.has(worker.number)) this.#begin?.(worker);
    }
  }
}

export function noFurtherWorkers(): PumpError {
  const reason = "a source has changed since its snapshot was taken, so no further worker can see the same state";
  return pumpError([["ORA-39002"], ["TSDP-00010", reason]], "The workers that there are go on.");
}

export function noSuchWorker(worker: number): PumpError {
  const hint =
    "STATUS shows the workers. One that is not at work yet, or the last one that is, can't be stopped: try again later, or stop the job.";
  return pumpError([["ORA-39001"], ["ORA-39207", String(worker), "WORKER_ID"]], hint);
}

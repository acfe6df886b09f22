import type { ObjectPathTail } from "../../metadata/object-paths.ts";

/** How long the objects of each path took, over all workers. */
export class PathTimes {
  readonly #now: () => number;
  /** Since when each worker is at what it will end next. */
  readonly #since = new Map<number, number>();
  readonly #milliseconds = new Map<ObjectPathTail, number>();

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  begin(worker: number): void {
    this.#since.set(worker, this.#now());
  }

  /** Of objects that end without a begin of their own, each has taken what has passed since the one before. */
  end(worker: number, path: ObjectPathTail | undefined): void {
    const now = this.#now();
    if (path !== undefined) {
      const passed = now - (this.#since.get(worker) ?? now);
      this.#milliseconds.set(path, (this.#milliseconds.get(path) ?? 0) + passed);
    }
    this.#since.set(worker, now);
  }

  secondsOf(path: ObjectPathTail): number {
    return (this.#milliseconds.get(path) ?? 0) / 1000;
  }
}

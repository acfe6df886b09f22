import { setTimeout as delay } from "node:timers/promises";
import { isTransient } from "./store-faults.ts";

/** How long a server is given. */
export interface Patience {
  /** Tries of one request, the first included. */
  readonly tries: number;
  /** The wait after the first try; it doubles with each further one, less a random part. */
  readonly firstWaitMs: number;
  /** No further try begins after so much time. */
  readonly withinMs: number;
  /** A connection on which nothing moves for so long is given up. */
  readonly stallMs: number;
}

export const PATIENCE: Patience = { tries: 6, firstWaitMs: 200, withinMs: 60_000, stallMs: 20_000 };

/** Runs one request again while what it ends with may pass by itself. `tries` is the number of this try, from 1. */
export async function withRetries<T>(
  patience: Patience,
  request: (tries: number) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const start = performance.now();
  for (let tries = 1; ; tries += 1) {
    try {
      return await request(tries);
    } catch (error) {
      const wait = patience.firstWaitMs * 2 ** (tries - 1) * (0.5 + Math.random() / 2);
      const isOver = tries >= patience.tries || performance.now() - start + wait > patience.withinMs;
      if (isOver || signal?.aborted === true || !isTransient(error)) throw error;
      await delay(wait, undefined, signal === undefined ? {} : { signal });
    }
  }
}

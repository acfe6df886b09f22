import { AsyncLocalStorage } from "node:async_hooks";
import type { checkPieces } from "../../src/inspect/check-threads.ts";

/** Set where the pieces of a dump are to be checked by threads. */
const threads = new AsyncLocalStorage<true>();

/** Has `verify` check pieces by threads, as users' does. Elsewhere tests check them in their own process: a start of a thread costs more. */
export function byThreads<T>(verify: () => Promise<T>): Promise<T> {
  return threads.run(true, verify);
}

/** Whether a check that begins now is to be done by threads. */
export function isByThreads(): boolean {
  return threads.getStore() === true;
}

export const checkHere: typeof checkPieces = async (tasks, keys, found) => {
  const { OpenFiles } = await import("../../src/dump/open-files.ts");
  const { checkPiece } = await import("../../src/inspect/piece-check.ts");
  const { openPlaces } = await import("../../src/storage/place-keys.ts");
  const files = new OpenFiles(openPlaces(keys));
  try {
    for (const task of tasks) found(task, await checkPiece(task, files));
  } finally {
    await files.close();
  }
};

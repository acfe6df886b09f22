import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { entryPath } from "../base/entries.ts";
import { PumpError, pumpError } from "../base/errors.ts";
import type { PlaceKeys } from "../storage/place-keys.ts";
import type { CheckReply, CheckRequest } from "./check-thread.ts";
import type { PieceFinding, PieceTask } from "./piece-check.ts";

/** More read no faster from one disk, and each holds a piece in memory. */
const MOST_THREADS = 4;
/** A thread for less costs more than it saves. */
const THREAD_BYTES = 4 << 20;

/**
 * Checks pieces by several threads, each of which has one piece in memory at a time.
 * @param found is told what was found of each task, in any order
 */
export async function checkPieces(
  tasks: readonly PieceTask[],
  keys: PlaceKeys,
  found: (task: PieceTask, finding: PieceFinding) => void,
): Promise<void> {
  const left = tasks.values();
  const bytes = tasks.flatMap(({ location }) => location.segments).reduce((sum, { length }) => sum + length, 0);
  const count = Math.min(tasks.length, Math.ceil(bytes / THREAD_BYTES), availableParallelism(), MOST_THREADS);
  await Promise.all(Array.from({ length: count }, () => runThread(left, keys, found)));
}

async function runThread(
  left: Iterator<PieceTask>,
  keys: PlaceKeys,
  found: (task: PieceTask, finding: PieceFinding) => void,
): Promise<void> {
  const thread = new CheckThread(keys);
  try {
    for (let next = left.next(); next.done !== true; next = left.next()) {
      const reply = await thread.ask(next.value);
      if (reply.is === "finding") found(next.value, reply.finding);
    }
    await thread.ask("close");
  } finally {
    await thread.end();
  }
}

/** One thread, which answers one request at a time. */
class CheckThread {
  readonly #thread: Worker;
  #settle: ((reply: CheckReply) => void) | null = null;

  constructor(keys: PlaceKeys) {
    this.#thread = new Worker(entryPath("inspect/check-thread"), { workerData: keys });
    this.#thread.on("message", (reply: CheckReply) => this.#settle?.(reply));
    this.#thread.on("error", (error) => {
      this.#fail(error.message);
    });
    this.#thread.on("exit", () => {
      this.#fail("the thread ended");
    });
  }

  /** @throws the thread's error */
  async ask(request: CheckRequest): Promise<CheckReply> {
    const reply = await new Promise<CheckReply>((resolve) => {
      this.#settle = resolve;
      this.#thread.postMessage(request);
    });
    if (reply.is === "failure") throw PumpError.fromJSON(reply.error);
    return reply;
  }

  async end(): Promise<void> {
    await this.#thread.terminate();
  }

  #fail(detail: string): void {
    this.#settle?.({ is: "failure", error: pumpError([["ORA-39126", "verify", detail]]).toJSON() });
  }
}

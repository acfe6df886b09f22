import { constants } from "node:os";
import { CLOSED_PIPE, outputFailure } from "./output.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Why a client leaves before its job has ended. The job goes on. */
export interface Interruption {
  /** Undefined when the output is gone. */
  readonly signal: (typeof SIGNALS)[number] | undefined;
  /**
   * 128 and the number of the signal, as shells count; that of SIGPIPE for output that can't be written, whatever the cause. A client
   * that left has not seen whether the job succeeds.
   */
  readonly exitCode: number;
  /** Nobody reads what the client writes. */
  readonly silent: boolean;
}

/** Watches for signals and lost output while a client works. A second signal ends the process at once. */
export class Interruptions {
  #signal: (typeof SIGNALS)[number] | undefined;
  readonly #abort = new AbortController();
  readonly #listener = (signal: NodeJS.Signals) => {
    this.#take(signal);
  };

  constructor() {
    for (const signal of SIGNALS) process.on(signal, this.#listener);
  }

  /** The interruption that came, if any. */
  current(): Interruption | undefined {
    if (this.#signal !== undefined) return { signal: this.#signal, exitCode: exitCodeOf(this.#signal), silent: false };
    const failure = outputFailure();
    return failure === undefined ? undefined : { signal: undefined, exitCode: CLOSED_PIPE, silent: failure.closed };
  }

  /** Aborted by the first signal. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  stop(): void {
    for (const signal of SIGNALS) process.off(signal, this.#listener);
  }

  #take(signal: NodeJS.Signals): void {
    if (this.#signal !== undefined) process.exit(exitCodeOf(signal));
    this.#signal = SIGNALS.find((name) => name === signal);
    this.#abort.abort();
  }
}

function exitCodeOf(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}

import { createInterface, type Interface } from "node:readline";

/** Where the commands of the interactive mode come from. */
export interface CommandSource {
  readonly isTerminal: boolean;
  /** The next line; null at the end of the input, or when `stop` is aborted. */
  next(prompt: string, stop?: AbortSignal): Promise<string | null>;
  close(): void;
}

/** A person at a terminal: a prompt, line editing, history. Ctrl-C calls `interrupted`. */
export class TerminalSource implements CommandSource {
  readonly isTerminal = true;
  readonly #interface: Interface;
  #isClosed = false;

  constructor(interrupted: () => void) {
    this.#interface = createInterface({ input: process.stdin, output: process.stdout });
    this.#interface.on("SIGINT", interrupted);
    this.#interface.on("close", () => {
      this.#isClosed = true;
    });
  }

  async next(prompt: string, stop?: AbortSignal): Promise<string | null> {
    if (this.#isClosed) return null;
    return new Promise((resolve) => {
      const end = () => {
        resolve(null);
      };
      this.#interface.once("close", end);
      stop?.addEventListener("abort", end, { once: true });
      this.#interface.question(prompt, { signal: stop ?? new AbortController().signal }, (answer) => {
        this.#interface.off("close", end);
        resolve(answer);
      });
    });
  }

  close(): void {
    this.#interface.close();
  }
}

/** Lines of a pipe or a file, one command each; nothing is prompted. */
export class PipeSource implements CommandSource {
  readonly isTerminal = false;
  readonly #interface: Interface;
  readonly #lines: AsyncIterator<string>;

  constructor() {
    this.#interface = createInterface({ input: process.stdin });
    this.#lines = this.#interface[Symbol.asyncIterator]();
  }

  async next(): Promise<string | null> {
    const { done, value } = (await this.#lines.next()) as IteratorResult<string, undefined>;
    return done === true ? null : value;
  }

  close(): void {
    this.#interface.close();
    process.stdin.destroy();
  }
}

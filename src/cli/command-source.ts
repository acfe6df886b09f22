import { createInterface, type Interface } from "node:readline";

/** Where the commands of the interactive mode come from. */
export interface CommandSource {
  readonly isTerminal: boolean;
  /** The next line; null at the end of the input, or when `stop` is aborted. */
  next(prompt: string, stop?: AbortSignal): Promise<string | null>;
  /** Whether the answer to the question is yes, or Enter. */
  confirm(question: string): Promise<boolean>;
  /** Gives a terminal back until the next line is asked for, so that Ctrl-C comes as a signal again. */
  pause(): void;
  close(): void;
}

/** A person at a terminal: a prompt, line editing, history. Ctrl-C calls `interrupted`. What is typed while a command runs comes next. */
export class TerminalSource implements CommandSource {
  readonly isTerminal = true;
  readonly #interrupted: () => void;
  readonly #input: NodeJS.ReadableStream;
  readonly #output: NodeJS.WritableStream;
  readonly #typedAhead: string[] = [];
  #interface: Interface | null = null;
  #take: ((line: string | null) => void) | null = null;
  #hasEnded = false;

  constructor(
    interrupted: () => void,
    input: NodeJS.ReadableStream = process.stdin,
    output: NodeJS.WritableStream = process.stdout,
  ) {
    this.#interrupted = interrupted;
    this.#input = input;
    this.#output = output;
  }

  async next(prompt: string, stop?: AbortSignal): Promise<string | null> {
    const line = this.#typedAhead.shift();
    if (line === undefined) return this.#ask(prompt, stop);
    this.#output.write(`${prompt}${line}\n`);
    return line;
  }

  /** Only what is typed after the question answers it: an Enter too many must not stop a job. */
  async confirm(question: string): Promise<boolean> {
    const answer = await this.#ask(question);
    return answer !== null && /^\s*(?:y(?:es)?)?\s*$/i.test(answer);
  }

  pause(): void {
    const open = this.#interface;
    this.#interface = null;
    open?.close();
  }

  close(): void {
    this.pause();
  }

  async #ask(prompt: string, stop?: AbortSignal): Promise<string | null> {
    if (this.#hasEnded) return null;
    const open = (this.#interface ??= this.#open());
    return new Promise<string | null>((resolve) => {
      this.#take = resolve;
      const end = () => {
        if (this.#take === resolve) this.#give(null);
      };
      stop?.addEventListener("abort", end, { once: true });
      open.setPrompt(prompt);
      open.prompt(true);
    });
  }

  #open(): Interface {
    const opened = createInterface({ input: this.#input, output: this.#output });
    opened.on("SIGINT", this.#interrupted);
    opened.on("line", (line) => {
      if (this.#take === null) this.#typedAhead.push(line);
      else this.#give(line);
    });
    opened.on("close", () => {
      if (this.#interface !== opened) return;
      this.#hasEnded = true;
      this.#give(null);
    });
    return opened;
  }

  /** To whoever waits, once: several lines may come before that one goes on. */
  #give(line: string | null): void {
    this.#take?.(line);
    this.#take = null;
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

  /** Who writes a script has decided. */
  confirm(): Promise<boolean> {
    return Promise.resolve(true);
  }

  pause(): void {
    // A pipe sends no Ctrl-C.
  }

  close(): void {
    this.#interface.close();
    process.stdin.destroy();
  }
}

import type { JobEvent, JobScreen } from "../events.ts";
import type { Output } from "../output.ts";
import { statusLines } from "../text/status-text.ts";
import { printable, printableLines } from "../../base/printable.ts";

/** Lines only, each written at once: what a pipe or a file gets. */
export class PlainScreen implements JobScreen {
  readonly #output: Output;

  constructor(output: Output) {
    this.#output = output;
  }

  heading(lines: readonly string[]): void {
    this.#output.out(...lines.map(printable));
  }

  wait(): void {
    // Only a terminal shows that something is awaited.
  }

  show(event: JobEvent): void {
    switch (event.event) {
      case "log":
        this.#output.out(printable(event.text));
        break;
      case "error":
        if (event.inJob) this.#output.out(...errorText(event));
        else this.#output.err(...errorText(event));
        break;
      case "status":
        break;
      case "report":
        this.heading(statusLines(null, event.status));
        break;
      case "end":
        this.#output.err(...endText(event));
        break;
    }
  }

  close(): void {
    // Nothing is held back.
  }
}

/** The lines of an error, outermost first. */
export function errorText({ lines }: JobEvent & { readonly event: "error" }): readonly string[] {
  return lines.map(({ text }) => printableLines(text));
}

/** The last words of a command: a blank line and a sentence, or nothing. */
export function endText({ hint }: JobEvent & { readonly event: "end" }): readonly string[] {
  return hint === null ? [] : ["", printable(hint)];
}

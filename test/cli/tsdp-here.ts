import { errorLines } from "../../src/cli/error-report.ts";
import { dispatch } from "../../src/cli/main.ts";
import { inThisProcess } from "../job/launch-here.ts";

/** How a command ended, and what it wrote. */
export interface CommandEnd {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs `tsdp` in a folder, its client and its job in this process: a start of Node costs more than most commands. */
export async function tsdpHere(folder: string, ...words: readonly string[]): Promise<CommandEnd> {
  const written = { out: "", err: "" };
  const writing =
    (stream: "out" | "err") =>
    (...lines: readonly string[]) => {
      for (const line of lines) written[stream] += `${line}\n`;
    };
  const output = { out: writing("out"), err: writing("err") };
  const before = process.cwd();
  process.chdir(folder);
  try {
    const code = await inThisProcess(() => dispatch(words, output)).catch((error: unknown) => {
      output.err(...errorLines(error));
      return 1;
    });
    return { code, ...written };
  } finally {
    process.chdir(before);
  }
}

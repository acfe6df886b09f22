import type { Output } from "./output.ts";

/**
 * The command line of tsdp. Modules are loaded when they are needed: `tsdp --version` costs little more than Node itself.
 * @param words the words after the program's name
 * @returns the exit code: 0 done, 5 done with errors, 1 failed; 128 and a signal's number when the client left its job
 */
export async function main(words: readonly string[]): Promise<number> {
  if (words.length > 0 && isVersion(words.at(-1) ?? "") && words.slice(0, -1).every(isJobCommand)) return showVersion();
  const { outputFailure, processOutput, unwritable, watchOutput } = await import("./output.ts");
  const { errorLines } = await import("./error-report.ts");
  watchOutput();
  process.on("uncaughtException", (error) => {
    processOutput.err(...errorLines(error));
    process.exit(1);
  });
  try {
    const exitCode = await dispatch(words, processOutput);
    // What can't be written is known only then.
    await new Promise<void>((resolve) => {
      process.stdout.write("", () => {
        resolve();
      });
    });
    const failure = outputFailure();
    if (failure === undefined) return exitCode;
    if (!failure.closed) processOutput.err(...errorLines(unwritable(failure.error)));
    return exitCode === 0 ? failure.exitCode : exitCode;
  } catch (error) {
    processOutput.err(...errorLines(error));
    return 1;
  }
}

/** Runs a command. @returns the exit code. @throws what the command could not show itself */
export async function dispatch(words: readonly string[], output: Output): Promise<number> {
  const [command = "", ...rest] = words;
  if ((command === "export" || command === "import") && !rest.some((word) => word === "--help" || word === "-h")) {
    const { runJob } = await import("./run-job.ts");
    return runJob(command, rest, output);
  }
  const { runProgram } = await import("./program.ts");
  return runProgram(words, output);
}

function isVersion(word: string): boolean {
  return word === "--version" || word === "-V";
}

function isJobCommand(word: string): boolean {
  return word === "export" || word === "import";
}

async function showVersion(): Promise<number> {
  const { productVersion } = await import("../base/product.ts");
  process.stdout.write(`${productVersion()}\n`);
  return 0;
}

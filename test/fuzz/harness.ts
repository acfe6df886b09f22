import { writeSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { expect } from "vitest";
import { PumpError } from "../../src/base/errors.ts";
import { MESSAGES } from "../../src/base/messages.ts";

/** Cases of each set; `TSDP_FUZZ=n` asks for more. */
export const RUNS = Number(process.env["TSDP_FUZZ"] ?? 150);
/** Seed of the first case; each further one takes the next. With one run it is that case alone. */
export const SEED = Number(process.env["TSDP_FUZZ_SEED"] ?? 1);
/** A case that takes so long hangs. It bounds nothing else: the machine may be slow. */
const HANG_MS = 120_000;

/** Every error has to be one of tsdp's own, none of them "internal error", and says nothing of the program's own lines. */
export function expectCatalogued(error: unknown, label: string): void {
  expect(error, label).toBeInstanceOf(PumpError);
  if (!(error instanceof PumpError)) return;
  expect(error.message, label).not.toMatch(/ORA-39006|^ +at |\b(?:TypeError|RangeError|ReferenceError)\b/m);
  expect(Object.keys(MESSAGES), `${label}\n${error.message}`).toContain(error.code);
}

/** What this process has at most had in memory: the first case after which it is too much is the one that took it. */
export function expectMemory(label: string): void {
  expect(process.resourceUsage().maxRSS, `KiB of memory after ${label}`).toBeLessThan(500 << 10);
}

/** The thread that ends this process when it hangs: nothing else can, while JavaScript or SQLite runs. */
const WATCH = `
  const { parentPort } = require("node:worker_threads");
  let timer;
  parentPort.on("message", (label) => {
    clearTimeout(timer);
    if (label !== null) timer = setTimeout(() => {
      require("node:fs").writeSync(2, "hangs: " + label + "\\n");
      process.kill(process.pid, "SIGKILL");
    }, ${HANG_MS});
  });`;
let watchdog: Worker | null = null;

/** Runs a case; one that hangs ends the process, with its label on standard error. */
export async function withWatchdog<T>(label: string, run: () => Promise<T>): Promise<T> {
  if (watchdog === null) {
    watchdog = new Worker(WATCH, { eval: true });
    watchdog.unref();
    watchdog.on("error", (error) => writeSync(2, `${error.message}\n`));
  }
  watchdog.postMessage(label);
  try {
    return await run();
  } finally {
    watchdog.postMessage(null);
  }
}

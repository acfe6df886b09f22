import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { entryPath } from "../base/entries.ts";
import { hintAfterCause, PumpError, pumpError, type ErrorLine } from "../base/errors.ts";
import { NO_KEYS } from "../dump/set-key.ts";
import type { PlaceKeys } from "../storage/place-keys.ts";
import { ControlTable } from "./control-table.ts";
import { lockPath, removeFreeLock } from "./liveness.ts";
import { environmentWithoutSecrets, secretsOf, type JobSecrets } from "./secrets.ts";
import type { JobState } from "./states.ts";
import { openTrace, removeEmptyTrace, traceLines } from "./trace.ts";

const NOT_STARTED: readonly JobState[] = ["UNDEFINED", "DEFINING", "IDLING"];
const FIRST_POLL_MS = 5;
const LAST_POLL_MS = 25;
const NOT_BEGUN =
  "The job had not begun to move anything, and is as it was before its start: start it again. One that was being defined is gone with its last session: repeat the command.";
const NOT_REMOVED = "The job is still there; `tsdp jobs clean` removes it, and what it has left.";

/**
 * How glibc gives out memory: images are of some megabytes each, and come and go, so what is freed is used again, in large pages, and not
 * given back and asked for anew. It saves an export a fifth of its processor time (docs/performance.md). Other C libraries ignore it.
 */
const MEMORY_TUNABLES = [
  "glibc.malloc.arena_max=1",
  "glibc.malloc.hugetlb=1",
  `glibc.malloc.mmap_threshold=${32 << 20}`,
  `glibc.malloc.trim_threshold=${1 << 30}`,
].join(":");

/**
 * Starts the control process of a job, detached, so that it outlives this one, and waits until the job is EXECUTING or beyond.
 * The caller has given its liveness lock up: the control process takes it.
 * @param secrets passwords and keys by name; they go through standard input, never through argv, environment or control table.
 * @throws the error for which the job could not start, or ORA-39006 with what the process said last when it ended without a word.
 */
export async function launchControlProcess(tablePath: string, secrets: JobSecrets): Promise<void> {
  const table = ControlTable.open(tablePath);
  try {
    const ended = processEnd(startProcess(resolve(tablePath), table.definition().guid, "start", secrets));
    for (let wait = FIRST_POLL_MS; ; wait = Math.min(LAST_POLL_MS, wait * 1.2)) {
      const reason = await Promise.race([ended, sleep(wait, undefined)]);
      // Only what is read after the end is the last word of the control process.
      if (hasStarted(table)) return;
      if (reason !== undefined) throw unexpectedEnd(tablePath, reason, NOT_BEGUN);
    }
  } finally {
    table.close();
  }
}

/** A run that has ended since then is told to those who follow it. */
function hasStarted(table: ControlTable): boolean {
  if (!NOT_STARTED.includes(table.job().state)) return true;
  throwStored(table);
  return false;
}

/** Throws the error that the control process has stored, if it has. */
function throwStored(table: ControlTable): void {
  const { startError } = table.job();
  if (startError === null) return;
  removeEmptyTrace(table.path);
  throw PumpError.fromJSON(JSON.parse(startError) as { lines: readonly ErrorLine[]; hint?: string });
}

/** Has a control process undo what a job has made so far, and the job; resolves when it has ended. @throws what it said last */
export async function launchRemoval(tablePath: string, guid: string, places: PlaceKeys): Promise<void> {
  const child = startProcess(resolve(tablePath), guid, "remove", secretsOf(NO_KEYS, places));
  // Nothing else keeps this process waiting for it.
  child.ref();
  const reason = await processEnd(child);
  if (!existsSync(tablePath)) return;
  const table = ControlTable.open(tablePath);
  try {
    throwStored(table);
  } finally {
    table.close();
  }
  throw unexpectedEnd(tablePath, reason, NOT_REMOVED);
}

/** The same, without waiting for it. */
export function startRemoval(tablePath: string, guid: string, places: PlaceKeys): void {
  startProcess(resolve(tablePath), guid, "remove", secretsOf(NO_KEYS, places));
}

function startProcess(tablePath: string, guid: string, task: "start" | "remove", secrets: JobSecrets): ChildProcess {
  const trace = openTrace(tablePath);
  try {
    const child = spawn(process.execPath, [entryPath("job/host"), tablePath, guid, task], {
      cwd: dirname(tablePath),
      detached: true,
      env: { GLIBC_TUNABLES: MEMORY_TUNABLES, ...environmentWithoutSecrets() },
      stdio: ["pipe", "ignore", trace ?? "ignore"],
      windowsHide: true,
    });
    // A process that ended before it read its input is reported by its end, not by EPIPE.
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(`${JSON.stringify(secrets)}\n`);
    child.unref();
    return child;
  } finally {
    if (trace !== null) closeSync(trace);
  }
}

/** Resolves to how the process ended. A job may well be over by then. */
async function processEnd(child: ChildProcess): Promise<string> {
  return new Promise((report) => {
    child.once("error", (error) => {
      report(error.message);
    });
    child.once("exit", (code, signal) => {
      report(signal ?? `exit code ${String(code)}`);
    });
  });
}

function unexpectedEnd(tablePath: string, reason: string, hint: string): PumpError {
  const said = traceLines(tablePath);
  removeEmptyTrace(tablePath);
  removeFreeLock(lockPath(tablePath));
  return pumpError(
    [["ORA-39006"], { code: "control process", text: `ended unexpectedly (${reason})` }, ...said],
    hintAfterCause(said, hint),
  );
}

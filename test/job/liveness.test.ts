import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, readdirSync, renameSync, statSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { createRequire } from "node:module";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { isAlive, LivenessLock, lockPath } from "../../src/job/liveness.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** Another process that takes the lock as a control process does and then does nothing. */
async function otherHolder(path: string): Promise<ChildProcess> {
  const sqlite = createRequire(import.meta.url).resolve("better-sqlite3");
  const script = `
    const db = new (require(${JSON.stringify(sqlite)}))(process.argv[1]);
    db.pragma("journal_mode = MEMORY");
    db.exec("BEGIN EXCLUSIVE");
    console.log("held");
    setInterval(() => db.open, 1000);`;
  const child = spawn(process.execPath, ["-e", script, path], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  await once(child.stdout, "data");
  return child;
}

test("a lock is seen while it is held, by its own process too, and free afterwards", () => {
  const path = join(temporaryFolder(), "HR.JOB.lock");
  expect(isAlive(path)).toBe(false);
  const lock = LivenessLock.acquire(path, 0);
  expect(isAlive(path)).toBe(true);
  expect(isAlive(path)).toBe(true);
  expect(() => LivenessLock.acquire(path, 0)).toThrow("ORA-31634");
  expect(isAlive(path), "after a failed attempt").toBe(true);
  lock.release();
  expect(isAlive(path)).toBe(false);
  expect(existsSync(path)).toBe(true);
  LivenessLock.acquire(path, 0).remove();
  expect(existsSync(path)).toBe(false);
});

test("a lock of another process outlives SIGSTOP and ends with SIGKILL, leaving no journal", async () => {
  const folder = temporaryFolder();
  const path = join(folder, "HR.JOB.lock");
  writeFileSync(path, "");
  const holder = await otherHolder(path);
  expect(isAlive(path)).toBe(true);
  holder.kill("SIGSTOP");
  expect(isAlive(path)).toBe(true);
  expect(() => LivenessLock.acquire(path, 20)).toThrow("ORA-31634");
  holder.kill("SIGKILL");
  await once(holder, "exit");
  expect(isAlive(path)).toBe(false);
  LivenessLock.acquire(path, 0).release();
  expect(readdirSync(folder)).toEqual(["HR.JOB.lock"]);
});

test("acquire waits for a holder that goes away", async () => {
  const path = join(temporaryFolder(), "HR.JOB.lock");
  writeFileSync(path, "");
  const holder = await otherHolder(path);
  holder.kill("SIGKILL");
  const lock = LivenessLock.acquire(path, 10_000);
  expect(lock.intact()).toBe(true);
  lock.release();
});

test("a lock whose file was replaced is not intact and leaves the other file alone", () => {
  const path = join(temporaryFolder(), "HR.JOB.lock");
  const old = LivenessLock.acquire(path, 0);
  renameSync(path, `${path}.old`);
  expect(old.intact()).toBe(false);
  const current = LivenessLock.acquire(path, 0);
  expect(current.intact()).toBe(true);
  old.remove();
  expect(existsSync(path)).toBe(true);
  expect(isAlive(path)).toBe(true);
  current.release();
});

test("the lock file belongs to its owner only and stands beside the control table", () => {
  const folder = temporaryFolder();
  const path = lockPath(join(folder, "HR.JOB.db"));
  expect(path).toBe(join(folder, "HR.JOB.lock"));
  const lock = LivenessLock.acquire(path, 0);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  lock.release();
});

test("a file that is no database is an error, neither alive nor free", () => {
  const path = join(temporaryFolder(), "HR.JOB.lock");
  writeFileSync(path, "not a database, but long enough to be read as one".repeat(20));
  expect(() => isAlive(path)).toThrow(/not a database/);
});

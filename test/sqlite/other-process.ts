import { spawnSync } from "node:child_process";
import { expect } from "vitest";

/** Whether a process of its own can commit a row to the table t(a) of a database now, and does. */
export function canCommit(path: string): boolean {
  const script = `new (require("better-sqlite3"))(${JSON.stringify(path)}, { timeout: 0 }).exec("INSERT INTO t VALUES (2)")`;
  const { status, stderr } = spawnSync(process.execPath, ["-e", script], { encoding: "utf8" });
  if (status !== 0) expect(stderr).toContain("SQLITE_BUSY");
  return status === 0;
}

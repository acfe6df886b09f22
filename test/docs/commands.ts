import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import Sqlite from "better-sqlite3";
import { expect } from "vitest";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** The shell commands of a page, in their order: those of its blocks that are marked `sh`. */
export function commandsOf(page: string): readonly string[] {
  const blocks = [...page.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = ""]) => block);
  return blocks
    .join("")
    .split("\n")
    .filter((line) => line !== "");
}

/** Runs commands one after the other in a folder that holds HR.db, and expects that none fails. */
export function expectToWork(commands: readonly string[]): void {
  const folder = mkdtempSync(join(tmpdir(), "tsdp-page-"));
  try {
    const database = new Sqlite(join(folder, "HR.db"));
    database.exec(readFileSync(join(ROOT, "fixtures", "hr.sql"), "utf8"));
    database.close();
    const script = [`npx() { shift; '${process.execPath}' '${join(ROOT, "bin", "tsdp.js")}' "$@"; }`, ...commands].join("\n");
    const { status, stdout, stderr } = spawnSync("bash", ["-e", "-c", script], { cwd: folder, encoding: "utf8", input: "" });
    expect({ status, end: status === 0 ? "" : stdout.slice(-2000) + stderr.slice(-2000) }).toEqual({ status: 0, end: "" });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

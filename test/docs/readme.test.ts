import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import Sqlite from "better-sqlite3";
import { expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** They need a job that runs, or an answer. */
const LEFT_OUT = /^npx tsdp (?:attach|jobs clean)\b/;

/** The shell commands of the tasks, in their order. */
function commandsOfTasks(): readonly string[] {
  const page = readFileSync(join(ROOT, "README.md"), "utf8");
  const tasks = page.slice(page.indexOf("\n## Tasks"), page.indexOf("\n## Object stores"));
  const blocks = [...tasks.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = ""]) => block);
  return blocks
    .join("")
    .split("\n")
    .filter((line) => line !== "" && line !== "cd quickstart" && !LEFT_OUT.test(line));
}

test("the tasks of the README work as they are written, one after the other", () => {
  const folder = mkdtempSync(join(tmpdir(), "tsdp-readme-"));
  try {
    const database = new Sqlite(join(folder, "HR.db"));
    database.exec(readFileSync(join(ROOT, "fixtures", "hr.sql"), "utf8"));
    database.close();
    const commands = commandsOfTasks();
    expect(commands.length).toBeGreaterThan(15);
    const script = [`npx() { shift; '${process.execPath}' '${join(ROOT, "bin", "tsdp.js")}' "$@"; }`, ...commands].join("\n");
    const { status, stdout, stderr } = spawnSync("bash", ["-e", "-c", script], { cwd: folder, encoding: "utf8", input: "" });
    expect({ status, end: status === 0 ? "" : stdout.slice(-2000) + stderr.slice(-2000) }).toEqual({ status: 0, end: "" });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

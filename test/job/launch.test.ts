import type * as childProcess from "node:child_process";
import { appendFileSync, existsSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { beforeEach, expect, test, vi } from "vitest";
import { pumpError } from "../../src/base/errors.ts";
import { ControlTable } from "../../src/job/control-table.ts";
import { launchControlProcess } from "../../src/job/launch.ts";
import { lockPath } from "../../src/job/liveness.ts";
import { removeEmptyTrace, traceLines, tracePath } from "../../src/job/trace.ts";
import { jobDefinition } from "./job-definition.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const spawned = vi.hoisted(() => ({
  program: "",
  calls: [] as { args: readonly string[]; options: childProcess.SpawnOptions }[],
}));

vi.mock("node:child_process", async (original) => {
  const { spawn } = await original<typeof childProcess>();
  return {
    spawn: (command: string, args: readonly string[], options: childProcess.SpawnOptions) => {
      spawned.calls.push({ args, options });
      return spawn(command, [spawned.program, ...args.slice(1)], options);
    },
  };
});

let folder: string;
let table: ControlTable;

beforeEach(() => {
  folder = temporaryFolder();
  spawned.calls.length = 0;
  const definition = jobDefinition({ operation: "EXPORT", mode: "SCHEMA", database: folder, guid: "0".repeat(32) });
  table = ControlTable.create(join(folder, "SYSTEM.EXAMPLE1.db"), definition);
  return () => {
    table.close();
  };
});

/** A control process of a few lines, with `db` its control table and `input` what it got on standard input. */
function hostProgram(body: string): void {
  spawned.program = join(folder, "host.cjs");
  const sqlite = createRequire(import.meta.url).resolve("better-sqlite3");
  writeFileSync(
    spawned.program,
    `const db = new (require(${JSON.stringify(sqlite)}))(process.argv[2]);
     const input = require("node:fs").readFileSync(0, "utf8");
     ${body}`,
  );
}

test("a started job resolves the launch; secrets go through standard input only", async () => {
  hostProgram(`require("node:fs").writeFileSync(process.argv[2] + ".secrets", input);
    db.exec("UPDATE job SET state = 'EXECUTING'");`);
  await launchControlProcess(table.path, { ENCRYPTION_PASSWORD: "opensesame" });
  expect(JSON.parse(readFileSync(`${table.path}.secrets`, "utf8"))).toEqual({ ENCRYPTION_PASSWORD: "opensesame" });
  expect(spawned.calls).toHaveLength(1);
  const [{ args, options } = { args: [], options: {} }] = spawned.calls;
  expect(args).toEqual([expect.stringMatching(/dist\/job\/host\.js$/), table.path, "0".repeat(32), "start"]);
  expect(options.detached).toBe(true);
  expect(JSON.stringify(options.env ?? {})).not.toContain("opensesame");
});

test("a job that is over when the process ends has started", async () => {
  hostProgram(`db.exec("UPDATE job SET state = 'COMPLETED'"); process.exit(0);`);
  await expect(launchControlProcess(table.path, {})).resolves.toBeUndefined();
});

test("the stored reason of a failed start is raised with its hint, and no empty trace stays", async () => {
  const reason = pumpError([["ORA-39001"], ["ORA-39000"], ["ORA-31640", "/x.dmp"]], "Give an existing file.");
  hostProgram(`db.prepare("UPDATE job SET start_error = ?").run(${JSON.stringify(JSON.stringify(reason))});`);
  await expect(launchControlProcess(table.path, {})).rejects.toMatchObject({
    lines: reason.lines,
    hint: "Give an existing file.",
  });
  expect(existsSync(tracePath(table.path))).toBe(false);
});

test("a process that ends without a word is an internal error that says what the trace says, without a stack", async () => {
  hostProgram(`throw new TypeError("the host is broken");`);
  const launching = launchControlProcess(table.path, {});
  await expect(launching).rejects.toMatchObject({ code: "ORA-39006" });
  const message = await launching.catch(String);
  expect(message).toContain("TypeError: the host is broken");
  expect(message).not.toContain("    at ");
  expect(readFileSync(tracePath(table.path), "utf8")).toContain("    at ");
  expect(existsSync(table.path)).toBe(true);
});

test("a process that a full disk has ended is told with that cause, and that room is to be made", async () => {
  hostProgram(`db.pragma("max_page_count = 1"); db.exec("CREATE TABLE big AS SELECT zeroblob(1000000)");`);
  await expect(launchControlProcess(table.path, {})).rejects.toMatchObject({
    message: expect.stringMatching(/^ORA-39006: .*\n.*exit code 1.*\nSQLITE_FULL: database or disk is full$/) as string,
    hint: expect.stringMatching(/^Make room on the disk, .*repeat the command/) as string,
  });
});

test("the trace has room for a last word before a process needs it", async () => {
  hostProgram(`throw new Error("room for " + require("node:fs").fstatSync(2).size);`);
  await expect(launchControlProcess(table.path, {})).rejects.toThrow(/room for 4096$/);
  expect(readFileSync(tracePath(table.path), "utf8")).toMatch(/^\S/m);
});

test("a trace of any size is looked at", () => {
  const path = tracePath(table.path);
  writeFileSync(path, "Error: the first word\n");
  truncateSync(path, 600 * 2 ** 20);
  appendFileSync(path, "\nError: the last word\n");
  removeEmptyTrace(table.path);
  expect(traceLines(table.path).map(({ text }) => text)).toEqual(["Error: the first word", "Error: the last word"]);
});

test("lines of an error's stack are taken from a trace as they are, and those of its causes' objects are not", () => {
  const stack = [
    "PumpError: ORA-39002: invalid operation",
    "ENOSPC: no space left on device, write",
    "    at write (x.js:1:1) {",
  ];
  const cause = ["  [cause]: Error: ENOSPC: no space left on device, write", "    code: 'SQLITE_BUSY'", "  }", "}"];
  const trace = [...stack, ...cause, "SqliteError: disk I/O error", ""];
  writeFileSync(tracePath(table.path), trace.join("\n"));
  expect(traceLines(table.path)).toEqual([
    { code: "ORA-39002", text: "invalid operation" },
    { code: "ENOSPC", text: "no space left on device, write" },
    { code: "control process", text: "SqliteError: disk I/O error" },
  ]);
  rmSync(tracePath(table.path));
  expect(traceLines(table.path)).toEqual([]);
});

test("a process that is killed is an internal error that names the signal and what to do; its lock file goes", async () => {
  hostProgram(
    `require("node:fs").writeFileSync(${JSON.stringify(lockPath(table.path))}, ""); process.kill(process.pid, "SIGKILL");`,
  );
  await expect(launchControlProcess(table.path, {})).rejects.toMatchObject({
    message: expect.stringMatching(/^ORA-39006: .*\n.*SIGKILL/) as string,
    hint: expect.stringContaining("repeat the command") as string,
  });
  expect(existsSync(lockPath(table.path))).toBe(false);
  expect(existsSync(tracePath(table.path))).toBe(false);
});

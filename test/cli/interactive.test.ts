import { randomBytes } from "node:crypto";
import { statSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import Sqlite from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { connect } from "../../src/api/data-pump.ts";
import type { JobStatus } from "../../src/api/status-types.ts";
import { PumpError } from "../../src/base/errors.ts";
import { TerminalSource } from "../../src/cli/command-source.ts";
import { Interactive } from "../../src/cli/interactive.ts";
import { INTERACTIVE_COMMANDS, interactiveHelp, readCommand } from "../../src/cli/interactive-commands.ts";
import { statusLines } from "../../src/cli/text/status-text.ts";
import { inThisProcess } from "../job/launch-here.ts";
import { temporaryFolder } from "../job/temporary-folder.ts";
import { tsdpHere } from "./tsdp-here.ts";

function codeOf(line: string, operation: "EXPORT" | "IMPORT" = "EXPORT"): string {
  try {
    readCommand(line, operation);
  } catch (error) {
    if (error instanceof PumpError) return error.code;
    throw error;
  }
  return "none";
}

describe("a command line of the interactive mode", () => {
  it.each([
    ["status", { name: "STATUS", value: null }],
    ["STATUS=5", { name: "STATUS", value: "5" }],
    ["  stat = 5 ; ", { name: "STATUS", value: "5" }],
    ["exit", { name: "EXIT_CLIENT", value: null }],
    ["e", { name: "EXIT_CLIENT", value: null }],
    ["stop_job", { name: "STOP_JOB", value: null }],
    ["stop_j=immediate", { name: "STOP_JOB", value: "immediate" }],
    ["add_file=d:a%U.dmp,b.dmp", { name: "ADD_FILE", value: "d:a%U.dmp,b.dmp" }],
    ["k", { name: "KILL_JOB", value: null }],
  ])("%j is understood", (line, command) => {
    expect(readCommand(line, "EXPORT")).toEqual(command);
  });

  it.each([
    ["s", "UDE-00053"],
    ["st", "UDE-00053"],
    ["stop_", "UDE-00053"],
    ["xyz", "UDE-00053"],
    ["=5", "UDE-00053"],
    ["parallel", "UDE-00014"],
    ["parallel=", "UDE-00014"],
    ["kill_job=now", "UDE-00014"],
    ["trace=480300", "TSDP-00002"],
  ])("%j is refused with %s", (line, code) => {
    expect(codeOf(line)).toBe(code);
  });

  it("knows no commands of an export on an import", () => {
    for (const { name, exportOnly } of INTERACTIVE_COMMANDS) {
      expect(codeOf(`${name}=1`, "IMPORT") === "UDI-00053", name).toBe(exportOnly === true);
      expect(
        interactiveHelp("IMPORT").some((line) => line.startsWith(name)),
        name,
      ).toBe(exportOnly !== true);
    }
  });
});

it("the status of a job has Data Pump's layout, to the column", () => {
  const time = new Date(2025, 4, 2, 14, 34, 37);
  const worker = {
    workerNumber: 1,
    processName: "DW01",
    state: "EXECUTING",
    schema: "HR",
    name: "EMPLOYEES",
    objectType: "SCHEMA_EXPORT/TABLE/TABLE_DATA",
    partition: null,
    completedObjects: 1,
    totalObjects: 0,
    completedRows: 2_655_587,
    completedBytes: 400_185_632,
    percentDone: 11,
    degree: 1,
    instanceId: 1,
    instanceName: "data",
    hostName: "host1",
    accessMethod: null,
    objStartTime: time,
    objStatus: time,
  };
  const status = {
    jobName: "MONITORING",
    operation: "EXPORT",
    jobMode: "SCHEMA",
    bytesProcessed: 481_848_199_504,
    totalBytes: 0,
    percentDone: 69,
    degree: 4,
    errorCount: 0,
    state: "EXECUTING",
    restartCount: 0,
    heartbeat: 1,
    rowsProcessed: 0,
    workerStatusList: [worker],
    files: [{ fileName: "/dumps/hr_01.dmp", fileType: 0, fileSize: 0, fileBytesWritten: 4096 }],
  } as const;
  expect(statusLines(null, status)).toEqual([
    "",
    "Job: MONITORING",
    "  Operation: EXPORT",
    "  Mode: SCHEMA",
    "  State: EXECUTING",
    "  Bytes Processed: 481,848,199,504",
    "  Percent Done: 69",
    "  Current Parallelism: 4",
    "  Job Error Count: 0",
    "  Job heartbeat: 1",
    "  Dump File: /dumps/hr_01.dmp",
    "    bytes written: 4,096",
    "",
    "Worker 1 Status:",
    "  Instance ID: 1",
    "  Instance name: data",
    "  Host name: host1",
    "  Object start time: Friday, 02 May, 2025 14:34:37",
    "  Object status at: Friday, 02 May, 2025 14:34:37",
    "  Process Name: DW01",
    "  State: EXECUTING",
    "  Object Schema: HR",
    "  Object Name: EMPLOYEES",
    "  Object Type: SCHEMA_EXPORT/TABLE/TABLE_DATA",
    "  Completed Objects: 1",
    "  Completed Rows: 2,655,587",
    "  Completed Bytes: 400,185,632",
    "  Percent Done: 11",
    "  Worker Parallelism: 1",
  ]);
});

it("a file that is added has the folder and the FILESIZE of the job, until filesize= says another; one that no file may have is refused at once", async () => {
  const folder = temporaryFolder();
  const database = new Sqlite(join(folder, "SHOP.db"));
  database.exec("CREATE TABLE t (id INTEGER PRIMARY KEY, b BLOB)");
  database.prepare("INSERT INTO t VALUES (1, ?)").run(randomBytes(500_000));
  database.close();
  const full = await tsdpHere(folder, "export", "schemas=SHOP", "dumpfile=a.dmp", "filesize=100KB", "job_name=J", "nologfile=y");
  expect(full.out).toContain("ORA-39095");
  // Where the client is now doesn't matter: files go to those of the job, and STATUS shows them before they are begun.
  const pump = await connect(folder, { currentDirectory: temporaryFolder() });
  try {
    const handle = await pump.attach("J");
    const lines = [
      "filesize=banana",
      "filesize=1",
      "add_file=b.dmp",
      "filesize=120KB",
      "add_file=c%U.dmp",
      "status",
      "start_job",
    ];
    const shown: string[] = [];
    const errors: string[] = [];
    const output = { out: () => undefined, err: (...text: readonly string[]) => errors.push(...text) };
    const source = {
      isTerminal: false,
      next: () => Promise.resolve(lines.shift() ?? null),
      confirm: fail,
      pause: fail,
      close: () => undefined,
    };
    const job = {
      pump,
      handle,
      operation: "EXPORT",
      follow: () => Promise.resolve(0),
      showStatus: (status: JobStatus) => shown.push(...statusLines(null, status)),
      tellStop: fail,
    } as const;
    await inThisProcess(() => new Interactive(job, output, source).run());
    expect(errors.filter((line) => /^ORA-/.test(line)).map((line) => line.slice(0, 9))).toEqual([
      ...["ORA-39001", "ORA-39000", "ORA-31654"],
      ...["ORA-39001", "ORA-39000", "ORA-31618"],
    ]);
    expect(shown.slice(shown.findIndex((line) => line.includes("Dump File")))).toEqual([
      `  Dump File: ${join(folder, "a.dmp")}`,
      "    size: 102,400",
      expect.stringMatching(/^ {4}bytes written: [\d,]+$/),
      `  Dump File: ${join(folder, "b.dmp")}`,
      "    size: 102,400",
      "    bytes written: 0",
      `  Dump File: ${join(folder, "c%U.dmp")}`,
      "    size: 122,880",
    ]);
    await pump.waitForJob(handle);
  } finally {
    await pump.close();
  }
  const sizes = ["a.dmp", "b.dmp", "c01.dmp"].map((name) => Math.ceil(statSync(join(folder, name)).size / 1024));
  expect(sizes).toEqual([100, 100, 120]);
});

it("what is typed while a command runs comes next, also after the job was followed; but it answers no question", async () => {
  const keyboard = new PassThrough();
  const source = new TerminalSource(fail, keyboard, new PassThrough());
  keyboard.write("parallel=1\nparallel=3\n\nstatus\n");
  expect(await source.next("> ")).toBe("parallel=1");
  source.pause();
  keyboard.write("exit_client\n");
  expect(await source.next("> ")).toBe("parallel=3");
  const confirmed = source.confirm("Sure? ");
  expect(await source.next("> ")).toBe("");
  keyboard.end("yes\nhelp\n");
  expect(await confirmed).toBe(false);
  const rest = [await source.next("> "), await source.next("> "), await source.next("> "), await source.next("> ")];
  expect(rest).toEqual(["status", "yes", "help", null]);
});

function fail(): never {
  throw new Error("nothing of this was asked for");
}

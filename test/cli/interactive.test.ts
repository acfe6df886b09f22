import { describe, expect, it } from "vitest";
import { PumpError } from "../../src/base/errors.ts";
import { INTERACTIVE_COMMANDS, interactiveHelp, readCommand } from "../../src/cli/interactive-commands.ts";
import { statusLines } from "../../src/cli/text/status-text.ts";

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

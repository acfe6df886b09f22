import { describe, expect, it } from "vitest";
import { pumpError } from "../../../src/base/errors.ts";
import { KU } from "../../../src/api/constants.ts";
import type { JobStatus, LogEntry, StatusReport } from "../../../src/api/status-types.ts";
import { infoJson, infoLines } from "../../../src/cli/dumpinfo.ts";
import { errorLines } from "../../../src/cli/error-report.ts";
import { jobErrorEvent } from "../../../src/cli/events.ts";
import { exitCodeOf, followJob } from "../../../src/cli/follow.ts";
import { JsonScreen } from "../../../src/cli/screen/json-screen.ts";
import { PlainScreen } from "../../../src/cli/screen/plain-screen.ts";
import { printable, printableJson } from "../../../src/base/printable.ts";
import { ProgressMeter } from "../../../src/cli/screen/progress.ts";
import { tableLines } from "../../../src/cli/text/table-text.ts";

const STATUS: JobStatus = {
  jobName: "J",
  operation: "EXPORT",
  jobMode: "SCHEMA",
  bytesProcessed: 0,
  totalBytes: 1000,
  percentDone: 0,
  degree: 1,
  errorCount: 0,
  state: "EXECUTING",
  restartCount: 0,
  heartbeat: 1,
  rowsProcessed: 0,
  workerStatusList: [],
  files: [],
};

function capture() {
  const written: string[] = [];
  const writer =
    (stream: string) =>
    (...lines: readonly string[]) => {
      written.push(...lines.map((line) => `${stream}: ${line}`));
    };
  return { written, output: { out: writer("out"), err: writer("err") } };
}

function entry(...texts: string[]): LogEntry {
  return texts.map((logText, index) => ({
    logLineNumber: index + 1,
    errorNumber: logText.startsWith("ORA") ? 39151 : null,
    logText,
  }));
}

function report(jobState: StatusReport["jobState"], parts: Partial<StatusReport["status"]>): StatusReport {
  return { jobState, status: { mask: 0, wip: null, jobDescription: null, jobStatus: null, error: null, ...parts } };
}

/** A session whose status calls give these reports in turn. */
function session(reports: readonly StatusReport[]) {
  const left = [...reports];
  return {
    getStatus: () => {
      const next = left.shift();
      return next === undefined ? Promise.reject(new Error("asked after the end")) : Promise.resolve(next);
    },
  };
}

const REPORTS = [
  report("EXECUTING", { wip: entry('Starting "HR"."J":  ') }),
  report("EXECUTING", { jobStatus: { ...STATUS, percentDone: 50, bytesProcessed: 500 } }),
  report("EXECUTING", { jobStatus: { ...STATUS, percentDone: 50, bytesProcessed: 500 } }),
  report("EXECUTING", { error: entry('ORA-39151: Table "HR"."T" exists.') }),
  report("COMPLETED", { jobStatus: { ...STATUS, state: "COMPLETED", errorCount: 1, percentDone: 100 } }),
];

describe("following a job", () => {
  it("shows the job's lines and errors on standard output, as its log has them, until it has ended", async () => {
    const { written, output } = capture();
    const end = await followJob(session(REPORTS), 1, new PlainScreen(output), () => undefined);
    expect(written).toEqual(['out: Starting "HR"."J":  ', 'out: ORA-39151: Table "HR"."T" exists.']);
    expect(end).toEqual({ kind: "ended", state: "COMPLETED", errorCount: 1, hint: null });
  });

  it("leaves an advice to the log of the job when that has given it", async () => {
    const advice = "Create it with `tsdp directory create NAME PATH`; `tsdp directory list` shows those that there are for you.";
    const failed = report("EXECUTING", { error: entry("ORA-39087: directory name X is invalid") });
    const follow = (...more: readonly StatusReport[]) =>
      followJob(session([failed, ...more, report("STOPPED", {})]), 1, new PlainScreen(capture().output), () => undefined);
    expect(await follow()).toMatchObject({ hint: advice });
    expect(await follow(report("EXECUTING", { wip: entry(advice) }))).toMatchObject({ hint: null });
  });

  it("leaves the job when it is interrupted, after showing what came", async () => {
    const { written, output } = capture();
    const interruption = { signal: "SIGINT", exitCode: 130, silent: false } as const;
    const end = await followJob(session(REPORTS), 1, new PlainScreen(output), () => interruption);
    expect(written).toHaveLength(1);
    expect(end).toMatchObject({ kind: "interrupted", interruption, state: "EXECUTING" });
  });

  it.each([
    ["COMPLETED", 0, 0],
    ["COMPLETED", 2, 5],
    ["STOPPED", 0, 1],
  ])("%s with %d errors is exit code %d", (state, errorCount, exitCode) => {
    expect(exitCodeOf({ state, errorCount })).toBe(exitCode);
  });

  it("writes one event a line with --json, a status only when it changed", async () => {
    const { written, output } = capture();
    await followJob(session(REPORTS), 1, new JsonScreen(output), () => undefined);
    const events = written.map((line) => JSON.parse(line.replace(/^out: /, "")) as Record<string, unknown>);
    expect(events.map(({ schema, event }) => [schema, event])).toEqual(
      ["log", "status", "error", "status"].map((event) => ["tsdp.events/1", event]),
    );
    expect(events[1]).toMatchObject({ percentDone: 50, bytesProcessed: 500, totalBytes: 1000, state: "EXECUTING", workers: [] });
    expect(events[2]).toMatchObject({ lines: [{ code: "ORA-39151", number: 39151, text: 'ORA-39151: Table "HR"."T" exists.' }] });
  });
});

describe("errors", () => {
  it("are a stack, a blank line and one sentence", () => {
    expect(errorLines(pumpError([["ORA-39002"], ["ORA-39087", "X"]]))).toEqual([
      "ORA-39002: invalid operation",
      "ORA-39087: directory name X is invalid",
      "",
      "Create it with `tsdp directory create NAME PATH`; `tsdp directory list` shows those that there are for you.",
    ]);
  });

  it("show no stack trace, whatever was thrown", () => {
    expect(errorLines(new TypeError("boom")).join("\n")).toBe("ORA-39006: internal error\nTypeError: boom\n");
  });

  it("of a job carry the advice of the catalogue", () => {
    const event = jobErrorEvent(entry("ORA-39002: invalid operation", "ORA-31655: no data or metadata objects selected for job"));
    expect(event.hint).toContain("Check the schema and table names");
  });
});

describe("hostile names", () => {
  const NAME = "a\u001b[2J\u009b1m\r\nJob done\u202etxt\u0007";

  it("reach no terminal raw", () => {
    expect(printable(NAME)).toBe("a\\x1b[2J\\x9b1m\\x0d\\nJob done\\u202etxt\\x07");
    const { written, output } = capture();
    const screen = new PlainScreen(output);
    screen.show({ event: "log", text: NAME });
    screen.show({ event: "error", inJob: false, lines: [{ code: null, number: null, text: NAME }], hint: null });
    screen.show({ event: "end", state: null, errorCount: 0, exitCode: 1, hint: NAME });
    expect(written.join("\n")).not.toMatch(/(?!\n)[\p{Cc}\u202e]/u);
  });

  it("come back whole from JSON of one line of safe characters", () => {
    const line = printableJson({ name: NAME });
    expect(line).toMatch(/^[\u0020-\u007e]+$/);
    expect(JSON.parse(line)).toEqual({ name: NAME });
  });
});

describe("progress", () => {
  it("tells speed and time left from what was done since the first look", () => {
    const meter = new ProgressMeter();
    expect(meter.measure(STATUS, 0)).toEqual({ percent: 0, rowsPerSecond: 0, secondsLeft: undefined });
    expect(meter.measure({ ...STATUS, bytesProcessed: 250, rowsProcessed: 100, percentDone: 25 }, 2000)).toEqual({
      percent: 25,
      rowsPerSecond: 50,
      secondsLeft: 6,
    });
  });
});

describe("dumpinfo", () => {
  const info = {
    filetype: 1,
    infoTable: [
      { itemCode: KU.DFHDR_FILE_VERSION, value: "1.0" },
      { itemCode: KU.DFHDR_MASTER_PRESENT, value: "1" },
      { itemCode: KU.DFHDR_FILE_NUMBER, value: "1" },
      { itemCode: KU.DFHDR_DATA_ENCRYPTED, value: "0" },
      { itemCode: KU.DFHDR_MASTER_PIECE_NUMBER, value: "1" },
      { itemCode: KU.DFHDR_ENCRYPTION_MODE, value: "2" },
      { itemCode: KU.DFHDR_COMPRESSION_ALG, value: "3" },
      { itemCode: 99, value: "x" },
    ],
  };

  it("prints the texts of example 6-9, values in one column", () => {
    expect(infoLines("example1.dmp", info)).toEqual([
      "-----",
      "Information for file: example1.dmp",
      "example1.dmp is a Data Pump dump file",
      "The information table has 8 entries",
      "-----",
      "Dump File Version:         1.0",
      "Master Table Present:      Yes",
      "Dump File Number:          1",
      "Table Data Encrypted:      No",
      "Master Table Piece Number: 1",
      "Encryption Mode:           None",
      "Compression Algorithm:     Basic",
    ]);
  });

  it.each([
    [2, "f is an Original Export dump file"],
    [3, "f is an External Table dump file"],
  ])("names file type %d", (filetype, text) => {
    expect(infoLines("f", { filetype, infoTable: [] })[2]).toBe(text);
  });

  it("ends after a file that is no dump", () => {
    expect(infoLines("f", { filetype: 0, infoTable: [] })).toEqual([
      "-----",
      "Information for file: f",
      "f is not a dump file",
      "-----",
    ]);
  });

  it("has typed values in JSON", () => {
    const { items } = JSON.parse(infoJson("f", info)) as { items: { code: number; value: unknown }[] };
    expect(items.map(({ code, value }) => [code, value])).toEqual([
      [1, "1.0"],
      [2, true],
      [4, 1],
      [20, false],
      [17, 1],
      [22, "None"],
      [23, "Basic"],
    ]);
  });
});

describe("tables of text", () => {
  it("align columns, numbers to the right", () => {
    expect(
      tableLines(
        ["NAME", "PID"],
        [
          ["A", 7],
          ["LONGER", 12345],
        ],
      ),
    ).toEqual(["NAME      PID", "------  -----", "A           7", "LONGER  12345"]);
  });
});

import Sqlite from "better-sqlite3";
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { connect } from "../../src/api/data-pump.ts";
import { PumpError } from "../../src/base/errors.ts";
import { tsdpHere } from "../cli/tsdp-here.ts";
import { compareDatabases } from "../judge/compare.ts";
import { inThisProcess } from "./launch-here.ts";
import {
  expectSuccess,
  followJob,
  runExport,
  runImport,
  runInProcess,
  startJob,
  type JobReport,
  type JobRequest,
} from "./pump-jobs.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const HR = readFileSync(new URL("../../fixtures/hr.sql", import.meta.url), "utf8");
const BIN = fileURLToPath(new URL("../../bin/tsdp.js", import.meta.url));
/** A folder in which not even the superuser can make a file. */
const READ_ONLY_FOLDER = process.platform === "darwin" ? "/System" : "/proc";

let original: { readonly database: Buffer; readonly dump: Buffer };
let folder: string;

beforeAll(async () => {
  const made = mkdtempSync(join(tmpdir(), "tsdp-bad-input-"));
  execute(join(made, "HR.db"), HR);
  expectSuccess(await runExport(made, { schemas: "IN ('HR')", dumpFiles: ["hr.dmp"] }));
  original = { database: readFileSync(join(made, "HR.db")), dump: readFileSync(join(made, "hr.dmp")) };
  rmSync(made, { recursive: true });
});

beforeEach(() => {
  folder = temporaryFolder();
  writeFileSync(join(folder, "HR.db"), original.database);
  writeFileSync(join(folder, "hr.dmp"), original.dump);
});

function execute(path: string, sql: string): void {
  const database = new Sqlite(path);
  database.pragma("foreign_keys = off");
  database.exec(sql);
  database.close();
}

/** Every file below the folder with a digest of its bytes; of the folder of the jobs only what is in it. */
function contents(of: string): readonly string[] {
  return readdirSync(of, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => `${path} ${entryDigest(path)}`)
    .sort();
}

function entryDigest(path: string): string {
  if (lstatSync(path).isSymbolicLink()) return readlinkSync(path);
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

interface Outcome {
  readonly exitCode: number | null;
  readonly codes: readonly string[];
  readonly text: string;
}

/** Runs `tsdp` in the folder. */
async function tsdp(...words: readonly string[]): Promise<Outcome> {
  const { code, out, err } = await tsdpHere(folder, ...words);
  return outcomeOf({ status: code, stdout: out, stderr: err });
}

/** The same in processes of its own. */
async function tsdpBeside(...words: readonly string[]): Promise<Outcome> {
  const child = spawn(process.execPath, [BIN, ...words], { cwd: folder, env: environment() });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (part: string) => (text += part));
  await once(child, "close");
  return outcomeOf({ status: child.exitCode, stdout: text, stderr: "" });
}

function environment(): NodeJS.ProcessEnv {
  return { ...process.env, NO_COLOR: "1" };
}

function outcomeOf({ status, stdout, stderr }: { status: number | null; stdout: string; stderr: string }): Outcome {
  const text = stdout + stderr;
  const codes = [...text.matchAll(/^((?:ORA|UDE|UDI|LRM|TSDP)-\d+|SQLITE_\w+|E[A-Z]+): /gm)].map((match) => match[1] ?? "");
  return { exitCode: status, codes, text };
}

/** The whole of what is asked of a refusal: Oracle's stack, one sentence below it, exit code 1, and everything as before. */
async function expectRefused(run: () => Promise<Outcome>, ...codes: readonly string[]): Promise<void> {
  const before = contents(folder);
  const outcome = await run();
  expect(outcome, outcome.text).toMatchObject({ exitCode: 1, codes });
  expect(outcome.text, outcome.text).toMatch(/\n\n[A-Z"`][^\n]*\.\n$/);
  expect(outcome.text).not.toMatch(/^ +at /m);
  expect(contents(folder), outcome.text).toEqual(before);
}

const EXPORT = ["export", "schemas=HR", "dumpfile=new.dmp", "nologfile=y"];
const BAD_DUMP = ["ORA-39001", "ORA-39000"];

describe("a name that leads nowhere", () => {
  test.each<[string, readonly string[], readonly string[]]>([
    ["a schema", ["export", "schemas=SALES", "dumpfile=new.dmp", "nologfile=y"], ["ORA-39002", "ORA-39165", "ORA-31655"]],
    ["a table", ["export", "tables=HR.SALES", "dumpfile=new.dmp", "nologfile=y"], ["ORA-39002", "ORA-39166", "ORA-31655"]],
    [
      "the schema of a table",
      ["export", "tables=SALES.JOBS", "dumpfile=new.dmp", "nologfile=y"],
      ["ORA-39002", "ORA-39165", "ORA-31655"],
    ],
    ["a directory", [...EXPORT, "directory=NOWHERE"], [...BAD_DUMP, "ORA-39087"]],
    [
      "the directory of the log",
      ["export", "schemas=HR", "dumpfile=new.dmp", "logfile=NOWHERE:x.log"],
      ["ORA-39002", "ORA-39070", "ORA-39087"],
    ],
    ["a dump file", ["import", "dumpfile=nothing.dmp", "nologfile=y"], [...BAD_DUMP, "ORA-31640", "ORA-27037", "ENOENT"]],
    [
      "a folder instead of a dump file",
      ["import", "dumpfile=sub.dmp", "nologfile=y"],
      [...BAD_DUMP, "ORA-31640", "ORA-27037", "ORA-29283"],
    ],
    [
      "a schema of the dump",
      ["import", "dumpfile=hr.dmp", "schemas=SALES", "nologfile=y"],
      ["ORA-39002", "ORA-39165", "ORA-31655"],
    ],
    [
      "a table of the dump",
      ["import", "dumpfile=hr.dmp", "tables=HR.SALES", "nologfile=y"],
      ["ORA-39002", "ORA-39166", "ORA-31655"],
    ],
    [
      "a schema to be remapped",
      ["import", "dumpfile=hr.dmp", "remap_schema=SALES:BLAKE", "nologfile=y"],
      ["ORA-39002", "ORA-39146"],
    ],
    [
      "a schema that can be no file",
      ["import", "dumpfile=hr.dmp", "remap_schema=HR:../BLAKE", "nologfile=y"],
      ["ORA-39001", "ORA-39146"],
    ],
  ])("%s", async (_, words, codes) => {
    mkdirSync(join(folder, "sub.dmp"));
    await expectRefused(() => tsdp(...words), ...codes);
  });
});

describe("a file that a job must not write", () => {
  test("a dump file that exists", async () => {
    await expectRefused(
      () => tsdp("export", "schemas=HR", "dumpfile=hr.dmp", "nologfile=y"),
      ...BAD_DUMP,
      "ORA-31641",
      "ORA-27038",
    );
    const second = ["export", "schemas=HR", "dumpfile=new.dmp,hr.dmp", "nologfile=y"];
    await expectRefused(() => tsdp(...second), ...BAD_DUMP, "ORA-31641", "ORA-27038");
  });

  test.each(["../x.dmp", "/x.dmp", "sub/x.dmp", "sub\\x.dmp", ".."])("a path in the name of a dump file: %s", async (name) => {
    await expectRefused(() => tsdp("export", "schemas=HR", `dumpfile='${name}'`, "nologfile=y"), ...BAD_DUMP, "ORA-39088");
    await expectRefused(() => tsdp("import", `dumpfile='${name}'`, "nologfile=y"), ...BAD_DUMP, "ORA-39088");
  });

  test.each(["HR.db", "hr.DB", "NEW.sqlite", "HR.db-wal", "HR.db-journal", "soft.dat", "hard.dat", "dangling.dat"])(
    "a schema's file: %s",
    async (name) => {
      symlinkSync(join(folder, "HR.db"), join(folder, "soft.dat"));
      linkSync(join(folder, "HR.db"), join(folder, "hard.dat"));
      symlinkSync("HR.db-wal", join(folder, "dangling.dat"));
      const before = contents(folder);
      const asDump = await runInProcess("EXPORT", folder, { schemas: "IN ('HR')", dumpFiles: [name], reuse: true });
      expect(codes(asDump)).toEqual([...BAD_DUMP, "ORA-31641", "ORA-29283"]);
      for (const operation of ["EXPORT", "IMPORT"] as const) {
        const request: JobRequest =
          operation === "EXPORT"
            ? { schemas: "IN ('HR')", dumpFiles: ["new.dmp"] }
            : { dumpFiles: ["hr.dmp"], remap: [["HR", "BLAKE"]] };
        expect(codes(await runInProcess(operation, folder, { ...request, logFile: name }))).toEqual([
          "ORA-39002",
          "ORA-39070",
          "ORA-29283",
        ]);
      }
      expect(contents(folder)).toEqual(before);
    },
  );

  test("the schema that is being exported, under another name, from the command line", async () => {
    linkSync(join(folder, "HR.db"), join(folder, "hard.dat"));
    await expectRefused(
      () => tsdp("export", "schemas=HR", "dumpfile=hard.dat", "reuse_dumpfiles=y", "nologfile=y"),
      ...BAD_DUMP,
      "ORA-31641",
      "ORA-29283",
    );
    await expectRefused(
      () => tsdp("export", "schemas=HR", "dumpfile=new.dmp", "logfile=HR.db"),
      "ORA-39002",
      "ORA-39070",
      "ORA-29283",
    );
  });

  test("the log over the dump", async () => {
    symlinkSync("hr.dmp", join(folder, "link.log"));
    await expectRefused(
      () => tsdp("import", "dumpfile=hr.dmp", "remap_schema=HR:BLAKE", "logfile=link.log"),
      "ORA-39002",
      "ORA-39070",
      "ORA-39402",
    );
    await expectRefused(() => tsdp("export", "schemas=HR", "dumpfile=new.dmp", "logfile=new.dmp"), ...BAD_DUMP, "ORA-39402");
  });
});

/** Codes of the error for which a job did not start. */
function codes(result: JobReport | PumpError): readonly string[] {
  return result instanceof PumpError ? result.lines.map(({ code }) => code) : [`started: ${result.state}`];
}

/** A process that keeps a transaction on a database until the test ends. */
async function holdLock(path: string, begin: string): Promise<void> {
  const sqlite = createRequire(import.meta.url).resolve("better-sqlite3");
  const program = `const db = new (require(process.argv[1]))(process.argv[2]); db.exec(process.argv[3]); console.log("held"); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["-e", program, sqlite, path, begin], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  await once(child.stdout, "data");
}

describe("a schema that can't be had", () => {
  test("a source that is no database", async () => {
    writeFileSync(join(folder, "NOTES.db"), "these are only my notes\n".repeat(50));
    await expectRefused(
      () => tsdp("export", "schemas=NOTES", "dumpfile=new.dmp", "nologfile=y"),
      "ORA-39002",
      "ORA-39097",
      "SQLITE_NOTADB",
    );
    await expectRefused(
      () => tsdp("export", "full=y", "dumpfile=new.dmp", "nologfile=y"),
      "ORA-39002",
      "ORA-39097",
      "SQLITE_NOTADB",
    );
    await expectRefused(
      () => tsdp("import", "dumpfile=hr.dmp", "remap_schema=HR:NOTES", "nologfile=y"),
      "ORA-39002",
      "ORA-39097",
      "SQLITE_NOTADB",
    );
  });

  test("a source that is truncated; a file without a byte is an empty schema to SQLite, and so here", async () => {
    truncateSync(join(folder, "HR.db"), 300);
    const report = await runInProcess("EXPORT", folder, { schemas: "IN ('HR')", dumpFiles: ["new.dmp"] });
    expect(codes(report).slice(0, 2)).toEqual(["ORA-39002", "ORA-39097"]);
    expect(existsSync(join(folder, "new.dmp"))).toBe(false);
    writeFileSync(join(folder, "EMPTY.db"), "");
    const empty = await runInProcess("EXPORT", folder, { schemas: "IN ('EMPTY')", dumpFiles: ["new.dmp"] });
    expect(codes(empty)).toEqual(["started: COMPLETED"]);
  });

  test("two files of one name", async () => {
    writeFileSync(join(folder, "hr.sqlite"), "");
    await expectRefused(() => tsdp(...EXPORT), "ORA-39002", "ORA-39097");
  });

  test("a source that another program has locked, a target that another program is writing to", async () => {
    for (const [name, mode, begin] of [
      ["LOCKED", "delete", "BEGIN EXCLUSIVE"],
      ["WRITTEN", "delete", "BEGIN IMMEDIATE; UPDATE jobs SET min_salary = 0"],
      ["WRITTEN_WAL", "wal", "BEGIN IMMEDIATE; UPDATE jobs SET min_salary = 0"],
    ] as const) {
      const path = join(folder, `${name}.db`);
      writeFileSync(path, original.database);
      execute(path, `PRAGMA journal_mode = ${mode}`);
      await holdLock(path, begin);
    }
    const before = contents(folder);
    const replace = (target: string) => [
      "import",
      "dumpfile=hr.dmp",
      `remap_schema=HR:${target}`,
      "table_exists_action=replace",
      "nologfile=y",
    ];
    const outcomes = await Promise.all([
      tsdpBeside("export", "schemas=LOCKED", "dumpfile=new.dmp", "nologfile=y"),
      tsdpBeside(...replace("WRITTEN")),
      tsdpBeside(...replace("WRITTEN_WAL")),
    ]);
    for (const outcome of outcomes) {
      expect(outcome, outcome.text).toMatchObject({ exitCode: 1, codes: ["ORA-39002", "ORA-39097", "SQLITE_BUSY"] });
      expect(outcome.text).toMatch(/\n\nAnother program [^\n]*\.\n$/);
    }
    expect(contents(folder)).toEqual(before);
  });

  test("a folder that can't be written", async () => {
    const home = temporaryFolder();
    process.env["TSDP_HOME"] = home;
    onTestFinished(() => {
      delete process.env["TSDP_HOME"];
    });
    expect((await tsdp("directory", "create", "CLOSED", READ_ONLY_FOLDER)).exitCode).toBe(0);
    await expectRefused(
      () => tsdp(...EXPORT, "directory=CLOSED"),
      ...BAD_DUMP,
      "ORA-31641",
      expect.stringMatching(/^E/) as string,
    );
    await expectRefused(
      () => tsdp("export", "schemas=HR", "dumpfile=new.dmp", "logfile=CLOSED:x.log"),
      "ORA-39002",
      "ORA-39070",
      expect.stringMatching(/^E/) as string,
    );
    const intoClosed = ["import", READ_ONLY_FOLDER, "dumpfile=hr.dmp", "nologfile=y"];
    await expectRefused(
      () => tsdp(...intoClosed),
      "ORA-39002",
      "ORA-39097",
      expect.stringMatching(/^SQLITE_(CANTOPEN|READONLY)/) as string,
    );
  });
});

describe("a job name that is taken", () => {
  test("is refused, and the other job goes on", async () => {
    const pump = await connect(folder, { currentDirectory: folder });
    const handle = await pump.open("EXPORT", "SCHEMA", null, "NIGHTLY");
    await expectRefusedBeside(() => tsdp(...EXPORT, "job_name=NIGHTLY"), "ORA-31634");
    await expectRefusedBeside(() => tsdp("import", "dumpfile=hr.dmp", "job_name=nightly", "nologfile=y"), "ORA-31634");
    await pump.addFile(handle, "new.dmp", "DATA_PUMP_DIR");
    await pump.metadataFilter(handle, "SCHEMA_EXPR", "IN ('HR')");
    await inThisProcess(() => pump.startJob(handle));
    expect(await pump.waitForJob(handle)).toBe("COMPLETED");
    await pump.close();
    expect(existsSync(join(folder, "new.dmp"))).toBe(true);
  });

  async function expectRefusedBeside(run: () => Promise<Outcome>, code: string): Promise<void> {
    expect(await run()).toMatchObject({ exitCode: 1, codes: [code] });
  }
});

describe("a dump file that is none, or no longer", () => {
  /** Every file of the folder but the dump must stay as it is, whatever is wrong with that. */
  async function expectNothingDone(dump: Buffer, request: JobRequest): Promise<void> {
    writeFileSync(join(folder, "bad.dmp"), dump);
    const before = contents(folder);
    const result = await runInProcess("IMPORT", folder, { ...request, dumpFiles: ["bad.dmp"] });
    const said = result instanceof PumpError ? result.message : `${result.state} ${result.errors.join("\n")}`;
    expect(said).toMatch(/^(STOPPED )?ORA-39001: invalid argument value\nORA-39000: |^STOPPED ORA-31619/);
    expect(contents(folder), said).toEqual(before);
  }

  const INTO_NEW: JobRequest = { remap: [["HR", "BLAKE"]] };
  const INTO_EXISTING: JobRequest = { parameters: { TABLE_EXISTS_ACTION: "REPLACE" } };

  test.each([
    ["an empty file", Buffer.alloc(0)],
    ["text", Buffer.from("no dump\n".repeat(1000))],
    ["zeros", Buffer.alloc(100_000)],
  ])("%s", async (_, bytes) => {
    await expectNothingDone(bytes, INTO_NEW);
    await expectNothingDone(bytes, INTO_EXISTING);
  });

  test("a database", async () => {
    await expectNothingDone(original.database, INTO_EXISTING);
  });

  test("from the command line", async () => {
    writeFileSync(join(folder, "bad.dmp"), original.dump.subarray(0, original.dump.length - 1));
    await expectRefused(
      () => tsdpBeside("import", "dumpfile=bad.dmp", "nologfile=y", "table_exists_action=replace"),
      ...BAD_DUMP,
      "ORA-31619",
      "TSDP-00010",
    );
  });

  test("one that is cut off anywhere", async () => {
    const { length } = original.dump;
    const lengths = [
      ...Array.from({ length: 9 }, (_, i) => 1 + Math.floor((i * length) / 9)),
      ...Array.from({ length: 5 }, (_, i) => length - 1 - 12 * i),
    ];
    for (const [i, kept] of lengths.entries())
      await expectNothingDone(original.dump.subarray(0, kept), i % 2 === 0 ? INTO_NEW : INTO_EXISTING);
  });

  test("one of which a byte has changed", async () => {
    const { length } = original.dump;
    const header = Array.from({ length: 9 }, (_, i) => i * 47);
    const middle = Array.from({ length: 13 }, (_, i) => Math.floor((i * length) / 13) + 13);
    const trailer = Array.from({ length: 9 }, (_, i) => length - 1 - i * 73);
    for (const [i, place] of [...header, ...middle, ...trailer].entries()) {
      const bytes = Buffer.from(original.dump);
      bytes.writeUInt8(bytes.readUInt8(place) ^ (1 + (place % 255)), place);
      await expectNothingDone(bytes, i % 2 === 0 ? INTO_NEW : INTO_EXISTING);
    }
  });
});

describe("a disk that is full", () => {
  /** A limit on the size of a file is what a full disk is to the program: a write that fails half way. */
  function tsdpWithin(kibibytes: number, ...words: readonly string[]): Outcome {
    const command = `ulimit -f ${kibibytes}; exec "$0" "$@"`;
    return outcomeOf(
      spawnSync("bash", ["-c", command, process.execPath, BIN, ...words], { cwd: folder, encoding: "utf8", env: environment() }),
    );
  }

  test("leaves no dump and no schema, and an existing schema as it was", async () => {
    const rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)";
    execute(
      join(folder, "BIG.db"),
      `CREATE TABLE t (a); ${rows} INSERT INTO t SELECT hex(randomblob(100)) FROM n; CREATE TABLE u (a)`,
    );
    expectSuccess(await runExport(folder, { schemas: "IN ('BIG')", dumpFiles: ["big.dmp"] }));
    const before = files();
    const exported = tsdpWithin(2000, "export", "schemas=BIG", "dumpfile=new.dmp", "nologfile=y", "job_name=FULL_DISK");
    expect(exported.text).toMatch(/ORA-31617: [^]*EFBIG[^]*\n\n[A-Z][^\n]*\.\n$/);
    expect(exported.exitCode).toBe(1);
    expect(files()).toEqual(before);
    for (const [target, action] of [
      ["NEW", "skip"],
      ["HR", "replace"],
    ]) {
      const imported = tsdpWithin(
        2000,
        "import",
        "dumpfile=big.dmp",
        `remap_schema=BIG:${target}`,
        `table_exists_action=${action}`,
        "nologfile=y",
      );
      expect(imported.text).toMatch(
        new RegExp(`TSDP-00012: schema ${target} can't be written\n(EFBIG|SQLITE_(IOERR|FULL))[^]*\n\n[A-Z][^\n]*\\.\n$`),
      );
      expect(imported.exitCode).toBe(1);
      // What is loaded of a new schema waits for the restart.
      const others = (lines: readonly string[]) => lines.filter((line) => !/^(?:HR\.db|\.NEW\.db\.\w+\.part) /.test(line));
      expect(others(files())).toEqual(others(before));
      expectSameAsOriginal(join(folder, "HR.db"));
    }
    await restartAll();
    expect(compareDatabases(join(folder, "BIG.db"), join(folder, "NEW.db"))).toEqual([]);
    expect(readdirSync(folder).filter((name) => name.includes(".part"))).toEqual([]);
  });

  test("of the control table is told by those who follow the job, and the job goes on when there is room", async () => {
    const names = Array.from({ length: 200 }, (_, i) => `t${i}`);
    execute(join(folder, "MANY.db"), names.map((name) => `CREATE TABLE ${name} (a)`).join("; "));
    // Its WAL gets longer than anything else that is written.
    const exported = tsdpWithin(500, "export", "schemas=MANY", "dumpfile=many.dmp", "nologfile=y", "job_name=FULL_DISK");
    expect(exported.text).toMatch(
      /\nORA-31626: .*\nORA-39015: .*\nSQLITE_(?:FULL|IOERR_WRITE): .*\n\n.* disk.* START_JOB after: tsdp attach FULL_DISK /,
    );
    expect(exported.exitCode).toBe(1);
    await restartAll();
    expectSuccess(await runImport(folder, { dumpFiles: ["many.dmp"], remap: [["MANY", "COPY"]] }));
    expect(compareDatabases(join(folder, "MANY.db"), join(folder, "COPY.db"))).toEqual([]);
  });

  /** The disk has room again: every job that it has stopped goes on. */
  async function restartAll(): Promise<void> {
    const pump = await connect(folder, { currentDirectory: folder });
    for (const { name } of await pump.jobs()) {
      const handle = await pump.attach(name);
      await inThisProcess(() => startJob(pump, handle));
      expect((await followJob(pump, handle)).state).toBe("COMPLETED");
      await pump.detach(handle);
    }
    await pump.close();
  }

  function files(): readonly string[] {
    return readdirSync(folder)
      .filter((name) => name !== ".tsdp")
      .map((name) => `${name} ${entryDigest(join(folder, name))}`);
  }

  function expectSameAsOriginal(path: string): void {
    const copy = join(temporaryFolder(), "HR.db");
    writeFileSync(copy, original.database);
    expect(compareDatabases(copy, path)).toEqual([]);
  }
});

afterEach(async () => {
  const pump = await connect(folder, { currentDirectory: folder });
  const left = (await pump.jobs()).filter(({ name }) => name.startsWith("SYS_EXPORT"));
  await pump.close();
  expect(left).toEqual([]);
});

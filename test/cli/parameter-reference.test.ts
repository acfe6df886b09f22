import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { KU } from "../../src/api/constants.ts";
import { connect, type DataPump } from "../../src/api/data-pump.ts";
import { toPumpError } from "../../src/base/errors.ts";
import { readCommandLine } from "../../src/cli/command-line.ts";
import { defineJob, type JobDefiner } from "../../src/cli/job-calls.ts";
import { planJob } from "../../src/cli/job-plan.ts";
import type { Command, JobParameter } from "../../src/cli/parameters/parameter.ts";
import { findParameter, parametersOf, supportedParameters } from "../../src/cli/parameters/parameters.ts";
import { ControlTable } from "../../src/job/control-table.ts";
import type { JobDefinition } from "../../src/job/definition.ts";
import { controlTablePath } from "../../src/job/jobs.ts";

/** One session in which every case defines its job, and starts none. */
let folder: string;
let pump: DataPump;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "tsdp-reference-"));
  mkdirSync(join(folder, "dumps"));
  pump = await connect(folder, { currentDirectory: folder });
  await pump.createDirectory("DMPDIR", "dumps");
  await pump.createDatabaseLink("L", folder);
});

afterAll(async () => {
  for (const { table } of jobs.values()) table.close();
  await pump.close();
  rmSync(folder, { recursive: true });
});

interface OpenJob {
  readonly handle: number;
  readonly table: ControlTable;
  readonly fresh: JobDefinition;
}

const jobs = new Map<string, OpenJob>();

/** Every OPEN that differs makes one job; who asks for the same gets it as it was at first. */
async function openOnce(...args: Parameters<DataPump["open"]>): Promise<number> {
  const key = JSON.stringify(args);
  const known = jobs.get(key);
  if (known !== undefined) {
    known.table.define(() => ({ dataRemaps: [], metadataTransforms: [], ...known.fresh }));
    return known.handle;
  }
  const handle = await pump.open(...args);
  const { status } = await pump.getStatus(handle, KU.STATUS_JOB_DESC, 0);
  const table = ControlTable.open(controlTablePath(join(folder, ".tsdp"), "SYSTEM", status.jobDescription?.jobName ?? ""));
  jobs.set(key, { handle, table, fresh: table.definition() });
  return handle;
}

/** The stack that a command line ends with, outermost code first; empty when it defines a job. With `start` what START_JOB says to it. */
async function codesOf(command: Command, words: readonly string[], start = false): Promise<readonly string[]> {
  const definer: JobDefiner = new Proxy(pump, {
    get: (target, name) => (name === "open" ? openOnce : (Reflect.get(target, name) as () => unknown).bind(target)),
  });
  try {
    const { settings } = readCommandLine(command, words);
    const handle = await defineJob(definer, planJob(settings), "tsdp");
    if (start) await pump.startJob(handle);
    return [];
  } catch (error) {
    return toPumpError(error).lines.map(({ code }) => code);
  }
}

const client = (command: Command, code: string) => code.replace("UD*", command === "export" ? "UDE" : "UDI");
const BAD = ["UD*-00014"];
const BAD_FILE = ["ORA-39001", "ORA-39000"];
const BAD_LOG = ["ORA-39002", "ORA-39070"];
const ARGUMENT = "ORA-39001";

interface Row {
  readonly of: readonly Command[];
  /** Procedure and argument. */
  readonly call: string;
  /** OF in it stands for the command: the jobs of both must not have one name. */
  readonly good: string;
  readonly bad: readonly (readonly [value: string, ...codes: readonly string[]])[];
  /** What the parameter needs to stand beside it. */
  readonly with?: string;
  /** The second value of one that is repeated, and what comes of it; without it the last one counts. */
  readonly again?: readonly [value: string, ...codes: readonly string[]];
}

const E: readonly Command[] = ["export"];
const I: readonly Command[] = ["import"];
const EI: readonly Command[] = ["export", "import"];

function flag(of: readonly Command[], argument: string): Row {
  return { of, call: argument, good: "n", bad: [["maybe", ...BAD]] };
}

function keyword(of: readonly Command[], argument: string, good: string): Row {
  return { of, call: `SET_PARAMETER ${argument}`, good, bad: [["some", ...BAD]] };
}

/** Section 2 of the reference: what works of it. */
const ROWS: Readonly<Record<string, Row>> = {
  abort_step: {
    of: EI,
    call: "START_JOB abort_step",
    good: "-1",
    bad: [
      ["-2", ...BAD],
      ["x", ...BAD],
    ],
  },
  access_method: {
    of: EI,
    call: "SET_PARAMETER DATA_ACCESS_METHOD",
    good: "direct_path",
    bad: [
      ["fast", ...BAD],
      ["external_table", "TSDP-00002"],
      ["Insert_As_Select", "TSDP-00002"],
    ],
  },
  attach: { of: EI, call: "ATTACH", good: "hr.j", bad: [["a,b", "LRM-00112"]] },
  checksum: flag(E, "SET_PARAMETER CHECKSUM"),
  checksum_algorithm: keyword(E, "CHECKSUM_ALGORITHM", "crc32"),
  compression: keyword(E, "COMPRESSION", "all"),
  compression_algorithm: keyword(E, "COMPRESSION_ALGORITHM", "low"),
  content: { ...flag(EI, "CONTENT INCLUDE_ROWS, INCLUDE_METADATA"), good: "metadata_only" },
  credential: {
    of: EI,
    call: "ADD_FILE directory",
    good: "",
    with: "dumpfile=s3://bucket/x.dmp",
    bad: [["nope", ...BAD_FILE, "ORA-27476"]],
  },
  data_options: {
    of: EI,
    call: "SET_PARAMETER DATA_OPTIONS",
    good: "skip_constraint_errors",
    bad: [["some", ...BAD]],
    again: ["Skip_Constraint_Errors"],
  },
  directory: { of: EI, call: "ADD_FILE directory", good: "dmpdir", bad: [["nowhere", ...BAD_LOG, "ORA-39087"]] },
  dumpfile: {
    of: EI,
    call: "ADD_FILE filename",
    good: "a.dmp",
    bad: [
      ["../a.dmp", ...BAD_FILE, "ORA-39088"],
      ["nowhere:a.dmp", ...BAD_FILE, "ORA-39087"],
      ["a_%X.dmp", ...BAD_FILE, "ORA-39124"],
    ],
    again: ["a.dmp", ...BAD_FILE, "ORA-39135"],
  },
  encryption: keyword(E, "ENCRYPTION", "all"),
  encryption_algorithm: keyword(E, "ENCRYPTION_ALGORITHM", "aes128"),
  encryption_mode: keyword(E, "ENCRYPTION_MODE", "dual"),
  encryption_password: { of: EI, call: "SET_PARAMETER ENCRYPTION_PASSWORD", good: "secret", bad: [["", "LRM-00110"]] },
  encryption_pwd_prompt: flag(EI, "client"),
  estimate: keyword(EI, "ESTIMATE", "statistics"),
  estimate_only: flag(E, "SET_PARAMETER ESTIMATE_ONLY"),
  exclude: {
    of: EI,
    call: "METADATA_FILTER EXCLUDE_PATH_EXPR; NAME_EXPR with the object path",
    good: "INDEX:a*",
    bad: [
      ["INDEX:", ...BAD],
      [`INDEX:"IN ("`, ARGUMENT, "ORA-39071", "SQLITE_ERROR"],
      ["INDICES", ARGUMENT, "ORA-39041"],
      ["CONSTRAINT", ARGUMENT, "ORA-39041"],
    ],
    again: ["TRIGGER"],
  },
  filesize: {
    of: E,
    call: "ADD_FILE filesize",
    good: "40KB",
    bad: [
      ["many", ...BAD_FILE, "ORA-31654"],
      ["1KB", ...BAD_FILE, "ORA-31618"],
      ["17TB", ...BAD_FILE, "ORA-31618"],
    ],
  },
  flashback_time: {
    of: EI,
    call: "SET_PARAMETER FLASHBACK_TIME",
    good: "systimestamp",
    bad: [["yesterday", ARGUMENT, "ORA-39150", "ORA-39207"]],
  },
  full: flag(EI, "OPEN job_mode"),
  help: flag(EI, "client"),
  include: {
    of: EI,
    call: "METADATA_FILTER INCLUDE_PATH_EXPR; NAME_EXPR with the object path",
    good: "TABLE",
    bad: [
      ["TABLE/:x", ...BAD],
      ["TABEL", ARGUMENT, "ORA-39041"],
      [`TABLE:"= 'A"`, ARGUMENT, "ORA-39071", "SQLITE_ERROR"],
    ],
    again: ["VIEW"],
  },
  job_name: { of: EI, call: "OPEN job_name", good: "nightly_OF", bad: [["x".repeat(129), ARGUMENT, "ORA-39207"]] },
  keep_master: flag(EI, "SET_PARAMETER KEEP_MASTER"),
  logfile: {
    of: EI,
    call: "ADD_FILE filetype",
    good: "x.log",
    bad: [
      ["../x.log", ...BAD_LOG, "ORA-39088"],
      ["nowhere:x.log", ...BAD_LOG, "ORA-39087"],
      ["s3://bucket/x.log", ...BAD],
    ],
  },
  logtime: keyword(EI, "LOGTIME", "all"),
  master_only: flag(I, "SET_PARAMETER MASTER_ONLY"),
  metrics: flag(EI, "SET_PARAMETER METRICS"),
  network_link: { of: EI, call: "OPEN remote_link", good: "l", bad: [["nope", ARGUMENT, "ORA-39200", "ORA-02019"]] },
  nologfile: flag(EI, "client"),
  parallel: {
    of: EI,
    call: "SET_PARALLEL",
    good: "2",
    bad: [
      ["many", ...BAD],
      ["0", ARGUMENT, "ORA-39206"],
      ["65", ARGUMENT, "ORA-39206"],
    ],
  },
  parfile: { of: EI, call: "client", good: "", bad: [["/no/such.par", "LRM-00109", "ENOENT", "LRM-00113"]] },
  query: {
    of: EI,
    call: "DATA_FILTER SUBQUERY",
    good: "WHERE 1",
    bad: [
      ["emp", ...BAD],
      ["WHERE 1; DELETE FROM emp", ARGUMENT, "ORA-39071", "TSDP-00010"],
    ],
    again: ["WHERE 2", ARGUMENT, "ORA-39035"],
  },
  remap_data: {
    of: EI,
    call: "DATA_REMAP COLUMN_FUNCTION",
    good: "t.c:MASK.NULLIFY",
    bad: [
      ["t:MASK.NULLIFY", ...BAD],
      ["t.c:NULLIFY", ARGUMENT, "ORA-39232"],
    ],
    again: ["T.C:MASK.HASH", ARGUMENT, "ORA-39235"],
  },
  remap_datafile: {
    of: I,
    call: "METADATA_REMAP REMAP_DATAFILE",
    good: "/old/a:/new/a",
    bad: [
      ["/old/a", ...BAD],
      ["/a:/b:/c", ...BAD],
      ["old:/new", ARGUMENT, "ORA-39071"],
      ["HR.db:/new", ARGUMENT, "ORA-39071"],
      ["HR.db:sub/HR.db", ARGUMENT, "ORA-39071"],
    ],
    again: ["/old/a:/other", ARGUMENT, "ORA-39046"],
  },
  remap_directory: {
    of: I,
    call: "METADATA_REMAP REMAP_DIRECTORY",
    good: "/old/:/new/",
    bad: [
      ["/old/", ...BAD],
      ["/old:new", ARGUMENT, "ORA-39071"],
    ],
    again: ["/old/:/other/", ARGUMENT, "ORA-39046"],
  },
  remap_schema: {
    of: I,
    call: "METADATA_REMAP REMAP_SCHEMA",
    good: "hr:blake",
    bad: [
      ["hr", ...BAD],
      ["system:blake", ARGUMENT, "ORA-39013"],
    ],
    again: ["HR:other", ARGUMENT, "ORA-39046"],
  },
  remap_table: {
    of: I,
    call: "METADATA_REMAP REMAP_TABLE",
    good: "hr.a:b",
    bad: [
      ["a", ...BAD],
      ["a.p1.x:b", ...BAD],
      ["a:sqlite_b", ARGUMENT, "ORA-39071"],
    ],
    again: ["hr.A:c", ARGUMENT, "ORA-39046"],
  },
  reuse_dumpfiles: flag(E, "ADD_FILE reusefile"),
  sample: {
    of: E,
    call: "DATA_FILTER SAMPLE",
    good: "10",
    bad: [
      ["many", ...BAD],
      ["100", ARGUMENT, "ORA-39163"],
      ["emp:0", ARGUMENT, "ORA-39163"],
    ],
    again: ["20", ARGUMENT, "ORA-39035"],
  },
  schemas: { of: EI, call: "METADATA_FILTER SCHEMA_EXPR", good: "hr", bad: [["", "LRM-00110"]], again: ["oe"] },
  skip_unusable_indexes: {
    of: I,
    call: "SET_PARAMETER SKIP_UNUSABLE_INDEXES",
    good: "y",
    bad: [
      ["maybe", ...BAD],
      ["n", ARGUMENT, "TSDP-00002"],
    ],
  },
  sqlfile: {
    of: I,
    call: "ADD_FILE filetype",
    good: "x.sql",
    bad: [
      ["../x.sql", ARGUMENT, "ORA-39088"],
      ["nowhere:x.sql", ARGUMENT, "ORA-39087"],
    ],
  },
  status: { of: EI, call: "client", good: "5", bad: [["often", ...BAD]] },
  table_exists_action: keyword(I, "TABLE_EXISTS_ACTION", "append"),
  tables: {
    of: EI,
    call: "METADATA_FILTER TABLE_FILTER",
    good: "hr.emp%",
    bad: [
      ["a.b.c", ...BAD],
      ["emp:p1", ...BAD],
      ["h%.emp", ARGUMENT, "ORA-39193"],
    ],
    again: ["dept"],
  },
  tablespaces: { of: EI, call: "METADATA_FILTER TABLESPACE_EXPR", good: "hr", bad: [["", "LRM-00110"]], again: ["oe"] },
  transform: {
    of: I,
    call: "METADATA_TRANSFORM name and value",
    good: "STORAGE:n",
    bad: [
      ["STORAGE", ...BAD],
      ["NOPE:1", ARGUMENT, "ORA-39042"],
      ["STORAGE:maybe", ARGUMENT, "ORA-39071"],
      ["PCTSPACE:5", ARGUMENT, "TSDP-00002"],
    ],
    again: ["storage:y", ARGUMENT, "ORA-39044"],
  },
  transport_tablespaces: {
    of: E,
    call: "METADATA_FILTER TABLESPACE_EXPR; mode TRANSPORTABLE",
    good: "hr",
    bad: [["", "LRM-00110"]],
    again: ["oe"],
  },
  transportable: keyword(E, "TRANSPORTABLE", "never"),
  userid: { of: EI, call: "CONNECT", good: "x", bad: [["", "LRM-00110"]] },
  verify_checksum: flag(I, "SET_PARAMETER VERIFY_CHECKSUM"),
  verify_only: flag(I, "SET_PARAMETER VERIFY_ONLY"),
  version: {
    of: EI,
    call: "OPEN version",
    good: "1.0",
    bad: [
      ["old", ARGUMENT, "ORA-39023"],
      ["12.2", ARGUMENT, "ORA-39023"],
    ],
  },
  views_as_tables: {
    of: EI,
    call: "METADATA_FILTER VIEWS_AS_TABLES",
    good: "hr.v",
    bad: [
      ["v:template", ...BAD],
      ["a.b.c", ...BAD],
    ],
    again: ["w"],
  },
};

/** What a value that is good for the other command answers. */
const OF_THE_OTHER: Readonly<Record<string, readonly string[]>> = {
  "export data_options": [ARGUMENT, "ORA-39207"],
  "import estimate": [ARGUMENT, "ORA-39208"],
  "import flashback_time": [ARGUMENT, "ORA-39208"],
  "import version": [ARGUMENT, "ORA-39208"],
};

/** Parameters that Data Pump has not. */
const OWN = new Set([
  ...["dry_run", "encryption_password_file", "exclude_tables", "json", "remap_data_key_file", "remap_data_key_prompt"],
  ...["sample_seed", "subset"],
]);

describe("the parameters of the reference", () => {
  const cases = Object.entries(ROWS);

  it("are the rows of the table that work and that Data Pump has", () => {
    const supported = new Set([...supportedParameters("export"), ...supportedParameters("import")].map(({ name }) => name));
    expect([...supported].filter((name) => !OWN.has(name)).sort()).toEqual(Object.keys(ROWS).sort());
  });

  it.each(cases)("%s is for its commands and its call, and takes a good value", async (name, row) => {
    const parameter = findParameter(name) as JobParameter;
    expect(parameter.commands).toEqual(row.of);
    expect(Object.values(parameter.call).join(" ")).toBe(row.call);
    for (const command of row.of)
      if (row.good !== "")
        expect(await codesOf(command, [`${name}=${row.good.replace("OF", command)}`])).toEqual(
          OF_THE_OTHER[`${command} ${name}`] ?? [],
        );
  });

  it.each(cases)("%s refuses bad values", async (name, row) => {
    for (const command of row.of.filter((of) => OF_THE_OTHER[`${of} ${name}`] === undefined)) {
      const base = row.with === undefined ? [] : [row.with];
      for (const [value, ...codes] of row.bad)
        expect(await codesOf(command, [...base, `${name}=${value}`]), value).toEqual(codes.map((code) => client(command, code)));
    }
  });

  it.each(cases.filter(([, { good }]) => good !== ""))("%s repeated", async (name, row) => {
    const command = row.of.find((of) => OF_THE_OTHER[`${of} ${name}`] === undefined) ?? "export";
    const [value, ...codes] = row.again ?? [row.good];
    const words = [`${name}=${row.good}`, `${name}=${value}`];
    expect(await codesOf(command, words)).toEqual(codes);
    const { settings } = readCommandLine(command, words);
    expect(settings.elements(name)).toHaveLength(row.again === undefined ? 1 : 2);
  });

  it("say so when they belong to the other command", async () => {
    for (const command of EI) {
      const own = new Set(parametersOf(command).map(({ name }) => name));
      for (const [name, { good }] of cases.filter(([other]) => !own.has(other)))
        expect(await codesOf(command, [`${name}=${good}`]), name).toEqual(["LRM-00101"]);
    }
  });
});

describe("parameters of one command, and some that do not go together", () => {
  it.each<[Command, string, ...string[]]>([
    ["export", "full=y schemas=hr", "UD*-00010"],
    ["export", "schemas=hr tables=t", "UD*-00010"],
    ["import", "tables=t tablespaces=hr", "UD*-00010"],
    ["export", "transport_tablespaces=hr full=y", "UD*-00010"],
    ["export", "views_as_tables=v schemas=hr", "UD*-00010"],
    ["export", "nologfile=y logfile=x", "UD*-00011"],
    ["export", "credential=c", "UD*-00011"],
    ["export", "estimate_only=y dumpfile=a.dmp", "UD*-00011"],
    ["export", "estimate_only=y query=WHERE(1)", "UD*-00011"],
    ["export", "estimate_only=y sample=5", "UD*-00011"],
    ["export", "sample=5 content=metadata_only", "UD*-00011"],
    ["export", "encryption_password=x encryption_pwd_prompt=y", "UD*-00011"],
    ["import", "sqlfile=x content=data_only", "UD*-00011"],
    ["import", "sqlfile=x remap_data=t.c:MASK.NULLIFY", "UD*-00011"],
    ["import", "sqlfile=x parallel=2", "ORA-39002", "ORA-39047"],
    ["import", "sqlfile=x.dmp dumpfile=x.dmp", "ORA-39001", "ORA-39000", "ORA-39402"],
    ["export", "logfile=a.dmp dumpfile=a.dmp", "ORA-39001", "ORA-39000", "ORA-39402"],
    ["import", "network_link=l dumpfile=a.dmp", "ORA-39002", "ORA-39114"],
    ["import", "network_link=l encryption_password=x", "ORA-39001", "ORA-39115"],
    ["import", "network_link=l verify_checksum=y", "ORA-39001", "ORA-39115"],
    ["export", "access_method=conventional_path", "UD*-00014"],
    ["export", "access_method=conventional", "UD*-00014"],
    ["import", "access_method=conventional"],
    ["import", "version=latest"],
    ["import", "version=12.2", "ORA-39001", "ORA-39023"],
    ["import", "transportable=always", "TSDP-00002"],
    ["import", "transport_tablespaces=hr", "TSDP-00002"],
  ])("%s %s", async (command, words, ...codes) => {
    expect(await codesOf(command, words.split(" "))).toEqual(codes.map((code) => client(command, code)));
  });

  it.each<[Command, string, ...string[]]>([
    ["export", "checksum=n checksum_algorithm=crc32", "ORA-39002", "ORA-39050"],
    ["export", "compression=none compression_algorithm=low", "ORA-39002", "ORA-39050"],
    ["export", "estimate_only=y content=metadata_only", "ORA-39002", "ORA-39178"],
    ["export", "subset=y", "ORA-39002", "ORA-39053"],
    ["export", "sample_seed=1", "ORA-39002", "ORA-39053"],
    ["export", "remap_data=t.c:MASK.NULLIFY content=metadata_only", "ORA-39002", "ORA-39050"],
    ["export", "transportable=always content=data_only", "ORA-39002", "ORA-39050"],
    ["export", "transportable=always tables=t", "ORA-39002", "ORA-39050"],
    ["export", "transport_tablespaces=hr sample=5", "ORA-39001", "ORA-39202"],
    ["export", "include=TABLE_DATA content=metadata_only", "ORA-39002", "ORA-39050"],
    ["import", "content=data_only table_exists_action=skip", "ORA-39002", "ORA-39137"],
    ["import", "content=data_only table_exists_action=replace", "ORA-39002", "ORA-39137"],
    ["import", "verify_only=y verify_checksum=y", "ORA-39002", "ORA-39050"],
    ["import", "verify_only=y master_only=y", "ORA-39002", "ORA-39050"],
    ["import", "verify_only=y schemas=hr", "ORA-39002", "ORA-39050"],
    ["import", "master_only=y network_link=l", "ORA-39001", "ORA-39115"],
  ])("%s %s: the job does not start", async (command, words, ...codes) => {
    expect(await codesOf(command, words.split(" "), true)).toEqual(codes);
  });
});

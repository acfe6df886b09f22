import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { clientCommand, parameterFileLines } from "../../src/cli/commands/client-command.ts";
import { readCommandLine } from "../../src/cli/command-line.ts";
import { defineJob, type JobDefiner } from "../../src/cli/job-calls.ts";
import { planJob } from "../../src/cli/job-plan.ts";
import type { Command } from "../../src/cli/parameters/parameter.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tsdp-cli-"));
  vi.stubEnv("DATA_PUMP_DIR", "");
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** Every call that a command line turns into. */
async function calls(command: Command, ...words: string[]): Promise<unknown[][]> {
  const made: unknown[][] = [];
  const record =
    <T>(name: string, result: T) =>
    (...args: unknown[]): Promise<T> => {
      made.push([name, ...args]);
      return Promise.resolve(result);
    };
  const pump: JobDefiner = {
    open: record("open", 7),
    addFile: record("addFile", undefined),
    metadataFilter: record("metadataFilter", undefined),
    metadataRemap: record("metadataRemap", undefined),
    dataRemap: record("dataRemap", undefined),
    metadataTransform: record("metadataTransform", undefined),
    dataFilter: record("dataFilter", undefined),
    setParameter: record("setParameter", undefined),
    setParallel: record("setParallel", undefined),
  };
  const { settings, typed } = readCommandLine(command, words);
  expect(await defineJob(pump, planJob(settings), clientCommand("SYSTEM", settings.text("userid"), typed))).toBe(7);
  return made;
}

it.each([
  ["remap_directory='/old/':'/new/'", "/old/", "/new/"],
  ["remap_directory=/old:/new", "/old", "/new"],
  [`remap_directory="'/a b/':'/c,d/'"`, "/a b/", "/c,d/"],
  [`remap_directory='"/a:b/":"/c"'`, "/a:b/", "/c"],
  ["remap_directory='/it''s':'/x'", "/it's", "/x"],
])("paths may stand in quotes: %s", async (text, source, target) => {
  expect(await calls("import", "full=y", "dumpfile=a.dmp", text)).toContainEqual([
    "metadataRemap",
    7,
    "REMAP_DIRECTORY",
    source,
    target,
  ]);
});

it("remaps and transforms of an import", async () => {
  const words = [
    "remap_schema=hr:blake",
    `remap_table=HR.emp:"Emp Old",'"a:b":c'`,
    "transform=storage:n,page_size:8192,AUTO_VACUUM:full:table",
    "nologfile=y",
  ];
  expect((await calls("import", ...words)).slice(3)).toEqual([
    ["metadataRemap", 7, "REMAP_SCHEMA", "HR", "BLAKE"],
    ["metadataRemap", 7, "REMAP_TABLE", "HR.emp", '"Emp Old"'],
    ["metadataRemap", 7, "REMAP_TABLE", '"a:b"', "c"],
    ["metadataTransform", 7, "STORAGE", 0, null],
    ["metadataTransform", 7, "PAGE_SIZE", 8192, null],
    ["metadataTransform", 7, "AUTO_VACUUM", "full", "table"],
  ]);
  for (const wrong of [
    "remap_directory=/old",
    "remap_datafile=/a:/b:/c",
    "remap_table=HR.EMP.P1:X",
    "remap_table=EMP:P1:X",
    "remap_table=EMP:HR.X",
    "remap_table=EMP",
    "transform=STORAGE",
  ])
    await expect(calls("import", wrong)).rejects.toThrow(/UDI-00014/);
});

describe("calls of an export", () => {
  it("without parameters exports the schema of the user into expdat.dmp", async () => {
    expect(await calls("export")).toEqual([
      ["open", "EXPORT", "SCHEMA", null, null, "COMPATIBLE"],
      ["setParameter", 7, "CLIENT_COMMAND", "system/********"],
      ["addFile", 7, "export.log", "DATA_PUMP_DIR", null, 3],
      ["addFile", 7, "expdat.dmp", "DATA_PUMP_DIR", null, 1, null],
    ]);
  });

  it("with everything", async () => {
    const words = [
      "hr/tiger@nowhere",
      'schemas=hr,"Mixed",o\'e',
      "dumpfile=a.dmp,dir2:b.dmp",
      "directory=dmp",
      "logfile=x",
      "job_name=nightly",
      "parallel=3",
      "reuse_dumpfiles=y",
      "content=metadata_only",
      "compression=all",
      "compression_algorithm=low",
      "keep_master=true",
    ];
    expect(await calls("export", ...words)).toEqual([
      ["open", "EXPORT", "SCHEMA", null, "NIGHTLY", "COMPATIBLE"],
      ["setParameter", 7, "CLIENT_COMMAND", `hr/********@nowhere ${words.slice(1).join(" ")}`],
      ["setParameter", 7, "COMPRESSION", "ALL"],
      ["setParameter", 7, "COMPRESSION_ALGORITHM", "LOW"],
      ["setParameter", 7, "KEEP_MASTER", 1],
      ["addFile", 7, "x", "dmp", null, 3],
      ["addFile", 7, "a.dmp", "dmp", null, 1, 1],
      ["addFile", 7, "b.dmp", "dir2", null, 1, 1],
      ["metadataFilter", 7, "SCHEMA_EXPR", "IN ('HR','Mixed','O''E')"],
      ["dataFilter", 7, "INCLUDE_ROWS", 0],
      ["setParallel", 7, 3],
    ]);
  });

  it("takes the directory object that the environment names", async () => {
    vi.stubEnv("DATA_PUMP_DIR", "env_dir");
    expect(await calls("export", "nologfile=y")).toContainEqual(["addFile", 7, "expdat.dmp", "env_dir", null, 1, null]);
    expect(await calls("export", "directory=d")).toContainEqual(["addFile", 7, "export.log", "d", null, 3]);
  });

  it("turns tables into one filter, the schema in upper case and the table as typed", async () => {
    const made = await calls("export", 'tables=hr.emp, "A,B"', '--tables="my schema".t%');
    expect(made).toContainEqual(["open", "EXPORT", "TABLE", null, null, "COMPATIBLE"]);
    expect(made).toContainEqual(["metadataFilter", 7, "TABLE_FILTER", 'HR.emp,"A,B","my schema".t%']);
  });
});

describe("include and exclude", () => {
  const filters = async (...words: string[]) =>
    (await calls("export", ...words)).filter(([name]) => name === "metadataFilter").map(([, , ...filter]) => filter);

  it.each<[words: string[], expected: unknown[][]]>([
    [["include=TABLE,view"], [["INCLUDE_PATH_EXPR", "IN ('TABLE','VIEW')"]]],
    [
      ["include=SCHEMA_EXPORT/TABLE/INDEX", "include=index", "include=INDEX"],
      [["INCLUDE_PATH_EXPR", "IN ('SCHEMA_EXPORT/TABLE/INDEX','INDEX')"]],
    ],
    [["exclude=STATISTICS", "exclude=INDEX"], [["EXCLUDE_PATH_EXPR", "IN ('STATISTICS','INDEX')"]]],
    [[`exclude=INDEX:"LIKE 'EMP%'"`], [["NAME_EXPR", "NOT (LIKE 'EMP%')", "INDEX"]]],
    // What is left of the quotes behind a shell.
    [["exclude=INDEX:LIKE 'EMP%'"], [["NAME_EXPR", "NOT (LIKE 'EMP%')", "INDEX"]]],
    [["exclude=SCHEMA:='HR'"], [["NAME_EXPR", "NOT (='HR')", "SCHEMA"]]],
    [
      [`include=TABLE:"IN ('A','B')"`, `include=TABLE:"<> 'B'"`],
      [
        ["INCLUDE_PATH_EXPR", "IN ('TABLE')"],
        ["NAME_EXPR", "IN ('A','B')", "TABLE"],
        ["NAME_EXPR", "<> 'B'", "TABLE"],
      ],
    ],
    [
      ["include=TABLE:EMP*,TABLE:d_?%", "include=TABLE:jobs,TRIGGER"],
      [
        ["INCLUDE_PATH_EXPR", "IN ('TABLE','TRIGGER')"],
        ["NAME_EXPR", "IN ('jobs') OR name LIKE 'EMP%' ESCAPE '\\' OR name LIKE 'd\\__\\%' ESCAPE '\\'", "TABLE"],
      ],
    ],
    [["'exclude=TABLE:(a,\"b*\",it's)'".slice(1, -1)], [["NAME_EXPR", "NOT (IN ('a','b*','it''s'))", "TABLE"]]],
    [
      ["include=TABLE", "exclude=TABLE:x", "exclude=INDEX"],
      [
        ["INCLUDE_PATH_EXPR", "IN ('TABLE')"],
        ["EXCLUDE_PATH_EXPR", "IN ('INDEX')"],
        ["NAME_EXPR", "NOT (IN ('x'))", "TABLE"],
      ],
    ],
  ])("%j", async (words, expected) => {
    expect(await filters(...words)).toEqual(expected);
  });

  it("come in the same form out of a parameter file", async () => {
    const path = join(folder, "filters.par");
    writeFileSync(path, `include=TABLE:"IN ('EMP',\n  'DEPT')", VIEW\nexclude='TABLE_DATA:LOG*'`);
    expect(await filters(`parfile=${path}`)).toEqual([
      ["INCLUDE_PATH_EXPR", "IN ('TABLE','VIEW')"],
      ["NAME_EXPR", expect.stringMatching(/^IN \('EMP',\s+'DEPT'\)$/), "TABLE"],
      ["NAME_EXPR", "NOT (LIKE 'LOG%' ESCAPE '\\')", "TABLE_DATA"],
    ]);
  });

  it("name views alone, or with tables", async () => {
    const [opened] = await calls("export", "views_as_tables=hr.v");
    expect(opened).toEqual(["open", "EXPORT", "TABLE", null, null, "COMPATIBLE"]);
    expect(await filters("views_as_tables=hr.v,w")).toEqual([
      ["VIEWS_AS_TABLES", "HR.v,w"],
      ["EXCLUDE_TABLES", "YES"],
    ]);
    expect(await filters("views_as_tables=v", "tables=t*")).toEqual([
      ["TABLE_FILTER", "t*"],
      ["VIEWS_AS_TABLES", "v"],
    ]);
    expect(await filters("views_as_tables=v", "exclude_tables=n")).toEqual([["VIEWS_AS_TABLES", "v"]]);
  });

  it("stand beside every mode", async () => {
    expect((await calls("import", "tablespaces=hr"))[0]).toEqual(["open", "IMPORT", "TABLESPACE", null, null, "COMPATIBLE"]);
    expect(await filters("tablespaces=hr,oe")).toEqual([["TABLESPACE_EXPR", "IN ('HR','OE')"]]);
  });
});

describe("rows", () => {
  it.each<[words: string[], filters: unknown[][]]>([
    [[`query="WHERE a = 'x, y'"`], [["WHERE a = 'x, y'", null, null]]],
    [
      [`query=emp:"WHERE a > 1 ORDER BY a, b",hr."My.Tab":"ORDER BY a"`, "query='WHERE 1'"],
      [
        ["WHERE a > 1 ORDER BY a, b", "emp", null],
        ["ORDER BY a", "My.Tab", "HR"],
        ["WHERE 1", null, null],
      ],
    ],
    // As a shell leaves them that has taken the quotes.
    [
      ["query=hr.emp:WHERE a<>'x),  y' AND b IN (1,2) ORDER BY a,  b,dept:WHERE c = '10:30'"],
      [
        ["WHERE a<>'x),  y' AND b IN (1,2) ORDER BY a,  b", "emp", "HR"],
        ["WHERE c = '10:30'", "dept", null],
      ],
    ],
    [['query=(emp:"where 1")'], [["where 1", "emp", null]]],
  ])("of %j are data filters", async (words, filters) => {
    const made = await calls("export", ...words);
    expect(made.filter(([name]) => name === "dataFilter")).toEqual(
      filters.map((filter) => ["dataFilter", 7, "SUBQUERY", ...filter]),
    );
  });
});

describe("dump files in an object store", () => {
  it("are of their own type, with the credential in place of the directory", async () => {
    const made = await calls(
      "export",
      "credential=bmctest",
      "dumpfile=https://host/bucket/a_%u.dat,'s3://bucket/b,c.dat',other:https://host/d.dat,dir:local.dmp",
      "filesize=3MB",
      "reuse_dumpfiles=y",
      "nologfile=y",
    );
    expect(made.slice(2)).toEqual([
      ["addFile", 7, "https://host/bucket/a_%u.dat", "bmctest", "3MB", 5, 1],
      ["addFile", 7, "s3://bucket/b,c.dat", "bmctest", "3MB", 5, 1],
      ["addFile", 7, "https://host/d.dat", "other", "3MB", 5, 1],
      ["addFile", 7, "local.dmp", "dir", "3MB", 1, 1],
    ]);
  });

  it("go without a credential, and show no secret of theirs in the echoed command", async () => {
    const made = await calls("import", `dumpfile=("https://host/b/a?sig=x,y",s3://bucket/b)`, "logfile=i.log");
    expect(made).toContainEqual(["addFile", 7, "https://host/b/a?sig=x,y", null, null, 5, null]);
    expect(made).toContainEqual(["addFile", 7, "s3://bucket/b", null, null, 5, null]);
    expect(made[1]?.[3]).toBe(`system/******** dumpfile=("https://host/b/a?********",s3://bucket/b) logfile=i.log`);
  });
});

describe("calls of an import", () => {
  it("has no dump file over a network link, and takes the schema of its user", async () => {
    expect(await calls("import", "network_link=dbs1", "nologfile=y")).toEqual([
      ["open", "IMPORT", "SCHEMA", "DBS1", null, "COMPATIBLE"],
      ["setParameter", 7, "CLIENT_COMMAND", "system/******** network_link=dbs1 nologfile=y"],
    ]);
    expect((await calls("import", "network_link=dbs1", "full=y"))[0]).toEqual([
      "open",
      "IMPORT",
      "FULL",
      "DBS1",
      null,
      "COMPATIBLE",
    ]);
    expect(await calls("export", "network_link=dbs1", "nologfile=y")).toEqual([
      ["open", "EXPORT", "SCHEMA", "DBS1", null, "COMPATIBLE"],
      ["setParameter", 7, "CLIENT_COMMAND", "system/******** network_link=dbs1 nologfile=y"],
      ["addFile", 7, "expdat.dmp", "DATA_PUMP_DIR", null, 1, null],
    ]);
  });

  it("is a script with sqlfile", async () => {
    expect(await calls("import", "sqlfile=dir2:x", "directory=dmp", "tables=hr.emp", "nologfile=y")).toEqual([
      ["open", "SQL_FILE", "TABLE", null, null, "COMPATIBLE"],
      ["setParameter", 7, "CLIENT_COMMAND", "system/******** sqlfile=dir2:x directory=dmp tables=hr.emp nologfile=y"],
      ["addFile", 7, "x", "dir2", null, 4],
      ["addFile", 7, "expdat.dmp", "dmp", null, 1, null],
      ["metadataFilter", 7, "TABLE_FILTER", "HR.emp"],
    ]);
  });

  it("imports all of the dump unless told otherwise", async () => {
    expect((await calls("import"))[0]).toEqual(["open", "IMPORT", null, null, null, "COMPATIBLE"]);
    expect((await calls("import", "full=y"))[0]).toEqual(["open", "IMPORT", "FULL", null, null, "COMPATIBLE"]);
    expect((await calls("import", "schemas=hr"))[0]).toEqual(["open", "IMPORT", "SCHEMA", null, null, "COMPATIBLE"]);
  });

  it("remaps schemas, repeated or in one list, and loads rows only", async () => {
    const made = await calls(
      "import",
      'remap_schema=hr:blake,oe:"Oe2"',
      "remap_schema=a:b",
      "content=data_only",
      "table_exists_action=append",
    );
    expect(made.filter(([name]) => name === "metadataRemap")).toEqual([
      ["metadataRemap", 7, "REMAP_SCHEMA", "HR", "BLAKE"],
      ["metadataRemap", 7, "REMAP_SCHEMA", "OE", "Oe2"],
      ["metadataRemap", 7, "REMAP_SCHEMA", "A", "B"],
    ]);
    expect(made).toContainEqual(["setParameter", 7, "TABLE_EXISTS_ACTION", "APPEND"]);
    expect(made).toContainEqual(["setParameter", 7, "INCLUDE_METADATA", 0]);
  });
});

describe("remap_data", () => {
  it("names columns and functions, whose arguments may hold commas", async () => {
    const made = await calls(
      "export",
      'remap_data=hr.employees.email:MASK.HASH,"Odd.Table"."A:b":mask.partial(1,2)',
      "remap_data=jobs.title:MASK.NULLIFY",
    );
    expect(made.filter(([name]) => name === "dataRemap")).toEqual([
      ["dataRemap", 7, "COLUMN_FUNCTION", "employees", "email", "MASK.HASH", "HR"],
      ["dataRemap", 7, "COLUMN_FUNCTION", "Odd.Table", "A:b", "mask.partial(1,2)", null],
      ["dataRemap", 7, "COLUMN_FUNCTION", "jobs", "title", "MASK.NULLIFY", null],
    ]);
  });

  it.each([
    [["remap_data=title:MASK.HASH"], "UDE-00014: invalid value for parameter, 'remap_data'."],
    [["remap_data=a.b.c.d:MASK.HASH"], "UDE-00014: invalid value for parameter, 'remap_data'."],
    [["remap_data=a.b"], "UDE-00014: invalid value for parameter, 'remap_data'."],
    [["remap_data_key_prompt=y"], "UDE-00014: invalid value for parameter, 'remap_data_key_prompt'."],
    [
      ["remap_data=a.b:MASK.HASH", "remap_data_key_prompt=y", "remap_data_key_file=k"],
      "UDE-00011: parameter remap_data_key_file is incompatible with parameter remap_data_key_prompt",
    ],
    [["remap_data_key=0123456789abcdef"], "LRM-00101: unknown parameter name 'remap_data_key'"],
  ])("refuses %j", async (words, message) => {
    await expect(calls("export", ...words)).rejects.toThrow(message);
  });
});

describe("parameter files", () => {
  it("are read where they are named: what follows overrides them", async () => {
    const path = join(folder, "job.par");
    writeFileSync(path, "userid=hr/secret@nowhere\nschemas=hr,\noe # two\nparallel=2");
    const made = await calls("export", "parallel=8", `parfile=${path}`, "schemas=pm");
    expect(made).toContainEqual(["setParallel", 7, 2]);
    expect(made).toContainEqual(["metadataFilter", 7, "SCHEMA_EXPR", "IN ('HR','OE','PM')"]);
    expect(made).toContainEqual([
      "setParameter",
      7,
      "CLIENT_COMMAND",
      `hr/********@nowhere parallel=8 parfile=${path} schemas=pm`,
    ]);
  });

  it("stand in the log file, the last parameter first, without secrets", () => {
    const path = join(folder, "job.par");
    const text = "userid=hr/secret@x\nencryption_password='pass word'\nSCHEMAS = hr, # one\n oe\nquery=\"WHERE a\n  > 1\"\n";
    writeFileSync(path, `${text}credential=c dumpfile=https://u:p@host/b/x.dmp?sig=abc`);
    const rule = "*".repeat(74);
    expect(parameterFileLines(readCommandLine("export", ["nologfile=y", `parfile=${path}`]).ofFiles)).toEqual([
      rule,
      "Parfile values:",
      " parfile:  dumpfile=https://********@host/b/x.dmp?********",
      " parfile:  credential=c",
      ' parfile:  query="WHERE a',
      ' _parfile:   > 1"',
      " parfile:  schemas=hr,oe",
      " parfile:  encryption_password=********",
      " parfile:  userid=********",
      rule,
    ]);
    expect(parameterFileLines(readCommandLine("export", ["nologfile=y"]).ofFiles)).toEqual([]);
  });

  it("name themselves below the error", () => {
    const path = join(folder, "bad.par");
    writeFileSync(path, "xyz=1");
    expect(() => readCommandLine("export", [`parfile=${path}`])).toThrow(
      `LRM-00101: unknown parameter name 'xyz'\nLRM-00113: error when processing file '${path}'`,
    );
    writeFileSync(path, `parfile=${path}`);
    expect(() => readCommandLine("import", [`parfile=${path}`])).toThrow("UDI-00014: invalid value for parameter, 'parfile'\n");
    expect(() => readCommandLine("export", [`parfile=${folder}/none`])).toThrow(
      `LRM-00109: could not open parameter file '${folder}/none'`,
    );
  });
});

describe("refusals", () => {
  it.each<[command: Command, words: string[], message: string]>([
    ["export", ["full=y", "schemas=hr"], "UDE-00010: multiple job modes requested, full and schema."],
    ["import", ["schemas=hr", "tables=t"], "UDI-00010: multiple job modes requested, schema and tables."],
    ["export", ["tablespaces=hr", "tables=t"], "UDE-00010: multiple job modes requested, tables and tablespaces."],
    ["import", ["views_as_tables=v", "schemas=hr"], "UDI-00010: multiple job modes requested, schema and tables."],
    ["export", ["views_as_tables=v:t"], "UDE-00014: invalid value for parameter, 'views_as_tables'."],
    ["export", ["exclude_tables=y"], "UDE-00014: invalid value for parameter, 'exclude_tables'."],
    ["export", ["exclude_tables=y", "views_as_tables=v", "tables=t"], "UDE-00011: parameter exclude_tables is incompatible"],
    ["export", ["include=TABLE:"], "UDE-00014: invalid value for parameter, 'include'."],
    ["import", ["exclude=TABLE/:x"], "UDI-00014: invalid value for parameter, 'exclude'"],
    ["export", [`include=TABLE:"IN ('${"x".repeat(4000)}')"`], "UDE-00014: invalid value for parameter, 'include'."],
    ["export", ["sample=emp:many"], "UDE-00014: invalid value for parameter, 'sample'."],
    ["export", ["query=:WHERE 1"], "UDE-00014: invalid value for parameter, 'query'."],
    ["export", ["sample=:5"], "UDE-00014: invalid value for parameter, 'sample'."],
    ["import", ["sample=5"], "LRM-00101: unknown parameter name 'sample'"],
    ["export", ["sample=5", "content=metadata_only"], "UDE-00011: parameter sample is incompatible with parameter content"],
    ["export", ["query=emp"], "UDE-00014: invalid value for parameter, 'query'."],
    ["export", ["query=a > 1"], "UDE-00014: invalid value for parameter, 'query'."],
    ["export", ['query=a.b.c:"WHERE 1"'], "UDE-00014: invalid value for parameter, 'query'."],
    ["export", [`query="WHERE ${"x".repeat(4000)}"`], "UDE-00014: invalid value for parameter, 'query'."],
    ["export", ["query=WHERE 1", "content=metadata_only"], "UDE-00011: parameter query is incompatible with parameter content"],
    ["export", ["nologfile=y", "logfile=a"], "UDE-00011: parameter nologfile is incompatible with parameter logfile"],
    ["export", ["compression=some"], "UDE-00014: invalid value for parameter, 'compression'."],
    ["import", ["remap_schema=hr"], "UDI-00014: invalid value for parameter, 'remap_schema'"],
    ["export", ["parallel=many"], "UDE-00014: invalid value for parameter, 'parallel'."],
    ["export", ["full=perhaps"], "UDE-00014: invalid value for parameter, 'full'."],
    ["export", ["tables=a.b.c"], "UDE-00014: invalid value for parameter, 'tables'."],
    ["export", ["job_name=a,b"], "LRM-00112: multiple values not allowed for parameter 'job_name'"],
    ["export", ["remap_schema=a:b"], "LRM-00101: unknown parameter name 'remap_schema'"],
    ["export", ["data_options=x"], "UDE-00014: invalid value for parameter, 'data_options'."],
    ["export", ["logfile=s3://bucket/x.log"], "UDE-00014: invalid value for parameter, 'logfile'."],
    ["export", ["credential=c"], "UDE-00011: parameter credential is incompatible with parameter dumpfile"],
    [
      "import",
      ["sqlfile=x", "content=data_only"],
      "UDI-00011: parameter sqlfile is incompatible with parameter content=data_only",
    ],
    [
      "import",
      ["sqlfile=x", "table_exists_action=skip"],
      "UDI-00011: parameter sqlfile is incompatible with parameter table_exists_action",
    ],
    ["import", ["sqlfile=https://x/b/c.sql"], "UDI-00014: invalid value for parameter, 'sqlfile'"],
    ["import", ["credential=c", "dumpfile=d:x.dmp"], "UDI-00011: parameter credential is incompatible with parameter dumpfile"],
  ])("%s %j", (command, words, message) => {
    expect(() => planJob(readCommandLine(command, words).settings)).toThrow(message);
  });
});

describe("the echoed command", () => {
  it("never shows a password", () => {
    const { typed } = readCommandLine("export", ["scott/ti@ger@db", "schemas=x"]);
    expect(clientCommand("SYSTEM", "scott/ti@ger@db", typed)).toBe("scott/********@db schemas=x");
    expect(clientCommand("SYSTEM", folder, typed)).toBe(`system/********@${folder} schemas=x`);
  });
});

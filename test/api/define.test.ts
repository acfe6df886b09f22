import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeEach, describe, expect, test } from "vitest";
import { connect } from "../../src/api/data-pump.ts";
import { EXCEPTIONS, KU } from "../../src/api/constants.ts";
import { pumpError, toPumpError } from "../../src/base/errors.ts";
import type { JobAnswer } from "../../src/job/control-table.ts";
import { defaultJobName } from "../../src/job/jobs.ts";
import { LivenessLock, lockPath } from "../../src/job/liveness.ts";
import { controlTable, exampleSession, expectCodes, type ExampleSession } from "./example-session.ts";

let session: ExampleSession;
beforeEach(async () => {
  session = await exampleSession();
});

describe("open", () => {
  test("makes a job with everything that it was told, under the user of the session", async () => {
    const { pump, folder } = session;
    await pump.open("export", "schema", null, "EXAMPLE1", "LATEST");
    expect(controlTable(session).definition()).toMatchObject({
      owner: "SYSTEM",
      name: "EXAMPLE1",
      operation: "EXPORT",
      mode: "SCHEMA",
      version: "LATEST",
      remoteLink: null,
      database: folder,
      guid: expect.stringMatching(/^[0-9A-F]{32}$/) as string,
      files: [],
      degree: null,
    });
    expect(await pump.jobs()).toMatchObject([{ owner: "SYSTEM", name: "EXAMPLE1", state: "DEFINING", pid: null }]);
  });

  test("names a job by default, each by its own number, and takes the mode of the dump for an import", async () => {
    const { pump } = session;
    for (const [operation, mode] of [
      ["EXPORT", "TABLE"],
      ["EXPORT", "TABLE"],
      ["IMPORT", null],
    ] as const)
      await pump.open(operation, mode);
    expect((await pump.jobs()).map(({ name }) => name)).toEqual([
      "SYS_EXPORT_TABLE_01",
      "SYS_EXPORT_TABLE_02",
      "SYS_IMPORT_FULL_01",
    ]);
  });

  test.each(["EXPORT", "IMPORT", "SQL_FILE"] as const)("names %s jobs by their mode", (operation) => {
    const home = join(session.folder, ".tsdp");
    for (const mode of ["FULL", "SCHEMA", "TABLE", "TABLESPACE", "TRANSPORTABLE"] as const)
      expect(defaultJobName(home, "SYSTEM", operation, mode)).toBe(`SYS_${operation}_${mode}_01`);
  });

  test.each([
    [
      ["DELETE", "SCHEMA"],
      ["ORA-39001", "ORA-39019"],
    ],
    [
      ["EXPORT", "EVERYTHING"],
      ["ORA-39001", "ORA-39020"],
    ],
    [
      ["EXPORT", null],
      ["ORA-39001", "ORA-31665"],
    ],
    [
      ["EXPORT", "SCHEMA", null, "J", "old"],
      ["ORA-39001", "ORA-39023"],
    ],
    [
      ["EXPORT", "SCHEMA", null, "x".repeat(129)],
      ["ORA-39001", "ORA-39207"],
    ],
    [
      ["EXPORT", "SCHEMA", null, "a\u001bb"],
      ["ORA-39001", "ORA-39207"],
    ],
    [
      ["IMPORT", "FULL", "DBS1"],
      ["ORA-39001", "ORA-39200", "ORA-02019"],
    ],
    ...["12.2", "19", "1.2", "2", "1.0.1"].map(
      (version) =>
        [
          ["EXPORT", "SCHEMA", null, "J", version],
          ["ORA-39001", "ORA-39023"],
        ] as const,
    ),
    [
      ["IMPORT", "FULL", null, "J", "1.0"],
      ["ORA-39001", "ORA-39208"],
    ],
  ] as const)("refuses %j, makes nothing, and keeps the stack", async (args, codes) => {
    const { pump } = session;
    const [operation, mode, link, name, version] = args as readonly [string, string | null, string?, string?, string?];
    await expectCodes(pump.open(operation, mode, link ?? null, name ?? null, version ?? "COMPATIBLE"), ...codes);
    expect(await pump.jobs()).toEqual([]);
    const { jobState, status } = await pump.getStatus(null, KU.STATUS_JOB_ERROR, 0);
    expect(jobState).toBe("UNDEFINED");
    expect(status).toMatchObject({ mask: KU.STATUS_JOB_ERROR, wip: null, jobStatus: null });
    expect(status.error?.map(({ logText }) => logText.slice(0, 10).replace(":", ""))).toEqual(codes);
  });

  test("says how long the name of a job may be: it counts bytes", async () => {
    await expect(session.pump.open("EXPORT", "SCHEMA", null, "\u{44F}".repeat(65))).rejects.toMatchObject({
      hint: expect.stringContaining("at most 128 bytes in UTF-8") as string,
    });
    await session.pump.open("EXPORT", "SCHEMA", null, "\u{44F}".repeat(64));
    expect((await session.pump.jobs()).map(({ name }) => name)).toEqual(["\u{44F}".repeat(64)]);
  });

  test("refuses a second job of the same name with JOB_EXISTS", async () => {
    await session.pump.open("EXPORT", "SCHEMA", null, "EXAMPLE1");
    await expect(session.pump.open("EXPORT", "FULL", null, "EXAMPLE1")).rejects.toMatchObject({
      sqlcode: EXCEPTIONS.JOB_EXISTS_NUM,
    });
  });
});

describe("a secret for a job that is started again", () => {
  test.each([
    ["EXPORT", "ENCRYPTION_PASSWORD", "secret", []],
    ["IMPORT", "ENCRYPTION_PASSWORD", "secret", []],
    ["EXPORT", "ENCRYPTION_PASSWORD", "", ["ORA-39001", "ORA-39207"]],
    ["EXPORT", "REMAP_DATA_KEY", "a key of a job without masks", ["ORA-39002", "ORA-39053"]],
    ["IMPORT", "REMAP_DATA_KEY", "a key of a job without masks", ["ORA-39002", "ORA-39053"]],
  ] as const)("%s, %s %j: changes nothing for the next start", async (operation, name, value, codes) => {
    const handle = await session.pump.open(operation, "SCHEMA", null, "EXAMPLE1");
    const table = controlTable(session);
    table.updateJob({ state: "IDLING", startTime: "2026-01-01T00:00:00.000Z" });
    const before = table.definition();
    const given = session.pump.setParameter(handle, name, value);
    if (codes.length === 0) await given;
    else await expectCodes(given, ...codes);
    expect(table.definition()).toEqual(before);
  });
});

describe("handles", () => {
  test("belong to one session and end with detach", async () => {
    const { pump, folder } = session;
    const other = await connect(folder);
    const handle = await pump.open("EXPORT", "SCHEMA");
    const otherHandle = await other.open("EXPORT", "SCHEMA");
    expect(Number.isInteger(handle)).toBe(true);
    await expectCodes(other.addFile(handle, "a.dmp", "DMPDIR"), "ORA-31623");
    await expectCodes(pump.getStatus(otherHandle, KU.STATUS_WIP, 0), "ORA-31623");
    await pump.detach(handle);
    await expectCodes(pump.detach(handle), "ORA-31623");
    await other.close();
    await expectCodes(other.waitForJob(otherHandle), "ORA-31623");
  });

  test("a job that nobody started is removed with its handle, and without a trace", async () => {
    const { pump, folder } = session;
    await pump.detach(await pump.open("EXPORT", "SCHEMA", null, "EXAMPLE1"));
    expect(await pump.jobs()).toEqual([]);
    expect(readdirSync(join(folder, ".tsdp", "jobs"))).toEqual([]);
  });

  test("a session that only looks writes nothing", async () => {
    const { folder, pump } = session;
    rmSync(join(folder, ".tsdp"), { recursive: true });
    expect(await pump.jobs()).toEqual([]);
    expect((await pump.directories()).map(({ name }) => name)).toEqual(["DATA_PUMP_DIR"]);
    expect(existsSync(join(folder, ".tsdp"))).toBe(false);
  });
});

describe("the definition", () => {
  let handle: number;
  beforeEach(async () => {
    handle = await session.pump.open("EXPORT", "SCHEMA", null, "EXAMPLE1");
  });

  test("records paths of files, with extensions", async () => {
    const { pump, folder } = session;
    await pump.addFile(handle, "example1", "dmpdir");
    await pump.addFile(handle, "second.dump", "DATA_PUMP_DIR", null, KU.FILE_TYPE_DUMP_FILE, 1);
    await pump.addFile(handle, "example1", "DMPDIR", null, KU.FILE_TYPE_LOG_FILE);
    expect(controlTable(session).definition().files).toEqual([
      {
        type: "dump",
        name: "example1.dmp",
        directory: "dmpdir",
        directoryPath: join(folder, "dumps"),
        fileSize: null,
        reuse: false,
      },
      { type: "dump", name: "second.dump", directory: "DATA_PUMP_DIR", directoryPath: folder, fileSize: null, reuse: true },
      {
        type: "log",
        name: "example1.log",
        directory: "DMPDIR",
        directoryPath: join(folder, "dumps"),
        fileSize: null,
        reuse: true,
      },
    ]);
  });

  const { FILE_TYPE_DUMP_FILE: DUMP, FILE_TYPE_LOG_FILE: LOG, FILE_TYPE_SQL_FILE: SQL, FILE_TYPE_URIDUMP_FILE: URI } = KU;
  test.each([
    ["../x.dmp", "DMPDIR", null, DUMP, ["ORA-39001", "ORA-39000", "ORA-39088"]],
    ["..\\x.dmp", "DMPDIR", null, DUMP, ["ORA-39001", "ORA-39000", "ORA-39088"]],
    ["/x.log", "DMPDIR", null, LOG, ["ORA-39002", "ORA-39070", "ORA-39088"]],
    ["..", "DMPDIR", null, LOG, ["ORA-39002", "ORA-39070", "ORA-39088"]],
    [null, "DMPDIR", null, DUMP, ["ORA-39001", "ORA-39000", "ORA-39144"]],
    ["x.dmp", null, null, DUMP, ["ORA-39001", "ORA-39000", "ORA-39145"]],
    ["x.log", null, null, LOG, ["ORA-39002", "ORA-39070", "ORA-39145"]],
    ["x.dmp", "NOWHERE", null, DUMP, ["ORA-39001", "ORA-39000", "ORA-39087"]],
    ["x.log", "NOWHERE", null, LOG, ["ORA-39002", "ORA-39070", "ORA-39087"]],
    ["x.log", "MISSING", null, LOG, ["ORA-39002", "ORA-39070", "ORA-29283"]],
    ["first.dmp", "DATA_PUMP_DIR", null, DUMP, ["ORA-39001", "ORA-39000", "ORA-39135"]],
    ["first.dmp", "DATA_PUMP_DIR", null, LOG, ["ORA-39002", "ORA-39070", "ORA-39402"]],
    ["x.dmp", "DMPDIR", null, 9, ["ORA-39001", "ORA-39030"]],
    ["x.dmp", "DMPDIR", "3 parsec", DUMP, ["ORA-39001", "ORA-39000", "ORA-31654"]],
    ["x.dmp", "DMPDIR", "39KB", DUMP, ["ORA-39001", "ORA-39000", "ORA-31618"]],
    ["x.dmp", "DMPDIR", "17t", DUMP, ["ORA-39001", "ORA-39000", "ORA-31618"]],
    ["x%x.dmp", "DMPDIR", null, DUMP, ["ORA-39001", "ORA-39000", "ORA-39124"]],
    ["x.sql", "DMPDIR", null, SQL, ["ORA-39001", "ORA-39208"]],
    ["https://x/b/y", "CREDENTIAL", null, URI, ["ORA-39001", "ORA-39000", "ORA-27476"]],
    ["https://x/b/y", null, null, URI, ["ORA-39001", "ORA-39000", "ORA-39145"]],
    ["https://x/b/y?a=b", null, null, URI, ["ORA-39001", "ORA-39000", "TSDP-00010"]],
    ["https://me:secret@x/b/y", null, null, URI, ["ORA-39001", "ORA-39000", "TSDP-00010"]],
    ["ftp://x/b/y", null, null, URI, ["ORA-39001", "ORA-39000", "TSDP-00010"]],
    ["y.dmp", "DMPDIR", null, URI, ["ORA-39001", "ORA-39000", "TSDP-00010"]],
    ["s3://bucket", null, null, URI, ["ORA-39001", "ORA-39000", "ORA-39144"]],
    ["", null, null, URI, ["ORA-39001", "ORA-39000", "ORA-39144"]],
  ] as const)("addFile refuses %j in %j (size %j, type %j)", async (name, directory, size, type, codes) => {
    const { pump } = session;
    await pump.createDirectory("MISSING", "missing");
    await pump.addFile(handle, "first.dmp", "DATA_PUMP_DIR");
    await expectCodes(pump.addFile(handle, name, directory, size, type), ...codes);
    expect(controlTable(session).definition().files).toHaveLength(1);
    const good = { filename: "good.dmp", directory: "DMPDIR", filesize: null, filetype: DUMP, reusefile: null };
    await expectCodes(
      pump.addFiles(handle, [good, { ...good, filename: name, directory, filesize: size, filetype: type }]),
      ...codes,
    );
    expect(controlTable(session).definition().files).toHaveLength(1);
  });

  test("addFile takes one log file", async () => {
    await session.pump.addFile(handle, "a.log", "DMPDIR", null, LOG);
    const second = session.pump.addFile(handle, "b.log", "DMPDIR", null, LOG);
    await expect(second).rejects.toMatchObject({ hint: expect.stringContaining("has one such file") as string });
    await expectCodes(second, "ORA-39002", "ORA-39070", "ORA-39051");
  });

  test("metadataFilter adds up filters; an empty path is none", async () => {
    const { pump } = session;
    await pump.metadataFilter(handle, "schema_expr", "IN ('HR')");
    await pump.metadataFilter(handle, "NAME_EXPR", "LIKE 'E%'", "");
    await pump.metadataFilter(handle, "NAME_EXPR", "<> 'EMP'", "TABLE");
    expect(controlTable(session).definition().metadataFilters).toEqual([
      { name: "SCHEMA_EXPR", value: "IN ('HR')", objectPath: null },
      { name: "NAME_EXPR", value: "LIKE 'E%'", objectPath: null },
      { name: "NAME_EXPR", value: "<> 'EMP'", objectPath: "TABLE" },
    ]);
    await expectCodes(pump.metadataFilter(handle, "SCHEMA", "HR"), "ORA-39001", "ORA-39036");
    await expectCodes(pump.metadataFilter(handle, "TABLE_FILTER", "FOO"), "ORA-39001", "ORA-39036");
    await expectCodes(pump.metadataFilter(handle, "", "HR"), "ORA-39001", "ORA-31660");
    await expectCodes(pump.metadataFilter(handle, "SCHEMA_LIST", " "), "ORA-39001", "ORA-39071");
    await expectCodes(pump.metadataFilter(handle, "SCHEMA_LIST", "'HR'", "TABLE"), "ORA-39001", "ORA-39037");
    await expectCodes(pump.metadataFilter(handle, "EXCLUDE_PATH_LIST", "'INDEX'", "TABLE"), "ORA-39001", "ORA-39037");
  });

  test.each([
    ["NAME_EXPR", "= 'X'", "TABEL", "ORA-39038"],
    ["NAME_EXPR", "= 'X'", "STATISTICS", "ORA-39038"],
    ["NAME_EXPR", "IN (SELECT x FROM y)", "INDEX", "ORA-39071"],
    ["EXCLUDE_PATH_EXPR", "IN ('INDEX'", null, "ORA-39071"],
    ["EXCLUDE_PATH_EXPR", "LIKE '%'", null, "ORA-39041"],
    ["INCLUDE_PATH_EXPR", "IN ('TABEL')", null, "ORA-39041"],
    ["INCLUDE_PATH_LIST", "'TABLE','VIEWS_AS_TABLES'", null, "ORA-39038"],
    ["TABLESPACE_EXPR", "HR", null, "ORA-39071"],
    ["VIEWS_AS_TABLES", "v", null, "ORA-39036"],
  ] as const)("metadataFilter refuses %s %s on %s at once", async (name, value, path, code) => {
    const failure = await session.pump.metadataFilter(handle, name, value, path).catch((error: unknown) => toPumpError(error));
    expect(failure?.lines.slice(0, 2).map((line) => line.code)).toEqual(["ORA-39001", code]);
    if (code === "ORA-39071") expect(failure?.hint).toContain(value);
    expect(controlTable(session).definition().metadataFilters).toEqual([]);
  });

  test("filters that contradict each other, or leave out what has to be said, end START_JOB", async () => {
    const { pump } = session;
    await pump.addFile(handle, "a.dmp", "DMPDIR");
    await pump.metadataFilter(handle, "INCLUDE_PATH_EXPR", "IN ('TABLE_DATA','INDEX')");
    await expectCodes(pump.startJob(handle), "ORA-39002", "ORA-39050");
    const verified = await pump.open("IMPORT", "FULL");
    await pump.addFile(verified, "a.dmp", "DMPDIR");
    await pump.setParameter(verified, "VERIFY_ONLY", 1);
    await pump.metadataFilter(verified, "NAME_EXPR", "IN ('A')", "TABLE");
    await expectCodes(pump.startJob(verified), "ORA-39002", "ORA-39050");
    const tablespaces = await pump.open("EXPORT", "TABLESPACE");
    await pump.addFile(tablespaces, "a.dmp", "DMPDIR");
    await expectCodes(pump.startJob(tablespaces), "ORA-39002", "ORA-39053");
  });

  test("dataFilter keeps INCLUDE_ROWS once, and SUBQUERY once for each table, at the moment of the call", async () => {
    const { pump } = session;
    await pump.addFile(handle, "a.dmp", "DMPDIR");
    await pump.dataFilter(handle, "subquery", "WHERE a > date('now')");
    await pump.dataFilter(handle, "SUBQUERY", "ORDER BY a", "emp");
    await pump.dataFilter(handle, "SUBQUERY", "WHERE 0", "emp", "hr");
    const [first, ...others] = controlTable(session).definition().dataFilters;
    expect(first?.value).toMatch(/^WHERE a > date\('\d{4}-\d\d-\d\d [\d:.]+'\)$/);
    expect(others).toEqual([
      { name: "SUBQUERY", value: "ORDER BY a", tableName: "emp", schemaName: null },
      { name: "SUBQUERY", value: "WHERE 0", tableName: "emp", schemaName: "hr" },
    ]);
    await pump.dataFilter(handle, "INCLUDE_ROWS", 0);
    await expectCodes(pump.startJob(handle), "ORA-39002", "ORA-39050");
  });

  test.each<[string, string | number, string | null, string | null, ...string[]]>([
    ["", 1, null, null, "ORA-39001", "ORA-31657"],
    ["ROWS", 1, null, null, "ORA-39001", "ORA-39031"],
    ["INCLUDE_ROWS", 1, null, "HR", "ORA-39005", "ORA-31658"],
    ["INCLUDE_ROWS", 1, null, null, "ORA-39001", "ORA-39035"],
    ["SUBQUERY", "WHERE 1", "EMP", "Hr", "ORA-39001", "ORA-39035"],
    ["SUBQUERY", "WHERE 1; DELETE FROM emp", null, null, "ORA-39001", "ORA-39071", "TSDP-00010"],
    ["SAMPLE", 100, null, null, "ORA-39001", "ORA-39163"],
    ["SAMPLE", 0, "emp", null, "ORA-39001", "ORA-39163"],
    ["SAMPLE", 0.0000009, null, null, "ORA-39001", "ORA-39163"],
    ["SAMPLE", "ten", null, null, "ORA-39001", "ORA-39163"],
    ["SAMPLE", "", null, null, "ORA-39001", "ORA-39163"],
    ["SUBQUERY", 1, null, null, "ORA-39001", "ORA-39071", "TSDP-00010"],
  ])("dataFilter refuses %s %s of table %s, schema %s", async (name, value, table, schema, ...codes) => {
    const { pump } = session;
    await pump.dataFilter(handle, "INCLUDE_ROWS", 0);
    await pump.dataFilter(handle, "SUBQUERY", "WHERE 1", "emp", "hr");
    await expectCodes(pump.dataFilter(handle, name, value, table, schema), ...codes);
    expect(controlTable(session).definition().dataFilters).toHaveLength(2);
  });

  test("a sample is for exports, a seed for a sample", async () => {
    const { pump } = session;
    await pump.addFile(handle, "a.dmp", "DMPDIR");
    await pump.setParameter(handle, "SUBSET", 1);
    await expectCodes(pump.startJob(handle), "ORA-39002", "ORA-39053");
    await pump.setParameter(handle, "SAMPLE_SEED", "7");
    await expectCodes(pump.startJob(handle), "ORA-39002", "ORA-39053");
    await pump.dataFilter(handle, "SAMPLE", 0.000001, "emp");
    await pump.dataFilter(handle, "SAMPLE", "99.9");
    expect(
      controlTable(session)
        .definition()
        .dataFilters.map(({ value }) => value),
    ).toEqual([0.000001, 99.9]);
    const imports = await pump.open("IMPORT", "FULL");
    await expectCodes(pump.dataFilter(imports, "SAMPLE", 5), "ORA-39002", "ORA-39208");
  });

  test("paths are remapped by one of two names, each once, and never for an SQL file", async () => {
    const { pump } = session;
    const loading = await pump.open("IMPORT", "FULL", null, "EXAMPLE2");
    const remap = (...[name, from, to]: readonly [string, string, string]) => pump.metadataRemap(loading, name, from, to);
    await remap("REMAP_DIRECTORY", "/old/", "/new/");
    await pump.metadataRemap(loading, "remap_directory", "/OLD", "/new", "DIRECTORY");
    await expectCodes(remap("REMAP_DIRECTORY", "/old", "/x"), "ORA-39001", "ORA-39046");
    await expectCodes(remap("REMAP_DATAFILE", "/a", "/b"), "ORA-39001", "ORA-39050");
    for (const [from, to] of [
      ["old", "/new"],
      ["/old", "../new"],
      ["/old", "/n\new"],
      ["/data/HR.db", "/data/BLAKE.db"],
    ] as const)
      await expectCodes(remap("REMAP_DIRECTORY", from, to), "ORA-39001", "ORA-39071");
    await expectCodes(remap("REMAP_DATAFILE", "/old/", "/new"), "ORA-39001", "ORA-39071");
    const script = await pump.open("SQL_FILE", "FULL", null, "EXAMPLE3");
    await expectCodes(pump.metadataRemap(script, "REMAP_DIRECTORY", "/a", "/b"), "ORA-39002", "ORA-39208");
  });

  test("metadataRemap is for imports: one target a schema, SYSTEM never", async () => {
    const { pump } = session;
    await expectCodes(pump.metadataRemap(handle, "REMAP_SCHEMA", "HR", "BLAKE"), "ORA-39002", "ORA-39208");
    const loading = await pump.open("IMPORT", "FULL", null, "EXAMPLE2");
    await pump.metadataRemap(loading, "REMAP_SCHEMA", "HR", "BLAKE");
    expect(controlTable(session, "EXAMPLE2").definition().metadataRemaps).toEqual([
      { name: "REMAP_SCHEMA", oldValue: "HR", value: "BLAKE", objectType: null },
    ]);
    await expectCodes(pump.metadataRemap(loading, "REMAP_SCHEMA", "hr", "OTHER"), "ORA-39001", "ORA-39046");
    await expectCodes(pump.metadataRemap(loading, "REMAP_SCHEMA", "OE", "system"), "ORA-39001", "ORA-39013");
    await expectCodes(pump.metadataRemap(loading, "RENAME", "OE", "X"), "ORA-39001", "ORA-39045");
    await pump.metadataRemap(loading, "REMAP_TABLE", "HR.A", '"b c"', "TABLE");
    await expectCodes(pump.metadataRemap(loading, "REMAP_TABLE", "hr.a", "B"), "ORA-39001", "ORA-39046");
    await expectCodes(pump.metadataRemap(loading, "REMAP_TABLE", "A", "B", "VIEW"), "TSDP-00001");
    for (const [from, to] of [
      ["A*", "B"],
      ["A,B", "C"],
      ["A", "sqlite_b"],
      ["A", "tsdp:0"],
    ] as const)
      await expectCodes(pump.metadataRemap(loading, "REMAP_TABLE", from, to), "ORA-39001", "ORA-39071");
  });

  test("setParameter checks name, operation, type, value and repetition by one table", async () => {
    const { pump } = session;
    await pump.setParameter(handle, "compression", "all");
    await pump.setParameter(handle, "KEEP_MASTER", 1);
    await pump.setParameter(handle, "CLIENT_COMMAND", "system/******** schemas=hr");
    expect(controlTable(session).definition().parameters).toEqual({
      COMPRESSION: "ALL",
      KEEP_MASTER: 1,
      CLIENT_COMMAND: "system/******** schemas=hr",
    });
    await expectCodes(pump.setParameter(handle, "COMPRESSION", "NONE"), "ORA-39001", "ORA-39051");
    await expectCodes(pump.setParameter(handle, "CONTENT", "ALL"), "ORA-39001", "ORA-39049");
    await expectCodes(pump.setParameter(handle, null, 1), "ORA-39001", "ORA-31667");
    await expectCodes(pump.setParameter(handle, "__proto__", "ALL"), "ORA-39001", "ORA-39049");
    await expectCodes(pump.setParameter(handle, "", "ALL"), "ORA-39001", "ORA-31667");
    await expectCodes(pump.setParameter(handle, "COMPRESSION_ALGORITHM", "ZIP"), "ORA-39001", "ORA-39207");
    await expectCodes(pump.setParameter(handle, "INCLUDE_METADATA", "1"), "ORA-39001", "ORA-39207");
    await expectCodes(pump.setParameter(handle, "TABLE_EXISTS_ACTION", "SKIP"), "ORA-39001", "ORA-39208");
    const tables = await pump.open("EXPORT", "TABLE", null, "TABLES");
    await pump.addFile(tables, "t.dmp", "DATA_PUMP_DIR");
    await pump.setParameter(tables, "USER_METADATA", 1);
    await expectCodes(pump.startJob(tables), "ORA-39002", "ORA-39050");
  });

  test("setParallel takes 1 to 64, the last call wins", async () => {
    const { pump } = session;
    for (const degree of [0, 65, 1.5, NaN]) await expectCodes(pump.setParallel(handle, degree), "ORA-39001", "ORA-39206");
    await pump.setParallel(handle, 64);
    await pump.setParallel(handle, 2);
    expect(controlTable(session).definition().degree).toBe(2);
  });

  test("a SQL_FILE job takes one script, has no workers, and holds definitions", async () => {
    const { pump } = session;
    const script = await pump.open("SQL_FILE", null);
    await pump.addFile(script, "first.dmp", "DATA_PUMP_DIR");
    await expectCodes(pump.startJob(script), "ORA-39002", "ORA-39054");
    await expectCodes(pump.addFile(script, "first.dmp", "DATA_PUMP_DIR", null, KU.FILE_TYPE_SQL_FILE), "ORA-39001", "ORA-39402");
    await expectCodes(pump.addFile(script, "../x", "DATA_PUMP_DIR", null, KU.FILE_TYPE_SQL_FILE), "ORA-39001", "ORA-39088");
    await pump.addFile(script, "x", "DATA_PUMP_DIR", null, KU.FILE_TYPE_SQL_FILE);
    await expectCodes(pump.addFile(script, "y", "DATA_PUMP_DIR", null, KU.FILE_TYPE_SQL_FILE), "ORA-39001", "ORA-39051");
    const { status } = await pump.getStatus(script, KU.STATUS_JOB_DESC, 0);
    expect(status.jobDescription).toMatchObject({
      jobName: "SYS_SQL_FILE_FULL_01",
      sqlFile: expect.stringMatching(/\/x\.sql$/) as string,
    });
    await expectCodes(pump.setParallel(script, 2), "ORA-39002", "ORA-39047");
    await expectCodes(pump.setParameter(script, "TABLE_EXISTS_ACTION", "SKIP"), "ORA-39001", "ORA-39208");
    await pump.metadataFilter(script, "INCLUDE_PATH_EXPR", "= 'TABLE_DATA'");
    await expectCodes(pump.startJob(script), "ORA-39002", "ORA-39050");
    await pump.detach(script);
  });

  test("startJob demands a dump file, and an action that fits a job without metadata", async () => {
    const { pump } = session;
    await expectCodes(pump.startJob(handle), "ORA-39002", "ORA-39053");
    expect((await pump.jobs())[0]?.state).toBe("DEFINING");
    const loading = await pump.open("IMPORT", "FULL", null, "EXAMPLE2");
    await pump.addFile(loading, "example1.dmp", "DMPDIR");
    await pump.setParameter(loading, "INCLUDE_METADATA", 0);
    await pump.setParameter(loading, "TABLE_EXISTS_ACTION", "REPLACE");
    await expectCodes(pump.startJob(loading), "ORA-39002", "ORA-39137");
    await expectCodes(pump.startJob(loading, 0, 0, 0), "ORA-39001", "TSDP-00002");
    await expectCodes(pump.startJob(loading, 0, 0, 1, "OLTP"), "ORA-39001", "TSDP-00002");
  });

  test("what is not there yet says so", async () => {
    const { pump } = session;
    await expectCodes(pump.attach("EXAMPLE1"), "ORA-31636");
    await expectCodes(pump.metadataTransform(handle, "STORAGE", 0), "ORA-39002", "ORA-39208");
  });

  test("the stack of a failed call is fetched once, and forgotten when a call succeeds", async () => {
    const { pump } = session;
    const failedStack = async () => (await pump.getStatus(handle, KU.STATUS_JOB_ERROR + KU.STATUS_JOB_STATUS, 0)).status;
    await expectCodes(pump.setParallel(handle, 0), "ORA-39001", "ORA-39206");
    expect(await failedStack()).toMatchObject({
      mask: KU.STATUS_JOB_ERROR + KU.STATUS_JOB_STATUS,
      jobStatus: { jobName: "EXAMPLE1", state: "DEFINING", percentDone: 0 },
      error: [
        { logLineNumber: 1, errorNumber: 39001, logText: "ORA-39001: invalid argument value" },
        { logLineNumber: 2, errorNumber: 39206, logText: "ORA-39206: A parallel degree of 0 is invalid." },
      ],
    });
    expect(await failedStack()).toMatchObject({ mask: KU.STATUS_JOB_STATUS, error: null });
    await expectCodes(pump.setParallel(handle, 0), "ORA-39001", "ORA-39206");
    await pump.setParallel(handle, 2);
    expect((await failedStack()).error).toBeNull();
  });

  test("once the job runs, the definition is frozen and every call is checked against its state", async () => {
    const { pump } = session;
    controlTable(session).updateJob({ state: "EXECUTING" });
    await expectCodes(pump.metadataFilter(handle, "SCHEMA_EXPR", "= 'HR'"), "ORA-39004", "ORA-39016");
    await expectCodes(pump.startJob(handle), "ORA-39004", "ORA-39016");
    await expectCodes(pump.addFile(handle, "late.log", "DMPDIR", null, KU.FILE_TYPE_LOG_FILE), "ORA-39004", "ORA-39016");
    await pump.logEntry(handle, "from the client", 1);
    expect(controlTable(session).openRequests(0)).toEqual([
      { seq: 1, verb: "log_entry", message: "from the client", logFileOnly: true },
    ]);
  });

  test("a request to a running job waits for its answer, and fails with the error that the control process gives", async () => {
    const { pump } = session;
    const table = controlTable(session);
    table.updateJob({ state: "EXECUTING" });
    const lock = LivenessLock.acquire(lockPath(table.path), 1000);
    const answered = async (answer: JobAnswer) => {
      for (;;) {
        const [request] = table.openRequests(0);
        if (request !== undefined) {
          table.answerRequest(request.seq, answer);
          return;
        }
        await sleep(5);
      }
    };
    const parallel = pump.setParallel(handle, 3);
    await answered(null);
    await parallel;
    const refusal = pumpError([["ORA-39001"], ["ORA-39000"], ["ORA-31641", "/late.dmp"]]);
    const refused = expectCodes(pump.addFile(handle, "late.dmp", "DMPDIR"), "ORA-39001", "ORA-39000", "ORA-31641");
    await answered({ lines: refusal.lines });
    await refused;
    const ended = expectCodes(pump.stopJob(handle), "ORA-39004", "ORA-39016");
    await sleep(30);
    table.updateJob({ state: "COMPLETED" });
    await ended;
    lock.release();
  });
});

test("getDumpfileInfo refuses what is no file of a directory, or is open as a database", async () => {
  const { pump, folder } = session;
  await pump.open("EXPORT", "SCHEMA", null, "EXAMPLE1");
  await expectCodes(pump.getDumpfileInfo("../x.dmp", "DMPDIR"), "ORA-39211", "ORA-39088");
  await expectCodes(pump.getDumpfileInfo("x.dmp", "NOWHERE"), "ORA-39211", "ORA-39087");
  await expectCodes(pump.getDumpfileInfo("", null), "ORA-39211", "ORA-39144");
  await expectCodes(pump.getDumpfileInfo(join(folder, ".tsdp/jobs/SYSTEM.EXAMPLE1.db-shm"), null), "ORA-39211", "ORA-31619");
});

test("KU holds the constants of the package by value", () => {
  expect(KU.STATUS_JOB_ERROR + KU.STATUS_JOB_STATUS + KU.STATUS_WIP).toBe(13);
  expect(
    Object.entries(KU)
      .filter(([name]) => /^DFHDR_(?!ENC\w*MODE_|CMPALG_)/.test(name))
      .map(([, value]) => value),
  ).toEqual([...Array.from({ length: 22 }, (_, index) => index + 1), 22, 23, 24, 24]);
  expect(Object.entries(EXCEPTIONS)).toContainEqual(["SUCCESS_WITH_INFO_NUM", -31627]);
});

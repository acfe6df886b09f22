import Sqlite from "better-sqlite3";
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { KU } from "../../src/api/constants.ts";
import { connect, type DataPump } from "../../src/api/data-pump.ts";
import { findLeftovers, removeLeftover } from "../../src/job/clean.ts";
import { compareDatabases } from "../judge/compare.ts";
import { startObjectStore, type TestStore } from "../object-store/start.ts";
import { inThisProcess } from "./launch-here.ts";
import { codesOf, expectSuccess, failureOf, followJob, runExport, runImport, startJob, type JobRequest } from "./pump-jobs.ts";
import { askAt, defined, restart, runToFailpoint } from "./restarts.ts";
import { temporaryFolder } from "./temporary-folder.ts";

// Small pieces, but larger than those of `small-pieces.ts`: each is synced where a schema exists.
vi.hoisted(() => {
  process.env["TSDP_PIECE_BYTES"] = String(256 << 10);
});

const SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYSECRET";
const TOKEN = "X-Amz-Signature=";

let store: TestStore;
let folder: string;
let source: string;

beforeAll(() => {
  source = mkdtempSync(join(tmpdir(), "tsdp-object-store-"));
  writeSource(join(source, "TEST.db"));
  // A secret that can be looked for.
  const account = createRequire(import.meta.url)("s3rver/lib/models/account") as {
    DUMMY_ACCOUNT: { createKeyPair(id: string, secret: string): void };
  };
  account.DUMMY_ACCOUNT.createKeyPair("AKIATEST", SECRET);
});

beforeEach(async () => {
  store = await startObjectStore();
  folder = temporaryFolder();
  copyFileSync(join(source, "TEST.db"), join(folder, "TEST.db"));
  for (const database of [folder, `test@${folder}`])
    await session((pump) => pump.createCredential("BMCTEST", "AKIATEST", SECRET), database);
  return async () => store.close();
});

afterAll(() => {
  rmSync(source, { recursive: true });
  delete process.env["TSDP_FAILPOINT"];
});

const rows = (count: number) => `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})`;

/** Two small tables, hard to compress. */
function writeSource(path: string): void {
  const database = new Sqlite(path);
  database.exec(`CREATE TABLE FOO (id INTEGER PRIMARY KEY, v); CREATE TABLE BAR (id INTEGER PRIMARY KEY, v)`);
  for (const table of ["FOO", "BAR"]) database.exec(`${rows(2000)} INSERT INTO ${table} (v) SELECT randomblob(500) FROM n`);
  database.close();
}

/** More of one table, as much as a test needs. */
function addRows(table: "FOO" | "BAR", megabytes: number): void {
  const database = new Sqlite(join(folder, "TEST.db"));
  database.exec(`${rows(1000 * megabytes)} INSERT INTO ${table} (v) SELECT randomblob(1000) FROM n`);
  database.close();
}

async function session<T>(work: (pump: DataPump) => Promise<T>, database = folder): Promise<T> {
  const pump = await connect(database, { currentDirectory: folder });
  try {
    return await work(pump);
  } finally {
    await pump.close();
  }
}

function expectSame(copy = "COPY.db", original = "TEST.db"): void {
  expect(compareDatabases(join(folder, original), join(folder, copy))).toEqual([]);
}

/** Every file below the folder that holds a text; a catalog without a wallet holds the secrets of its credentials. */
function filesWith(text: string): readonly string[] {
  const names = readdirSync(folder, { recursive: true }).map(String);
  return names
    .filter((name) => statSync(join(folder, name)).isFile() && !name.endsWith("catalog.db"))
    .filter((name) => readFileSync(join(folder, name)).includes(text));
}

test("the examples 6-5 and 6-7 of Oracle: a table to an object store in files of 3 MB, and back", async () => {
  addRows("FOO", 6);
  copyFileSync(join(folder, "TEST.db"), join(folder, "original.copy"));
  const dumpFile = store.url("den02ten_foo3b_split_%u.dat");
  await session(async (pump) => {
    await pump.createDirectory("WORK", folder);
    const h = await pump.open("EXPORT", "TABLE");
    await pump.setParameter(h, "COMPRESSION", "ALL");
    await pump.setParameter(h, "CHECKSUM", 1);
    await pump.addFile(h, "tkopc_export3b_cdb2.log", "WORK", null, KU.FILE_TYPE_LOG_FILE);
    await pump.addFile(h, dumpFile, "BMCTEST", "3MB", KU.FILE_TYPE_URIDUMP_FILE, 1);
    await pump.dataFilter(h, "INCLUDE_ROWS", 1);
    await pump.metadataFilter(h, "TABLE_FILTER", "FOO", "");
    await pump.setParameter(h, "KEEP_MASTER", 1);
    await inThisProcess(() => startJob(pump, h));
    const files = (await pump.getStatus(h, KU.STATUS_JOB_STATUS, 0)).status.jobStatus?.files ?? [];
    const template = { fileName: dumpFile, fileType: KU.DUMPFILE_TYPE_TEMPLATE, fileSize: 3 << 20, fileBytesWritten: 0 };
    expect(files.at(-1)).toEqual(template);
    for (const file of files.slice(0, -1)) expect(file).toMatchObject({ fileType: KU.DUMPFILE_TYPE_URIDISK, fileSize: 3 << 20 });
    const report = await followJob(pump, h);
    expectSuccess(report);
    expect(report.lines).toContainEqual(`  ${store.url("den02ten_foo3b_split_01.dat")}`);
  }, `test@${folder}`);
  expect((await store.names()).length).toBeGreaterThan(2);
  await session(async (pump) => {
    const h = await pump.open("IMPORT", "TABLE", null, "OSI");
    await pump.addFile(h, "tkopc_import3b_cdb2.log", "WORK", null, KU.FILE_TYPE_LOG_FILE);
    await pump.addFile(h, dumpFile, "BMCTEST", null, KU.FILE_TYPE_URIDUMP_FILE);
    await pump.metadataFilter(h, "TABLE_FILTER", "FOO", "");
    await pump.setParameter(h, "TABLE_EXISTS_ACTION", "REPLACE");
    await pump.setParameter(h, "VERIFY_CHECKSUM", 1);
    await inThisProcess(() => startJob(pump, h));
    const report = await followJob(pump, h);
    expectSuccess(report);
    expect(report.lines).toContain("Verifying dump file checksums");
  }, `test@${folder}`);
  expectSame("original.copy");
  expect(filesWith(SECRET)).toEqual([]);
});

const one = (): JobRequest => ({
  mode: "FULL",
  dumpFiles: [store.url("a.dmp")],
  credential: "BMCTEST",
  parallel: 2,
  parameters: { COMPRESSION: "NONE" },
});
const two = (): JobRequest => ({ ...one(), dumpFiles: [store.url("a.dmp"), store.url("b.dmp")] });

test.each([
  ["job executing", two],
  ["export checkpoint", one],
  ["export file published", two],
] as const)("an export that is killed at '%s' goes on, with the credential as it is by then", async (failpoint, request) => {
  if (request === one) addRows("BAR", 12);
  await runToFailpoint("EXPORT", folder, request(), failpoint);
  expect((await store.names()).length).toBeGreaterThan(0);
  await session(async (pump) => pump.createCredential("BMCTEST", "AKIATEST", SECRET, { replace: true, region: "us-east-1" }));
  expectSuccess(await restart(folder));
  expect(await store.names()).toEqual(request === one ? ["a.dmp"] : ["a.dmp", "b.dmp"]);
  expectSuccess(await runImport(folder, { ...request(), parameters: {}, remap: [["TEST", "COPY"]] }));
  expectSame();
  expect(filesWith(SECRET)).toEqual([]);
});

test("an import that is killed goes on", async () => {
  expectSuccess(await runExport(folder, two()));
  const request: JobRequest = { ...two(), parameters: {}, remap: [["TEST", "COPY"]] };
  await runToFailpoint("IMPORT", folder, request, "import piece loaded:2");
  expectSuccess(await restart(folder));
  expectSame();
  expect(filesWith(SECRET)).toEqual([]);
});

test("KILL_JOB leaves nothing in the store: of a job that runs, of one that has died, and of one that is cleaned up", async () => {
  const running = await defined("EXPORT", folder, two());
  await askAt("export piece unloaded:2", running, folder, () => running.pump.stopJob(running.handle, 1, 0, 0));
  await running.pump.close();
  expect(await store.names()).toEqual([]);

  await runToFailpoint("EXPORT", folder, two(), "export ended");
  expect(await store.openUploads()).toBe(2);
  await session(async (pump) => pump.stopJob(await pump.attach("INTERRUPTED"), 1, 0));
  expect(await store.names()).toEqual([]);

  await runToFailpoint("EXPORT", folder, two(), "export file published");
  for (const leftover of findLeftovers(join(folder, ".tsdp"), folder)) await removeLeftover(leftover);
  expect(await store.names()).toEqual([]);
  expect(readdirSync(join(folder, ".tsdp/jobs"))).toEqual([]);
});

test("a wrong secret, a missing bucket, a credential that is gone: the job does not run, and nothing is left", async () => {
  const codes = async (request: Partial<JobRequest>) => codesOf(await failureOf(runExport(folder, { ...two(), ...request })));
  const missing = `${store.endpoint}/no-such-bucket/a.dmp`;
  // The server of these tests does not check what a header signs.
  await session(async (pump) => pump.createCredential("WRONG", "AKIAOTHER", "another"));
  expect(await codes({ credential: "WRONG" })).toEqual(expect.arrayContaining(["ORA-31641", "InvalidAccessKeyId"]));
  expect(await codes({ dumpFiles: [missing] })).toEqual(expect.arrayContaining(["ORA-31641", "NoSuchBucket"]));
  expect(codesOf(await failureOf(runImport(folder, { ...two(), parameters: {} })))).toEqual(
    expect.arrayContaining(["ORA-31640", "ORA-27037"]),
  );
  const { pump, handle } = await defined("EXPORT", folder, two());
  await pump.dropCredential("BMCTEST");
  expect(codesOf(await failureOf(pump.startJob(handle)))).toEqual(["ORA-39002", "ORA-27476"]);
  await pump.close();
  expect(await store.names()).toEqual([]);
  expect(filesWith("another")).toEqual([]);
});

test("pre-authenticated URLs are read without a credential, and their query strings are nowhere on disk", async () => {
  expectSuccess(await runExport(folder, two()));
  const urls = ["a.dmp", "b.dmp"].map((name) => store.signedUrl(name));
  const request: JobRequest = {
    dumpFiles: urls,
    remap: [["TEST", "COPY"]],
    logFile: "job.log",
    parameters: { KEEP_MASTER: 1 },
  };
  expectSuccess(await runImport(folder, request));
  expectSame();
  const [first = ""] = urls;
  await session(async (pump) => {
    expect((await pump.getDumpfileInfo(first, null)).filetype).toBe(1);
    expect((await pump.getDumpfileInfo(store.url("a.dmp"), "bmctest")).filetype).toBe(1);
    store.proxy.fail({ kind: "answer", status: 403 }, "GetObject");
    const refused = await failureOf(pump.getDumpfileInfo(first, null));
    expect(refused.message).toContain(store.url("a.dmp"));
    expect(refused.message).not.toContain(TOKEN);
  });
  const isUnsigned = ({ query }: { readonly query: URLSearchParams }) => !query.has("X-Amz-Signature");
  store.proxy.fail({ kind: "answer", status: 403 }, isUnsigned, Infinity);
  const incomplete = await failureOf(runImport(folder, { ...request, dumpFiles: [first], remap: [["TEST", "C2"]] }));
  expect(incomplete.message).toContain("ORA-39059");
  expect(filesWith(TOKEN)).toEqual([]);
});

test("an import from pre-authenticated URLs asks for them again when it is started again", async () => {
  expectSuccess(await runExport(folder, one()));
  const request: JobRequest = { dumpFiles: [store.signedUrl("a.dmp")], remap: [["TEST", "COPY"]] };
  await runToFailpoint("IMPORT", folder, request, "import piece loaded:2");
  await session(async (pump) => {
    const handle = await pump.attach("INTERRUPTED");
    const refused = await failureOf(pump.startJob(handle));
    expect(codesOf(refused)).toEqual(["ORA-39002", "ORA-31640", "TSDP-00010"]);
    await pump.addFile(handle, store.signedUrl("a.dmp", 300), null, null, KU.FILE_TYPE_URIDUMP_FILE);
    await inThisProcess(() => startJob(pump, handle));
    expectSuccess(await followJob(pump, handle));
  });
  expectSame();
  expect(filesWith(TOKEN)).toEqual([]);
});

test("files are added to a running export only where its credential leads; ADD_FILE to a stopped one takes any", async () => {
  addRows("BAR", 6);
  const request = { ...two(), dumpFiles: [store.url("a.dmp")], fileSize: "6MB" };
  const { pump, handle } = await defined("EXPORT", folder, request);
  try {
    const other = `${store.endpoint}/${store.bucket}/deeper/b.dmp`;
    const refused = await askAt("export piece unloaded:1", { pump, handle }, folder, () =>
      failureOf(pump.addFile(handle, other, "BMCTEST", null, KU.FILE_TYPE_URIDUMP_FILE)),
    );
    expect(codesOf(refused)[0]).toBe("ORA-39001");
    expect((await followJob(pump, handle)).state).toBe("STOPPED");
    await pump.detach(handle).catch(() => undefined);
    const again = await pump.attach("INTERRUPTED");
    await pump.addFile(again, other, "BMCTEST", null, KU.FILE_TYPE_URIDUMP_FILE);
    await inThisProcess(() => startJob(pump, again));
    expect((await followJob(pump, again)).state).toBe("COMPLETED");
  } finally {
    await pump.close();
  }
  expect(await store.names()).toEqual(["a.dmp", "deeper/b.dmp"]);
});

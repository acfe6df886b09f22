import "./small-pieces.ts";
import Sqlite from "better-sqlite3";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { KU } from "../../src/api/constants.ts";
import { connect } from "../../src/api/data-pump.ts";
import { loadCodec } from "../../src/dump/piece.ts";
import { readAll } from "../dump/sets.ts";
import { compareDatabases } from "../judge/compare.ts";
import { inThisProcess } from "./launch-here.ts";
import {
  codesOf,
  expectSuccess,
  failureOf,
  followJob,
  runExport,
  runImport,
  startJob,
  type JobReport,
  type JobRequest,
} from "./pump-jobs.ts";
import { askAt, defined, restart, runToFailpoint, underFailpoint } from "./restarts.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const SECRET = "top secret ";
const PASSWORD = "for columns only";
const COLUMNS_ONLY = { ENCRYPTION: "ENCRYPTED_COLUMNS_ONLY", ENCRYPTION_PASSWORD: PASSWORD };
const rows = (count: number) => `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})`;
const wide = Array.from({ length: 2000 }, (_, i) => `w${i + 1}`);

/** Every kind of table. A marked column is called `secret`. */
const KINDS = `
  CREATE TABLE plain (a, Secret, z);
  ${rows(3000)} INSERT INTO plain SELECT i, '${SECRET}' || i, 'seen ' || i FROM n;
  DELETE FROM plain WHERE rowid % 7 = 0;
  CREATE TABLE keyed (secret TEXT UNIQUE, id INTEGER PRIMARY KEY, b);
  ${rows(50)} INSERT INTO keyed SELECT '${SECRET}' || i, -i, NULL FROM n;
  CREATE TABLE named (secret TEXT PRIMARY KEY, b);
  ${rows(50)} INSERT INTO named SELECT '${SECRET}' || i, i FROM n;
  CREATE TABLE without (k, secret, v, PRIMARY KEY (v, k DESC)) WITHOUT ROWID;
  ${rows(3000)} INSERT INTO without SELECT i, '${SECRET}' || i, i % 10 FROM n;
  CREATE TABLE computed (secret, length AS (length(secret)), shout AS (upper(secret)) STORED, b);
  ${rows(50)} INSERT INTO computed (secret, b) SELECT '${SECRET}' || i, i FROM n;
  CREATE TABLE hidden (rowid, _rowid_, oid, secret);
  ${rows(50)} INSERT INTO hidden SELECT i, i, i, '${SECRET}' || i FROM n;
  CREATE TABLE nothing_else (secret);
  INSERT INTO nothing_else VALUES ('${SECRET}'), (NULL), (x'00ff'), (9223372036854775807), (-0.0);
  CREATE TABLE wide (${wide.join(", ")});
  INSERT INTO wide (rowid, w1, w2, w2000) VALUES (5, 'first', '${SECRET}', '${SECRET}'), (9, 1, 2, 3);
  CREATE TABLE empty (secret);
  CREATE TABLE other (a);
  INSERT INTO other VALUES ('nothing to hide');
  CREATE INDEX plain_secret ON plain (secret);
  CREATE INDEX named_secret ON named (secret, b);
  ANALYZE;`;
const MARKS = [
  ...["plain", "keyed", "named", "without", "computed", "hidden", "nothing_else", "empty"].map((table) => [table, "SECRET"]),
  ...["w2", "W2000"].map((column) => ["Wide", column]),
];

let folder: string;
beforeAll(loadCodec);
beforeEach(() => {
  folder = temporaryFolder();
});

function makeSchema(sql: string, name = "SRC"): void {
  const database = new Sqlite(join(folder, `${name}.db`));
  database.unsafeMode(true);
  database.exec(sql);
  database.close();
}

async function mark(marks: readonly (readonly string[])[]): Promise<void> {
  const pump = await connect(folder, { currentDirectory: folder });
  try {
    await pump.columns.encrypt(marks.map(([table = "", column = ""]) => ({ schema: "SRC", table, column })));
  } finally {
    await pump.close();
  }
}

async function exportSource(request: JobRequest): Promise<JobReport> {
  return runExport(folder, { schemas: "= 'SRC'", dumpFiles: ["d.dmp"], logFile: "d.log", ...request });
}

async function expectBack(parameters: Record<string, string> = { ENCRYPTION_PASSWORD: PASSWORD }): Promise<void> {
  expectSuccess(await runImport(folder, { dumpFiles: ["d.dmp"], remap: [["SRC", "BACK"]], parameters }));
  expect(compareDatabases(join(folder, "SRC.db"), join(folder, "BACK.db"))).toEqual([]);
}

/** Files of the folder, and below it, in which a text can be read. */
function filesWith(text: string): string[] {
  const encodings = [Buffer.from(text, "utf8"), Buffer.from(text, "utf16le"), Buffer.from(text, "utf16le").swap16()];
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => {
    const path = join(folder, name);
    return (
      statSync(path, { throwIfNoEntry: false })?.isFile() === true &&
      encodings.some((bytes) => readFileSync(path).includes(bytes))
    );
  });
}

describe.each(["UTF-8", "UTF-16be"])("ENCRYPTED_COLUMNS_ONLY of a schema in %s", (encoding) => {
  test("brings every kind of table back, and shows no marked value", async () => {
    makeSchema(`PRAGMA encoding = '${encoding}'; ${KINDS}`);
    await mark(MARKS);
    const parameters = { ...COLUMNS_ONLY, COMPRESSION: "NONE", KEEP_MASTER: 1 };
    const report = await exportSource({ parameters, parallel: 2 });
    expect(report.errors.filter((text) => !text.includes("rowids of table"))).toEqual([]);
    expect(filesWith(SECRET)).toEqual(["SRC.db"]);
    expect(filesWith(SECRET.toUpperCase())).toEqual(["SRC.db"]);
    expect(filesWith("nothing to hide").sort()).toEqual(["SRC.db", "d.dmp"]);
    expect(filesWith("seen 1").sort()).toEqual(["SRC.db", "d.dmp"]);
    await expectBack();
  });
});

test("the images of the rows are apart, compressed too, and only tables with marked columns have a second one", async () => {
  makeSchema(KINDS);
  await mark(MARKS);
  await exportSource({ parameters: { ...COLUMNS_ONLY, COMPRESSION: "ALL", ENCRYPTION_ALGORITHM: "AES128" } });
  const images = await readAll([join(folder, "d.dmp")], undefined, { password: PASSWORD, masterKeys: null });
  const ofImage = (image: number) => [...images].filter(([key]) => key.startsWith("1/") && key.endsWith(`/${image}`));
  expect(ofImage(0).filter(([, bytes]) => bytes.includes(SECRET) || bytes.includes(SECRET.toUpperCase()))).toEqual([]);
  expect(ofImage(1).filter(([, bytes]) => !bytes.includes(SECRET))).toEqual([]);
  // Eight tables with rows, and sqlite_stat4.
  expect(new Set(ofImage(1).map(([key]) => key.split("/")[1])).size).toBe(9);
  const pump = await connect(folder, { currentDirectory: folder });
  const { infoTable } = await pump.getDumpfileInfo("d.dmp", "DATA_PUMP_DIR");
  await pump.close();
  const items = new Map(infoTable.map(({ itemCode, value }) => [itemCode, value]));
  const codes = [KU.DFHDR_METADATA_ENCRYPTED, KU.DFHDR_DATA_ENCRYPTED, KU.DFHDR_COLUMNS_ENCRYPTED, KU.DFHDR_ENCRYPTION_MODE];
  expect(codes.map((code) => items.get(code))).toEqual(["0", "0", "1", "3"]);
  const refused = await failureOf(runImport(folder, { dumpFiles: ["d.dmp"], remap: [["SRC", "BACK"]] }));
  expect(codesOf(refused)).toEqual(["ORA-39002", "ORA-39174"]);
});

test.each([
  ["no encryption", {}, true],
  ["encrypted metadata", { ENCRYPTION: "METADATA_ONLY", ENCRYPTION_PASSWORD: PASSWORD }, true],
  ["encrypted data", { ENCRYPTION: "DATA_ONLY", ENCRYPTION_PASSWORD: PASSWORD }, false],
  ["a password alone", { ENCRYPTION_PASSWORD: PASSWORD }, false],
])("with %s marked columns are told to be clear: ORA-39173", async (_, parameters: Record<string, string>, told) => {
  makeSchema("CREATE TABLE t (a, secret); INSERT INTO t VALUES (1, 'x')");
  await mark([["t", "secret"]]);
  const report = await exportSource({ parameters });
  const message = "ORA-39173: Encrypted data has been stored unencrypted in dump file set.";
  expect(report).toMatchObject({ state: "COMPLETED", errorCount: Number(told), errors: told ? [message] : [] });
  await expectBack("ENCRYPTION_PASSWORD" in parameters ? { ENCRYPTION_PASSWORD: PASSWORD } : {});
});

test("a definition without rows and a table without marks tell nothing, and nothing is encrypted", async () => {
  makeSchema("CREATE TABLE t (a, secret); INSERT INTO t VALUES (1, 'x'); CREATE TABLE other AS SELECT 1 AS secret");
  await mark([["t", "secret"]]);
  expectSuccess(await exportSource({ content: "METADATA_ONLY" }));
  expectSuccess(await runExport(folder, { tables: "SRC.OTHER", dumpFiles: ["o.dmp"] }));
  const report = await runExport(folder, { tables: "SRC.OTHER", dumpFiles: ["c.dmp"], parameters: COLUMNS_ONLY });
  expectSuccess(report);
  expect(report.lines).toContain("No column of the exported tables is marked: nothing is encrypted");
});

test("what can't be kept apart, or is there no more, keeps the export from starting", async () => {
  makeSchema(`CREATE TABLE t (a, secret); CREATE TABLE docs (id INTEGER PRIMARY KEY, secret);
    CREATE VIRTUAL TABLE words USING fts5(secret, content='docs', content_rowid='id')`);
  await mark([["docs", "secret"]]);
  const codes = async () => codesOf(await failureOf(exportSource({ parameters: COLUMNS_ONLY })));
  expect(await codes()).toEqual(["ORA-39002", "TSDP-00042"]);
  makeSchema("DROP TABLE words; ALTER TABLE docs RENAME COLUMN secret TO renamed");
  expect(await codes()).toEqual(["ORA-39002", "ORA-00904", "TSDP-00010"]);
  makeSchema("DROP TABLE docs; CREATE TABLE docs (a, secret PRIMARY KEY) WITHOUT ROWID");
  expect(await codes()).toEqual(["ORA-39002", "TSDP-00042"]);
  makeSchema("DROP TABLE docs");
  expect(await codes()).toEqual(["ORA-39002", "ORA-00904", "TSDP-00010"]);
  expect(existsSync(join(folder, "d.dmp"))).toBe(false);
});

test("appends to a table that exists", async () => {
  makeSchema("CREATE TABLE t (a, secret, z); INSERT INTO t VALUES (1, 'x', 'z'), (2, NULL, 3)");
  await mark([["t", "secret"]]);
  expectSuccess(await exportSource({ parameters: COLUMNS_ONLY }));
  const parameters = { ENCRYPTION_PASSWORD: PASSWORD, TABLE_EXISTS_ACTION: "APPEND" };
  expectSuccess(await runImport(folder, { dumpFiles: ["d.dmp"], parameters }));
  const database = new Sqlite(join(folder, "SRC.db"));
  const all = database.prepare("SELECT a, secret, z FROM t ORDER BY rowid").raw().all();
  database.close();
  const once = [
    [1, "x", "z"],
    [2, null, 3],
  ];
  expect(all).toEqual([...once, ...once]);
});

describe("an export that was killed", () => {
  // Enough for a checkpoint.
  const LARGE = `CREATE TABLE t (a, secret, z);
    ${rows(1500)} INSERT INTO t SELECT i, printf('${SECRET}%0200d', i), printf('%0200d', i) FROM n;
    CREATE TABLE k (a, secret, PRIMARY KEY (a)) WITHOUT ROWID;
    ${rows(800)} INSERT INTO k SELECT i, printf('${SECRET}%0200d', i) FROM n`;
  const request = { schemas: "= 'SRC'", dumpFiles: ["d.dmp"], parallel: 2, parameters: { ...COLUMNS_ONLY, COMPRESSION: "NONE" } };

  async function goOn(): Promise<JobReport> {
    const pump = await connect(folder, { currentDirectory: folder });
    const handle = await pump.attach("INTERRUPTED");
    await pump.setParameter(handle, "ENCRYPTION_PASSWORD", PASSWORD);
    try {
      await inThisProcess(() => startJob(pump, handle));
      return await followJob(pump, handle);
    } finally {
      await pump.close();
    }
  }

  test("after a checkpoint, or when its files are whole, goes on", async () => {
    makeSchema(LARGE);
    await mark([
      ["t", "secret"],
      ["k", "secret"],
    ]);
    await runToFailpoint("EXPORT", folder, request, "export checkpoint");
    expect(filesWith(SECRET)).toEqual(["SRC.db"]);
    expect(codesOf(await failureOf(restart(folder)))).toEqual(["ORA-39002", "ORA-39174"]);
    await underFailpoint("export ended", async () => {
      await goOn();
    });
    expect(filesWith(SECRET)).toEqual(["SRC.db"]);
    expectSuccess(await goOn());
    expect(filesWith(SECRET)).toEqual(["SRC.db"]);
    await expectBack();
  });

  test("starts over when another column has been marked meanwhile", async () => {
    makeSchema(LARGE);
    await mark([["t", "secret"]]);
    await runToFailpoint("EXPORT", folder, request, "export checkpoint");
    await mark([["k", "secret"]]);
    const report = await goOn();
    expectSuccess(report);
    expect(report.lines.join("\n")).toContain("exported again from the beginning");
    expect(filesWith(SECRET)).toEqual(["SRC.db"]);
    await expectBack();
  });

  test.runIf(existsSync("/proc/self/environ"))("shows its password to nobody who can list processes", async () => {
    makeSchema(LARGE);
    vi.stubEnv("TSDP_ENCRYPTION_PASSWORD", PASSWORD);
    vi.stubEnv("TSDP_WALLET_PASSWORD", PASSWORD);
    const job = await defined("EXPORT", folder, { ...request, parameters: { ENCRYPTION_PASSWORD: PASSWORD } });
    const shown = await askAt("export piece unloaded:1", job, folder, async () => {
      const pid = (await job.pump.jobs())[0]?.pid ?? 0;
      const texts = ["cmdline", "environ"].map((file) => readFileSync(`/proc/${pid}/${file}`, "utf8"));
      await job.pump.stopJob(job.handle, 1, 0, 0);
      return texts;
    });
    await job.pump.close();
    expect(shown[0]).toContain("INTERRUPTED");
    expect(shown.join("\n")).not.toContain(PASSWORD);
  });
});

import Sqlite from "better-sqlite3";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { connect } from "../../src/api/data-pump.ts";
import { KU } from "../../src/api/constants.ts";
import type { DumpfileInfo } from "../../src/api/status-types.ts";
import { infoJson, infoLines } from "../../src/cli/dumpinfo.ts";
import { readDumpFile, readFirstBlock, type DumpFile } from "../../src/dump/file-ends.ts";
import { LocalStorage } from "../../src/storage/local.ts";
import { expectSuccess, runExport, runImport, type JobRequest } from "./pump-jobs.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const PASSWORD = { ENCRYPTION_PASSWORD: "correct horse" };

function exportedFolder(sql: string): string {
  const folder = temporaryFolder();
  const database = new Sqlite(join(folder, "HR.db"));
  database.exec(sql);
  database.close();
  return folder;
}

const rows = (count: number) =>
  `CREATE TABLE t (a, b); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count}) INSERT INTO t SELECT i, hex(randomblob(100)) FROM n;`;

/** Every dump file of a folder: what GET_DUMPFILE_INFO says of it, and what is in it. */
async function filesOf(folder: string): Promise<readonly { name: string; info: DumpfileInfo; file: DumpFile }[]> {
  const pump = await connect(folder, { currentDirectory: folder });
  const storage = new LocalStorage();
  const names = readdirSync(folder).filter((name) => name.endsWith(".dmp"));
  const files = [];
  for (const name of names) {
    const reader = await storage.open(join(folder, name));
    const file = await readDumpFile(reader, await readFirstBlock(reader));
    await reader.close();
    files.push({ name, info: await pump.getDumpfileInfo(name, "DATA_PUMP_DIR"), file });
  }
  await pump.close();
  return files.sort((a, b) => a.file.number - b.file.number);
}

function itemsOf({ infoTable }: DumpfileInfo): Readonly<Record<number, string>> {
  return Object.fromEntries(infoTable.map(({ itemCode, value }) => [itemCode, value]));
}

async function openNewWallet(folder: string): Promise<void> {
  vi.stubEnv("TSDP_WALLET_PASSWORD", "wallet");
  const pump = await connect(folder, { currentDirectory: folder });
  await pump.createWallet("wallet");
  await pump.close();
}

/** What of the bytes themselves says the same as items 2, 14, 18, 19 and 20. */
function found({ segments }: DumpFile): { master: string; data: string; encryptedData: string; encryptedMetadata: string } {
  const data = segments.filter(({ type }) => type === 1);
  const metadata = segments.filter(({ type }) => type !== 1);
  const flag = (value: boolean) => (value ? "1" : "0");
  return {
    master: flag(segments.some(({ type }) => type === 3)),
    data: flag(data.some(({ codec }) => codec !== 0)),
    encryptedData: flag(data.some(({ cipher }) => cipher !== 0)),
    encryptedMetadata: flag(metadata.some(({ cipher }) => cipher !== 0)),
  };
}

interface Combination {
  /** COMPRESSION, ENCRYPTION and their likes. */
  readonly parameters: Readonly<Record<string, string | number>>;
  /** Items 14, 18, 19, 20, 22, 23. */
  readonly items: readonly string[];
  readonly request?: Partial<JobRequest>;
  readonly wallet?: boolean;
}

const SPLIT = { fileSize: "60KB", dumpFiles: ["x%U.dmp"] };
const TWO = { dumpFiles: ["one.dmp", "two.dmp"] };
const COMBINATIONS: readonly Combination[] = [
  { parameters: {}, items: ["1", "0", "0", "0", "2", "3"] },
  { parameters: { COMPRESSION: "ALL", COMPRESSION_ALGORITHM: "HIGH" }, items: ["1", "1", "0", "0", "2", "6"], request: SPLIT },
  { parameters: { COMPRESSION: "NONE" }, items: ["0", "0", "0", "0", "2", "2"], request: TWO },
  { parameters: { COMPRESSION: "DATA_ONLY", COMPRESSION_ALGORITHM: "MEDIUM" }, items: ["0", "1", "0", "0", "2", "5"] },
  { parameters: { COMPRESSION_ALGORITHM: "LOW", CHECKSUM: 1 }, items: ["1", "0", "0", "0", "2", "4"] },
  { parameters: PASSWORD, items: ["1", "0", "1", "1", "3", "3"], request: SPLIT },
  { parameters: { ...PASSWORD, ENCRYPTION: "DATA_ONLY", COMPRESSION: "ALL" }, items: ["1", "1", "0", "1", "3", "3"] },
  { parameters: { ...PASSWORD, ENCRYPTION: "METADATA_ONLY" }, items: ["1", "0", "1", "0", "3", "3"] },
  { parameters: { ENCRYPTION_MODE: "TRANSPARENT" }, items: ["1", "0", "1", "1", "5", "3"], wallet: true },
  { parameters: { ...PASSWORD, COMPRESSION: "NONE" }, items: ["0", "0", "1", "1", "4", "2"], request: TWO, wallet: true },
];

test.each(COMBINATIONS)("the header tells the truth of $parameters", async ({ parameters, items: expected, request, wallet }) => {
  const folder = exportedFolder(rows(800));
  if (wallet === true) await openNewWallet(folder);
  expectSuccess(await runExport(folder, { schemas: "IN ('HR')", dumpFiles: ["x.dmp"], jobName: "J", ...request, parameters }));
  const files = await filesOf(folder);
  const [guids, all] = [new Set<string>(), files.map(({ file }) => found(file))];
  for (const [i, { info, file }] of files.entries()) {
    const items = itemsOf(info);
    expect(info.filetype).toBe(1);
    expect([14, 18, 19, 20, 22, 23].map((code) => items[code])).toEqual(expected);
    expect([items[1], items[4], items[5], items[7], items[8]]).toEqual(["1.1", String(i + 1), "873", "0", '"SYSTEM"."J"']);
    expect([items[11], items[12], items[13], items[21]]).toEqual(["AL32UTF8", "4096", undefined, "0"]);
    expect(items[2]).toBe(found(file).master);
    expect(Date.parse(items[6] ?? "")).toBeGreaterThan(Date.now() - 600_000);
    expect(items[9]).toMatch(/^\S+\/\S+ \S+/);
    expect(items[10]).toBe(folder.slice(folder.lastIndexOf("/") + 1));
    expect(items[15]).toMatch(/^03\.\d\d\.\d\d\.00\.00$/);
    guids.add(items[3] ?? "");
  }
  expect(guids.size).toBe(1);
  const any = (name: "data" | "encryptedData" | "encryptedMetadata") => (all.some((facts) => facts[name] === "1") ? "1" : "0");
  expect([any("data"), any("encryptedMetadata"), any("encryptedData")]).toEqual(expected.slice(1, 4));
});

test("the header tells the truth of marked columns that alone are encrypted", async () => {
  const folder = exportedFolder(rows(800));
  const pump = await connect(folder, { currentDirectory: folder });
  await pump.columns.encrypt([{ schema: "HR", table: "T", column: "b" }]);
  await pump.close();
  const parameters = { ...PASSWORD, ENCRYPTION: "ENCRYPTED_COLUMNS_ONLY" };
  expectSuccess(await runExport(folder, { schemas: "IN ('HR')", ...SPLIT, parameters }));
  const files = await filesOf(folder);
  expect(files.length).toBeGreaterThan(1);
  for (const { info } of files) expect([19, 20, 21, 22].map((code) => itemsOf(info)[code])).toEqual(["0", "0", "1", "3"]);
  const segments = files.flatMap(({ file }) => file.segments);
  expect(new Set(segments.map(({ type, image, cipher }) => `${type}/${image}/${cipher}`))).toEqual(
    new Set(["1/0/0", "1/1/3", "2/0/0", "3/0/0"]),
  );
});

test("every file that holds a part of the master table says which, of how many", async () => {
  const tables = Array.from({ length: 300 }, (_, i) => `CREATE TABLE table_${i} (first TEXT, second INT, third BLOB);`).join(" ");
  const folder = exportedFolder(`PRAGMA encoding = 'UTF-16le'; ${rows(300)} ${tables}`);
  const parameters = { COMPRESSION: "NONE" };
  expectSuccess(await runExport(folder, { schemas: "IN ('HR')", dumpFiles: ["m%U.dmp"], fileSize: "40KB", parameters }));
  const files = await filesOf(folder);
  const holders = files
    .map(({ info, file }) => ({ items: itemsOf(info), part: file.segments.find(({ type }) => type === 3) }))
    .filter(({ part }) => part !== undefined)
    .sort((a, b) => (a.part?.firstFrame ?? 0) - (b.part?.firstFrame ?? 0));
  expect(holders.length).toBeGreaterThan(2);
  expect(holders.length).toBeLessThan(files.length + 1);
  holders.forEach(({ items }, i) => {
    expect([items[2], items[16], items[17]]).toEqual(["1", String(holders.length), String(i + 1)]);
    expect([items[5], items[11]]).toEqual(["2000", "AL16UTF16"]);
  });
  for (const { info, file } of files) {
    if (file.segments.some(({ type }) => type === 3)) continue;
    expect([2, 16, 17].map((code) => itemsOf(info)[code])).toEqual(["0", undefined, undefined]);
  }
});

test("dumpinfo shows them as words, and as typed values in JSON", async () => {
  const folder = exportedFolder(rows(10));
  const parameters = { ...PASSWORD, COMPRESSION: "ALL", COMPRESSION_ALGORITHM: "MEDIUM" };
  expectSuccess(await runExport(folder, { schemas: "IN ('HR')", dumpFiles: ["x.dmp"], jobName: "J", parameters }));
  const info = (await filesOf(folder))[0]?.info;
  if (info === undefined) throw new Error("no dump file");
  const text = infoLines("x.dmp", info).map((line) => line.replace(/ {2,}/, " "));
  expect(text).toEqual(
    expect.arrayContaining([
      "x.dmp is a Data Pump dump file",
      `The information table has ${info.infoTable.length} entries`,
      "Dump File Version: 1.1",
      "Master Table Present: Yes",
      "Dump File Number: 1",
      "Internal Dump Flags: 0",
      'Job Name: "SYSTEM"."J"',
      "Metadata Compressed: Yes",
      "Master Table Piece Count: 1",
      "Master Table Piece Number: 1",
      "Table Data Compressed: Yes",
      "Metadata Encrypted: Yes",
      "Table Data Encrypted: Yes",
      "TDE Columns Encrypted: No",
      "Encryption Mode: Password",
      "Compression Algorithm: Medium",
    ]),
  );
  const json = JSON.parse(infoJson("x.dmp", info)) as { items: { code: number; value: unknown }[] };
  const values = new Map(json.items.map(({ code, value }) => [code, value]));
  expect([2, 4, 7, 16, 19, 21, 22, 23].map((code) => values.get(code))).toEqual([
    true,
    1,
    0,
    1,
    true,
    false,
    "Password",
    "Medium",
  ]);
  expect(json.items.length).toBe(info.infoTable.length);
  expect(values.has(KU.DFHDR_DIRPATH)).toBe(false);
});

/** The version that the first bytes of a file say, and the codes of its header's items. */
function headerOf(path: string): { version: string; codes: number[] } {
  const bytes = readFileSync(path);
  const codes: number[] = [];
  for (let at = 18; codes.length < bytes.readUInt16BE(16); at += 6 + bytes.readUInt32BE(at + 2))
    codes.push(bytes.readUInt16BE(at));
  return { version: `${bytes.readUInt16BE(8)}.${bytes.readUInt16BE(10)}`, codes: codes.sort((a, b) => a - b) };
}

test("VERSION=1.0 writes what files of 1.0 hold, and refuses what they can't", async () => {
  const folder = exportedFolder(rows(10));
  expectSuccess(await runExport(folder, { dumpFiles: ["old.dmp"], version: "1" }));
  const old = headerOf("fixtures/dumps/format-1.0/hr-compressed.dmp");
  expect(headerOf(join(folder, "old.dmp"))).toEqual({ version: "1.0", codes: old.codes });
  const [file] = await filesOf(folder);
  expect(file?.info.infoTable).toContainEqual({ itemCode: KU.DFHDR_FILE_VERSION, value: "1.0" });
  expectSuccess(await runImport(folder, { dumpFiles: ["old.dmp"], remap: [["HR", "BACK"]] }));
  for (const [feature, parameters] of [
    ["ENCRYPTION", PASSWORD],
    ["CHECKSUM", { CHECKSUM_ALGORITHM: "CRC32" }],
    ["TRANSPORTABLE", { TRANSPORTABLE: "ALWAYS" }],
  ] as const)
    await expect(runExport(folder, { dumpFiles: ["new.dmp"], version: "1.0", parameters })).rejects.toMatchObject({
      lines: [{ code: "ORA-39002" }, { code: "ORA-39055", text: `The ${feature} feature is not supported in version 1.0.` }],
    });
});

import Sqlite from "better-sqlite3";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { KU } from "../../src/api/constants.ts";
import { connect } from "../../src/api/data-pump.ts";
import { compareDatabases } from "../judge/compare.ts";
import { inThisProcess } from "./launch-here.ts";
import {
  codesOf,
  defineJob,
  expectSuccess,
  failureOf,
  followJob,
  runExport,
  runImport,
  startJob,
  type JobRequest,
} from "./pump-jobs.ts";
import { runToFailpoint } from "./restarts.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const HR = readFileSync(new URL("../../fixtures/hr.sql", import.meta.url), "utf8");
const PASSWORD = "correct horse battery staple";
const ENCRYPTED = { ENCRYPTION_PASSWORD: PASSWORD };

function hrFolder(): string {
  const folder = temporaryFolder();
  const database = new Sqlite(join(folder, "HR.db"));
  database.exec(HR);
  database.close();
  return folder;
}

function expectSame(folder: string, copy: string): void {
  expect(compareDatabases(join(folder, "HR.db"), join(folder, `${copy}.db`), { journalMode: true })).toEqual([]);
}

/** Every file below a folder that holds a text. */
function filesWith(folder: string, text: string): readonly string[] {
  const paths = readdirSync(folder, { recursive: true }).map((name) => join(folder, String(name)));
  return paths.filter((path) => statSync(path).isFile() && readFileSync(path).includes(text));
}

test.each<[string, Readonly<Record<string, string | number>>]>([
  ["all", { ENCRYPTION_ALGORITHM: "AES128" }],
  ["data only, compressed", { ENCRYPTION: "DATA_ONLY", COMPRESSION: "ALL" }],
  ["metadata only", { ENCRYPTION: "METADATA_ONLY", ENCRYPTION_MODE: "PASSWORD", ENCRYPTION_ALGORITHM: "AES192" }],
])("a dump that encrypts %s comes back, and its password is nowhere on disk", async (_, parameters) => {
  const folder = hrFolder();
  const request: JobRequest = {
    dumpFiles: ["e%U.dmp"],
    parameters: { ...ENCRYPTED, ...parameters, KEEP_MASTER: 1 },
    logFile: "e.log",
  };
  expectSuccess(await runExport(folder, { ...request, schemas: "IN ('HR')", fileSize: "60KB" }));
  expectSuccess(await runImport(folder, { dumpFiles: ["e01.dmp"], remap: [["HR", "COPY"]], parameters: ENCRYPTED }));
  expectSame(folder, "COPY");
  expect(filesWith(folder, PASSWORD)).toEqual([]);
});

test("a dump is refused without its password, with a wrong one, and a plain one with any; nothing is left behind", async () => {
  const folder = hrFolder();
  expectSuccess(await runExport(folder, { schemas: "IN ('HR')", dumpFiles: ["e.dmp"], parameters: ENCRYPTED }));
  expectSuccess(await runExport(folder, { schemas: "IN ('HR')", dumpFiles: ["plain.dmp"] }));
  const before = readdirSync(folder, { recursive: true }).length;
  const importCodes = async (file: string, parameters: Record<string, string>) =>
    codesOf(await failureOf(runImport(folder, { dumpFiles: [file], remap: [["HR", "COPY"]], parameters })));
  expect(await importCodes("e.dmp", {})).toEqual(["ORA-39002", "ORA-39174"]);
  expect(await importCodes("e.dmp", { ENCRYPTION_PASSWORD: "Correct horse" })).toEqual(["ORA-39002", "ORA-39176"]);
  expect(await importCodes("plain.dmp", ENCRYPTED)).toEqual(["ORA-39002", "ORA-39175"]);
  expect(readdirSync(folder, { recursive: true }).length).toBe(before);
});

test.each<[Readonly<Record<string, string | number>>, readonly string[]]>([
  [{ ENCRYPTION: "ALL" }, ["ORA-39002", "ORA-28365"]],
  [{ ENCRYPTION_MODE: "PASSWORD" }, ["ORA-39002", "ORA-39174"]],
  [{ ...ENCRYPTED, ENCRYPTION_MODE: "TRANSPARENT" }, ["ORA-39002", "ORA-39050"]],
  [{ ...ENCRYPTED, ENCRYPTION_MODE: "DUAL" }, ["ORA-39002", "ORA-28365"]],
  [{ ...ENCRYPTED, ENCRYPTION: "NONE" }, ["ORA-39002", "ORA-39050"]],
  [{ ENCRYPTION: "NONE", ENCRYPTION_MODE: "PASSWORD" }, ["ORA-39002", "ORA-39050"]],
  [{ ENCRYPTION_ALGORITHM: "AES256" }, ["ORA-39002", "ORA-39053"]],
  [{ CHECKSUM: 0, CHECKSUM_ALGORITHM: "CRC32" }, ["ORA-39002", "ORA-39050"]],
  [{ COMPRESSION: "NONE", COMPRESSION_ALGORITHM: "HIGH" }, ["ORA-39002", "ORA-39050"]],
])("an export with %o is refused", async (parameters, codes) => {
  const folder = hrFolder();
  expect(codesOf(await failureOf(runExport(folder, { schemas: "IN ('HR')", parameters })))).toEqual(codes);
  expect(readdirSync(folder).filter((name) => name.endsWith(".dmp"))).toEqual([]);
});

test("a job that is started again asks for its password again, and takes no other", async () => {
  const folder = hrFolder();
  const pump = await connect(folder, { currentDirectory: folder });
  try {
    const request = { schemas: "IN ('HR')", dumpFiles: ["one.dmp"], fileSize: "50KB", jobName: "AGAIN", parameters: ENCRYPTED };
    const handle = await defineJob(pump, "EXPORT", request);
    await inThisProcess(() => startJob(pump, handle));
    expect((await followJob(pump, handle)).state).toBe("STOPPED");
    await pump.detach(handle).catch(() => undefined);
    const again = await pump.attach("AGAIN");
    await pump.addFile(again, "more%U.dmp", "DATA_PUMP_DIR", "60KB", KU.FILE_TYPE_DUMP_FILE);
    expect(codesOf(await failureOf(inThisProcess(() => pump.startJob(again))))).toEqual(["ORA-39002", "ORA-39174"]);
    await pump.setParameter(again, "ENCRYPTION_PASSWORD", "another");
    expect(codesOf(await failureOf(inThisProcess(() => pump.startJob(again))))).toEqual(["ORA-39002", "ORA-39176"]);
    await pump.setParameter(again, "ENCRYPTION_PASSWORD", PASSWORD);
    await inThisProcess(() => startJob(pump, again));
    expect((await followJob(pump, again)).state).toBe("COMPLETED");
  } finally {
    await pump.close();
  }
  await vi.waitUntil(() => !existsSync(join(folder, ".tsdp", "jobs", "SYSTEM.AGAIN.db")), { timeout: 60_000 });
  expect(filesWith(folder, PASSWORD)).toEqual([]);
  expectSuccess(await runImport(folder, { dumpFiles: ["more%U.dmp"], remap: [["HR", "COPY"]], parameters: ENCRYPTED }));
  expectSame(folder, "COPY");
});

test("a job that was killed before anything was durable takes no other password either", async () => {
  const folder = hrFolder();
  const request = { schemas: "IN ('HR')", dumpFiles: ["k.dmp"], parameters: ENCRYPTED };
  await runToFailpoint("EXPORT", folder, request, "job executing");
  const pump = await connect(folder, { currentDirectory: folder });
  try {
    const handle = await pump.attach("INTERRUPTED");
    await pump.setParameter(handle, "ENCRYPTION_PASSWORD", "another");
    expect(codesOf(await failureOf(inThisProcess(() => pump.startJob(handle))))).toEqual(["ORA-39002", "ORA-39176"]);
    await pump.setParameter(handle, "ENCRYPTION_PASSWORD", PASSWORD);
    await inThisProcess(() => startJob(pump, handle));
    expect((await followJob(pump, handle)).state).toBe("COMPLETED");
  } finally {
    await pump.close();
  }
  expectSuccess(await runImport(folder, { dumpFiles: ["k.dmp"], remap: [["HR", "COPY"]], parameters: ENCRYPTED }));
  expectSame(folder, "COPY");
});

test("a wallet encrypts without a password as long as it is open, and earlier dumps after a rotation", async () => {
  const [folder, runtime] = [hrFolder(), temporaryFolder()];
  vi.stubEnv("XDG_RUNTIME_DIR", runtime);
  const transparent = { schemas: "IN ('HR')", parameters: { ENCRYPTION_MODE: "TRANSPARENT" } };
  const pump = await connect(folder, { currentDirectory: folder });
  try {
    await pump.createWallet("wallet password");
    expect(codesOf(await failureOf(pump.createWallet("another")))).toEqual(["ORA-00955"]);
    expect(codesOf(await failureOf(runExport(folder, transparent)))).toEqual(["ORA-39002", "ORA-28365"]);
    expect(codesOf(await failureOf(pump.openWallet("wrong")))).toEqual(["ORA-28353"]);
    const path = await pump.openWallet("wallet password");
    expect([path.startsWith(runtime), statSync(path).mode & 0o777]).toEqual([true, 0o600]);
    expectSuccess(await runExport(folder, { ...transparent, dumpFiles: ["before.dmp"] }));
    await pump.rotateWallet("wallet password");
    expect(await pump.walletStatus()).toEqual({ exists: true, isOpen: true, masterKeys: 2 });
    expectSuccess(await runExport(folder, { ...transparent, dumpFiles: ["after.dmp"] }));
    for (const [i, file] of ["before.dmp", "after.dmp"].entries()) {
      expectSuccess(await runImport(folder, { dumpFiles: [file], remap: [["HR", `COPY${i}`]] }));
      expectSame(folder, `COPY${i}`);
    }
    await pump.closeWallet();
    const closed = runImport(folder, { dumpFiles: ["after.dmp"], remap: [["HR", "COPY"]] });
    expect(codesOf(await failureOf(closed))).toEqual(["ORA-39002", "ORA-28365"]);
    vi.stubEnv("TSDP_WALLET_PASSWORD", "wallet password");
    expectSuccess(await runImport(folder, { dumpFiles: ["after.dmp"], remap: [["HR", "COPY"]] }));
  } finally {
    await pump.close();
  }
});

test.each(["CRC32", "SHA256", "SHA384", "SHA512"])(
  "%s checksums are written, verified, and tell a damaged file",
  async (algorithm) => {
    const folder = hrFolder();
    const exported = await runExport(folder, {
      schemas: "IN ('HR')",
      dumpFiles: ["c%U.dmp"],
      fileSize: "60KB",
      parameters: { CHECKSUM_ALGORITHM: algorithm },
    });
    expectSuccess(exported);
    expect(exported.lines).toContain("Generating checksums for dump file set");
    const whole = await runImport(folder, { dumpFiles: ["c%U.dmp"], parameters: { VERIFY_ONLY: 1 } });
    expectSuccess(whole);
    expect(whole.lines[0]).toBe("Verifying dump file checksums");
    expect(whole.lines.slice(3, -1)).toEqual([
      "dump file set is complete",
      ...readdirSync(folder)
        .filter((name) => name.endsWith(".dmp"))
        .map((name) => `verified checksum for dump file "${join(folder, name)}"`),
      "dump file set is consistent",
    ]);
    expect(readdirSync(folder)).not.toContain("COPY.db");
    flipByte(join(folder, "c02.dmp"));
    const damaged = await runImport(folder, { dumpFiles: ["c01.dmp"], parameters: { VERIFY_ONLY: 1 } });
    expect(damaged).toMatchObject({ state: "COMPLETED", errorCount: 1 });
    expect(damaged.errors[0]).toContain(`ORA-39412: file checksum error in dump file "${join(folder, "c02.dmp")}"`);
    expect(damaged.lines).toContain("dump file set is inconsistent");
    const imported = await runImport(folder, { dumpFiles: ["c01.dmp"], remap: [["HR", "COPY"]] });
    expect([imported.state, imported.errors[0]]).toEqual(["STOPPED", expect.stringContaining("ORA-39412")]);
    expect(readdirSync(folder)).not.toContain("COPY.db");
  },
);

/** In the rows of the first table: after the header and one frame header. */
function flipByte(path: string): void {
  const bytes = readFileSync(path);
  const at = bytes.indexOf("SQLite format 3") + 600;
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
  writeFileSync(path, bytes);
}

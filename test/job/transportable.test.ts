import Sqlite from "better-sqlite3";
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { writeConstructs } from "../../fixtures/constructs.ts";
import { PumpError } from "../../src/base/errors.ts";
import { encodePiece, loadCodec, PIECE_TYPE } from "../../src/dump/piece.ts";
import { readPiece } from "../../src/dump/piece-reader.ts";
import { DumpFileSet } from "../../src/dump/reader.ts";
import { DumpFileSetWriter } from "../../src/dump/writer.ts";
import { openDump, type OpenDump } from "../../src/inspect/open-dump.ts";
import { openQuery } from "../../src/inspect/query.ts";
import { verifySet } from "../../src/inspect/verify.ts";
import { assertWholeSchemas } from "../../src/job/transportable.ts";
import type { JobDefinition } from "../../src/job/definition.ts";
import { NO_PLACE_KEYS } from "../../src/job/place-access.ts";
import { NO_KEYS } from "../../src/dump/set-key.ts";
import { LocalStorage } from "../../src/storage/local.ts";
import { setOptions, withFiles } from "../dump/sets.ts";
import { compareDatabases } from "../judge/compare.ts";
import { expectSuccess, runInProcess, type JobReport, type JobRequest } from "./pump-jobs.ts";
import { restart, runToFailpoint } from "./restarts.ts";

// Little data makes a schema of several parts.
vi.hoisted(() => {
  process.env["TSDP_PIECE_BYTES"] = String(256 << 10);
});

const ALWAYS = { TRANSPORTABLE: "ALWAYS" };

let folder: string;

beforeAll(async () => {
  await loadCodec();
  folder = realpathSync(mkdtempSync(join(tmpdir(), "tsdp-transportable-")));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

beforeEach(() => {
  for (const file of readdirSync(folder)) rmSync(join(folder, file), { recursive: true });
});

const at = (name: string) => join(folder, name);
const unfinished = () => readdirSync(folder).filter((name) => name.includes(".part"));

async function run(operation: "EXPORT" | "IMPORT", request: JobRequest): Promise<JobReport> {
  const result = await runInProcess(operation, folder, { dumpFiles: ["a.dmp"], ...request });
  if (result instanceof PumpError) throw result;
  return result;
}

async function failure(operation: "EXPORT" | "IMPORT", request: JobRequest): Promise<string> {
  const result = await runInProcess(operation, folder, { dumpFiles: ["a.dmp"], ...request });
  return result instanceof PumpError ? result.message : result.errors.join("\n");
}

/** SQLite says of values what it says in the source, and can't check one of the virtual tables. */
function expectOnlyNotes({ state, errors }: JobReport): void {
  expect(errors).toEqual([expect.stringMatching(/^TSDP-00011: .*(?:\nquick_check: (?:.* value in|unable to validate) .*)+$/)]);
  expect(state).toBe("COMPLETED");
}

async function look<T>(work: (dump: OpenDump) => Promise<T>): Promise<T> {
  const access = { storage: new LocalStorage(), keys: NO_PLACE_KEYS, keyring: NO_KEYS, currentDirectory: folder, folders: [] };
  const dump = await openDump(["a.dmp"], access);
  try {
    return await work(dump);
  } finally {
    await dump.close();
  }
}

describe("pages as they are", () => {
  test("a schema comes back byte for byte, compressed and split over files by several workers", async () => {
    writeConstructs(at("SRC.db"), { pageSize: 1024, unkeepable: false });
    new Sqlite(at("SRC.db")).exec("CREATE TABLE more AS SELECT zeroblob(750000) AS v").close();
    const exported = await run("EXPORT", {
      mode: "TRANSPORTABLE",
      filters: [["TABLESPACE_EXPR", "= 'SRC'"]],
      dumpFiles: ["a%U.dmp"],
      parallel: 2,
      parameters: { COMPRESSION: "ALL", CHECKSUM: 1 },
    });
    expectSuccess(exported);
    expect(exported.lines).toContain("Datafiles transported for tablespace SRC:");
    const imported = await run("IMPORT", { dumpFiles: ["a%U.dmp"], remap: [["SRC", "BACK"]], parallel: 2 });
    expectOnlyNotes(imported);
    expect(readFileSync(at("BACK.db")).equals(readFileSync(at("SRC.db")))).toBe(true);
    expect(await failure("IMPORT", { dumpFiles: ["a%U.dmp"] })).toContain("ORA-29349: tablespace 'SRC' already exists");
    expect(await failure("IMPORT", { dumpFiles: ["a%U.dmp"], tables: "SRC.more" })).toContain("ORA-39050: parameter mode TABLE");
    expect(unfinished()).toEqual([]);
  }, 60_000);

  test("what is only in the WAL beside a program that writes comes too; rows are counted and the dump is verified", async () => {
    writeConstructs(at("SRC.db"), { encoding: "UTF-16le", autoVacuum: 2 });
    const writer = new Sqlite(at("SRC.db"));
    writer.pragma("journal_mode = wal");
    writer.exec("CREATE TABLE late (v); INSERT INTO late VALUES (1), (2), (3)");
    expectSuccess(await run("EXPORT", { schemas: "= 'SRC'", parameters: ALWAYS }));
    expectOnlyNotes(await run("IMPORT", { mode: "TRANSPORTABLE", remap: [["SRC", "BACK"]] }));
    expect(compareDatabases(at("SRC.db"), at("BACK.db"), { journalMode: true })).toEqual([]);
    writer.close();
    await look(async (dump) => {
      const { faultCount, tables } = await verifySet(dump.set, { storage: new LocalStorage(), keys: NO_PLACE_KEYS });
      expect(faultCount).toBe(0);
      expect(tables.find(({ name }) => name === "late")).toMatchObject({ rows: 3, isWhole: true });
      await expect(openQuery(dump, "SELECT 1 FROM late")).rejects.toThrow("no table can be read by itself");
    });
  }, 60_000);

  test("what an import would refuse is not exported", async () => {
    new Sqlite(at("SRC.db")).exec('CREATE TABLE "tsdp:12345678:1" (a)').close();
    expect(await failure("EXPORT", { parameters: ALWAYS })).toContain("can't be transported as it is");
    expect(readdirSync(folder).filter((name) => name.endsWith(".dmp"))).toEqual([]);
  });
});

test.each([
  ["mode TABLE", { mode: "TABLE" }],
  ["CONTENT", { dataFilters: [{ name: "INCLUDE_ROWS", value: 0, tableName: null, schemaName: null }] }],
  ["INCLUDE, EXCLUDE", { metadataFilters: [{ name: "EXCLUDE_PATH_EXPR", value: "= 'INDEX'", objectPath: null }] }],
  ["INCLUDE, EXCLUDE", { metadataFilters: [{ name: "NAME_EXPR", value: "= 'T'", objectPath: "TABLE" }] }],
  ["ENCRYPTION=", { parameters: { ENCRYPTION: "ENCRYPTED_COLUMNS_ONLY" } }],
  ["TABLE_EXISTS_ACTION", { parameters: { TABLE_EXISTS_ACTION: "SKIP" } }],
  ["REMAP_TABLE", { metadataRemaps: [{ name: "REMAP_TABLE", oldValue: "A", value: "B", objectType: null }] }],
  ["REMAP_DATA", { dataRemaps: [{ schemaName: null, tableName: "T", column: "C", remapFunction: "tsdp.nullify" }] }],
  ["mode TRANSPORTABLE", { mode: "TRANSPORTABLE", parameters: { TRANSPORTABLE: "NEVER" } }],
] as const)("%s does not go with pages", (parameter, change) => {
  const whole = {
    operation: "EXPORT",
    mode: "FULL",
    metadataFilters: [],
    metadataRemaps: [],
    dataFilters: [],
    parameters: {},
    remoteLink: null,
  };
  expect(() => {
    assertWholeSchemas({ ...whole, ...change } as unknown as JobDefinition);
  }).toThrow(`ORA-39050: parameter ${parameter}`);
});

describe("an interrupted job", () => {
  beforeEach(() => {
    const database = new Sqlite(at("SRC.db"));
    database.exec("CREATE TABLE t (id INTEGER PRIMARY KEY, v)");
    database.exec(
      "INSERT INTO t WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 24) SELECT i, zeroblob(60000) FROM n",
    );
    database.close();
  });

  test.each(["export pages written:2", "export checkpoint", "export ended"])(
    "export, killed at '%s'",
    async (failpoint) => {
      const request = { schemas: "= 'SRC'", dumpFiles: ["a.dmp"], parallel: 2, parameters: ALWAYS };
      await runToFailpoint("EXPORT", folder, request, failpoint);
      expectSuccess(await restart(folder));
      expectSuccess(await run("IMPORT", { remap: [["SRC", "BACK"]] }));
      expect(readFileSync(at("BACK.db")).equals(readFileSync(at("SRC.db")))).toBe(true);
      expect(unfinished()).toEqual([]);
    },
    60_000,
  );

  test.each([
    ["import pages placed", "import pages named"],
    ["import pages whole", "import pages finished"],
  ])(
    "import, killed at '%s' and then at '%s'",
    async (...failpoints) => {
      expectSuccess(await run("EXPORT", { parameters: ALWAYS }));
      const request = { dumpFiles: ["a.dmp"], remap: [["SRC", "BACK"]] } as const;
      await runToFailpoint("IMPORT", folder, request, failpoints[0]);
      expect(readdirSync(folder)).not.toContain("BACK.db");
      await restart(folder, { failpoint: failpoints[1] });
      expectSuccess(await restart(folder));
      expect(readFileSync(at("BACK.db")).equals(readFileSync(at("SRC.db")))).toBe(true);
      expect(unfinished()).toEqual([]);
    },
    60_000,
  );
});

describe("hostile pages", () => {
  const SCHEMA = `
    CREATE TABLE a (id INTEGER PRIMARY KEY, v); INSERT INTO a VALUES (1, 'one'), (2, 'two');
    CREATE TABLE b (v); CREATE INDEX by_v ON a (v); CREATE VIEW w AS SELECT v FROM a`;

  beforeEach(async () => {
    new Sqlite(at("SRC.db")).exec(SCHEMA).close();
    expectSuccess(await run("EXPORT", { dumpFiles: ["good.dmp"], parameters: { ...ALWAYS, COMPRESSION: "NONE" } }));
  });

  const sql = (text: string) => (image: Buffer) => {
    const database = new Sqlite(image);
    database.unsafeMode(true);
    database.exec(text);
    const changed = database.serialize();
    database.close();
    return changed;
  };
  const bytes = (change: (image: Buffer) => void) => (image: Buffer) => {
    change(image);
    return image;
  };
  const NO_CHANGE = (image: Buffer) => image;
  const schemaSql = (text: string) => sql(`PRAGMA writable_schema = on; ${text}`);

  /** Writes the dump anew with right checksums. */
  async function forge(pages: (image: Buffer) => Buffer, master: (image: Buffer) => Buffer): Promise<void> {
    const storage = new LocalStorage();
    const set = await DumpFileSet.open([at("good.dmp")], storage);
    const options = { guid: set.header.guid, dataCompressed: false, metadataCompressed: false };
    const writer = await DumpFileSetWriter.create(setOptions([at("a.dmp")], options));
    await withFiles(storage, async (openFile) => {
      for (const location of [...set.pages.values()].flat()) {
        const image = pages(await readPiece(location, openFile));
        await writer.append(encodePiece({ ...location, rows: Math.ceil(image.length / 4096) }, image, "NONE"));
      }
      const identity = { type: PIECE_TYPE.MASTER_TABLE, object: 0, piece: 1, image: 0, rows: 0 };
      await writer.finish(encodePiece(identity, master(await readPiece(set.masterPiece(), openFile)), "NONE"));
    });
  }

  test.each([
    ["a definition more", schemaSql("CREATE TABLE c (v)"), NO_CHANGE, "other definitions"],
    [
      "another definition",
      schemaSql("UPDATE sqlite_schema SET sql = sql || ' ' WHERE name = 'w'"),
      NO_CHANGE,
      "other definitions",
    ],
    [
      "a view with pages",
      schemaSql("UPDATE sqlite_schema SET rootpage = 2 WHERE name = 'w'"),
      NO_CHANGE,
      "sound database|a view",
    ],
    ["two tables in one", schemaSql("UPDATE sqlite_schema SET rootpage = 2 WHERE name = 'b'"), NO_CHANGE, "2nd reference|sound"],
    ["a row more", sql("INSERT INTO a VALUES (3, 3)"), NO_CHANGE, "holds 3 rows instead of 2"],
    ["other settings", sql("PRAGMA user_version = 7"), NO_CHANGE, "other settings"],
    ["no database", bytes((image) => image.fill(0, 0, 16)), NO_CHANGE, "no database"],
    ["a page count", bytes((image) => image.writeUInt32BE(400, 28)), NO_CHANGE, "not as many"],
    ["a page size", bytes((image) => image.writeUInt16BE(512, 16)), NO_CHANGE, "another size"],
    ["a page cut off", (image: Buffer) => image.subarray(0, image.length - 4096), NO_CHANGE, "not as many"],
    ["half a page", (image: Buffer) => image.subarray(0, image.length - 9), NO_CHANGE, "not as long as they say"],
    ["a broken page", bytes((image) => image.fill(0xff, 4096, 4200)), NO_CHANGE, "sound database|Page 2|Tree 2|page 2"],
    [
      "a name of tsdp",
      schemaSql("CREATE TABLE c (v)"),
      sql("UPDATE object SET name = 'tsdp:12345678:1' WHERE name = 'b'"),
      "keeps its name",
    ],
    ["rows untold", NO_CHANGE, sql("DELETE FROM job WHERE name = 'ROWS'"), "does not tell the rows"],
    ["pages untold", NO_CHANGE, sql("DELETE FROM job WHERE name = 'TRANSPORTABLE'"), "pages that its master table"],
    [
      "a schema more",
      NO_CHANGE,
      sql("INSERT INTO schema SELECT 'X', encoding, page_size, 0, 0, 0, 'delete' FROM schema"),
      "disagree",
    ],
  ])("%s", async (_, pages, master, reason) => {
    await forge(pages, master);
    expect(await failure("IMPORT", { remap: [["SRC", "BACK"]] })).toMatch(new RegExp(reason));
    expect(readdirSync(folder).filter((name) => !name.endsWith(".dmp") && name !== ".tsdp")).toEqual(["SRC.db"]);
  });

  test("the same dump unchanged is taken", async () => {
    await forge(NO_CHANGE, NO_CHANGE);
    expectSuccess(await run("IMPORT", { remap: [["SRC", "BACK"]] }));
    expect(compareDatabases(at("SRC.db"), at("BACK.db"))).toEqual([]);
  });
});

import Sqlite from "better-sqlite3";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { PumpError } from "../../src/base/errors.ts";
import { encodePiece, loadCodec } from "../../src/dump/piece.ts";
import { readPiece } from "../../src/dump/piece-reader.ts";
import { DumpFileSet } from "../../src/dump/reader.ts";
import { DumpFileSetWriter } from "../../src/dump/writer.ts";
import { LocalStorage } from "../../src/storage/local.ts";
import { compareDatabases } from "../judge/compare.ts";
import { setOptions, withFiles } from "../dump/sets.ts";
import { expectCatalogued } from "../fuzz/harness.ts";
import { expectSuccess, runExport, runInProcess, type JobReport, type JobRequest } from "./pump-jobs.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const SCHEMA = `
  CREATE TABLE first (id INTEGER PRIMARY KEY, a); INSERT INTO first VALUES (1, 'one'), (2, 'two');
  CREATE TABLE middle (a, b); INSERT INTO middle VALUES (1, 'one'), (2, 'two');
  CREATE TABLE last (k TEXT PRIMARY KEY, v) WITHOUT ROWID; INSERT INTO last VALUES ('x', 1), ('y', 2);
  CREATE INDEX by_a ON middle (a);
  CREATE VIEW all_a AS SELECT a FROM first UNION ALL SELECT a FROM middle;
  CREATE TRIGGER keeps AFTER INSERT ON first BEGIN DELETE FROM middle; END`;
const ACTIONS = ["SKIP", "APPEND", "TRUNCATE", "REPLACE"];

let folder: string;

beforeAll(async () => {
  await loadCodec();
});

beforeEach(async () => {
  folder = temporaryFolder();
  execute("SRC", SCHEMA);
  expectSuccess(await runExport(folder, { schemas: "IN ('SRC')", dumpFiles: ["good.dmp"], parameters: { COMPRESSION: "NONE" } }));
  execute("OLD", SCHEMA.replaceAll("'two'", "'old'"));
});

function execute(schema: string, sql: string): void {
  const database = new Sqlite(join(folder, `${schema}.db`));
  database.exec(sql);
  database.close();
}

function changedImage(image: Buffer, sql: string): Buffer {
  const database = new Sqlite(image);
  database.unsafeMode(true);
  database.exec(sql);
  const changed = database.serialize();
  database.close();
  return changed;
}

/** Writes the dump anew with right checksums, its images changed: `master` is SQL on the master table, the others by number of object. */
async function forge(changes: Readonly<Record<string, (image: Buffer) => Buffer>>): Promise<void> {
  const storage = new LocalStorage();
  const set = await DumpFileSet.open([join(folder, "good.dmp")], storage);
  const writer = await DumpFileSetWriter.create(
    setOptions([join(folder, "bad.dmp")], { guid: set.header.guid, dataCompressed: false, metadataCompressed: false }),
  );
  await withFiles(storage, async (openFile) => {
    const locations = [...[...set.descriptions.values()].flat(), ...[...set.pieces.values()].flat(), set.masterPiece()];
    for (const location of locations) {
      const image = await readPiece(location, openFile);
      const key = location.type === 3 ? "master" : location.type === 1 ? String(location.object) : "";
      const piece = encodePiece(location, changes[key]?.(image) ?? image, "NONE");
      if (location.type === 3) await writer.finish(piece);
      else await writer.append(piece);
    }
  });
}

function files(): readonly string[] {
  return readdirSync(folder, { recursive: true })
    .map(String)
    .filter((name) => !name.startsWith(".tsdp") && !name.endsWith(".dmp") && statSync(join(folder, name)).isFile())
    .sort()
    .map(
      (name) =>
        `${name} ${createHash("sha256")
          .update(readFileSync(join(folder, name)))
          .digest("hex")}`,
    );
}

function names(): readonly string[] {
  return files().map((line) => line.slice(0, line.indexOf(" ")));
}

async function importBad(request: JobRequest): Promise<JobReport | PumpError> {
  return runInProcess("IMPORT", folder, { dumpFiles: ["bad.dmp"], ...request });
}

function textOf(result: JobReport | PumpError): string {
  return result instanceof PumpError ? result.message : result.errors.join("\n");
}

const INTO_NEW: JobRequest = { remap: [["SRC", "FRESH"]] };
const INTO_OLD = (action: string): JobRequest => ({ remap: [["SRC", "OLD"]], parameters: { TABLE_EXISTS_ACTION: action } });

describe("a damaged piece in the middle of a dump", () => {
  test("leaves an existing schema as it was byte for byte, whatever is to become of its tables, and makes no new one", async () => {
    const bytes = readFileSync(join(folder, "good.dmp"));
    const place = bytes.indexOf("CREATE TABLE tsdp_piece", Math.floor(bytes.length / 3));
    bytes.writeUInt8(bytes.readUInt8(place) ^ 1, place);
    writeFileSync(join(folder, "bad.dmp"), bytes);
    const before = files();
    for (const request of [...ACTIONS.map(INTO_OLD), INTO_NEW]) {
      const result = await importBad(request);
      expect(textOf(result)).toMatch(/ORA-39412|ORA-31619/);
      expect(files()).toEqual(before);
    }
  });

  test("that has right checksums is found before a row of it is used, and what was loaded before it goes again", async () => {
    await forge({ 2: (image) => image.fill(0xff, 4096, 8192) });
    execute("TWIN", SCHEMA.replaceAll("'two'", "'old'"));
    const before = names();
    for (const action of ACTIONS.slice(1)) {
      expect(textOf(await importBad(INTO_OLD(action)))).toMatch(/ORA-31619: [^]*ORA-02354: /);
      expect(names()).toEqual(before);
      expect(compareDatabases(join(folder, "TWIN.db"), join(folder, "OLD.db"))).toEqual([]);
    }
    await importBad(INTO_NEW);
    expect(names().filter((name) => name.includes("FRESH"))).toEqual([]);
  });
});

describe("a piece image that is not what it should be is an error of the dump", () => {
  test.each<[string, number, string]>([
    ["a text for a rowid", 1, "UPDATE tsdp_piece SET k = 'x'"],
    ["a row too many", 2, "INSERT INTO tsdp_piece SELECT 9, c1, c2 FROM tsdp_piece"],
    ["a row too few", 2, "DELETE FROM tsdp_piece WHERE k = 1"],
    ["another table", 2, "CREATE TABLE more (a)"],
    ["a trigger", 2, "CREATE TRIGGER t AFTER INSERT ON tsdp_piece BEGIN SELECT 1; END"],
    ["a view in its place", 2, "ALTER TABLE tsdp_piece RENAME TO x; CREATE VIEW tsdp_piece AS SELECT 1 AS k, 2 AS c1, 3 AS c2"],
    ["a generated column", 2, "ALTER TABLE tsdp_piece ADD COLUMN g AS (k)"],
    [
      "another definition",
      2,
      "PRAGMA writable_schema = on; UPDATE sqlite_schema SET sql = 'CREATE TABLE tsdp_piece(k NOT NULL,c1,c2,CHECK(c1))'",
    ],
    ["the WAL format", 2, "PRAGMA user_version = 1"],
  ])("%s", async (what, object, sql) => {
    await forge({
      [object]: (image) => {
        const changed = changedImage(image, sql);
        return what === "the WAL format" ? changed.fill(2, 18, 20) : changed;
      },
    });
    const result = await importBad(INTO_NEW);
    const text = textOf(result);
    expect(text).toMatch(/ORA-31619: [^]*ORA-02354: /);
    expect(text).not.toMatch(/ORA-39006|TSDP-00012/);
    expect(names().filter((name) => name.includes("FRESH"))).toEqual([]);
  });

  test("rows in another text encoding", async () => {
    await forge({
      2: () => {
        const database = new Sqlite(":memory:");
        database.exec("PRAGMA encoding = 'UTF-16le'; CREATE TABLE tsdp_piece(k NOT NULL,c1,c2)");
        database.exec("INSERT INTO tsdp_piece VALUES (1, 1, 'one'), (2, 2, 'two')");
        const image = database.serialize();
        database.close();
        return image;
      },
    });
    expect(textOf(await importBad(INTO_NEW))).toMatch(/ORA-31619: [^]*ORA-02354: /);
  });
});

describe("a master table with right checksums that lies", () => {
  const lies: readonly string[] = [
    "UPDATE piece SET rows = 3 WHERE object = 2",
    "UPDATE piece SET rows = 9007199254740991",
    "UPDATE piece SET piece = 2 WHERE object = 2",
    "DELETE FROM piece WHERE object = 2",
    "INSERT INTO piece SELECT * FROM piece",
    "INSERT INTO piece SELECT object, 2, 1, rows FROM piece",
    "UPDATE object SET id = 1",
    "UPDATE object SET schema = 'OTHER' WHERE id = 1",
    "INSERT INTO schema SELECT * FROM schema",
    "UPDATE object SET name = 'sqlite_sequence' WHERE id = 2",
    "UPDATE object SET type = 'VIEW' WHERE id = 2",
    "UPDATE object SET kind = 'shadow', owner = 'first' WHERE id = 2",
    "UPDATE object SET shape = json_set(shape, '$.columns', json('[]'))",
    "UPDATE object SET shape = json_set(shape, '$.withoutRowid', json('true')) WHERE id = 2",
    "UPDATE object SET shape = NULL",
    "UPDATE object SET sql = CAST('VACUUM INTO ''mark.db''' AS BLOB)",
    "UPDATE object SET sql = CAST('ATTACH ''mark.db'' AS x' AS BLOB) WHERE id = 2",
    "UPDATE object SET sql = CAST('CREATE TEMP TABLE middle (a, b)' AS BLOB) WHERE id = 2",
    "UPDATE object SET sql = CAST('CREATE TABLE middle AS SELECT 1' AS BLOB) WHERE id = 2",
    "UPDATE object SET sql = CAST('CREATE INDEX by_a ON middle (a); ATTACH ''mark.db'' AS x' AS BLOB) WHERE name = 'by_a'",
    "UPDATE object SET sql = CAST('PRAGMA user_version = 77' AS BLOB) WHERE type = 'INDEX'",
    "UPDATE object SET name = '../../evil', table_name = '../../evil'",
    "UPDATE object SET name = '__proto__' WHERE id = 2",
    "UPDATE object SET name = x'6100' || name",
    "UPDATE object SET name = 'tsdp:sequence' WHERE id = 2",
    "UPDATE schema SET name = 'SRC2'",
    "DELETE FROM object",
    "DELETE FROM schema",
    "DELETE FROM job",
  ];
  test.each(lies)("%s", async (sql) => {
    await forge({ master: (image) => changedImage(image, sql) });
    const before = files();
    const result = await importBad({ ...INTO_NEW, jobName: "LIES" });
    const text = textOf(result);
    expect(text).not.toMatch(/ORA-39006|TypeError|RangeError|^ +at /m);
    if (result instanceof PumpError) expectCatalogued(result, sql);
    const completed = !(result instanceof PumpError) && result.state === "COMPLETED";
    expect(files().filter((line) => !completed || !line.startsWith("FRESH.db"))).toEqual(before);
    expect(text !== "" || completed, "says what is wrong").toBe(true);
  });

  test.each(["", ".", "..", ".tsdp", "../X", "a/b", "a\\b", "A\nB", "A\u0000B", "X".repeat(10_000)])(
    "a schema name that can be no file: %j",
    async (name) => {
      const bytes = Buffer.from(name);
      await forge({
        master: (image) =>
          changedImage(
            image,
            `UPDATE schema SET name = CAST(x'${bytes.toString("hex")}' AS TEXT); UPDATE object SET schema = CAST(x'${bytes.toString("hex")}' AS TEXT)`,
          ),
      });
      const before = files();
      const result = await importBad({});
      expect(result).toBeInstanceOf(PumpError);
      expectCatalogued(result, name);
      expect(files()).toEqual(before);
    },
  );
});

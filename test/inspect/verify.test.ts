import { copyFileSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import Sqlite from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { verifyDump } from "../../src/api/verify.ts";
import { PumpError } from "../../src/base/errors.ts";
import { DumpFileSet } from "../../src/dump/reader.ts";
import { DumpFileSetWriter } from "../../src/dump/writer.ts";
import { verifySet, type Verification } from "../../src/inspect/verify.ts";
import { encodeMasterTable, type MasterTable } from "../../src/metadata/master-table.ts";
import { pieceLayout, pieceTableSql } from "../../src/sqlite/piece-table.ts";
import type { TableShape } from "../../src/sqlite/schema.ts";
import { NO_PLACE_KEYS } from "../../src/storage/place-keys.ts";
import { Places } from "../../src/storage/places.ts";
import { encoded, GUID, setOptions, testFolder } from "../dump/sets.ts";
import { runExport } from "../job/pump-jobs.ts";
import { temporaryFolder } from "../job/temporary-folder.ts";
import { keyringOf, unpack } from "../vectors/read.ts";
import { decodeVector } from "../vectors/vector.ts";
import { byThreads } from "./check-here.ts";

const PASSWORD = "a password";
const VECTORS = fileURLToPath(new URL("../../fixtures/dumps/vectors", import.meta.url));

describe("a set with a flipped byte", () => {
  /** @returns the path of a dump of two tables */
  async function exported(folder: string, kind: string, password: string | null): Promise<string> {
    const database = new Sqlite(join(folder, "S.db"));
    database.exec(
      "CREATE TABLE t (a, b); INSERT INTO t VALUES (1, 'one'), (2, 'two'); CREATE TABLE u (a); INSERT INTO u VALUES (1)",
    );
    database.close();
    const parameters = password === null ? { CHECKSUM_ALGORITHM: "CRC32" } : { ENCRYPTION_PASSWORD: password };
    await runExport(folder, { mode: "FULL", folder, dumpFiles: [`${kind}.dmp`], parameters });
    return join(folder, `${kind}.dmp`);
  }

  async function verified(path: string, password: string | null): Promise<Verification | PumpError> {
    try {
      return (await verifyDump([path], { password, database: dirname(path) })).verification;
    } catch (error) {
      if (error instanceof PumpError) return error;
      throw error;
    }
  }

  it.each([
    ["plain", null],
    ["encrypted", PASSWORD],
  ] as const)("%s is found in every region, and is whole without it", async (kind, password) => {
    const folder = temporaryFolder();
    const path = await exported(folder, kind, password);
    const whole = await byThreads(() => verified(path, password));
    expect(whole).toMatchObject({
      faultCount: 0,
      tables: [
        { name: "t", rows: 2, isWhole: true },
        { name: "u", rows: 1 },
      ],
    });
    const set = await DumpFileSet.open([path], undefined, { password, masterKeys: null });
    const [file] = set.files;
    const rows = file?.segments.find(({ type, object }) => type === 1 && object === 1);
    const master = file?.segments.find(({ type }) => type === 3);
    if (file === undefined || rows === undefined || master === undefined) throw new Error("no segments");
    const damaged = join(folder, `damaged-${kind}.dmp`);
    const flip = async (offset: number) => {
      copyFileSync(path, damaged);
      const bytes = readFileSync(damaged);
      bytes.writeUInt8(bytes.readUInt8(offset) ^ 0x10, offset);
      writeFileSync(damaged, bytes);
      return verified(damaged, password);
    };
    for (const offset of [
      9,
      file.headerBytes.length - 1,
      file.trailer.indexOffset + 5,
      file.size - 40,
      file.size - 3,
      file.size - 100,
    ])
      expect(await flip(offset), `byte ${offset}`).toBeInstanceOf(PumpError);
    for (const offset of [
      rows.offset + 1,
      rows.offset + 50,
      rows.offset + 111,
      rows.offset + 130,
      rows.offset + rows.length - 1,
    ]) {
      expect(await flip(offset), `byte ${offset}`).toMatchObject({
        faultCount: 2,
        files: [{ isWhole: false }],
        tables: [
          { name: "t", isWhole: false, badPieces: 1 },
          { name: "u", isWhole: true },
        ],
        faults: [
          { kind: "file", file: damaged },
          { kind: "piece", file: damaged, schema: "S", object: "t", piece: 1 },
        ],
      });
    }
    expect(await byThreads(() => flip(rows.offset + 50))).toEqual(await flip(rows.offset + 50));
    const without = await flip(master.offset + 140);
    expect(without instanceof PumpError || without.faults.some(({ kind }) => kind === "set")).toBe(true);
  });
});

const SHAPE: TableShape = {
  name: "t",
  withoutRowid: false,
  rowid: "rowid",
  integerPrimaryKey: null,
  columns: ["a"],
  storedColumns: ["a"],
  constraints: [],
};

function image(sql: string, ...rows: readonly (readonly [bigint | string, string])[]): Buffer {
  const database = new Sqlite(":memory:");
  database.exec(sql);
  for (const row of rows) database.prepare("INSERT INTO tsdp_piece VALUES (?, ?)").run(...row);
  return database.serialize();
}

const PIECE_SQL = pieceTableSql(pieceLayout(SHAPE));
const GOOD = image(PIECE_SQL, [1n, "one"], [2n, "two"]);

/** A set whose checksums are all right, whatever it says. */
async function lyingSet(raw: Buffer, change: { rows?: number; listed?: number; sql?: string; shape?: TableShape } = {}) {
  const { rows = 2, listed = 2, sql = "CREATE TABLE t (a)", shape = SHAPE } = change;
  const path = join(testFolder(), "lie.dmp");
  const settings = {
    encoding: "UTF-8",
    pageSize: 4096,
    autoVacuum: 0,
    userVersion: 0,
    applicationId: 0,
    journalMode: "delete",
  } as const;
  const object = { id: 1, schema: "S", objectType: "TABLE", type: "table", kind: "table", name: "t", tableName: "t" } as const;
  const master: MasterTable = {
    job: new Map([["GUID", GUID]]),
    schemas: [{ name: "S", settings }],
    objects: [{ ...object, owner: null, sql: Buffer.from(sql), shape }],
    pieces: [{ object: 1, piece: 1, ordinal: 0, rows: listed }],
  };
  const writer = await DumpFileSetWriter.create(setOptions([path]));
  await writer.append(encoded({ object: 1, piece: 1, rows, raw }));
  await writer.finish(encoded({ type: 3, object: 0, piece: 1, rows: 1, raw: encodeMasterTable(master) }));
  const set = await DumpFileSet.open([path]);
  const { faultCount, faults } = await verifySet(set, { storage: new Places(), keys: NO_PLACE_KEYS });
  return { faultCount, texts: faults.map(({ text, object: table }) => `${table ?? "set"}: ${text}`) };
}

describe("a set whose checksums are all right", () => {
  it("is whole when it says the truth", async () => {
    expect(await lyingSet(GOOD)).toEqual({ faultCount: 0, texts: [] });
  });

  it.each([
    ["other row counts in the master table", GOOD, { listed: 3 }, "t: piece 1 has 2 rows, and 3 in the master table"],
    ["fewer rows than stated", GOOD, { rows: 3, listed: 3 }, "the image holds 2 rows instead of 3"],
    ["more rows than stated", GOOD, { rows: 1, listed: 1 }, "the image holds 2 rows instead of 1"],
    ["the piece of another table", image("CREATE TABLE tsdp_piece(k NOT NULL,c1,c2)"), {}, "the image holds other tables"],
    ["an image with a second table", image(`${PIECE_SQL}; CREATE TABLE x (a)`), {}, "the image holds other tables"],
    ["no database", Buffer.alloc(4096, "no database "), {}, "the image is no sound database"],
    ["a rowid that is none", image(PIECE_SQL, ["x", "one"], [2n, "two"]), {}, "whose rowid is no integer"],
    ["a definition that is another's", GOOD, { sql: "CREATE TABLE u (a)" }, "t: its definition is none"],
    ["a definition that goes on", GOOD, { sql: "CREATE TABLE t (a); DROP TABLE t" }, "t: its definition is none"],
    ["a shape that does not fit", GOOD, { sql: "CREATE TABLE t (b)" }, "t: its rows do not fit its definition"],
  ] as const)("is bad with %s", async (_, raw, change, text) => {
    const { faultCount, texts } = await lyingSet(raw, change);
    expect(faultCount, texts.join("\n")).toBe(1);
    expect(texts[0]).toContain(text);
  });
});

/** Vectors whose second images are wrong in what they hold: only an import, or this, tells. */
const SECOND = readdirSync(VECTORS)
  .filter((name) => name.startsWith("second-"))
  .map((name) => ({ name, vector: decodeVector(readFileSync(join(VECTORS, name))) }));

describe("a set with columns that are kept apart", () => {
  it.each(SECOND.filter(({ vector }) => vector.expect === "success" || vector.read === "import"))(
    "$name is found to be what its vector expects",
    async ({ vector }) => {
      const folder = temporaryFolder();
      const paths = unpack(vector, folder).map((name) => join(folder, name));
      const set = await DumpFileSet.open(paths, new Places(), keyringOf(vector));
      const { faultCount } = await verifySet(set, { storage: new Places(), keys: NO_PLACE_KEYS });
      expect(faultCount > 0).toBe(vector.expect !== "success");
    },
  );
});

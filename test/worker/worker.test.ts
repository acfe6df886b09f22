import Sqlite from "better-sqlite3";
import { closeSync, existsSync, openSync, readdirSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { PumpError } from "../../src/base/errors.ts";
import { encodePiece, PIECE_TYPE, type PieceLocation } from "../../src/dump/piece.ts";
import { DumpFileSet } from "../../src/dump/reader.ts";
import { DumpFileSetWriter } from "../../src/dump/writer.ts";
import { decompress, loadCodec } from "../../src/format/compression.ts";
import { CODEC } from "../../src/format/frame.ts";
import { rowsWhere } from "../../src/sqlite/row-filter.ts";
import { openDatabase } from "../../src/sqlite/database.ts";
import { wholeRange, type KeyRange } from "../../src/sqlite/key-range.ts";
import { listTables, readTableShape } from "../../src/sqlite/schema.ts";
import { createProgressTable, createStagingTable, type StagingTable } from "../../src/sqlite/staging.ts";
import { createTarget } from "../../src/sqlite/target.ts";
import { LocalStorage } from "../../src/storage/local.ts";
import { Loader } from "../../src/worker/loader.ts";
import type { Unloaded, UnloadTable } from "../../src/worker/messages.ts";
import { Maskers } from "../../src/worker/maskers.ts";
import { Unloader } from "../../src/worker/unloader.ts";
import { encoded, MASTER, setOptions } from "../dump/sets.ts";
import { temporaryFolder } from "../job/temporary-folder.ts";
import { exactRows, pieceRows, tableRows } from "../sqlite/exact-rows.ts";

const LOAD = {
  do: "load",
  remaps: [],
  filter: null,
  durable: true,
  mark: { progress: "tsdp:test:0", object: 1, piece: 1, rejected: null },
} as const;

beforeAll(loadCodec);

let folder: string;
let path: string;
beforeEach(() => {
  folder = temporaryFolder();
  path = join(folder, "HR.db");
});

const numbers = (count: number) => `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})`;

/** Makes a file of the tables; gives what is to be unloaded of each, with its rows. */
function makeSource(sql: string): Map<string, { table: UnloadTable; range: KeyRange; rows: string[] }> {
  const source = openDatabase(path);
  source.exec(sql);
  const listed = listTables(source);
  const names = [...listed.keys()].filter((name) => !name.startsWith("sqlite_"));
  const tables = names.map((name, i) => {
    const shape = readTableShape(source, name, listed);
    const range = wholeRange(source, shape) ?? { kind: "scan", offset: 0n };
    return [
      name,
      { table: { object: i + 1, schema: "HR", shape, filter: null, remaps: [] }, range, rows: tableRows(source, shape) },
    ] as const;
  });
  source.close();
  return new Map(tables);
}

function beginUnloading(): Unloader {
  const unloader = new Unloader({ do: "open sources", sources: [{ schema: "HR", path }], compression: "BASIC" }, new Maskers());
  onTestFinished(() => {
    unloader.close();
  });
  unloader.beginSnapshot();
  return unloader;
}

function imageOf({ images: [image] }: NonNullable<Unloaded["piece"]>): Buffer {
  if (image === undefined) throw new Error("a piece has an image");
  const { codec, stored, rawLength } = image;
  return codec === CODEC.STORED ? Buffer.from(stored) : decompress(Buffer.from(stored), rawLength);
}

interface Outcome {
  readonly rows: string[];
  readonly pieces: NonNullable<Unloaded["piece"]>[];
  readonly lost: string[];
}

/** Unloads a range and all that is left of it, as the control process does. */
async function unloadAll(unloader: Unloader, table: UnloadTable, range: KeyRange): Promise<Outcome> {
  const outcome: Outcome = { rows: [], pieces: [], lost: [] };
  const pending = [range];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    for (let answer = await unloader.unload(table, next); ; answer = unloader.continueSalvage()) {
      if (answer.piece !== null) {
        outcome.pieces.push(answer.piece);
        outcome.rows.push(...pieceRows(imageOf(answer.piece), table.shape));
      }
      outcome.lost.push(...answer.lost.map(({ rows }) => rows));
      pending.push(...answer.rest);
      if (!answer.salvaging) break;
    }
  }
  outcome.rows.sort();
  return outcome;
}

function only<T>(things: ReadonlyMap<string, T>, name: string): T {
  const thing = things.get(name);
  if (thing === undefined) throw new Error(`there is no ${name}`);
  return thing;
}

describe("unloading", () => {
  const KEYED = `CREATE TABLE keyed (a, b, v, PRIMARY KEY (a, b DESC)) WITHOUT ROWID; ${numbers(30_000)}
    INSERT INTO keyed SELECT i % 7, 'key ' || i, hex(zeroblob(20)) FROM n;`;

  test("gives every row of tables of both kinds once, in more than one piece, of the state at the beginning", async () => {
    const tables =
      makeSource(`PRAGMA journal_mode = wal; ${KEYED} CREATE TABLE plain (v); ${numbers(25_000)} INSERT INTO plain SELECT i FROM n;
      CREATE TABLE none (a); CREATE TABLE alone (id INTEGER PRIMARY KEY); INSERT INTO alone VALUES (1)`);
    const unloader = beginUnloading();
    const writer = new Sqlite(path);
    writer.exec("DELETE FROM keyed WHERE a = 3; UPDATE plain SET v = 'changed'; INSERT INTO none VALUES (1); DELETE FROM alone");
    writer.close();
    for (const { table, range, rows } of tables.values()) {
      expect(unloader.count(table, false)).toBe(rows.length);
      expect(unloader.count(table, true)).toBe(rows.length);
      const found = await unloadAll(unloader, table, range);
      expect(found.lost).toEqual([]);
      expect(found.rows).toEqual(rows);
      expect(found.pieces.length > 1).toBe(rows.length > 1);
    }
  });

  test("of a table whose keys are fit for no cut ends as well", async () => {
    // Numbers in a TEXT column, by an edited schema: every comparison with them would convert them.
    const tables = makeSource(KEYED.replace("i % 7", "i").replace("zeroblob(20)", "zeroblob(200)"));
    const source = new Sqlite(path);
    source.unsafeMode(true);
    source.exec(
      "PRAGMA writable_schema = on; UPDATE sqlite_schema SET sql = replace(sql, 'keyed (a,', 'keyed (a TEXT,') WHERE name = 'keyed'",
    );
    source.close();
    const { table, range, rows } = only(tables, "keyed");
    expect((await unloadAll(beginUnloading(), table, range)).rows).toEqual(rows);
  });

  test("reads rows that have no key once, in the state at the beginning, and counts them as they were read", async () => {
    const source = `CREATE TABLE hidden (rowid, _rowid_, oid); ${numbers(30_000)} INSERT INTO hidden SELECT i, 'x' || i, 'y' FROM n`;
    const { table, rows } = only(makeSource(`PRAGMA journal_mode = wal; ${source}`), "hidden");
    const shuffled = { ...table, filter: { where: "1", orderBy: "random()", alias: null } };
    const unloader = beginUnloading();
    const writer = new Sqlite(path);
    writer.exec("DELETE FROM hidden WHERE oid = 'y'");
    writer.close();
    const found = await unloadAll(unloader, shuffled, { kind: "scan", offset: 0n });
    expect(found.rows).toEqual(rows);
    expect(found.pieces.length).toBeGreaterThan(1);
    expect(unloader.count(shuffled, true)).toBe(rows.length);
  });

  test("takes only the rows of a condition", async () => {
    const { table, range } = only(makeSource(KEYED), "keyed");
    const filtered = { ...table, filter: rowsWhere("a = 1 OR a = 2") };
    const unloader = beginUnloading();
    const { rows } = await unloadAll(unloader, filtered, range);
    expect(new Set(rows.map((row) => row.split(" ")[1]))).toEqual(new Set(["31", "32"]));
    expect(rows).toHaveLength(unloader.count(filtered, false));
  });

  test("goes on around damage, with the sound tables of that schema too, and leaves no copy behind", async () => {
    const before = readdirSync(tmpdir()).filter((name) => name.startsWith("tsdp-salvage-"));
    const tables = makeSource(
      `PRAGMA page_size = 512; CREATE TABLE plain (v); ${numbers(12_000)} INSERT INTO plain SELECT i FROM n; ${KEYED}`,
    );
    const leaf = destroyLeaf("plain");
    const unloader = beginUnloading();
    const plain = only(tables, "plain");
    const found = await unloadAll(unloader, plain.table, plain.range);
    expect(found.lost).toHaveLength(1);
    expect(found.rows).toHaveLength(plain.rows.length - leaf.cells);
    expect(plain.rows).toEqual(expect.arrayContaining(found.rows.slice(0, 50)));
    const keyed = only(tables, "keyed");
    expect(await unloadAll(unloader, keyed.table, keyed.range)).toMatchObject({ rows: keyed.rows, lost: [] });
    unloader.close();
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith("tsdp-salvage-") && !before.includes(name))).toEqual([]);
  });

  /** Overwrites one leaf page in the middle of a table. */
  function destroyLeaf(table: string): { number: number; cells: number } {
    const source = new Sqlite(path);
    const leaf = source
      .prepare(
        "SELECT pageno AS number, ncell AS cells FROM dbstat WHERE name = ? AND pagetype = 'leaf' ORDER BY path LIMIT 1 OFFSET 20",
      )
      .get(table) as { number: number; cells: number };
    source.close();
    const file = openSync(path, "r+");
    writeSync(file, Buffer.alloc(512, 0xff), 0, 512, (leaf.number - 1) * 512);
    closeSync(file);
    return leaf;
  }
});

describe("loading", () => {
  const TABLE = `CREATE TABLE t (a TEXT, b); ${numbers(12_000)} INSERT INTO t SELECT i, CAST(x'ff00' || i AS TEXT) FROM n;`;
  const dump = () => join(folder, "t.dmp");
  const target = () => join(folder, "TARGET.db");
  const image = () => join(folder, "piece");

  /** Unloads one table into a dump file, and makes a target with a staging table for it. */
  async function prepare(
    change: (raw: Buffer) => Buffer = (raw) => raw,
  ): Promise<{ staged: StagingTable; locations: readonly PieceLocation[]; rows: string[] }> {
    const { table, range, rows } = only(makeSource(TABLE), "t");
    const { pieces } = await unloadAll(beginUnloading(), table, range);
    const writer = await DumpFileSetWriter.create(setOptions([dump()]));
    for (const [i, piece] of pieces.entries()) {
      const identity = { type: PIECE_TYPE.TABLE_DATA, object: 1, piece: i + 1, image: 0, rows: piece.rows };
      await writer.append(encodePiece(identity, change(imageOf(piece)), "BASIC"));
    }
    await writer.finish(encoded(MASTER));
    const staged: StagingTable = { staging: "tsdp:test:1", shape: table.shape, raw: true };
    createTarget(target(), {
      encoding: "UTF-8",
      pageSize: 4096,
      autoVacuum: 0,
      userVersion: 0,
      applicationId: 0,
      journalMode: "delete",
    });
    const connection = openDatabase(target());
    createStagingTable(connection, staged);
    createProgressTable(connection, LOAD.mark.progress);
    connection.close();
    return { staged, locations: (await DumpFileSet.open([dump()], new LocalStorage())).pieces.get(1) ?? [], rows };
  }

  function stagedRows(): string[] {
    const connection = new Sqlite(target(), { readonly: true });
    const rows = exactRows(connection, '"tsdp:test:1"', ["rowid", "a", "b"]);
    connection.close();
    return rows;
  }

  async function codesOf(step: () => unknown): Promise<readonly string[]> {
    try {
      await step();
    } catch (error) {
      if (error instanceof PumpError) return error.lines.map(({ code }) => code);
      throw error;
    }
    return [];
  }

  test("brings the rows of all pieces, and its piece file goes", async () => {
    const { staged, locations, rows } = await prepare();
    expect(locations.length).toBeGreaterThan(1);
    const loader = new Loader(new Maskers());
    for (const location of locations) {
      await loader.decode({
        do: "decode",
        location: structuredClone(location),
        second: null,
        table: staged,
        rows: location.rows,
        filter: null,
        imagePath: image(),
      });
      expect(
        await loader.load({
          ...LOAD,
          path: target(),
          table: staged,
          rows: location.rows,
          mark: { ...LOAD.mark, piece: location.piece },
        }),
      ).toEqual({ rows: location.rows, rejected: 0 });
    }
    await loader.close();
    expect(existsSync(image())).toBe(false);
    expect(stagedRows()).toEqual(rows);
    expect(loader.check({ do: "check", path: target(), tables: null, views: [], triggers: [] })).toEqual({
      structure: [],
      foreignKeys: [],
      textIndexes: [],
      views: [],
      triggers: [],
    });
  });

  test("a wrong number of rows is a fault of the dump file, and nothing is loaded", async () => {
    const { staged, locations } = await prepare();
    const [location] = locations;
    if (location === undefined) throw new Error("the dump has a piece");
    const loader = new Loader(new Maskers());
    await loader.decode({
      do: "decode",
      location,
      second: null,
      table: staged,
      rows: location.rows,
      filter: null,
      imagePath: image(),
    });
    const load = () => loader.load({ ...LOAD, path: target(), table: staged, rows: location.rows + 1 });
    expect(await codesOf(load)).toEqual(["ORA-31619", "ORA-02354"]);
    await loader.close();
    expect(stagedRows()).toEqual([]);
  });

  test("so is an image that is another table's, and its file goes too", async () => {
    const { staged, locations } = await prepare((raw) => {
      const database = new Sqlite(raw);
      database.exec("CREATE TABLE more (a)");
      return database.serialize();
    });
    const [location] = locations;
    if (location === undefined) throw new Error("the dump has a piece");
    const loader = new Loader(new Maskers());
    const decode = () =>
      loader.decode({
        do: "decode",
        location,
        second: null,
        table: staged,
        rows: location.rows,
        filter: null,
        imagePath: image(),
      });
    expect(await codesOf(decode)).toEqual(["ORA-31619", "ORA-02354"]);
    await loader.close();
    expect(existsSync(image())).toBe(false);
  });
});

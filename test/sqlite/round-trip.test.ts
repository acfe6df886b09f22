import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { writeConstructs, type ConstructOptions } from "../../fixtures/constructs.ts";
import { openDatabase, openImage } from "../../src/sqlite/database.ts";
import { wholeRange, type KeyRange } from "../../src/sqlite/key-range.ts";
import { writePieceImage } from "../../src/sqlite/piece-image.ts";
import { pieceLayout } from "../../src/sqlite/piece-table.ts";
import { publish } from "../../src/sqlite/publish.ts";
import type { PublishEvent, PublishTable } from "../../src/sqlite/publish-plan.ts";
import { readObjects, readSettings, listTables, readTableShape } from "../../src/sqlite/schema.ts";
import { proveSchema } from "../../src/sqlite/scratch.ts";
import { beginSnapshot, openSource } from "../../src/sqlite/source.ts";
import { Stage, type Piece } from "../../src/sqlite/stage.ts";
import { loadPiece } from "../../src/sqlite/load-piece.ts";
import { createStagingTable, prepareLoading, createProgressTable, progressName, stagingName } from "../../src/sqlite/staging.ts";
import { checkTarget, createTarget } from "../../src/sqlite/target.ts";
import { compareDatabases } from "../judge/compare.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tsdp-sqlite-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Everything that the engine does to the rows of one file, without jobs and dump files between. */
function roundTrip(
  from: string,
  to: string,
  limit: number,
): { events: PublishEvent[]; problems: ReturnType<typeof checkTarget> } {
  const source = openSource("S", from);
  beginSnapshot(source);
  const settings = readSettings(source);
  const listed = listTables(source);
  const { objects } = readObjects(source);
  createTarget(to, settings);
  const target = openDatabase(to);
  const image = `${to}-piece`;
  prepareLoading(target, true);
  const proven = proveSchema(objects, settings.encoding);
  expect(proven.rejected).toEqual([]);
  const tables: PublishTable[] = objects
    .filter((object) => object.type === "table" && listed.get(object.name)?.kind !== "virtual")
    .map((definition, i) => ({
      definition,
      staging: stagingName("0123456789ABCDEF", i + 1),
      shape: readTableShape(source, definition.name, listed),
      raw: true,
      action: "create",
      truncate: false,
    }));
  const stage = new Stage(source);
  const progress = progressName("0123456789ABCDEF");
  createProgressTable(target, progress);
  let pieces = 0;
  for (const table of tables) {
    expect(proven.shape(table.definition.name)).toEqual(table.shape);
    createStagingTable(target, table);
    for (let range: KeyRange | null = wholeRange(source, table.shape); range !== null;) {
      const piece: Piece = stage.unload(table.shape, range, limit);
      writePieceImage(image, piece.image, pieceLayout(table.shape));
      expect(loadPiece(target, image, table, piece.rows, { progress, object: 1, piece: (pieces += 1), rejected: null })).toBe(0);
      range = piece.rest;
    }
  }
  const events: PublishEvent[] = [];
  const definitions = objects.filter(
    (o) => o.type === "view" || o.type === "trigger" || (o.type === "table" && listed.get(o.name)?.kind === "virtual"),
  );
  const indexes = objects.filter((object) => object.type === "index" && object.sql !== null);
  publish(
    target,
    true,
    {
      encoding: settings.encoding,
      progress,
      drops: [],
      renames: [],
      creations: [],
      tables,
      definitions,
      indexes,
      rejected: null,
      validates: false,
    },
    (event) => events.push(event),
  );
  const problems = checkTarget(target, null);
  target.close();
  source.close();
  return { events, problems };
}

const CASES: (ConstructOptions & { limit: number })[] = [
  { limit: 100_000 },
  { limit: 3, encoding: "UTF-16le", pageSize: 512, autoVacuum: 1 },
  { limit: 7, encoding: "UTF-16be", pageSize: 65536, autoVacuum: 2 },
];

test.each(CASES)("every construct comes back as it was: %o", ({ limit, ...options }) => {
  const [from, to] = [join(folder, "FROM.db"), join(folder, "TO.db")];
  writeConstructs(from, options);
  const { events } = roundTrip(from, to, limit);
  expect(events.filter((event) => event.kind === "failed" || event.kind === "rejected")).toEqual([]);
  expect(compareDatabases(from, to)).toEqual([]);
});

test("an image carries the rows of its own table only", () => {
  const path = join(folder, "S.db");
  const made = openDatabase(path);
  made.exec(
    "CREATE TABLE secret(a); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) INSERT INTO secret SELECT 'SECRET' || i FROM n",
  );
  made.exec("CREATE TABLE pub(a); INSERT INTO pub VALUES ('public')");
  made.close();
  const source = openSource("S", path);
  beginSnapshot(source);
  const stage = new Stage(source);
  const unload = (table: string) =>
    stage.unload(readTableShape(source, table, listTables(source)), { kind: "rowid", low: 1n, high: 1000n }, 1000).image;
  expect(unload("secret").includes("SECRET")).toBe(true);
  expect(unload("pub").includes("SECRET")).toBe(false);
  expect(openImage(unload("pub")).pragma("page_count", { simple: true })).toBeLessThan(4);
  source.close();
});

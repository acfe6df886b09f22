import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { expect, onTestFinished, test } from "vitest";
import { connect } from "../../src/api/data-pump.ts";
import { planRemaps, type RemapScope } from "../../src/job/data-remaps.ts";
import { readSchema } from "../../src/metadata/read-schema.ts";
import { viewAsTable } from "../../src/metadata/view-as-table.ts";
import { openDatabase, type Connection } from "../../src/sqlite/database.ts";
import { Replacements } from "../../src/sqlite/replacement.ts";
import { listTables } from "../../src/sqlite/schema.ts";
import { beginSnapshot, openSource } from "../../src/sqlite/source.ts";
import { Stage } from "../../src/sqlite/stage.ts";
import { readTableFacts } from "../../src/sqlite/table-facts.ts";
import { expectSuccess, runExport, runImport } from "./pump-jobs.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const SCHEMA = `
  CREATE TABLE t (id INTEGER PRIMARY KEY, secret TEXT, plain, twice AS (secret || secret));
  CREATE TABLE other (secret TEXT, note);
  CREATE INDEX t_secret ON t (secret);
  CREATE VIRTUAL TABLE words USING fts5(secret);
  CREATE VIEW both AS SELECT note AS n FROM other UNION SELECT secret FROM t;
  CREATE VIEW inner_view AS SELECT secret AS s, plain AS p FROM t;
  INSERT INTO t (secret, plain) VALUES ('original 1', 'plain 1'), ('original 2', 'plain 2');
  INSERT INTO other VALUES ('original 1', 'note 1'), ('original 2', 'note 2');
  INSERT INTO words SELECT secret FROM t;
  ANALYZE;`;

function sourceWith(view: string): Connection {
  const path = join(temporaryFolder(), "S.db");
  const writer = openDatabase(path);
  writer.exec(`${SCHEMA} CREATE VIEW v AS ${view};`);
  writer.close();
  const source = openSource("S", path);
  beginSnapshot(source);
  onTestFinished(() => {
    source.close();
  });
  return source;
}

/** The rows of view v as an export stages them while t.secret becomes NULL and t.id negative; throws what refuses it. */
function maskedView(definition: string): { readonly image: string; readonly masked: readonly string[] } {
  const source = sourceWith(definition);
  const { objects: read } = readSchema(source, "S");
  const objects = read
    .map((object, i) => ({ ...object, id: i + 1 }))
    .map((object) => (object.name === "v" ? viewAsTable(source, object, "UTF-8") : object));
  const taken = objects.filter(({ kind, owner }) => kind !== "virtual" && owner === null);
  const tables = listTables(source);
  const scope: RemapScope = {
    operation: "EXPORT",
    objects: taken,
    hasRows: ({ shape }) => shape !== null,
    defaultSchema: "S",
    factsOf: ({ name }) => readTableFacts(source, name, tables),
  };
  const remap = (column: string, remapFunction: string) => ({ schemaName: null, tableName: "t", column, remapFunction });
  const planned = planRemaps([remap("secret", "MASK.NULLIFY"), remap("id", "MASK.HASH")], scope);
  const view = objects.find(({ name }) => name === "v");
  if (view === undefined || view.shape === null) throw new Error("there is a view");
  const remaps = planned.get(view.id) ?? [];
  const replace = (value: unknown) => (typeof value === "bigint" ? -value : null);
  const replacements = new Replacements(remaps.map((column) => ({ ...column, replace })));
  const range = { kind: "scan", offset: 0n, ofView: true } as const;
  const piece = new Stage(source).unload(view.shape, range, 100, null, replacements);
  expect(piece.rows).toBeGreaterThan(0);
  return { image: piece.image.toString("latin1"), masked: remaps.map(({ column }) => column) };
}

test.each([
  ["SELECT secret, plain FROM t", ["secret"]],
  ["SELECT T.SECRET AS a, t.secret AS b, plain, id FROM t", ["a", "b", "id"]],
  ["SELECT * FROM inner_view ORDER BY p", ["s"]],
  ["SELECT x.y, x.plain FROM (SELECT secret AS y, plain FROM t LIMIT 5) AS x", ["y"]],
  ["SELECT DISTINCT plain, secret FROM t WHERE secret LIKE 'o%'", ["secret"]],
  ["SELECT plain, secret FROM t GROUP BY plain", ["secret"]],
  ["SELECT secret FROM t", ["secret"]],
  ["SELECT rowid AS r, plain FROM t", ["r"]],
  ["SELECT plain, (SELECT secret FROM t WHERE id = 1) AS s FROM t", ["s"]],
  ["SELECT t.secret, other.note FROM t LEFT JOIN other ON other.secret = t.secret", ["secret"]],
  ["SELECT secret, note FROM t JOIN other USING (secret)", ["secret"]],
])("a view taken as a table shows remapped values where its columns are those of the table: %s", (view, masked) => {
  const made = maskedView(view);
  expect(made.masked).toEqual(masked);
  expect(made.image).not.toContain("original");
});

test.each([
  ["SELECT upper(secret) AS u FROM t", 'computes its column "S"."v"."u"'],
  ["SELECT secret COLLATE NOCASE AS u FROM t", 'computes its column "S"."v"."u"'],
  ["SELECT plain, max(secret) AS u FROM t", "computes its column"],
  ["SELECT plain, lead(secret) OVER () AS u FROM t", "computes its column"],
  ["SELECT plain, CASE WHEN 1 THEN secret END AS u FROM t", "computes its column"],
  ["SELECT u.x FROM (SELECT secret || '' AS x FROM t) AS u", "computes its column"],
  ["SELECT count(*) AS u FROM t", "computes its column"],
  ["SELECT twice FROM t", 'shows "twice", which is computed there'],
  ["SELECT note FROM other UNION ALL SELECT secret FROM t", "UNION"],
  ["SELECT x FROM (SELECT note AS x FROM other EXCEPT SELECT secret FROM t)", "UNION"],
  ["SELECT n FROM both", "UNION"],
  ["SELECT n FROM 'both'", "UNION"],
  ["SELECT n FROM [both]", "UNION"],
  ["WITH w AS (SELECT secret AS s FROM t) SELECT s FROM w", "UNION"],
  ["SELECT secret FROM words", "a virtual table"],
  ["SELECT c0 FROM words_content", "words_content"],
  ["SELECT sample FROM sqlite_stat4", "sqlite_stat4"],
  ["SELECT sql FROM sqlite_schema", "sqlite_schema"],
  ["SELECT value, plain FROM t, json_each(json_array(secret))", "a virtual table"],
])("one that may show them otherwise is refused: %s", (view, reason) => {
  expect(() => maskedView(view)).toThrow(reason);
});

test("one that reads no remapped table is taken as it is", () => {
  const made = maskedView("SELECT note || '!' AS loud FROM other UNION SELECT note FROM other");
  expect(made.masked).toEqual([]);
  expect(made.image).toContain("note 1!");
});

test("a masked view fits its masked tables, out of a dump and over a link", async () => {
  const folder = temporaryFolder();
  const source = new Sqlite(join(folder, "APP.db"));
  source.exec(`CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT, town TEXT);
    CREATE TABLE visit (person INTEGER REFERENCES person, day TEXT);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20) INSERT INTO person SELECT i, 'name ' || i, 'town ' || i FROM n;
    INSERT INTO visit SELECT id, 'day ' || id FROM person;
    CREATE VIEW seen AS SELECT name AS who, day, town, p.id FROM person p JOIN visit ON person = p.id;`);
  source.close();
  const remapData = [
    ["person", "name", "MASK.HASH"],
    ["person", "id", "MASK.HASH"],
    ["visit", "person", "MASK.HASH"],
    ["person", "town", "MASK.SHUFFLE"],
  ] as const;
  const filters = [
    ["VIEWS_AS_TABLES", "APP.seen"],
    ["NAME_EXPR", "IN ('person', 'visit')"],
  ] as const;
  const parameters = { REMAP_DATA_KEY: "a key of the masks for the staging copy" };
  expectSuccess(
    await runExport(folder, { mode: "TABLE", dumpFiles: ["m.dmp"], schemas: "IN ('APP')", filters, remapData, parameters }),
  );
  expectSuccess(await runImport(folder, { dumpFiles: ["m.dmp"], remap: [["APP", "A"]] }));
  const pump = await connect(folder, { currentDirectory: folder });
  await pump.createDatabaseLink("SELF", folder);
  await pump.close();
  expectSuccess(
    await runImport(folder, {
      mode: "TABLE",
      link: "SELF",
      schemas: "IN ('APP')",
      filters,
      remap: [["APP", "B"]],
      remapData,
      parameters,
    }),
  );
  for (const copy of ["A", "B"]) {
    const database = new Sqlite(join(folder, `${copy}.db`), { readonly: true });
    database.prepare("ATTACH ? AS source").run(join(folder, "APP.db"));
    const rows = (sql: string) => database.prepare(sql).raw().all();
    expect(rows("SELECT type FROM main.sqlite_schema WHERE name = 'seen'")).toEqual([["table"]]);
    expect(rows("SELECT who, day, id FROM main.seen ORDER BY day")).toEqual(
      rows("SELECT name, day, p.id FROM main.person p JOIN main.visit ON person = p.id ORDER BY day"),
    );
    expect(rows("SELECT count(*), count(DISTINCT town) FROM main.seen")).toEqual([[20, 20]]);
    expect(
      rows("SELECT count(*) FROM main.seen JOIN source.seen s USING (day) WHERE s.who = seen.who OR s.town = seen.town"),
    ).toEqual([[0]]);
    database.close();
  }
});

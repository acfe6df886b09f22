import "../small-pieces.ts";
import Sqlite from "better-sqlite3";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { codeOf } from "../../../src/base/errors.ts";
import { expect, test } from "vitest";
import { connect } from "../../../src/api/data-pump.ts";
import { compareDatabases } from "../../judge/compare.ts";
import { expectSuccess, runExport, runImport, type JobRequest } from "../pump-jobs.ts";
import { logLines, restart, runToFailpoint } from "../restarts.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const KEY = "a key of the masks for a job that dies";
/** In every value that is to be replaced. */
const ORIGINAL = "unmasked";

/** Tables of several pieces: of a query, of a sample, of a subset that follows both, of masks, and one without any order of its own. */
const SHOP = `
  CREATE TABLE customers (id INTEGER PRIMARY KEY, advisor REFERENCES customers, v);
  CREATE TABLE orders (id INTEGER PRIMARY KEY, customer REFERENCES customers, v);
  CREATE TABLE lines (number, part, v, PRIMARY KEY (number, part), FOREIGN KEY (number) REFERENCES orders) WITHOUT ROWID;
  CREATE TABLE visits (day, v);
  CREATE TABLE ranks ("rowid", "_rowid_", "oid");
  CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, card TEXT, note, twist TEXT, shuffled INTEGER, filler);
  CREATE INDEX people_card ON people (card);
  ${rows(900)} INSERT INTO customers SELECT i, nullif(i / 3, 0), printf('%0200d', i) FROM n;
  ${rows(900)} INSERT INTO orders SELECT i, i * 7 % 900 + 1, printf('%0200d', i) FROM n;
  ${rows(900)} INSERT INTO lines SELECT i % 450 + 1, i, printf('%0200d', i) FROM n;
  ${rows(900)} INSERT INTO visits SELECT i, printf('%0200d', i) FROM n;
  ${rows(900)} INSERT INTO ranks SELECT i, printf('%0200d', i * 7919 % 1000), 1 FROM n;
  ${rows(900)} INSERT INTO people SELECT i, '${ORIGINAL} ' || i, '${ORIGINAL}' || i, iif(i % 3, '${ORIGINAL}', NULL), '${ORIGINAL}' || i, i, zeroblob(150) FROM n;
  ANALYZE;`;

const REQUEST: JobRequest = {
  schemas: "= 'SHOP'",
  logFile: "job.log",
  parallel: 1,
  dataFilters: [
    ["SUBQUERY", "WHERE id % 3 = 0 ORDER BY v DESC", "orders"],
    ["SUBQUERY", 'WHERE oid = 1 AND "rowid" > 100 ORDER BY _rowid_ DESC', "ranks"],
    ["SUBQUERY", "WHERE id <= 800", "people"],
    ["SAMPLE", 50, "visits"],
  ],
  remapData: [
    ["people", "name", "MASK.FAKE_NAME"],
    ["people", "card", "MASK.HASH"],
    ["people", "note", "MASK.NULLIFY"],
    ["people", "twist", "HOUSE.TWIST"],
    ["people", "shuffled", "MASK.SHUFFLE"],
  ],
  parameters: { SUBSET: 1, SAMPLE_SEED: "7", REMAP_DATA_KEY: KEY, COMPRESSION: "NONE", KEEP_MASTER: 1 },
};

/** That the rowids of `ranks` are not kept. */
const ONE_ERROR = { state: "COMPLETED", errorCount: 1 };

function rows(count: number): string {
  return `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})`;
}

async function shopFolder(): Promise<string> {
  const folder = temporaryFolder();
  const database = new Sqlite(join(folder, "SHOP.db"));
  database.exec(SHOP);
  database.close();
  mkdirSync(join(folder, "masks"), { mode: 0o700 });
  writeFileSync(join(folder, "masks/house.mjs"), "export const twist = (value) => [...value].reverse().join('');", {
    mode: 0o600,
  });
  const pump = await connect(folder, { currentDirectory: folder });
  await pump.createDirectory("REMAP_DATA_DIR", join(folder, "masks"));
  await pump.close();
  return folder;
}

/** Nothing that the job has left so far holds an original value, or the key. */
function expectNothingUnmasked(folder: string): void {
  const files = readdirSync(folder, { recursive: true }).map(String);
  const written = files.flatMap((name) => (name === "SHOP.db" ? [] : contentOf(name, join(folder, name))));
  expect(written.length).toBeGreaterThan(2);
  for (const text of [ORIGINAL, KEY])
    expect(written.filter(({ bytes }) => bytes.includes(text)).map(({ name }) => name)).toEqual([]);
}

/** None of a folder, and of a file that has gone meanwhile: a process that ends removes its trace. */
function contentOf(name: string, path: string): readonly { readonly name: string; readonly bytes: Buffer }[] {
  try {
    return [{ name, bytes: readFileSync(path) }];
  } catch (error) {
    if (["EISDIR", "ENOENT"].includes(codeOf(error))) return [];
    throw error;
  }
}

test("an export that chooses and masks rows, and is killed at every step, gives what an undisturbed one gives", async () => {
  const folder = await shopFolder();
  const whole = await runExport(folder, { ...REQUEST, dumpFiles: ["whole.dmp"], logFile: "whole.log" });
  expect(whole).toMatchObject(ONE_ERROR);

  // Its workers wait for the checkpoint, so that something is left to be done.
  const halfway = `export piece unloaded:6:${join(folder, "held")},export checkpoint`;
  await runToFailpoint("EXPORT", folder, REQUEST, halfway);
  for (const failpoint of ["export piece written:3", "export ended"]) {
    expectNothingUnmasked(folder);
    await restart(folder, { failpoint, maskKey: KEY });
  }
  expectNothingUnmasked(folder);
  expect(await restart(folder, { maskKey: KEY })).toMatchObject({ ...ONE_ERROR, errors: [] });
  expectNothingUnmasked(folder);
  expect(logLines(folder).join("\n")).not.toMatch(/from the beginning/);

  for (const [dump, schema] of [
    ["whole.dmp", "WHOLE"],
    ["test.dmp", "KILLED"],
  ] as const)
    expectSuccess(await runImport(folder, { dumpFiles: [dump], remap: [["SHOP", schema]] }));
  expectChosen(folder);
});

/** By SQL over the source, the undisturbed and the interrupted copy. */
function expectChosen(folder: string): void {
  const database = new Sqlite(join(folder, "SHOP.db"), { readonly: true });
  for (const copy of ["WHOLE", "KILLED"]) database.prepare(`ATTACH ? AS ${copy}`).run(join(folder, `${copy}.db`));
  const all = (sql: string) => database.prepare(sql).raw().all();
  const chosen = "main.orders WHERE id % 3 = 0";
  const reached = `WITH RECURSIVE r(id) AS (SELECT customer FROM ${chosen} UNION SELECT advisor FROM r JOIN main.customers USING (id))`;
  const asked = {
    orders: `SELECT * FROM ${chosen}`,
    customers: `${reached} SELECT * FROM main.customers WHERE id IN r`,
    lines: `SELECT * FROM main.lines WHERE number % 3 = 0`,
    ranks: `SELECT "rowid", "_rowid_", "oid" FROM main.ranks WHERE "rowid" > 100`,
  };
  for (const [table, sql] of Object.entries(asked)) {
    expect(all(`SELECT * FROM (${sql}) EXCEPT SELECT * FROM KILLED.${table}`)).toEqual([]);
    expect(all(`SELECT count(*) FROM KILLED.${table}`)).toEqual(all(`SELECT count(*) FROM (${sql})`));
  }
  const order = all('SELECT "_rowid_" FROM KILLED.ranks');
  expect(order).toEqual([...order].sort().reverse());
  for (const table of Object.keys(asked).concat("visits"))
    expect(all(`SELECT * FROM KILLED.${table}`)).toEqual(all(`SELECT * FROM WHOLE.${table}`));
  const [[sampled]] = all("SELECT count(*) FROM KILLED.visits") as [[number]];
  expect(Math.abs(sampled - 450)).toBeLessThan(100);
  const people = "SELECT id, name, card, note, twist, filler FROM";
  expect(all(`${people} KILLED.people`)).toEqual(all(`${people} WHOLE.people`));
  expect(all("SELECT count(*), sum(shuffled), sum(id), count(note), count(DISTINCT card) FROM KILLED.people")).toEqual([
    [800, 320400, 320400, 0, 800],
  ]);
  expect(all("SELECT count(*) FROM KILLED.people WHERE shuffled = id")).toEqual([[0]]);
  database.close();
  expect(compareDatabases(join(folder, "KILLED.db"), join(folder, "WHOLE.db"), { ignoreObjects: ["people"] })).toEqual([]);
}

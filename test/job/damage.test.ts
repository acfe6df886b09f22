import Sqlite from "better-sqlite3";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeEach, describe, expect, test } from "vitest";
import { compareDatabases } from "../judge/compare.ts";
import { expectSuccess, runExport, runImport, type JobReport, type JobRequest } from "./pump-jobs.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const ROWS = 3000;
/** More than the first piece of a table takes, so that it has to be cut. */
const KEYED_ROWS = 12_000;
const LARGE_ROW = 1500;

let folder: string;
let pristine: string;
let damaged: string;

beforeEach(() => {
  folder = temporaryFolder();
  [pristine, damaged] = [join(folder, "PRISTINE.db"), join(folder, "DAMAGED.db")];
  const database = new Sqlite(pristine);
  database.exec(`
    PRAGMA page_size = 1024;
    CREATE TABLE sound (a, b);
    INSERT INTO sound VALUES (1, 'one'), (2, 'two');
    CREATE TABLE numbered (id INTEGER PRIMARY KEY, a, b);
    ${numbers(ROWS)} INSERT INTO numbered SELECT i * 3, i % 7, CASE i WHEN ${LARGE_ROW} THEN printf('%05000d', i) ELSE printf('%080d', i) END FROM n;
    CREATE INDEX numbered_a ON numbered (a);
    CREATE TABLE keyed (k TEXT COLLATE NOCASE, n, v, PRIMARY KEY (k DESC, n)) WITHOUT ROWID;
    ${numbers(KEYED_ROWS)} INSERT INTO keyed SELECT char(97 + i % 5), i, printf('%020d', i) FROM n;
    CREATE TABLE after (a); INSERT INTO after VALUES ('still here')`);
  database.close();
});

function numbers(count: number): string {
  return `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})`;
}

interface Page {
  readonly pageno: number;
  readonly path: string;
}

/** The pages of a table or index of one kind, in key order. */
function pagesOf(name: string, type: "leaf" | "internal" | "overflow"): readonly Page[] {
  const database = new Sqlite(pristine, { readonly: true });
  const pages = database
    .prepare("SELECT pageno, path FROM dbstat WHERE name = ? AND pagetype = ? ORDER BY path")
    .all(name, type) as Page[];
  database.close();
  return pages;
}

/** Overwrites pages of a copy. */
function damage(pages: readonly Page[], byte = 0xff): void {
  const bytes = readFileSync(pristine);
  for (const { pageno } of pages) bytes.fill(byte, (pageno - 1) * 1024, pageno * 1024);
  writeFileSync(damaged, bytes);
}

function one<T>(list: readonly T[], index = Math.floor(list.length / 2)): readonly [T] {
  const item = list.at(index);
  if (item === undefined) throw new Error("there is no such page");
  return [item];
}

/** Exports the damaged copy and imports what came of it. */
async function rescue(parallel = 2): Promise<{ report: JobReport; rescued: string }> {
  const report = await runExport(folder, { schemas: "IN ('DAMAGED')", parallel });
  expectSuccess(await runImport(folder, { remap: [["DAMAGED", "RESCUED"]] }));
  return { report, rescued: join(folder, "RESCUED.db") };
}

function column(path: string, sql: string): readonly unknown[] {
  const database = new Sqlite(path, { readonly: true });
  const values = database.prepare(sql).pluck().all();
  database.close();
  return values;
}

/** The ids that a report names as lost. */
function namedIds(errors: readonly string[]): readonly number[] {
  return errors.flatMap((error) =>
    [...error.matchAll(/rowids? (?:(\d+) to (\d+)|from (\d+)|up to (\d+)|(\d+))/g)].flatMap(([, low, high, from, to, only]) => {
      const [first, last] = [Number(low ?? from ?? only ?? 1), Number(high ?? to ?? only ?? 3 * ROWS)];
      return Array.from({ length: last - first + 1 }, (_, i) => first + i);
    }),
  );
}

/** What is lost is exactly what is named, at most `most` rows; what came back is as it was, in every table. */
function expectOnlyNamedLost(report: JobReport, rescued: string, most: number): void {
  const kept = new Set(column(rescued, "SELECT id FROM numbered").map(Number));
  const lost = column(pristine, "SELECT id FROM numbered")
    .map(Number)
    .filter((id) => !kept.has(id));
  expect(lost.length).toBeGreaterThan(0);
  expect(lost.length).toBeLessThanOrEqual(most);
  const named = new Set(namedIds(report.errors));
  expect(lost.filter((id) => !named.has(id))).toEqual([]);
  expect([...kept].filter((id) => named.has(id))).toEqual([]);
  const whole = new Sqlite(pristine);
  whole.prepare(`DELETE FROM numbered WHERE id IN (${lost.join(", ")})`).run();
  whole.close();
  expect(compareDatabases(pristine, rescued)).toEqual([]);
}

describe("a rowid table", () => {
  test.each([
    ["first", 0],
    ["middle", undefined],
    ["last", -1],
  ] as const)("loses the rows of its damaged %s leaf only", async (_, index) => {
    damage(one(pagesOf("numbered", "leaf"), index));
    const { report, rescued } = await rescue();
    expect(report).toMatchObject({ state: "COMPLETED", errorCount: 1 });
    expect(report.errors[0]).toMatch(
      /^ORA-31693: Table data object "DAMAGED"\."numbered" failed to load\/unload in part:\nORA-02354: /,
    );
    expectOnlyNamedLost(report, rescued, 12);
  });

  test("loses the rows of several damaged leaves, each named", async () => {
    const leaves = pagesOf("numbered", "leaf");
    damage([...one(leaves, 0), ...one(leaves, 40), ...one(leaves, 41), ...one(leaves, 150)], 0);
    const { report, rescued } = await rescue(1);
    expectOnlyNamedLost(report, rescued, 48);
  });

  test("loses the rows below a damaged interior page", async () => {
    const [root, ...below] = pagesOf("numbered", "internal");
    expect(root?.path).toBe("/");
    damage(one(below));
    const { report, rescued } = await rescue();
    expectOnlyNamedLost(report, rescued, ROWS - 1000);
  });

  test("is lost whole with its root, and everything else is there", async () => {
    damage(one(pagesOf("numbered", "internal"), 0));
    const { report, rescued } = await rescue();
    expect(report.errors[0]).toMatch(/"DAMAGED"\."numbered"/);
    expect(column(rescued, "SELECT count(*) FROM numbered")).toEqual([0]);
    expect(compareDatabases(pristine, rescued, { ignoreObjects: ["numbered", "numbered_a"] })).toEqual([]);
  });

  test("loses one row with a damaged overflow page", async () => {
    damage(one(pagesOf("numbered", "overflow"), 0));
    const { report, rescued } = await rescue();
    expect(namedIds(report.errors)).toEqual([3 * LARGE_ROW]);
    expectOnlyNamedLost(report, rescued, 1);
  });

  test.each(["leaf", "internal"] as const)(
    "loses nothing with a damaged %s page of its index, which is named and built anew",
    async (type) => {
      damage(one(pagesOf("numbered_a", type), 0));
      const { report, rescued } = await rescue();
      expect(report.errors).toEqual([expect.stringMatching(/index of table "DAMAGED"\."numbered" is damaged/)]);
      expect(compareDatabases(pristine, rescued)).toEqual([]);
    },
  );
});

describe("a WITHOUT ROWID table", () => {
  test.each([
    ["first", 0],
    ["middle", undefined],
    ["last", -1],
  ] as const)("keeps what is before and after its damaged %s leaf", async (_, index) => {
    damage(one(pagesOf("keyed", "leaf"), index));
    const { report, rescued } = await rescue();
    expect(report).toMatchObject({ state: "COMPLETED", errorCount: 1 });
    expect(report.errors[0]).toMatch(/"DAMAGED"\."keyed" failed to load\/unload in part:\nORA-02354: [^]*malformed/);
    expect(Number(column(rescued, "SELECT count(*) FROM keyed")[0])).toBeGreaterThan(KEYED_ROWS - 50);
    expectSubset(rescued);
  });

  test("loses nothing else with its root", async () => {
    damage(one(pagesOf("keyed", "internal"), 0));
    const { report, rescued } = await rescue();
    expect(report.errors[0]).toMatch(/"DAMAGED"\."keyed"/);
    expect(compareDatabases(pristine, rescued, { ignoreObjects: ["keyed"] })).toEqual([]);
  });

  function expectSubset(rescued: string): void {
    const kept = new Set(column(rescued, "SELECT k || n || v FROM keyed"));
    const all = new Set(column(pristine, "SELECT k || n || v FROM keyed"));
    expect([...kept].filter((row) => !all.has(row))).toEqual([]);
    expect(compareDatabases(pristine, rescued, { ignoreObjects: ["keyed"] })).toEqual([]);
  }
});

describe("chosen and masked rows of damaged tables", () => {
  /** In every value that is masked. */
  const ORIGINAL = "0".repeat(14);
  const CHOSEN: JobRequest = {
    schemas: "IN ('DAMAGED')",
    logFile: "job.log",
    dataFilters: [
      ["SUBQUERY", "WHERE a < 4 AND id > 30 ORDER BY b", "numbered"],
      ["SAMPLE", 50, "keyed"],
    ],
    remapData: [
      ["numbered", "b", "MASK.HASH"],
      ["keyed", "v", "MASK.PARTIAL(0,2)"],
    ],
    parameters: { SAMPLE_SEED: "3", REMAP_DATA_KEY: "a key for masks of damaged rows", COMPRESSION: "NONE" },
  };

  async function chosenCopy(dump: string, schema: string): Promise<JobReport> {
    const report = await runExport(folder, { ...CHOSEN, dumpFiles: [dump] });
    expectSuccess(await runImport(folder, { dumpFiles: [dump], remap: [["DAMAGED", schema]] }));
    return report;
  }

  test("are those of the sound table less the ones that are named as lost", async () => {
    damage([]);
    expectSuccess(await chosenCopy("whole.dmp", "WHOLE"));
    damage([...one(pagesOf("numbered", "leaf")), ...one(pagesOf("numbered", "overflow"), 0), ...one(pagesOf("keyed", "leaf"))]);
    const report = await chosenCopy("damaged.dmp", "RESCUED");
    expect(report).toMatchObject({ state: "COMPLETED", errorCount: 2 });
    const part = (table: string) =>
      expect.stringContaining(`ORA-31693: Table data object "DAMAGED"."${table}" failed to load/unload in part:`) as string;
    expect([...report.errors].sort()).toEqual([part("keyed"), part("numbered")]);

    const copies = new Sqlite(join(folder, "WHOLE.db"), { readonly: true });
    copies.prepare("ATTACH ? AS rescued").run(join(folder, "RESCUED.db"));
    const values = (sql: string) => copies.prepare(sql).pluck().all();
    const named = new Set(namedIds(report.errors.filter((error) => error.includes('"numbered"'))));
    const [whole, kept] = [values("SELECT id FROM main.numbered"), values("SELECT id FROM rescued.numbered")].map((ids) =>
      ids.map(Number),
    );
    expect(whole).toEqual(column(pristine, "SELECT id FROM numbered WHERE a < 4 AND id > 30"));
    expect(kept).toEqual(whole?.filter((id) => !named.has(id)));
    expect(kept?.length).toBeLessThan(whole?.length ?? 0);
    for (const [table, most] of [
      ["numbered", 20],
      ["keyed", 40],
      ["sound", 0],
      ["after", 0],
    ] as const) {
      expect(values(`SELECT 1 FROM (SELECT * FROM rescued.${table} EXCEPT SELECT * FROM main.${table})`)).toEqual([]);
      const [rows, lost] = values(
        `SELECT count(*) FROM rescued.${table} UNION ALL SELECT (SELECT count(*) FROM main.${table}) - (SELECT count(*) FROM rescued.${table})`,
      ).map(Number);
      expect(lost).toBeLessThanOrEqual(most);
      expect(report.lines).toContainEqual(
        expect.stringMatching(new RegExp(`^\\. \\. exported "DAMAGED"\\."${table}" .* ${rows} rows$`)),
      );
    }
    copies.close();
    const files = readdirSync(folder, { recursive: true }).map(String);
    const written = files.filter((name) => !/^(?:PRISTINE|DAMAGED)\.db/.test(name) && statSync(join(folder, name)).isFile());
    expect(written).toContain("damaged.dmp");
    expect(written.filter((name) => readFileSync(join(folder, name)).includes(ORIGINAL))).toEqual([]);
  });
});

test("the command ends with exit code 5 and its last lines say why", () => {
  damage(one(pagesOf("numbered", "leaf")));
  const words = [
    fileURLToPath(new URL("../../bin/tsdp.js", import.meta.url)),
    "export",
    "schemas=DAMAGED",
    "logfile=damaged.log",
    'query=numbered:"WHERE a < 6"',
    "sample=keyed:50",
    "remap_data=numbered.b:MASK.PARTIAL(0,2)",
  ];
  const { status, stdout } = spawnSync(process.execPath, words, { cwd: folder, encoding: "utf8" });
  expect(stdout).toMatch(/ completed with 1 error\(s\) at /);
  expect(status).toBe(5);
  expect(readFileSync(join(folder, "damaged.log"), "utf8")).toMatch(
    /ORA-31693: [^]*"DAMAGED"\."numbered"[^]*rowids \d+ to \d+ can't be read/,
  );
});

test("damage to the page of the schema refuses the export", async () => {
  damage([{ pageno: 1, path: "/" }]);
  await expect(runExport(folder, { schemas: "IN ('DAMAGED')" })).rejects.toMatchObject({ code: "ORA-39002" });
});

import Sqlite from "better-sqlite3";
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeEach, expect, test } from "vitest";
import { PumpError } from "../../src/base/errors.ts";
import { quoteIdentifier } from "../../src/base/identifiers.ts";
import { expectCatalogued } from "../fuzz/harness.ts";
import { opened, rowsOf } from "../inspect/dumps.ts";
import { compareDatabases } from "../judge/compare.ts";
import { importVector } from "../vectors/read.ts";
import { layoutOf } from "../vectors/reseal.ts";
import { decodeVector } from "../vectors/vector.ts";
import { expectSuccess, failureOf, runExport, runInProcess, type JobReport, type JobRequest } from "./pump-jobs.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const VECTORS = fileURLToPath(new URL("../../fixtures/dumps/vectors/", import.meta.url));
let folder: string;

beforeEach(() => {
  folder = temporaryFolder();
});

function execute(schema: string, ...statements: readonly string[]): void {
  const database = new Sqlite(join(folder, `${schema}.db`));
  database.unsafeMode(true);
  for (const sql of statements) database.exec(sql);
  database.close();
}

async function run(operation: "EXPORT" | "IMPORT", request: JobRequest): Promise<JobReport> {
  const report = await runInProcess(operation, folder, request);
  if (report instanceof PumpError) throw report;
  expect(report.lines.join("\n")).not.toMatch(/ORA-39006/);
  return report;
}

function files(): readonly string[] {
  return readdirSync(folder, { recursive: true })
    .map(String)
    .filter((name) => !name.startsWith(".tsdp") && statSync(join(folder, name)).isFile())
    .sort()
    .map((name) => {
      const digest = createHash("sha256").update(readFileSync(join(folder, name)));
      return `${name} ${digest.digest("hex")}`;
    });
}

test("of a set of which any part of any file is bad, nothing of a target is changed", async () => {
  execute(
    "SRC",
    "CREATE TABLE t (a, b)",
    "INSERT INTO t SELECT value, hex(zeroblob(900)) FROM json_each('[' || replace(hex(zeroblob(60)), '0', '1,') || '1]')",
  );
  copyFileSync(join(folder, "SRC.db"), join(folder, "OLD.db"));
  const parts = { dumpFiles: ["good%U.dmp"], fileSize: "64KB", parameters: { COMPRESSION: "NONE" } };
  expectSuccess(await runExport(folder, { ...parts, schemas: "IN ('SRC')" }));
  const good = readdirSync(folder).filter((name) => name.endsWith(".dmp"));
  expect(good.length).toBeGreaterThan(2);
  for (const name of good) {
    const bytes = readFileSync(join(folder, name));
    const { headerLength, indexOffset, trailerOffset } = layoutOf(bytes);
    for (const place of [headerLength - 20, indexOffset + 40, trailerOffset + 30, bytes.length - 20]) {
      writeFileSync(join(folder, name), Buffer.from(bytes).fill(bytes.readUInt8(place) ^ 4, place, place + 1));
      const before = files();
      for (const request of [
        { remap: [["SRC", "FRESH"]] },
        { remap: [["SRC", "OLD"]], parameters: { TABLE_EXISTS_ACTION: "REPLACE" } },
      ] as const) {
        const result = await runInProcess("IMPORT", folder, { ...request, dumpFiles: ["good%U.dmp"] });
        expectCatalogued(result, `${name} at ${place}`);
        expect(files(), `${name} at ${place}`).toEqual(before);
      }
      writeFileSync(join(folder, name), bytes);
    }
  }
}, 240_000);

/** Code that is planted in definitions, as only a hostile hand can write it. */
const PLANTS: readonly (readonly [type: string, name: string, table: string, sql: string])[] = [
  ["table", "checked", "checked", "CREATE TABLE checked (a CHECK (hostile('evil') OR 1), b)"],
  ["table", "defaulted", "defaulted", "CREATE TABLE defaulted (a, b DEFAULT (hostile('evil')))"],
  ["table", "computed", "computed", "CREATE TABLE computed (a, b AS (hostile('evil', a)))"],
  ["view", "seen", "seen", "CREATE VIEW seen AS SELECT load_extension('evil'), * FROM pragma_database_list, victim"],
  [
    "trigger",
    "fires",
    "victim",
    "CREATE TRIGGER fires AFTER INSERT ON victim BEGIN INSERT INTO mark VALUES (load_extension('evil')); END",
  ],
  ["trigger", "unmade", "victim", "CREATE TRIGGER unmade AFTER DELETE ON victim BEGIN DELETE FROM sqlite_schema; END"],
  ["trigger", "shadow", "victim", "CREATE TRIGGER shadow BEFORE INSERT ON victim BEGIN DELETE FROM words_data; END"],
];

test("code that is planted in definitions comes through as text, or is refused, and never runs", async () => {
  execute("SRC", "CREATE TABLE victim (a); INSERT INTO victim VALUES (1); CREATE TABLE mark (a)");
  execute("SRC", "CREATE VIRTUAL TABLE words USING fts5(body); INSERT INTO words VALUES ('one two')");
  for (const [type, name, table] of PLANTS.filter(([kind]) => kind === "table"))
    execute("SRC", `CREATE ${type} ${table} (a, b); INSERT INTO ${name} VALUES (1, 2)`);
  const values = PLANTS.filter(([type]) => type !== "table").map(
    ([type, name, table, sql]) => `('${type}', '${name}', '${table}', 0, '${sql.replaceAll("'", "''")}')`,
  );
  execute(
    "SRC",
    "PRAGMA writable_schema = on",
    `INSERT INTO sqlite_schema VALUES ${values.join(", ")}`,
    ...PLANTS.filter(([type, name]) => type === "table" && name !== "computed").map(
      ([, name, , sql]) => `UPDATE sqlite_schema SET sql = '${sql.replaceAll("'", "''")}' WHERE name = '${name}'`,
    ),
  );
  execute("OLD", "CREATE TABLE victim (a); CREATE TABLE mark (a)");
  const exported = await run("EXPORT", { schemas: "IN ('SRC')", dumpFiles: ["d.dmp"] });
  expect(exported.state).toBe("COMPLETED");
  const copied = await run("IMPORT", { dumpFiles: ["d.dmp"], remap: [["SRC", "FRESH"]] });
  const appended = await run("IMPORT", {
    dumpFiles: ["d.dmp"],
    remap: [["SRC", "OLD"]],
    parameters: { TABLE_EXISTS_ACTION: "APPEND" },
  });
  expect([copied.state, appended.state]).toEqual(["COMPLETED", "COMPLETED"]);
  const dump = await opened(join(folder, "d.dmp"));
  for (const sql of ["SELECT * FROM seen", "SELECT load_extension('evil')", "SELECT * FROM victim, pragma_journal_mode('wal')"])
    expectCatalogued(await failureOf(rowsOf(dump, sql)), sql);
  for (const schema of ["FRESH", "OLD"]) {
    const database = new Sqlite(join(folder, `${schema}.db`), { readonly: true });
    const told = copied.errors.join("\n");
    // What depends on a table that is there already is left out.
    for (const [, name, , sql] of schema === "OLD" ? [] : PLANTS.filter(([, one]) => one !== "computed")) {
      const stored = database.prepare("SELECT sql FROM sqlite_schema WHERE name = ?").pluck().get(name);
      if (stored !== sql) expect(told, name).toContain(`"${name}"`);
    }
    expect(database.prepare("SELECT count(*) FROM victim").pluck().get(), schema).toBe(1);
    expect(database.prepare("SELECT count(*) FROM mark").pluck().get(), schema).toBe(0);
    expect(database.prepare("SELECT count(*) FROM words WHERE words MATCH 'two'").pluck().get(), schema).toBe(1);
    database.close();
  }
  expect(readdirSync(folder).sort()).toEqual([".tsdp", "FRESH.db", "OLD.db", "SRC.db", "d.dmp"]);
  expect([existsSync("evil"), existsSync("evil.so")]).toEqual([false, false]);
});

const NAMES = [
  "line\nORA-00600: forged",
  "\r\n. . exported",
  "\u001b[2J\u001b]0;title\u0007",
  "..",
  "../../up",
  "sqliteX",
  "tsdp",
  "tsdp_piece",
  "tsdp:",
  "tsdp:0123abcd",
  'a"b',
  "a'b",
  "",
];

test("legal names come through a job under another schema, and forge no line of its log", async () => {
  const made = NAMES.map((name, i) => {
    const table = quoteIdentifier(name);
    const view = quoteIdentifier(`${name} view`);
    return `CREATE TABLE ${table} (${quoteIdentifier(`${name}c`)}); INSERT INTO ${table} VALUES (${i}); CREATE VIEW ${view} AS SELECT * FROM ${table}`;
  });
  execute("SRC", ...made);
  const jobs: JobReport[] = [];
  const common = { dumpFiles: ["n.dmp"], logFile: "job.log" };
  for (const [operation, request] of [
    ["EXPORT", { ...common, schemas: "IN ('SRC')" }],
    ["IMPORT", { ...common, remap: [["SRC", "COPY"]] }],
    ["IMPORT", { ...common, remap: [["SRC", "COPY"]] }],
  ] as const) {
    const report = await run(operation, request);
    jobs.push(report);
    const log = readFileSync(join(folder, "job.log"), "utf8");
    expect(log).not.toMatch(/[^\n\x20-\x7e]|^ORA-00600|^\. \. exported"/m);
    expect(log.split("\n").length).toBeLessThan(NAMES.length * 4 + 40);
  }
  expect(jobs.map(({ state }) => state)).toEqual(["COMPLETED", "COMPLETED", "COMPLETED"]);
  expect(jobs.slice(0, 2).flatMap(({ errors }) => errors)).toEqual([]);
  expect(jobs[2]?.errors.filter((text) => text.startsWith("ORA-39151")).length).toBe(NAMES.length);
  expect(compareDatabases(join(folder, "SRC.db"), join(folder, "COPY.db"))).toEqual([]);
});

test.each(["zstd-bomb", "zstd-bomb-hidden", "lie-index-dense"])(
  "%s costs an import nothing, and leaves nothing",
  async (name) => {
    const vector = decodeVector(readFileSync(join(VECTORS, name)));
    const before = process.resourceUsage().maxRSS;
    const outcome = await importVector({ ...vector, rows: null }, folder);
    expect(outcome.codes.length, outcome.text).toBeGreaterThan(1);
    expect(outcome.state).not.toBe("COMPLETED");
    expect(readdirSync(folder).filter((file) => /\.db|\.part/.test(file))).toEqual([]);
    expect(process.resourceUsage().maxRSS - before, "KiB").toBeLessThan(150 << 10);
  },
);

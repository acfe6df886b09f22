import Sqlite from "better-sqlite3";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { connect, type DataPump } from "../../../src/api/data-pump.ts";
import { formatSize } from "../../../src/base/sizes.ts";
import { dryRunLines } from "../../../src/cli/dry-run.ts";
import { schemaFolder } from "../../inspect/dumps.ts";
import { codesOf, defineJob, expectSuccess, failureOf, runExport, type JobRequest } from "../pump-jobs.ts";

const SHOP = `
  CREATE TABLE customers (id INTEGER PRIMARY KEY, name); INSERT INTO customers VALUES (1, 'Ada'), (2, 'Ben');
  INSERT INTO customers VALUES (1000000, 'Cy'); CREATE INDEX by_name ON customers (name); CREATE TABLE log (line); INSERT INTO log VALUES ('x');
  CREATE VIEW names AS SELECT name FROM customers; CREATE VIRTUAL TABLE docs USING fts5(body); INSERT INTO docs VALUES ('a b')`;

async function dryRun(folder: string, operation: "EXPORT" | "IMPORT", request: JobRequest) {
  const pump = await connect(folder, { currentDirectory: folder, dryRun: true });
  try {
    return await pump.dryRun(await defineJob(pump, operation, request));
  } finally {
    await pump.close();
  }
}

/** Names and bytes of all files. */
function contents(folder: string): unknown {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => [entry.name, readFileSync(join(entry.parentPath, entry.name)).toString("latin1")]);
}

const shown = (entries: readonly { readonly type: string; readonly name: string }[], ...fields: readonly string[]) =>
  entries.map((entry) => [entry.type, entry.name, ...fields.map((field) => (entry as Record<string, unknown>)[field])].join(" "));

test("an export and an import are foretold as they come, and nothing is written", async () => {
  const folder = schemaFolder({ SHOP });
  const request: JobRequest = {
    schemas: "IN ('SHOP','GONE')",
    filters: [
      ["EXCLUDE_PATH_EXPR", "IN ('INDEX')"],
      ["NAME_EXPR", "NOT (= 'log')", "TABLE"],
      ["NAME_EXPR", "NOT (= 'docs')", "TABLE_DATA"],
    ],
  };
  const before = contents(folder);
  const exported = await dryRun(folder, "EXPORT", request);
  expect(contents(folder)).toEqual(before);
  expect(shown(exported.taken, "action", "rows")).toEqual([
    "TABLE customers export 3",
    "VIEW names export ",
    "TABLE docs export ",
  ]);
  expect(shown(exported.leftOut, "reason")).toEqual([
    "INDEX by_name object path TABLE/INDEX/INDEX is left out",
    "TABLE log its name is not taken by the filters",
    "TABLE_DATA docs its rows are left out",
  ]);
  expect(exported.problems.map(([line]) => line?.code)).toEqual(["ORA-39165"]);
  const [customers] = exported.taken;
  const estimates = await runExport(folder, { schemas: "= 'SHOP'", dumpFiles: [], parameters: { ESTIMATE_ONLY: 1 } });
  expect(estimates.lines).toContainEqual(
    expect.stringMatching(new RegExp(`^\\.  estimated "SHOP"."customers" +${formatSize(customers?.bytes ?? 0)}$`)),
  );

  const report = await runExport(folder, request);
  expect(report.lines.filter((line) => line.startsWith(". . exported"))).toHaveLength(1);
  const taken = await failureOf(dryRun(folder, "EXPORT", request));
  expect(codesOf(taken)).toEqual(["ORA-39001", "ORA-39000", "ORA-31641", "ORA-27038"]);
  const database = new Sqlite(join(folder, "OTHER.db"));
  onTestFinished(() => {
    database.close();
  });
  database.exec("CREATE TABLE Customers (id, name); CREATE TABLE names (a)");
  database.close();
  const target = contents(folder);
  const into = { remap: [["SHOP", "OTHER"]], parameters: { TABLE_EXISTS_ACTION: "TRUNCATE" } } as const;
  const imported = await dryRun(folder, "IMPORT", into);
  expect(contents(folder)).toEqual(target);
  expect(shown(imported.taken, "schema", "action", "rows")).toEqual([
    "TABLE customers OTHER truncate 3",
    "TABLE docs OTHER create ",
  ]);
  expect(shown(imported.leftOut, "reason")).toEqual([
    "TABLE_DATA docs its rows are left out",
    "VIEW names it exists in the target",
  ]);
  expect(imported.problems.map(([line]) => line?.code)).toEqual(["ORA-31684"]);
  expect(dryRunLines(imported).at(-1)).toMatch(/^Dry run, nothing was written: 3 rows and .* in 2 objects, 2 left out, 1 error/);
});

test("what START_JOB would refuse, a dry run refuses; its session starts nothing, and any other runs none dry", async () => {
  const folder = schemaFolder({ SHOP });
  expect(codesOf(await failureOf(dryRun(folder, "EXPORT", { schemas: "= 'GONE'" })))).toEqual([
    "ORA-39002",
    "ORA-39165",
    "ORA-31655",
  ]);
  expect(codesOf(await failureOf(dryRun(folder, "IMPORT", { dumpFiles: ["no.dmp"] })))).toContain("ORA-31640");
  const session = async (options: { readonly dryRun?: boolean }, call: (pump: DataPump, handle: number) => Promise<unknown>) => {
    const pump = await connect(folder, { currentDirectory: folder, ...options });
    try {
      return codesOf(await failureOf(call(pump, await defineJob(pump, "EXPORT", { schemas: "= 'SHOP'" }))));
    } finally {
      await pump.close();
    }
  };
  expect(await session({ dryRun: true }, (pump, handle) => pump.startJob(handle))).toEqual(["ORA-39002"]);
  expect(await session({}, (pump, handle) => pump.dryRun(handle))).toEqual(["ORA-39002"]);
  for (const parameters of [{ VERIFY_ONLY: 1 }, { MASTER_ONLY: 1 }])
    expect(codesOf(await failureOf(dryRun(folder, "IMPORT", { parameters })))).toEqual(["ORA-39002", "ORA-39050"]);
  expectSuccess(await runExport(folder, { schemas: "= 'SHOP'" }));
});

test("schemas that are not taken are in the way of no REMAP_SCHEMA", async () => {
  const folder = schemaFolder({ SHOP, HR: "CREATE TABLE emp (a)" });
  expectSuccess(await runExport(folder, { schemas: "IN ('SHOP','HR')" }));
  const remap = [["HR", "SHOP"]] as const;
  const both = await failureOf(dryRun(folder, "IMPORT", { remap }));
  expect(both.message).toContain("two schemas of the dump would be loaded into SHOP");
  for (const request of [{ schemas: "= 'HR'" }, { tables: "HR.emp" }] as const) {
    const found = await dryRun(folder, "IMPORT", { ...request, remap });
    expect(shown(found.taken, "schema", "action")).toEqual(["TABLE emp SHOP create"]);
  }
});

import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { listDump } from "../../src/inspect/listing.ts";
import { mentions } from "../../src/inspect/mentions.ts";
import { openTable } from "../../src/inspect/table-rows.ts";
import { quoteIdentifier } from "../../src/base/identifiers.ts";
import { DumpFileSetWriter } from "../../src/dump/writer.ts";
import { encodeMasterTable } from "../../src/metadata/master-table.ts";
import { objectOf, shapeOf } from "../metadata/objects.ts";
import { encoded, setOptions } from "../dump/sets.ts";
import { codesOf, failureOf } from "../job/pump-jobs.ts";
import { temporaryFolder } from "../job/temporary-folder.ts";
import { allRows, dumpOf, opened, rowsOf, schemaFolder } from "./dumps.ts";

const NAMES = [
  'a"b',
  "it's",
  "new\nline",
  "esc\u001b[31m",
  "__proto__",
  "..",
  "x]y`z",
  "select",
  "HR.dotted",
  "a; DROP TABLE b",
  " ",
  "\u202egnp",
];

test("tables are found under any name, and no name is taken for something else", async () => {
  const tables = NAMES.map(
    (name, i) => `CREATE TABLE ${quoteIdentifier(name)} (n); INSERT INTO ${quoteIdentifier(name)} VALUES (${i});`,
  );
  const dump = await opened(await dumpOf(schemaFolder({ HR: tables.join("\n"), B: 'CREATE TABLE "a""b" (n)' })));
  const all = NAMES.map(quoteIdentifier);
  for (const [i, name] of NAMES.entries()) {
    expect(await rowsOf(dump, `SELECT n FROM HR.${all[i] ?? ""}`), name).toEqual([[BigInt(i)]]);
    expect(await allRows(await openTable(dump, `HR.${name}`)), name).toEqual([[BigInt(i)]]);
    expect(await allRows(await openTable(dump, `"hr".${all[i] ?? ""}`)), name).toEqual([[BigInt(i)]]);
    expect(listDump(dump, { names: [name], schemas: ["hr"] }).objects.map((object) => object.name)).toEqual([name]);
  }
  expect(listDump(dump, { names: ["hr.*o*"] }).objects.map(({ name }) => name)).toEqual([
    "__proto__",
    "HR.dotted",
    "a; DROP TABLE b",
  ]);
});

test("a name is found in a statement as a word, however it is quoted", () => {
  for (const name of NAMES.filter((one) => one !== " ")) {
    const folded = name.toLowerCase();
    const quoted = ['"', "`", "'"].map((quote) => `select * from ${quote}${folded.replaceAll(quote, quote + quote)}${quote}`);
    for (const text of quoted) expect(mentions(text, name), text).toBe(true);
  }
  expect(mentions("select * from employees, [emp]", "emp")).toBe(true);
  expect(mentions("select * from \uFEFFemp", "emp")).toBe(true);
  for (const text of ["select * from employees", "select emp_id", "select 'né'", "temp"])
    expect(mentions(text, "EMP"), text).toBe(false);
});

test("a definition that lies is never run: it is shown as refused, and so is a statement that needs it", async () => {
  const folder = temporaryFolder();
  const path = join(folder, "lies.dmp");
  const written = join(folder, "written.db");
  const sql = (text: string) => ({ sql: Buffer.from(text) });
  const shape = (name: string) =>
    shapeOf(name, { rowid: "rowid", integerPrimaryKey: null, columns: ["a"], storedColumns: ["a"], constraints: [] });
  const objects = [
    objectOf("TABLE", "other", { id: 1, ...sql("CREATE TABLE another (a)"), shape: shape("other") }),
    objectOf("TABLE", "vacuum", { id: 2, ...sql(`VACUUM INTO '${written}'`), shape: shape("vacuum") }),
    objectOf("TABLE", "misfit", { id: 3, ...sql("CREATE TABLE misfit (a, b)"), shape: shape("misfit") }),
    objectOf("TABLE", "rowid_sql", {
      id: 4,
      ...sql("CREATE TABLE rowid_sql (a)"),
      shape: { ...shape("rowid_sql"), rowid: "(SELECT 1 FROM sqlite_schema)" },
    }),
    objectOf("VIEW", "endless", { id: 5, ...sql("CREATE VIEW endless AS SELECT 1; SELECT 2") }),
    objectOf("TABLE", "lost", { id: 6, ...sql("CREATE TABLE lost (a)"), shape: shape("lost") }),
  ];
  const settings = {
    encoding: "UTF-8",
    pageSize: 4096,
    autoVacuum: 0,
    userVersion: 0,
    applicationId: 0,
    journalMode: "delete",
  } as const;
  const master = {
    job: new Map([
      ["CONTENT", "ALL"],
      ["DAMAGED", "6,x,__proto__"],
      ["FILTERED", "3,6"],
    ]),
    schemas: [{ name: "HR", settings }],
    objects,
    pieces: [],
  };
  const writer = await DumpFileSetWriter.create(setOptions([path]));
  await writer.finish(encoded({ type: 3, object: 0, raw: encodeMasterTable(master) }));
  const dump = await opened(path);
  const listed = listDump(dump).objects;
  expect(listed.map(({ state }) => state)).toEqual([
    ...["refused", "refused", "rows left out", "complete", "refused", "rows lost to damage"],
  ]);
  expect(listed[1]?.reason).toMatch(/does not begin as that of a table/);
  for (const table of ["other", "vacuum", "endless"]) {
    const error = await failureOf(rowsOf(dump, `SELECT * FROM ${quoteIdentifier(table)}`));
    expect(codesOf(error), table).toEqual(["ORA-39001", "SQLITE_ERROR", "TSDP-00010"]);
  }
  expect(codesOf(await failureOf(openTable(dump, "vacuum")))).toEqual(["ORA-31693", "TSDP-00010"]);
  expect(codesOf(await failureOf(openTable(dump, "misfit")))).toEqual(["ORA-31693", "TSDP-00010"]);
  expect(await allRows(await openTable(dump, "rowid_sql"))).toEqual([]);
  expect(await rowsOf(dump, "SELECT * FROM lost")).toEqual([]);
  expect(existsSync(written)).toBe(false);
});

import Sqlite from "better-sqlite3";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { connect } from "../../../src/api/data-pump.ts";
import { formatLine } from "../../../src/base/errors.ts";
import { fateOf, type MetTable } from "../../../src/job/import/existing-table.ts";
import type { TableExistsAction } from "../../../src/job/import/import-request.ts";
import { defineJob, expectSuccess, runExport, runImport, type JobRequest } from "../pump-jobs.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const TABLE = { schema: "HR", name: "T", isVirtual: false, isShadow: false, isEmpty: false };
const MET = {
  plain: {},
  empty: { isEmpty: true },
  virtual: { isVirtual: true },
  shadow: { isShadow: true },
  referred: { existing: { type: "table", name: "t", tableName: "t", referredBy: ["c"] } },
  moduleless: { isVirtual: true, existing: { type: "table", name: "t", tableName: "t", failure: "no such module: far" } },
  inner: { existing: { type: "table", name: "t", tableName: "t", owner: "v" } },
  view: { existing: { type: "view", name: "t", tableName: "t" } },
} satisfies Record<string, Partial<MetTable>>;

test.each<[keyof typeof MET, TableExistsAction, "ALL" | "DATA_ONLY", string]>([
  ["plain", "SKIP", "ALL", "stay ORA-39151"],
  ["plain", "APPEND", "ALL", "append (ORA-39152)"],
  ["plain", "TRUNCATE", "ALL", "truncate (ORA-39153)"],
  ["plain", "TRUNCATE", "DATA_ONLY", "truncate (ORA-39153)"],
  ["plain", "REPLACE", "ALL", "replace"],
  ["empty", "SKIP", "ALL", "stay ORA-39151"],
  ["empty", "APPEND", "ALL", "stay (TSDP-00010)"],
  ["empty", "TRUNCATE", "ALL", "stay (TSDP-00010)"],
  ["empty", "REPLACE", "ALL", "replace"],
  ["virtual", "SKIP", "ALL", "stay ORA-39151"],
  ["virtual", "APPEND", "ALL", "stay ORA-31693 TSDP-00010"],
  ["virtual", "TRUNCATE", "ALL", "stay ORA-31693 TSDP-00010"],
  ["virtual", "REPLACE", "ALL", "replace"],
  ["shadow", "SKIP", "ALL", "stay"],
  ["shadow", "APPEND", "ALL", "stay"],
  ["shadow", "TRUNCATE", "ALL", "stay"],
  ["referred", "APPEND", "ALL", "append (ORA-39152)"],
  ["referred", "TRUNCATE", "ALL", "replace (TSDP-00010)"],
  ["referred", "TRUNCATE", "DATA_ONLY", "stay ORA-39120 ORA-02266 TSDP-00010"],
  ["referred", "REPLACE", "ALL", "replace"],
  ["moduleless", "REPLACE", "ALL", "stay ORA-39121 TSDP-00010"],
  ["inner", "SKIP", "ALL", "stay ORA-39151"],
  ["inner", "APPEND", "DATA_ONLY", "stay ORA-31693 TSDP-00010"],
  ["inner", "TRUNCATE", "ALL", "stay ORA-31693 TSDP-00010"],
  ["inner", "REPLACE", "ALL", "stay ORA-39121 TSDP-00010"],
  ["view", "SKIP", "ALL", "stay ORA-31684"],
  ["view", "TRUNCATE", "ALL", "stay ORA-31684"],
  ["view", "REPLACE", "ALL", "stay ORA-31684"],
])("a table that meets one that is %s: %s of %s", (met, action, content, outcome) => {
  const table = { ...TABLE, existing: { type: "table", name: "t", tableName: "t" }, ...MET[met] };
  const { fate, problem = [], note = [] } = fateOf(table, action, content);
  const told = [...problem.map(({ code }) => code), ...note.map(({ code }) => `(${code})`)];
  expect([fate, ...told].join(" ")).toBe(outcome);
});

const DUMP = `
  CREATE TABLE plain (a); INSERT INTO plain VALUES (1), (2);
  CREATE TABLE indexed (a, b); INSERT INTO indexed VALUES (1, 1), (2, 2); CREATE INDEX indexed_a ON indexed (a);
  CREATE TABLE log (line);
  CREATE TABLE fired (a); INSERT INTO fired VALUES (1), (2);
  CREATE TRIGGER fired_log AFTER INSERT ON fired BEGIN INSERT INTO log VALUES ('dump ' || new.a); END;
  CREATE TABLE seen (a); INSERT INTO seen VALUES (1), (2); CREATE VIEW sees AS SELECT a FROM seen;
  CREATE TRIGGER sees_insert INSTEAD OF INSERT ON sees BEGIN SELECT 1; END;
  CREATE TABLE parent (id INTEGER PRIMARY KEY); INSERT INTO parent VALUES (1), (2);`;

/** Its trigger "plain" has the name of a table. */
const TARGET = `
  CREATE TABLE plain (a, mine); INSERT INTO plain VALUES (7, 'x');
  CREATE TABLE indexed (a, b); INSERT INTO indexed VALUES (7, 7); CREATE INDEX own_b ON indexed (b);
  CREATE TABLE log (line);
  CREATE TABLE fired (a); INSERT INTO fired VALUES (7);
  CREATE TRIGGER plain AFTER INSERT ON fired BEGIN INSERT INTO log VALUES ('own ' || new.a); END;
  CREATE TRIGGER own_delete AFTER DELETE ON fired BEGIN INSERT INTO log VALUES ('gone ' || old.a); END;
  CREATE TABLE seen (a); INSERT INTO seen VALUES (7); CREATE TABLE sees (a); INSERT INTO sees VALUES ('own');
  CREATE TABLE parent (id INTEGER PRIMARY KEY); INSERT INTO parent VALUES (7);
  CREATE TABLE child (parent REFERENCES parent ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED); INSERT INTO child VALUES (7);`;

let original: string;
beforeAll(async () => {
  original = mkdtempSync(join(tmpdir(), "tsdp-met-"));
  execute(join(original, "SHOP.db"), DUMP);
  execute(join(original, "OTHER.db"), TARGET);
  expectSuccess(await runExport(original, { schemas: "= 'SHOP'", filters: [["NAME_EXPR", "NOT (= 'log')", "TABLE"]] }));
  return () => {
    rmSync(original, { recursive: true });
  };
});

function execute(path: string, sql: string): void {
  const database = new Sqlite(path);
  database.exec(sql);
  database.close();
}

/** Rows of each table, and names of all else. */
function contents(path: string) {
  const database = new Sqlite(path, { readonly: true });
  const names = (which: string) =>
    database.prepare(`SELECT name FROM sqlite_schema WHERE ${which} ORDER BY name`).pluck().all() as string[];
  const rows = names("type = 'table'").map((table) => {
    const values = database.prepare(`SELECT * FROM ${table} ORDER BY 1`).raw().all() as unknown[][];
    return `${table} ${values.map((row) => row.join("-")).join(",")}`.trim();
  });
  const found = { rows, others: names("type <> 'table'") };
  database.close();
  return found;
}

async function foretell(folder: string, request: JobRequest) {
  const pump = await connect(folder, { currentDirectory: folder, dryRun: true });
  try {
    return await pump.dryRun(await defineJob(pump, "IMPORT", request));
  } finally {
    await pump.close();
  }
}

const OWN_CHILD = "child 7";
const ORPHANS = "ORA-02298";
const OWN = ["own_b", "own_delete", "plain"];

test.each([
  {
    action: "SKIP",
    rows: [OWN_CHILD, "fired 7", "indexed 7-7", "log", "parent 7", "plain 7-x", "seen 7", "sees own"],
    others: OWN,
    errors: ["ORA-31684", "ORA-39111", ...Array<string>(5).fill("ORA-39151")],
  },
  {
    action: "APPEND",
    rows: [
      OWN_CHILD,
      "fired 1,2,7",
      "indexed 1-1,2-2,7-7",
      "log own 1,own 2",
      "parent 1,2,7",
      "plain 1-,2-,7-x",
      "seen 1,2,7",
      "sees own",
    ],
    others: OWN,
    errors: ["ORA-31684", "ORA-39111"],
  },
  {
    action: "TRUNCATE",
    rows: [
      OWN_CHILD,
      "fired 1,2",
      "indexed 1-1,2-2",
      "log gone 7,own 1,own 2",
      "parent 1,2",
      "plain 1-,2-",
      "seen 1,2",
      "sees own",
    ],
    others: OWN,
    errors: [ORPHANS, "ORA-31684", "ORA-39111"],
  },
  {
    action: "TRUNCATE",
    content: "DATA_ONLY",
    rows: [
      OWN_CHILD,
      "fired 1,2",
      "indexed 1-1,2-2",
      "log gone 7,own 1,own 2",
      "parent 7",
      "plain 1-,2-",
      "seen 1,2",
      "sees own",
    ],
    others: OWN,
    errors: ["ORA-39120"],
  },
  {
    action: "REPLACE",
    rows: [OWN_CHILD, "fired 1,2", "indexed 1-1,2-2", "log", "parent 1,2", "plain 1,2", "seen 1,2", "sees own"],
    others: ["fired_log", "indexed_a"],
    errors: [ORPHANS, "ORA-31684", "ORA-39111"],
  },
] as const)(
  "$action $content leaves what it says, of rows, dependents and referring rows, and a dry run foretells it",
  async (row) => {
    const folder = temporaryFolder();
    for (const file of ["OTHER.db", "test.dmp"]) copyFileSync(join(original, file), join(folder, file));
    const target = join(folder, "OTHER.db");
    const request: JobRequest = {
      remap: [["SHOP", "OTHER"]],
      parameters: { TABLE_EXISTS_ACTION: row.action },
      ...("content" in row ? { content: row.content } : {}),
    };
    const before = contents(target);
    const foretold = await foretell(folder, request);
    expect(contents(target)).toEqual(before);
    const report = await runImport(folder, request);
    const after = contents(target);
    expect(after).toEqual({ rows: row.rows, others: row.others });
    expect(report.errors.map((error) => error.slice(0, 9)).sort()).toEqual(row.errors);

    const problems = foretold.problems.map((lines) => lines.map(formatLine).join("\n"));
    expect(report.errors.filter((error) => !error.startsWith(ORPHANS))).toEqual(problems);
    expect(report.lines).toEqual(expect.arrayContaining(foretold.notes.map(formatLine)));
    const changed = ["fired", "indexed", "parent", "plain", "seen"].filter(
      (name) => rowsOf(after, name) !== rowsOf(before, name),
    );
    const taken = foretold.taken.filter(({ type }) => type === "TABLE");
    expect(taken.map(({ name }) => name).sort()).toEqual(changed);
    for (const { name, rows, action } of taken)
      expect([name, rowsOf(after, name).split(",").length]).toEqual([name, (rows ?? 0) + (action === "append" ? 1 : 0)]);
    const made = foretold.taken.filter(({ type }) => type !== "TABLE").map(({ name }) => name);
    expect(made.sort()).toEqual(after.others.filter((name) => !before.others.includes(name)));
  },
);

function rowsOf({ rows }: ReturnType<typeof contents>, table: string): string {
  return rows.find((line) => line.startsWith(`${table} `)) ?? "";
}

/** The module of a virtual table would take what the target has under the names of its shadow tables for its own. */
describe("virtual tables whose shadow tables meet others", () => {
  const SHOP = `
    CREATE VIRTUAL TABLE docs USING fts5(body); INSERT INTO docs VALUES ('dump');
    CREATE VIRTUAL TABLE boxes USING rtree(id, a, b); INSERT INTO boxes VALUES (1, 2, 3);
    CREATE VIRTUAL TABLE notes USING fts5(body); INSERT INTO notes VALUES ('dump')`;
  const OTHER = `
    CREATE TABLE docs_content (id INTEGER PRIMARY KEY, c0); INSERT INTO docs_content VALUES (1, 'own');
    CREATE TABLE boxes (id); INSERT INTO boxes VALUES (7); CREATE TABLE boxes_node (mine); INSERT INTO boxes_node VALUES ('own');
    CREATE TABLE notes (body); INSERT INTO notes VALUES ('own'); CREATE VIEW notes_config AS SELECT 'own'`;

  let dumped: string;
  beforeAll(async () => {
    dumped = mkdtempSync(join(tmpdir(), "tsdp-met-"));
    execute(join(dumped, "SHOP.db"), SHOP);
    execute(join(dumped, "OTHER.db"), OTHER);
    expectSuccess(await runExport(dumped, { schemas: "= 'SHOP'" }));
    return () => {
      rmSync(dumped, { recursive: true });
    };
  });

  const requestOf = (action: string, content: "ALL" | "METADATA_ONLY"): JobRequest => ({
    remap: [["SHOP", "OTHER"]],
    parameters: { TABLE_EXISTS_ACTION: action },
    ...(content === "ALL" ? {} : { content }),
  });
  const skipped = (table: string, base: string) =>
    `ORA-39111: Dependent object type TABLE:"OTHER"."${table}" skipped, base object type ${base} already exists`;
  const DOCS = skipped("docs", 'TABLE:"OTHER"."docs_content"');
  const BOXES = skipped("boxes", 'TABLE:"OTHER"."boxes_node"');
  const NOTES = skipped("notes", 'VIEW:"OTHER"."notes_config"');

  test.each([
    ["SKIP", "ALL", [DOCS, "ORA-39151", "ORA-39151"]],
    ["SKIP", "METADATA_ONLY", [DOCS, "ORA-39151", "ORA-39151"]],
    ["APPEND", "ALL", ["ORA-31693", "ORA-31693", DOCS]],
    ["TRUNCATE", "ALL", ["ORA-31693", "ORA-31693", DOCS]],
    ["REPLACE", "ALL", [NOTES]],
    ["REPLACE", "METADATA_ONLY", [BOXES, DOCS, NOTES]],
  ] as const)("a dry run of %s %s tells which stay behind", async (action, content, expected) => {
    const { problems } = await foretell(dumped, requestOf(action, content));
    const told = problems.map(([line]) => (line?.code === "ORA-39111" ? formatLine(line) : line?.code));
    expect(told.sort()).toEqual(expected);
  });

  test.each([
    ["SKIP", ["own"], [7n], ["own"], null],
    ["REPLACE", ["dump"], [1n], null, ["dump"]],
  ] as const)("%s takes no table for a shadow table that is none", async (action, content, boxes, node, docs) => {
    const folder = temporaryFolder();
    for (const file of ["OTHER.db", "test.dmp"]) copyFileSync(join(dumped, file), join(folder, file));
    await runImport(folder, requestOf(action, "ALL"));
    const database = new Sqlite(join(folder, "OTHER.db")).defaultSafeIntegers();
    const values = (column: string, table: string) => database.prepare(`SELECT ${column} FROM ${table}`).pluck().all();
    expect(values("c0", "docs_content")).toEqual(content);
    expect(values("id", "boxes")).toEqual(boxes);
    expect(values("body", "notes")).toEqual(["own"]);
    if (node !== null) expect(values("mine", "boxes_node")).toEqual(node);
    const isThere = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'docs'").get() !== undefined;
    expect(isThere ? values("body", "docs") : null).toEqual(docs);
    expect(database.pragma("integrity_check", { simple: true })).toBe("ok");
    database.close();
  });
});

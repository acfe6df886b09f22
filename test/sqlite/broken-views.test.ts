import Sqlite from "better-sqlite3";
import { expect, onTestFinished, test } from "vitest";
import { brokenTriggers } from "../../src/sqlite/broken-triggers.ts";
import { brokenViews } from "../../src/sqlite/broken-views.ts";

function broken(sql: string, ...names: readonly string[]): readonly string[] {
  return brokenBy(brokenViews, sql, names);
}

function brokenBy(find: typeof brokenViews, sql: string, names: readonly string[]): readonly string[] {
  const database = new Sqlite(":memory:");
  onTestFinished(() => {
    database.close();
  });
  database.exec(sql);
  return find(database, names).map(({ name, reason }) => `${name}: ${reason}`);
}

test("views that name what is not there are told, by themselves or through others; what else is wrong is not", () => {
  const sql = `
    CREATE TABLE t (a);
    CREATE VIEW good AS SELECT a FROM t;
    CREATE VIEW "through" AS SELECT * FROM Gone_View;
    CREATE VIEW gone_view AS SELECT * FROM gone;
    CREATE VIEW column_gone AS SELECT b FROM t;
    CREATE VIEW function_gone AS SELECT of_the_application(a) FROM t`;
  expect(broken(sql, "good", "through", "gone_view", "column_gone", "function_gone")).toEqual([
    "through: no such table: main.gone",
    "gone_view: no such table: main.gone",
    "column_gone: no such column: b",
  ]);
  expect(broken(sql)).toEqual([]);
});

test("views that would take forever to work out are let alone", () => {
  const chain = Array.from({ length: 40 }, (_, i) => `CREATE VIEW v${i + 1} AS SELECT a.x FROM v${i} a, v${i} b`);
  expect(broken(`CREATE VIEW v0 AS SELECT x FROM gone; ${chain.join(";")}`, "v40", "v1")).toEqual([
    "v1: no such table: main.gone",
  ]);
  const nested = Array.from({ length: 40 }, (_, i) => `c${i + 1} AS (SELECT a.x FROM c${i} a, c${i} b)`);
  expect(broken(`CREATE VIEW w AS WITH c0 AS (SELECT x FROM gone), ${nested.join(",")} SELECT * FROM c40`, "w")).toEqual([]);
});

test("views that are only named in a comment cost nothing", () => {
  const comment = "/* with v0 v0v0 */".repeat(2000);
  expect(broken(`CREATE VIEW v0 AS SELECT 1; CREATE VIEW "V 1" AS SELECT x ${comment} FROM gone`, "V 1")).toEqual([
    "V 1: no such table: main.gone",
  ]);
});

test("views within each other, many deep, are let alone, also under names that are to be quoted", () => {
  const depth = 1500;
  const chain = Array.from({ length: depth }, (_, i) => `CREATE VIEW "v""${i + 1}" AS SELECT x FROM [v"${i}]`);
  expect(broken(`CREATE VIEW "v""0" AS SELECT x FROM gone; ${chain.join(";")}`, `v"${depth}`, 'v"1')).toEqual([
    'v"1: no such table: main.gone',
  ]);
});

test("a view within itself is let alone", () => {
  expect(broken("CREATE VIEW a AS SELECT * FROM b; CREATE VIEW b AS SELECT * FROM a", "a", "b")).toEqual([]);
});

test("triggers that read or write a table which is not there are told, each by itself", () => {
  const trigger = (name: string, event: string, body: string) => `CREATE TRIGGER ${name} ${event} BEGIN ${body}; END;`;
  const sql = `
    CREATE TABLE t (a, gone); CREATE VIEW v AS SELECT a FROM t; CREATE VIEW over AS SELECT a FROM "also gone";
    ${trigger("good", "AFTER INSERT ON t", "UPDATE t SET gone = new.a")}
    ${trigger("writes", "AFTER INSERT ON t", "INSERT INTO gone VALUES (new.a)")}
    ${trigger("reads", "BEFORE UPDATE OF a ON t", "SELECT 1 FROM t, GONE")}
    ${trigger("through", "AFTER DELETE ON t", `DELETE FROM "also gone"`)}
    ${trigger("instead", "INSTEAD OF INSERT ON v", "INSERT INTO gone VALUES (new.a)")}
    ${trigger("on_over", "INSTEAD OF DELETE ON over", "SELECT 1")}`;
  const names = ["good", "writes", "reads", "through", "instead", "on_over"];
  expect(brokenBy(brokenTriggers, sql, names)).toEqual([
    "writes: no such table: main.gone",
    "reads: no such table: main.gone",
    "through: no such table: main.also gone",
    "instead: no such table: main.gone",
  ]);
  expect(brokenBy(brokenTriggers, sql, ["good"])).toEqual([]);
});

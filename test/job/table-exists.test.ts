import Sqlite from "better-sqlite3";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { compareDatabases } from "../judge/compare.ts";
import { codesOf, expectSuccess, failureOf, runExport, runImport } from "./pump-jobs.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const SHOP = `
  CREATE TABLE customers (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE NOT NULL);
  INSERT INTO customers VALUES (1, 'Ada'), (2, 'Ben'), (7, 'Cy');
  CREATE TABLE orders (id INTEGER PRIMARY KEY, customer REFERENCES customers, amount REAL CHECK (amount > 0), at TEXT DEFAULT 'now');
  INSERT INTO orders VALUES (10, 1, 5, 'a'), (11, 2, 6.5, 'b'), (12, 7, 7, NULL);
  CREATE INDEX orders_customer ON orders (customer);
  CREATE TABLE tags (k TEXT COLLATE NOCASE, v, PRIMARY KEY (k)) WITHOUT ROWID;
  INSERT INTO tags VALUES ('Red', 1), ('green', 2);
  CREATE VIEW totals AS SELECT customer, sum(amount) AS total FROM orders GROUP BY customer;
  CREATE TABLE audit (what);
  CREATE TRIGGER orders_audit AFTER INSERT ON orders BEGIN INSERT INTO audit VALUES (new.id); END;
  CREATE TRIGGER totals_insert INSTEAD OF INSERT ON totals BEGIN INSERT INTO audit VALUES ('view'); END;
  CREATE VIRTUAL TABLE docs USING fts5(body);
  INSERT INTO docs VALUES ('one two'), ('two three');
  ANALYZE;`;

let original: string;
let folder: string;
let shop: string;
let other: string;

beforeAll(async () => {
  original = mkdtempSync(join(tmpdir(), "tsdp-exists-"));
  execute(join(original, "SHOP.db"), SHOP);
  expectSuccess(await runExport(original, { schemas: "IN ('SHOP')" }));
  return () => {
    rmSync(original, { recursive: true });
  };
});

beforeEach(() => {
  folder = temporaryFolder();
  [shop, other] = [join(folder, "SHOP.db"), join(folder, "OTHER.db")];
  for (const file of ["SHOP.db", "test.dmp"]) copyFileSync(join(original, file), join(folder, file));
});

const INTO_OTHER = { remap: [["SHOP", "OTHER"]] } as const;

function action(name: string): { readonly parameters: Record<string, string>; readonly remap: typeof INTO_OTHER.remap } {
  return { ...INTO_OTHER, parameters: { TABLE_EXISTS_ACTION: name } };
}

function execute(path: string, sql: string): void {
  const database = new Sqlite(path);
  database.pragma("foreign_keys = off");
  database.exec(sql);
  database.close();
}

/** Rows as JSON, one text each. */
function rows(path: string, sql: string): string[] {
  const database = new Sqlite(path, { readonly: true });
  const found = database
    .prepare(sql)
    .raw()
    .all()
    .map((row) => JSON.stringify(row));
  database.close();
  return found;
}

function objects(path: string): string[] {
  return rows(path, "SELECT type || ' ' || name FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY 1").map((row) =>
    row.slice(2, -2),
  );
}

describe("skip", () => {
  test("is the default: tables that exist stay as they are with what depends on them, the others come whole", async () => {
    execute(other, "CREATE TABLE ORDERS (id, mine); INSERT INTO ORDERS VALUES (1, 'kept'); CREATE TABLE own (a)");
    const report = await runImport(folder, INTO_OTHER);
    expect(report).toMatchObject({ state: "COMPLETED", errorCount: 1 });
    expect(report.errors).toEqual([expect.stringMatching(/^ORA-39151: Table "OTHER"\."orders" exists\./)]);
    expect(rows(other, "SELECT * FROM orders")).toEqual(['[1,"kept"]']);
    expect(objects(other)).not.toContain("index orders_customer");
    expect(objects(other)).not.toContain("trigger orders_audit");
    expect(objects(other)).toEqual(expect.arrayContaining(["table own", "table docs", "view totals", "trigger totals_insert"]));
    expect(rows(other, "SELECT count(*) FROM docs WHERE docs MATCH 'two'")).toEqual(["[2]"]);
    expect(rows(other, "SELECT name, seq FROM sqlite_sequence")).toEqual(['["customers",7]']);
    expect(rows(other, "SELECT count(*) FROM sqlite_stat1 WHERE tbl = 'orders' COLLATE NOCASE")).toEqual(["[0]"]);
    expect(rows(other, "SELECT count(*) FROM sqlite_stat1 WHERE tbl = 'customers'")).toEqual(["[1]"]);
  });

  test("an import on top of itself changes nothing but says so for each table", async () => {
    execute(other, SHOP);
    const report = await runImport(folder, INTO_OTHER);
    expect(report.errors.filter((error) => error.startsWith("ORA-39151"))).toHaveLength(5);
    expect(compareDatabases(shop, other)).toEqual([]);
  });

  test("a view or an index of the same name is not replaced, and a table does not replace a view", async () => {
    execute(
      other,
      "CREATE VIEW tags AS SELECT 1 AS one; CREATE VIEW totals AS SELECT 2 AS two; CREATE TABLE t (a); CREATE INDEX orders_customer ON t (a)",
    );
    const report = await runImport(folder, INTO_OTHER);
    const existing = report.errors.filter((error) => error.startsWith("ORA-31684")).map((error) => /type (\S+)/.exec(error)?.[1]);
    expect(existing.sort()).toEqual(['INDEX:"OTHER"."orders_customer"', 'VIEW:"OTHER"."tags"', 'VIEW:"OTHER"."totals"']);
    expect(rows(other, "SELECT * FROM tags")).toEqual(["[1]"]);
    expect(rows(other, "SELECT id FROM orders")).toEqual(["[10]", "[11]", "[12]"]);
    const below = (path: string) => report.lines.at(report.lines.findIndex((line) => line.endsWith(path)) + 1);
    expect(below("/TABLE/INDEX/INDEX")).toMatch(/^ORA-31684.*INDEX:"OTHER"."orders_customer"/);
    expect(below("/VIEW/VIEW")).toMatch(/^ORA-31684.*VIEW:"OTHER"."totals"/);
  });
});

describe("append and truncate", () => {
  const EXISTING = `
    CREATE TABLE customers (name TEXT UNIQUE NOT NULL, id INTEGER PRIMARY KEY AUTOINCREMENT, extra DEFAULT 'extra');
    INSERT INTO customers VALUES ('Zoe', 100, 'x');
    CREATE TABLE orders (id INTEGER PRIMARY KEY, amount INTEGER, customer, at);
    CREATE TABLE log (n);
    CREATE TRIGGER orders_log AFTER INSERT ON orders BEGIN INSERT INTO log VALUES (new.id); END;
    INSERT INTO orders VALUES (1, 1, 1, 1);
    DELETE FROM log`;

  test("append adds the rows by column names, and what depended on the table in the dump stays away", async () => {
    execute(other, EXISTING);
    const report = await runImport(folder, { ...action("APPEND"), tables: "SHOP.customers,SHOP.orders" });
    expect(report).toMatchObject({ state: "COMPLETED", errorCount: 0 });
    expect(report.lines).toContainEqual(
      expect.stringMatching(/^ORA-39152: Table "OTHER"\."customers" exists\. Data will be appended/),
    );
    expect(rows(other, "SELECT id, name, extra FROM customers ORDER BY id")).toEqual([
      '[1,"Ada","extra"]',
      '[2,"Ben","extra"]',
      '[7,"Cy","extra"]',
      '[100,"Zoe","x"]',
    ]);
    expect(rows(other, "SELECT id, amount, typeof(amount) FROM orders ORDER BY id")).toEqual([
      '[1,1,"integer"]',
      '[10,5,"integer"]',
      '[11,6.5,"real"]',
      '[12,7,"integer"]',
    ]);
    expect(objects(other)).not.toContain("index orders_customer");
    expect(objects(other)).not.toContain("trigger orders_audit");
    expect(rows(other, "SELECT seq FROM sqlite_sequence")).toEqual(["[100]"]);
  });

  test("truncate puts the rows of the dump in place of those that are there", async () => {
    execute(other, EXISTING);
    const report = await runImport(folder, { ...action("TRUNCATE"), tables: "SHOP.customers,SHOP.orders" });
    expect(report.errorCount).toBe(0);
    expect(report.lines).toContainEqual(
      expect.stringMatching(/^ORA-39153: Table "OTHER"\."orders" exists and has been truncated/),
    );
    expect(rows(other, "SELECT id FROM orders")).toEqual(["[10]", "[11]", "[12]"]);
    expect(rows(other, "SELECT id FROM customers ORDER BY id")).toEqual(["[1]", "[2]", "[7]"]);
  });

  test.each(["APPEND", "TRUNCATE"])(
    "%s: a violated constraint loads nothing of that table, and all of the others",
    async (name) => {
      execute(
        other,
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, customer, amount CHECK (amount < 7), at); INSERT INTO orders VALUES (12, 0, 1, 0)",
      );
      execute(other, "CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT); CREATE TABLE log (n)");
      const report = await runImport(folder, action(name));
      expect(report).toMatchObject({ state: "COMPLETED", errorCount: 1 });
      expect(report.errors[0]).toMatch(
        /^ORA-31693: Table data object "OTHER"\."orders" failed[^]*\nORA-02354: [^]*\nSQLITE_CONSTRAINT/,
      );
      expect(rows(other, "SELECT * FROM orders")).toEqual(["[12,0,1,0]"]);
      expect(rows(other, "SELECT id FROM customers")).toEqual(["[1]", "[2]", "[7]"]);
      expect(rows(other, "SELECT k FROM tags")).toEqual(['["green"]', '["Red"]']);
      expect(report.lines.join("\n")).not.toContain('imported "OTHER"."orders"');
      expect(rows(other, "SELECT name FROM sqlite_schema WHERE name LIKE 'tsdp%'")).toEqual([]);
    },
  );

  test("columns that the table lacks are an error of that table only; generated ones are computed by the target", async () => {
    execute(other, "CREATE TABLE orders (id INTEGER PRIMARY KEY, amount); CREATE TABLE tags (k, v, both AS (k || v))");
    const report = await runImport(folder, { ...action("APPEND"), tables: "SHOP.orders,SHOP.tags" });
    expect(report.errors).toEqual([expect.stringMatching(/"OTHER"\."orders"[^]*customer/)]);
    expect(rows(other, "SELECT * FROM orders")).toEqual([]);
    expect(rows(other, "SELECT both FROM tags ORDER BY 1")).toEqual(['["Red1"]', '["green2"]']);
  });

  test("a virtual table is neither appended to nor truncated", async () => {
    execute(other, "CREATE VIRTUAL TABLE docs USING fts5(body); INSERT INTO docs VALUES ('mine')");
    for (const name of ["APPEND", "TRUNCATE"]) {
      const report = await runImport(folder, { ...action(name), tables: "SHOP.docs" });
      expect(report.errors).toEqual([expect.stringMatching(/"OTHER"\."docs"[^]*virtual table/)]);
      expect(rows(other, "SELECT body FROM docs WHERE docs MATCH 'mine OR two'")).toEqual(['["mine"]']);
    }
  });

  test("rows whose parents are missing are reported and stay", async () => {
    execute(
      other,
      "CREATE TABLE customers (id INTEGER PRIMARY KEY, name); CREATE TABLE orders (id INTEGER PRIMARY KEY, customer REFERENCES customers, amount, at)",
    );
    const report = await runImport(folder, { ...action("APPEND"), tables: "SHOP.orders" });
    expect(report.errors).toEqual([expect.stringMatching(/^ORA-02298: [^]*orders[^]*3 row/)]);
    expect(rows(other, "SELECT count(*) FROM orders")).toEqual(["[3]"]);
  });
});

describe("replace", () => {
  test("makes the schema what the dump says, and leaves what the dump does not name", async () => {
    execute(other, SHOP);
    execute(
      other,
      `DELETE FROM orders; DROP VIEW totals; CREATE TABLE own (a REFERENCES customers); INSERT INTO own VALUES (1);
      CREATE INDEX own_a ON own (a); INSERT INTO docs VALUES ('mine'); UPDATE customers SET id = id + 90; CREATE INDEX mine ON orders (at)`,
    );
    const report = await runImport(folder, action("REPLACE"));
    expect(report).toMatchObject({ state: "COMPLETED", errors: [] });
    execute(other, "DROP TABLE own; VACUUM");
    expect(compareDatabases(shop, other)).toEqual([]);
  });

  test("of one table keeps the others, their views, and the sequence of the schema", async () => {
    execute(other, SHOP);
    execute(
      other,
      "DELETE FROM customers; INSERT INTO customers VALUES (900, 'Nine'); UPDATE orders SET amount = 99; DROP INDEX orders_customer",
    );
    expectSuccess(await runImport(folder, { ...action("REPLACE"), tables: "SHOP.customers" }));
    expect(rows(other, "SELECT * FROM customers")).toEqual(['[1,"Ada"]', '[2,"Ben"]', '[7,"Cy"]']);
    expect(rows(other, "SELECT name, seq FROM sqlite_sequence")).toEqual(['["customers",7]']);
    expect(rows(other, "SELECT amount FROM orders")).toEqual(["[99]", "[99]", "[99]"]);
    expect(objects(other)).toContain("trigger orders_audit");
    expect(objects(other)).not.toContain("index orders_customer");
  });

  test("a full-text index beside a table that is replaced is named, unless it comes too; so is a key that refers to none", async () => {
    execute(
      other,
      `CREATE TABLE audit (what, k); INSERT INTO audit VALUES ('old', 1);
       CREATE VIRTUAL TABLE words USING fts5(what, content='audit'); INSERT INTO words (words) VALUES ('rebuild');
       CREATE TABLE marks (v REFERENCES audit (what));
       CREATE VIRTUAL TABLE others USING fts5(k, content=tags);`,
    );
    const { errors } = await runImport(folder, { ...action("REPLACE"), tables: "SHOP.audit" });
    expect(errors).toEqual([
      expect.stringMatching(/^ORA-02298: [^]*its foreign keys can't be checked: foreign key mismatch - "marks"/),
      expect.stringMatching(/^ORA-29861: [^]*INSERT INTO "words"\("words"\) VALUES \('rebuild'\) mends it/),
    ]);
    execute(other, "INSERT INTO words (words) VALUES ('rebuild'); INSERT INTO words (words, rank) VALUES ('integrity-check', 1)");
  });

  test("a virtual table is replaced with all of its shadow tables", async () => {
    execute(other, "CREATE VIRTUAL TABLE docs USING fts5(body, tokenize = 'porter'); INSERT INTO docs VALUES ('mine')");
    expectSuccess(await runImport(folder, { ...action("REPLACE"), tables: "SHOP.docs" }));
    expect(rows(other, "SELECT body FROM docs WHERE docs MATCH 'two' ORDER BY rowid")).toEqual(['["one two"]', '["two three"]']);
    expect(rows(other, "PRAGMA integrity_check")).toEqual(['["ok"]']);
  });
});

test("replace leaves a virtual table whose module is missing, and replaces the others", async () => {
  const database = new Sqlite(other);
  database.unsafeMode(true);
  database.exec(`CREATE TABLE tags (k); PRAGMA writable_schema = on;
    INSERT INTO sqlite_schema VALUES ('table', 'docs', 'docs', 0, 'CREATE VIRTUAL TABLE docs USING far(body)')`);
  database.close();
  const report = await runImport(folder, { ...action("REPLACE"), tables: "SHOP.docs,SHOP.tags" });
  expect(report.errors).toEqual([
    expect.stringMatching(/^ORA-39121: Table "OTHER"\."docs" can't be replaced[^]*no such module: far/),
  ]);
  expect(rows(other, "SELECT k FROM tags ORDER BY 1")).toEqual(['["green"]', '["Red"]']);
  expect(objects(other)).not.toContain("table docs_data");
});

describe("content", () => {
  test("data_only loads rows and nothing else, into tables that exist", async () => {
    execute(other, "CREATE TABLE customers (id INTEGER PRIMARY KEY, name); CREATE TABLE tags (k, v)");
    const report = await runImport(folder, {
      ...INTO_OTHER,
      content: "DATA_ONLY",
      tables: "SHOP.customers,SHOP.tags,SHOP.audit",
    });
    expect(report.errors).toEqual([expect.stringMatching(/"OTHER"\."audit"[^]*ORA-00942/)]);
    expect(objects(other)).toEqual(["table customers", "table tags"]);
    expect(rows(other, "SELECT count(*) FROM customers UNION ALL SELECT count(*) FROM tags")).toEqual(["[3]", "[2]"]);
  });

  test("data_only needs a schema", async () => {
    const failure = await failureOf(runImport(folder, { ...INTO_OTHER, content: "DATA_ONLY" }));
    expect(codesOf(failure)).toEqual(["ORA-39002", "ORA-39146"]);
  });

  test("metadata_only makes everything but the rows, from either side", async () => {
    const made = async (path: string, dumpFile: string, content: { content?: "METADATA_ONLY" }) => {
      expectSuccess(await runImport(folder, { dumpFiles: [dumpFile], remap: [["SHOP", path]], ...content }));
      expect(objects(join(folder, `${path}.db`)).filter((name) => !name.includes("sqlite_"))).toEqual(
        objects(shop).filter((name) => !name.includes("sqlite_")),
      );
      for (const table of ["customers", "orders", "tags"])
        expect(rows(join(folder, `${path}.db`), `SELECT * FROM ${table}`)).toEqual([]);
      // The sequence and the statistics describe rows that are not there.
      expect(rows(join(folder, `${path}.db`), "SELECT * FROM sqlite_sequence")).toEqual([]);
    };
    expectSuccess(await runExport(folder, { schemas: "IN ('SHOP')", dumpFiles: ["meta.dmp"], content: "METADATA_ONLY" }));
    await made("ONE", "meta.dmp", {});
    await made("TWO", "test.dmp", { content: "METADATA_ONLY" });
  });

  test("a dump of data only loads into tables that exist and makes none", async () => {
    expectSuccess(await runExport(folder, { schemas: "IN ('SHOP')", dumpFiles: ["data.dmp"], content: "DATA_ONLY" }));
    execute(other, "CREATE TABLE customers (id INTEGER PRIMARY KEY, name); CREATE TABLE tags (k, v)");
    const report = await runImport(folder, {
      ...INTO_OTHER,
      dumpFiles: ["data.dmp"],
      tables: "SHOP.customers,SHOP.tags,SHOP.audit",
      content: "DATA_ONLY",
    });
    expect(report.errors).toEqual([expect.stringMatching(/"OTHER"\."audit"/)]);
    expect(rows(other, "SELECT count(*) FROM customers UNION ALL SELECT count(*) FROM tags")).toEqual(["[3]", "[2]"]);
    expect(objects(other)).toEqual(["table customers", "table tags"]);
  });
});

describe("some tables", () => {
  test("come with their indexes, triggers, sequence and statistics, without views and other tables", async () => {
    expectSuccess(await runExport(folder, { tables: "SHOP.orders,SHOP.cust%", dumpFiles: ["some.dmp"] }));
    const report = await runImport(folder, { ...INTO_OTHER, dumpFiles: ["some.dmp"] });
    expect(report.state).toBe("COMPLETED");
    expect(report.errors).toEqual([expect.stringMatching(/TRIGGER:"OTHER"."orders_audit"[^]*no such table: main.audit/)]);
    expect(objects(other).filter((name) => !name.includes("sqlite_"))).toEqual([
      "index orders_customer",
      "table customers",
      "table orders",
      "trigger orders_audit",
    ]);
    expect(rows(other, "SELECT name, seq FROM sqlite_sequence")).toEqual(['["customers",7]']);
    expect(rows(other, "SELECT DISTINCT tbl FROM sqlite_stat1 ORDER BY 1")).toEqual(['["customers"]', '["orders"]']);
  });

  test("what a list names and nobody has is an error line each; the rest is done", async () => {
    const exported = await runExport(folder, { schemas: "IN ('SHOP','NOWHERE')", dumpFiles: ["list.dmp"] });
    expect(exported.errors).toEqual([expect.stringMatching(/^ORA-39165: Schema NOWHERE was not found/)]);
    const tables = await runExport(folder, { tables: "SHOP.orders,SHOP.nothing", dumpFiles: ["list2.dmp"] });
    expect(tables.errors).toEqual([expect.stringMatching(/^ORA-39166: Object SHOP\.nothing was not found/)]);
    const imported = await runImport(folder, { ...INTO_OTHER, tables: "SHOP.tags,SHOP.nothing" });
    expect(imported.errors).toEqual([expect.stringMatching(/^ORA-39166: Object SHOP\.nothing was not found/)]);
    expect(imported.state).toBe("COMPLETED");
    expect(rows(other, "SELECT count(*) FROM tags")).toEqual(["[2]"]);
  });
});

test("names that differ in letters whose case SQLite does not fold are different ones", async () => {
  const uml = join(folder, "UML.db");
  const names = ["Ä", "ä"].flatMap((name) => [
    `CREATE TABLE "${name}" (a UNIQUE); INSERT INTO "${name}" VALUES ('${name}')`,
    `CREATE INDEX "${name} index" ON "${name}" (a); CREATE VIEW "${name} view" AS SELECT a FROM "${name}"`,
  ]);
  execute(uml, names.join(";"));
  expectSuccess(await runExport(folder, { schemas: "IN ('UML')", dumpFiles: ["uml.dmp"] }));
  const same = { dumpFiles: ["uml.dmp"], filters: [["EXCLUDE_PATH_EXPR", "IN ('VIEW')"]] } as const;
  copyFileSync(uml, other);
  execute(other, `DELETE FROM "Ä"; DELETE FROM "ä"`);
  expectSuccess(await runImport(folder, { ...same, remap: [["UML", "OTHER"]], parameters: { TABLE_EXISTS_ACTION: "REPLACE" } }));
  expect(compareDatabases(uml, other)).toEqual([]);
  execute(other, `DROP TABLE "ä"`);
  await runImport(folder, { ...same, remap: [["UML", "OTHER"]] });
  expect(compareDatabases(uml, other)).toEqual([]);
});

test("a table that can't be replaced stays as it was; one that is made refuses its rows, and has its indexes", async () => {
  execute(shop, "PRAGMA ignore_check_constraints = 1; UPDATE orders SET amount = -1 WHERE id = 11");
  expectSuccess(await runExport(folder, { schemas: "IN ('SHOP')", dumpFiles: ["refused.dmp"] }));
  const conventional = { DATA_ACCESS_METHOD: "CONVENTIONAL_PATH" };
  const request = { dumpFiles: ["refused.dmp"], parameters: { ...conventional, TABLE_EXISTS_ACTION: "REPLACE" } };
  execute(shop, "INSERT INTO orders VALUES (99, 1, 9, 'here only')");
  copyFileSync(shop, join(folder, "BEFORE.db"));
  const replaced = await runImport(folder, request);
  expect(replaced.errors.length).toBeGreaterThan(0);
  expect(compareDatabases(join(folder, "BEFORE.db"), shop)).toEqual([]);
  await runImport(folder, { ...INTO_OTHER, dumpFiles: ["refused.dmp"], parameters: conventional });
  expect(rows(other, "SELECT count(*) FROM orders")).toEqual(["[0]"]);
  expect(objects(other)).toEqual(objects(shop));
});

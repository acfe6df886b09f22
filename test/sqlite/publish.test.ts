import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { openDatabase, type Connection } from "../../src/sqlite/database.ts";
import { publish } from "../../src/sqlite/publish.ts";
import type { PublishEvent, PublishPlan } from "../../src/sqlite/publish-plan.ts";
import { temporaryFolder } from "../job/temporary-folder.ts";
import { stageAll, type TableChoice } from "./transfer.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = temporaryFolder();
  path = join(folder, "TARGET.db");
});

function makeTarget(sql: string): void {
  const made = openDatabase(path);
  made.exec(sql);
  made.close();
}

function open(): Connection {
  const connection = openDatabase(path, { mustExist: true });
  onTestFinished(() => {
    connection.close();
  });
  return connection;
}

function run(plan: PublishPlan, during: (event: PublishEvent) => void = () => undefined): PublishEvent[] {
  const events: PublishEvent[] = [];
  const connection = openDatabase(path, { mustExist: true });
  try {
    publish(connection, true, plan, (event) => {
      events.push(event);
      during(event);
    });
  } finally {
    connection.close();
  }
  return events;
}

/** Stages a source in the target and publishes it. Gives the objects that were left out, and the target, which must be sound. */
function move(sourceSql: string, choices: Readonly<Record<string, TableChoice>> = {}): { left: string[]; target: Connection } {
  const events = run(stageAll(folder, sourceSql, path, choices));
  const left = events.flatMap((event) =>
    ["failed", "rejected", "taken"].includes(event.kind) ? [`${event.kind} ${event.object.name}`] : [],
  );
  const target = open();
  expect(target.pragma("integrity_check", { simple: true })).toBe("ok");
  return { left, target };
}

function names(connection: Connection): unknown[] {
  return connection
    .prepare(
      "SELECT name FROM sqlite_schema WHERE name NOT LIKE 'tsdp:%' AND name NOT LIKE 'sqlite_autoindex_tsdp:%' ORDER BY name",
    )
    .pluck()
    .all();
}

const rows = (connection: Connection, table: string) => connection.prepare(`SELECT * FROM ${table} ORDER BY 1`).raw().all();

const SOURCE = `
  CREATE TABLE emp (id INTEGER PRIMARY KEY, name TEXT UNIQUE);
  INSERT INTO emp VALUES (1, 'KING'), (2, 'BLAKE');
  CREATE INDEX emp_name ON emp (name, id);
  CREATE VIEW kings AS SELECT * FROM emp WHERE name = 'KING';
  CREATE TRIGGER emp_trigger AFTER INSERT ON emp BEGIN DELETE FROM emp; END;`;
const PUBLISHED = ["emp", "emp_name", "emp_trigger", "kings", "mine", "sqlite_autoindex_emp_1"];

describe("one transaction", () => {
  test("another connection sees nothing of it until all is there", () => {
    makeTarget("CREATE TABLE mine (a); INSERT INTO mine VALUES (1)");
    const plan = stageAll(folder, SOURCE, path);
    const reader = open();
    const seen = new Set<string>();
    run(plan, () => seen.add(JSON.stringify(names(reader))));
    expect([...seen]).toEqual([JSON.stringify(["mine"])]);
    expect(names(reader)).toEqual(PUBLISHED);
    expect(rows(reader, "emp")).toEqual([
      [1, "KING"],
      [2, "BLAKE"],
    ]);
  });

  test("an error in the middle leaves the file as it was, byte for byte", () => {
    makeTarget("CREATE TABLE mine (a); INSERT INTO mine VALUES (1)");
    const plan = { ...stageAll(folder, SOURCE, path), drops: ["mine"] };
    const before = readFileSync(path);
    const fail = () =>
      run(plan, ({ kind, object }) => {
        if (kind === "object" && object.name === "emp_name") throw new Error("the log is full");
      });
    expect(fail).toThrow("the log is full");
    expect(readFileSync(path).equals(before)).toBe(true);
    expect(existsSync(`${path}-journal`)).toBe(false);
  });

  test.each(["CREATE UNIQUE INDEX i ON t (a, b)", `CREATE INDEX i ON t (a, "word")`])(
    "a disk that is full leaves no index out, but undoes all: %s",
    (sql) => {
      makeTarget("CREATE TABLE mine (a)");
      const numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)";
      const plan = stageAll(
        folder,
        `CREATE TABLE t (a, b); ${numbers} INSERT INTO t SELECT i, hex(i) FROM n; CREATE INDEX i ON t (a)`,
        path,
      );
      const indexes = plan.indexes.map((index) => ({ ...index, sql: Buffer.from(sql) }));
      const before = readFileSync(path);
      const connection = open();
      const kinds: string[] = [];
      const fail = () => {
        publish(connection, true, { ...plan, indexes }, ({ kind, object }) => {
          kinds.push(`${kind} ${object.name}`);
          if (object.name === "i") connection.pragma("max_page_count = 1");
        });
      };
      expect(fail).toThrow(expect.objectContaining({ code: "SQLITE_FULL" }));
      expect(kinds.filter((kind) => kind.endsWith(" i"))).toEqual(["begun i"]);
      expect(connection.inTransaction).toBe(false);
      expect(readFileSync(path).equals(before)).toBe(true);
    },
  );

  test.each([1, 2, 3])("a process that is killed at event %d leaves it as it was", (event) => {
    makeTarget(
      "CREATE TABLE mine (a); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) INSERT INTO mine SELECT hex(zeroblob(100)) FROM n",
    );
    const plan = { ...stageAll(folder, SOURCE, path), drops: ["mine"] };
    const before = rows(open(), "mine");
    const [script, dist] = ["killed-publish.mjs", "../../dist"].map((name) => fileURLToPath(new URL(name, import.meta.url)));
    const child = spawnSync(process.execPath, [script ?? "", dist ?? "", path, String(event), JSON.stringify(plan)], {
      encoding: "utf8",
    });
    expect([child.signal, child.stderr]).toEqual(["SIGKILL", ""]);
    expect(existsSync(`${path}-journal`)).toBe(true);
    const target = open();
    expect(names(target)).toEqual(["mine"]);
    expect(rows(target, "mine")).toEqual(before);
    expect(target.pragma("integrity_check", { simple: true })).toBe("ok");
    run(plan);
    expect(names(target)).toEqual(PUBLISHED.filter((name) => name !== "mine"));
  });

  test("no trigger fires, neither those of the dump nor those that are there", () => {
    makeTarget(SOURCE.replace("INSERT INTO emp VALUES (1, 'KING'), (2, 'BLAKE');", ""));
    const { left, target } = move(
      "CREATE TABLE other (a); INSERT INTO other VALUES (1); CREATE TRIGGER t AFTER INSERT ON other BEGIN DELETE FROM other; END",
    );
    expect(left).toEqual([]);
    expect(rows(target, "other")).toEqual([[1]]);
  });
});

describe("an index that can't be built", () => {
  test("is reported with its text and left out, the rest is there", () => {
    makeTarget("CREATE TABLE mine (a)");
    const plan = stageAll(folder, `${SOURCE} CREATE UNIQUE INDEX bad ON emp (name)`, path);
    const broken = {
      ...plan,
      indexes: plan.indexes.map((index) =>
        index.name === "bad" ? { ...index, sql: Buffer.from("CREATE UNIQUE INDEX bad ON emp (length(name) > 0)") } : index,
      ),
    };
    const failed = run(broken).filter(({ kind }) => kind === "failed");
    expect(failed).toMatchObject([
      {
        object: { name: "bad" },
        lines: [{ code: "SQLITE_CONSTRAINT_UNIQUE" }, { text: "\nCREATE UNIQUE INDEX bad ON emp (length(name) > 0)" }],
      },
    ]);
    expect(names(open())).toEqual(PUBLISHED);
    expect(open().pragma("integrity_check", { simple: true })).toBe("ok");
  });

  test("does not touch an index of its name that is there", () => {
    makeTarget("CREATE TABLE mine (a, b); INSERT INTO mine VALUES (1, 2); CREATE INDEX emp_name ON mine (b)");
    const { left, target } = move(SOURCE);
    expect(left).toEqual(["taken emp_name"]);
    expect(target.prepare("SELECT sql FROM sqlite_schema WHERE name = 'emp_name'").pluck().get()).toBe(
      "CREATE INDEX emp_name ON mine (b)",
    );
  });
});

describe("a name that another program has given since the plan was made", () => {
  const RICH = `${SOURCE}
    CREATE TRIGGER kings_trigger INSTEAD OF INSERT ON kings BEGIN DELETE FROM emp; END;
    CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT, v); INSERT INTO counted VALUES (900, 'dump');
    CREATE INDEX counted_v ON counted (v); CREATE TRIGGER counted_trigger AFTER INSERT ON counted BEGIN DELETE FROM emp; END;
    CREATE VIRTUAL TABLE words USING fts5 (w); INSERT INTO words VALUES ('dump');
    CREATE TABLE other (a); INSERT INTO other VALUES (1);`;
  const WORDS = ["words", ...["config", "content", "data", "docsize", "idx"].map((part) => `words_${part}`)];
  const NAMES = "emp emp_name emp_trigger kings kings_trigger counted counted_v counted_trigger other".split(" ");
  const ALL = [...NAMES, ...WORDS];

  function begin(targetSql: string, sourceSql: string, choices: Readonly<Record<string, TableChoice>> = {}): PublishPlan {
    for (const name of [path, join(folder, "SOURCE.db")]) rmSync(name, { force: true });
    makeTarget(targetSql);
    return stageAll(folder, sourceSql, path, choices);
  }

  test.each([
    ["CREATE INDEX counted ON mine (a)", ["counted"], ["counted_v", "counted_trigger"]],
    [
      "CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT, v); INSERT INTO counted VALUES (5, 'mine')",
      ["counted"],
      ["counted_v", "counted_trigger"],
    ],
    ["CREATE VIEW Emp AS SELECT 7 AS id", ["emp"], ["emp_name", "emp_trigger"]],
    ["CREATE TABLE kings (id)", ["kings", "kings_trigger < kings"], []],
    ["CREATE INDEX emp_name ON mine (a)", ["emp_name"], []],
    ["CREATE TABLE emp_name (a)", ["emp_name"], []],
    ["CREATE TRIGGER emp_trigger AFTER INSERT ON mine BEGIN DELETE FROM mine; END", ["emp_trigger"], []],
    ["CREATE TABLE words (w)", ["words"], WORDS],
    ["CREATE TABLE words_data (a)", ["words_data", "words < words_data"], WORDS],
  ])("stays, and what belongs to the object of the dump is left out with it: %s", (sql, told, silent) => {
    for (const raw of [true, false]) {
      const choices = { sqlite_sequence: { action: "merge" }, emp: { raw }, counted: { raw } } as const;
      const plan = begin("CREATE TABLE mine (a); INSERT INTO mine VALUES (1)", RICH, choices);
      const other = openDatabase(path, { mustExist: true });
      other.exec(sql);
      const definitions = () => other.prepare("SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE '%tsdp:%'").all();
      const [before, mine] = [definitions(), sql.includes("AUTOINCREMENT") ? rows(other, "counted") : []];
      const taken = run(plan).flatMap((event) => (event.kind === "taken" ? [event] : []));
      expect(taken.map(({ object, base }) => [object.name, ...(base === null ? [] : [base.name])].join(" < ")).sort()).toEqual(
        [...told].sort(),
      );
      const after = definitions();
      expect(after).toEqual(expect.arrayContaining(before));
      const gone = [...silent, ...told.map((one) => one.split(" ")[0])];
      const come = names(other).filter((name) => ALL.includes(String(name)));
      const there = before.map((object) => (object as { name: string }).name);
      expect(come.sort()).toEqual(
        [...new Set([...ALL.filter((name) => !gone.includes(name)), ...there])].filter((name) => ALL.includes(name)).sort(),
      );
      if (mine.length > 0) {
        expect(rows(other, "counted")).toEqual(mine);
        expect(rows(other, "sqlite_sequence WHERE name = 'counted'")).toEqual([["counted", 5]]);
      }
      expect(rows(other, "other")).toEqual([[1]]);
      expect(other.prepare("SELECT name FROM sqlite_schema WHERE name LIKE 'tsdp:%'").all()).toEqual([]);
      expect(other.pragma("integrity_check", { simple: true })).toBe("ok");
      other.close();
    }
  });

  test("a table that was to be replaced and is gone is made, or left out when a view has its name", () => {
    for (const [sql, told] of [
      ["DROP TABLE emp", []],
      ["DROP TABLE emp; CREATE VIEW emp AS SELECT 7", ["emp"]],
    ] as const) {
      const plan = { ...begin("CREATE TABLE emp (a)", SOURCE), drops: ["emp"] };
      makeTarget(sql);
      const taken = run(plan).flatMap((event) => (event.kind === "taken" ? [event.object.name] : []));
      expect([taken, rows(open(), "emp")]).toEqual([
        told,
        told.length === 0
          ? [
              [1, "KING"],
              [2, "BLAKE"],
            ]
          : [[7]],
      ]);
    }
  });

  test("a virtual table that is replaced stays when a table has come to be that its successor needs", () => {
    const target = "CREATE VIRTUAL TABLE words USING fts3 (w); INSERT INTO words VALUES ('mine')";
    const plan = { ...begin(target, "CREATE VIRTUAL TABLE words USING fts5 (w)"), drops: ["words"] };
    makeTarget("CREATE TABLE words_data (a)");
    expect(() => run(plan)).toThrow("words can't be replaced");
    expect(rows(open(), "words")).toEqual([["mine"]]);
  });
});

// Some names are those of collations.
describe.each(["strange", "nocase"])("an index %s whose text can't be run again (a string in double quotes)", (name) => {
  const sql = `CREATE INDEX ${name} ON t (a) WHERE a <> "no column"`;
  const planOf = (text: string, values: string) => {
    const plan = stageAll(folder, `CREATE TABLE t (z, a); INSERT INTO t VALUES ${values}; CREATE INDEX ${name} ON t (a)`, path);
    return { ...plan, indexes: plan.indexes.map((index) => ({ ...index, sql: Buffer.from(text) })) };
  };

  test("is stored byte for byte, built and used", () => {
    makeTarget("CREATE TABLE mine (a)");
    expect(run(planOf(sql, "(1, 'x'), (2, 'no column'), (3, 'y')")).map(({ kind }) => kind)).not.toContain("failed");
    const target = open();
    expect(target.prepare("SELECT sql FROM sqlite_schema WHERE name = ?").pluck().get(name)).toBe(sql);
    expect(target.pragma("integrity_check", { simple: true })).toBe("ok");
    expect(target.prepare(`SELECT count(*) FROM t INDEXED BY ${name} WHERE a <> 'no column'`).pluck().get()).toBe(2);
  });

  test("is left out when its rows violate it, and the file stays sound", () => {
    makeTarget("CREATE TABLE mine (a)");
    const events = run(planOf(sql.replace("INDEX", "UNIQUE INDEX"), "(1, 'x'), (2, 'x')"));
    expect(events.filter(({ kind }) => kind === "failed")).toMatchObject([{ object: { name } }]);
    expect(names(open())).toEqual(["mine", "t"]);
    expect(open().pragma("integrity_check", { simple: true })).toBe("ok");
  });
});

describe("a table that exists", () => {
  const EXISTING = "CREATE TABLE emp (id INTEGER PRIMARY KEY, name TEXT UNIQUE); INSERT INTO emp VALUES (7, 'SCOTT')";
  const TABLE = "CREATE TABLE emp (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO emp VALUES (1, 'KING'), (2, 'BLAKE')";

  test("takes the rows beside its own", () => {
    makeTarget(EXISTING);
    const { left, target } = move(TABLE, { emp: { action: "append" } });
    expect([left, rows(target, "emp")]).toEqual([
      [],
      [
        [1, "KING"],
        [2, "BLAKE"],
        [7, "SCOTT"],
      ],
    ]);
    expect(names(target)).toEqual(["emp", "sqlite_autoindex_emp_1"]);
  });

  test("takes them in the place of its own", () => {
    makeTarget(EXISTING);
    const { left, target } = move(TABLE, { emp: { action: "append", truncate: true } });
    expect([left, rows(target, "emp")]).toEqual([
      [],
      [
        [1, "KING"],
        [2, "BLAKE"],
      ],
    ]);
  });

  test.each([
    ["a key that is taken", "INSERT INTO emp VALUES (7, 'ADAMS')", false],
    ["a name that is taken", "INSERT INTO emp VALUES (8, 'SCOTT')", false],
    ["a column that it lacks", "ALTER TABLE emp ADD COLUMN salary", false],
    ["a column that it lacks, after truncating", "ALTER TABLE emp ADD COLUMN salary", true],
    ["rows that violate each other, after truncating", "INSERT INTO emp VALUES (8, 'KING')", true],
  ])("takes none of the rows for %s, keeps its own, and the other tables come", (_, change, truncate) => {
    makeTarget(EXISTING);
    const { left, target } = move(`${TABLE}; ${change}; CREATE TABLE other (a); INSERT INTO other VALUES (1)`, {
      emp: { action: "append", truncate },
    });
    expect([left, rows(target, "emp"), rows(target, "other")]).toEqual([["rejected emp"], [[7, "SCOTT"]], [[1]]]);
    expect(names(target)).toEqual(["emp", "other", "sqlite_autoindex_emp_1"]);
  });

  test("computes its STORED generated columns anew", () => {
    makeTarget("CREATE TABLE g (a, b AS (a * 2) STORED, c); INSERT INTO g (a, c) VALUES (1, 'mine')");
    const { left, target } = move("CREATE TABLE g (a, b AS (a * 2) STORED, c); INSERT INTO g (a, c) VALUES (5, 'yours')", {
      g: { action: "append" },
    });
    expect([left, rows(target, "g")]).toEqual([
      [],
      [
        [1, 2, "mine"],
        [5, 10, "yours"],
      ],
    ]);
  });

  test("can't take values for a column that it computes and the dump does not", () => {
    makeTarget("CREATE TABLE g (a, b AS (a * 2) STORED); INSERT INTO g (a) VALUES (1)");
    const { left, target } = move("CREATE TABLE g (a, b); INSERT INTO g VALUES (5, 'not 10')", { g: { action: "append" } });
    expect([left, rows(target, "g")]).toEqual([["rejected g"], [[1, 2]]]);
  });
});

test.each(["n", '"rowid", _rowid_, oid'])(
  "a row whose value a STRICT table would convert is kept apart alone: t (%s)",
  (columns) => {
    makeTarget("CREATE TABLE mine (a)");
    const [column = "", ...rest] = columns.split(", ");
    const values = ["5", "'5'", "'x'", "6", "7.0", "NULL", "-9223372036854775808"];
    const source = `CREATE TABLE t (${columns}); INSERT INTO t (${column}) VALUES ${values.map((value) => `(${value})`).join(", ")}`;
    const plan = stageAll(folder, source, path, { t: { raw: false } });
    const sql = Buffer.from(`CREATE TABLE t (${[`${column} INT`, ...rest.map((name) => `${name} ANY`)].join(", ")}) STRICT`);
    const name = column.replaceAll('"', "");
    const tables = plan.tables.map((table) => {
      return { ...table, definition: { ...table.definition, sql }, strictTypes: [[name, "INT"]] as const };
    });
    const reasons = "tsdp:01234567:0:bad";
    const [told] = run({ ...plan, tables, rejected: reasons }).filter(({ kind }) => kind === "object");
    const reason = (type: string) => `cannot store ${type} value in INT column t.${name}`;
    expect(told).toMatchObject({
      rejections: [
        { reason: reason("TEXT"), rows: 2 },
        { reason: reason("REAL"), rows: 1 },
      ],
    });
    const target = open();
    const typed = (from: string) =>
      target.prepare(`SELECT typeof(x), CAST(x AS TEXT) FROM (SELECT ${column} AS x FROM ${from})`).raw().all();
    expect(typed("t")).toEqual([
      ["integer", "5"],
      ["integer", "6"],
      ["null", null],
      ["integer", "-9223372036854775808"],
    ]);
    expect(typed(`"${tables[0]?.staging ?? ""}:bad"`)).toEqual([
      ["text", "5"],
      ["text", "x"],
      ["real", "7.0"],
    ]);
    expect(target.prepare(`SELECT reason FROM "${reasons}" ORDER BY row`).pluck().all()).toEqual(
      ["TEXT", "TEXT", "REAL"].map(reason),
    );
  },
);

describe("what a table declares for conflicts", () => {
  test.each([
    "m NOT NULL ON CONFLICT IGNORE, k",
    "m NOT NULL ON CONFLICT REPLACE DEFAULT 'd', k",
    "m, k UNIQUE ON CONFLICT IGNORE",
    "m, k UNIQUE ON CONFLICT REPLACE",
    "m, k UNIQUE ON CONFLICT ROLLBACK",
  ])("loses and changes no row of a new table that is inserted: %s", (columns) => {
    makeTarget("CREATE TABLE mine (a)");
    const source = "CREATE TABLE t (m, k); INSERT INTO t VALUES (NULL, 1), ('a', 2), ('b', 2); CREATE TABLE other AS SELECT 1";
    const plan = stageAll(folder, source, path, { t: { raw: false } });
    const sql = Buffer.from(`CREATE TABLE t (${columns})`);
    const tables = plan.tables.map((table) => ({
      ...table,
      losesRowid: true,
      definition: table.definition.name === "t" ? { ...table.definition, sql } : table.definition,
    }));
    const events = run({ ...plan, tables });
    expect(events.filter(({ kind }) => kind === "rejected")).toMatchObject([{ object: { name: "t" } }]);
    expect([rows(open(), "t"), rows(open(), "other")]).toEqual([[], [[1]]]);
  });

  test.each([
    ["CREATE TABLE t (a UNIQUE ON CONFLICT IGNORE); INSERT INTO t VALUES (1)", [[1], [2]], 1],
    ["CREATE TABLE t (a); CREATE TRIGGER g BEFORE INSERT ON t BEGIN SELECT raise(IGNORE); END", [], 2],
  ])("an existing table tells how many rows it ignores: %s", (sql, taken, ignored) => {
    makeTarget(sql);
    const plan = stageAll(folder, "CREATE TABLE t (a); INSERT INTO t VALUES (1), (2)", path, { t: { action: "append" } });
    const events = run(plan).filter(({ kind }) => kind === "object");
    expect(events).toMatchObject([{ rejections: [{ rows: ignored, reason: expect.stringContaining("IGNORE") as string }] }]);
    expect(rows(open(), "t")).toEqual(taken);
  });
});

/** A case of a table whose trigger is in the way of TRUNCATE. */
function keeping(body: string, reason: RegExp): [sql: string, left: number[][], truncate: boolean, reason: RegExp][] {
  const sql = `CREATE TABLE t (a); INSERT INTO t VALUES (7); CREATE TRIGGER g BEFORE DELETE ON t BEGIN ${body}; END`;
  return [[sql, [[7]], true, reason]];
}

test.each([
  ["CREATE TABLE t (a UNIQUE ON CONFLICT ROLLBACK); INSERT INTO t VALUES (1)", [[1]], false, /UNIQUE.*ROLLBACK/],
  ["CREATE TABLE t (a); CREATE TRIGGER g BEFORE INSERT ON t BEGIN SELECT raise(ROLLBACK, 'closed'); END", [], false, /closed/],
  ...keeping("SELECT raise(IGNORE)", /a trigger keeps rows/),
  ...keeping("SELECT raise(ABORT, 'for ever')", /for ever/),
  ...keeping("SELECT raise(ROLLBACK, 'for ever')", /for ever.*ROLLBACK/),
  ...keeping("INSERT INTO t VALUES (old.a)", /a trigger keeps rows/),
  ...keeping("DELETE FROM keeps", /a trigger deletes rows of keeps with those of t/),
])("a table that ends the transaction, or keeps its rows, is left out alone: %s", (sql, left, truncate, reason) => {
  makeTarget(`${sql}; CREATE TABLE mine (a); CREATE TABLE u (a); CREATE TABLE keeps (a); INSERT INTO keeps VALUES (1)`);
  const source =
    "CREATE TABLE s (a); INSERT INTO s VALUES (1); CREATE TABLE t AS SELECT * FROM s; CREATE TABLE u AS SELECT * FROM s";
  const choices = { t: { action: "append", truncate }, u: { action: "append" } } as const;
  const events = run({ ...stageAll(folder, `${source}; CREATE INDEX i ON s (a)`, path, choices), drops: ["mine"] });
  const refused = events.filter(({ kind }) => kind === (truncate ? "not truncated" : "rejected"));
  expect(refused).toMatchObject([{ object: { name: "t" }, lines: [{ text: expect.stringMatching(reason) as string }] }]);
  const target = open();
  expect(["s", "t", "u", "keeps"].map((table) => rows(target, table))).toEqual([[[1]], left, [[1]], [[1]]]);
  expect(names(target).filter((name) => name !== "g" && name !== "sqlite_autoindex_t_1")).toEqual(["i", "keeps", "s", "t", "u"]);
  expect(target.pragma("integrity_check", { simple: true })).toBe("ok");
});

test.each([
  [
    "b",
    "rowid, a, b",
    [
      [10, 1, 2],
      [20, 3, 4],
    ],
  ],
  [
    "b, rowid TEXT",
    "_rowid_, *",
    [
      [10, 1, 2, null],
      [20, 3, 4, null],
    ],
  ],
  [
    "b, rowid, _rowid_, oid",
    "*",
    [
      [1, 2, null, null, null],
      [3, 4, null, null, null],
    ],
  ],
  [
    "b, k INTEGER PRIMARY KEY",
    "*",
    [
      [1, 2, 1],
      [3, 4, 2],
    ],
  ],
  [
    "b, PRIMARY KEY (a)) WITHOUT ROWID; CREATE TABLE u (a",
    "*",
    [
      [1, 2],
      [3, 4],
    ],
  ],
])("rows that come into a truncated table keep their rowids where it has them to give: a, %s", (columns, shown, taken) => {
  makeTarget(`CREATE TABLE "T" (a, ${columns})`);
  const source = "CREATE TABLE t (a, b); INSERT INTO t (rowid, a, b) VALUES (10, 1, 2), (20, 3, 4)";
  const { left, target } = move(source, { t: { action: "append", truncate: true } });
  expect(left).toEqual([]);
  expect(target.prepare(`SELECT ${shown} FROM t ORDER BY a`).raw().all()).toEqual(taken);
});

test("truncate fires the triggers that keep up an index of words, and no foreign key", () => {
  makeTarget(`
    CREATE TABLE t (a INTEGER PRIMARY KEY, b); CREATE VIRTUAL TABLE words USING fts5(b, content = 't', content_rowid = 'a');
    CREATE TRIGGER gone AFTER DELETE ON t BEGIN INSERT INTO words (words, rowid, b) VALUES ('delete', old.a, old.b); END;
    CREATE TRIGGER come AFTER INSERT ON t BEGIN INSERT INTO words (rowid, b) VALUES (new.a, new.b); END;
    CREATE TABLE child (a REFERENCES t ON DELETE CASCADE); INSERT INTO t VALUES (1, 'old'); INSERT INTO child VALUES (1)`);
  const source = "CREATE TABLE t (a INTEGER PRIMARY KEY, b); INSERT INTO t VALUES (1, 'new')";
  const events = run(stageAll(folder, source, path, { t: { action: "append", truncate: true } }));
  expect(events.filter(({ kind }) => kind !== "begun")).toMatchObject([{ kind: "object" }]);
  const target = open();
  expect(["t", "child", "words('old')", "words('new')"].map((from) => rows(target, from))).toEqual([
    [[1, "new"]],
    [[1]],
    [],
    [["new"]],
  ]);
  target.exec("INSERT INTO words (words, rank) VALUES ('integrity-check', 1)");
  expect(target.prepare("SELECT name FROM sqlite_temp_schema").all()).toEqual([]);
});

describe("names and numbers that SQLite keeps", () => {
  test("automatic indexes are called after their table, whatever its name is", () => {
    makeTarget("CREATE TABLE mine (a)");
    const { left, target } = move(`
      CREATE TABLE "a'b""_1" (x PRIMARY KEY, y UNIQUE) WITHOUT ROWID; INSERT INTO "a'b""_1" VALUES (1, 2);
      CREATE TABLE tsdp (x, y, UNIQUE (x, y), UNIQUE (y)); INSERT INTO tsdp VALUES (3, 4)`);
    expect(left).toEqual([]);
    expect(names(target)).toEqual([
      "a'b\"_1",
      "mine",
      "sqlite_autoindex_a'b\"_1_2",
      "sqlite_autoindex_tsdp_1",
      "sqlite_autoindex_tsdp_2",
      "tsdp",
    ]);
    expect(target.prepare("SELECT y FROM tsdp WHERE y = 4").pluck().get()).toBe(4);
  });

  const COUNTED =
    "CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT, v); INSERT INTO counted VALUES (500, 'a'), (900, 'b'); DELETE FROM counted WHERE id = 900";
  const insertOne = (target: Connection, table: string) =>
    target.prepare(`INSERT INTO ${table} (v) VALUES ('next') RETURNING id`).pluck().get();

  test("AUTOINCREMENT goes on where the source was, also beside sequences that are there", () => {
    makeTarget("CREATE TABLE own (id INTEGER PRIMARY KEY AUTOINCREMENT, v); INSERT INTO own VALUES (70, 'x'); DELETE FROM own");
    const other = "CREATE TABLE own (id INTEGER PRIMARY KEY AUTOINCREMENT, v); INSERT INTO own VALUES (3, 'y')";
    const { left, target } = move(`${COUNTED}; ${other}`, { sqlite_sequence: { action: "merge" }, own: { action: "append" } });
    expect(left).toEqual([]);
    expect([insertOne(target, "counted"), insertOne(target, "own")]).toEqual([901, 71]);
  });

  test("AUTOINCREMENT goes on in a file that had no sequences", () => {
    makeTarget("CREATE TABLE mine (a)");
    const { left, target } = move(COUNTED, { sqlite_sequence: { action: "merge" } });
    expect([left, insertOne(target, "counted")]).toEqual([[], 901]);
  });

  test("statistics of other tables stay", () => {
    makeTarget("CREATE TABLE mine (a); CREATE INDEX mine_a ON mine (a); INSERT INTO mine VALUES (1); ANALYZE");
    const { left, target } = move(`${SOURCE.replace(/CREATE TRIGGER.*/, "")} ANALYZE`, {
      sqlite_stat1: { action: "merge" },
      sqlite_stat4: { action: "merge" },
    });
    expect(left).toEqual([]);
    expect(target.prepare("SELECT DISTINCT tbl FROM sqlite_stat1 ORDER BY 1").pluck().all()).toEqual(["emp", "mine"]);
  });
});

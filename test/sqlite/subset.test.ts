import fc from "fast-check";
import { expect, test } from "vitest";
import { openMemory, type Connection } from "../../src/sqlite/database.ts";
import { rowsWhere } from "../../src/sqlite/row-filter.ts";
import { listTables, readTableShape } from "../../src/sqlite/schema.ts";
import { addHash } from "../../src/sqlite/sample.ts";
import { chooseSubset } from "../../src/sqlite/subset.ts";

/** The keys of the rows that are chosen, by table; `all` for a table that is taken whole. */
function subset(connection: Connection, filters: Readonly<Record<string, string | null>>): Record<string, unknown[] | "all"> {
  const tables = listTables(connection);
  addHash(connection);
  connection.exec("BEGIN");
  const asked = Object.entries(filters).map(([name, where], i) => ({
    object: i + 1,
    shape: readTableShape(connection, name, tables),
    filter: where === null ? null : rowsWhere(where),
  }));
  const chosen = chooseSubset(connection, asked);
  const rows = (where: string, name: string) => connection.prepare(`SELECT * FROM "${name}" WHERE ${where}`).raw().all();
  return Object.fromEntries(
    asked.map(({ object, shape }) => {
      const filter = chosen.filters.get(object);
      return [
        shape.name,
        filter === undefined ? "all" : rows(filter.where, shape.name).map((row) => (row as unknown[]).join("|")),
      ];
    }),
  );
}

test("parents come along, over cycles, composite keys and collations; what refers to nothing that is left out stays", () => {
  const connection = openMemory();
  connection.pragma("foreign_keys = off");
  connection.exec(`
    CREATE TABLE country (code TEXT COLLATE NOCASE UNIQUE, name);
    INSERT INTO country VALUES ('de', 1), ('FR', 2), ('it', 3);
    CREATE TABLE place (lat, lon, country REFERENCES country (code), PRIMARY KEY (lat, lon)) WITHOUT ROWID;
    INSERT INTO place VALUES (1, 1, 'DE'), (1, 2, 'fr'), (2, 2, NULL);
    CREATE TABLE emp (id INTEGER PRIMARY KEY, boss REFERENCES emp, lat, lon, FOREIGN KEY (lat, lon) REFERENCES place);
    INSERT INTO emp VALUES (1, NULL, 1, 2), (2, 1, 1, NULL), (3, 2, NULL, NULL), (4, 9, 2, 2), (5, 5, 1, 1);
    CREATE TABLE task (id INTEGER PRIMARY KEY, emp TEXT REFERENCES emp, parent REFERENCES task);
    INSERT INTO task VALUES (1, '3', NULL), (2, 4, NULL), (3, NULL, 2), (4, NULL, NULL), (5, '2', 5), (6, 8, NULL), (7, '1', 3);
    CREATE TABLE note (task REFERENCES task, gone REFERENCES nowhere);
    INSERT INTO note VALUES (1, 1), (2, 1), (NULL, 1), (7, 1);
    CREATE TABLE other (a);`);
  expect(subset(connection, { country: null, place: null, emp: "id = 3", task: null, note: null, other: null })).toEqual({
    country: ["FR|2"],
    place: ["1|2|fr"],
    emp: ["1||1|2", "2|1|1|", "3|2||"],
    task: ["1|3|", "4||", "5|2|5", "6|8|"],
    note: ["1|1", "|1"],
    other: "all",
  });
  connection.exec("ROLLBACK");
  expect(subset(connection, { country: null, place: null, emp: null })).toEqual({ country: "all", place: "all", emp: "all" });
});

test("rows are told apart by the collation of their key, whatever that of its columns is", () => {
  const connection = openMemory();
  connection.exec(`
    CREATE TABLE tag (name TEXT COLLATE NOCASE, v, PRIMARY KEY (name COLLATE BINARY)) WITHOUT ROWID;
    INSERT INTO tag VALUES ('x', 1), ('X', 2), ('y', 3);
    CREATE TABLE label (name TEXT COLLATE NOCASE, tag REFERENCES label, v, PRIMARY KEY (name COLLATE BINARY)) WITHOUT ROWID;
    INSERT INTO label VALUES ('a', NULL, 1), ('b', 'a', 2), ('B', 'c', 3), ('c', NULL, 4);
    CREATE TABLE folded (name TEXT, v, PRIMARY KEY (name COLLATE NOCASE)) WITHOUT ROWID;
    INSERT INTO folded VALUES ('x', 1), ('Y', 2);`);
  expect(subset(connection, { tag: "v = 1", label: "v = 2", folded: "v = 2" })).toEqual({
    tag: ["x|1"],
    label: ["a||1", "b|a|2"],
    folded: ["Y|2"],
  });
});

interface Plan {
  readonly keyed: readonly boolean[];
  readonly links: readonly { readonly from: number; readonly to: number }[];
  readonly rows: readonly (readonly (number | null)[])[][];
  readonly asked: readonly (number | null)[];
}

const TABLES = 4;
const plans: fc.Arbitrary<Plan> = fc.record({
  keyed: fc.array(fc.boolean(), { minLength: TABLES, maxLength: TABLES }),
  links: fc.array(fc.record({ from: fc.nat(TABLES - 1), to: fc.nat(TABLES - 1) }), { minLength: 1, maxLength: 6 }),
  rows: fc.array(fc.array(fc.array(fc.option(fc.nat(9)), { minLength: 6, maxLength: 6 }), { maxLength: 8 }), {
    minLength: TABLES,
    maxLength: TABLES,
  }),
  asked: fc.array(fc.option(fc.nat(3)), { minLength: TABLES, maxLength: TABLES }),
});

interface Row {
  readonly table: number;
  readonly id: number;
}

/** The definition of the subset, row by row. */
class Naive {
  readonly chosen: Map<number, Set<number>>;
  readonly #plan: Plan;
  readonly #needed: ReadonlySet<number>;

  constructor(plan: Plan) {
    this.#plan = plan;
    const asked = plan.asked.flatMap((remainder, table) => (remainder === null ? [] : [table]));
    this.#needed = this.#reach(asked, ({ from, to }) => [from, to]);
    const limited = this.#reach([...this.#needed], ({ from, to }) => [to, from]);
    this.chosen = new Map([...limited].map((table) => [table, new Set(this.#begin(table))]));
    while (this.#rows().some((row) => this.#settle(row)));
  }

  #reach(start: number[], step: (link: Plan["links"][number]) => readonly [number, number]): ReadonlySet<number> {
    const found = new Set(start);
    for (const table of found) for (const link of this.#plan.links) if (step(link)[0] === table) found.add(step(link)[1]);
    return found;
  }

  #begin(table: number): number[] {
    const ids = [...(this.#plan.rows[table] ?? []).keys()];
    return this.#needed.has(table) ? ids.filter((id) => id % 4 === this.#plan.asked[table]) : ids;
  }

  #rows(): Row[] {
    return [...this.chosen].flatMap(([table, ids]) => [...ids].map((id) => ({ table, id })));
  }

  #parentsOf({ table, id }: Row): Row[] {
    const { links, rows } = this.#plan;
    return links.flatMap((link, i) => {
      const value = link.from === table ? (rows[table]?.[id]?.[i] ?? null) : null;
      return value !== null && value < (rows[link.to]?.length ?? 0) ? [{ table: link.to, id: value }] : [];
    });
  }

  /** Whether the row was one without its parent. */
  #settle(row: Row): boolean {
    const missing = this.#parentsOf(row).filter(({ table, id }) => this.chosen.get(table)?.has(id) === false);
    if (missing.length === 0) return false;
    if (this.#needed.has(row.table)) for (const { table, id } of missing) this.chosen.get(table)?.add(id);
    else this.chosen.get(row.table)?.delete(row.id);
    return true;
  }
}

function database({ keyed, links, rows }: Plan): Connection {
  const connection = openMemory();
  connection.pragma("foreign_keys = off");
  for (let table = 0; table < TABLES; table++) {
    const own = links.flatMap((link, i) => (link.from === table ? [{ ...link, i }] : []));
    const foreign = own.map(({ i, to }) =>
      keyed[to] === true ? `FOREIGN KEY (f${i}, g${i}) REFERENCES t${to}` : `FOREIGN KEY (f${i}) REFERENCES t${to}`,
    );
    const columns = own.flatMap(({ i, to }) => (keyed[to] === true ? [`f${i}`, `g${i}`] : [`f${i}`]));
    const primary = keyed[table] === true ? "a, b, PRIMARY KEY (a, b)" : "id INTEGER PRIMARY KEY";
    const [first, ...others] = primary.split(", PRIMARY");
    const constraints = [...others.map((text) => `PRIMARY${text}`), ...foreign];
    connection.exec(
      `CREATE TABLE t${table} (${[first, ...columns, ...constraints].join(", ")})${keyed[table] === true ? " WITHOUT ROWID" : ""}`,
    );
    for (const [id, values] of (rows[table] ?? []).entries()) {
      const ids = keyed[table] === true ? [id, id + 1] : [id];
      const refs = own.flatMap(({ i, to }) => {
        const value = values[i] ?? null;
        return keyed[to] === true ? [value, value === null ? null : value + 1] : [value];
      });
      const all = [...ids, ...refs];
      connection.prepare(`INSERT INTO t${table} VALUES (${all.map(() => "?").join(", ")})`).run(...all);
    }
  }
  return connection;
}

test("the subset is the one of its definition, and adds no orphan to those of the source", () => {
  fc.assert(
    fc.property(plans, (plan) => {
      const connection = database(plan);
      const violations = () => connection.prepare("SELECT count(*) FROM pragma_foreign_key_check").pluck().get() as number;
      const before = violations();
      const key = (table: number) => (plan.keyed[table] === true ? "a" : "id");
      const filters = plan.asked.map((remainder, table) => [
        `t${table}`,
        remainder === null ? null : `${key(table)} % 4 = ${remainder}`,
      ]);
      const found = subset(connection, Object.fromEntries(filters) as Record<string, string | null>);
      const ids = (table: number) => {
        const rows = found[`t${table}`] ?? "all";
        return rows === "all" ? "all" : rows.map((row) => Number(String(row).split("|")[0])).sort((a, b) => a - b);
      };
      const expected = new Naive(plan).chosen;
      for (let table = 0; table < TABLES; table++) {
        const chosen = expected.get(table);
        expect(ids(table)).toEqual(chosen === undefined ? "all" : [...chosen].sort((a, b) => a - b));
      }
      for (let table = 0; table < TABLES; table++) {
        const rows = ids(table);
        if (rows !== "all") connection.exec(`DELETE FROM t${table} WHERE ${key(table)} NOT IN (${rows.join(", ")})`);
      }
      expect(violations()).toBeLessThanOrEqual(before);
      connection.close();
    }),
    { numRuns: 200 },
  );
});

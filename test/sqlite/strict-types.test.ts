import Sqlite from "better-sqlite3";
import fc from "fast-check";
import { expect, test } from "vitest";
import { strictTypesCheck } from "../../src/sqlite/strict-types.ts";

const value = fc.oneof(
  fc.constant(null),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.double({ noNaN: true }),
  fc.integer().map((number) => number + 0.0),
  fc.string(),
  fc.double({ noNaN: true }).map(String),
  fc.constantFrom(" 5", "5.0", "1e3", "\t-7\n", "+.5", "", " ", "0x10", "5\u00a0", "Infinity", "9223372036854775808"),
  fc.uint8Array({ maxLength: 3 }).map((bytes) => Buffer.from(bytes)),
);

test.each(["INT", "REAL", "TEXT", "BLOB", "ANY"])(
  "what passes comes into a column of type %s as it is, or not at all",
  (type) => {
    const database = new Sqlite(":memory:");
    database.exec(`CREATE TABLE staged (v); CREATE TABLE t (v ${type}) STRICT`);
    const stage = database.prepare("INSERT INTO staged VALUES (?)");
    fc.assert(
      fc.property(value, (given) => {
        database.exec("DELETE FROM staged; DELETE FROM t");
        stage.run(given);
        let passes = true;
        try {
          strictTypesCheck(database, "staged", "t", [["v", type]])([]);
        } catch {
          passes = false;
        }
        try {
          database.exec("INSERT INTO t SELECT v FROM staged");
        } catch (error) {
          expect(error).toMatchObject({ code: "SQLITE_CONSTRAINT_DATATYPE" });
          return;
        }
        const isSame = database.prepare("SELECT typeof(s.v) = typeof(t.v) AND s.v IS t.v FROM staged s, t").pluck().get();
        if (passes) expect(isSame).toBe(1);
      }),
      { numRuns: 500 },
    );
  },
);

test("the first value that would be converted is named", () => {
  const database = new Sqlite(":memory:");
  database.exec("CREATE TABLE staged (a, b); INSERT INTO staged VALUES (1, 'x'), (2, 3)");
  const types = [
    ["a", "INT"],
    ["b", "TEXT"],
  ] as const;
  expect(() => {
    strictTypesCheck(database, "staged", "t", types)([]);
  }).toThrow("cannot store INTEGER value in TEXT column t.b");
});

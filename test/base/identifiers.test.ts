import Sqlite from "better-sqlite3";
import fc from "fast-check";
import { expect, test } from "vitest";
import { foldName, qualifiedName, quoteIdentifier, quoteLiteral, upperName } from "../../src/base/identifiers.ts";

const name = fc.oneof(
  fc.string({ unit: fc.constantFrom('"', "'", "`", "]", ";", "-", "a", "A", "é", "É", "\n", "İ", "ß", "ſ", "K"), maxLength: 6 }),
  fc.string({ unit: "grapheme", maxLength: 10 }).map((text) => text.replaceAll("\0", "")),
);

test("SQLite reads a quoted name and a quoted text as they were", () => {
  const database = new Sqlite(":memory:");
  fc.assert(
    fc.property(name, (text) => {
      const row = database.prepare(`SELECT ${quoteLiteral(text)} AS ${quoteIdentifier(text)}`);
      expect(row.columns()[0]?.name).toBe(text);
      expect(row.pluck().get()).toBe(text);
    }),
  );
  database.close();
});

test("two names fold to the same exactly when they are the same to SQLite", () => {
  const database = new Sqlite(":memory:");
  const same = database.prepare("SELECT ? = ? COLLATE NOCASE").pluck();
  fc.assert(
    fc.property(name, name, (a, b) => {
      for (const other of [b, a.toUpperCase(), a.toLowerCase(), upperName(a)]) {
        expect(foldName(a) === foldName(other)).toBe(same.get(a, other) === 1);
        expect(upperName(a) === upperName(other)).toBe(same.get(a, other) === 1);
      }
    }),
    { numRuns: 500 },
  );
  database.close();
});

test("an object is shown by its schema and its name", () => {
  expect(qualifiedName("HR", 'odd "name"')).toBe('"HR"."odd ""name"""');
});

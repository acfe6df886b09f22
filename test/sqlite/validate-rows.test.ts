import Sqlite from "better-sqlite3";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { TextEncoding } from "../../src/sqlite/schema.ts";
import { invalidValues } from "../../src/sqlite/validate-rows.ts";

const ENCODINGS: readonly TextEncoding[] = ["UTF-8", "UTF-16le", "UTF-16be"];

/** What the decoder of the web platform says. */
function isValid(bytes: Uint8Array, encoding: TextEncoding): boolean {
  try {
    new TextDecoder(encoding.toLowerCase(), { fatal: true, ignoreBOM: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

test.each(ENCODINGS)("finds text that is not valid %s, and nothing else", (encoding) => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 6 }),
    fc.constantFrom(0xd8, 0xdc, 0x41).chain((high) => fc.constant(Uint8Array.of(high, 0x3d, 0xdc, 0x00))),
    fc.string({ unit: "binary", maxLength: 5 }).map((text) => Buffer.from(text, encoding === "UTF-8" ? "utf8" : "utf16le")),
  );
  fc.assert(
    fc.property(fc.array(bytes, { minLength: 1, maxLength: 8 }), (values) => {
      const connection = new Sqlite(":memory:");
      connection.pragma(`encoding = '${encoding}'`);
      connection.exec("CREATE TABLE t (a, b)");
      const insert = connection.prepare("INSERT INTO t VALUES (CAST(? AS TEXT), ?)");
      // SQLite keeps whole characters of UTF-16 only.
      const whole = values.map((value) => (encoding === "UTF-8" ? value : value.subarray(0, value.length & ~1)));
      for (const value of whole) insert.run(value, value);
      const wrong = whole.flatMap((value, i) => (isValid(value, encoding) ? [] : [BigInt(i + 1)]));
      const shape = { storedColumns: ["a", "b"], rowid: "rowid" };
      const reason = `text that is not valid ${encoding}`;
      expect(invalidValues(connection, { table: "t", shape, isStrict: false }, encoding)).toEqual(
        wrong.length === 0 ? [] : [{ column: "a", reason, rows: wrong.length, rowids: wrong.slice(0, 5) }],
      );
      connection.close();
    }),
  );
});

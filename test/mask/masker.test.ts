import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { createMasker } from "../../src/mask/masker.ts";
import { deriveMaskKey, isSameCheck, maskKeyCheck } from "../../src/mask/mask-key.ts";
import { isKeyed, MASK_FUNCTIONS, parseRemapFunction, type RemapFunction } from "../../src/mask/remap-function.ts";
import { storageClass } from "../../src/base/storage-class.ts";
import { MaskFailure, type Masker, type MaskValue } from "../../src/mask/value.ts";
import { PumpError } from "../../src/base/errors.ts";

const KEY = Buffer.alloc(32, 7);
const OTHER = Buffer.alloc(32, 8);
const ARGUMENTS: Readonly<Record<string, string>> = { PARTIAL: "(1,2)", SHIFT_DATE: "(30)" };
const TEXT = fc.string({ unit: "grapheme", maxLength: 40 });
const INTEGER = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const REAL = fc.double({ noNaN: true });
const BLOB = fc.uint8Array({ maxLength: 40 });
const ANY: fc.Arbitrary<MaskValue> = fc.oneof(TEXT, INTEGER, REAL, BLOB);
const DATE = fc
  .date({ min: new Date("0001-01-01"), max: new Date("9998-12-31"), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 10));

async function masker(text: string, key: Uint8Array | null = KEY): Promise<Masker> {
  const called = parse(text);
  if (called.name === "SHUFFLE") throw new Error("a shuffle takes all rows");
  return createMasker(called, key);
}

describe("every keyed masker of text", () => {
  const names = MASK_FUNCTIONS.filter((name) => name !== "SHIFT_DATE" && isKeyed(parse(`${name}${ARGUMENTS[name] ?? ""}`)));

  it.each(names)("%s gives one value the same one under one key, and text for text", async (name) => {
    const [mask, again, other] = [await masker(name), await masker(name), await masker(name, OTHER)];
    const values = fc.sample(TEXT, { numRuns: 50, seed: 1 });
    for (const value of values) {
      expect(mask(value)).toBe(again(value));
      expect(typeof mask(value)).toBe("string");
    }
    expect(values.map(other)).not.toEqual(values.map(mask));
  });
});

describe("HASH", () => {
  let hash: Masker;
  beforeAll(async () => {
    hash = await masker("HASH");
  });

  it("keeps the storage class", () => {
    fc.assert(
      fc.property(ANY, (value) => {
        const made = hash(value);
        expect(made === null ? null : storageClass(made)).toBe(storageClass(value));
      }),
    );
  });

  it("keeps numbers equal that SQLite takes for equal, and no others", () => {
    expect(hash(5.0)).toBe(Number(hash(5n)));
    expect(hash(-0)).toBe(Number(hash(0n)));
    expect(hash(5.5)).not.toBe(hash(5.25));
    expect(hash(2 ** 63)).not.toBe(Number(hash(2n ** 63n - 1n)));
    expect(hash("5")).not.toBe(String(hash(5n)));
  });

  it("has values that do not change from version to version, or copies of two releases would not fit together", () => {
    expect(hash("King")).toBe("6bbb921384014bf807a006c64c687908");
    expect(hash(100n)).toBe(2807052005348213n);
  });

  it("does not meet itself", () => {
    const values = Array.from({ length: 20_000 }, (_, i) => i);
    expect(new Set(values.map((i) => hash(String(i)))).size).toBe(values.length);
    expect(new Set(values.map((i) => hash(BigInt(i)))).size).toBe(values.length);
  });
});

describe("FAKE_EMAIL", () => {
  it("tells many addresses apart, in a domain that nobody has", async () => {
    const mask = await masker("FAKE_EMAIL");
    const made = Array.from({ length: 20_000 }, (_, i) => String(mask(`user${i}@acme.com`)));
    expect(new Set(made).size).toBe(made.length);
    expect(made.filter((address) => !/^[a-z]+\.[a-z]+\.[0-9a-z]{10}@example\.com$/.test(address))).toEqual([]);
  });
});

describe("FAKE_FIRST_NAME", () => {
  it("takes names from all of its list alike", async () => {
    const mask = await masker("FAKE_FIRST_NAME");
    const made = Array.from({ length: 20_000 }, (_, i) => mask(String(i)));
    const counts = new Map<unknown, number>();
    for (const name of made) counts.set(name, (counts.get(name) ?? 0) + 1);
    expect(counts.size).toBeGreaterThan(2500);
    expect(Math.max(...counts.values())).toBeLessThan(40);
  });

  it("refuses what is no text, without telling it", async () => {
    const mask = await masker("FAKE_FIRST_NAME");
    expect(() => mask(4711n)).toThrow(MaskFailure);
    expect(() => mask(4711n)).not.toThrow(/4711/);
  });
});

describe("FAKE_PHONE", () => {
  it("gives numbers that are kept for fiction", async () => {
    const mask = await masker("FAKE_PHONE");
    fc.assert(fc.property(TEXT, (value) => /^\+1-[2-9]\d\d-555-01\d\d$/.test(String(mask(value)))));
  });
});

describe("PARTIAL", () => {
  it.each([
    ["PARTIAL(0,4)", "4111111111111111", "************1111"],
    ["PARTIAL(2,1)", "Ägäis🏝x", "Äg****x"],
    ["PARTIAL(2,2)", "abcd", "****"],
    ["PARTIAL(0,0)", "abc", "***"],
    ["PARTIAL(1,0)", "", ""],
  ])("%s of %j is %j", async (name, value, made) => {
    expect((await masker(name, null))(value)).toBe(made);
  });
});

describe("SHIFT_DATE", () => {
  let shift: Masker;
  beforeAll(async () => {
    shift = await masker("SHIFT_DATE(30)");
  });

  it("moves by 1 to 30 days, and keeps the time of day and the format", () => {
    const rests = ["", " 23:59", "T00:00:00", " 10:11:12.345", "T10:11:12Z", " 10:11:12+02:00"];
    fc.assert(
      fc.property(DATE, fc.constantFrom(...rests), (date, rest) => {
        const made = String(shift(date + rest));
        expect(made.slice(10)).toBe(rest);
        const days = Math.abs(Date.parse(made.slice(0, 10)) - Date.parse(date)) / 86_400_000;
        expect(days).toBeGreaterThanOrEqual(1);
        expect(days).toBeLessThanOrEqual(30);
      }),
    );
  });

  it("moves the same day alike as text, as seconds since 1970, and as Julian day number", () => {
    fc.assert(
      fc.property(DATE, fc.integer({ min: 0, max: 86_399 }), (date, second) => {
        const days = (text: string) => Date.parse(text) / 86_400_000;
        const moved = days(String(shift(date))) - days(date);
        const seconds = BigInt(days(date)) * 86_400n + BigInt(second);
        expect(shift(seconds)).toBe(seconds + BigInt(moved) * 86_400n);
        const julian = days(date) + 2_440_587.5 + 0.25;
        expect(shift(julian)).toBe(julian + moved);
      }),
    );
  });

  it("stays within the years that SQLite knows", () => {
    expect(String(shift("0000-01-01"))).toMatch(/^0000-01-/);
    expect(String(shift("9999-12-31"))).toMatch(/^9999-12-/);
  });

  it.each(["2026-02-30", "30.1.2026", "", "2026-1-1", "2026-01-01x", 2n ** 62n, Infinity, Buffer.from("2026-01-01")])(
    "refuses %s",
    (value) => {
      expect(() => shift(value)).toThrow(MaskFailure);
    },
  );
});

describe("the name of a function", () => {
  it("is read without case and spaces", () => {
    expect(parseRemapFunction(" mask . Partial( 1 , 4 )")).toEqual({
      kind: "built-in",
      called: { name: "PARTIAL", first: 1, last: 4 },
    });
    expect(parseRemapFunction("MASK.HASH()")).toEqual({ kind: "built-in", called: { name: "HASH" } });
    expect(parseRemapFunction("hr.hide")).toEqual({ kind: "module", module: "hr", exported: "hide" });
  });

  it.each(["HASH", "MASK.HASHED", "MASK.HASH(1)", "MASK.PARTIAL", "MASK.PARTIAL(1)", "MASK.PARTIAL(-1,2)", "MASK.SHIFT_DATE(0)"])(
    "%s is refused",
    (text) => {
      const refused = () => parseRemapFunction(text);
      expect(refused).toThrow(PumpError);
      expect(refused).toThrow("ORA-39232");
    },
  );

  it.each(["hash('hush')", "MASK.HASH(hush)", "MASK.HASH('a(1)hush", "hr.hide(\n'hush')"])(
    "is shown without what may be a key: %s",
    (text) => {
      expect(() => parseRemapFunction(text)).toThrow(/^(?=[^]*\(\.\.\.\))(?![^]*hush)/);
    },
  );

  it("of a module has no arguments and no path", () => {
    for (const text of ["hr.hide(1)", "../hr.hide", "a/b.hide", "hr..hide", "a.hr.hide"])
      expect(() => parseRemapFunction(text)).toThrow("ORA-39232");
  });
});

describe("the key", () => {
  it("is made of a text in any normal form, and tells itself from others of the same job only", async () => {
    const [composed, decomposed] = [
      await deriveMaskKey("schlüssel der masken"),
      await deriveMaskKey("schlu\u0308ssel der masken"),
    ];
    expect(composed).toEqual(decomposed);
    const check = maskKeyCheck(composed, "A".repeat(32));
    expect(isSameCheck(check, maskKeyCheck(decomposed, "A".repeat(32)))).toBe(true);
    expect(isSameCheck(check, maskKeyCheck(KEY, "A".repeat(32)))).toBe(false);
    expect(isSameCheck(check, maskKeyCheck(composed, "B".repeat(32)))).toBe(false);
    expect(check).not.toContain(composed.toString("hex"));
  });
});

function parse(name: string): RemapFunction {
  const parsed = parseRemapFunction(`MASK.${name}`);
  if (parsed.kind === "module") throw new Error(`${name} is built in`);
  return parsed.called;
}

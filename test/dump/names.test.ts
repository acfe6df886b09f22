import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dumpFileName, expandTemplate, isTemplate } from "../../src/dump/names.ts";

const DATE = new Date(2026, 1, 3);

describe("the name of a dump file", () => {
  it.each([
    ["example1", "example1.dmp"],
    ["example1.dmp", "example1.dmp"],
    ["a.b", "a.b"],
    [".hidden", ".hidden.dmp"],
    ["Größe 1", "Größe 1.dmp"],
    ["x%U", "x%U.dmp"],
    ["x%u%l.dat", "x%u%l.dat"],
    ["hr_%T_%u", "hr_20260203_%u.dmp"],
    ["%d.%M.%y", "03.02.2026"],
    ["100%%", "100%%.dmp"],
  ])("%s is %s", (given, name) => {
    expect(dumpFileName(given, DATE)).toBe(name);
  });

  it.each([
    ["../x.dmp", "ORA-39088"],
    ["/x.dmp", "ORA-39088"],
    ["a\\b", "ORA-39088"],
    ["..", "ORA-39088"],
    ["a\0b", "ORA-39088"],
    ["", "ORA-39144"],
    ["x%x.dmp", "ORA-39124"],
    ["x%", "ORA-39124"],
  ])("%j is refused with %s", (given, code) => {
    expect(() => dumpFileName(given, DATE)).toThrow(code);
  });

  it("of an import has no date", () => {
    expect(dumpFileName("x%U", null)).toBe("x%U.dmp");
    for (const variable of ["%D", "%m", "%Y", "%t"]) expect(() => dumpFileName(`x${variable}`, null)).toThrow("ORA-39124");
  });
});

describe("a template", () => {
  it.each([
    ["x%U.dmp", 1, "x01.dmp"],
    ["exp%Uaa%U.dmp", 7, "exp07aa07.dmp"],
    ["x%u.dmp", 99, "x99.dmp"],
    ["x%u.dmp", 100, undefined],
    ["x%L.dmp", 9, "x09.dmp"],
    ["x%l.dmp", 100, "x100.dmp"],
    ["x%L.dmp", 2_147_483_646, "x2147483646.dmp"],
    ["x%L.dmp", 2_147_483_647, undefined],
    ["x%L%U.dmp", 100, undefined],
    ["100%%.dmp", 1, "100%.dmp"],
    ["plain.dmp", 1, "plain.dmp"],
    ["plain.dmp", 2, undefined],
  ])("%s number %i is %s", (template, number, name) => {
    expect(expandTemplate(template, number)).toBe(name);
  });

  it("is a name with a counter", () => {
    expect(["a%U", "a%l", "%%%U"].map(isTemplate)).toEqual([true, true, true]);
    expect(["a", "a%%U", "100%%"].map(isTemplate)).toEqual([false, false, false]);
  });

  it("never gives one name twice", () => {
    const number = fc.integer({ min: 1, max: 99 });
    fc.assert(
      fc.property(fc.constantFrom("x%U", "x%L", "%U%L", "1%U1"), number, number, (template, a, b) => {
        expect(expandTemplate(template, a) === expandTemplate(template, b)).toBe(a === b);
      }),
    );
  });
});

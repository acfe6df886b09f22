import { describe, expect, it } from "vitest";
import { dumpFileName } from "../../src/dump/names.ts";

describe("the name of a dump file", () => {
  it.each([
    ["example1", "example1.dmp"],
    ["example1.dmp", "example1.dmp"],
    ["a.b", "a.b"],
    [".hidden", ".hidden.dmp"],
    ["Größe 1", "Größe 1.dmp"],
  ])("%s is %s", (given, name) => {
    expect(dumpFileName(given)).toBe(name);
  });

  it.each([
    ["../x.dmp", "ORA-39088"],
    ["/x.dmp", "ORA-39088"],
    ["a\\b", "ORA-39088"],
    ["..", "ORA-39088"],
    ["a\0b", "ORA-39088"],
    ["", "ORA-39144"],
    ["x%U.dmp", "TSDP-00001"],
  ])("%j is refused with %s", (given, code) => {
    expect(() => dumpFileName(given)).toThrow(code);
  });
});

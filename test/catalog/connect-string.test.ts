import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test, vi } from "vitest";
import type { PumpError } from "../../src/base/errors.ts";
import { parseConnectString } from "../../src/catalog/connect-string.ts";
import { temporaryFolder } from "../job/temporary-folder.ts";

describe("parseConnectString", () => {
  let folder: string;
  beforeEach(() => {
    vi.stubEnv("TSDP_DATABASE", undefined);
    folder = temporaryFolder();
    mkdirSync(join(folder, "data"));
    mkdirSync(join(folder, "odd@name"));
    writeFileSync(join(folder, "HR.db"), "");
  });

  test.each([
    [undefined, "SYSTEM", null, "."],
    ["", "SYSTEM", null, "."],
    ["data", "SYSTEM", null, "data"],
    ["HR.db", "SYSTEM", null, "HR.db"],
    ["hr@data", "HR", null, "data"],
    ["hr/pw@data", "HR", "pw", "data"],
    ['"hr"@data', "hr", null, "data"],
    ["hr/p@ss/w@data", "HR", "p@ss/w", "data"],
    ["odd@name", "SYSTEM", null, "odd@name"],
    ["@data", "SYSTEM", null, "data"],
    ["hr@", "HR", null, "."],
    ["hr/@data", "HR", "", "data"],
  ])("%s is %s with password %s on %s", (text, user, password, database) => {
    expect(parseConnectString(text, folder)).toEqual({ user, password, database: join(folder, database) });
  });

  test("who connects may be given for a text that names no user", () => {
    const scott = { user: "SCOTT", password: "tiger" };
    for (const text of ["data", "@data"]) expect(parseConnectString(text, folder, scott), text).toMatchObject(scott);
    expect(parseConnectString("hr@data", folder, scott)).toMatchObject({ user: "HR", password: null });
    expect(parseConnectString("/pw@data", folder, scott)).toMatchObject({ user: "SYSTEM", password: "pw" });
  });

  test("without a database it is $TSDP_DATABASE, also for a user", () => {
    vi.stubEnv("TSDP_DATABASE", join(folder, "data"));
    expect(parseConnectString(undefined, folder).database).toBe(join(folder, "data"));
    expect(parseConnectString("hr@", folder).database).toBe(join(folder, "data"));
  });

  test("a link is the database that it leads to", () => {
    symlinkSync(join(folder, "data"), join(folder, "link"));
    expect(parseConnectString("link", folder).database).toBe(join(folder, "data"));
  });

  test.each([
    ["hr/s3cret", "hr/********"],
    ["hr/s3/cret", "hr/********"],
    ["/s3cret", "/********"],
    ["./no/where", "./no/where"],
    ["../nowhere", "../nowhere"],
    ["nowhere", "nowhere"],
  ])("%s may be a user and a password: %s is shown", (text, shown) => {
    let refused: unknown;
    try {
      parseConnectString(text, folder);
    } catch (error) {
      refused = error;
    }
    const { message, hint = "" } = refused as PumpError;
    expect(message).toBe(`ORA-12154: cannot connect to database using connect identifier ${shown}`);
    expect(hint.includes("user/password@database")).toBe(shown.includes("*"));
  });

  test("a path in a folder that exists is shown", () => {
    const path = join(folder, "HR.bd");
    expect(() => parseConnectString(path, folder)).toThrow(`using connect identifier ${path}`);
  });

  test.each(["hr/secret@nowhere", "hr/secret@/dev/null"])("%s is refused and the password is not shown", (text) => {
    const connecting = () => parseConnectString(text, folder);
    expect(connecting).toThrow(/^ORA-12154: cannot connect to database using connect identifier (nowhere|\/dev\/null)$/);
  });
});

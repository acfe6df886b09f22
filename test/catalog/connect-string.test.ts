import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test, vi } from "vitest";
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

  test.each(["hr/secret@nowhere", "hr/secret@/dev/null"])("%s is refused and the password is not shown", (text) => {
    const connecting = () => parseConnectString(text, folder);
    expect(connecting).toThrow(/^ORA-12154: cannot connect to database using connect identifier (nowhere|\/dev\/null)$/);
  });
});

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test, vi } from "vitest";
import { temporaryFolder } from "../job/temporary-folder.ts";
import { tsdpHere } from "./tsdp-here.ts";

let folder: string;

beforeEach(() => {
  folder = temporaryFolder();
});

const tsdp = (...words: string[]) => tsdpHere(folder, ...words);

test("users are made, asked for their passwords, and may do what they have been granted", async () => {
  writeFileSync(join(folder, "secret"), "tiger\n");
  const created = await tsdp("user", "create", "hr", "--password-file", "secret");
  expect(created.out).toContain("User HR created.\nFrom now on only users of the database may connect");
  expect(created.err).toContain("SYSTEM, who may do everything, has no password");
  expect((await tsdp("user", "list")).out).toMatch(/^HR +OPEN +YES .*\nSYSTEM +OPEN +NO /m);

  expect((await tsdp("directory", "list", "--userid", "hr@.")).err).toContain("ORA-01017");
  expect((await tsdp("directory", "list", "--userid", "hr/tiger@.")).code).toBe(0);
  vi.stubEnv("TSDP_PASSWORD", "tiger");
  expect((await tsdp("directory", "create", "dmpdir", "dumps", "--userid", "hr@.")).err).toContain("ORA-01031");
  for (const words of [
    ["user", "create", "scott"],
    ["role", "grant", "dba", "hr"],
    ["wallet", "close"],
    ["user", "lock", "hr"],
  ])
    expect((await tsdp(...words, "--userid", "hr@.")).err, words.join(" ")).toContain("ORA-01031: insufficient privileges");
  expect((await tsdp("role", "grant", "dba", "hr")).out).toBe("Role DBA granted to HR.\n");
  expect((await tsdp("directory", "create", "dmpdir", "dumps", "--userid", "hr@.")).code).toBe(0);
  expect((await tsdp("directory", "grant", "read,write", "dmpdir", "hr")).out).toContain(
    "READ,WRITE on directory dmpdir granted",
  );
  expect((await tsdp("directory", "list")).out).toMatch(/^DMPDIR +\S+ +HR: READ, WRITE$/m);
  expect((await tsdp("directory", "revoke", "write", "dmpdir", "hr")).code).toBe(0);
  expect((await tsdp("role", "list")).out).toMatch(/^DBA +SYSTEM, HR$/m);
  expect((await tsdp("user", "lock", "hr")).out).toBe("User hr locked.\n");
  expect((await tsdp("directory", "list", "--userid", "hr@.")).err).toContain("ORA-28000");
  expect((await tsdp("user", "drop", "hr")).code).toBe(0);
  expect((await tsdp("user", "drop", "system")).code).toBe(0);
  expect((await tsdp("user", "list")).out).toBe("No users: nobody is checked.\n");
});

test("a wrong password is not echoed", async () => {
  await tsdp("user", "create", "hr");
  for (const words of [
    ["directory", "list", "--userid", "hr/tiger@."],
    ["export", "hr/tiger@.", "schemas=HR"],
  ])
    expect((await tsdp(...words)).err).toMatch(/^(?!.*tiger).*ORA-01017: invalid username\/password; logon denied/s);
});

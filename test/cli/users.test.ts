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

test("who has no role sees himself, may give himself a password, and is asked for none that he may not use", async () => {
  await tsdp("user", "create", "hr");
  await tsdp("user", "create", "scott");
  await tsdp("role", "create", "clerk");
  await tsdp("role", "grant", "clerk", "hr");
  await tsdp("directory", "create", "dmpdir", "dumps");
  for (const grantee of ["hr", "scott"]) await tsdp("directory", "grant", "read", "dmpdir", grantee);
  const asHr = (...words: string[]) => tsdp(...words, "--userid", "hr@.");
  expect(JSON.parse((await asHr("user", "list", "--json")).out)).toMatchObject({ users: [{ name: "HR" }] });
  expect(JSON.parse((await asHr("role", "list", "--json")).out)).toEqual({
    ...{ schema: "tsdp.roles/1", roles: ["CLERK"], grants: [{ role: "CLERK", grantee: "HR" }] },
  });
  expect((await asHr("directory", "list")).out).toMatch(/^DMPDIR +\S+ +HR: READ$/m);
  // A file that is read before the right is checked would be missed first.
  for (const words of [
    ...["create", "open", "rotate"].map((verb) => ["wallet", verb]),
    ["user", "create", "king"],
    ["user", "password", "scott"],
  ])
    expect((await asHr(...words, "--password-file", "none")).err, words.join(" ")).toMatch(/^ORA-01031/);
  writeFileSync(join(folder, "secret"), "tiger\n");
  expect((await asHr("user", "password", "hr", "--none")).err).toContain("ORA-01031");
  expect((await asHr("user", "password", "HR", "--password-file", "secret")).code).toBe(0);
  expect((await asHr("user", "list")).err).toContain("ORA-01017");
  await tsdp("role", "grant", "exp_full_database", "hr");
  expect((await tsdp("user", "list", "--userid", "hr/tiger@.")).out).toMatch(/^SCOTT /m);
});

test("a wrong password is not echoed", async () => {
  writeFileSync(join(folder, "secret"), "lion\n");
  await tsdp("user", "create", "hr", "--password-file", "secret");
  for (const words of [
    ["directory", "list", "--userid", "hr/tiger@."],
    ["export", "hr/tiger@.", "schemas=HR"],
  ])
    expect((await tsdp(...words)).err).toMatch(/^(?!.*tiger).*ORA-01017: invalid username\/password; logon denied/s);
});

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { CatalogFile } from "../../src/catalog/catalog-file.ts";
import { Directories } from "../../src/catalog/directories.ts";
import { DirectoryGrants } from "../../src/catalog/directory-grants.ts";
import { DatabaseLinks } from "../../src/catalog/links.ts";
import { assertAdministrator, Privileges } from "../../src/catalog/privileges.ts";
import { BUILT_IN_ROLES, Roles } from "../../src/catalog/roles.ts";
import { Users } from "../../src/catalog/users.ts";
import { failureOf } from "../job/pump-jobs.ts";
import { temporaryFolder } from "../job/temporary-folder.ts";

let folder: string;
let home: string;
let users: Users;
let roles: Roles;

beforeEach(() => {
  folder = temporaryFolder();
  home = join(folder, ".tsdp");
  users = new Users(home);
  roles = new Roles(home);
});

const as = (user: string, password: string | null = null) => users.authenticate({ user, password, database: folder });
const codeOf = async (work: Promise<unknown>) => (await failureOf(work)).code;

test("without users everybody may do everything; the first one brings SYSTEM, and the last one takes the checks away", async () => {
  await as("ANYBODY", "anything");
  expect(Privileges.of(home, "ANYBODY")).toMatchObject({ areChecked: false, roles: BUILT_IN_ROLES, mayAdminister: true });
  await users.create("hr", null);
  expect(users.list().map(({ name }) => name)).toEqual(["HR", "SYSTEM"]);
  expect(Privileges.of(home, "HR")).toMatchObject({ areChecked: true, roles: [], mayAdminister: false, mayReadCatalog: false });
  expect(Privileges.of(home, "SYSTEM")).toMatchObject({ roles: BUILT_IN_ROLES, mayAdminister: true });
  await as("HR");
  expect(await codeOf(as("ANYBODY"))).toBe("ORA-01017");
  expect(() => users.drop("SYSTEM", true)).toThrow("ORA-01031");
  users.drop("HR", false);
  users.drop("SYSTEM", false);
  await as("ANYBODY");
});

test("a password is checked, belongs to its user alone, and is nowhere in clear", async () => {
  await users.create("hr", "tiger\u0065\u0301");
  await users.create("scott", "lion");
  await as("HR", "tiger\u00e9");
  for (const password of ["tiger", "", null]) expect(await codeOf(as("HR", password))).toBe("ORA-01017");
  await users.authenticate({ user: "HR", password: null, database: folder }, () => Promise.resolve("tiger\u00e9"));
  await as("SYSTEM", "unasked");
  const refusals = await Promise.all([as("HR", "x"), as("HR"), as("NOBODY", "x"), as("NOBODY")].map(failureOf));
  const told = refusals.map(({ message, hint }) => `${message} ${hint ?? ""}`);
  expect(new Set(told).size, "a stranger does not learn who is a user").toBe(1);
  const asked: string[] = [];
  const ask = (user: string) => () => Promise.resolve(asked.push(user) > 0 ? "wrong" : null);
  for (const user of ["HR", "NOBODY"])
    expect(await codeOf(users.authenticate({ user, password: null, database: folder }, ask(user)))).toBe("ORA-01017");
  expect(asked).toEqual(["HR", "NOBODY"]);
  expect(readFileSync(join(home, "catalog.db")).includes("tiger")).toBe(false);
  new CatalogFile(home).write((catalog) =>
    catalog.exec("UPDATE user_account SET password = (SELECT password FROM user_account WHERE name = 'SCOTT') WHERE name = 'HR'"),
  );
  expect(await codeOf(as("HR", "lion"))).toBe("ORA-01017");
  await users.setPassword("hr", "new");
  await as("HR", "new");
  users.setLocked("hr", true);
  expect(await codeOf(as("HR", "new"))).toBe("ORA-28000");
  expect(await codeOf(as("HR", "wrong")), "a stranger is not told").toBe("ORA-01017");
  users.setLocked("hr", false);
  await users.setPassword("hr", null);
  await as("HR");
  expect(() => {
    users.setLocked("system", true);
  }).toThrow("ORA-01031");
});

test("of the users that another catalog brings SYSTEM is not locked, be it the first one", async () => {
  users.restore("SYSTEM", true);
  users.restore("HR", true);
  await as("SYSTEM");
  expect(await codeOf(as("HR"))).toBe("ORA-28000");
  users.setLocked("hr", false);
  await as("HR");
});

test("names of users and roles are taken once, and odd ones refused", async () => {
  roles.create("clerk");
  await users.create("hr", null);
  for (const name of ["HR", '"hr"', "clerk", '"Clerk"', "public", '"public"', "dba", "system", '"system"'])
    expect(await codeOf(users.create(name, null)), name).toBe("ORA-01920");
  for (const name of ["hr", '"hr"', "CLERK", '"clerk"', "exp_full_database"])
    expect(() => roles.create(name), name).toThrow("ORA-01921");
  expect(await codeOf(users.create("a\u001bb", null))).toBe("ORA-39001");
  expect(await codeOf(users.create("scott", ""))).toBe("ORA-39001");
  expect(await codeOf(users.setPassword("scott", null))).toBe("ORA-01918");
});

test("a role gives what it has been given, in no circle, until it is taken away or dropped", async () => {
  await users.create("hr", null);
  roles.create("clerk");
  roles.create("boss");
  roles.grant("clerk", "boss");
  roles.grant("boss", "hr");
  roles.grant("datapump_exp_full_database", "clerk");
  const held = ["BOSS", "CLERK", "DATAPUMP_EXP_FULL_DATABASE", "EXP_FULL_DATABASE"];
  expect(Privileges.of(home, "HR").roles).toEqual(held);
  expect(Privileges.of(home, "HR").mayWorkOnAll("EXPORT")).toBe(true);
  expect(Privileges.of(home, "HR").mayWorkOnAll("IMPORT")).toBe(false);
  expect(() => roles.grant("boss", "clerk")).toThrow("ORA-01934");
  expect(() => roles.grant("boss", "boss")).toThrow("ORA-01934");
  expect(() => roles.grant("nobody", "hr")).toThrow("ORA-01919");
  expect(() => roles.grant("boss", "nobody")).toThrow("ORA-01917");
  expect(() => roles.revoke("clerk", "hr")).toThrow("ORA-01951");
  expect(() => roles.revoke("dba", "system")).toThrow("ORA-01031");
  roles.drop("boss");
  expect(Privileges.of(home, "HR").roles).toEqual([]);
  roles.grant("clerk", "public");
  expect(Privileges.of(home, "HR").roles).toEqual(held.slice(1));
  expect(() => {
    roles.drop("dba");
  }).toThrow("ORA-01031");
  roles.grant("dba", "hr");
  assertAdministrator(home, "HR");
  users.drop("hr", false);
  await users.create("hr", null);
  expect(() => {
    assertAdministrator(home, "HR");
  }, "a new user has nothing of an old one").toThrow("ORA-01031");
});

test("a directory object is for those who have been granted it, directly, by a role, or as everybody", async () => {
  const directories = new Directories(home, folder);
  const grants = new DirectoryGrants(home);
  directories.create("dmpdir", ".");
  await users.create("hr", null);
  await users.create("scott", null);
  roles.create("clerk");
  roles.grant("clerk", "hr");
  grants.grant(directories, ["read", "WRITE"], "dmpdir", "clerk");
  grants.grant(directories, ["READ"], "data_pump_dir", "public");
  const mayUse = (user: string) =>
    ["DMPDIR", "DATA_PUMP_DIR"].map((name) => [
      Privileges.of(home, user).mayUse(name, "READ"),
      Privileges.of(home, user).mayUse(name, "WRITE"),
    ]);
  const [none, read, all] = [
    [false, false],
    [true, false],
    [true, true],
  ];
  expect(mayUse("HR")).toEqual([all, read]);
  expect(mayUse("SCOTT")).toEqual([none, read]);
  expect(mayUse("SYSTEM")).toEqual([all, all]);
  grants.revoke(["WRITE"], "DMPDIR", "CLERK");
  expect(mayUse("HR")).toEqual([read, read]);
  expect(() => {
    grants.revoke(["WRITE"], "DMPDIR", "CLERK");
  }).toThrow("ORA-01927");
  expect(() => {
    grants.grant(directories, ["EXECUTE"], "DMPDIR", "HR");
  }).toThrow("ORA-00990");
  expect(() => {
    grants.grant(directories, ["READ"], "NOWHERE", "HR");
  }).toThrow("ORA-04043");
  expect(() => {
    grants.grant(directories, ["READ"], "DMPDIR", "NOBODY");
  }).toThrow("ORA-01917");
  directories.drop("dmpdir");
  directories.create("dmpdir", ".");
  expect(mayUse("HR"), "a new directory object has nothing of an old one").toEqual([none, read]);
});

test("a user who owns a link goes with it or not at all", async () => {
  await users.create("hr", null);
  const links = new DatabaseLinks(home);
  links.create("HR", "dbs1", folder, folder);
  expect(() => users.drop("hr", false)).toThrow("ORA-01922");
  users.drop("hr", true);
  expect(links.list()).toEqual([]);
});

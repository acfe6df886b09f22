import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { beforeEach, expect, test } from "vitest";
import { DirectoryGrants } from "../../src/catalog/directory-grants.ts";
import { Directories } from "../../src/catalog/directories.ts";
import { DatabaseLinks } from "../../src/catalog/links.ts";
import { Roles } from "../../src/catalog/roles.ts";
import { Users } from "../../src/catalog/users.ts";
import { catalogFact, catalogObjects, type CatalogObject } from "../../src/metadata/catalog-objects.ts";
import { previewCatalog, readCatalog } from "../../src/job/catalog-transfer.ts";
import { connect } from "../../src/api/data-pump.ts";
import { defineJob, expectSuccess, runExport, runImport, runSqlFile, type JobRequest } from "./pump-jobs.ts";
import { logLines, restart, runToFailpoints } from "./restarts.ts";
import { temporaryFolder } from "./temporary-folder.ts";

let source: string;
let target: string;
let dumps: string;

beforeEach(async () => {
  [source, target, dumps] = [temporaryFolder(), temporaryFolder(), temporaryFolder()];
  const hr = new Sqlite(join(source, "HR.db"));
  hr.exec("CREATE TABLE t (v); INSERT INTO t VALUES (1)");
  hr.close();
  const home = join(source, ".tsdp");
  const directories = new Directories(home, source);
  directories.create("dmpdir", "/not/there");
  directories.create('"Mixed ""', "/x");
  await new Users(home).create("hr", "tiger");
  await new Users(home).create("scott", null);
  const roles = new Roles(home);
  roles.create("clerk");
  roles.grant("clerk", "scott");
  roles.grant("datapump_exp_full_database", "clerk");
  new DirectoryGrants(home).grant(directories, ["READ", "WRITE"], "dmpdir", "hr");
  new DatabaseLinks(home).create("HR", "dbs1", target, source);
});

const jobFolder = () => ({ folder: dumps, dumpFiles: ["full.dmp"] });

/** What a dry run says that it would take of the catalog, and its errors. */
async function foretold(folder: string, operation: "EXPORT" | "IMPORT", request: JobRequest) {
  const pump = await connect(folder, { currentDirectory: dumps, dryRun: true });
  try {
    const { taken, problems } = await pump.dryRun(
      await defineJob(pump, operation, { dumpFiles: ["full.dmp"], mode: "FULL", ...request }),
    );
    const objects = taken.filter(({ type }) => type !== "TABLE");
    return {
      taken: objects.map(({ type, name, action }) => `${type} ${name} ${action}`),
      problems: problems.map(([line]) => `${line?.code ?? ""}: ${line?.text ?? ""}`),
    };
  } finally {
    await pump.close();
  }
}

test("a FULL job moves users without their passwords, roles, directory objects, grants and links, once", async () => {
  const objects = [
    "ROLE CLERK",
    "USER HR",
    "USER SCOTT",
    "ROLE_GRANT CLERK",
    "ROLE_GRANT DATAPUMP_EXP_FULL_DATABASE",
    "DIRECTORY DMPDIR",
    'DIRECTORY Mixed "',
    "OBJECT_GRANT DMPDIR",
    "OBJECT_GRANT DMPDIR",
    "DB_LINK DBS1",
  ];
  const expected = (action: string) => objects.map((object) => `${object} ${action}`);
  expect(await foretold(source, "EXPORT", {})).toEqual({ taken: expected("export"), problems: [] });
  expectSuccess(await runExport(source, { ...jobFolder(), mode: "FULL" }));
  expect(await foretold(target, "IMPORT", {})).toEqual({ taken: expected("create"), problems: [] });
  expect(readCatalog(join(target, ".tsdp"))).toEqual([]);
  const pathRemaps = [["REMAP_DIRECTORY", "/not/", "/now/"]] as const;
  const imported = await runImport(target, { ...jobFolder(), mode: "FULL", remap: [["HR", "BLAKE"]], pathRemaps });
  expectSuccess(imported);
  for (const path of [
    "ROLE",
    "SCHEMA/USER",
    "SCHEMA/ROLE_GRANT",
    "DIRECTORY/DIRECTORY",
    "DIRECTORY/GRANT/OBJECT_GRANT",
    "SCHEMA/DB_LINK",
  ])
    expect(imported.lines).toContain(`Processing object type DATABASE_EXPORT/${path}`);
  const home = join(target, ".tsdp");
  expect(new Users(home).list()).toMatchObject([
    { name: "BLAKE", hasPassword: false, isLocked: true },
    { name: "SCOTT", hasPassword: false, isLocked: false },
    { name: "SYSTEM", isLocked: false },
  ]);
  const renamed = (text: string) => text.replaceAll('"HR"', '"BLAKE"').replace("/not/there", "/now/there");
  expect(JSON.stringify(readCatalog(home))).toBe(renamed(JSON.stringify(readCatalog(join(source, ".tsdp")))));

  const { taken, problems } = await foretold(target, "IMPORT", { remap: [["HR", "BLAKE"]] });
  expect(taken).toEqual([]);
  const again = await runImport(target, { ...jobFolder(), mode: "FULL", remap: [["HR", "BLAKE"]] });
  const ofCatalog = (texts: readonly string[]) => texts.filter((text) => !text.startsWith("ORA-39151"));
  const errors = ofCatalog(again.errors.map((text) => text.split("\n")[0] ?? ""));
  expect(ofCatalog(problems)).toEqual(errors);
  expect(errors).toEqual([
    'ORA-31684: Object type ROLE:"CLERK" already exists',
    'ORA-31684: Object type USER:"BLAKE" already exists',
    'ORA-31684: Object type USER:"SCOTT" already exists',
    'ORA-39111: Dependent object type ROLE_GRANT:"CLERK" skipped, base object type USER:"SCOTT" already exists',
    'ORA-39111: Dependent object type ROLE_GRANT:"DATAPUMP_EXP_FULL_DATABASE" skipped, base object type ROLE:"CLERK" already exists',
    'ORA-31684: Object type DIRECTORY:"DMPDIR" already exists',
    'ORA-31684: Object type DIRECTORY:"Mixed """ already exists',
    'ORA-39111: Dependent object type OBJECT_GRANT:"DMPDIR" skipped, base object type DIRECTORY:"DMPDIR" already exists',
    'ORA-39111: Dependent object type OBJECT_GRANT:"DMPDIR" skipped, base object type DIRECTORY:"DMPDIR" already exists',
    'ORA-31684: Object type DB_LINK:"DBS1" already exists',
  ]);
});

test("who was there before gets nothing of a dump: not by a grant to everybody, nor on a directory object of the dump", async () => {
  const grants: readonly CatalogObject[] = [
    { tail: "ROLE_GRANT", name: "NEW", grantee: "PUBLIC" },
    { tail: "DIRECTORY/GRANT/OBJECT_GRANT", name: "ROOT", grantee: "SCOTT", privilege: "WRITE" },
    { tail: "DIRECTORY/GRANT/OBJECT_GRANT", name: "ROOT", grantee: "PUBLIC", privilege: "READ" },
  ];
  const made: readonly CatalogObject[] = [
    { tail: "ROLE", name: "NEW" },
    { tail: "ROLE_GRANT", name: "DBA", grantee: "NEW" },
    { tail: "DIRECTORY/DIRECTORY", name: "ROOT", path: "/" },
    { tail: "DIRECTORY/GRANT/OBJECT_GRANT", name: "ROOT", grantee: "NEW", privilege: "READ" },
  ];
  const preview = () => previewCatalog({ database: target, metadataRemaps: [] }, [...made, ...grants]);
  expect(preview()).toEqual({ taken: [...made, ...grants], problems: [] });
  await new Users(join(target, ".tsdp")).create("scott", null);
  const { taken, problems } = preview();
  expect(taken).toEqual(made);
  expect(problems.map(([line]) => /base object type (.*) already exists/.exec(line?.text ?? "")?.[1])).toEqual([
    'ROLE:"PUBLIC"',
    'USER:"SCOTT"',
    'ROLE:"PUBLIC"',
  ]);
});

test("an import that is killed while it makes them knows on its restart which are its own", async () => {
  const sourceHome = join(source, ".tsdp");
  const directories = new Directories(sourceHome, source);
  directories.create("zdir", "/z");
  for (const name of ["zdir", "data_pump_dir"]) new DirectoryGrants(sourceHome).grant(directories, ["READ"], name, "hr");
  const sourceRoles = new Roles(sourceHome);
  sourceRoles.create('"alice"');
  sourceRoles.grant("clerk", '"alice"');
  sourceRoles.grant("clerk", "system");
  await new Users(sourceHome).create("late", null);
  for (const grantee of ["late", "public"]) sourceRoles.grant("clerk", grantee);
  expectSuccess(await runExport(source, { ...jobFolder(), mode: "FULL", folder: target }));
  const home = join(target, ".tsdp");
  const own = new Directories(home, target);
  own.create('"Mixed ""', "/mine");
  // Others have the same there already.
  new Roles(home).create("alice");
  new Roles(home).grant("datapump_exp_full_database", "alice");
  new DirectoryGrants(home).grant(own, ["READ"], "data_pump_dir", "alice");
  const dump = { dumpFiles: ["full.dmp"], mode: "FULL" } as const;
  // When they were only looked at; after the role; after one of two users; after two of three grants; after one of three directories.
  await runToFailpoints("IMPORT", target, dump, ["import catalog examined", "import catalog object made"]);
  await new Users(home).create("late", "secret");
  for (const failpoint of ["import catalog object made", "import catalog object made:3", "import catalog object made:4"])
    await restart(target, { failpoint });
  own.create("zdir", "/his");
  const ended = await restart(target);
  expect(ended.state).toBe("COMPLETED");
  const lines = logLines(target);
  expect(lines.filter((line) => line.startsWith("ORA-"))).toEqual([
    'ORA-31684: Object type ROLE:"alice" already exists',
    'ORA-31684: Object type USER:"LATE" already exists',
    'ORA-39111: Dependent object type ROLE_GRANT:"CLERK" skipped, base object type USER:"LATE" already exists',
    // Since someone else has come to be.
    'ORA-39111: Dependent object type ROLE_GRANT:"CLERK" skipped, base object type ROLE:"PUBLIC" already exists',
    'ORA-39111: Dependent object type ROLE_GRANT:"CLERK" skipped, base object type ROLE:"alice" already exists',
    'ORA-31684: Object type DIRECTORY:"Mixed """ already exists',
    'ORA-31684: Object type DIRECTORY:"ZDIR" already exists',
    'ORA-39111: Dependent object type OBJECT_GRANT:"ZDIR" skipped, base object type DIRECTORY:"ZDIR" already exists',
  ]);
  expect(lines.filter((line) => line.includes("DATABASE_EXPORT/SCHEMA/USER"))).toHaveLength(1);
  const others = ["alice", "ZDIR", "LATE", "PUBLIC"];
  const kept = readCatalog(sourceHome).filter((object) => {
    return !others.includes(object.name) && !("grantee" in object && others.includes(object.grantee));
  });
  const expected: CatalogObject[] = [
    ...kept.map((object) => ("path" in object && object.path === "/x" ? { ...object, path: "/mine" } : object)),
    { tail: "ROLE", name: "ALICE" },
    { tail: "USER", name: "LATE", locked: true },
    { tail: "ROLE_GRANT", name: "DATAPUMP_EXP_FULL_DATABASE", grantee: "ALICE" },
    { tail: "DIRECTORY/DIRECTORY", name: "ZDIR", path: "/his" },
    { tail: "DIRECTORY/GRANT/OBJECT_GRANT", name: "DATA_PUMP_DIR", grantee: "ALICE", privilege: "READ" },
  ];
  const sorted = (objects: readonly CatalogObject[]) => objects.map((object) => JSON.stringify(object)).sort();
  expect(sorted(readCatalog(home))).toEqual(sorted(expected));
  expect(new Users(home).list().find(({ name }) => name === "LATE")).toMatchObject({ hasPassword: true, isLocked: false });
});

test("INCLUDE and EXCLUDE choose among them; schemas, SQL files and other modes have none", async () => {
  const exported = await runExport(source, {
    ...jobFolder(),
    mode: "FULL",
    filters: [
      ["EXCLUDE_PATH_LIST", "'DB_LINK'"],
      ["NAME_EXPR", "!= 'Mixed \"'", "DIRECTORY"],
    ],
  });
  expectSuccess(exported);
  expect(exported.lines).not.toContain("Processing object type DATABASE_EXPORT/SCHEMA/DB_LINK");
  expectSuccess(await runSqlFile(target, { ...jobFolder(), mode: "FULL", sqlFile: "x.sql" }));
  expectSuccess(await runImport(target, { ...jobFolder(), mode: "SCHEMA", schemas: "= 'HR'" }));
  const home = join(target, ".tsdp");
  expect(readCatalog(home)).toEqual([]);
  const only = {
    filters: [
      ["INCLUDE_PATH_LIST", "'DIRECTORY','USER'"],
      ["NAME_EXPR", "= 'SCOTT'", "USER"],
    ],
  } as const;
  const ungranted =
    "ORA-39083: Object type OBJECT_GRANT:\"DMPDIR\" failed to create with error:\nORA-01917: user or role 'HR' does not exist";
  expect((await runImport(target, { ...jobFolder(), mode: "FULL", ...only })).errors).toEqual([ungranted, ungranted]);
  expect(readCatalog(home)).toMatchObject([
    { tail: "USER", name: "SCOTT" },
    { tail: "DIRECTORY/DIRECTORY", name: "DMPDIR" },
  ]);
});

test("a list of catalog objects is believed as far as it can be one", () => {
  const good: CatalogObject[] = [
    { tail: "USER", name: "HR", locked: true },
    { tail: "DIRECTORY/DIRECTORY", name: "D", path: "/d" },
  ];
  const read = (value: unknown) =>
    catalogObjects(new Map([["CATALOG", typeof value === "string" ? value : JSON.stringify(value)]]));
  expect(catalogObjects(new Map(Object.entries(catalogFact(good))))).toEqual(good);
  expect(catalogFact([])).toEqual({});
  expect(catalogObjects(new Map())).toEqual([]);
  expect(read([...good].reverse()), "in the order in which they can be made").toEqual(good);
  expect(read([{ tail: "PROFILE", name: "later" }])).toEqual([]);
  expect(read([{ tail: "USER", name: "SYSTEM", locked: true }]), "whom the first user brings").toEqual([]);
  expect(read([{ tail: "USER", name: "HR" }]), "in doubt a user is locked").toMatchObject([{ locked: true }]);
  const bad: unknown[] = [
    ...["{", "{}", "null", [1], [null], Array(10_001).fill(good[0])],
    ...[
      [{ tail: "USER" }],
      [{ tail: "USER", name: "a\u001b" }],
      [{ tail: "USER", name: "a".repeat(129) }],
      [{ tail: "ROLE", name: "" }],
    ],
    ...["relative", "/a\nb", `/${"a".repeat(5000)}`].map((path) => [{ tail: "DIRECTORY/DIRECTORY", name: "D", path }]),
    [{ tail: "DIRECTORY/GRANT/OBJECT_GRANT", name: "D", grantee: "HR", privilege: "EXECUTE" }],
    [{ tail: "ROLE_GRANT", name: "DBA" }],
    [{ tail: "DB_LINK", name: "D", owner: "HR", user: "HR", database: "there" }],
  ];
  for (const value of bad) expect(() => read(value), JSON.stringify(value).slice(0, 80)).toThrow(/catalog object/);
});

test("a SCHEMA job moves the users of its schemas, and their roles, when USER_METADATA says so", async () => {
  new Roles(join(source, ".tsdp")).grant("datapump_exp_full_database", "hr");
  const schemas = "= 'HR'";
  const users = { USER_METADATA: 1 };
  expectSuccess(await runExport(source, { folder: dumps, dumpFiles: ["plain.dmp"], schemas }));
  const exported = await runExport(source, { folder: dumps, dumpFiles: ["users.dmp"], schemas, parameters: users });
  expectSuccess(exported);
  const paths = ["SCHEMA_EXPORT/USER", "SCHEMA_EXPORT/ROLE_GRANT"].map((path) => `Processing object type ${path}`);
  expect(exported.lines).toEqual(expect.arrayContaining(paths));

  const request = (dump: string, name: string) => ({ folder: dumps, dumpFiles: [dump], remap: [["HR", name]] as const });
  expectSuccess(await runImport(target, request("plain.dmp", "NOBODY")));
  expectSuccess(await runImport(target, { ...request("users.dmp", "ALONE"), schemas }));
  expect(new Users(join(target, ".tsdp")).list()).toEqual([]);
  const imported = await runImport(target, request("users.dmp", "BLAKE"));
  expectSuccess(imported);
  expect(imported.lines).toEqual(expect.arrayContaining(paths));
  expect(new Users(join(target, ".tsdp")).list()).toMatchObject([
    { name: "BLAKE", hasPassword: false, isLocked: true },
    { name: "SYSTEM", isLocked: false },
  ]);
  expect(new Roles(join(target, ".tsdp")).grants()).toContainEqual({ role: "DATAPUMP_EXP_FULL_DATABASE", grantee: "BLAKE" });

  const excluded = { ...request("users.dmp", "SCOTT"), filters: [["EXCLUDE_PATH_EXPR", "IN ('USER', 'ROLE_GRANT')"]] as const };
  expectSuccess(await runImport(target, excluded));
  expect(new Users(join(target, ".tsdp")).list().map(({ name }) => name)).toEqual(["BLAKE", "SYSTEM"]);
});

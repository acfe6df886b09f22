import { writeFileSync } from "node:fs";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { KU } from "../../src/api/constants.ts";
import { connect, type DataPump } from "../../src/api/data-pump.ts";
import { tsdpHere } from "../cli/tsdp-here.ts";
import { inThisProcess } from "../job/launch-here.ts";
import { exampleSession, expectCodes } from "./example-session.ts";

let folder: string;
/** SYSTEM */
let administrator: DataPump;
/** Nobody's role, nobody's grant. */
let hr: DataPump;

beforeEach(async () => {
  ({ folder, pump: administrator } = await exampleSession());
  for (const name of ["HR", "OE"]) {
    const database = new Sqlite(join(folder, `${name}.db`));
    database.exec("CREATE TABLE orders (id INTEGER PRIMARY KEY, v); INSERT INTO orders (v) VALUES (1), (2)");
    database.close();
  }
  await administrator.users.create("hr");
  hr = await connect(`hr@${folder}`, { currentDirectory: folder });
  onTestFinished(async () => hr.close());
});

test("the whole database and the pages of schemas are for who has the role of the operation", async () => {
  await expectCodes(hr.open("EXPORT", "FULL"), "ORA-31631", "ORA-39161");
  await expectCodes(hr.open("IMPORT", "full"), "ORA-31631", "ORA-39161");
  await expectCodes(hr.open("EXPORT", "TRANSPORTABLE"), "ORA-31631", "ORA-39162");
  await hr.detach(await hr.open("IMPORT", null));
  await expectCodes(hr.open("IMPORT", null, "DBS1"), "ORA-31631", "ORA-39161");
  await administrator.roles.grant("datapump_exp_full_database", "hr");
  await hr.detach(await hr.open("EXPORT", "FULL"));
  await expectCodes(hr.open("SQL_FILE", "FULL"), "ORA-31631", "ORA-39161");
  await administrator.roles.grant("imp_full_database", "public");
  await hr.detach(await hr.open("SQL_FILE", "FULL"));
});

test("files go where the user has been granted it: dumps are read or written, logs written", async () => {
  const exported = await hr.open("EXPORT", "SCHEMA");
  const imported = await hr.open("IMPORT", null);
  const denied = ["ORA-39001", "ORA-39000", "ORA-39087"];
  await expectCodes(hr.addFile(exported, "a.dmp", "DMPDIR"), ...denied);
  await expectCodes(hr.addFile(exported, "a.dmp", "DATA_PUMP_DIR"), ...denied);
  await administrator.grantDirectory(["READ"], "DMPDIR", "HR");
  await expectCodes(hr.addFile(exported, "a.dmp", "DMPDIR"), ...denied);
  await hr.addFile(imported, "a.dmp", "dmpdir");
  await expectCodes(hr.addFile(imported, "a", "DMPDIR", null, KU.FILE_TYPE_LOG_FILE), "ORA-39002", "ORA-39070", "ORA-39087");
  expect((await hr.directories()).map(({ name }) => name)).toEqual(["DMPDIR"]);
  await expectCodes(hr.getDumpfileInfo("a.dmp", "DATA_PUMP_DIR"), "ORA-39211", "ORA-39087");
  await administrator.grantDirectory(["WRITE"], "DMPDIR", "PUBLIC");
  await hr.addFile(exported, "a.dmp", "DMPDIR");
  await hr.addFile(imported, "a", "DMPDIR", null, KU.FILE_TYPE_LOG_FILE);
  await administrator.roles.grant("datapump_exp_full_database", "hr");
  await hr.addFile(exported, "b.dmp", "DATA_PUMP_DIR");
});

test("schemas of others are out of reach of filters, remaps, marks and links", async () => {
  const exported = await hr.open("EXPORT", "SCHEMA");
  const imported = await hr.open("IMPORT", null);
  await expectCodes(hr.dataFilter(exported, "SAMPLE", 10, "orders", "oe"), "ORA-31631", "ORA-39109");
  await hr.dataFilter(exported, "SAMPLE", 10, "orders", "hr");
  await expectCodes(hr.metadataRemap(imported, "REMAP_SCHEMA", "HR", "OE"), "ORA-31631", "ORA-39122");
  await hr.metadataRemap(imported, "REMAP_SCHEMA", "OE", "HR");
  const column = { table: "orders", column: "v" };
  await expectCodes(hr.columns.encrypt([{ schema: "OE", ...column }]), "ORA-01031");
  await hr.columns.encrypt([{ schema: "HR", ...column }]);
  await hr.createDatabaseLink("self", `system@${folder}`);
  await hr.detach(await hr.open("IMPORT", "SCHEMA", "self"));
  await administrator.users.setPassword("system", "manager");
  await expectCodes(hr.open("IMPORT", "SCHEMA", "self"), "ORA-39001", "ORA-39200", "ORA-01017");
});

test("an export of another's schema does not start; of a dump that holds one only the own is imported", async () => {
  await administrator.grantDirectory(["READ", "WRITE"], "DMPDIR", "HR");
  for (const [mode, filter, value] of [
    ["SCHEMA", "SCHEMA_EXPR", "IN ('HR','OE')"],
    ["TABLE", "TABLE_FILTER", "OE.orders"],
    ["TABLESPACE", "TABLESPACE_EXPR", "= 'OE'"],
  ] as const) {
    const handle = await hr.open("EXPORT", mode);
    await hr.addFile(handle, "a.dmp", "DMPDIR");
    await hr.metadataFilter(handle, filter, value);
    await expectCodes(
      inThisProcess(() => hr.startJob(handle)),
      "ORA-31631",
      "ORA-39109",
    );
    await hr.detach(handle);
  }
  const denied = await tsdpHere(folder, "export", "hr@.", "schemas=HR");
  expect(denied.err).toMatch(/ORA-39002: .*\nORA-39070: .*\nORA-39145: /);
  expect(await tsdpHere(folder, "export", "hr@.", "directory=dmpdir", "dumpfile=own")).toMatchObject({ code: 0 });
  expect(await tsdpHere(folder, "export", "schemas=HR,OE", "directory=dmpdir", "dumpfile=both")).toMatchObject({ code: 0 });

  const imported = await tsdpHere(folder, "import", "hr@.", "directory=dmpdir", "dumpfile=both", "table_exists_action=append");
  expect(imported.code).toBe(5);
  expect(imported.out).toContain("ORA-39154: Objects from foreign schemas have been removed from import");
  expect(imported.out).toContain('"HR"."orders"');
  expect(imported.out).not.toContain('"OE"');
  const rows = new Sqlite(join(folder, "OE.db"));
  expect(rows.prepare("SELECT count(*) FROM orders").pluck().get()).toBe(2);
  rows.close();
  const foreign = await tsdpHere(folder, "import", "hr@.", "directory=dmpdir", "dumpfile=both", "schemas=OE", "nologfile=y");
  expect(foreign.err).toMatch(/ORA-39002: .*\nORA-39154: .*\nORA-31655: /);
  const moved = await tsdpHere(folder, "import", "hr@.", "directory=dmpdir", "dumpfile=both", "schemas=HR", "remap_schema=HR:OE");
  expect(moved.err).toMatch(/ORA-31631: .*\nORA-39122: .*REMAP_SCHEMA/);

  await administrator.revokeDirectory(["WRITE"], "DMPDIR", "HR");
  const dry = (...words: string[]) =>
    tsdpHere(folder, "import", "hr@.", "directory=dmpdir", "dumpfile=both", "schemas=HR", "dry_run=y", ...words);
  const foretold = await dry("table_exists_action=append");
  expect(foretold.code, "the job itself would not start").toBe(5);
  expect(foretold.out).toMatch(/^HR +TABLE +orders +append[^]*^ORA-39070: .*\nORA-39087: [^]*, 1 error\(s\)$/m);
  expect(await dry("table_exists_action=append", "nologfile=y")).toMatchObject({ code: 0 });

  writeFileSync(join(folder, "dumps", "x"), "");
  const verified = (against: string, ...words: readonly string[]) =>
    tsdpHere(folder, "verify", "dumps/both.dmp", "--against", against, "--schemas", "OE", ...words);
  expect((await verified("hr@.")).err).toMatch(/ORA-39109: [^]*--against names \(USER@DATABASE\), or else --userid/);
  expect((await verified("system@.")).code).toBe(0);
  expect((await verified("nobody@.")).err).toContain("ORA-01017");
  expect((await verified(".", "--userid", "hr@.")).err).toContain("ORA-39109");
  expect((await verified(".", "--userid", "nobody@.")).err).toContain("ORA-01017");
  expect((await verified("system@.", "--userid", "hr@.")).code).toBe(0);
});

test("the views show a user what is his, and everything to who has a role", async () => {
  await administrator.grantDirectory(["READ"], "DMPDIR", "PUBLIC");
  await administrator.roles.create("clerk");
  await administrator.roles.grant("clerk", "hr");
  await administrator.open("EXPORT", "SCHEMA", null, "OTHERS");
  const rowsOf = async (pump: DataPump, sql: string) => (await pump.query(sql)).map((row) => Object.values(row));
  expect(await rowsOf(hr, "SELECT * FROM session_roles")).toEqual([["CLERK"]]);
  expect(await rowsOf(hr, "SELECT username, granted_role FROM user_role_privs")).toEqual([["HR", "CLERK"]]);
  expect(await rowsOf(hr, "SELECT username FROM all_users")).toEqual([["HR"], ["SYSTEM"]]);
  expect(await rowsOf(hr, "SELECT directory_name FROM all_directories")).toEqual([["DMPDIR"]]);
  const granted = [["PUBLIC", "DMPDIR", "READ"]];
  expect(await rowsOf(hr, "SELECT grantee, table_name, privilege FROM all_tab_privs")).toEqual(granted);
  expect(await hr.jobs()).toEqual([]);
  for (const view of ["dba_users", "dba_datapump_jobs", "dba_directories"])
    await expectCodes(hr.query(`SELECT * FROM ${view}`), "ORA-00942", "TSDP-00010");
  await expectCodes(hr.leftovers(), "ORA-01031");

  expect(await administrator.jobs()).toMatchObject([{ name: "OTHERS" }]);
  expect(await rowsOf(administrator, "SELECT username, account_status FROM dba_users")).toEqual([
    ["HR", "OPEN"],
    ["SYSTEM", "OPEN"],
  ]);
  expect(await rowsOf(administrator, "SELECT directory_name, directory_path FROM dba_directories")).toContainEqual([
    "DATA_PUMP_DIR",
    folder,
  ]);
  expect(await rowsOf(administrator, "SELECT role FROM dba_roles")).toContainEqual(["CLERK"]);
  expect(await rowsOf(administrator, "SELECT grantee FROM dba_role_privs WHERE granted_role = 'CLERK'")).toEqual([["HR"]]);
  expect(await rowsOf(administrator, "SELECT grantee, table_name, privilege FROM dba_tab_privs")).toEqual(granted);
});

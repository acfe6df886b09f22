import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { afterEach, beforeEach, expect, it } from "vitest";
import { connect } from "../../src/api/data-pump.ts";
import { DatabaseLinks } from "../../src/catalog/links.ts";
import { failureOf } from "../job/pump-jobs.ts";

let folder: string;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "tsdp-links-")));
  for (const name of ["home", "here", "there"]) mkdirSync(join(folder, name));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

it("keeps each owner's links, absolute, and tells those that lead nowhere", () => {
  const links = new DatabaseLinks(join(folder, "home"));
  expect(links.list()).toEqual([]);
  expect(links.create("SYSTEM", "dbs1", "hr@there", folder)).toMatchObject({
    name: "DBS1",
    user: "HR",
    database: join(folder, "there"),
  });
  links.create("HR", "dbs1", join(folder, "here"), "/");
  expect(links.list().map(({ owner, name, user }) => [owner, name, user])).toEqual([
    ["HR", "DBS1", "SYSTEM"],
    ["SYSTEM", "DBS1", "HR"],
  ]);
  expect(links.resolve("SYSTEM", "dbs1").database).toBe(join(folder, "there"));
  expect(() => links.create("SYSTEM", "DBS1", "here", folder)).toThrow("ORA-02011");
  expect(() => links.create("SYSTEM", "x", "nowhere", folder)).toThrow("ORA-12154");
  expect(() => links.create("SYSTEM", "a\u001bb", "here", folder)).toThrow("ORA-39200");
  rmSync(join(folder, "there"), { recursive: true });
  expect(() => links.resolve("SYSTEM", "DBS1")).toThrow("ORA-12154");
  links.drop("SYSTEM", "dbs1");
  expect(() => links.drop("SYSTEM", "dbs1")).toThrow("ORA-02024");
  expect(() => links.resolve("SYSTEM", "dbs1")).toThrow("ORA-02019");
  expect(links.resolve("HR", "dbs1").database).toBe(join(folder, "here"));
});

it("never keeps or shows a password", () => {
  const links = new DatabaseLinks(join(folder, "home"));
  links.create("SYSTEM", "other", "there", folder);
  expect(() => links.create("SYSTEM", "dbs1", "hr/tiger@there", folder)).toThrow(/^(?!.*tiger).*ORA-39200/s);
  expect(readFileSync(join(folder, "home", "catalog.db")).toString("latin1")).not.toContain("tiger");
});

it("takes up a catalog of before links", () => {
  const links = new DatabaseLinks(join(folder, "home"));
  links.create("SYSTEM", "dbs1", "there", folder);
  const catalog = new Sqlite(join(folder, "home", "catalog.db"));
  for (const newer of ["database_link", "user_account", "role", "role_grant", "directory_grant"])
    catalog.exec(`DROP TABLE ${newer}`);
  catalog.exec("INSERT INTO directory VALUES ('KEPT', '/kept'); PRAGMA user_version = 3");
  catalog.close();
  expect(links.list()).toEqual([]);
  links.create("SYSTEM", "dbs1", "here", folder);
  expect(links.resolve("SYSTEM", "dbs1").database).toBe(join(folder, "here"));
});

it("is a view, of the session's user or of all", async () => {
  const pump = await connect(join(folder, "here"), { currentDirectory: folder });
  await pump.createDatabaseLink("dbs1", "there");
  const hr = await connect(`hr@${join(folder, "here")}`, { currentDirectory: folder });
  await hr.createDatabaseLink("dbs2", "scott@there");
  const sql = "SELECT owner, db_link, username, host FROM all_db_links ORDER BY owner";
  expect(await hr.query(sql)).toEqual([{ owner: "HR", db_link: "DBS2", username: "SCOTT", host: join(folder, "there") }]);
  expect(await pump.query("SELECT owner, db_link FROM dba_db_links ORDER BY owner")).toEqual([
    { owner: "HR", db_link: "DBS2" },
    { owner: "SYSTEM", db_link: "DBS1" },
  ]);
  expect(await pump.query("SELECT db_link FROM user_db_links")).toEqual([{ db_link: "DBS1" }]);
  expect((await hr.databaseLinks()).map(({ name }) => name)).toEqual(["DBS2"]);
  expect((await failureOf(hr.dropDatabaseLink("dbs1"))).code).toBe("ORA-02024");
  await hr.dropDatabaseLink("dbs2");
  expect(await hr.query("SELECT * FROM user_db_links")).toEqual([]);
  await pump.close();
  await hr.close();
});

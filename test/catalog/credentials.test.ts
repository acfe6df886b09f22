import Sqlite from "better-sqlite3";
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { Credentials } from "../../src/catalog/credentials.ts";
import { Directories } from "../../src/catalog/directories.ts";
import { closeWallet, createWallet, openWallet, rotateWallet } from "../../src/catalog/wallet.ts";
import { temporaryFolder } from "../job/temporary-folder.ts";

const SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYSECRET";

let home: string;
let credentials: Credentials;
beforeEach(() => {
  home = join(temporaryFolder(), ".tsdp");
  credentials = new Credentials(home);
  vi.stubEnv("XDG_RUNTIME_DIR", temporaryFolder());
  return () => vi.unstubAllEnvs();
});

function isOnDisk(text: string): boolean {
  return readdirSync(home).some((file) => readFileSync(join(home, file)).includes(text));
}

describe("credentials", () => {
  test("belong to one user, are redefined on demand, and tell no secret but to who opens them", async () => {
    const options = { endpoint: "http://127.0.0.1:9000", region: "eu-1" };
    const made = await credentials.create("HR", "bmctest", "KEY", SECRET, options);
    expect(made).toEqual({ owner: "HR", name: "BMCTEST", username: "KEY", ...options, isEncrypted: false });
    expect(credentials.list("HR")).toEqual([made]);
    expect(credentials.list("OE")).toEqual([]);
    expect(await credentials.open("HR", "BmcTest")).toEqual({ ...made, secret: SECRET });
    await expect(credentials.create("HR", "BMCTEST", "KEY", "new")).rejects.toThrow('ORA-27477: "HR"."BMCTEST" already exists');
    await credentials.create("HR", "BMCTEST", "KEY2", "new", { replace: true });
    expect(await credentials.open("HR", "BMCTEST")).toMatchObject({ username: "KEY2", endpoint: null, secret: "new" });
    expect(() => {
      credentials.drop("OE", "BMCTEST");
    }).toThrow('ORA-27476: "OE"."BMCTEST" does not exist');
    credentials.drop("HR", "BMCTEST");
    expect(credentials.list("HR")).toEqual([]);
  });

  test("without a wallet are in a file of their owner only, and leave nothing in it when they go", async () => {
    new Directories(home, home).create("D", ".");
    chmodSync(join(home, "catalog.db"), 0o644);
    await credentials.create("HR", "C", "KEY", SECRET);
    expect(isOnDisk(SECRET)).toBe(true);
    expect(statSync(join(home, "catalog.db")).mode & 0o777).toBe(0o600);
    await credentials.create("HR", "C", "KEY", "x", { replace: true });
    expect(isOnDisk(SECRET)).toBe(false);
  });

  test("are encrypted by the wallet that is open, and need it open, also after a rotation", async () => {
    await createWallet(home, "wallet password");
    await credentials.create("HR", "PLAIN", "KEY", SECRET);
    await openWallet(home, "wallet password", "shutdown");
    const { isEncrypted } = await credentials.create("HR", "PLAIN", "KEY", SECRET, { replace: true });
    expect(isEncrypted).toBe(true);
    expect(isOnDisk(SECRET)).toBe(false);
    await rotateWallet(home, "wallet password");
    expect((await credentials.open("HR", "PLAIN")).secret).toBe(SECRET);
    closeWallet(home);
    await expect(credentials.open("HR", "PLAIN")).rejects.toMatchObject({ code: "ORA-28365" });
    expect(credentials.list("HR")).toHaveLength(1);
  });

  test("a secret that is put under another name does not open", async () => {
    await createWallet(home, "wallet password");
    await openWallet(home, "wallet password", "shutdown");
    await credentials.create("HR", "MINE", "KEY", SECRET);
    const catalog = new Sqlite(join(home, "catalog.db"));
    catalog.exec("UPDATE credential SET owner = 'EVE'");
    catalog.close();
    await expect(credentials.open("EVE", "MINE")).rejects.toMatchObject({ code: "ORA-28353" });
  });

  test.each([
    ["", "KEY", SECRET, {}],
    ["C", "", SECRET, {}],
    ["C", "KEY", "", {}],
    ["C", "KEY", "two\nlines", {}],
    ["C", "KEY", SECRET, { endpoint: "ftp://host" }],
    ["C", "KEY", SECRET, { endpoint: "https://me:password@host" }],
    ["C", "KEY", SECRET, { region: "eu west" }],
  ])("%j %j is refused, and its secret is not told", async (name, username, secret, options) => {
    const refused = credentials.create("HR", name, username, secret, options);
    await expect(refused).rejects.toMatchObject({ code: "ORA-39001" });
    await expect(refused).rejects.not.toThrow(/password@|two/);
  });

  test("a catalog of the first version is taken over", () => {
    mkdirSync(home);
    const old = new Sqlite(join(home, "catalog.db"));
    old.exec(`CREATE TABLE directory (name TEXT PRIMARY KEY, path TEXT NOT NULL) STRICT;
              INSERT INTO directory VALUES ('D', '/d'); PRAGMA user_version = 1`);
    old.close();
    expect(credentials.list("HR")).toEqual([]);
    expect(new Directories(home, home).list()).toContainEqual({ name: "D", path: "/d" });
  });
});

import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { Directories } from "../../src/catalog/directories.ts";
import { homeFolder } from "../../src/catalog/home.ts";
import { temporaryFolder } from "../job/temporary-folder.ts";

describe("Directories", () => {
  let folder: string;
  let home: string;
  let directories: Directories;
  beforeEach(() => {
    folder = temporaryFolder();
    home = join(folder, ".tsdp");
    directories = new Directories(home, folder);
  });

  test("DATA_PUMP_DIR is the current directory until someone redefines it, and nothing is written for it", () => {
    expect(directories.resolve("data_pump_dir")).toBe(folder);
    expect(directories.list()).toEqual([{ name: "DATA_PUMP_DIR", path: folder }]);
    expect(existsSync(home)).toBe(false);
    mkdirSync(join(folder, "dumps"));
    directories.create("DATA_PUMP_DIR", "dumps");
    expect(directories.resolve("DATA_PUMP_DIR")).toBe(join(folder, "dumps"));
    directories.drop("DATA_PUMP_DIR");
    expect(directories.resolve("DATA_PUMP_DIR")).toBe(folder);
  });

  test("names are in upper case unless quoted, paths absolute", () => {
    directories.create("dmpdir", ".");
    directories.create('"dmpdir"', "/elsewhere");
    expect(directories.list()).toEqual([
      { name: "DATA_PUMP_DIR", path: folder },
      { name: "DMPDIR", path: folder },
      { name: "dmpdir", path: "/elsewhere" },
    ]);
    expect(directories.resolve("DmpDir")).toBe(folder);
  });

  test("home and catalog belong to their owner only, under any umask", () => {
    const umask = process.umask(0);
    try {
      directories.create("dmpdir", ".");
    } finally {
      process.umask(umask);
    }
    expect(statSync(home).mode & 0o777).toBe(0o700);
    expect(statSync(join(home, "catalog.db")).mode & 0o777).toBe(0o600);
    expect(readdirSync(home)).toEqual(["catalog.db"]);
  });

  test("a name is taken once, replaced on demand, gone when dropped", () => {
    directories.create("dmpdir", "a");
    expect(() => directories.create("DMPDIR", "b")).toThrow("ORA-00955");
    expect(directories.create("DMPDIR", "b", { replace: true })).toEqual({ name: "DMPDIR", path: join(folder, "b") });
    directories.drop("dmpdir");
    expect(() => {
      directories.drop("dmpdir");
    }).toThrow("ORA-04043: object DMPDIR does not exist");
    expect(() => directories.create("", "a")).toThrow("ORA-39087");
    expect(() => directories.create("bad\nname", "a")).toThrow("ORA-39087");
  });

  test("resolve refuses an unknown name and a path that is no folder", () => {
    expect(() => directories.resolve("nowhere")).toThrow(/^ORA-39087: directory name NOWHERE is invalid$/);
    writeFileSync(join(folder, "file"), "");
    directories.create("missing", "missing");
    directories.create("file", "file");
    expect(() => directories.resolve("missing")).toThrow(
      `ORA-29283: invalid file operation: nonexistent file or path "${folder}/missing"`,
    );
    expect(() => directories.resolve("file")).toThrow("ORA-29283");
  });

  test("a catalog of a newer version and a damaged one are errors, not empty", () => {
    directories.create("dmpdir", ".");
    const catalog = new Sqlite(join(home, "catalog.db"));
    catalog.pragma("user_version = 99");
    catalog.close();
    expect(() => directories.list()).toThrow("newer tsdp");
    writeFileSync(join(home, "catalog.db"), "not a database, but long enough to be read as one".repeat(20));
    expect(() => directories.list()).toThrow("SQLITE_NOTADB");
  });

  test("a home that can't be a folder says to set TSDP_HOME", () => {
    writeFileSync(home, "");
    expect(() => directories.create("dmpdir", ".")).toThrow(
      expect.objectContaining({ code: "ORA-29283", hint: expect.stringContaining("TSDP_HOME") as string }),
    );
  });
});

describe("homeFolder", () => {
  test("is beside the schemas, or one folder per database under $TSDP_HOME", () => {
    vi.stubEnv("TSDP_HOME", undefined);
    const folder = temporaryFolder();
    writeFileSync(join(folder, "HR.db"), "");
    mkdirSync(join(folder, "one", "data"), { recursive: true });
    mkdirSync(join(folder, "two", "data"), { recursive: true });
    expect(homeFolder(folder)).toBe(join(folder, ".tsdp"));
    expect(homeFolder(join(folder, "HR.db"))).toBe(join(folder, ".tsdp"));
    vi.stubEnv("TSDP_HOME", join(folder, "home"));
    const [one, two] = [homeFolder(join(folder, "one", "data")), homeFolder(join(folder, "two", "data"))];
    expect(one).toMatch(/\/home\/[0-9a-f]{16}-data$/);
    expect(two).not.toBe(one);
  });
});

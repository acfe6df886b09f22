import { execFileSync } from "node:child_process";
import {
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LocalStorage } from "../../src/storage/local.ts";
import { storageConformance } from "./conformance.ts";

function newFolder(): string {
  return mkdtempSync(join(tmpdir(), "tsdp-storage-"));
}

storageConformance("local disk", () => {
  const folder = newFolder();
  return Promise.resolve({
    storage: new LocalStorage(),
    path: (name) => join(folder, name),
    names: () => Promise.resolve(readdirSync(folder).sort()),
    durableLength: 0,
    missing: ["ENOENT"],
    remove: () => {
      rmSync(folder, { recursive: true });
      return Promise.resolve();
    },
  });
});

describe("the local disk", () => {
  const options = { reuse: false, owner: "0123ABCD" };
  let folder: string;
  beforeEach(() => {
    folder = newFolder();
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it("hides unfinished files and gives no one else access", async () => {
    const path = join(folder, "a.dmp");
    const writer = await new LocalStorage().create(path, options);
    expect(readdirSync(folder)).toEqual([".a.dmp.0123ABCD.part"]);
    await writer.publish();
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it("neither reads, replaces nor removes an open database, under any name", async () => {
    const database = join(folder, "HR.db");
    writeFileSync(database, "rows");
    const inode = statSync(database).ino;
    const storage = new LocalStorage((path) => statSync(path, { throwIfNoEntry: false })?.ino === inode);
    linkSync(database, join(folder, "hard.dmp"));
    symlinkSync(database, join(folder, "soft.dmp"));
    for (const name of ["HR.db", "hard.dmp", "soft.dmp"]) {
      const path = join(folder, name);
      await expect(storage.open(path), name).rejects.toThrow(/ORA-31640[^]*open database/);
      await expect(storage.create(path, { ...options, reuse: true }), name).rejects.toThrow(/ORA-31641[^]*open database/);
      await expect(storage.remove(path), name).rejects.toThrow("open database");
    }
    expect(readFileSync(database, "utf8")).toBe("rows");
  });

  it("does not replace a file that became an open database meanwhile", async () => {
    const path = join(folder, "a.dmp");
    let isDatabase = false;
    const writer = await new LocalStorage(() => isDatabase).create(path, { ...options, reuse: true });
    isDatabase = true;
    await expect(writer.publish()).rejects.toThrow("open database");
    await writer.discard();
    expect(readdirSync(folder)).toEqual([]);
  });

  it("knows a file by its content, whatever inode it has got", async () => {
    const path = join(folder, "a.dmp");
    const part = join(folder, ".a.dmp.0123ABCD.part");
    const first = await new LocalStorage().create(path, options);
    await first.write([Buffer.from("head and more")]);
    await first.end();
    const file = { ...options, length: first.bytesWritten, identity: first.identity, head: Buffer.from("head") };
    const move = (from: string, to: string) => {
      writeFileSync(join(folder, "copy"), readFileSync(from));
      rmSync(from);
      renameSync(join(folder, "copy"), to);
    };
    move(part, part);
    const resumed = await new LocalStorage().resume(path, file);
    if (resumed === "published") throw new Error("nobody has published it");
    await resumed.suspend();
    move(part, path);
    expect(await new LocalStorage().resume(path, file)).toBe("published");
    await expect(new LocalStorage().resume(path, { ...file, length: 4 })).rejects.toThrow("ORA-27037");
  });

  it("puts a link aside instead of writing through it", async () => {
    const target = join(folder, "precious");
    writeFileSync(target, "precious");
    symlinkSync(target, join(folder, "a.dmp"));
    await expect(new LocalStorage().create(join(folder, "a.dmp"), options)).rejects.toThrow("ORA-27038");
    const writer = await new LocalStorage().create(join(folder, "a.dmp"), { ...options, reuse: true });
    await writer.publish();
    expect(readFileSync(target, "utf8")).toBe("precious");
  });

  it("refuses what is not a file, without waiting for a pipe", async () => {
    mkdirSync(join(folder, "folder"));
    execFileSync("mkfifo", [join(folder, "pipe")]);
    for (const name of ["folder", "pipe"])
      await expect(new LocalStorage().open(join(folder, name)), name).rejects.toMatchObject({
        message: expect.stringContaining("not a regular file") as string,
        hint: expect.stringContaining("name the file itself") as string,
      });
    await expect(new LocalStorage().create(join(folder, "folder"), { ...options, reuse: true })).rejects.toThrow(
      "the name is that of a folder",
    );
  });

  it.skipIf(process.getuid?.() === 0)("says of what can't be read for lack of a permission where to look", async () => {
    const path = join(folder, "a.dmp");
    writeFileSync(path, "precious", { mode: 0o000 });
    const failure = { hint: expect.stringContaining("permissions") as string };
    await expect(new LocalStorage().open(path)).rejects.toMatchObject(failure);
    mkdirSync(join(folder, "closed"), { mode: 0o000 });
    await expect(new LocalStorage().open(join(folder, "closed", "a.dmp"))).rejects.toMatchObject(failure);
    chmodSync(join(folder, "closed"), 0o700);
  });

  it("has no file below a file", async () => {
    writeFileSync(join(folder, "one.db"), "");
    expect(await new LocalStorage().exists(join(folder, "one.db", "a.dmp"))).toBe(false);
    await expect(new LocalStorage().create(join(folder, "one.db", "a.dmp"), options)).rejects.toThrow("ORA-31641");
  });

  it("says which folder is missing", async () => {
    await expect(new LocalStorage().create(join(folder, "no", "a.dmp"), options)).rejects.toThrow(/ORA-31641[^]*ENOENT/);
  });
});

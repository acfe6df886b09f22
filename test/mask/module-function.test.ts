import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findModule, importFunction } from "../../src/mask/module-function.ts";

let folder: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "tsdp-module-")));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function write(name: string, code: string): string {
  const path = join(folder, name);
  writeFileSync(path, code, { mode: 0o644 });
  return path;
}

describe("a module", () => {
  it("is found without case, and its function called", async () => {
    const path = write("Names.mjs", "export const Shout = (value) => value.toUpperCase();");
    const found = findModule(folder, "NAMES", "SHOUT");
    expect(found).toMatchObject({ name: "MODULE", path, exported: "SHOUT" });
    expect((await importFunction(found))("ann")).toBe("ANN");
  });

  it("that has changed since the job was defined is not run", async () => {
    write("names.mjs", "export const shout = (value) => value;");
    const found = findModule(folder, "names", "shout");
    write("names.mjs", "globalThis.stolen = true; export const shout = (value) => value;");
    await expect(importFunction(found)).rejects.toThrow("has changed since the job was defined");
    expect("stolen" in globalThis).toBe(false);
  });

  it("without the function, or with one that is none, is refused", async () => {
    write("names.mjs", "export const list = [];");
    await expect(importFunction(findModule(folder, "names", "shout"))).rejects.toThrow("exports no function of that name");
    await expect(importFunction(findModule(folder, "names", "list"))).rejects.toThrow("exports no function of that name");
  });

  it("that can't be loaded says why", async () => {
    write("names.mjs", "export const = ;");
    await expect(importFunction(findModule(folder, "names", "shout"))).rejects.toThrow("can't be loaded");
  });
});

describe("findModule refuses", () => {
  it("what is not there, and what is there twice", () => {
    expect(() => findModule(folder, "names", "shout")).toThrow("there is no names.mjs or names.js");
    write("names.mjs", "");
    write("NAMES.js", "");
    expect(() => findModule(folder, "names", "shout")).toThrow("has both");
    expect(() => findModule(join(folder, "none"), "names", "shout")).toThrow("ENOENT");
  });

  it.skipIf(process.platform === "win32")("a file or a folder that others may change, and a link", () => {
    const path = write("names.mjs", "");
    chmodSync(path, 0o664);
    expect(() => findModule(folder, "names", "shout")).toThrow("others than you and root may change");
    chmodSync(path, 0o644);
    chmodSync(folder, 0o777);
    expect(() => findModule(folder, "names", "shout")).toThrow("others than you and root may change");
    chmodSync(folder, 0o755);
    mkdirSync(join(folder, "more"));
    symlinkSync(path, join(folder, "more", "names.mjs"));
    expect(() => findModule(join(folder, "more"), "names", "shout")).toThrow("is no plain file");
  });
});

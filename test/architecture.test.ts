import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { describe, expect, it } from "vitest";

/** The layers: a folder of src may import itself and the folders named here, nothing else. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  base: [],
  format: ["base"],
  storage: ["base"],
  sqlite: ["base"],
  catalog: ["sqlite", "format", "base"],
  mask: ["base"],
  dump: ["format", "storage", "base"],
  metadata: ["sqlite", "base"],
  inspect: ["metadata", "dump", "storage", "sqlite", "base"],
  worker: ["metadata", "mask", "dump", "storage", "sqlite", "format", "base"],
  job: ["worker", "inspect", "metadata", "mask", "dump", "storage", "sqlite", "catalog", "base"],
  api: ["job", "inspect", "mask", "dump", "storage", "catalog", "base"],
  cli: ["api", "base"],
  "index.ts": ["api", "job", "catalog", "base"],
};

/** The one folder that may import a package. */
const OWNERS: Readonly<Record<string, string>> = {
  "better-sqlite3": "sqlite",
  "zstd-napi": "format",
  "@bokuweb/zstd-wasm": "format",
  "@aws-sdk/client-s3": "storage",
  "@faker-js/faker": "mask",
  commander: "cli",
  chalk: "cli",
  ora: "cli",
  "cli-progress": "cli",
};

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..");
const SOURCE = join(ROOT, "src");

interface Import {
  readonly file: string;
  readonly specifier: string;
}

describe("the layers of src", () => {
  const imports = sourceFiles().flatMap((file) => importsOf(file, readFileSync(join(SOURCE, file), "utf8")));

  it("are all in the table", () => {
    expect(
      sourceFiles()
        .map(roomOf)
        .filter((room) => MAY_IMPORT[room] === undefined),
    ).toEqual([]);
  });

  it("import downwards only", () => {
    expect(imports.filter(isUpward)).toEqual([]);
  });

  it("leave each package to its owner", () => {
    expect(imports.filter(isForeign)).toEqual([]);
  });

  it("have no circle of files", () => {
    expect(findCircle(imports)).toBeUndefined();
  });

  it("have packages that package.json names, each with an owner", () => {
    const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as Record<string, Record<string, string>>;
    const named = Object.keys({ ...manifest["dependencies"], ...manifest["optionalDependencies"] });
    expect(named.sort()).toEqual(Object.keys(OWNERS).sort());
  });
});

describe("this test", () => {
  it("sees every form of import", () => {
    const text = `
      import { a } from "../job/a.ts"; import type {
        B } from "../cli/b.ts";
      import "./side-effect.ts";
      export { c } from "../api/c.ts"; export * from "../api/d.ts";
      const e = await import("ora"); type F = import("chalk").Chalk; const g = require("commander");
      // import { h } from "../cli/comment.ts";
      const text = ' from "../cli/string.ts"';
    `;
    const specifiers = importsOf("base/x.ts", text).map((found) => found.specifier);
    expect(specifiers.sort()).toEqual(
      ["../api/c.ts", "../api/d.ts", "../cli/b.ts", "../job/a.ts", "./side-effect.ts", "chalk", "commander", "ora"].sort(),
    );
  });

  it("refuses an import upwards, a package of others and a circle", () => {
    expect(isUpward({ file: "worker/loop.ts", specifier: "../job/states.ts" })).toBe(true);
    expect(isUpward({ file: "job/states.ts", specifier: "../worker/loop.ts" })).toBe(false);
    expect(isForeign({ file: "cli/screen.ts", specifier: "better-sqlite3" })).toBe(true);
    expect(isForeign({ file: "cli/deep/screen.ts", specifier: "cli-progress" })).toBe(false);
    expect(isForeign({ file: "base/sizes.ts", specifier: "left-pad" })).toBe(true);
    const circle = [
      { file: "job/a.ts", specifier: "./b.ts" },
      { file: "job/b.ts", specifier: "../job/c.ts" },
      { file: "job/c.ts", specifier: "./a.ts" },
    ];
    expect(findCircle(circle)).toEqual(["job/a.ts", "job/b.ts", "job/c.ts", "job/a.ts"]);
  });
});

function sourceFiles(): readonly string[] {
  const names = readdirSync(SOURCE, { recursive: true, encoding: "utf8" });
  return names.filter((name) => name.endsWith(".ts")).map((name) => name.split(sep).join("/"));
}

/** `import type` counts too: a type is knowledge as well. */
function importsOf(file: string, text: string): readonly Import[] {
  const readImports = true;
  const detectRequire = true;
  return ts.preProcessFile(text, readImports, detectRequire).importedFiles.map(({ fileName }) => ({ file, specifier: fileName }));
}

function roomOf(file: string): string {
  return file.split("/")[0] ?? file;
}

function isRelative(specifier: string): boolean {
  return specifier.startsWith(".");
}

function targetOf({ file, specifier }: Import): string {
  return relative(SOURCE, join(SOURCE, dirname(file), specifier))
    .split(sep)
    .join("/");
}

function isUpward(found: Import): boolean {
  if (!isRelative(found.specifier)) return false;
  const [from, to] = [roomOf(found.file), roomOf(targetOf(found))];
  return from !== to && MAY_IMPORT[from]?.includes(to) !== true;
}

function isForeign({ file, specifier }: Import): boolean {
  if (isRelative(specifier) || specifier.startsWith("node:")) return false;
  const name = specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
  return OWNERS[name] !== roomOf(file);
}

function findCircle(imports: readonly Import[]): readonly string[] | undefined {
  const targets = new Map<string, string[]>();
  for (const found of imports.filter(({ specifier }) => isRelative(specifier))) {
    targets.set(found.file, [...(targets.get(found.file) ?? []), targetOf(found)]);
  }
  const done = new Set<string>();
  const walk = (file: string, path: readonly string[]): readonly string[] | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return undefined;
    for (const target of targets.get(file) ?? []) {
      const circle = walk(target, [...path, file]);
      if (circle !== undefined) return circle;
    }
    done.add(file);
    return undefined;
  };
  for (const file of targets.keys()) {
    const circle = walk(file, []);
    if (circle !== undefined) return circle;
  }
  return undefined;
}

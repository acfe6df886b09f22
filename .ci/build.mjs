// Builds dist when it is missing or older than its sources. Also vitest's global set-up: child processes run dist.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, statSync, utimesSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const ENTRY = join(ROOT, "dist", "index.js");
const CONFIGURATION = ["package-lock.json", "tsconfig.json", "tsconfig.build.json", ".ci/bundle.mjs"];

/** Whether dist is there and whole. Type errors are printed by the compiler. */
export function build() {
  if (isCurrent()) return true;
  const started = new Date();
  const compiled = run(join(ROOT, "node_modules", "typescript", "bin", "tsc"), "-p", "tsconfig.build.json");
  const built = compiled && run(join(ROOT, ".ci", "bundle.mjs"));
  // Files that come out as they were are not written. After an error the next call is to try again.
  if (existsSync(ENTRY)) utimesSync(ENTRY, ...(built ? [started, started] : [0, 0]));
  return built;
}

function run(...words) {
  return spawnSync(process.execPath, words, { cwd: ROOT, stdio: "inherit" }).status === 0;
}

export function setup() {
  if (!build()) console.error("dist was built in spite of the errors above; tests that start processes may fail for it.");
}

function isCurrent() {
  if (!existsSync(ENTRY)) return false;
  const built = statSync(ENTRY).mtimeMs;
  const sources = readdirSync(join(ROOT, "src"), { recursive: true }).map((name) => join(ROOT, "src", name));
  return [...sources, ...CONFIGURATION.map((name) => join(ROOT, name))].every((path) => statSync(path).mtimeMs <= built);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href && !build()) process.exitCode = 1;

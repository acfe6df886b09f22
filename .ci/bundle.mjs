// Joins the modules that a process loads into a few files: Node takes about a millisecond for each module, and a job has three
// threads that load a hundred. Names and lines stay; the source maps have the rest. dist works without this, more slowly.
import { rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { rolldown } from "rolldown";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const DIST = join(ROOT, "dist");

/** What programs import, what `bin/` runs, and what `src/base/entries.ts` names: they replace what the compiler has made of them. */
const ENTRIES = [
  "cli/main",
  "index",
  "inspect/check-thread",
  "job/dry-run/dry-run-host",
  "job/host",
  "sqlite/rename-process",
  "sqlite/table-facts",
  "worker/entry",
];

/** Chunks of what several entries or lazy parts share. */
const GROUPS = [
  // All that `--version` loads.
  { name: "base", test: /src.base.(?!entries)/, priority: 1 },
  {
    name: "common",
    test: /src.(?:format|sqlite|mask|catalog|metadata|dump|storage)./,
    minShareCount: 3,
  },
  { name: "job", test: /src.(?:job|api)./, minShareCount: 2 },
  { name: "cli", test: /src.cli./, minShareCount: 2 },
];

async function bundle() {
  const modules = await rolldown({
    cwd: ROOT,
    input: Object.fromEntries(ENTRIES.map((name) => [name, join(ROOT, "src", `${name}.ts`)])),
    // Packages stay packages.
    external: /^[^./]/,
    platform: "node",
    tsconfig: false,
  });
  rmSync(join(DIST, "chunks"), { recursive: true, force: true });
  await modules.write({
    dir: DIST,
    format: "esm",
    entryFileNames: "[name].js",
    chunkFileNames: "chunks/[name]-[hash].js",
    codeSplitting: { groups: GROUPS },
    sourcemap: true,
  });
  await modules.close();
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await bundle();

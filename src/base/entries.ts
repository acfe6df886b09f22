import { fileURLToPath } from "node:url";

/** What threads and child processes of Node start: modules that do their work when they are loaded. */
export type Entry =
  | "inspect/check-thread"
  | "job/dry-run/dry-run-host"
  | "job/host"
  | "sqlite/rename-process"
  | "sqlite/table-facts"
  | "worker/entry";

/** TypeScript sources (tests) start the built entries: threads and processes of Node 20 run JavaScript only. */
const DIST = new URL(import.meta.url.endsWith(".ts") ? "../../dist/" : "../", import.meta.url);

/** The path of a built entry, from wherever in `dist/` this module has been put. */
export function entryPath(entry: Entry): string {
  return fileURLToPath(new URL(`${entry}.js`, DIST));
}

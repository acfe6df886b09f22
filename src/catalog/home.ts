import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";

/**
 * The folder of the catalog and the jobs of a database: `.tsdp` in the folder of its schemas, or, when `$TSDP_HOME` is set,
 * a sub-folder of that, one per real database path. It is not made here, but by whoever first writes to it.
 */
export function homeFolder(database: string): string {
  const folder = statSync(database).isDirectory() ? database : dirname(database);
  const home = process.env["TSDP_HOME"];
  if (home === undefined || home === "") return join(folder, ".tsdp");
  const prefix = createHash("sha256").update(database).digest("hex").slice(0, 16);
  return join(resolve(home), `${prefix}-${basename(database)}`);
}

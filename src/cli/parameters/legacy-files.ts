import { basename, dirname, resolve } from "node:path";
import type { DataPump } from "../../api/data-pump.ts";
import { pumpError, type StackEntry } from "../../base/errors.ts";
import { quoteIdentifier } from "../../base/identifiers.ts";
import type { JobPlan, PlannedFile } from "../job-plan.ts";

/** What stands above the error of a file. */
const OUTER = {
  dump: [["ORA-39001"], ["ORA-39000"]],
  log: [["ORA-39002"], ["ORA-39070"]],
  script: [["ORA-39001"]],
} as const satisfies Record<string, readonly StackEntry[]>;

/**
 * exp and imp name files by their paths, Data Pump by a directory object: the one that is the folder of the path.
 * @throws ORA-39087 when there is none
 */
export async function placeLegacyFiles(pump: Pick<DataPump, "directories">, plan: JobPlan): Promise<JobPlan> {
  const directories = await pump.directories();
  const place = <T extends PlannedFile | null>(file: T, kind: keyof typeof OUTER): T => {
    if (file === null || !file.name.includes("/") || file.name.includes("://")) return file;
    const folder = resolve(dirname(file.name));
    const directory = directories.find(({ path }) => path === folder);
    if (directory !== undefined) return { ...file, name: basename(file.name), directory: quoteIdentifier(directory.name) };
    throw pumpError(
      [...OUTER[kind], ["ORA-39087", folder]],
      `Files are named by a directory object and a name; make one for that folder: tsdp directory create NAME ${folder}`,
    );
  };
  return {
    ...plan,
    log: place(plan.log, "log"),
    script: place(plan.script, "script"),
    dumps: plan.dumps.map((dump) => place(dump, "dump")),
  };
}

import { basename, dirname, resolve } from "node:path";
import type { DataPump } from "../api/data-pump.ts";
import { pumpError } from "../base/errors.ts";
import { quoteIdentifier } from "../base/identifiers.ts";
import type { JobPlan, PlannedFile } from "./job-plan.ts";

/**
 * exp and imp name files by their paths, Data Pump by a directory object: the one that is the folder of the path.
 * @throws ORA-39087 when there is none
 */
export async function placeLegacyFiles(pump: Pick<DataPump, "directories">, plan: JobPlan): Promise<JobPlan> {
  const directories = await pump.directories();
  const place = <T extends PlannedFile>(file: T): T => {
    if (!file.name.includes("/") || file.name.includes("://")) return file;
    const folder = resolve(dirname(file.name));
    const directory = directories.find(({ path }) => path === folder);
    if (directory !== undefined) return { ...file, name: basename(file.name), directory: quoteIdentifier(directory.name) };
    throw pumpError([["ORA-39001"], ["ORA-39087", folder]], `Name that folder: tsdp directory create NAME ${folder}`);
  };
  return { ...plan, log: plan.log === null ? null : place(plan.log), dumps: plan.dumps.map(place) };
}

import type { DataPump } from "../api/data-pump.ts";
import { DEFAULT_DIRECTORY, type JobPlan, type PlannedFile } from "./job-plan.ts";
import type { Settings } from "./settings.ts";

/** Files for which no directory object is named have none when the user may not use DATA_PUMP_DIR: ADD_FILE then says so (ORA-39145). */
export async function placeDefaultFiles(
  pump: Pick<DataPump, "directories">,
  settings: Settings,
  plan: JobPlan,
): Promise<JobPlan> {
  const isNamed = settings.has("directory") || (process.env[DEFAULT_DIRECTORY] ?? "") !== "";
  if (isNamed || (await pump.directories()).some(({ name }) => name === DEFAULT_DIRECTORY)) return plan;
  const place = <T extends PlannedFile>(file: T): T =>
    file.directory === DEFAULT_DIRECTORY ? { ...file, directory: null } : file;
  return {
    ...plan,
    log: plan.log === null ? null : place(plan.log),
    script: plan.script === null ? null : place(plan.script),
    dumps: plan.dumps.map((file) => (file.isUrl ? file : place(file))),
  };
}

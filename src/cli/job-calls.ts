import { KU } from "../api/constants.ts";
import type { DataPump } from "../api/data-pump.ts";
import type { JobPlan } from "./job-plan.ts";

/** The procedures that define a job. */
export type JobDefiner = Pick<
  DataPump,
  | "open"
  | "addFile"
  | "metadataFilter"
  | "metadataRemap"
  | "metadataTransform"
  | "dataRemap"
  | "dataFilter"
  | "setParameter"
  | "setParallel"
>;

/**
 * Makes the calls that define a job, in the order in which expdp makes them.
 * @param command what the log echoes as the command line, passwords masked
 * @returns the handle of the job in state DEFINING
 */
export async function defineJob(pump: JobDefiner, plan: JobPlan, command: string): Promise<number> {
  const handle = await pump.open(plan.operation, plan.mode, plan.remoteLink, plan.jobName, plan.version);
  await pump.setParameter(handle, "CLIENT_COMMAND", command);
  for (const [name, value] of plan.parameters) await pump.setParameter(handle, name, value);
  await addFiles(pump, handle, plan);
  for (const filter of plan.filters) await pump.metadataFilter(handle, ...filter);
  await addRemaps(pump, handle, plan);
  if (!plan.includeRows) await pump.dataFilter(handle, "INCLUDE_ROWS", 0);
  for (const filter of plan.dataFilters) await pump.dataFilter(handle, ...filter);
  if (plan.degree !== null) await pump.setParallel(handle, plan.degree);
  return handle;
}

async function addFiles(pump: JobDefiner, handle: number, plan: JobPlan): Promise<void> {
  await addLogFile(pump, handle, plan);
  if (plan.script !== null) await pump.addFile(handle, plan.script.name, plan.script.directory, null, KU.FILE_TYPE_SQL_FILE);
  for (const { name, directory, isUrl } of plan.dumps) {
    const type = isUrl ? KU.FILE_TYPE_URIDUMP_FILE : KU.FILE_TYPE_DUMP_FILE;
    await pump.addFile(handle, name, directory, plan.filesize, type, plan.reusefile);
  }
}

/** The log file of the plan, if it has one. */
export async function addLogFile(pump: Pick<JobDefiner, "addFile">, handle: number, { log }: JobPlan): Promise<void> {
  if (log !== null) await pump.addFile(handle, log.name, log.directory, null, KU.FILE_TYPE_LOG_FILE);
}

async function addRemaps(pump: JobDefiner, handle: number, { remaps, transforms, dataRemaps }: JobPlan): Promise<void> {
  for (const [name, source, target] of remaps) await pump.metadataRemap(handle, name, source, target);
  for (const [name, value, type] of transforms) await pump.metadataTransform(handle, name, value, type);
  for (const { schema, table, column, remapFunction } of dataRemaps)
    await pump.dataRemap(handle, "COLUMN_FUNCTION", table, column, remapFunction, schema);
}

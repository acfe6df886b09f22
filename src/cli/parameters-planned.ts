import type { Command, PlannedParameter } from "./parameter.ts";

const BOTH = ["export", "import"] as const;
const EXPORT = ["export"] as const;
const IMPORT = ["import"] as const;

/** The other parameters of Data Pump: known by name, refused until they work. */
export const PLANNED_PARAMETERS: readonly PlannedParameter[] = [
  planned("abort_step", BOTH, "Stop the job at this process order number."),
  planned("access_method", BOTH, "Method of unloading or loading rows."),
  planned("data_options", BOTH, "Options for the handling of rows."),
  planned("estimate", BOTH, "Method of the estimate of sizes."),
  planned("estimate_only", EXPORT, "Estimate sizes without exporting."),
  planned("flashback_scn", BOTH, "State of the database to export, by number."),
  planned("flashback_time", BOTH, "State of the database to export, by time."),
  planned("logtime", BOTH, "Put the time before each line."),
  planned("master_only", IMPORT, "Load only the control table of the dump file set."),
  planned("metrics", BOTH, "Show counts and times of the phases."),
  planned("transport_datafiles", IMPORT, "Files of the tablespaces to transport."),
  planned("transport_full_check", BOTH, "Check that a set of tablespaces stands alone."),
  planned("transport_tablespaces", BOTH, "Tablespaces to transport."),
  planned("transportable", BOTH, "Transport files instead of rows."),
  planned("tts_closure_check", EXPORT, "How far to check a set of tablespaces."),
  planned("version", BOTH, "Version of the objects to process."),
];

function planned(name: string, commands: readonly Command[], description: string): PlannedParameter {
  return { status: "planned", name, commands, description: [description] };
}

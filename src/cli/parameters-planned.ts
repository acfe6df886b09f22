import type { Command, PlannedParameter } from "./parameter.ts";

const BOTH = ["export", "import"] as const;
const EXPORT = ["export"] as const;
const IMPORT = ["import"] as const;

/** The other parameters of Data Pump: known by name, refused until they work. */
export const PLANNED_PARAMETERS: readonly PlannedParameter[] = [
  planned("data_options", BOTH, "Options for the handling of rows."),
  planned("transport_datafiles", IMPORT, "Files of the tablespaces to transport."),
  planned("transport_full_check", BOTH, "Check that a set of tablespaces stands alone."),
  planned("transport_tablespaces", BOTH, "Tablespaces to transport."),
  planned("transportable", BOTH, "Transport files instead of rows."),
  planned("tts_closure_check", EXPORT, "How far to check a set of tablespaces."),
];

function planned(name: string, commands: readonly Command[], description: string): PlannedParameter {
  return { status: "planned", name, commands, description: [description] };
}

import type { Command, PlannedParameter } from "./parameter.ts";

const BOTH = ["export", "import"] as const;

/** The other parameters of Data Pump: known by name, refused until they work. */
export const PLANNED_PARAMETERS: readonly PlannedParameter[] = [
  planned("data_options", BOTH, "Options for the handling of rows."),
];

function planned(name: string, commands: readonly Command[], description: string): PlannedParameter {
  return { status: "planned", name, commands, description: [description] };
}

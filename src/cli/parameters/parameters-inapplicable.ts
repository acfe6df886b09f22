import type { Explanation } from "../../api/explanation.ts";
import { explanationsOf } from "../../api/inapplicable.ts";
import type { Command, InapplicableParameter } from "./parameter.ts";

const IMPORT_ONLY: ReadonlySet<string> = new Set([
  "INDEX_THRESHOLD",
  "ONESTEP_INDEX",
  "PARTITION_OPTIONS",
  "REMAP_TABLESPACE",
  "REUSE_DATAFILES",
  "STREAMS_CONFIGURATION",
  "TARGET_EDITION",
  "TRANSPORT_DATAFILES",
]);
/** Names of SET_PARAMETER that a command line spells otherwise. */
const API_ONLY: ReadonlySet<string> = new Set(["TABLESPACE_DATAFILE", "TTS_FULL_CHECK"]);

/** The parameters of Data Pump that can't mean anything on SQLite: each is refused with what it is, why, and what to use instead. */
export const INAPPLICABLE_PARAMETERS: readonly InapplicableParameter[] = [
  ...Object.entries(explanationsOf("parameter"))
    .filter(([name]) => !API_ONLY.has(name))
    .map(([name, description]) => row(name, IMPORT_ONLY.has(name) ? ["import"] : ["export", "import"], description)),
  ...Object.entries(explanationsOf("import parameter")).map(([name, description]) => row(name, ["import"], description)),
];

function row(name: string, commands: readonly Command[], description: Explanation): InapplicableParameter {
  return { status: "inapplicable", name: name.toLowerCase(), commands, description };
}

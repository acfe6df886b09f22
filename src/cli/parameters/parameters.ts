import { foldName } from "../../base/identifiers.ts";
import type { Command, InapplicableParameter, JobParameter, Parameter } from "./parameter.ts";
import { INAPPLICABLE_PARAMETERS } from "./parameters-inapplicable.ts";
import { JOB_PARAMETERS } from "./parameters-job.ts";
import { REMAP_PARAMETERS } from "./parameters-remaps.ts";
import { PROTECTION_PARAMETERS } from "./parameters-protection.ts";
import { ROUTE_PARAMETERS } from "./parameters-route.ts";
import { RUNNING_PARAMETERS } from "./parameters-running.ts";
import { SELECTION_PARAMETERS } from "./parameters-selection.ts";

/**
 * Every parameter of `tsdp export` and `tsdp import`, by name. It drives parsing, `help=y`, `--help`, the API calls and
 * docs/parameters.md.
 */
export const PARAMETERS: readonly Parameter[] = [
  ...JOB_PARAMETERS,
  ...PROTECTION_PARAMETERS,
  ...ROUTE_PARAMETERS,
  ...REMAP_PARAMETERS,
  ...RUNNING_PARAMETERS,
  ...SELECTION_PARAMETERS,
  ...INAPPLICABLE_PARAMETERS,
].sort((a, b) => Number(a.name > b.name) - Number(a.name < b.name));

/** The parameters that a command knows. */
export function parametersOf(command: Command): readonly Parameter[] {
  return PARAMETERS.filter(({ commands }) => commands.includes(command));
}

/** The parameters that a command can do. */
export function supportedParameters(command: Command): readonly JobParameter[] {
  return parametersOf(command).filter((parameter) => parameter.status === "supported");
}

/** The parameters of Data Pump that a command refuses since they can't mean anything here. */
export function inapplicableParameters(command: Command): readonly InapplicableParameter[] {
  return parametersOf(command).filter((parameter) => parameter.status === "inapplicable");
}

/** The row of a name; of several that of the command, which else says of what command it is. */
export function findParameter(name: string, command?: Command): Parameter | undefined {
  const folded = foldName(name);
  const rows = PARAMETERS.filter((parameter) => parameter.name === folded);
  return rows.find(({ commands }) => command !== undefined && commands.includes(command)) ?? rows[0];
}

/** The keywords that a command takes. */
export function valuesOf({ values, importValues = [] }: JobParameter, command: Command): readonly string[] | undefined {
  return command === "import" && values !== undefined ? [...values, ...importValues] : values;
}

/** The default as the help shows it for one command. */
export function defaultOf(parameter: JobParameter, command: Command): string | undefined {
  return typeof parameter.default === "object" ? parameter.default[command] : parameter.default;
}

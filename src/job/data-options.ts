import type { JobDefinition } from "./definition.ts";

/** Bits of the parameter DATA_OPTIONS that mean something here. */
export const DATA_OPTIONS = { SKIP_CONSTRAINT_ERRORS: 1, VALIDATE_TABLE_DATA: 256 } as const;

/** Whether rows that a constraint refuses are kept apart, and all others come. */
export function skipsConstraintErrors(definition: Pick<JobDefinition, "parameters">): boolean {
  return has(definition, "SKIP_CONSTRAINT_ERRORS");
}

/** What the plan of an import has to know of them. */
export function importDataOptions(definition: Pick<JobDefinition, "parameters">): { keepsRejected: boolean; validates: boolean } {
  return { keepsRejected: skipsConstraintErrors(definition), validates: has(definition, "VALIDATE_TABLE_DATA") };
}

function has({ parameters }: Pick<JobDefinition, "parameters">, option: keyof typeof DATA_OPTIONS): boolean {
  return (Number(parameters["DATA_OPTIONS"] ?? 0) & DATA_OPTIONS[option]) !== 0;
}

import type { JobDefinition } from "./definition.ts";

/** Bits of the parameter DATA_OPTIONS that mean something here. */
export const DATA_OPTIONS = { SKIP_CONSTRAINT_ERRORS: 1 } as const;

/** Whether rows that a constraint refuses are kept apart, and all others come. */
export function skipsConstraintErrors({ parameters }: Pick<JobDefinition, "parameters">): boolean {
  return (Number(parameters["DATA_OPTIONS"] ?? 0) & DATA_OPTIONS.SKIP_CONSTRAINT_ERRORS) !== 0;
}

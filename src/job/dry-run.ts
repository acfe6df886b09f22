import type { Keyring } from "../dump/set-key.ts";
import type { PlaceKeys } from "../storage/place-keys.ts";
import type { JobDefinition, JobMode, Operation } from "./definition.ts";
import { dryRunExport } from "./dry-run-export.ts";
import { dryRunImport } from "./dry-run-import.ts";
import type { DryRunFindings } from "./dry-run-object.ts";

/** What a job would do. */
export interface DryRun extends DryRunFindings {
  readonly operation: Operation;
  readonly mode: JobMode;
}

/** Finds out what a job would do, without a job. @throws what START_JOB would */
export async function dryRun(definition: JobDefinition, keyring: Keyring, places: PlaceKeys): Promise<DryRun> {
  const { operation, mode } = definition;
  const found = await (operation === "EXPORT" ? dryRunExport(definition, places) : dryRunImport(definition, keyring, places));
  return { operation, mode, ...found };
}

import type { Keyring } from "../../dump/set-key.ts";
import type { PlaceKeys } from "../../storage/place-keys.ts";
import type { JobDefinition, JobMode, Operation } from "../definition.ts";
import { dryRunExport } from "./dry-run-export.ts";
import { dryRunImport, dryRunLinkedImport } from "./dry-run-import.ts";
import type { DryRunFindings } from "./dry-run-object.ts";
import { dryRunScript } from "./dry-run-script.ts";
import { isNetworkImport } from "../source-database.ts";

/** What a job would do. */
export interface DryRun extends DryRunFindings {
  readonly operation: Operation;
  readonly mode: JobMode;
  /** Whether rows and bytes are guesses: no dump states them. */
  readonly isEstimated: boolean;
}

/** Finds out what a job would do, without a job. @throws what START_JOB would */
export async function dryRun(definition: JobDefinition, keyring: Keyring, places: PlaceKeys): Promise<DryRun> {
  const { operation, mode } = definition;
  const isEstimated = operation === "EXPORT" || isNetworkImport(definition);
  return { operation, mode, isEstimated, ...(await findingsOf(definition, keyring, places)) };
}

async function findingsOf(definition: JobDefinition, keyring: Keyring, places: PlaceKeys): Promise<DryRunFindings> {
  switch (definition.operation) {
    case "EXPORT":
      return dryRunExport(definition, places);
    case "SQL_FILE":
      return dryRunScript(definition, keyring, places);
    case "IMPORT":
      return isNetworkImport(definition) ? dryRunLinkedImport(definition) : dryRunImport(definition, keyring, places);
  }
}

import { isSystemTable, type DumpObject } from "../metadata/dump-object.ts";
import { estimatePieceBytes, type EstimateMethod } from "../sqlite/estimate.ts";
import type { JobDefinition } from "./definition.ts";
import type { ExportPlan } from "./export-plan.ts";
import type { FrozenState } from "./row-choice.ts";

/** A table and how large its rows will be in the dump before they are compressed. */
export interface Estimate {
  readonly object: DumpObject;
  readonly bytes: number;
}

/** ESTIMATE: by the pages of the tables, or by what ANALYZE has found. */
export function estimateMethod({ parameters }: JobDefinition): EstimateMethod {
  return parameters["ESTIMATE"] === "STATISTICS" ? "STATISTICS" : "BLOCKS";
}

/** Largest table first. Row filters are not considered, and of a view nothing is known before it is read. */
export function estimateExport(plan: ExportPlan, state: FrozenState, method: EstimateMethod): readonly Estimate[] {
  const unloaded = new Set(plan.tables.map(({ unload }) => unload.table.object));
  return plan.objects
    .flatMap((object) => {
      if (!unloaded.has(object.id) || object.shape === null || object.fromView === true || isSystemTable(object)) return [];
      return [{ object, bytes: estimatePieceBytes(state.connection(object.schema), object.shape, method) }];
    })
    .sort((a, b) => b.bytes - a.bytes);
}

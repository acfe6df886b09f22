import { isSystemTable, type DumpObject } from "../../metadata/dump-object.ts";
import { estimateTable, type EstimateMethod, type TableEstimate } from "../../sqlite/estimate.ts";
import type { JobDefinition } from "../definition.ts";
import type { ExportPlan } from "./export-plan.ts";
import type { FrozenState } from "./row-choice.ts";

/** A table, and its rows as they will be in the dump before they are compressed. */
export interface Estimate extends TableEstimate {
  readonly object: DumpObject;
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
      return [{ object, ...estimateTable(state.connection(object.schema), object.shape, method) }];
    })
    .sort((a, b) => b.bytes - a.bytes);
}

/** What ANALYZE has not looked at is estimated otherwise than ESTIMATE says. */
export function fallbackLines(estimates: readonly Estimate[], method: EstimateMethod): readonly string[] {
  const others = estimates.filter((estimate) => estimate.method !== method).length;
  return others === 0 ? [] : [`     ${others} table(s) have no statistics (ANALYZE): estimated using BLOCKS method`];
}

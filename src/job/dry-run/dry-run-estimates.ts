import type { DumpObject } from "../../metadata/dump-object.ts";
import { estimateTable, type EstimateMethod } from "../../sqlite/estimate.ts";
import type { OpenSources } from "./dry-run-sources.ts";
import type { ExportPlan } from "../export/export-plan.ts";

/** Guesses for the tables whose rows would be unloaded. Of a view nothing is known before it is read. */
export class Estimates {
  readonly #byObject: ReadonlyMap<number, { readonly rows: number; readonly bytes: number }>;

  constructor({ objects, tables }: ExportPlan, sources: OpenSources, method: EstimateMethod) {
    const unloaded = new Map(tables.map(({ unload }) => [unload.table.object, unload.table.filter]));
    const estimate = ({ id, schema, shape, fromView }: DumpObject) => {
      if (shape === null || fromView === true || !unloaded.has(id)) return [];
      return [[id, estimateTable(sources.connection(schema), shape, method, unloaded.get(id))] as const];
    };
    this.#byObject = new Map(objects.flatMap(estimate));
  }

  of({ id }: DumpObject): { readonly rows: number; readonly bytes: number } | undefined {
    return this.#byObject.get(id);
  }
}

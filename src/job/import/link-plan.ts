import type { StackEntry } from "../../base/errors.ts";
import { objectFacts } from "../../metadata/master-facts.ts";
import type { MasterTable } from "../../metadata/master-table.ts";
import { contentOf } from "../content.ts";
import type { JobDefinition } from "../definition.ts";
import { planExport, type ExportPlan, type ExportSources } from "../export/export-plan.ts";
import { placeTargets, type ChosenSchema } from "./import-targets.ts";
import type { SavedTarget } from "./import-state.ts";
import type { FrozenState } from "../export/row-choice.ts";
import { absentRemaps } from "./table-remaps.ts";

/** What a job takes of the schemas of a link. */
export interface LinkPlan {
  /** How their rows are read. */
  readonly plan: ExportPlan;
  /** What a master table would say. */
  readonly master: MasterTable;
  readonly chosen: readonly ChosenSchema[];
  readonly missing: readonly StackEntry[];
}

/** @throws as `planExport` and `placeTargets` */
export async function planLink(
  definition: JobDefinition,
  sources: ExportSources,
  state: FrozenState,
  saved: ReadonlyMap<string, SavedTarget>,
): Promise<LinkPlan> {
  const plan = planExport(sources, state, contentOf(definition), { marks: [], keepsApart: false, remaps: [] });
  const { schemas, objects, withoutRows, isPartial } = plan;
  const choices = schemas
    .map((source) => ({
      source,
      partial: isPartial,
      withoutRows,
      objects: objects.filter(({ schema }) => schema === source.name),
    }))
    .filter((choice) => choice.objects.length > 0 || !isPartial);
  const master = masterOf(definition, plan);
  const chosen = await placeTargets(definition, master, choices, saved);
  return { plan, master, chosen, missing: [...sources.missing, ...absentRemaps(definition, master)] };
}

function masterOf({ mode }: JobDefinition, { schemas, objects, withoutRows, isPartial }: ExportPlan): MasterTable {
  const views = objects.filter(({ fromView }) => fromView === true).map(({ id }) => id);
  const facts = { MODE: mode, ...(isPartial ? { PARTIAL: "1" } : {}) };
  return {
    job: new Map(Object.entries({ ...facts, ...objectFacts({ WITHOUT_ROWS: withoutRows, VIEWS_AS_TABLES: views }) })),
    schemas,
    objects,
    pieces: [],
  };
}

import { EncryptedColumns } from "../../catalog/encrypted-columns.ts";
import { homeFolder } from "../../catalog/home.ts";
import { pumpError } from "../../base/errors.ts";
import { BAD_DUMP_FILE } from "../../dump/faults.ts";
import { dumpFilePath } from "../../dump/names.ts";
import type { DumpObject } from "../../metadata/dump-object.ts";
import { contentOf } from "../content.ts";
import { dataRemapsOf } from "../data-remaps.ts";
import { openPlaces, type PlaceKeys } from "../../storage/place-keys.ts";
import type { Storage } from "../../storage/storage.ts";
import { dumpFilesOf, type JobDefinition } from "../definition.ts";
import {
  isShown,
  missingProblems,
  refusalsOf,
  rowRefusals,
  takenCatalogObject,
  sumWithShadows,
  type DryRunFindings,
  type DryRunObject,
} from "./dry-run-object.ts";
import { Estimates } from "./dry-run-estimates.ts";
import { OpenSources } from "./dry-run-sources.ts";
import { estimateMethod } from "../export/export-estimate.ts";
import { isOpenDatabase } from "../jobs.ts";
import { sourceDatabase } from "../source-database.ts";
import { chooseSources, planExport, type ExportPlan } from "../export/export-plan.ts";

/** What an export would take of the schemas as they are now. */
export async function dryRunExport(definition: JobDefinition, places: PlaceKeys): Promise<DryRunFindings> {
  await assertFreeNames(definition, openPlaces(places, isOpenDatabase));
  const chosen = chooseSources(definition);
  const sources = new OpenSources(chosen.sources);
  try {
    const marks = new EncryptedColumns(homeFolder(sourceDatabase(definition).database)).list();
    const keepsApart = definition.parameters["ENCRYPTION"] === "ENCRYPTED_COLUMNS_ONLY";
    const plan = planExport(chosen, sources, contentOf(definition), {
      marks,
      keepsApart,
      remaps: dataRemapsOf(definition),
    });
    const estimates = new Estimates(plan, sources, estimateMethod(definition));
    return {
      taken: [
        ...plan.catalog.map((object) => takenCatalogObject(object, "export")),
        ...plan.objects.filter(isShown).map((object) => takenObject(object, plan, estimates)),
      ],
      leftOut: [...refusalsOf(plan.leftOut), ...rowRefusals(plan.objects, plan.withoutRows)],
      problems: [...missingProblems(chosen.missing), ...plan.problems],
      notes: plan.notes.map((text) => ({ code: "TSDP-00010", text })),
    };
  } finally {
    sources.close();
  }
}

/** @throws ORA-39001 with ORA-31641 and ORA-27038 for a dump file that exists and must not be replaced */
async function assertFreeNames(definition: JobDefinition, storage: Storage): Promise<void> {
  for (const file of dumpFilesOf(definition)) {
    const path = dumpFilePath(file, 1) ?? "";
    if (!file.reuse && (await storage.exists(path))) throw pumpError([...BAD_DUMP_FILE, ["ORA-31641", path], ["ORA-27038"]]);
  }
}

function takenObject(object: DumpObject, plan: ExportPlan, estimates: Estimates): DryRunObject {
  const { schema, objectType, name } = object;
  const entry = { schema, type: objectType, name, action: "export" } as const;
  const isKnown = object.kind === "virtual" ? !plan.withoutRows.has(object.id) : estimates.of(object) !== undefined;
  if (!isKnown) return { ...entry, rows: null, bytes: null };
  const bytes = sumWithShadows(object, plan.objects, (part) => estimates.of(part)?.bytes ?? 0);
  return { ...entry, rows: estimates.of(object)?.rows ?? null, bytes: Math.round(bytes) };
}

import { statSync } from "node:fs";
import { countByPath, dataTail, objectPath, pathsOf, type ExportMode } from "../../metadata/object-paths.ts";
import type { SchemaFile } from "../../worker/messages.ts";
import { contentOf } from "../content.ts";
import { estimateExport, estimateMethod, fallbackLines } from "./export-estimate.ts";
import type { ExportPlan } from "./export-plan.ts";
import { completedLine, estimatedLine, estimatedObjectsLine, lastPart, processingLine } from "../log-lines.ts";
import type { FrozenState } from "./row-choice.ts";
import type { JobRun } from "../run.ts";

/** A source of this size takes long enough that its writers should know. */
const LARGE_SOURCE = 64 << 20;

/** Names the object paths of an export, with what METRICS and ESTIMATE ask for below each. */
export function tellObjectPaths(run: JobRun, plan: ExportPlan, state: FrozenState): void {
  const mode = run.definition.mode as ExportMode;
  const counts = countByPath(plan.objects, plan.catalog);
  const method = estimateMethod(run.definition);
  const estimates = run.parameter("ESTIMATE") === undefined ? [] : estimateExport(plan, state, method);
  for (const path of pathsOf(plan.objects, "EXPORT", contentOf(run.definition), plan.catalog)) {
    const isData = path.endsWith("/TABLE_DATA");
    run.say(run.ofWorker(1, processingLine(objectPath(mode, path))));
    const [count, seconds] = [counts.get(path) ?? 0, run.secondsOfStep()];
    run.measure(1, isData ? estimatedObjectsLine(count, seconds) : completedLine(count, lastPart(path), seconds));
    const here = estimates.filter(({ object }) => isData && dataTail(object) === path);
    run.say(...here.map(({ object, bytes }) => estimatedLine(object.schema, object.name, bytes)), ...fallbackLines(here, method));
  }
}

/** In rollback-journal mode a reader holds up every commit of other programs; a small source is read before anyone notices. */
export function tellBlockedWriters(run: JobRun, { schemas }: ExportPlan, sources: readonly SchemaFile[]): void {
  for (const { name, settings } of schemas) {
    const path = sources.find(({ schema }) => schema === name)?.path;
    if (settings.journalMode === "wal" || path === undefined || statSync(path).size < LARGE_SOURCE) continue;
    run.say(
      `Schema ${name} is in journal mode ${settings.journalMode}: commits to it wait until the export has ended (WAL avoids this)`,
    );
  }
}

import { foldName } from "../base/identifiers.ts";
import type { DumpObject } from "../metadata/dump-object.ts";
import { ImportState } from "./import/import-state.ts";
import type { JobRun } from "./run.ts";
import type { TargetSchema } from "./import/target-schema.ts";

/**
 * SKIP_CURRENT of START_JOB: what the last run was working on when it ended is left out from now on.
 * @returns the objects that this run leaves out and earlier ones did not
 */
export function skipCurrent(
  run: JobRun,
  target: TargetSchema,
  objects: readonly DumpObject[],
  pieces: ReadonlyMap<number, readonly unknown[]>,
): readonly DumpObject[] {
  if (!run.restarts || run.table.job().skipCurrent === 0 || target.isPublished) return [];
  const state = new ImportState(run.table);
  const known = state.skipped();
  const current = new Set(
    run.table
      .workers()
      .filter((worker) => worker.state === "EXECUTING" && worker.schema === target.name)
      .map(({ name }) => name),
  );
  const loaded = (id: number) => target.loaded.filter(({ object }) => object === id).length;
  const isCurrent = ({ id, name }: DumpObject) =>
    // What a worker was at is shown a little late; a table of which only some pieces are loaded was surely being loaded.
    current.has(name) || (loaded(id) > 0 && loaded(id) < (pieces.get(id)?.length ?? 0));
  const skipped = objects.filter((object) => isCurrent(object) && !known.has(object.id));
  for (const { id } of skipped) state.skip(id);
  return skipped;
}

/** The objects that are not left out; what depends on a table that is goes with it. */
export function withoutSkipped(run: JobRun, objects: readonly DumpObject[]): readonly DumpObject[] {
  const skipped = new ImportState(run.table).skipped();
  if (skipped.size === 0) return objects;
  const tables = new Set(
    objects.filter(({ id, objectType }) => skipped.has(id) && objectType === "TABLE").map(({ name }) => foldName(name)),
  );
  return objects.filter(({ id, tableName }) => !skipped.has(id) && !tables.has(foldName(tableName)));
}

import type { ObjectPathTail } from "../../metadata/object-paths.ts";
import type { JobRun } from "../run.ts";
import type { SchemaWork } from "./import-loading.ts";
import { wantsNoJournal } from "./transforms.ts";

/**
 * What is in the way of tables, and of objects whose path is not processed.
 * @param paths that are processed after the rows
 * @param lostBecause why a schema is loaded again
 */
export function tellPlans(
  run: JobRun,
  works: readonly SchemaWork[],
  paths: readonly ObjectPathTail[],
  lostBecause: string,
): void {
  for (const { target, plan } of works) {
    if (target.startsOver) run.say(`Schema ${target.name} is loaded from the beginning: ${lostBecause}`);
    run.once(`plan ${target.name}`, () => {
      if (!target.isNew && wantsNoJournal(run.definition))
        run.say(`Schema ${target.name} exists and is written with its journal`);
      for (const note of plan.notes) run.note(note);
      for (const lines of plan.problems) run.report(lines);
      for (const { path, lines } of plan.dependentProblems) if (!paths.includes(path)) run.report(lines);
    });
  }
}

/** Why objects of a path are left out. */
export function tellLeftOut(run: JobRun, works: readonly SchemaWork[], path: ObjectPathTail): void {
  for (const { target, plan } of works)
    run.once(`left out ${path} ${target.name}`, () => {
      for (const problem of plan.dependentProblems) if (problem.path === path) run.report(problem.lines);
    });
}

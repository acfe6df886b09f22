import { dirname } from "node:path";
import { BadFile } from "./bad-file.ts";
import type { ControlTable } from "../control-table.ts";
import { skipsConstraintErrors } from "../data-options.ts";
import { ImportState } from "./import-state.ts";
import { removeUnfinished } from "./target-schema.ts";

/**
 * Unfinished schema files and piece images go, and from schemas that existed the tables in which rows have arrived. A schema that
 * is published stays: the import is whole there.
 */
export function removeImportLeftovers(table: ControlTable): void {
  const definition = table.definition();
  const { guid } = definition;
  const job = { guid, jobs: dirname(table.path) };
  for (const [name, saved] of new ImportState(table).targets()) {
    removeUnfinished(name, saved, job);
    if (!skipsConstraintErrors(definition)) continue;
    const bad = BadFile.of(definition, name);
    // Of a schema that is published it is the only place of its rows.
    if (saved.isFinished || saved.existing !== null) bad?.takeName(() => undefined);
    bad?.remove();
  }
}

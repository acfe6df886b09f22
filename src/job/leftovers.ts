import { PumpError } from "../base/errors.ts";
import { NO_PLACE_KEYS, openPlaces, type PlaceKeys } from "../storage/place-keys.ts";
import type { ControlTable } from "./control-table.ts";
import { dumpFilesOf, sqlFilePath, type JobDefinition } from "./definition.ts";
import { ExportCheckpoint } from "./export/export-checkpoint.ts";
import { removeImportLeftovers } from "./import/import-leftovers.ts";
import { isOpenDatabase } from "./jobs.ts";

/** Removes what a job has made and not finished: dump files, schema files, staging tables. What a job has completed stays. */
export async function removeLeftovers(table: ControlTable, places: PlaceKeys): Promise<void> {
  if (table.job().state === "COMPLETED") return;
  switch (table.definition().operation) {
    case "EXPORT":
      await removeExportLeftovers(table, places);
      break;
    case "IMPORT":
      removeImportLeftovers(table);
      break;
    case "SQL_FILE":
      await removeUnfinishedScript(table.definition());
  }
}

/** Files that have their names already go, too: the set is not one that its job has finished. */
async function removeExportLeftovers(table: ControlTable, places: PlaceKeys): Promise<void> {
  const definition = table.definition();
  const storage = openPlaces(places, isOpenDatabase);
  const owner = definition.guid.slice(0, 8);
  const saved = new ExportCheckpoint(table).load();
  for (const { path, specification, length, identity, header: head } of saved?.isEnded === true ? saved.files : []) {
    const reuse = dumpFilesOf(definition)[specification]?.reuse ?? false;
    const unfinished = await storage.resume(path, { owner, reuse, length, identity, head }).catch(unlessGone);
    if (unfinished === "published") await storage.remove(path);
    else await unfinished?.discard();
  }
  for (const { path, identity } of table.begunFiles()) await storage.removeUnfinished(path, owner, identity);
}

/** Only what says that the file was not published and can't be gone on with: any other error may hide one that was. */
function unlessGone(error: unknown): null {
  if (error instanceof PumpError && (error.has("ORA-27037") || error.has("ORA-29283"))) return null;
  throw error;
}

async function removeUnfinishedScript(definition: JobDefinition): Promise<void> {
  const storage = openPlaces(NO_PLACE_KEYS, isOpenDatabase);
  await storage.removeUnfinished(sqlFilePath(definition), definition.guid.slice(0, 8), null);
}

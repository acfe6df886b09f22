import { statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { pumpError } from "../base/errors.ts";
import { homeFolder } from "../catalog/home.ts";
import { dumpFilePath, isUrl } from "../dump/names.ts";
import { jobNameOf, type DumpFileSet } from "../dump/reader.ts";
import type { MasterTable } from "../metadata/master-table.ts";
import type { ControlTable } from "./control-table.ts";
import { dumpFilesOf, type JobDefinition } from "./definition.ts";
import { ExportCheckpoint } from "./export/export-checkpoint.ts";

/** Whether a control table is where its job was made, and not in a copy of that database, or in one that was moved. */
export function isAtHome(tablePath: string, { database }: Pick<JobDefinition, "database">): boolean {
  if (statSync(database, { throwIfNoEntry: false }) === undefined) return false;
  const here = statSync(dirname(dirname(tablePath)), { bigint: true });
  const home = statSync(homeFolder(database), { bigint: true, throwIfNoEntry: false });
  return home?.ino === here.ino && home.dev === here.dev;
}

/**
 * A job knows its files by their paths: from a copy of its database it would work on the first one.
 * @throws ORA-39002 when the control table is not where the job was made
 */
export function assertAtHome(table: ControlTable): void {
  const definition = table.definition();
  if (isAtHome(table.path, definition)) return;
  const reason = `the job is of "${definition.database}", and its control table was copied or moved from there`;
  throw pumpError(
    [["ORA-39002"], ["TSDP-00010", reason]],
    "Go on with it where it was made, or move the database back; `tsdp jobs clean` removes this control table, and nothing else.",
  );
}

/**
 * Checks that what a job has made or reads is still there: else it can't go on, and ATTACH fails (seed, Table 6-1).
 * @throws ORA-39002 with ORA-39000 and ORA-31640
 */
export function assertFilesThere(table: ControlTable): void {
  const definition = table.definition();
  const { operation, guid } = definition;
  if (operation !== "EXPORT") {
    const paths = dumpFilesOf(definition).map((file) => dumpFilePath(file, 1) ?? "");
    for (const path of paths.filter((path) => !isUrl(path))) assertFile(path, 0);
    return;
  }
  const saved = new ExportCheckpoint(table).load();
  for (const { path, length } of (saved?.files ?? []).filter((file) => !isUrl(file.path))) {
    const unfinished = join(dirname(path), `.${basename(path)}.${guid.slice(0, 8)}.part`);
    if (saved?.isEnded !== true || statSync(path, { throwIfNoEntry: false }) === undefined) assertFile(unfinished, length);
  }
}

/** Name under which the export facts of an import have the GUID of the set. */
const SET_GUID = "SET_GUID";
const OTHER_DUMP = "the dump is not the one that the import has begun with";

/**
 * Notes which dump an import has begun with; a restart goes on with no other: it would take its rows for the rest of those that are loaded.
 * What follows is written durably, and so is this.
 * @throws ORA-39002 with ORA-39140
 */
export function takeDump(table: ControlTable, restarts: boolean, master: MasterTable, { header, files }: DumpFileSet): void {
  const { guid } = header;
  if (restarts && table.exportFacts().get(SET_GUID) !== guid) {
    throw pumpError(
      [["ORA-39002"], ["TSDP-00010", OTHER_DUMP], ["ORA-39140", files[0]?.path ?? "", jobNameOf({ header })]],
      "Put the former dump back, or remove the job with KILL_JOB and import the new one.",
    );
  }
  table.setExportFacts(new Map([...master.job, [SET_GUID, guid]]));
}

function assertFile(path: string, length: number): void {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? -1;
  if (size >= length) return;
  const reason = size === -1 ? (["ORA-27037"] as const) : (["ORA-29283", "it is shorter than it was"] as const);
  throw pumpError(
    [["ORA-39002"], ["ORA-39000"], ["ORA-31640", path], reason],
    "The job can't go on without this file; remove the job with `tsdp jobs clean`.",
  );
}

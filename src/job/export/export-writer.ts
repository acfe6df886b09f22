import { basename } from "node:path";
import { pumpError } from "../../base/errors.ts";
import { qualifiedName } from "../../base/identifiers.ts";
import { productVersion } from "../../base/product.ts";
import { isUrl } from "../../dump/names.ts";
import type { CompressionAlgorithm } from "../../dump/piece.ts";
import type { SetEncryption } from "../../dump/set-key.ts";
import type { DumpFileSetOptions } from "../../dump/writer.ts";
import { sqliteVersion } from "../../sqlite/database.ts";
import { openPlaces } from "../../storage/place-keys.ts";
import { dumpFilesOf, type JobDefinition } from "../definition.ts";
import { checksumOf, compressionOf } from "./export-options.ts";
import type { ExportPlan } from "./export-plan.ts";
import { formatMinorOf } from "../format-version.ts";
import { isOpenDatabase } from "../jobs.ts";
import { assertNoDatabase } from "../output-guard.ts";
import type { JobRun } from "../run.ts";
import { sourceDatabase } from "../source-database.ts";

/** What the dump file set of an export is to be. */
export function dumpFileSetOptions(run: JobRun, plan: ExportPlan, encryption: SetEncryption | null): DumpFileSetOptions {
  const { guid, owner, name, database, degree } = run.definition;
  return {
    guid,
    formatMinor: formatMinorOf(run.definition),
    jobName: qualifiedName(owner, name),
    instance: basename(database),
    encoding: plan.schemas.every(({ settings }) => settings.encoding === "UTF-8") ? "UTF-8" : "UTF-16",
    databaseVersion: sqliteVersion(),
    compressionAlgorithm: (run.parameter("COMPRESSION_ALGORITHM") ?? "BASIC") as CompressionAlgorithm,
    metadataCompressed: compressionOf(run.definition, "METADATA_ONLY") !== "NONE",
    dataCompressed: compressionOf(run.definition, "DATA_ONLY") !== "NONE",
    encryption,
    checksum: checksumOf(run.definition),
    files: dumpFilesOf(run.definition),
    openFiles: degree ?? 1,
    storage: openPlaces(run.places, isOpenDatabase),
    guard: (path) => {
      guardOutput(run.definition, path);
    },
    beginning: (path) => run.table.noteBeginning(path),
    writerVersion: `tsdp ${productVersion()}`,
  };
}

/** @throws ORA-39001 when a dump file would be, or lead to, a database */
export function guardOutput(definition: JobDefinition, path: string): void {
  if (isUrl(path)) return;
  for (const database of new Set([definition.database, sourceDatabase(definition).database]))
    assertNoDatabase(database, path, (cause) =>
      pumpError([["ORA-39001"], ["ORA-39000"], ["ORA-31641", path], ...cause.lines], cause.hint),
    );
}

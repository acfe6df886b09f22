import { basename } from "node:path";
import { qualifiedName } from "../../base/identifiers.ts";
import { productVersion } from "../../base/product.ts";
import type { CompressionAlgorithm } from "../../dump/piece.ts";
import type { SetEncryption } from "../../dump/set-key.ts";
import type { DumpFileSetOptions } from "../../dump/writer.ts";
import { sqliteVersion } from "../../sqlite/database.ts";
import { openPlaces } from "../../storage/place-keys.ts";
import { dumpFilesOf } from "../definition.ts";
import { checksumOf, compressionOf } from "./export-options.ts";
import type { ExportPlan } from "./export-plan.ts";
import { formatMinorOf } from "../format-version.ts";
import { isOpenDatabase } from "../jobs.ts";
import type { JobRun } from "../run.ts";

/** What the dump file set of an export is to be. @param guard throws when a path must not be written to */
export function dumpFileSetOptions(
  run: JobRun,
  plan: ExportPlan,
  encryption: SetEncryption | null,
  guard: (path: string) => void,
): DumpFileSetOptions {
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
    guard,
    beginning: (path) => run.table.noteBeginning(path),
    writerVersion: `tsdp ${productVersion()}`,
  };
}

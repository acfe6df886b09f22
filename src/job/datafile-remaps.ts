import { basename, isAbsolute, resolve } from "node:path";
import { pumpError, type PumpError } from "../base/errors.ts";
import { isSchemaFile, schemaName } from "../catalog/schemas.ts";
import type { MetadataRemap } from "./definition.ts";
import { checkPathRemap, pathKey } from "./directory-remaps.ts";

/**
 * REMAP_DATAFILE: the file of a schema that the import makes, or the path of a directory object.
 * @throws ORA-39001 with ORA-39071
 */
export function checkDatafileRemap(remap: Pick<MetadataRemap, "name" | "oldValue" | "value">): void {
  const { oldValue, value } = remap;
  if (!isSchemaFile(oldValue) && !isSchemaFile(value)) {
    checkPathRemap(remap);
    return;
  }
  if (!isSchemaFile(oldValue) || !isSchemaFile(value)) throw badlyFormed("Both are files of a schema, or none of them.");
  const isPlace = isAbsolute(value) || basename(value) === value;
  if (!isPlace || basename(value).startsWith(".") || /\p{Cc}/u.test(value))
    throw badlyFormed("Give the new file by its absolute path, or a name in the folder of the database.");
}

/** What two such remaps of one thing have in common. */
export function datafileKey(oldValue: string): string {
  return isSchemaFile(oldValue) ? `schema ${schemaName(oldValue)}` : pathKey(oldValue);
}

/**
 * The files that schemas of a dump are put into, by the names of the schemas there: of a schema's file a dump has but the name.
 * @throws ORA-39002 with ORA-39146 for the file of a schema that the dump does not hold, or when one file is for two
 */
export function datafilesOf(remaps: readonly MetadataRemap[], names: readonly string[]): ReadonlyMap<string, string> {
  const files = remaps.filter(({ name, oldValue }) => name === "REMAP_DATAFILE" && isSchemaFile(oldValue));
  const stranger = files.find(({ oldValue }) => !names.includes(schemaName(oldValue)));
  if (stranger !== undefined)
    throw pumpError([["ORA-39002"], ["ORA-39146", schemaName(stranger.oldValue)]], `The dump holds ${names.join(", ")}.`);
  const places = files.map(({ value }) => resolve("/", value));
  const twice = files.find((_, i) => places.indexOf(places[i] ?? "") !== i);
  if (twice === undefined) return new Map(files.map(({ oldValue, value }) => [schemaName(oldValue), value]));
  const reason = `two schemas would be put into "${twice.value}"`;
  throw pumpError([["ORA-39002"], ["TSDP-00010", reason]], "Give each schema a file of its own.");
}

function badlyFormed(hint: string): PumpError {
  return pumpError([["ORA-39001"], ["ORA-39071", "REMAP_DATAFILE"]], `${hint} For example '${EXAMPLE}'.`);
}

const EXAMPLE = "HR.db':'/disk2/HR.db";

import { lstatSync, realpathSync } from "node:fs";
import { basename, dirname, extname, join, resolve } from "node:path";
import { causeLines, pumpError, type ErrorLine, type PumpError, type StackEntry } from "../../base/errors.ts";
import { newSchemaPath, schemaName } from "../../catalog/schemas.ts";
import { aboutSchema } from "./target-errors.ts";
import { assertNoJournal } from "./target-files.ts";

/** Where an import makes a schema. */
export interface SchemaPlace {
  readonly path: string;
  /** The symbolic link in the folder of the database that leads to a file elsewhere. */
  readonly link: string | null;
}

/**
 * Where a schema that does not exist yet will be: the file of its name, or that of REMAP_DATAFILE.
 * @throws ORA-39002 when there is such a file, or a journal of one, no such folder, or when the file would be another schema; as `newSchemaPath`
 */
export function placeNewSchema(database: string, name: string, datafile: string | undefined): SchemaPlace {
  const usual = newSchemaPath(database, name);
  const place = datafile === undefined ? { path: usual, link: null } : placeOfDatafile(database, name, datafile);
  assertNoJournal(place.path, ...aboutSchema(name, place.path));
  return place;
}

function placeOfDatafile(database: string, name: string, datafile: string): SchemaPlace {
  const path = resolve(database, datafile);
  const isOwnFolder = realFolder(name, path) === realpathSync(database);
  if (isOwnFolder && schemaName(path) !== name) {
    const reason = `"${basename(path)}" in the folder of the database would be schema ${schemaName(path)}`;
    throw pumpError([["ORA-39002"], ["TSDP-00010", reason]], "REMAP_SCHEMA loads a schema into one of another name.");
  }
  const link = isOwnFolder ? null : join(database, `${name}${extname(path)}`);
  for (const file of link === null ? [path] : [path, link]) assertFree(name, file);
  return { path, link };
}

function realFolder(name: string, path: string): string {
  try {
    return realpathSync(dirname(path));
  } catch (error) {
    throw unusable(name, path, causeLines(error), "Make the folder that REMAP_DATAFILE names, or name another.");
  }
}

function assertFree(name: string, path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return;
  throw unusable(
    name,
    path,
    [["ORA-27038"]],
    "No import overwrites a file: name another in REMAP_DATAFILE, or remove this one first.",
  );
}

function unusable(name: string, path: string, causes: readonly (StackEntry | ErrorLine)[], hint: string): PumpError {
  return pumpError([...aboutSchema(name, path), ...causes], hint);
}

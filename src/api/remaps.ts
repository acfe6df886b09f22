import { foldName } from "../base/identifiers.ts";
import { checkDatafileRemap, datafileKey } from "../job/datafile-remaps.ts";
import type { JobDefinition, MetadataRemap } from "../job/definition.ts";
import { checkPathRemap, pathKey, PATH_REMAPS } from "../job/directory-remaps.ts";
import { parseTableRemap } from "../job/import/table-remaps.ts";
import { assertApplicable } from "./inapplicable.ts";
import { invalidArgument, invalidOperation, notSupported } from "./refusals.ts";

interface RemapRule {
  /** Object types that may be named; none means all of them. */
  readonly types: readonly string[];
  /** What is wrong with the values by themselves. */
  readonly check: (remap: Pick<MetadataRemap, "name" | "oldValue" | "value">) => void;
  /** What makes two of them remaps of one thing. */
  readonly keyOf: (oldValue: string) => string;
  readonly operations: readonly JobDefinition["operation"][];
}

/** Every name of METADATA_REMAP that has a meaning here. */
const REMAPS: Readonly<Record<string, RemapRule>> = {
  REMAP_SCHEMA: { types: [], check: assertNotSystem, keyOf: foldName, operations: ["IMPORT", "SQL_FILE"] },
  REMAP_TABLE: { types: ["TABLE"], check: parseTableRemap, keyOf: foldName, operations: ["IMPORT", "SQL_FILE"] },
  // An SQL file has no directory objects, and makes no files.
  REMAP_DATAFILE: { types: ["DIRECTORY", "TABLESPACE"], check: checkDatafileRemap, keyOf: datafileKey, operations: ["IMPORT"] },
  REMAP_DIRECTORY: { types: ["DIRECTORY"], check: checkPathRemap, keyOf: pathKey, operations: ["IMPORT"] },
};

/**
 * METADATA_REMAP as a change of the definition.
 * @throws ORA-39002 for an export, or of paths for an SQL file; ORA-39001 with ORA-31663 (no name), ORA-39045 (unknown name), TSDP-00002 (no meaning on SQLite), ORA-39071 (a bad value),
 * ORA-39013 (SYSTEM), ORA-39046 (it is remapped already) or ORA-39050 (both remaps of paths) inside.
 */
export function metadataRemap(
  definition: JobDefinition,
  name: string,
  oldValue: string,
  value: string,
  objectType: string | null,
): Partial<JobDefinition> {
  if (!name) throw invalidArgument(["ORA-31663"]);
  const key = name.toUpperCase();
  assertApplicable("metadata remap", key);
  const rule = Object.hasOwn(REMAPS, key) ? REMAPS[key] : undefined;
  if (rule === undefined) throw invalidArgument(["ORA-39045", name]);
  if (!rule.operations.includes(definition.operation)) throw invalidOperation(["ORA-39208", key, definition.operation]);
  // The empty text is NULL, as in PL/SQL.
  if (objectType !== null && objectType !== "" && !rule.types.includes(objectType.toUpperCase()))
    throw notSupported(`${key} with object type ${objectType}`);
  if (!oldValue || !value) throw invalidArgument(["ORA-39071", key]);
  rule.check({ name: key, oldValue, value });
  assertNoOther(definition.metadataRemaps, key, (remap) => rule.keyOf(remap.oldValue) === rule.keyOf(oldValue));
  return { metadataRemaps: [...definition.metadataRemaps, { name: key, oldValue, value, objectType: null }] };
}

/** One remap for each thing; of the remaps of paths there is only one kind. */
function assertNoOther(remaps: readonly MetadataRemap[], key: string, isSame: (remap: MetadataRemap) => boolean): void {
  if (remaps.some((remap) => remap.name === key && isSame(remap))) throw invalidArgument(["ORA-39046", key]);
  const other = PATH_REMAPS.has(key) ? remaps.find(({ name }) => name !== key && PATH_REMAPS.has(name)) : undefined;
  if (other !== undefined) throw invalidArgument(["ORA-39050", key, other.name]);
}

function assertNotSystem({ oldValue, value }: Pick<MetadataRemap, "oldValue" | "value">): void {
  if ([oldValue, value].some((schema) => foldName(schema) === "system")) throw invalidArgument(["ORA-39013"]);
}

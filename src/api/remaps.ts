import { foldName } from "../base/identifiers.ts";
import type { JobDefinition, MetadataRemap } from "../job/definition.ts";
import { parseTableRemap } from "../job/import/table-remaps.ts";
import { assertApplicable } from "./inapplicable.ts";
import { invalidArgument, invalidOperation, notSupported } from "./refusals.ts";

interface RemapRule {
  /** Object types that may be named; none means all of them. */
  readonly types: readonly string[];
  /** What is wrong with the values by themselves. */
  readonly check: (remap: Pick<MetadataRemap, "oldValue" | "value">) => void;
}

/** Every name of METADATA_REMAP that has a meaning here. */
const REMAPS: Readonly<Record<string, RemapRule>> = {
  REMAP_SCHEMA: { types: [], check: assertNotSystem },
  REMAP_TABLE: { types: ["TABLE"], check: parseTableRemap },
};

/**
 * METADATA_REMAP as a change of the definition.
 * @throws ORA-39002 for an export; ORA-39001 with ORA-31663 (no name), ORA-39045 (unknown name), TSDP-00002 (no meaning on SQLite), ORA-39071 (a bad value),
 * ORA-39013 (SYSTEM) or ORA-39046 (it is remapped already) inside.
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
  if (definition.operation === "EXPORT") throw invalidOperation(["ORA-39208", key, definition.operation]);
  // The empty text is NULL, as in PL/SQL.
  if (objectType !== null && objectType !== "" && !rule.types.includes(objectType.toUpperCase()))
    throw notSupported(`${key} with object type ${objectType}`);
  if (!oldValue || !value) throw invalidArgument(["ORA-39071", key]);
  rule.check({ oldValue, value });
  if (definition.metadataRemaps.some((remap) => remap.name === key && foldName(remap.oldValue) === foldName(oldValue))) {
    throw invalidArgument(["ORA-39046", key]);
  }
  return { metadataRemaps: [...definition.metadataRemaps, { name: key, oldValue, value, objectType: null }] };
}

function assertNotSystem({ oldValue, value }: Pick<MetadataRemap, "oldValue" | "value">): void {
  if ([oldValue, value].some((schema) => foldName(schema) === "system")) throw invalidArgument(["ORA-39013"]);
}

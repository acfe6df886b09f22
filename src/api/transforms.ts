import { pumpError } from "../base/errors.ts";
import type { JobDefinition } from "../job/definition.ts";
import { TABLE_TRANSFORMS, TRANSFORM_VALUES } from "../job/import/transforms.ts";
import { assertApplicable } from "./inapplicable.ts";
import { invalidArgument, invalidOperation } from "./refusals.ts";

/**
 * METADATA_TRANSFORM as a change of the definition.
 * @throws ORA-39002 for an export; ORA-39001 with ORA-31662 (no name), ORA-39042 (unknown name), TSDP-00002 (no meaning on SQLite, or not with this value),
 * ORA-39043 (an object type), ORA-39071 (a bad value) or ORA-39044 (given before) inside.
 */
export function metadataTransform(
  definition: JobDefinition,
  name: string,
  value: string | number,
  objectType: string | null,
): Partial<JobDefinition> {
  if (!name) throw invalidArgument(["ORA-31662"]);
  const key = name.toUpperCase();
  assertApplicable("transform", key);
  const values = TRANSFORM_VALUES.get(key);
  if (values === undefined)
    throw pumpError([["ORA-39001"], ["ORA-39042", name]], `The transforms are ${[...TRANSFORM_VALUES.keys()].join(", ")}.`);
  if (definition.operation === "EXPORT") throw invalidOperation(["ORA-39208", key, definition.operation]);
  assertObjectType(key, objectType);
  if (!values.takes(value)) throw pumpError([["ORA-39001"], ["ORA-39071", key]], `${key} takes ${values.shown}.`);
  if (value === 0) assertApplicable("value", `${key}:N`);
  const transforms = definition.metadataTransforms ?? [];
  if (transforms.some((transform) => transform.name === key)) throw invalidArgument(["ORA-39044", key]);
  return { metadataTransforms: [...transforms, { name: key, value: typeof value === "string" ? value.toUpperCase() : value }] };
}

function assertObjectType(key: string, objectType: string | null): void {
  if (objectType === null || objectType === "") return;
  const isOfTables = TABLE_TRANSFORMS.has(key);
  if (isOfTables && objectType.toUpperCase() === "TABLE") return;
  throw pumpError(
    [["ORA-39001"], ["ORA-39043", objectType.toUpperCase(), key]],
    isOfTables
      ? "It is about tables; leave the object type out."
      : "It is about the file of a schema, and so about all objects in it; leave the object type out.",
  );
}

import { pumpError, type ErrorLine, type StackEntry } from "../../base/errors.ts";
import { foldName, qualifiedName } from "../../base/identifiers.ts";
import { schemaFileName } from "../../catalog/schemas.ts";
import type { DumpObject } from "../../metadata/dump-object.ts";
import type { MasterTable } from "../../metadata/master-table.ts";
import { nothingLeft } from "../../metadata/select.ts";
import { scriptObjects, type ScriptSchema } from "../../metadata/sql-script.ts";
import { BadImage } from "../../sqlite/piece-image.ts";
import { proveSchema, rejectedByText, type RejectedObject } from "../../sqlite/scratch.ts";
import type { ChosenObjects } from "./import-targets.ts";

/** What a script may be made of. */
export interface ScriptOffer {
  readonly chosen: readonly ChosenObjects[];
  readonly missing: readonly StackEntry[];
  readonly master: MasterTable;
}

/** What a script is made of. */
export interface ScriptPlan {
  readonly schemas: readonly ScriptSchema[];
  /** Objects that are left out, and what the script can't say. */
  readonly problems: readonly (readonly ErrorLine[])[];
}

/** @throws ORA-39002 with ORA-31655 when no definition is left */
export function planScript({ chosen, missing, master }: ScriptOffer): ScriptPlan {
  // Of other schemas only rows were chosen, such as statistics.
  const made = chosen.filter(({ partial, objects }) => !partial || scriptObjects(objects).length > 0);
  if (made.length === 0) throw nothingLeft(missing);
  const plans = made.map((choice) => planSchema(choice, master));
  const schemas = plans.map(({ schema }) => schema);
  const together = schemas.length > 1 ? problemsTogether(schemas) : [];
  return { schemas, problems: [...plans.flatMap(({ problems }) => problems), ...together] };
}

/** Proven as they are going to be written, beside what else there is of their schema. */
function planSchema(
  { source, target, objects, problems, untransformed, partial }: ChosenObjects,
  master: MasterTable,
): { readonly schema: ScriptSchema; readonly problems: ScriptPlan["problems"] } {
  const { encoding } = source.settings;
  const taken = new Map(objects.map((object) => [object.id, object]));
  const own = master.objects.filter(({ schema }) => schema === source.name);
  const rejections = rejectedOf(
    own.map((object) => taken.get(object.id) ?? object),
    encoding,
  );
  const rejected = new Map(rejections.map(({ object, reason }) => [object, reason]));
  const proven = objects.filter((object) => !rejected.has(object));
  const refused = objects.flatMap((object) => {
    const reason = rejected.get(object);
    return reason === undefined ? [] : [scriptProblem("ORA-39083", target, object, reason)];
  });
  return {
    schema: { name: target, settings: partial ? null : source.settings, encoding, objects: proven },
    problems: [...problems.map(({ lines }) => lines), ...[...untransformed.values()].flat(), ...refused],
  };
}

/** Databases that are attached side by side have one encoding, and each is a file of its name. */
function problemsTogether(schemas: readonly ScriptSchema[]): ScriptPlan["problems"] {
  const encoding = schemas[0]?.encoding;
  for (const { name } of schemas) schemaFileName(name);
  return schemas
    .filter((schema) => schema.encoding !== encoding)
    .map((schema) => {
      const text = `the script makes schema ${schema.name} in ${String(encoding)} as its other schemas; by itself it would be in ${schema.encoding}`;
      return pumpError([["TSDP-00010", text]]).lines;
    });
}

/** What of a schema is refused; what has come without its table is held to what can be said of its text. */
function rejectedOf(objects: readonly DumpObject[], encoding: ScriptSchema["encoding"]): readonly RejectedObject[] {
  const bases = new Set(objects.filter(({ type }) => type === "table" || type === "view").map(({ name }) => foldName(name)));
  const isProvable = ({ tableName }: DumpObject) => bases.has(foldName(tableName));
  const proven = proveObjects(objects.filter(isProvable), encoding);
  proven.close();
  return [
    ...proven.rejected,
    ...rejectedByText(
      objects.filter((object) => !isProvable(object)),
      encoding,
    ),
  ];
}

function proveObjects(objects: readonly DumpObject[], encoding: ScriptSchema["encoding"]): ReturnType<typeof proveSchema> {
  try {
    return proveSchema(objects, encoding);
  } catch (error) {
    if (!(error instanceof BadImage)) throw error;
    throw pumpError([["ORA-39001"], ["ORA-39000"], ["TSDP-00010", error.message]], undefined, error);
  }
}

/** What is wrong with an object of a script. */
export function scriptProblem(
  code: "ORA-39082" | "ORA-39083",
  schema: string,
  object: DumpObject,
  reason: string,
): readonly ErrorLine[] {
  const type = `${object.objectType}:${qualifiedName(schema, object.name)}`;
  return pumpError([[code, type], { code: "TSDP-00010", text: reason }]).lines;
}

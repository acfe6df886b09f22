import { pumpError, type ErrorLine } from "../../base/errors.ts";
import { qualifiedName } from "../../base/identifiers.ts";
import type { TakenObject } from "../../sqlite/publish-plan.ts";
import type { SchemaObject } from "../../sqlite/schema.ts";
import type { JobDefinition } from "../definition.ts";
import { importAction } from "./import-content.ts";

/** Of what has come to be since the job decided what to do with what was there: that stays, whatever TABLE_EXISTS_ACTION says. */
export function takenLines(
  definition: JobDefinition,
  schema: string,
  { object, existing, base }: TakenObject,
): readonly ErrorLine[] {
  const shown = ({ type, name }: Pick<SchemaObject, "type" | "name">) => `${type.toUpperCase()}:${qualifiedName(schema, name)}`;
  if (base !== null) return pumpError([["ORA-39111", shown(object), shown(base)]]).lines;
  if (object.type !== "table") return pumpError([["ORA-31684", shown(object)]]).lines;
  if (existing === "table" && importAction(definition, "ALL") === "SKIP")
    return pumpError([["ORA-39151", qualifiedName(schema, object.name)]]).lines;
  const reason = "it was made after the job had begun, so the table of the dump and its rows are left out";
  return pumpError([
    ["ORA-31684", shown({ type: existing, name: object.name })],
    ["TSDP-00010", reason],
  ]).lines;
}

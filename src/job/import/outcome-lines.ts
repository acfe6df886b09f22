import { pumpError, type ErrorLine } from "../../base/errors.ts";
import { qualifiedName, quoteIdentifier } from "../../base/identifiers.ts";
import type { PublishEvent, TakenObject } from "../../sqlite/publish-plan.ts";
import type { SchemaObject } from "../../sqlite/schema.ts";
import type { InvalidValues } from "../../sqlite/validate-rows.ts";
import type { JobDefinition } from "../definition.ts";
import { importAction } from "./import-content.ts";
import { rejectionLines } from "./import-loading.ts";

/** The errors that an object of a publication gives, each with its causes. */
export function outcomeErrors(
  definition: JobDefinition,
  schema: string,
  event: Exclude<PublishEvent, { kind: "begun" | "undone" }>,
): readonly (readonly ErrorLine[])[] {
  const { object } = event;
  const name = qualifiedName(schema, object.name);
  switch (event.kind) {
    case "object":
      return event.rejections.map((rejection) => rejectionLines(name, rejection));
    case "taken":
      return [takenLines(definition, schema, event)];
    case "invalid":
      return event.values.map((values) => invalidLines(schema, object.name, values));
    case "failed":
      return [pumpError([["ORA-39083", `${object.type.toUpperCase()}:${name}`], ...event.lines]).lines];
    case "rejected":
      return [pumpError([["ORA-31693", name], ["ORA-02354"], ...event.lines]).lines];
    case "not truncated":
      return [pumpError([["ORA-39120", name], ...event.lines]).lines];
  }
}

/** Each column is one error of the job. */
function invalidLines(schema: string, table: string, { column, reason, rows, rowids }: InvalidValues): readonly ErrorLine[] {
  return pumpError([
    ["ORA-02374", schema, table],
    ["TSDP-00010", `column ${quoteIdentifier(column)} has ${reason} in ${rows} row(s)`],
    ...rowids.map((rowid) => ["ORA-02372", `rowid ${rowid}`] as const),
  ]).lines;
}

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

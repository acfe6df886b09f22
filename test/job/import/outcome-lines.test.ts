import { expect, test } from "vitest";
import { takenLines } from "../../../src/job/import/outcome-lines.ts";
import type { JobDefinition } from "../../../src/job/definition.ts";
import type { SchemaObject } from "../../../src/sqlite/schema.ts";

const named = (type: SchemaObject["type"], name: string): SchemaObject => ({ type, name, tableName: name, sql: null });

test.each([
  ["SKIP", named("table", "t"), "table", null, ['ORA-39151: Table "S"."t" exists.']],
  ["APPEND", named("table", "t"), "table", null, ['ORA-31684: Object type TABLE:"S"."t" already', "TSDP-00010: it was made"]],
  ["SKIP", named("table", "t"), "view", null, ['ORA-31684: Object type VIEW:"S"."t" already', "TSDP-00010: it was made"]],
  ["REPLACE", named("view", "v"), "table", null, ['ORA-31684: Object type VIEW:"S"."v" already exists']],
  [
    "SKIP",
    named("trigger", "g"),
    "view",
    named("view", "v"),
    ['ORA-39111: Dependent object type TRIGGER:"S"."g" skipped, base object type VIEW:"S"."v" already exists'],
  ],
] as const)("TABLE_EXISTS_ACTION %s and what has come to be", (action, object, existing, base, expected) => {
  const definition = { parameters: { TABLE_EXISTS_ACTION: action } } as unknown as JobDefinition;
  const lines = takenLines(definition, "S", { object, existing, base }).map(({ code, text }) => `${code}: ${text}`);
  expect(lines).toEqual(expected.map((line) => expect.stringContaining(line) as string));
});

import { expect, test } from "vitest";
import { toPumpError } from "../../../src/base/errors.ts";
import { importAction } from "../../../src/job/import/import-content.ts";

test.each([
  [undefined, "ALL", "SKIP"],
  [undefined, "DATA_ONLY", "APPEND"],
  ["TRUNCATE", "DATA_ONLY", "TRUNCATE"],
  ["SKIP", "DATA_ONLY", "ORA-39137"],
  ["REPLACE", "DATA_ONLY", "ORA-39137"],
  ["APPEND", "METADATA_ONLY", "APPEND"],
  ["REPLACE", "METADATA_ONLY", "REPLACE"],
  ["TRUNCATE", "METADATA_ONLY", "ORA-39050"],
] as const)("table_exists_action=%s with content %s is %s", (action, content, outcome) => {
  const parameters = action === undefined ? {} : { TABLE_EXISTS_ACTION: action };
  let found: string;
  try {
    found = importAction({ parameters } as Parameters<typeof importAction>[0], content);
  } catch (error) {
    found = toPumpError(error).lines.at(-1)?.code ?? "";
  }
  expect(found).toBe(outcome);
});

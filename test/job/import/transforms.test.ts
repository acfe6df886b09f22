import { expect, test } from "vitest";
import { metadataTransform } from "../../../src/api/transforms.ts";
import { toPumpError } from "../../../src/base/errors.ts";
import type { JobDefinition } from "../../../src/job/definition.ts";
import { transformedSettings } from "../../../src/job/import/transforms.ts";
import type { SchemaSettings } from "../../../src/sqlite/schema.ts";

const IMPORT = { operation: "IMPORT" } as JobDefinition;
const SOURCE: SchemaSettings = {
  encoding: "UTF-16le",
  pageSize: 1024,
  autoVacuum: 1,
  userVersion: 7,
  applicationId: 8,
  journalMode: "wal",
};

test.each<[string, readonly (readonly [string, string | number])[], Partial<SchemaSettings>]>([
  ["nothing is said", [], {}],
  ["Y keeps", [["STORAGE", 1]], {}],
  ["no logging", [["disable_archive_logging", 1]], {}],
  ["STORAGE", [["storage", 0]], { pageSize: 4096, autoVacuum: 0 }],
  ["SEGMENT_ATTRIBUTES", [["SEGMENT_ATTRIBUTES", 0]], { pageSize: 4096, autoVacuum: 0, journalMode: "delete" }],
  [
    "own values",
    [
      ["PAGE_SIZE", 65_536],
      ["AUTO_VACUUM", "incremental"],
      ["STORAGE", 0],
    ],
    { pageSize: 65_536, autoVacuum: 2 },
  ],
])("settings of a new schema: %s", (_, transforms, changed) => {
  let definition = IMPORT;
  for (const [name, value] of transforms) definition = { ...definition, ...metadataTransform(definition, name, value, null) };
  expect(transformedSettings(definition, SOURCE)).toEqual({ ...SOURCE, ...changed });
});

test.each<[string, string | number, string | null, string, RegExp?]>([
  ["", 1, null, "ORA-31662"],
  ["NAME", 1, null, "ORA-39042", /STORAGE, .*STRICT/],
  ["STORAGE", "N", null, "ORA-39071"],
  ["STORAGE", 2, null, "ORA-39071"],
  ["PAGE_SIZE", 1000, null, "ORA-39071"],
  ["PAGE_SIZE", 131_072, null, "ORA-39071"],
  ["AUTO_VACUUM", "toString", null, "ORA-39071", /NONE, FULL or INCREMENTAL/],
  ["PAGE_SIZE", 4096, "table", "ORA-39043"],
  ["AUTO_VACUUM", "FULL", null, "ORA-39044"],
  ["STRICT", "Y", null, "ORA-39071", /STRICT takes Y or N/],
  ["WITHOUT_ROWID", 1, "index", "ORA-39043"],
  ["LOB_STORAGE", "SECUREFILE", null, "TSDP-00002"],
  ["DISABLE_ARCHIVE_LOGGING", 0, null, "TSDP-00002", /existing schema is always written with its journal/],
])("metadataTransform %s=%s of %s is refused", (name, value, type, code, hint = /^/) => {
  const definition = { ...IMPORT, metadataTransforms: [{ name: "AUTO_VACUUM", value: "NONE" }] };
  let failure: unknown;
  try {
    metadataTransform(definition, name, value, type);
  } catch (error) {
    failure = error;
  }
  const { lines, hint: shown = "" } = toPumpError(failure);
  expect(lines.map((line) => line.code)).toEqual(["ORA-39001", code]);
  expect(shown).toMatch(hint);
});

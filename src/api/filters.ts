import { pumpError } from "../base/errors.ts";
import type { JobDefinition } from "../job/definition.ts";
import { assertFilter, assertNameable } from "../job/selection.ts";
import { invalidArgument } from "./refusals.ts";

const METADATA_FILTERS = [
  ...["SCHEMA_EXPR", "SCHEMA_LIST", "NAME_EXPR", "NAME_LIST", "TABLESPACE_EXPR", "TABLESPACE_LIST"],
  ...["INCLUDE_PATH_EXPR", "INCLUDE_PATH_LIST", "EXCLUDE_PATH_EXPR", "EXCLUDE_PATH_LIST"],
  ...["TABLE_FILTER", "EXCLUDE_TABLES", "VIEWS_AS_TABLES"],
];
const TABLE_MODE_FILTERS = ["TABLE_FILTER", "EXCLUDE_TABLES", "VIEWS_AS_TABLES"];

/**
 * METADATA_FILTER as a change of the definition; the same name may be given again, and all filters hold, but for INCLUDE_PATH_EXPR and
 * _LIST, which add up.
 * @throws ORA-39001 with ORA-31660 (no name), ORA-39036 (unknown name), ORA-39071 (no value, or one that is no predicate), ORA-39037,
 * ORA-39038 or ORA-39041 (object paths) inside.
 */
export function metadataFilter(
  definition: JobDefinition,
  name: string,
  value: string,
  objectPath: string | null,
): Partial<JobDefinition> {
  if (!name) throw invalidArgument(["ORA-31660"]);
  const key = name.toUpperCase();
  if (!METADATA_FILTERS.includes(key)) throw invalidArgument(["ORA-39036", name]);
  if (TABLE_MODE_FILTERS.includes(key) && definition.mode !== "TABLE") throw invalidArgument(["ORA-39036", name]);
  if (typeof value !== "string" || value.trim() === "") throw invalidArgument(["ORA-39071", key]);
  if (key === "VIEWS_AS_TABLES") assertNoTemplates(value);
  const path = checkedPath(definition, key, objectPath);
  const filter = { name: key, value, objectPath: path };
  assertFilter(definition, filter);
  return { metadataFilters: [...definition.metadataFilters, filter] };
}

/** The empty text is NULL, as in PL/SQL. */
function checkedPath(definition: JobDefinition, filter: string, objectPath: string | null): string | null {
  if (objectPath === null || objectPath === "") return null;
  if (!filter.startsWith("NAME_")) throw invalidArgument(["ORA-39037", filter]);
  const path = objectPath.toUpperCase();
  assertNameable(definition, path);
  return path;
}

/** A template has the structure for a table that Data Pump makes in the source; no such table is needed here. */
function assertNoTemplates(value: string): void {
  if (!value.replace(/"(?:[^"]|"")*"/g, "").includes(":")) return;
  throw pumpError(
    [["ORA-39001"], ["ORA-39071", "VIEWS_AS_TABLES"]],
    "Name the views alone: tsdp reads them as they are and needs no template table.",
  );
}

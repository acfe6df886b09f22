import { pathEntriesFor } from "../metadata/path-catalog.ts";
import { assertNamedPath } from "../metadata/path-filter.ts";
import { Selection, type SelectionRequest } from "../metadata/select.ts";
import { contentOf } from "./content.ts";
import type { JobDefinition, MetadataFilter } from "./definition.ts";
import { includesRows } from "./row-inclusion.ts";
import { readsDump } from "./source-database.ts";

type Filtered = Pick<JobDefinition, "operation" | "mode" | "remoteLink" | "metadataFilters" | "dataFilters">;

/**
 * The choice of a job. An import, and a SQL file, is about all that the dump holds; an export about the default schema.
 * @throws ORA-39001 with what is wrong with a filter inside
 */
export function selectionOf(definition: Filtered, defaultSchema: string | null): Selection {
  return new Selection({
    ...scopeOf(definition),
    filters: definition.metadataFilters,
    defaultSchema,
    includesRows: (table) => includesRows(definition, table),
  });
}

/** What can be said of a filter by itself. @throws as `selectionOf` */
export function assertFilter(definition: Filtered, filter: MetadataFilter): void {
  selectionOf({ ...definition, metadataFilters: [filter] }, null);
}

/** @throws as `selectionOf`, and ORA-39002 with ORA-39050 for filters that contradict each other or CONTENT */
export function assertSelectable(definition: JobDefinition): void {
  selectionOf(definition, null);
  contentOf(definition);
}

/** @throws ORA-39001 with ORA-39038 unless the object path is one of the job's, and its objects have names */
export function assertNameable(definition: Filtered, path: string): void {
  const scope = scopeOf(definition);
  assertNamedPath(path, pathEntriesFor(scope), scope.mode);
}

function scopeOf(definition: Filtered): Pick<SelectionRequest, "mode" | "everythingByDefault"> {
  const { mode } = definition;
  // Tablespaces are schemas: a filter of theirs takes them whole.
  return { mode: mode === "TRANSPORTABLE" ? "FULL" : mode, everythingByDefault: readsDump(definition) };
}

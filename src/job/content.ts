import { pumpError } from "../base/errors.ts";
import { choosePaths } from "../metadata/path-filter.ts";
import { pathEntriesFor } from "../metadata/path-catalog.ts";
import type { ObjectPathTail } from "../metadata/object-paths.ts";
import type { JobDefinition } from "./definition.ts";
import { includesAnyRows } from "./row-inclusion.ts";
import { readsDump } from "./source-database.ts";

/** CONTENT: definitions and rows, only rows, or only definitions. */
export type Content = "ALL" | "DATA_ONLY" | "METADATA_ONLY";

/**
 * CONTENT as the package says it: INCLUDE_METADATA is a parameter, INCLUDE_ROWS a data filter, and INCLUDE and EXCLUDE may leave only
 * rows or only definitions.
 * @throws ORA-39002 when INCLUDE and EXCLUDE contradict CONTENT, or leave rows and other things but not the tables
 */
export function contentOf(definition: JobDefinition): Content {
  const { parameters } = definition;
  if (!includesAnyRows(definition)) return agreed("METADATA_ONLY", definition);
  return agreed(parameters["INCLUDE_METADATA"] === 0 ? "DATA_ONLY" : "ALL", definition);
}

function agreed(told: Content, definition: JobDefinition): Content {
  const left = contentOfPaths(definition);
  if (left === "ALL" || left === told) return told;
  if (told === "ALL") return left;
  throw pumpError(
    [["ORA-39002"], ["ORA-39050", `CONTENT=${told}`, "INCLUDE and EXCLUDE"]],
    "INCLUDE and EXCLUDE leave nothing of that content.",
  );
}

const ROWS: readonly ObjectPathTail[] = ["TABLE/TABLE_DATA", "VIEWS_AS_TABLES/TABLE_DATA"];
const TABLES: readonly ObjectPathTail[] = ["TABLE/TABLE", "VIEWS_AS_TABLES/TABLE"];

/** What INCLUDE and EXCLUDE leave. */
function contentOfPaths(definition: JobDefinition): Content {
  const { mode, metadataFilters } = definition;
  if (mode === "TRANSPORTABLE") return "ALL";
  const { tails, isFiltered } = choosePaths(
    metadataFilters,
    pathEntriesFor({ mode, everythingByDefault: readsDump(definition) }),
    mode,
  );
  if (!isFiltered) return "ALL";
  if (!ROWS.some((tail) => tails.has(tail))) return "METADATA_ONLY";
  if ([...tails].every((tail) => ROWS.includes(tail))) return "DATA_ONLY";
  if (ROWS.every((tail, i) => !tails.has(tail) || tails.has(TABLES[i] ?? tail))) return "ALL";
  throw pumpError(
    [["ORA-39002"], ["ORA-39050", "INCLUDE and EXCLUDE", "rows without their tables"]],
    "Rows can be taken alone or with their tables: include TABLE too, or nothing but TABLE_DATA.",
  );
}

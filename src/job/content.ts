import type { JobDefinition } from "./definition.ts";

/** CONTENT: definitions and rows, only rows, or only definitions. */
export type Content = "ALL" | "DATA_ONLY" | "METADATA_ONLY";

/** CONTENT as the package says it: INCLUDE_METADATA is a parameter, INCLUDE_ROWS a data filter. */
export function contentOf({ parameters, dataFilters }: JobDefinition): Content {
  if (dataFilters.some(({ name, value }) => name === "INCLUDE_ROWS" && value === 0)) return "METADATA_ONLY";
  return parameters["INCLUDE_METADATA"] === 0 ? "DATA_ONLY" : "ALL";
}

import type { JobDefinition } from "../../src/job/definition.ts";

/** A job of which nothing more is said than what is given: a definition as OPEN makes it. */
export function jobDefinition(
  given: Pick<JobDefinition, "operation" | "mode" | "database"> & Partial<JobDefinition>,
): JobDefinition {
  return {
    owner: "SYSTEM",
    name: "EXAMPLE1",
    guid: "0123ABCD".repeat(4),
    version: "COMPATIBLE",
    remoteLink: null,
    files: [],
    metadataFilters: [],
    metadataRemaps: [],
    dataFilters: [],
    parameters: {},
    degree: null,
    ...given,
  };
}

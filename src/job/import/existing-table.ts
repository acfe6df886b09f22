import { pumpError, type ErrorLine } from "../../base/errors.ts";
import { qualifiedName } from "../../base/identifiers.ts";
import type { ExistingObject } from "../../sqlite/target.ts";
import type { Content } from "../content.ts";
import type { TableExistsAction } from "./import-request.ts";

/** A table of the dump whose name something in the target has. */
export interface MetTable {
  /** Schema of the target. */
  readonly schema: string;
  readonly name: string;
  readonly existing: ExistingObject;
  readonly isVirtual: boolean;
  /** Whether it belongs to a virtual table, whose fate it shares. */
  readonly isShadow: boolean;
  /** Whether no rows come with it. */
  readonly isEmpty: boolean;
}

/** What becomes of what exists: it stays, its rows stay and more come, they go and others come, or all of it goes and the table is made. */
export interface Fate {
  readonly fate: "stay" | "append" | "truncate" | "replace";
  readonly problem?: readonly ErrorLine[];
  readonly note?: readonly ErrorLine[];
}

/** TABLE_EXISTS_ACTION. */
export function fateOf(table: MetTable, action: TableExistsAction, content: Content): Fate {
  const { schema, existing, isShadow } = table;
  const name = qualifiedName(schema, table.name);
  if (existing.type !== "table")
    return { fate: "stay", problem: pumpError([["ORA-31684", `${existing.type.toUpperCase()}:${name}`]]).lines };
  if (existing.owner !== undefined && action !== "SKIP") return keepingShadow(name, existing.owner, action);
  switch (action) {
    case "SKIP":
      return isShadow ? { fate: "stay" } : { fate: "stay", problem: pumpError([["ORA-39151", name]]).lines };
    case "REPLACE":
      return replacing(name, existing);
    case "APPEND":
      return fateOfFilled(table, name) ?? { fate: "append", note: pumpError([["ORA-39152", name]]).lines };
    case "TRUNCATE":
      return fateOfFilled(table, name) ?? truncating(table, name, content);
  }
}

/** Other rows would destroy what the virtual table keeps in it. */
function keepingShadow(name: string, owner: string, action: TableExistsAction): Fate {
  const reason = `the virtual table ${owner} of the schema keeps its data in it`;
  const problem = pumpError([
    [action === "REPLACE" ? "ORA-39121" : "ORA-31693", name],
    ["TSDP-00010", reason],
  ]);
  return { fate: "stay", problem: problem.lines };
}

function replacing(name: string, { failure }: ExistingObject): Fate {
  if (failure === undefined) return { fate: "replace" };
  const problem = pumpError([
    ["ORA-39121", name],
    ["TSDP-00010", failure],
  ]);
  return { fate: "stay", problem: problem.lines };
}

/** Why no rows come to a table that exists; null: they do. */
function fateOfFilled({ isVirtual, isShadow, isEmpty }: MetTable, name: string): Fate | null {
  if (isShadow) return { fate: "stay" };
  if (isVirtual) {
    const reason = ["TSDP-00010", "a virtual table can only be skipped or replaced whole"] as const;
    return { fate: "stay", problem: pumpError([["ORA-31693", name], reason]).lines };
  }
  if (!isEmpty) return null;
  const text = `table ${name} exists and stays as it is, since none of its rows are taken`;
  return { fate: "stay", note: pumpError([["TSDP-00010", text]]).lines };
}

/** As in Data Pump, TRUNCATE becomes REPLACE for a table that foreign keys of others refer to, where its definition comes. */
function truncating({ schema, existing }: MetTable, name: string, content: Content): Fate {
  if (existing.referredBy === undefined) return { fate: "truncate", note: pumpError([["ORA-39153", name]]).lines };
  const keys = `foreign keys of ${existing.referredBy.map((table) => qualifiedName(schema, table)).join(", ")} refer to it`;
  if (content === "DATA_ONLY")
    return { fate: "stay", problem: pumpError([["ORA-39120", name], ["ORA-02266"], ["TSDP-00010", keys]]).lines };
  const text = `table ${name} exists and is replaced instead of truncated, since ${keys}`;
  return { fate: "replace", note: pumpError([["TSDP-00010", text]]).lines };
}

import { causeLines, pumpError } from "../base/errors.ts";
import { foldName } from "../base/identifiers.ts";
import type { GrantedDirectories } from "../catalog/granted-directories.ts";
import { dataRemapsOf } from "../job/data-remaps.ts";
import type { DataRemap, JobDefinition } from "../job/definition.ts";
import { findModule, MODULE_DIRECTORY, type ModuleFunction } from "../mask/module-function.ts";
import { parseRemapFunction, type CalledFunction } from "../mask/remap-function.ts";
import { invalidArgument, invalidOperation } from "./refusals.ts";

/** The arguments of DATA_REMAP after its name. */
export interface RemapArguments {
  readonly tableName: string;
  readonly column: string;
  readonly remapFunction: string;
  readonly schema: string | null;
  readonly flags: number;
}

/**
 * DATA_REMAP as a change of the definition.
 * @throws ORA-39001 with ORA-39231 (name), ORA-39232 (function), ORA-39233 (no column), ORA-39071 (no table) or ORA-39235 (the column is
 * remapped already) inside.
 */
export function dataRemap(
  definition: JobDefinition,
  name: string,
  { tableName, column, remapFunction, schema, flags }: RemapArguments,
  directories: GrantedDirectories,
): Partial<JobDefinition> {
  if (!name || name.toUpperCase() !== "COLUMN_FUNCTION") throw invalidArgument(["ORA-39231", name || "NULL"]);
  if (definition.operation === "SQL_FILE") throw invalidOperation(["ORA-39208", "REMAP_DATA", definition.operation]);
  if (!tableName) throw invalidArgument(["ORA-39071", "REMAP_DATA"]);
  if (!column) throw invalidArgument(["ORA-39233", "NULL"]);
  if (flags !== 0) throw invalidArgument(["ORA-39207", String(flags), "REMAP_FLAGS"]);
  const parsed = parseRemapFunction(remapFunction);
  const module = parsed.kind === "module" ? { module: findModuleOf(parsed, directories) } : {};
  const remap: DataRemap = { schemaName: schema === "" ? null : schema, tableName, column, remapFunction, ...module };
  const remaps = dataRemapsOf(definition);
  if (remaps.some((other) => isSameColumn(other, remap))) throw invalidArgument(["ORA-39235", `${tableName}.${column}`]);
  return { dataRemaps: [...remaps, remap] };
}

/** Its directory object becomes a path here, since the job records paths. */
function findModuleOf(
  { module, exported }: CalledFunction & { kind: "module" },
  directories: GrantedDirectories,
): ModuleFunction {
  let folder: string;
  try {
    folder = directories.resolve(MODULE_DIRECTORY, "READ");
  } catch (error) {
    throw pumpError(
      [["ORA-39001"], ["ORA-39232", `${module}.${exported}`], ...causeLines(error)],
      `Modules are looked for in a folder that you name: tsdp directory create ${MODULE_DIRECTORY} PATH. The built-in package is MASK.`,
      error,
    );
  }
  return findModule(folder, module, exported);
}

/** One that names no schema may mean the same table as one that does: the plan tells them apart. */
function isSameColumn(a: DataRemap, b: DataRemap): boolean {
  const text = ({ schemaName, tableName, column }: DataRemap) =>
    JSON.stringify([schemaName, tableName, column].map((part) => (part === null ? null : foldName(part))));
  return text(a) === text(b);
}

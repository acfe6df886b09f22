import { pumpError, type ErrorLine, type StackEntry } from "../../base/errors.ts";
import { foldName, qualifiedName, upperName } from "../../base/identifiers.ts";
import type { DumpObject, DumpSchema } from "../../metadata/dump-object.ts";
import type { MasterTable } from "../../metadata/master-table.ts";
import { parseTableFilter } from "../../metadata/table-filter.ts";
import { BadImage } from "../../sqlite/piece-image.ts";
import { RenameFailure } from "../../sqlite/rename-scratch.ts";
import { renameTablesApart } from "../../sqlite/rename-process.ts";
import type { TableRename } from "../../sqlite/rename-rows.ts";
import type { RenameResult } from "../../sqlite/rename-tables.ts";
import type { TableShape } from "../../sqlite/schema.ts";
import { isOwnName } from "../../sqlite/staging.ts";
import type { JobDefinition, MetadataRemap } from "../definition.ts";

/** Objects of a schema under the names that REMAP_TABLE gives their tables. */
export interface RemappedObjects {
  readonly objects: readonly DumpObject[];
  /** Tables that have other names now. */
  readonly renames: readonly TableRename[];
  /** These as the dump has them, by their numbers. */
  readonly originals: ReadonlyMap<number, DumpObject>;
  /** What can't follow: indexes, views and triggers that are left out, and virtual tables that name a table in vain. */
  readonly problems: readonly ObjectProblem[];
}

/** What is wrong with an object before anything is planned. */
export interface ObjectProblem {
  /** The table that it belongs to, under its new name. */
  readonly tableName: string;
  readonly lines: readonly ErrorLine[];
}

/** What REMAP_TABLE is asked for. */
interface TableRemap {
  /** Upper case; null: of every schema. */
  readonly schema: string | null;
  readonly from: string;
  readonly to: string;
  /** As given, for messages. */
  readonly text: string;
}

/**
 * What a REMAP_TABLE says: `[schema.]table` and a name.
 * @throws ORA-39001 with what is wrong with it inside
 */
export function parseTableRemap({ oldValue, value }: Pick<MetadataRemap, "oldValue" | "value">): TableRemap {
  const [pattern, ...more] = parseTableFilter(oldValue);
  if (pattern === undefined || more.length > 0 || /[%*?]/.test(oldValue.replace(/"(?:[^"]|"")*"/g, "")))
    throw badRemap("Name one table, [schema.]table; a name with a dot or a wildcard needs double quotes.");
  const to = /^"(?:[^"]|"")+"$/.test(value) ? value.slice(1, -1).replaceAll('""', '"') : value;
  if (/^sqlite_/i.test(to) || isOwnName(to) || to.includes("\0"))
    throw badRemap("Names that begin with sqlite_ are SQLite's own, those that begin with tsdp: ours; choose another.");
  return { schema: pattern.schema === null ? null : upperName(pattern.schema), from: pattern.table, to, text: oldValue };
}

function badRemap(hint: string): Error {
  return pumpError([["ORA-39001"], ["ORA-39071", "REMAP_TABLE"]], hint);
}

/** Remaps of tables that the dump does not hold. */
export function absentRemaps(definition: JobDefinition, { objects }: MasterTable): readonly StackEntry[] {
  const isThere = ({ schema, from }: TableRemap) =>
    objects.some((object) => isTable(object, from) && (schema === null || object.schema === schema));
  return remapsOf(definition).flatMap((remap) => (isThere(remap) ? [] : [["ORA-39166", remap.text] as const]));
}

function remapsOf({ metadataRemaps }: JobDefinition): readonly TableRemap[] {
  return metadataRemaps.filter(({ name }) => name === "REMAP_TABLE").map(parseTableRemap);
}

function isTable({ objectType, name }: DumpObject, table: string): boolean {
  return objectType === "TABLE" && foldName(name) === foldName(table);
}

/**
 * Gives the tables of a schema their new names, and what depends on them as well.
 * @param target the schema that they come to, as messages name it
 * @param objects those of the job; the others of the dump only tell what a definition means
 * @throws ORA-39002 when a table can't have its new name, or when two would have the same
 */
export async function remapTables(
  definition: JobDefinition,
  { objects: all }: MasterTable,
  { source, target, objects }: { readonly source: DumpSchema; readonly target: string; readonly objects: readonly DumpObject[] },
): Promise<RemappedObjects> {
  const own = all.filter(({ schema }) => schema === source.name);
  const renames = renamesOf(definition, source, own, objects);
  if (renames.length === 0) return { objects, renames, originals: new Map(), problems: [] };
  const taken = new Set(objects);
  const context = own.map((object) => ({ ...nameAndText(object), isTaken: taken.has(object) }));
  const result = await rename(source, () => renameTablesApart({ encoding: source.settings.encoding, objects: context, renames }));
  const remapped = new Map(own.map((object, i) => [object, renamed(object, result.changed.get(i), renames)]));
  const refused = new Set([...result.refused.keys()].map((i) => own[i]));
  const isRenamed = ({ objectType, name }: DumpObject, i: number) =>
    objectType === "TABLE" && (result.changed.get(i)?.name ?? name) !== name;
  return {
    objects: objects.filter((object) => !refused.has(object)).map((object) => remapped.get(object) ?? object),
    // Shadow tables as well.
    renames: own.flatMap((object, i) =>
      isRenamed(object, i) ? [{ from: object.name, to: result.changed.get(i)?.name ?? object.name }] : [],
    ),
    originals: new Map(own.filter(isRenamed).map((object) => [object.id, object])),
    problems: problemsOf(own, result, target, renames),
  };
}

function nameAndText({ type, name, tableName, sql }: DumpObject): Pick<DumpObject, "type" | "name" | "tableName" | "sql"> {
  return { type, name, tableName, sql };
}

/** Tables of the job, and those of which it takes only what depends on them. */
function renamesOf(
  definition: JobDefinition,
  source: DumpSchema,
  own: readonly DumpObject[],
  objects: readonly DumpObject[],
): readonly TableRename[] {
  const tables = new Set(objects.map(({ tableName }) => foldName(tableName)));
  const renames = remapsOf(definition)
    .filter(({ schema }) => schema === null || schema === source.name)
    .flatMap(({ from, to }) => own.filter((object) => isTable(object, from)).map(({ name }) => ({ from: name, to })))
    .filter(({ from, to }) => from !== to && tables.has(foldName(from)));
  const again = renames.find(({ from }, i) => renames.some((other, k) => k < i && other.from === from));
  if (again !== undefined) throw refusal(`table ${again.from} is remapped twice`);
  const twice = renames.find(({ to }, i) => renames.some((other, k) => k < i && foldName(other.to) === foldName(to)));
  if (twice === undefined) return renames;
  throw refusal(`two tables of the dump would be called ${twice.to}`);
}

function refusal(reason: string, cause?: unknown): Error {
  return pumpError(
    [["ORA-39002"], ["TSDP-00010", reason]],
    "Give the table another name with remap_table, or leave out what is in its way with exclude.",
    cause,
  );
}

async function rename(source: DumpSchema, run: () => Promise<RenameResult>): Promise<RenameResult> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof RenameFailure || error instanceof BadImage)
      throw refusal(`schema ${source.name}: ${error.message}`, error);
    throw error;
  }
}

function renamed(
  object: DumpObject,
  change: Pick<DumpObject, "name" | "tableName" | "sql"> | undefined,
  renames: readonly TableRename[],
): DumpObject {
  if (change === undefined) return object;
  const owner = renames.find(({ from }) => from === object.owner)?.to ?? object.owner;
  const shape = object.shape === null ? null : renamedShape(object.shape, object.name, change.name);
  return { ...object, ...change, owner, shape };
}

function renamedShape(shape: TableShape, from: string, to: string): TableShape {
  const prefix = `sqlite_autoindex_${from}_`;
  const renameIndex = (index: string) =>
    index.startsWith(prefix) ? `sqlite_autoindex_${to}_${index.slice(prefix.length)}` : index;
  return {
    ...shape,
    name: to,
    constraints: shape.constraints.map((constraint) => ({ ...constraint, index: renameIndex(constraint.index) })),
  };
}

function problemsOf(
  own: readonly DumpObject[],
  { refused, stale }: RenameResult,
  target: string,
  renames: readonly TableRename[],
): readonly ObjectProblem[] {
  const newName = (name: string) => renames.find(({ from }) => foldName(from) === foldName(name))?.to ?? name;
  const typed = ({ objectType, name }: DumpObject) => `${objectType}:${qualifiedName(target, name)}`;
  const left = own.flatMap((object, i) => {
    const reason = refused.get(i);
    if (reason === undefined) return [];
    const causes = [["TSDP-00010", `it can't follow the remap of a table it names: ${reason}`]] as const;
    return [{ tableName: newName(object.tableName), lines: pumpError([["ORA-39083", typed(object)], ...causes]).lines }];
  });
  const inVain = own
    .filter((_, i) => stale.includes(i))
    .map((object) => {
      const reason = "its arguments name a table that has another name now";
      const { lines } = pumpError([
        ["ORA-39082", typed(object)],
        ["TSDP-00010", reason],
      ]);
      return { tableName: newName(object.tableName), lines };
    });
  return [...left, ...inVain];
}

import { quoteIdentifier, quoteLiteral, upperName } from "../base/identifiers.ts";
import { printable } from "../base/printable.ts";
import type { SchemaSettings } from "../sqlite/schema.ts";
import { scriptStatement } from "../sqlite/script-statement.ts";
import { isSystemTable, type DumpObject } from "./dump-object.ts";
import { objectPath, pathsOf, pathTail, viewKeys, type ExportMode, type ObjectPathTail } from "./object-paths.ts";

/** A schema whose objects a script makes. */
export interface ScriptSchema {
  readonly name: string;
  /** Null: the script makes only some objects, in whatever database there is. */
  readonly settings: SchemaSettings | null;
  readonly encoding: SchemaSettings["encoding"];
  /** Proven ones. */
  readonly objects: readonly DumpObject[];
}

/** A part of the text, and what it does not say as the dump does. */
export interface ScriptPart {
  readonly bytes: Buffer;
  readonly losses: readonly { readonly object: DumpObject; readonly reason: string }[];
}

/** What a script makes of some objects: shadow tables come with their virtual tables, system tables are rows about others. */
export function scriptObjects(objects: readonly DumpObject[]): readonly DumpObject[] {
  return objects.filter((object) => object.owner === null && !isSystemTable(object));
}

/** The object paths of a script in its order. */
export function scriptPaths(objects: readonly DumpObject[]): readonly ObjectPathTail[] {
  return pathsOf(scriptObjects(objects), "IMPORT", "METADATA_ONLY");
}

/**
 * The section of a script that makes the objects of one schema, in an order that works.
 * @param file of the schema when the script is for several: it is attached then, and null: the script runs in the database itself
 */
export function* scriptSection(schema: ScriptSchema, mode: ExportMode, file: string | null): Generator<ScriptPart> {
  const into = file === null ? null : aliasOf(schema.name);
  yield plain(`-- CONNECT ${printable(schema.name)}`, ...beginning(schema, into, file), "BEGIN;");
  const objects = scriptObjects(schema.objects);
  const views = viewKeys(objects);
  for (const path of scriptPaths(objects)) {
    yield plain(`-- new object type path: ${objectPath(mode, path)}`);
    for (const object of creationOrder(objects.filter((candidate) => pathTail(candidate, views) === path))) {
      const { bytes, loss } = scriptStatement(object, schema.encoding, into);
      yield { bytes, losses: loss === null ? [] : [{ object, reason: loss }] };
    }
  }
  yield plain("COMMIT;", ...ending(schema, into));
}

/** Names of databases that every connection has, so that no other can be attached under them. */
const TAKEN: ReadonlySet<string> = new Set(["MAIN", "TEMP"]);

/** The name under which a schema is attached, for its section alone; no database stores it. */
function aliasOf(name: string): string {
  return TAKEN.has(upperName(name)) ? `schema ${name}` : name;
}

/** A virtual table may read ordinary ones, or others, while it is made. */
function creationOrder(objects: readonly DumpObject[]): readonly DumpObject[] {
  return [...objects.filter(({ kind }) => kind !== "virtual"), ...objects.filter(({ kind }) => kind === "virtual")];
}

/** What has to be there before the first table. The encoding of attached databases is that of the main one. */
function beginning({ settings, encoding }: ScriptSchema, into: string | null, file: string | null): string[] {
  const attach = file === null ? [] : [`ATTACH ${quoteLiteral(`./${file}`)} AS ${quoteIdentifier(into ?? "")};`];
  if (settings === null) return attach;
  const of = pragmaOf(into);
  return [
    `PRAGMA encoding = '${encoding}';`,
    ...attach,
    `PRAGMA ${of}page_size = ${settings.pageSize};`,
    `PRAGMA ${of}auto_vacuum = ${settings.autoVacuum};`,
    `PRAGMA ${of}user_version = ${settings.userVersion};`,
    `PRAGMA ${of}application_id = ${settings.applicationId};`,
  ];
}

function ending({ settings }: ScriptSchema, into: string | null): string[] {
  const wal = settings?.journalMode === "wal" ? [`PRAGMA ${pragmaOf(into)}journal_mode = wal;`] : [];
  return into === null ? wal : [...wal, `DETACH ${quoteIdentifier(into)};`];
}

function pragmaOf(into: string | null): string {
  return into === null ? "" : `${quoteIdentifier(into)}.`;
}

function plain(...lines: readonly string[]): ScriptPart {
  return { bytes: Buffer.from(`${lines.join("\n")}\n`), losses: [] };
}

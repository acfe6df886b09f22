import { pumpError, type ErrorLine } from "../../base/errors.ts";
import { foldName, qualifiedName } from "../../base/identifiers.ts";
import { mentions } from "../../inspect/mentions.ts";
import { isSystemTable, type DumpObject, type DumpSchema } from "../../metadata/dump-object.ts";
import { ROWID_NAMES, type SchemaObject, type TextEncoding } from "../../sqlite/schema.ts";
import { decodeSql } from "../../sqlite/scratch.ts";
import { changeOptions, type TableOptions } from "../../sqlite/table-options.ts";
import type { JobDefinition } from "../definition.ts";
import type { RemappedObjects } from "./table-remaps.ts";

/** Objects of a schema with the table options that TRANSFORM gives them. */
export interface TransformedObjects extends RemappedObjects {
  /** Of tables that TRANSFORM changes: their definitions when their rows were written, by their numbers. */
  readonly written: ReadonlyMap<number, SchemaObject>;
  /** What TRANSFORM leaves out, by the numbers of the tables. */
  readonly untransformed: ReadonlyMap<number, readonly (readonly ErrorLine[])[]>;
}

const TRANSFORMS = { strict: "STRICT", withoutRowid: "WITHOUT_ROWID" } as const satisfies Record<keyof TableOptions, string>;

/**
 * TRANSFORM=STRICT and WITHOUT_ROWID for the tables of a schema.
 * @param target the schema that they come to, as messages name it
 */
export function transformTables(
  definition: JobDefinition,
  { settings: { encoding } }: DumpSchema,
  target: string,
  remapped: RemappedObjects,
): TransformedObjects {
  const options = optionsOf(definition);
  const { objects } = remapped;
  const tables = Object.keys(options).length === 0 ? [] : objects.filter(hasOptions);
  const bound = options.withoutRowid === true ? boundToRowid(objects, tables, encoding) : new Map<SchemaObject, string>();
  const outcomes = new Map([
    ...changeOptions(
      tables.filter((table) => !bound.has(table)),
      encoding,
      options,
    ),
    ...changeOptions([...bound.keys()], encoding, options.strict === undefined ? {} : { strict: options.strict }),
  ]);
  const sqlOf = (object: DumpObject) => outcomes.get(object)?.sql ?? null;
  const problemsOf = (table: DumpObject): readonly (readonly ErrorLine[])[] => {
    const reason = bound.get(table);
    const obstacles = [
      ...(outcomes.get(table)?.obstacles ?? []),
      ...(reason === undefined ? [] : [{ option: "withoutRowid", reason } as const]),
    ];
    const name = qualifiedName(target, table.name);
    return obstacles.map(
      ({ option, reason: why }) =>
        pumpError([["TSDP-00010", `table ${name} is made without TRANSFORM=${TRANSFORMS[option]}: ${why}`]]).lines,
    );
  };
  return {
    ...remapped,
    objects: objects.map((object) => {
      const sql = sqlOf(object);
      return sql === null ? object : { ...object, sql };
    }),
    written: new Map(tables.filter((table) => sqlOf(table) !== null).map((table) => [table.id, table])),
    untransformed: new Map(
      tables.map((table) => [table.id, problemsOf(table)] as const).filter(([, problems]) => problems.length > 0),
    ),
  };
}

function optionsOf({ metadataTransforms = [] }: JobDefinition): TableOptions {
  const asked = (Object.keys(TRANSFORMS) as (keyof TableOptions)[]).flatMap((option) => {
    const transform = metadataTransforms.find(({ name }) => name === TRANSFORMS[option]);
    return transform === undefined ? [] : [[option, transform.value === 1]];
  });
  return Object.fromEntries(asked) as TableOptions;
}

function hasOptions(object: DumpObject): boolean {
  return object.objectType === "TABLE" && object.shape !== null && object.owner === null && !isSystemTable(object);
}

/**
 * Tables whose rowid something may name that SQLite looks at only when it runs: a view, a trigger, or the module of a virtual table
 * that reads another one. More than do so may be among them.
 */
function boundToRowid(
  objects: readonly DumpObject[],
  tables: readonly DumpObject[],
  encoding: TextEncoding,
): ReadonlyMap<SchemaObject, string> {
  const readers = objects.flatMap((object) => {
    const isVirtual = object.kind === "virtual";
    if (!isVirtual && object.objectType !== "VIEW" && object.objectType !== "TRIGGER") return [];
    const text = foldName(decodeSql(object.sql ?? new Uint8Array(), encoding));
    return isVirtual || ROWID_NAMES.some((name) => mentions(text, name)) ? [{ object, text }] : [];
  });
  return new Map(
    tables
      .filter(({ shape }) => shape?.withoutRowid === false)
      .flatMap((table) => {
        const reader = readers.find(({ text }) => mentions(text, table.name));
        if (reader === undefined) return [];
        const { objectType, name } = reader.object;
        return [[table, `${objectType.toLowerCase()} ${name} may name its rowid`] as const];
      }),
  );
}

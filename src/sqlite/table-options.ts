import { upperName } from "../base/identifiers.ts";
import { BadImage } from "./piece-image.ts";
import type { SchemaObject, TableDefinition, TableShape, TextEncoding } from "./schema.ts";
import { decodeSql, proveSchema, type ProvenSchema } from "./scratch.ts";
import { bareSql, QUOTE_ENDS } from "./statement-end.ts";
import { readTableText, type ColumnText, type TableText } from "./table-text.ts";

/** Options that tables get or lose; what is not said stays. */
export interface TableOptions {
  readonly strict?: boolean;
  readonly withoutRowid?: boolean;
}

/** What becomes of a table. */
export interface OptionOutcome {
  /** The new definition; null: it stays as it is. */
  readonly sql: Uint8Array | null;
  /** Why options that were asked for are left out. */
  readonly obstacles: readonly { readonly option: keyof TableOptions; readonly reason: string }[];
}

/** The types that have the same affinity in a STRICT table and in others. ANY is NUMERIC there. */
const STRICT_TYPES: ReadonlySet<string> = new Set(["INT", "INTEGER", "REAL", "TEXT", "BLOB"]);
/** As they are written. */
const TABLE_OPTIONS: Readonly<Record<string, keyof TableOptions>> = { STRICT: "strict", "WITHOUT ROWID": "withoutRowid" };
const UNSAFE = "its definition can't be rewritten safely";

/**
 * Gives tables options, or takes them away: their texts are edited where types and options stand, and what SQLite makes of the new
 * text in a scratch database must have the same columns, affinities, defaults and keys as before.
 * @param tables definitions of ordinary tables, of different names
 */
export function changeOptions(
  tables: readonly SchemaObject[],
  encoding: TextEncoding,
  options: TableOptions,
): ReadonlyMap<SchemaObject, OptionOutcome> {
  const before = proven(tables, encoding);
  try {
    const plans = tables.map((table) => planTable(table, encoding, options, before));
    const changed = plans.filter(({ sql }) => sql !== null).map(({ table, sql }) => ({ ...table, sql }));
    const after = proven(changed, encoding);
    try {
      return new Map(plans.map((plan) => [plan.table, outcomeOf(plan, before, after)]));
    } finally {
      after.close();
    }
  } finally {
    before.close();
  }
}

function proven(tables: readonly SchemaObject[], encoding: TextEncoding): ProvenSchema {
  try {
    return proveSchema(tables, encoding);
  } catch (error) {
    // So many are refused that whoever reads them next refuses the dump.
    if (!(error instanceof BadImage)) throw error;
    return proveSchema([], encoding);
  }
}

interface TablePlan extends OptionOutcome {
  readonly table: SchemaObject;
  readonly options: TableOptions;
  /** Types of all columns afterwards. */
  readonly types: readonly string[];
}

function planTable(table: SchemaObject, encoding: TextEncoding, asked: TableOptions, before: ProvenSchema): TablePlan {
  const listed = before.tables.get(table.name);
  // SQLite refuses it, and so does whoever makes it.
  if (listed === undefined) return { table, options: {}, sql: null, types: [], obstacles: [] };
  const definition = before.definition(table.name);
  const missing = (Object.keys(asked) as (keyof TableOptions)[]).filter((option) => asked[option] !== listed[option]);
  const obstacles = missing.flatMap((option) => {
    const reason = asked[option] === true ? OBSTACLES[option](table, before, encoding) : null;
    return reason === null ? [] : [{ option, reason }];
  });
  const possible = missing.filter((option) => obstacles.every((obstacle) => obstacle.option !== option));
  const options: TableOptions = Object.fromEntries(possible.map((option) => [option, asked[option]]));
  if (possible.length === 0) return { table, options, sql: null, types: [], obstacles };
  const types = definition.columns.map(({ type }) => typeAfter(type, options));
  const sql = rewritten(table, encoding, { options, types, definition });
  return sql === null
    ? { table, options, sql, types, obstacles: [...obstacles, ...unsafe(options)] }
    : { table, options, sql, types, obstacles };
}

function unsafe(options: TableOptions): OptionOutcome["obstacles"] {
  return (Object.keys(options) as (keyof TableOptions)[]).map((option) => ({ option, reason: UNSAFE }));
}

/** What a table has that it could not keep with an option; null: nothing. */
const OBSTACLES: Readonly<
  Record<keyof TableOptions, (table: SchemaObject, before: ProvenSchema, encoding: TextEncoding) => string | null>
> = { strict: typeObstacle, withoutRowid: keyObstacle };

function keyObstacle({ name, sql }: SchemaObject, before: ProvenSchema, encoding: TextEncoding): string | null {
  const definition = before.definition(name);
  if (definition.columns.every(({ key }) => key === 0)) return "it has no PRIMARY KEY";
  if (/\bAUTOINCREMENT\b/i.test(bareSql(decodeSql(sql ?? new Uint8Array(), encoding)))) return "it counts up by AUTOINCREMENT";
  const rowid = rowidColumn(before.shape(name), definition);
  return rowid === null ? null : `its key ${rowid} is the rowid, which SQLite numbers by itself`;
}

/** Expressions anywhere in the schema may compare such a column: '5' = 5 with it, and not with any column of a STRICT table. */
function typeObstacle({ name }: SchemaObject, before: ProvenSchema): string | null {
  const numeric = before.definition(name).columns.find(({ type }) => strictType(type) === null);
  return numeric === undefined
    ? null
    : `column ${numeric.name} is ${numeric.type}, and no type of a STRICT table has that affinity (NUMERIC)`;
}

/** Without STRICT a column of type ANY would convert numbers in text; one without a type does not. */
function typeAfter(type: string, { strict }: TableOptions): string {
  if (strict === false) return upperName(type) === "ANY" ? "" : type;
  return strict === true ? (strictType(type) ?? type) : type;
}

/** The type of a STRICT table that has the affinity of one in another table; null: none has it. */
function strictType(type: string): string | null {
  const name = upperName(type);
  if (name === "") return "ANY";
  if (STRICT_TYPES.has(name)) return type;
  if (name.includes("INT")) return "INT";
  if (/CHAR|CLOB|TEXT/.test(name)) return "TEXT";
  if (name.includes("BLOB")) return "BLOB";
  return /REAL|FLOA|DOUB/.test(name) ? "REAL" : null;
}

/** @returns null when the text is not as its parts say */
function rewritten(
  { sql }: SchemaObject,
  encoding: TextEncoding,
  { options, types, definition }: Pick<TablePlan, "options" | "types"> & { readonly definition: TableDefinition },
): Uint8Array | null {
  const text = readTableText(editable(sql ?? new Uint8Array(), encoding));
  if (text?.columns.length !== types.length) return null;
  const texts = text.tokens.map((token) => token.text);
  for (const [i, column] of text.columns.entries()) {
    const before = definition.columns[i]?.type ?? "";
    if (typeOf(text, column, encoding).toUpperCase() !== before.toUpperCase()) return null;
    if (types[i] !== before) setType(texts, column, types[i] ?? "");
  }
  setOptions(text, texts, options);
  return stored(texts.join(""), encoding);
}

function setType(texts: string[], { name, type }: ColumnText, to: string): void {
  const [first, last] = type ?? [name + 1, name];
  const next = texts[last + 1] ?? ")";
  const spaced = `${to}${/^[ \t\n\f\r,)/-]/.test(next) ? "" : " "}`;
  texts.fill("", first, last + 1);
  append(texts, first - 1, type === null ? ` ${spaced}` : spaced);
}

function setOptions({ options: there, close }: TableText, texts: string[], options: TableOptions): void {
  const isDropped = (name: string) => options[TABLE_OPTIONS[name] ?? "strict"] === false;
  const added = Object.keys(TABLE_OPTIONS).filter((name) => options[TABLE_OPTIONS[name] ?? "strict"] === true);
  const kept = there.map(({ name }) => name).filter((name) => !isDropped(name));
  const stay = kept.length === there.length;
  const last = there.at(-1)?.tokens.at(-1) ?? close;
  // Only comments stay between them.
  for (let i = close + 1; i <= last && !stay; i++) if (!/^(?:--|\/\*)/.test(texts[i] ?? "")) texts[i] = "";
  const names = stay ? added : [...added, ...kept];
  if (names.length > 0) append(texts, close, ` ${names.join(", ")}${stay && kept.length > 0 ? "," : ""}`);
}

function append(texts: string[], at: number, text: string): void {
  texts[at] = `${texts[at] ?? ""}${text}`;
}

/** One character a byte, or two bytes: so that what is no valid text comes through. */
function editable(sql: Uint8Array, encoding: TextEncoding): string {
  return encoding === "UTF-8" ? Buffer.from(sql).toString("latin1") : decodeSql(sql, encoding);
}

function stored(text: string, encoding: TextEncoding): Uint8Array {
  if (encoding === "UTF-8") return Buffer.from(text, "latin1");
  const bytes = Buffer.from(text, "utf16le");
  return encoding === "UTF-16le" ? bytes : bytes.swap16();
}

/** A type without its quotes, as SQLite tells it. */
function typeOf({ tokens }: TableText, { type }: ColumnText, encoding: TextEncoding): string {
  const [first, last] = type ?? [0, -1];
  const text = tokens
    .slice(first, last + 1)
    .map((token) => token.text)
    .join("");
  const bare = QUOTE_ENDS[text.charAt(0)] === undefined ? text : text.slice(1, -1);
  return encoding === "UTF-8" ? Buffer.from(bare, "latin1").toString() : bare;
}

/** Holds what SQLite has made of the new text against the old one. */
function outcomeOf(
  { table, options, sql, types, obstacles }: TablePlan,
  before: ProvenSchema,
  after: ProvenSchema,
): OptionOutcome {
  if (sql === null) return { sql, obstacles };
  const refused = after.rejected.find(({ object }) => object.name === table.name);
  if (refused !== undefined || !isAsMeant(table.name, { options, types }, before, after))
    return { sql: null, obstacles: [...obstacles, ...unsafe(options)] };
  return { sql, obstacles };
}

function isAsMeant(
  name: string,
  { options, types }: Pick<TablePlan, "options" | "types">,
  before: ProvenSchema,
  after: ProvenSchema,
): boolean {
  const [was, is] = [before.tables.get(name), after.tables.get(name)];
  if (was === undefined || is === undefined) return false;
  if (is.strict !== (options.strict ?? was.strict) || is.withoutRowid !== (options.withoutRowid ?? was.withoutRowid))
    return false;
  const [old, made] = [before.definition(name), after.definition(name)];
  if (made.columns.some(({ type }, i) => type.toUpperCase() !== types[i]?.toUpperCase())) return false;
  return essence(old) === essence(made) && keysOf(before.shape(name), old) === keysOf(after.shape(name), made);
}

/** All but types, and NOT NULL of keys: these options imply it. */
function essence({ columns, foreignKeys }: TableDefinition): string {
  const parts = columns.map(({ name, isNotNull, defaultValue, key, hidden }) => [
    ...[name, key > 0 || isNotNull, defaultValue, key, hidden],
  ]);
  return JSON.stringify([parts, foreignKeys]);
}

/** What has to be unique, and how it is compared. */
function keysOf(shape: TableShape, definition: TableDefinition): string {
  const name = rowidColumn(shape, definition);
  const rowid = name === null ? [] : [[{ name, collation: "BINARY", descending: false }]];
  const keys = [...shape.constraints.map((constraint) => constraint.columns), ...rowid];
  const texts = keys.map((key) => JSON.stringify(key.map(({ name, collation, descending }) => [name, collation, descending])));
  return JSON.stringify([shape.storedColumns, [...new Set(texts)].sort()]);
}

/** The PRIMARY KEY that is the rowid: it has no index. */
function rowidColumn({ constraints }: TableShape, { columns }: TableDefinition): string | null {
  const [first, ...more] = columns.filter(({ key }) => key > 0);
  const isRowid = more.length === 0 && constraints.every(({ kind }) => kind !== "PRIMARY KEY");
  return first === undefined || !isRowid ? null : first.name;
}

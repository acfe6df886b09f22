import { foldName } from "../base/identifiers.ts";
import type { DumpObject, DumpSchema } from "../metadata/dump-object.ts";
import type { MasterTable } from "../metadata/master-table.ts";
import { decodeSql } from "../sqlite/scratch.ts";

/** What a statement may name of a schema. */
export interface NamedObjects {
  readonly schema: DumpSchema;
  readonly objects: readonly DumpObject[];
  /** Whether it may name a virtual table: its module reads its tables by statements of its own. */
  readonly usesModules: boolean;
}

/** Tables and functions that tell about all objects. */
const ABOUT_ALL = /\bsqlite_(?:schema|master)\b|\bpragma_/i;
/** A byte order mark may also be space, in front of a name. */
const NAME_CHARACTER = /[\w$\u0080-\ufefe\uff00-\uffff]/;

/**
 * Every table, view and index that a statement can name, itself or by a view or a virtual table that it names; a virtual table brings its
 * shadow tables. More than it names may be among them, nothing is left out: a name has to stand in the text to be meant.
 */
export function namedObjects({ schemas, objects }: MasterTable, statement: string): readonly NamedObjects[] {
  return schemas.map((schema) => {
    const own = objects.filter((object) => object.schema === schema.name);
    const named = closure(own, statement, schema);
    const usesModules = named.some(({ kind }) => kind === "virtual");
    return { schema, objects: ABOUT_ALL.test(statement) ? own : named, usesModules };
  });
}

function closure(own: readonly DumpObject[], statement: string, { settings }: DumpSchema): readonly DumpObject[] {
  const candidates = own.filter(({ objectType }) => objectType !== "TRIGGER");
  const taken = new Set<DumpObject>();
  const texts = [statement];
  for (let next = texts.pop(); next !== undefined; next = texts.pop()) {
    const text = foldName(next);
    for (const object of candidates.filter((one) => !taken.has(one) && mentions(text, one.name))) {
      taken.add(object);
      for (const shadow of shadowsOf(object, own)) taken.add(shadow);
      if (leadsOn(object)) texts.push(decodeSql(object.sql ?? Buffer.alloc(0), settings.encoding));
    }
  }
  return own.filter((object) => taken.has(object));
}

function shadowsOf({ kind, name }: DumpObject, own: readonly DumpObject[]): readonly DumpObject[] {
  if (kind !== "virtual") return [];
  return own.filter(({ owner }) => owner !== null && foldName(owner) === foldName(name));
}

/** A virtual table may read from another table (`content=`). */
function leadsOn({ objectType, kind }: DumpObject): boolean {
  return objectType === "VIEW" || kind === "virtual";
}

/** Whether a name stands in a folded text as a word, in quotes of any kind or without. */
export function mentions(text: string, name: string): boolean {
  const folded = foldName(name);
  const spellings = new Set([folded, ...['"', "'", "`"].map((quote) => folded.replaceAll(quote, quote + quote))]);
  return [...spellings].some((spelling) => standsIn(text, spelling));
}

function standsIn(text: string, word: string): boolean {
  if (word === "") return true;
  const joins = (a: string | undefined, b: string | undefined) =>
    a !== undefined && b !== undefined && NAME_CHARACTER.test(a) && NAME_CHARACTER.test(b);
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
    const end = at + word.length;
    if (!joins(text[at - 1], word[0]) && !joins(word.at(-1), text[end])) return true;
  }
  return false;
}

import { pumpError } from "../base/errors.ts";
import { foldName, qualifiedName } from "../base/identifiers.ts";
import type { DumpObject } from "../metadata/dump-object.ts";
import type { OpenDump } from "./open-dump.ts";
import { nearestHint } from "./query.ts";

/** A name in double quotes, or one without. */
const PART = String.raw`(?:"(?:[^"]|"")+"|[^".]+)`;
const QUALIFIED = new RegExp(String.raw`^(?:(?<schema>${PART})\.)?(?<table>${PART})$`, "s");

/**
 * The table or view that a text names: as it is stored, with its schema and a dot before it, or with either in double quotes.
 * @throws ORA-39001 with ORA-39166 for none, or one in several schemas
 */
export function findTable(dump: OpenDump, text: string): DumpObject {
  const tables = dump.master.objects.filter(({ objectType }) => objectType === "TABLE" || objectType === "VIEW");
  const { schema, table } = QUALIFIED.exec(text)?.groups ?? {};
  const typed = foldName(text);
  const readings: ((object: DumpObject) => boolean)[] = [
    ({ name }) => foldName(name) === typed,
    (object) => foldName(`${object.schema}.${object.name}`) === typed,
    (object) => table !== undefined && isNamed(object.name, table) && (schema === undefined || isNamed(object.schema, schema)),
  ];
  for (const reading of readings) {
    const [found, second] = tables.filter(reading);
    if (found === undefined) continue;
    if (second === undefined) return found;
    throw pumpError(
      [["ORA-39001"], ["TSDP-00010", `the table is in schemas ${found.schema} and ${second.schema}`]],
      `Name the schema as well: ${qualifiedName(found.schema, found.name)}.`,
    );
  }
  throw pumpError([["ORA-39001"], ["ORA-39166", text]], nearestHint(dump, unquoted(table ?? text)));
}

function isNamed(name: string, typed: string): boolean {
  return foldName(name) === foldName(unquoted(typed));
}

function unquoted(part: string): string {
  return part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part;
}

import { quoteIdentifier, upperName } from "../../base/identifiers.ts";
import { splitOutside } from "../lexer.ts";

const CLAUSE = /^\s*(?:WHERE|ORDER\s+BY)\b/i;
const SCHEME = /^[a-z][a-z0-9+.-]*:\/\//i;

/** The text of an element without the quotes around it; a doubled quote inside stands for one. */
export function unquote(element: string): string {
  const quote = element.charAt(0);
  if ((quote !== '"' && quote !== "'") || element.length < 2 || !element.endsWith(quote)) return element;
  return element.slice(1, -1).replaceAll(quote + quote, quote);
}

/** A name of a schema, directory, user or job: in upper case unless it is quoted. */
export function nameOf(element: string): string {
  const text = element.startsWith("'") ? unquote(element) : element;
  return text.startsWith('"') ? unquote(text) : upperName(text);
}

/** `YES`, `Y` and `TRUE` are true, `NO`, `N` and `FALSE` are false, without case; anything else is undefined. */
export function booleanOf(element: string): boolean | undefined {
  const word = unquote(element).toUpperCase();
  if (["Y", "YES", "TRUE"].includes(word)) return true;
  return ["N", "NO", "FALSE"].includes(word) ? false : undefined;
}

/** `source:target` as two names; undefined when it isn't two. */
export function remapOf(element: string): readonly [source: string, target: string] | undefined {
  const [source, target, ...more] = splitOutside(unquoteSingle(element), ":").map((name) => nameOf(name.trim()));
  if (source === undefined || target === undefined || more.length > 0) return undefined;
  return source === "" || target === "" ? undefined : [source, target];
}

/** `source:target` as two paths, each in quotes or as it is; quotes around both may be there, too. */
export function pathRemapOf(element: string): readonly [source: string, target: string] | undefined {
  const whole = splitOutside(element, ":").length === 1 ? unquote(element) : element;
  const [source, target, ...more] = splitOutside(whole, ":").map((path) => unquote(path.trim()));
  if (source === undefined || target === undefined || more.length > 0) return undefined;
  return source === "" || target === "" ? undefined : [source, target];
}

/** `[directory:]file`: the directory object as typed, undefined when none is given. */
export function fileOf(element: string): { readonly directory: string | undefined; readonly name: string } {
  const [first = "", ...rest] = splitOutside(element, ":");
  if (rest.length === 0) return { directory: undefined, name: unquote(element) };
  return { directory: unquoteSingle(first.trim()), name: unquote(rest.join(":").trim()) };
}

/** `[credential:]url`, the credential as typed; undefined for what is no URL. */
export function urlOf(element: string): { readonly directory: string | undefined; readonly name: string } | undefined {
  const text = unquote(element);
  if (SCHEME.test(text)) return { directory: undefined, name: text };
  const file = fileOf(element);
  return SCHEME.test(file.name) ? file : undefined;
}

/** `[schema.]table` as TABLE_FILTER takes it: the schema in upper case, the table as typed. Undefined when it is neither. */
export function tableOf(element: string): string | undefined {
  const text = unquoteSingle(element);
  const parts = splitOutside(text, ".").map((part) => part.trim());
  if (parts.length > 2 || parts.includes("") || splitOutside(text, ":").length > 1) return undefined;
  const [first = "", table] = parts;
  return table === undefined ? first : `${plainOrQuoted(nameOf(first))}.${table}`;
}

/**
 * The elements of a list of clauses. A clause whose quotes the shell has taken may hold commas; what no element can begin with belongs to
 * the one before.
 */
export function splitClauses(parts: readonly string[]): readonly string[] {
  const elements: string[] = [];
  for (const part of parts) {
    const last = elements.pop();
    if (last === undefined) elements.push(part);
    else elements.push(...(clauseOf(part) === undefined ? [`${last},${part}`] : [last, part]));
  }
  return elements.map((element) => element.trim());
}

/** `[[schema.]table:]clause`, the table as typed; undefined for what is none. */
export function clauseOf(element: string): { readonly table: string; readonly clause: string } | undefined {
  const whole = unquote(element.trim());
  if (CLAUSE.test(whole)) return { table: "", clause: whole };
  const [table = "", ...rest] = splitOutside(element, ":");
  const clause = unquote(rest.join(":").trim());
  return CLAUSE.test(clause) ? { table: table.trim(), clause } : undefined;
}

/** A column and the function that replaces its values. */
export interface DataRemapText {
  readonly schema: string | null;
  readonly table: string;
  readonly column: string;
  readonly remapFunction: string;
}

/** `[schema.]table.column:function`; undefined when it isn't that. */
export function dataRemapOf(element: string): DataRemapText | undefined {
  const [source, remapFunction, ...more] = splitOutside(unquoteSingle(element), ":").map((part) => part.trim());
  if (source === undefined || remapFunction === undefined || remapFunction === "" || more.length > 0) return undefined;
  const names = splitOutside(source, ".").map((name) => name.trim());
  const [column, table, schema] = [...names].reverse();
  if (column === undefined || table === undefined || names.length > 3 || names.includes("")) return undefined;
  const schemaName = schema === undefined ? null : nameOf(schema);
  return { schema: schemaName, table: unquote(table), column: unquote(column), remapFunction };
}

function unquoteSingle(element: string): string {
  return element.startsWith("'") && splitOutside(element, ":").length === 1 ? unquote(element) : element;
}

/** A name as it can be typed: in quotes when it has to be. */
export function plainOrQuoted(name: string): string {
  return /^[A-Z_][A-Z0-9_$#]*$/.test(name) ? name : quoteIdentifier(name);
}

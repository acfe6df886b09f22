import { pumpError } from "../base/errors.ts";
import { foldName } from "../base/identifiers.ts";

/** One item of TABLE_FILTER: `[schema.]table`, with wildcards in the table's name: `%` and `*` for any text, `?` for one character. */
export interface TablePattern {
  /** As given; null: the schema of the job. */
  readonly schema: string | null;
  readonly table: string;
  /** As given, for messages. */
  readonly text: string;
  matches(table: string): boolean;
}

const PART = String.raw`(?:"(?:[^"]|"")+"|[^\s".,]+)`;
const ITEM = new RegExp(String.raw`^\s*(?:(${PART})\s*\.\s*)?(${PART})\s*(?:,|$)`);

const WILDCARDS: Readonly<Record<string, string | undefined>> = { "%": "[\\s\\S]*", "*": "[\\s\\S]*", "?": "[\\s\\S]" };

/**
 * Parses a comma list of tables. A name in double quotes is taken letter by letter, without wildcards.
 * @throws ORA-39001 with ORA-39193 (a wildcard in the schema) or ORA-39194 (no comma list)
 */
export function parseTableFilter(value: string): readonly TablePattern[] {
  const patterns: TablePattern[] = [];
  for (let rest = value; rest.trim() !== "";) {
    const item = ITEM.exec(rest);
    if (item === null) throw pumpError([["ORA-39001"], ["ORA-39194"]], `Write tables like SCHEMA.TABLE,OTHER; it was: ${value}`);
    const [whole, schema, table] = item;
    if (schema !== undefined && /%|^[^"]*[*?]/.test(schema)) throw pumpError([["ORA-39001"], ["ORA-39193"]]);
    patterns.push(pattern(schema === undefined ? null : unquote(schema), table ?? "", whole.replace(/,\s*$/, "").trim()));
    rest = rest.slice(whole.length);
  }
  return patterns;
}

function pattern(schema: string | null, table: string, text: string): TablePattern {
  const name = unquote(table);
  const parts = table.startsWith('"') ? [foldName(name)] : foldName(name).split(/([%*?])/);
  const sources = parts.map((part) => (table.startsWith('"') ? undefined : WILDCARDS[part]) ?? literal(part));
  const expression = new RegExp(`^${sources.join("")}$`, "u");
  return { schema, table: name, text, matches: (candidate) => expression.test(foldName(candidate)) };
}

function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

function unquote(part: string): string {
  return part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part;
}

import { QUOTE_ENDS, tokensOf, type Token } from "./statement-end.ts";

/** A column of a CREATE TABLE text; places are numbers of tokens. */
export interface ColumnText {
  /** The last token of its name. */
  readonly name: number;
  /** The first and the last token of its type; null: it has none. */
  readonly type: readonly [first: number, last: number] | null;
}

/** The parts of a CREATE TABLE text that are not expressions. */
export interface TableText {
  readonly tokens: readonly Token[];
  readonly columns: readonly ColumnText[];
  /** The parenthesis that closes the columns and constraints. */
  readonly close: number;
  /** The options behind it, in upper case, with their tokens. */
  readonly options: readonly { readonly name: string; readonly tokens: readonly number[] }[];
}

/** Reserved words: no column has one of them for a name, unless it is quoted. */
const TABLE_CONSTRAINTS: ReadonlySet<string> = new Set(["CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"]);
const COLUMN_CONSTRAINTS: ReadonlySet<string> = new Set([
  ...["CONSTRAINT", "PRIMARY", "NOT", "NULL", "UNIQUE", "CHECK", "DEFAULT", "COLLATE", "REFERENCES", "AS", "DEFERRABLE"],
]);

/** @returns null for what is not as SQLite stores a table */
export function readTableText(sql: string): TableText | null {
  const tokens = [...tokensOf(sql)];
  const words = tokens.flatMap(({ isSpace }, i) => (isSpace ? [] : [i]));
  const open = words.findIndex((i) => tokens[i]?.text === "(");
  const end = closeOf(tokens, words, open);
  if (open === -1 || end === -1) return null;
  const options = optionsOf(tokens, words.slice(end + 1));
  if (options === null) return null;
  const segments = splitAtCommas(tokens, words.slice(open + 1, end));
  const first = segments.findIndex(([word]) => TABLE_CONSTRAINTS.has(upper(tokens, word)));
  const columns = segments.slice(0, first === -1 ? undefined : first).map((segment) => columnOf(tokens, segment));
  return { tokens, columns, close: words[end] ?? 0, options };
}

function upper(tokens: readonly Token[], index: number | undefined): string {
  return (tokens[index ?? -1]?.text ?? "").toUpperCase();
}

/** The place in `words` of the parenthesis that closes the one at `open`; -1: there is none. */
function closeOf(tokens: readonly Token[], words: readonly number[], open: number): number {
  let depth = 0;
  for (let at = Math.max(open, 0); at < words.length; at++) {
    const { text } = tokens[words[at] ?? 0] ?? { text: "" };
    if (text === "(") depth += 1;
    if (text === ")") depth -= 1;
    if (depth === 0) return at;
  }
  return -1;
}

function splitAtCommas(tokens: readonly Token[], words: readonly number[]): readonly (readonly number[])[] {
  const segments: number[][] = [[]];
  let depth = 0;
  for (const word of words) {
    const text = tokens[word]?.text;
    if (text === "(") depth += 1;
    if (text === ")") depth -= 1;
    if (text === "," && depth === 0) segments.push([]);
    else segments.at(-1)?.push(word);
  }
  return segments;
}

function columnOf(tokens: readonly Token[], words: readonly number[]): ColumnText {
  const name = nameLength(tokens, words);
  let end = name;
  while (end < words.length && isOfType(tokens, words, end)) end += 1;
  if (end > name && tokens[words[end] ?? -1]?.text === "(") end = closeOf(tokens, words, end) + 1;
  const [first, last] = [words[name], words[end - 1]];
  return {
    name: words[name - 1] ?? 0,
    type: end > name && first !== undefined && last !== undefined ? [first, last] : null,
  };
}

/** A doubled quote in a name makes two tokens side by side of it. */
function nameLength(tokens: readonly Token[], words: readonly number[]): number {
  const quote = tokens[words[0] ?? -1]?.text.charAt(0) ?? "";
  if (QUOTE_ENDS[quote] === undefined || quote === "[") return 1;
  let length = 1;
  while (words[length] === (words[0] ?? 0) + length && tokens[words[length] ?? -1]?.text.charAt(0) === quote) length += 1;
  return length;
}

function isOfType(tokens: readonly Token[], words: readonly number[], at: number): boolean {
  const word = upper(tokens, words[at]);
  if (QUOTE_ENDS[word.charAt(0)] !== undefined) return true;
  if (!/^[A-Z_$\u0080-\uFFFF]/.test(word) || COLUMN_CONSTRAINTS.has(word)) return false;
  return !(word === "GENERATED" && upper(tokens, words[at + 1]) === "ALWAYS");
}

function optionsOf(tokens: readonly Token[], words: readonly number[]): TableText["options"] | null {
  if (words.length === 0) return [];
  const options = splitAtCommas(tokens, words).map((option) => ({
    name: option.map((word) => upper(tokens, word)).join(" "),
    tokens: option,
  }));
  return options.every(({ name }) => name === "STRICT" || name === "WITHOUT ROWID") ? options : null;
}

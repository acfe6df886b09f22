import { quoteLiteral } from "../base/identifiers.ts";
import type { Connection } from "./database.ts";
import { everyRow, rangeSql } from "./key-range.ts";
import type { RowFilter } from "./row-filter.ts";
import type { TableShape } from "./schema.ts";
import { isClosed, QUOTE_ENDS, tokensOf, type Token } from "./statement-end.ts";

/** By which name a clause may call the table that it is about, as in Data Pump. */
const ALIAS = "KU$";
const TIME_FUNCTIONS: ReadonlySet<string> = new Set([
  "DATE",
  "TIME",
  "DATETIME",
  "JULIANDAY",
  "UNIXEPOCH",
  "STRFTIME",
  "TIMEDIFF",
]);
const CURRENT: Readonly<Record<string, readonly [from: number, to: number]>> = {
  CURRENT_DATE: [0, 10],
  CURRENT_TIME: [11, 19],
  CURRENT_TIMESTAMP: [0, 19],
};
const ALWAYS_TRUE = "1";

/** What is wrong with a clause, in words that go on after its name. */
export class BadClause extends Error {
  override readonly name = "BadClause";
  /** What to do instead, where that is known. */
  readonly advice: string | undefined;

  constructor(message: string, advice?: string) {
    super(message);
    this.advice = advice;
  }
}

/**
 * A clause `[WHERE condition] [ORDER BY terms]`. Neither part can end outside the place where it is put: the parentheses are balanced,
 * quotes closed, comments gone.
 * @throws BadClause
 */
export function readQueryClause(text: string): RowFilter {
  const tokens = [...tokensOf(text)].map((token) => (token.isSpace ? { ...token, text: " " } : token));
  assertContained(tokens);
  const order = placeOfOrder(tokens);
  const [first] = tokens.filter(({ isSpace }) => !isSpace);
  const hasWhere = first !== undefined && isWord(first, "WHERE");
  if (!hasWhere && order.from !== tokens.findIndex(({ isSpace }) => !isSpace))
    throw new BadClause("it begins neither with WHERE nor with ORDER BY");
  const where = hasWhere ? textOf(tokens.slice(tokens.indexOf(first) + 1, order.from)) : ALWAYS_TRUE;
  const orderBy = textOf(tokens.slice(order.to));
  if (where === "" || (order.to > order.from && orderBy === "")) throw new BadClause("it ends too early");
  const alias = tokens.some((token) => isName(token, ALIAS)) ? ALIAS : null;
  return { where, orderBy: orderBy === "" ? null : orderBy, alias };
}

/**
 * Holds a clause against the table: SQLite's own program for it has to read rows and to give the same answer each time.
 * @throws BadClause; SQLite's error
 */
export function assertReads(connection: Connection, shape: TableShape, filter: RowFilter, isView: boolean): void {
  const { from, where } = rangeSql(shape, isView ? { kind: "scan", offset: 0n, ofView: true } : everyRow(shape), filter);
  const order = filter.orderBy === null ? "" : ` ORDER BY ${filter.orderBy}`;
  const statement = connection.prepare(`SELECT 1 FROM ${from} WHERE ${where}${isView ? "" : order} LIMIT 1`);
  if (!statement.readonly) throw new BadClause("it does not only read");
  const program = programOf(connection, statement.source);
  const calls = program.flatMap(({ opcode, p4 }) => (/Func/.test(opcode) ? [/^(.*)\(/.exec(String(p4))?.[1] ?? ""] : []));
  const fickle = connection.prepare(`SELECT 1 FROM pragma_function_list WHERE name = lower(?) AND flags & ${DETERMINISTIC} = 0`);
  const call = calls.find((name) => fickle.get(name) !== undefined);
  if (call !== undefined) throw new BadClause(`what ${call}() gives is not the same each time`);
}

/**
 * As `assertReads`, of a clause that can be asked of each row by itself: it reads no table but the one that it is about, and that once.
 * @throws BadClause; SQLite's error
 */
export function assertReadsRow(connection: Connection, shape: TableShape, filter: RowFilter): void {
  assertReads(connection, shape, filter, false);
  const { from, where } = rangeSql(shape, everyRow(shape), filter);
  const opened = programOf(connection, `SELECT 1 FROM ${from} WHERE ${where}`).filter(({ opcode }) => opcode === "OpenRead");
  if (opened.length > 1)
    throw new BadClause(
      "it reads a table: an import of a dump looks at each row by itself, and has no other rows at hand",
      "Choose by other tables when you export, or import over a database link, where the source is asked",
    );
}

function programOf(connection: Connection, sql: string): readonly { readonly opcode: string; readonly p4: unknown }[] {
  return connection.prepare(`EXPLAIN ${sql}`).all() as { opcode: string; p4: unknown }[];
}

/** SQLITE_DETERMINISTIC */
const DETERMINISTIC = 0x800;

/**
 * Puts a moment in the place of `'now'` and CURRENT_DATE, so that a job means the same moment as long as it lives. Only what is named is
 * found: a column whose value is `now` is not.
 */
export function atMoment(text: string, moment: Date): string {
  const now = moment.toISOString().slice(0, 23).replace("T", " ");
  const calls: string[] = [];
  const solid: Token[] = [];
  return [...tokensOf(text)]
    .map((token) => {
      if (token.isSpace) return token.text;
      const inside = calls.at(-1) ?? "";
      const fixed = fixedTime(token, inside, solid, now);
      if (token.text === "(") calls.push(solid.at(-1)?.text.toUpperCase() ?? "");
      if (token.text === ")") calls.pop();
      solid.push(token);
      return fixed;
    })
    .join("");
}

function fixedTime({ text }: Token, call: string, before: readonly Token[], now: string): string {
  const range = CURRENT[text.toUpperCase()];
  if (range !== undefined) return quoteLiteral(now.slice(...range));
  if (!TIME_FUNCTIONS.has(call)) return text;
  if (text.toLowerCase() === "'now'") return quoteLiteral(now);
  if (text !== ")") return text;
  // What is left out is now.
  if (before.at(-1)?.text === "(") return `${quoteLiteral(now)})`;
  return call === "STRFTIME" && before.at(-2)?.text === "(" ? `, ${quoteLiteral(now)})` : text;
}

function assertContained(tokens: readonly Token[]): void {
  let depth = 0;
  for (const { text, isSpace } of tokens) {
    if (isSpace) continue;
    depth += Number(text === "(") - Number(text === ")");
    if (depth < 0) throw new BadClause("it closes a parenthesis that it has not opened");
    if (text === ";") throw new BadClause("it holds a semicolon");
    if (text === "\0") throw new BadClause("it holds a NUL character");
    if (/^[?:@#$]/.test(text)) throw new BadClause(`it holds a placeholder, ${text}`);
    if (/^pragma_/i.test(nameOf(text))) throw new BadClause(`it reads what is no table, ${text}`);
    if (!isClosed(text)) throw new BadClause("it does not close a quote");
  }
  if (depth > 0) throw new BadClause("it does not close a parenthesis");
}

/** Where ORDER BY stands outside parentheses; at the end when it does not. */
function placeOfOrder(tokens: readonly Token[]): { readonly from: number; readonly to: number } {
  let depth = 0;
  for (const [i, token] of tokens.entries()) {
    depth += Number(token.text === "(") - Number(token.text === ")");
    if (depth > 0 || !isWord(token, "ORDER")) continue;
    const by = tokens.findIndex(({ isSpace }, j) => j > i && !isSpace);
    const next = tokens[by];
    if (next !== undefined && isWord(next, "BY")) return { from: i, to: by + 1 };
  }
  return { from: tokens.length, to: tokens.length };
}

function isWord({ text, isSpace }: Token, word: string): boolean {
  return !isSpace && text.toUpperCase() === word;
}

function isName({ text }: Token, name: string): boolean {
  return nameOf(text).toUpperCase() === name;
}

/** What a token names; a text in single quotes names nothing. */
function nameOf(text: string): string {
  const end = QUOTE_ENDS[text.charAt(0)];
  if (end === undefined) return text;
  return end === "'" ? "" : text.slice(1, -1);
}

function textOf(tokens: readonly Token[]): string {
  const solid = tokens.map(({ isSpace }) => !isSpace);
  return tokens
    .slice(solid.indexOf(true), solid.lastIndexOf(true) + 1)
    .map(({ text }) => text)
    .join("");
}

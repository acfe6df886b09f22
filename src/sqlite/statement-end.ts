const SPACE = /\s+/y;
const WORD = /[A-Za-z_\u0080-\uFFFF$][\w\u0080-\uFFFF$]*/y;
/** How a quoted text ends, by what it begins with; a doubled quote in it is two texts side by side. */
export const QUOTE_ENDS: Readonly<Record<string, string>> = { "'": "'", '"': '"', "`": "`", "[": "]" };

/**
 * Whether SQL text goes on after its first statement. SQLite ignores such a tail in a stored definition, other readers
 * might run it. A trigger ends at `; END ;`, everything else at its first semicolon.
 */
export function hasTail(sql: string, type: string): boolean {
  let ended = false;
  let lastTokens: readonly string[] = [];
  for (const { text, isSpace } of tokensOf(sql)) {
    if (isSpace) continue;
    if (ended) return true;
    lastTokens = [...lastTokens.slice(-2), text.length > 3 ? "" : text.toUpperCase()];
    ended = lastTokens.at(-1) === ";" && (type !== "trigger" || (lastTokens[1] === "END" && lastTokens[0] === ";"));
  }
  return false;
}

/**
 * A variable that builds of SQLite read in two ways: `$x(...)` and `$x::y` are one token of Tcl, whatever quotes are in it, or a variable
 * and what follows it where SQLite is built without these, as here.
 */
const TCL_VARIABLE = /[$@#:][\w\u0080-\uFFFF$]*(?:\(|::)/y;

/** Where not every program reads the same tokens in SQL text, or a quoted text does not end; null: nowhere. */
export function unclearToken(sql: string): string | null {
  for (const { text, start, isSpace } of tokensOf(sql)) {
    if (isSpace) continue;
    if (match(TCL_VARIABLE, sql, start) > start) return "a variable before a parenthesis or a double colon";
    if (!isClosed(text)) return "a quote that does not end";
  }
  return null;
}

/** Whether a token ends with the quote that ends it, or is not quoted. */
export function isClosed(text: string): boolean {
  const end = QUOTE_ENDS[text.charAt(0)];
  return end === undefined || (text.length > 1 && text.endsWith(end));
}

/** A text with one statement, without its semicolon and what is around it, and its first word in upper case. */
export function bareStatement(sql: string): { readonly text: string; readonly firstWord: string } {
  const tokens = [...tokensOf(sql)].filter(({ text, isSpace }) => !isSpace && text !== ";");
  const [first, last] = [tokens[0], tokens.at(-1)];
  if (first === undefined || last === undefined) return { text: "", firstWord: "" };
  return { text: sql.slice(first.start, last.start + last.text.length), firstWord: first.text.toUpperCase() };
}

/** SQL text without its comments and quoted parts. */
export function bareSql(sql: string): string {
  const parts: string[] = [];
  for (const { text, isSpace } of tokensOf(sql))
    parts.push(isSpace || (QUOTE_ENDS[text.charAt(0)] !== undefined && text.length > 1) ? " " : text);
  return parts.join("");
}

/** A word or a quoted text of SQL: what may be a name. */
export interface SqlName {
  /** Without its quotes. */
  readonly name: string;
  /** As it stands in the text. */
  readonly text: string;
  readonly start: number;
  /** What stands before it, white space and comments aside. */
  readonly before: string;
}

/** What may be a name in SQL text; keywords and strings are among it. */
export function* namesOfSql(sql: string): Generator<SqlName> {
  let before = "";
  for (const { text, start, isQuoted } of partsOf(sql)) {
    if (isQuoted) yield quotedName(text, start, before);
    else if (match(WORD, text, 0) === text.length) yield { name: text, text, start, before };
    before = text;
  }
}

/** The module that the definition of a virtual table names. */
export function moduleOf(sql: string): string | undefined {
  for (const { name, before } of namesOfSql(sql)) if (before.toUpperCase() === "USING") return name;
  return undefined;
}

/** The tokens that are no space; a quoted text with doubled quotes is one. */
function* partsOf(sql: string): Generator<{ readonly text: string; readonly start: number; readonly isQuoted: boolean }> {
  /** Where a quoted text begins that may go on. */
  let from = -1;
  for (const { text, start, isSpace } of tokensOf(sql)) {
    const isQuoted = text.length > 1 && QUOTE_ENDS[text.charAt(0)] !== undefined;
    const goesOn = isQuoted && text.charAt(0) === sql.charAt(from) && text.charAt(0) !== "[";
    if (from >= 0 && !goesOn) {
      yield { text: sql.slice(from, start), start: from, isQuoted: true };
      from = -1;
    }
    if (isQuoted && from < 0) from = start;
    if (!isQuoted && !isSpace) yield { text, start, isQuoted };
  }
  if (from >= 0) yield { text: sql.slice(from), start: from, isQuoted: true };
}

function quotedName(text: string, start: number, before: string): SqlName {
  const close = QUOTE_ENDS[text.charAt(0)] ?? "";
  const inner = text.slice(1, text.endsWith(close) ? -1 : undefined);
  return { name: close === "]" ? inner : inner.replaceAll(close + close, close), text, start, before };
}

/** A word, a quoted text, white space, a comment, or one other character. */
export interface Token {
  readonly text: string;
  readonly start: number;
  /** White space or a comment. */
  readonly isSpace: boolean;
}

/** The text comes from a dump: each character is looked at once, whatever it is made to look like. */
export function* tokensOf(sql: string): Generator<Token> {
  for (let position = 0; position < sql.length;) {
    const space = Math.max(match(SPACE, sql, position), commentEnd(sql, position));
    const next = space > position ? space : Math.max(quotedEnd(sql, position), match(WORD, sql, position), position + 1);
    yield { text: sql.slice(position, next), start: position, isSpace: space > position };
    position = next;
  }
}

function commentEnd(sql: string, position: number): number {
  if (sql.startsWith("--", position)) return endAfter(sql, "\n", position);
  if (sql.startsWith("/*", position)) return endAfter(sql, "*/", position + 2);
  return position;
}

/** A quoted text that does not end takes all that is left. */
function quotedEnd(sql: string, position: number): number {
  const quote = QUOTE_ENDS[sql.charAt(position)];
  return quote === undefined ? position : endAfter(sql, quote, position + 1);
}

/** The place after the next occurrence, or the end. */
function endAfter(sql: string, text: string, from: number): number {
  const found = sql.indexOf(text, from);
  return found === -1 ? sql.length : found + text.length;
}

/** End of a match at the position, or the position. */
function match(pattern: RegExp, text: string, position: number): number {
  pattern.lastIndex = position;
  return pattern.test(text) ? pattern.lastIndex : position;
}

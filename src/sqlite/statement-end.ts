/** What all programs take for space, sqlite3_complete too, by which the shell cuts a script into statements. For regular expressions. */
export const PLAIN_SPACE = String.raw`[ \t\n\f\r]`;
/** What SQLite itself takes for space: a vertical tab when it follows other space, and a byte order mark before a token. */
const SPACE = /(?:[ \t\n\f\r][\t-\r ]*|\uFEFF)+/y;
/** Space that is none for sqlite3_complete. */
const ODD_SPACE = /^[^-/]*[\v\uFEFF]/;
const WORD = /[A-Za-z_\u0080-\uFFFF$][\w\u0080-\uFFFF$]*/y;
/** How a quoted text ends, by what it begins with; a doubled quote in it is two texts side by side. */
export const QUOTE_ENDS: Readonly<Record<string, string>> = { "'": "'", '"': '"', "`": "`", "[": "]" };

/** Looks for the end of a statement: that of a trigger is `; END ;`, that of everything else its first semicolon. */
class StatementEnd {
  readonly #isTrigger: boolean;
  #tokens: readonly string[] = [];
  isPassed = false;

  constructor(type: string) {
    this.#isTrigger = type === "trigger";
  }

  /** Whether what comes next may end the statement, or it has ended. */
  get isNear(): boolean {
    return this.isPassed || (this.#isTrigger && (this.isWhole || this.#tokens.at(-1) === ";"));
  }

  /** Whether what has come is a whole statement, but for its semicolon. */
  get isWhole(): boolean {
    const [before, last] = this.#tokens.slice(-2);
    return this.isPassed || !this.#isTrigger || (before === ";" && last === "END");
  }

  /** @param text of the next token that is no space */
  pass(text: string): void {
    this.#tokens = [...this.#tokens.slice(-2), text.length > 3 ? "" : text.toUpperCase()];
    const [first, second, last] = this.#tokens;
    this.isPassed = this.#isTrigger ? first === ";" && second === "END" && last === ";" : text === ";";
  }
}

/**
 * Whether SQL text goes on after its first statement. SQLite ignores such a tail in a stored definition, other readers
 * might run it.
 */
export function hasTail(sql: string, type: string): boolean {
  const end = new StatementEnd(type);
  for (const { text, isSpace } of tokensOf(sql)) {
    if (isSpace) continue;
    if (end.isPassed) return true;
    end.pass(text);
  }
  return false;
}

/** What keeps some program from reading a text as one statement, in words that go on after its name; null: nothing. */
export function statementFault(sql: string, type: string): string | null {
  const end = new StatementEnd(type);
  for (const token of tokensOf(sql)) {
    const fault = token.isSpace
      ? spaceFault(token, end)
      : (tokenFault(token, sql) ?? (end.isPassed ? "goes on after its end" : null));
    if (fault !== null) return fault;
    if (!token.isSpace) end.pass(token.text);
  }
  return end.isWhole ? null : "has no end";
}

function spaceFault({ text }: Token, { isNear }: StatementEnd): string | null {
  return isNear && ODD_SPACE.test(text) ? "holds a vertical tab or a byte order mark beside a semicolon or END" : null;
}

function tokenFault({ text, start }: Token, sql: string): string | null {
  if (match(TCL_VARIABLE, sql, start) > start) return "holds a variable before a parenthesis or a double colon";
  if (text === "\v") return "holds a vertical tab that separates nothing";
  return isClosed(text) ? null : "holds a quote that does not end";
}

/**
 * A variable that builds of SQLite read in two ways: `$x(...)` and `$x::y` are one token of Tcl, whatever quotes are in it, or a variable
 * and what follows it where SQLite is built without these, as here.
 */
const TCL_VARIABLE = /[$@#:][\w\u0080-\uFFFF$]*(?:\(|::)/y;

/** Whether a token ends with the quote that ends it, or is not quoted. */
export function isClosed(text: string): boolean {
  const end = QUOTE_ENDS[text.charAt(0)];
  return end === undefined || (text.length > 1 && text.endsWith(end));
}

/** The first tokens of a text that are no space, in upper case. */
export function firstWords(sql: string, count: number): readonly string[] {
  const words: string[] = [];
  for (const { text, isSpace } of tokensOf(sql)) {
    if (!isSpace && words.push(text.toUpperCase()) === count) break;
  }
  return words;
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

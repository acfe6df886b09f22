const SPACE_OR_COMMENT = /(?:\s+|--[^\n]*(?:\n|$)|\/\*[\s\S]*?(?:\*\/|$))/y;
const QUOTED = /(?:'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\])/y;
const WORD = /[A-Za-z_\u0080-\uFFFF$][\w\u0080-\uFFFF$]*/y;

/**
 * Whether SQL text goes on after its first statement. SQLite ignores such a tail in a stored definition, other readers
 * might run it. A trigger ends at `; END ;`, everything else at its first semicolon.
 */
export function hasTail(sql: string, type: string): boolean {
  let ended = false;
  let lastTokens: readonly string[] = [];
  for (const { text } of tokensOf(sql)) {
    if (ended) return true;
    lastTokens = [...lastTokens.slice(-2), text.toUpperCase()];
    ended = lastTokens.at(-1) === ";" && (type !== "trigger" || (lastTokens[1] === "END" && lastTokens[0] === ";"));
  }
  return false;
}

/** A text with one statement, without its semicolon and what is around it, and its first word in upper case. */
export function bareStatement(sql: string): { readonly text: string; readonly firstWord: string } {
  const tokens = [...tokensOf(sql)].filter(({ text }) => text !== ";");
  const [first, last] = [tokens[0], tokens.at(-1)];
  if (first === undefined || last === undefined) return { text: "", firstWord: "" };
  return { text: sql.slice(first.start, last.start + last.text.length), firstWord: first.text.toUpperCase() };
}

/** Words, quoted texts, and single characters of anything else. */
function* tokensOf(sql: string): Generator<{ readonly text: string; readonly start: number }, void> {
  for (let position = 0; position < sql.length;) {
    const skipped = match(SPACE_OR_COMMENT, sql, position);
    if (skipped > position) {
      position = skipped;
      continue;
    }
    const next = Math.max(match(QUOTED, sql, position), match(WORD, sql, position), position + 1);
    yield { text: sql.slice(position, next), start: position };
    position = next;
  }
}

/** End of a match at the position, or the position. */
function match(pattern: RegExp, text: string, position: number): number {
  pattern.lastIndex = position;
  return pattern.test(text) ? pattern.lastIndex : position;
}

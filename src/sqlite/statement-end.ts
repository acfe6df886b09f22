const SPACE_OR_COMMENT = /(?:\s+|--[^\n]*(?:\n|$)|\/\*[\s\S]*?(?:\*\/|$))/y;
const QUOTED = /(?:'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\])/y;
const WORD = /[A-Za-z_\u0080-\uFFFF$][\w\u0080-\uFFFF$]*/y;

/**
 * Whether SQL text goes on after its first statement. SQLite ignores such a tail in a stored definition, other readers
 * might run it. A trigger ends at `; END ;`, everything else at its first semicolon.
 */
export function hasTail(sql: string, type: string): boolean {
  let [position, ended] = [0, false];
  let lastTokens: readonly string[] = [];
  while (position < sql.length) {
    const skipped = match(SPACE_OR_COMMENT, sql, position);
    if (skipped > position) {
      position = skipped;
      continue;
    }
    if (ended) return true;
    const next = Math.max(match(QUOTED, sql, position), match(WORD, sql, position), position + 1);
    lastTokens = [...lastTokens.slice(-2), sql.slice(position, next).toUpperCase()];
    ended = lastTokens.at(-1) === ";" && (type !== "trigger" || (lastTokens[1] === "END" && lastTokens[0] === ";"));
    position = next;
  }
  return false;
}

/** End of a match at the position, or the position. */
function match(pattern: RegExp, text: string, position: number): number {
  pattern.lastIndex = position;
  return pattern.test(text) ? pattern.lastIndex : position;
}

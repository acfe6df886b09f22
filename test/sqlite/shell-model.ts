const ID = /[\w$\u0080-\uFFFF]+/y;
/** What one of these begins ends with the other. */
const PAIRS: Readonly<Record<string, string>> = { "'": "'", '"': '"', "`": "`", "[": "]", "/*": "*/", "--": "\n" };
const SEMI = 0;
const SPACE = 1;
const OTHER = 2;
const WORDS: Readonly<Record<string, number>> = { EXPLAIN: 3, CREATE: 4, TEMP: 5, TEMPORARY: 5, TRIGGER: 6, END: 7 };
/** The states of SQLite's complete.c, by the token that comes next. */
const TRANSITIONS: readonly (readonly number[])[] = [
  [1, 0, 2, 3, 4, 2, 2, 2],
  [1, 1, 2, 3, 4, 2, 2, 2],
  [1, 2, 2, 2, 2, 2, 2, 2],
  [1, 3, 3, 2, 4, 2, 2, 2],
  [1, 4, 2, 2, 2, 4, 5, 2],
  [6, 5, 5, 5, 5, 5, 5, 5],
  [6, 6, 5, 5, 5, 5, 5, 7],
  [1, 7, 5, 5, 5, 5, 5, 5],
];

/** The token at a place, and the place after it; null: it does not end. */
function tokenAt(sql: string, at: number): { readonly token: number; readonly end: number } | null {
  const begin = ["/*", "--"].find((text) => sql.startsWith(text, at)) ?? sql.charAt(at);
  const close = PAIRS[begin];
  if (close !== undefined) {
    const found = sql.indexOf(close, at + begin.length);
    return found < 0 ? null : { token: begin.length > 1 ? SPACE : OTHER, end: found + close.length };
  }
  ID.lastIndex = at;
  const word = ID.exec(sql)?.[0];
  if (word !== undefined) return { token: WORDS[word.toUpperCase()] ?? OTHER, end: at + word.length };
  if (begin === ";") return { token: SEMI, end: at + 1 };
  return { token: /[ \t\n\f\r]/.test(begin) ? SPACE : OTHER, end: at + 1 };
}

/** As `sqlite3_complete` of the C library. */
export function isComplete(sql: string): boolean {
  let state = 0;
  for (let at = 0; at < sql.length;) {
    const next = tokenAt(sql, at);
    if (next === null) return sql.startsWith("--", at) && state === 1;
    state = TRANSITIONS[state]?.[next.token] ?? 0;
    at = next.end;
  }
  return state === 1;
}

/** The statements that the `sqlite3` shell cuts a script into, which it reads line by line; what is left at the end is one more. */
export function shellStatements(script: string): readonly string[] {
  const statements: string[] = [];
  let pending = "";
  for (const line of script.replace(/\n$/, "").split("\n")) {
    const isTerminator = /^[\t-\r ]*(?:go|\/)[\t-\r ]*$/i.test(line) && isComplete(`${pending};`);
    pending += `${isTerminator ? ";" : line}\n`;
    if (!isComplete(pending)) continue;
    statements.push(pending);
    pending = "";
  }
  return pending === "" ? statements : [...statements, pending];
}

/**
 * Characters that a terminal may act on: controls of both sets, line and paragraph separators, and marks that turn the
 * direction of writing. Names come from databases and dumps that strangers may have made.
 */
const UNSAFE = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\ufeff]/gu;

/** A text for one line of a terminal or a pipe: unsafe characters as `\x1b` or `\u202e`. */
export function printable(text: string): string {
  return text.replace(UNSAFE, (char) => escapeOf(char));
}

/** A text in which no URL has its query: that of a pre-authenticated one opens an object to whoever reads it. */
export function withoutQueries(text: string): string {
  return text.replace(/(\bhttps?:\/\/[^\s?#"]*)\?[^\s"]*/gi, "$1?...");
}

/** As `printable`, but a text of several lines stays one; its further lines are indented, so that none passes for one of its own. */
export function printableLines(text: string): string {
  return text
    .split("\n")
    .map((line) => line.split("\t").map(printable).join("\t"))
    .join("\n  ");
}

/** JSON on one line, unsafe characters in strings escaped the way JSON does it. */
export function printableJson(value: unknown): string {
  return JSON.stringify(value).replace(UNSAFE, (char) => `\\u${hex(char, 4)}`);
}

function escapeOf(char: string): string {
  if (char === "\n") return "\\n";
  if (char === "\t") return "\\t";
  return char.charCodeAt(0) < 0x100 ? `\\x${hex(char, 2)}` : `\\u${hex(char, 4)}`;
}

function hex(char: string, digits: number): string {
  return char.charCodeAt(0).toString(16).padStart(digits, "0");
}

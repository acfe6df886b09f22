import { quoteIdentifier } from "../base/identifiers.ts";
import type { SchemaObject, TextEncoding } from "./schema.ts";
import { decodeSql } from "./scratch.ts";
import { PLAIN_SPACE, tokensOf, type Token } from "./statement-end.ts";

/** A definition as a statement of a script. */
export interface ScriptStatement {
  /** In UTF-8, with its semicolon and the end of its line. */
  readonly bytes: Buffer;
  /** What a reader of the script will not make of it as it is; null: nothing. */
  readonly loss: string | null;
}

const LEADING_SPACE = new RegExp(`^${PLAIN_SPACE}+`);
const BEGINNING = new RegExp(
  String.raw`^(CREATE${PLAIN_SPACE}+(?:(?:VIRTUAL|UNIQUE)${PLAIN_SPACE}+)?(?:TABLE|INDEX|VIEW|TRIGGER)\b)${PLAIN_SPACE}*`,
  "i",
);
const CR_LF = "it holds a carriage return before a line feed in quotes, and the sqlite3 shell reads only the line feed";
const NO_TEXT = "it holds what is no valid text, which UTF-8 has no form for";

/**
 * The statement for a definition that was proven. SQLite's shell reads line by line: it takes a lone `go` or `/` for a semicolon, and
 * a semicolon in a comment is none.
 * @param schema name of the attached database that the object is for; null: the one that the script runs in
 */
export function scriptStatement(
  { sql }: Pick<SchemaObject, "sql">,
  encoding: TextEncoding,
  schema: string | null,
): ScriptStatement {
  const decoded = encoding === "UTF-8" ? null : decodeSql(sql ?? new Uint8Array(), encoding);
  // One character a byte, so that bytes which are no text come through.
  const text = Buffer.from(decoded ?? sql ?? [])
    .toString("latin1")
    .replace(LEADING_SPACE, "");
  const tokens = [...tokensOf(schema === null ? text : qualified(text, schema))];
  const statement = tokens.map((token, i) => (isTerminator(tokens, i) ? `/**/${token.text}` : token.text)).join("");
  return { bytes: Buffer.from(`${statement}${endOf(tokens.at(-1))}\n`, "latin1"), loss: lossOf(tokens, decoded) };
}

/** SQLite stores the definition without the schema that it was created in. */
function qualified(text: string, schema: string): string {
  const name = Buffer.from(quoteIdentifier(schema)).toString("latin1");
  return text.replace(BEGINNING, (_, beginning: string) => `${beginning} ${name}.`);
}

/** Whether the shell may take the line that a token is alone on for a semicolon, as `go` of SQL Server and `/` of Oracle. */
function isTerminator(tokens: readonly Token[], index: number): boolean {
  const token = tokens[index];
  if (token === undefined || !/^(?:go|\/)$/i.test(token.text)) return false;
  return isLineStart(tokens, index) && isLineEnd(tokens, index + 1);
}

function isLineStart(tokens: readonly Token[], index: number): boolean {
  for (let i = index - 1; i >= 0; i--) {
    const { text, isSpace } = tokens[i] ?? { text: "", isSpace: false };
    if (!isSpace) return false;
    if (text.includes("\n")) return true;
  }
  return true;
}

function isLineEnd(tokens: readonly Token[], index: number): boolean {
  for (let i = index; i < tokens.length; i++) {
    const { text, isSpace } = tokens[i] ?? { text: "", isSpace: false };
    if (!isSpace) return false;
    if (text.includes("\n")) return true;
  }
  return true;
}

/** A comment that the definition ends in must not take the semicolon. */
function endOf(last: Token | undefined): string {
  const text = last?.isSpace === true ? last.text : "";
  if (text.startsWith("--") && !text.endsWith("\n")) return "\n;";
  const isOpen = text.startsWith("/*") && (text.length < 4 || !text.endsWith("*/"));
  return isOpen ? "*/;" : ";";
}

function lossOf(tokens: readonly Token[], decoded: string | null): string | null {
  if (decoded !== null && /\p{Surrogate}/u.test(decoded)) return NO_TEXT;
  return tokens.some(({ text, isSpace }) => !isSpace && text.includes("\r\n")) ? CR_LF : null;
}

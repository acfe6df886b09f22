import { PumpError, pumpError } from "../base/errors.ts";
import { MASK, maskedConnectString } from "../base/masked-connect-string.ts";

/** One `param=value` as it was typed. */
export interface Assignment {
  /** Lower case, with underscores; `userid` for a connect string that stands alone. */
  readonly name: string;
  /** The value as typed, quotes and parentheses kept. */
  readonly text: string;
  /** The elements of the value as typed, quotes kept; one for a value without commas. */
  readonly elements: readonly string[];
}

export interface Syntax {
  /** Whether a flag of this name needs no value: `--nologfile`. */
  readonly isSwitch: (name: string) => boolean;
  /** Whether the value of a parameter must not be shown. */
  readonly isSecret: (name: string) => boolean;
  /** Prefix of the client's messages. */
  readonly client: "UDE" | "UDI";
  /** Whether the first word may be a connect string. */
  readonly connectString: boolean;
}

const FLAG = /^--([a-z][\w-]*)(?:=([\s\S]*))?$/i;
const KEYWORD = /^([a-z][\w$#]*)\s*=([\s\S]*)$/i;
const SWITCH_VALUE = /^(?:y|n|yes|no|true|false)$/i;
const QUOTE_MAY_FOLLOW = /[\s,:(.=<>|]/;

/**
 * Turns words into assignments: `param=value`, `param = value`, `--param value`, `--param=value`. A value goes on over
 * further words while a quote or parenthesis is open or a comma asks for more.
 * @throws LRM-00110, LRM-00111, LRM-00116; UDE-00014 for a second word that stands alone.
 */
export function parseWords(words: readonly string[], syntax: Syntax): Assignment[] {
  const reader = new WordReader(words, syntax);
  const assignments: Assignment[] = [];
  for (let word = reader.take(); word !== undefined; word = reader.take()) {
    const parameter = hidingSecret(word, syntax, () => parseFlag(word, reader, syntax) ?? parseKeyword(word, reader, syntax));
    assignments.push(parameter ?? parseConnectString(word, reader, syntax, assignments));
  }
  return assignments;
}

/** Splits the text of a parameter file into words: comments go, and lines continue after a backslash or inside quotes. */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  const scanner = new Scanner();
  let word = "";
  const source = text.replace(/^\uFEFF/, "").replace(/\r\n?/g, "\n");
  for (let at = 0; at < source.length; at += 1) {
    const char = source.charAt(at);
    if (scanner.openPart !== "quote" && char === "#") at = endOfLine(source, at) - 1;
    else if (char === "\\" && source[at + 1] === "\n") at += 1;
    else if (scanner.openPart === undefined && /\s/.test(char)) {
      if (word !== "") words.push(word);
      word = "";
      scanner.read(char);
    } else {
      scanner.read(char);
      word += char;
    }
  }
  return word === "" ? words : [...words, word];
}

/**
 * The elements of a list, with or without parentheses around it, quotes kept.
 * @throws LRM-00116 for an element that is missing.
 */
export function splitList(text: string): string[] {
  const value = withoutParentheses(text.trim());
  if (value === "") return [];
  const elements = splitOutside(value, ",").map((element) => element.trim());
  if (elements.includes("")) throw pumpError([["LRM-00116", ",", shorten(value)]], "Take out the comma that is too many.");
  return elements;
}

/** The parts of a list as they are, with white space around them. */
export function splitParts(text: string): string[] {
  return splitOutside(withoutParentheses(text.trim()), ",");
}

/** Splits a text at a separator that stands outside quotes and parentheses. */
export function splitOutside(text: string, separator: string): string[] {
  const scanner = new Scanner();
  const parts: string[] = [];
  let part = "";
  for (const char of text) {
    const outside = scanner.openPart === undefined;
    scanner.read(char);
    if (outside && char === separator) {
      parts.push(part);
      part = "";
    } else part += char;
  }
  return [...parts, part];
}

class WordReader {
  readonly #words: readonly string[];
  readonly #syntax: Syntax;
  #position = 0;

  constructor(words: readonly string[], syntax: Syntax) {
    this.#words = words;
    this.#syntax = syntax;
  }

  /** Whether the words are those of a parameter file: on the command line the shell takes quotes away. */
  get isOfFile(): boolean {
    return !this.#syntax.connectString;
  }

  peek(): string | undefined {
    return this.#words[this.#position];
  }

  first(): string | undefined {
    return this.#words[0];
  }

  take(): string | undefined {
    const word = this.peek();
    this.#position += 1;
    return word;
  }

  /** The word before the one that was taken last. */
  previous(): string | undefined {
    return this.#words[this.#position - 2];
  }

  /** A word as an error may show it: it may be a connect string, or hold the value of a secret parameter. */
  shown(word: string): string {
    const name = parameterName(word);
    if (this.#syntax.isSecret(name) && /[^\w-]/.test(word)) return word.includes("=") ? `${name}=${MASK}` : `${name} ${MASK}`;
    return shorten(startsParameter(word) ? word : maskedConnectString(word));
  }
}

/** Follows quotes and parentheses. A quote opens only where a name may begin, so that `it's.dmp` is a file name. */
class Scanner {
  #quote = "";
  #depth = 0;
  #last = " ";
  #justClosed = false;

  get openPart(): "quote" | "parenthesis" | undefined {
    if (this.#quote !== "") return "quote";
    return this.#depth > 0 ? "parenthesis" : undefined;
  }

  read(char: string): void {
    if (this.#quote !== "") this.#readQuoted(char);
    else this.#readPlain(char);
    this.#last = char;
  }

  /** @throws LRM-00116 for a parenthesis that closes nothing. */
  readAll(text: string): void {
    for (const char of text) {
      this.read(char);
      if (this.#depth < 0) throw pumpError([["LRM-00116", ")", shorten(text)]], "Take out the parenthesis that is too many.");
    }
  }

  #readQuoted(char: string): void {
    this.#justClosed = char === this.#quote;
    if (this.#justClosed) this.#quote = "";
  }

  #readPlain(char: string): void {
    const doubled = this.#justClosed && char === this.#last;
    if ((char === '"' || char === "'") && (doubled || QUOTE_MAY_FOLLOW.test(this.#last))) this.#quote = char;
    else if (char === "(") this.#depth += 1;
    else if (char === ")") this.#depth -= 1;
    this.#justClosed = false;
  }
}

function parseFlag(word: string, reader: WordReader, syntax: Syntax): Assignment | undefined {
  if (/^-(?:h|help)$/i.test(word)) return assignment("help", "y", syntax);
  const [, flag, value] = FLAG.exec(word) ?? [];
  if (flag === undefined) return undefined;
  const name = flag.replaceAll("-", "_").toLowerCase();
  if (value !== undefined) return assignment(name, complete(value, reader), syntax);
  const next = reader.peek();
  if (syntax.isSwitch(name))
    return assignment(name, next !== undefined && SWITCH_VALUE.test(next) ? take(reader, word) : "y", syntax);
  if (next === undefined || startsParameter(next)) throw missingValue(word, next, reader);
  return assignment(name, complete(take(reader, word), reader), syntax);
}

function parseKeyword(word: string, reader: WordReader, syntax: Syntax): Assignment | undefined {
  const apart = /^[a-z][\w$#]*$/i.test(word) && reader.peek()?.startsWith("=") === true;
  const [, name, rest] = KEYWORD.exec(apart ? word + take(reader, word) : word) ?? [];
  if (name === undefined || rest === undefined) return undefined;
  const next = reader.peek();
  if (rest !== "") return assignment(name.toLowerCase(), complete(rest, reader), syntax);
  if (next === undefined || startsParameter(next)) throw missingValue(`${name}=`, next, reader);
  return assignment(name.toLowerCase(), complete(take(reader, word), reader), syntax);
}

function parseConnectString(word: string, reader: WordReader, syntax: Syntax, before: readonly Assignment[]): Assignment {
  if (word.startsWith("-")) throw pumpError([["LRM-00101", reader.shown(word)]], "Parameters are param=value or --param value.");
  const first = reader.first();
  if (syntax.connectString && before.length === 0) return { name: "userid", text: word, elements: [word] };
  if (syntax.connectString && before.length === 1 && before[0]?.text === first) {
    // What it is isn't shown: the rest of a password that holds a blank, for one.
    throw pumpError(
      [[`${syntax.client}-00014`, "attach"]],
      "The second word is a second connect string; quote one that holds a blank.",
    );
  }
  const previous = reader.previous();
  const last = before.at(-1)?.name ?? "";
  if (syntax.isSecret(last)) throw pumpError([["LRM-00116", MASK, `${last}=${MASK}`]], "Quote a value that holds a blank.");
  throw pumpError(
    [["LRM-00116", reader.shown(word), previous === undefined ? "the start of the file" : reader.shown(previous)]],
    "Write param=value, put the connect string first, and separate the values of a list by commas.",
  );
}

/** Reads on while the value is not complete. */
function complete(start: string, reader: WordReader): string {
  const scanner = new Scanner();
  let value = start;
  let part = start;
  for (;;) {
    scanner.readAll(part);
    const open = scanner.openPart;
    const next = reader.peek();
    if (open === undefined && !part.trimEnd().endsWith(",") && next?.startsWith(",") !== true) return value;
    if (next === undefined) throw notClosed(value, open, reader.isOfFile);
    if (open === undefined && startsParameter(next)) throw missingValue(",", next, reader);
    part = (open === undefined ? "" : " ") + take(reader, value);
    value += part;
  }
}

function withoutParentheses(value: string): string {
  if (!value.startsWith("(") || !value.endsWith(")")) return value;
  const scanner = new Scanner();
  for (let at = 0; at < value.length; at += 1) {
    scanner.read(value.charAt(at));
    if (scanner.openPart === undefined) return at === value.length - 1 ? value.slice(1, -1).trim() : value;
  }
  return value;
}

function startsParameter(word: string): boolean {
  return FLAG.test(word) || KEYWORD.test(word);
}

function take(reader: WordReader, after: string): string {
  const word = reader.take();
  if (word === undefined) throw missingValue(after, undefined, reader);
  return word;
}

/** A secret is no list, whatever is in it. */
function assignment(name: string, text: string, { isSecret }: Syntax): Assignment {
  return { name, text, elements: isSecret(name) ? [text] : splitList(text) };
}

/** An error about a password must not show it. */
function hidingSecret<T>(word: string, { isSecret }: Syntax, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    const name = parameterName(word);
    if (!(error instanceof PumpError) || !isSecret(name)) throw error;
    const [{ code } = { code: "" }] = error.lines;
    throw pumpError(
      [[code === "LRM-00111" ? code : "LRM-00110", `${name}=${MASK}`]],
      "Put the value into quotes, and close them.",
    );
  }
}

/** What a word may name: `--job-name=...` is job_name. */
function parameterName(word: string): string {
  return /^(?:--)?([a-z][\w-]*)/i.exec(word)?.[1]?.replaceAll("-", "_").toLowerCase() ?? "";
}

function missingValue(after: string, next: string | undefined, reader: WordReader): PumpError {
  if (next === undefined) return pumpError([["LRM-00110", shorten(after)]], "Give the parameter a value.");
  return pumpError([["LRM-00116", reader.shown(next), shorten(after)]], "Give the parameter a value.");
}

function notClosed(value: string, open: "quote" | "parenthesis" | undefined, isOfFile: boolean): PumpError {
  if (open === "quote") return pumpError([["LRM-00111", shorten(value)]], isOfFile ? "Close the quote." : undefined);
  const hint = open === "parenthesis" ? "Close the parenthesis." : "Give the value that should follow the last comma.";
  return pumpError([["LRM-00110", shorten(value)]], hint);
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf("\n", from);
  return end === -1 ? text.length : end;
}

function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

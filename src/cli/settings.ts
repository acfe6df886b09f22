import { assertMeaning } from "../api/inapplicable.ts";
import { pumpError, type PumpError } from "../base/errors.ts";
import type { MessageCode } from "../base/messages.ts";
import { splitParts, type Assignment } from "./lexer.ts";
import type { Command, JobParameter } from "./parameters/parameter.ts";
import { valuesOf } from "./parameters/parameters.ts";
import { booleanOf, nameOf, splitClauses, unquote } from "./parameters/values.ts";

/** The parameters of one command line, checked against the table: what was typed, and nothing else. */
export class Settings {
  readonly command: Command;
  readonly #elements = new Map<string, readonly string[]>();

  constructor(command: Command) {
    this.command = command;
  }

  /**
   * Takes one assignment: a list grows, a scalar is replaced.
   * @throws LRM-00112 for several values of a scalar; UDE-00014 or UDI-00014 for a value that is not valid.
   */
  add(parameter: JobParameter, { text, elements }: Assignment): void {
    const { name } = parameter;
    const values = parameter.type === "query" ? splitClauses(splitParts(text)) : parameter.masked === true ? [text] : elements;
    if (values.length === 0) throw this.invalidValue(name, "Give the parameter a value.");
    if (parameter.list !== true && values.length > 1) {
      throw pumpError([["LRM-00112", name]], `${name} takes one value; quote a value that holds a comma.`);
    }
    for (const value of values) this.#check(parameter, value);
    this.#elements.set(name, parameter.list === true ? [...this.elements(name), ...values] : values);
  }

  has(name: string): boolean {
    return this.#elements.has(name);
  }

  /** The elements as typed, quotes kept; empty when the parameter was not given. */
  elements(name: string): readonly string[] {
    return this.#elements.get(name) ?? [];
  }

  /** The value without quotes. */
  text(name: string): string | undefined {
    const [element] = this.elements(name);
    return element === undefined ? undefined : unquote(element);
  }

  /** The value as a name: in upper case unless quoted. */
  identifier(name: string): string | undefined {
    const [element] = this.elements(name);
    return element === undefined ? undefined : nameOf(element);
  }

  /** The elements as names. */
  identifiers(name: string): readonly string[] {
    return this.elements(name).map(nameOf);
  }

  keyword(name: string): string | undefined {
    return this.text(name)?.toUpperCase();
  }

  /** Whether the parameter was set to YES; undefined when it was not given. */
  flag(name: string): boolean | undefined {
    const [element] = this.elements(name);
    return element === undefined ? undefined : booleanOf(element);
  }

  invalidValue(name: string, hint?: string): PumpError {
    return pumpError([[clientCode(this.command, "00014"), name]], hint);
  }

  #check(parameter: JobParameter, element: string): void {
    const value = unquote(element);
    if (value === "") throw this.invalidValue(parameter.name, "Give the parameter a value.");
    if (parameter.otherValues !== undefined) assertMeaning(parameter.otherValues, value);
    const hint = wrongValue(parameter, this.command, value);
    if (hint !== undefined) throw this.invalidValue(parameter.name, hint);
  }
}

/** The client's message code of a command: `UDE-` for export, `UDI-` for import. */
export function clientCode(command: Command, number: "00010" | "00011" | "00014"): MessageCode {
  return `${clientPrefix(command)}-${number}`;
}

export function clientPrefix(command: Command): "UDE" | "UDI" {
  return command === "export" ? "UDE" : "UDI";
}

/** A keyword in upper case, in the spelling that the API has. */
export function spelledOut({ spellings = {} }: JobParameter, value: string): string {
  const keyword = value.toUpperCase();
  return spellings[keyword] ?? keyword;
}

/** What is wrong with a value, as a sentence on what would be right; undefined for a value that is valid. */
function wrongValue(parameter: JobParameter, command: Command, value: string): string | undefined {
  const values = valuesOf(parameter, command) ?? [];
  switch (parameter.type) {
    case "yes-no":
      return booleanOf(value) === undefined ? "Valid values are YES and NO." : undefined;
    case "keyword":
      return values.includes(spelledOut(parameter, value)) ? undefined : `Valid values are ${values.join(", ")}.`;
    case "integer":
      return /^\d{1,9}$/.test(value) ? undefined : "Give a whole number.";
    case "step":
      return /^(?:-1|\d{1,9})$/.test(value) ? undefined : "Give the number of an object, or -1.";
    default:
      return undefined;
  }
}

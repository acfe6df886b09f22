import { pumpError } from "../base/errors.ts";
import { FAKE_NAMES, type FakeName } from "./fake.ts";
import type { ModuleFunction } from "./module-function.ts";

/** The package of the built-in functions. */
export const MASK_PACKAGE = "MASK";

/** A function of REMAP_DATA as it is named: `MASK.PARTIAL(1,4)`. */
export type RemapFunction = ValueFunction | { readonly name: "SHUFFLE" };

/** One that replaces each value by itself. */
export type ValueFunction =
  | { readonly name: "HASH" | "NULLIFY" | "FAKE_PHONE" | FakeName }
  | { readonly name: "PARTIAL"; readonly first: number; readonly last: number }
  | { readonly name: "SHIFT_DATE"; readonly days: number }
  | ModuleFunction;

/** A name of a function, read as far as its text says. */
export type CalledFunction =
  | { readonly kind: "built-in"; readonly called: RemapFunction }
  | { readonly kind: "module"; readonly module: string; readonly exported: string };

const CALL = /^\s*([\w$#]+)\s*\.\s*([\w$#]+)\s*(?:\(([^()]*)\))?\s*$/;
const MOST_CHARACTERS = 1000;
const MOST_DAYS = 36_500;

interface Signature {
  /** What the arguments are, for the error. */
  readonly usage: string;
  /** @returns undefined when the arguments are others than it takes */
  readonly make: (values: readonly number[]) => RemapFunction | undefined;
}

const plain = (name: Exclude<RemapFunction["name"], "PARTIAL" | "SHIFT_DATE" | "MODULE">): readonly [string, Signature] => [
  name,
  { usage: name, make: (values) => (values.length === 0 ? { name } : undefined) },
];

const SIGNATURES: ReadonlyMap<string, Signature> = new Map([
  plain("HASH"),
  plain("NULLIFY"),
  plain("FAKE_PHONE"),
  plain("SHUFFLE"),
  ...FAKE_NAMES.map(plain),
  [
    "PARTIAL",
    {
      usage: `PARTIAL(first,last) with numbers of characters up to ${MOST_CHARACTERS}`,
      make: ([first = -1, last = -1, ...more]) =>
        more.length === 0 && isWithin(first, 0, MOST_CHARACTERS) && isWithin(last, 0, MOST_CHARACTERS)
          ? { name: "PARTIAL", first, last }
          : undefined,
    },
  ],
  [
    "SHIFT_DATE",
    {
      usage: `SHIFT_DATE(days) with 1 to ${MOST_DAYS} days`,
      make: ([days = -1, ...more]) =>
        more.length === 0 && isWithin(days, 1, MOST_DAYS) ? { name: "SHIFT_DATE", days } : undefined,
    },
  ],
]);

/** Names of the built-in functions. */
export const MASK_FUNCTIONS = [...SIGNATURES.keys()].sort();

/**
 * Reads the name of a function, `package.function` with its arguments; built-in ones without case.
 * @throws ORA-39001 with ORA-39232
 */
export function parseRemapFunction(text: string): CalledFunction {
  const [, packageName, name, list] = CALL.exec(text) ?? [];
  if (packageName === undefined || name === undefined) throw invalid(text, "Give package.function, such as MASK.HASH.");
  if (packageName.toUpperCase() !== MASK_PACKAGE) {
    if (list !== undefined) throw invalid(text, "A function of a module takes the value and no other argument.");
    return { kind: "module", module: packageName, exported: name };
  }
  const signature = SIGNATURES.get(name.toUpperCase());
  if (signature === undefined) throw invalid(text, `The functions of ${MASK_PACKAGE} are ${MASK_FUNCTIONS.join(", ")}.`);
  const made = signature.make(numbersOf(list));
  if (made === undefined) throw invalid(text, `Give ${MASK_PACKAGE}.${signature.usage}.`);
  return { kind: "built-in", called: made };
}

/** Whether what it makes depends on the key. */
export function isKeyed({ name }: RemapFunction): boolean {
  return !KEYLESS.has(name);
}

const KEYLESS: ReadonlySet<RemapFunction["name"]> = new Set(["NULLIFY", "PARTIAL", "SHUFFLE", "MODULE"]);

/** What is no number is -1, which no function takes. */
function numbersOf(list: string | undefined): readonly number[] {
  if (list === undefined || list.trim() === "") return [];
  return list.split(",").map((item) => (/^\s*\d{1,6}\s*$/.test(item) ? Number(item) : -1));
}

function isWithin(value: number, low: number, high: number): boolean {
  return value >= low && value <= high;
}

/** Arguments that are no numbers may be meant as a key. */
function invalid(text: string, hint: string): Error {
  const shown = text.replace(/\(.*/s, (list) => (/^[\d\s(),-]*$/.test(list) ? list : "(...)"));
  return pumpError([["ORA-39001"], ["ORA-39232", shown]], hint);
}

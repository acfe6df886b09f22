import type { Digest } from "./mask-key.ts";
import { textOf, type Masker } from "./value.ts";
import type { WordLists } from "./word-lists.ts";

/** Digits of base 36 that tell two invented addresses of mail apart: 51 bits. */
const MAIL_DIGITS = 10;
const MAIL_BASE = 36n;

/** Draws numbers out of the 32 bytes that the key gives for a value: each from 4 bytes, which is even enough for lists of words. */
class Draw {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  below(count: number): number {
    const number = this.#bytes.readUInt32BE(this.#at);
    this.#at += 4;
    return number % count;
  }

  of(words: readonly string[]): string {
    return words[this.below(words.length)] ?? "";
  }

  /** The last bytes, which no list is drawn from. */
  tail(): bigint {
    return this.#bytes.readBigUInt64BE(24);
  }
}

const FAKES = {
  FAKE_FIRST_NAME: (draw, { firstNames }) => draw.of(firstNames),
  FAKE_LAST_NAME: (draw, { lastNames }) => draw.of(lastNames),
  FAKE_NAME: (draw, { firstNames, lastNames }) => `${draw.of(firstNames)} ${draw.of(lastNames)}`,
  FAKE_EMAIL: (draw, { firstNames, lastNames }) =>
    `${mailName(draw.of(firstNames))}.${mailName(draw.of(lastNames))}.${mailNumber(draw.tail())}@example.com`,
  FAKE_ADDRESS: (draw, { streets, cities, states }) =>
    `${1 + draw.below(9999)} ${draw.of(streets)}, ${draw.of(cities)}, ${draw.of(states)} ${digits(draw.below(100_000), 5)}`,
  FAKE_CITY: (draw, { cities }) => draw.of(cities),
  FAKE_COMPANY: (draw, { lastNames, companyForms }) => `${draw.of(lastNames)} & ${draw.of(lastNames)} ${draw.of(companyForms)}`,
} as const satisfies Record<string, (draw: Draw, words: WordLists) => string>;

/** The functions that invent text out of lists of words. */
export type FakeName = keyof typeof FAKES;

export const FAKE_NAMES = Object.keys(FAKES) as readonly FakeName[];

export function fakeMasker(name: FakeName, digest: Digest, words: WordLists): Masker {
  const make = FAKES[name];
  return (value) => make(new Draw(digest(textOf(value))), words);
}

/** FAKE_PHONE: a number out of those that North America keeps for fiction, 555-0100 to 555-0199 of each area. Nobody has them. */
export function phoneMasker(digest: Digest): Masker {
  return (value) => {
    const draw = new Draw(digest(textOf(value)));
    const area = `${2 + draw.below(8)}${digits(draw.below(100), 2)}`;
    return `+1-${area}-555-01${digits(draw.below(100), 2)}`;
  };
}

function mailName(name: string): string {
  return name.toLowerCase().replace(/[^a-z]/g, "");
}

function mailNumber(number: bigint): string {
  return (number % MAIL_BASE ** BigInt(MAIL_DIGITS)).toString(Number(MAIL_BASE)).padStart(MAIL_DIGITS, "0");
}

function digits(number: number, count: number): string {
  return String(number).padStart(count, "0");
}

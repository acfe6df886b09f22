import type { Digest } from "./mask-key.ts";
import { MaskFailure, type Masker, type MaskValue } from "./value.ts";

/** What follows the date of a text: a time of day, and a time zone, as SQLite's date functions take them. */
const DATE = /^(\d{4})-(\d{2})-(\d{2})((?:[ T]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?(?: ?(?:Z|[+-]\d{2}:\d{2}))?)$/;
const DAY_SECONDS = 86_400n;
const DAY_MS = 86_400_000;
/** The Julian day number of 1970-01-01 00:00. */
const JULIAN_EPOCH = 2_440_587.5;
/** Days since 1970-01-01 of 0000-01-01 and 9999-12-31, the dates that SQLite knows. */
const [FIRST_DAY, LAST_DAY] = [-719_528n, 2_932_896n];

/**
 * SHIFT_DATE: moves a date by 1 to `most` days back or forth, as its day and the key say. The time of day stays. SQLite has dates as
 * text, as seconds since 1970 in an INTEGER, and as a Julian day number in a REAL: the same day moves alike in all of them.
 */
export function dateMasker(digest: Digest, most: number): Masker {
  const shift = (day: bigint): bigint => {
    if (day < FIRST_DAY || day > LAST_DAY) throw notDate("it is no date between the years 0 and 9999");
    const number = digest(day).readBigUInt64BE(0) % BigInt(2 * most);
    const days = number < BigInt(most) ? -1n - number : number - BigInt(most) + 1n;
    const moved = day + days;
    return moved < FIRST_DAY || moved > LAST_DAY ? -days : days;
  };
  return (value) => shifted(value, shift);
}

function shifted(value: MaskValue, shift: (day: bigint) => bigint): MaskValue {
  switch (typeof value) {
    case "string":
      return shiftedText(value, shift);
    case "bigint":
      return value + shift(dayOfSeconds(value)) * DAY_SECONDS;
    case "number":
      if (!Number.isFinite(value)) throw notDate("it is no date");
      return value + Number(shift(BigInt(Math.floor(value - JULIAN_EPOCH))));
    default:
      throw notDate("a BLOB is no date");
  }
}

function shiftedText(text: string, shift: (day: bigint) => bigint): string {
  const [, year, month, day, rest] = DATE.exec(text) ?? [];
  if (year === undefined || month === undefined || day === undefined) throw notDate("it is not written as YYYY-MM-DD");
  const date = new Date(0);
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  // A 31st of February would become a 3rd of March.
  if (date.getUTCMonth() !== Number(month) - 1 || date.getUTCDate() !== Number(day)) throw notDate("there is no such day");
  const days = date.getTime() / DAY_MS;
  const moved = new Date((days + Number(shift(BigInt(days)))) * DAY_MS);
  return `${moved.toISOString().slice(0, 10)}${rest ?? ""}`;
}

function dayOfSeconds(seconds: bigint): bigint {
  const day = seconds / DAY_SECONDS;
  return seconds < 0n && seconds % DAY_SECONDS !== 0n ? day - 1n : day;
}

function notDate(reason: string): MaskFailure {
  return new MaskFailure(`SHIFT_DATE can't move the value: ${reason}`);
}

import { NOW } from "../job/export/flashback.ts";
import { invalidArgument } from "./refusals.ts";
import { pumpError } from "../base/errors.ts";

const DEFAULT_FORMAT = "YYYY-MM-DD HH24:MI:SS.FF";
const MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
/** The elements of Oracle's formats that a point in time is written with, and what they read. */
const ELEMENTS: Readonly<Record<string, string>> = {
  YYYY: "(?<year>\\d{4})",
  RR: "(?<shortYear>\\d{2})",
  YY: "(?<shortYear>\\d{2})",
  MON: "(?<monthName>[A-Za-z]{3})",
  MM: "(?<month>\\d{1,2})",
  DD: "(?<day>\\d{1,2})",
  HH24: "(?<hour>\\d{1,2})",
  MI: "(?<minute>\\d{1,2})",
  SS: "(?<second>\\d{1,2})",
  FF: "(?<fraction>\\d{1,9})",
};

/**
 * FLASHBACK_TIME as it is recorded: `SYSTIMESTAMP`, or the point in time in ISO form.
 * @param value SYSTIMESTAMP, SYSDATE, a time as `YYYY-MM-DD HH24:MI:SS`, or `TO_TIMESTAMP('text', 'format')`, in the local time zone
 * @throws ORA-39001 with ORA-39150 for what is no time, or one that has not come yet
 */
export function flashbackTime(value: string | number): string {
  const text = String(value).trim();
  if (/^(?:systimestamp|sysdate|current_timestamp|localtimestamp)$/i.test(text)) return NOW;
  const call = /^(?:to_timestamp|to_date)\s*\(\s*'([^']*)'\s*(?:,\s*'([^']*)'\s*)?\)$/i.exec(text);
  const time = readTime(call?.[1] ?? text.replace(/^'(.*)'$/, "$1"), call?.[2] ?? DEFAULT_FORMAT);
  if (time === null) throw invalidArgument(["ORA-39150"], ["ORA-39207", text, "FLASHBACK_TIME"]);
  if (time.getTime() > Date.now()) throw pumpError([["ORA-39001"], ["ORA-39150"], ["TSDP-00010", "that time has not come yet"]]);
  return time.toISOString();
}

/** Parts that the text ends before are left out. */
function readTime(text: string, format: string): Date | null {
  const tokens = [...format.toUpperCase().matchAll(/YYYY|HH24|MON|RR|YY|MM|DD|MI|SS|FF\d?|[^A-Z]+|./g)].map(([token]) => token);
  const patterns = tokens.map((token) => ELEMENTS[token.replace(/^FF\d$/, "FF")] ?? escaped(token));
  for (let count = patterns.length; count > 0; count--) {
    const match = new RegExp(`^${patterns.slice(0, count).join("")}$`, "i").exec(text.trim());
    if (match?.groups !== undefined) return timeOf(match.groups);
  }
  return null;
}

function escaped(token: string): string {
  return token.replace(/[^A-Za-z0-9\s]/g, "\\$&").replace(/\s+/g, "[ T]+");
}

function timeOf(groups: Readonly<Record<string, string | undefined>>): Date | null {
  const number = (name: string, otherwise = 0) => Number(groups[name] ?? otherwise);
  const year = groups["shortYear"] === undefined ? number("year", NaN) : 2000 + number("shortYear");
  const month = groups["monthName"] === undefined ? number("month", NaN) : MONTHS.indexOf(groups["monthName"].toUpperCase()) + 1;
  const [day, hour, minute, second] = [number("day", NaN), number("hour"), number("minute"), number("second")];
  const milliseconds = Math.floor(Number(`0.${groups["fraction"] ?? "0"}`) * 1000);
  const time = new Date(year, month - 1, day, hour, minute, second, milliseconds);
  const isWhole =
    time.getMonth() === month - 1 && time.getDate() === day && time.getHours() === hour && time.getMinutes() === minute;
  return isWhole ? time : null;
}

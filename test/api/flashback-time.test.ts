import { expect, it } from "vitest";
import { flashbackTime } from "../../src/api/flashback-time.ts";
import { toPumpError } from "../../src/base/errors.ts";

const local = (...parts: readonly [number, number, number, number?, number?, number?, number?]) => {
  const [year, month, day, hour = 0, minute = 0, second = 0, millisecond = 0] = parts;
  return new Date(year, month - 1, day, hour, minute, second, millisecond).toISOString();
};

it.each([
  ["systimestamp", "SYSTIMESTAMP"],
  ["SYSDATE", "SYSTIMESTAMP"],
  ["2024-02-29 13:14:15", local(2024, 2, 29, 13, 14, 15)],
  ["2024-02-29T13:14:15.678", local(2024, 2, 29, 13, 14, 15, 678)],
  ["2024-02-29", local(2024, 2, 29)],
  ["to_timestamp('25-08-2013 14:35:00', 'DD-MM-YYYY HH24:MI:SS')", local(2013, 8, 25, 14, 35)],
  ["TO_TIMESTAMP('2013-08-30 17:05:33','YYYY-MM-DD HH24:MI:SS')", local(2013, 8, 30, 17, 5, 33)],
  ["to_date('02-MAY-25','DD-MON-RR')", local(2025, 5, 2)],
])("FLASHBACK_TIME %s is %s", (value, time) => {
  expect(flashbackTime(value)).toBe(time);
});

it.each(["", "yesterday", "2024-02-30", "2024-13-01", "25:00", "to_timestamp('1')", "to_timestamp('x', '((')", "9999-01-01", 5])(
  "FLASHBACK_TIME %j is refused",
  (value) => {
    let error: unknown;
    try {
      flashbackTime(value);
    } catch (thrown) {
      error = thrown;
    }
    expect(
      toPumpError(error)
        .lines.map(({ code }) => code)
        .slice(0, 2),
    ).toEqual(["ORA-39001", "ORA-39150"]);
  },
);

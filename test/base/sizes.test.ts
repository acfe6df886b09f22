import { expect, test } from "vitest";
import { formatElapsed, formatSize, formatTimestamp } from "../../src/base/sizes.ts";

const [KB, MB, GB, TB] = [1024, 1024 ** 2, 1024 ** 3, 1024 ** 4];

test.each([
  [0, "0 KB"],
  [1, "0.001 KB"],
  [512, "0.500 KB"],
  [KB, "1.000 KB"],
  [Math.round(5.484 * KB), "5.484 KB"],
  [Math.round(17.08 * KB), "17.08 KB"],
  [Math.round(225.2 * KB), "225.2 KB"],
  [64 * KB, "64.00 KB"],
  [999.94 * KB, "999.9 KB"],
  [999.96 * KB, "1000 KB"],
  [1023.4 * KB, "1023 KB"],
  [1023.6 * KB, "1.000 MB"],
  [MB - 1, "1.000 MB"],
  [MB, "1.000 MB"],
  [Math.round(1.43 * MB), "1.430 MB"],
  [Math.round(16.98 * MB), "16.98 MB"],
  [Math.round(381.6 * MB), "381.6 MB"],
  [GB, "1.000 GB"],
  [1.5 * TB, "1.500 TB"],
  [5000 * TB, "5000 TB"],
])("%d bytes are shown as %s", (bytes, text) => {
  expect(formatSize(bytes)).toBe(text);
});

test.each([
  [0, "0 00:00:00"],
  [59.99, "0 00:00:59"],
  [3661, "0 01:01:01"],
  [86_399, "0 23:59:59"],
  [10 * 86_400 + 86_399, "10 23:59:59"],
  [-3, "0 00:00:00"],
])("%d seconds have elapsed as %s", (seconds, text) => {
  expect(formatElapsed(seconds)).toBe(text);
});

test("a point in time is shown in local time, its day without a zero", () => {
  expect(formatTimestamp(new Date(2020, 11, 13, 22, 2, 3))).toBe("Sun Dec 13 22:02:03 2020");
  expect(formatTimestamp(new Date(2024, 0, 2, 3, 4, 5))).toBe("Tue Jan 2 03:04:05 2024");
});

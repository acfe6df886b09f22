import { expect, test } from "vitest";
import { PathTimes } from "../../../src/job/import/path-times.ts";

test("objects that end without a begin share the time that has passed, and don't each have all of it", () => {
  let now = 0;
  const times = new PathTimes(() => now);
  times.begin(1);
  now = 2000;
  times.end(1, "TABLE/INDEX/INDEX");
  times.begin(2);
  now = 5000;
  for (let view = 0; view < 300; view++) times.end(1, "VIEW/VIEW");
  times.end(1, "TABLE/TRIGGER");
  times.end(2, "TABLE/INDEX/INDEX");
  expect(times.secondsOf("TABLE/INDEX/INDEX")).toBe(5);
  expect(times.secondsOf("VIEW/VIEW")).toBe(3);
  expect(times.secondsOf("TABLE/TRIGGER")).toBe(0);
});

test("what belongs to no path takes its time from none", () => {
  let now = 0;
  const times = new PathTimes(() => now);
  times.begin(1);
  now = 4000;
  times.end(1, undefined);
  now = 5000;
  times.end(1, "VIEW/VIEW");
  expect(times.secondsOf("VIEW/VIEW")).toBe(1);
});

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { commandsOf, expectToWork } from "./commands.ts";

/** They need a job that runs, or an answer. */
const LEFT_OUT = /^npx tsdp (?:attach|jobs clean)\b/;

test("the tasks of the README work as they are written, one after the other", async () => {
  const page = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
  const tasks = page.slice(page.indexOf("\n## Tasks"), page.indexOf("\n## Object stores"));
  const commands = commandsOf(tasks).filter((line) => line !== "cd quickstart" && !LEFT_OUT.test(line));
  expect(commands.length).toBeGreaterThan(15);
  await expectToWork(commands);
});

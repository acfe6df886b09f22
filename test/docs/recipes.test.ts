import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { commandsOf, expectToWork } from "./commands.ts";

test("the recipes work as they are written, one after the other", async () => {
  const page = readFileSync(new URL("../../docs/recipes.md", import.meta.url), "utf8");
  expect([...page.matchAll(/^## \d+\. /gm)].length).toBeGreaterThanOrEqual(20);
  const commands = commandsOf(page);
  expect(commands.length).toBeGreaterThan(25);
  await expectToWork(commands);
});

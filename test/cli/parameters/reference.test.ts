import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { messagesPage, parametersPage } from "../../../src/cli/parameters/reference.ts";

it.each([
  ["parameters.md", parametersPage],
  ["messages.md", messagesPage],
])("docs/%s is what `npm run docs` writes now", (name, page) => {
  expect(readFileSync(new URL(`../../../docs/${name}`, import.meta.url), "utf8")).toBe(page());
});

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

function textsOf(folder: string): readonly string[] {
  const files = readdirSync(join(ROOT, folder), { recursive: true }).map(String);
  return files.filter((name) => name.endsWith(".ts")).map((name) => readFileSync(join(ROOT, folder, name), "utf8"));
}

test("each failpoint has a name of its own, and some test kills a process there", () => {
  const calls = textsOf("src").flatMap((text) =>
    [...text.matchAll(/(?<!function )\bfailpoint\((.*?)\)/g)].map(([, name]) => name),
  );
  const names = calls.map((name) => /^"([a-z ]+)"$/.exec(name ?? "")?.[1]);
  expect(names).not.toContain(undefined);
  expect(names).toEqual([...new Set(names)]);
  // Where a thread only stands still, in `askAt` or with a file behind the count, nothing dies.
  const killed = textsOf("test").flatMap((text) => {
    const words = text.replaceAll(/askAt\(\s*"[^"]*"/g, "").matchAll(/["`,}]([a-z]+(?: [a-z]+)+)(?::\d+)?(?=["`,])/g);
    return [...words].map(([, name]) => name);
  });
  expect(names.filter((name) => !killed.includes(name))).toEqual([]);
});

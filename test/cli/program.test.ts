import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { expect, test } from "vitest";
import { tsdpProgram } from "../../src/cli/program.ts";
import { temporaryFolder } from "../job/temporary-folder.ts";
import { tsdpHere } from "./tsdp-here.ts";

const NOTHING = { out: () => undefined, err: () => undefined };
const root = tsdpProgram(NOTHING, () => undefined);

/** Every command that stands behind another one and connects to a database, with the words that it needs. */
const nested = root.commands.flatMap((group) =>
  group.commands
    .filter(({ options }) => options.some(({ long }) => long === "--userid"))
    .map((command) => ({
      name: `${group.name()} ${command.name()}`,
      words: [group.name(), command.name()],
      rest: restOf(command),
    })),
);

function restOf({ registeredArguments, options }: Command): readonly string[] {
  const needed = registeredArguments.filter(({ required }) => required).map(() => "T.C");
  return [...needed, ...options.filter(({ mandatory }) => mandatory).flatMap(({ long }) => [long ?? "", "x"])];
}

test("there are such commands", () => {
  expect(nested.map(({ name }) => name)).toEqual(expect.arrayContaining(["jobs clean", "user create", "wallet rotate"]));
  expect(nested.length).toBeGreaterThan(25);
});

test.each(nested)("tsdp $name connects to the database of --userid, wherever it stands", async ({ words, rest }) => {
  const folder = temporaryFolder();
  for (const behind of [
    ["--userid", "nowhere", ...rest],
    [...rest, "--userid=nowhere"],
  ])
    expect((await tsdpHere(folder, ...words, ...behind)).err, behind.join(" ")).toContain("ORA-12154");
});

test("jobs clean takes --json for itself", async () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, "other"));
  const { out } = await tsdpHere(folder, "jobs", "clean", "--json", "--userid", "other");
  expect(JSON.parse(out)).toEqual({ schema: "tsdp.leftovers/1", leftovers: [] });
});

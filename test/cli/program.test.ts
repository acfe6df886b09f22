import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { expect, test, vi } from "vitest";
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

test.each([
  ...nested.map(({ words, rest }) => [...words, "--userid", "hr/hush", ...rest]),
  ...["export", "import"].flatMap((command) => [
    [command, "hr/hush", "dumpfile=x"],
    [command, "HR/hush@.", "HR/hush@."],
    [command, "dumpfile=x", "hr/hush@."],
    [command, "userid=hr/my", "hush@."],
  ]),
  ["jobs", "hr/hush"],
  ["attach", "JOB", "hr/hush"],
  ["attach", "hr/hush@."],
  ["export", "attach=hr/hush@."],
  ["verify", "x.dmp", "--against", "hr/hush"],
  ["ls", "x.dmp", "--userid", "hr/hush"],
  ["link", "create", "L", "hr/hush"],
  ["hr/hush@."],
  ["user", "hr/hush@."],
])("the password of a connect string stands in no error: tsdp %j", async (...words) => {
  const direct = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  const { code, out, err } = await tsdpHere(temporaryFolder(), ...words);
  expect(code).toBe(1);
  const told = `${out}${err}${direct.mock.calls.join("")}`;
  expect(told).not.toBe("");
  expect(told).not.toMatch(/hush/i);
});

test("jobs clean takes --json for itself", async () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, "other"));
  const { out } = await tsdpHere(folder, "jobs", "clean", "--json", "--userid", "other");
  expect(JSON.parse(out)).toEqual({ schema: "tsdp.leftovers/1", leftovers: [] });
});

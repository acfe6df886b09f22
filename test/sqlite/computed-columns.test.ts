import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openDatabase } from "../../src/sqlite/database.ts";
import { publish } from "../../src/sqlite/publish.ts";
import { temporaryFolder } from "../job/temporary-folder.ts";
import { stageAll } from "./transfer.ts";

test("an existing table takes no rows when the dump has no values for a column that it stores", () => {
  const folder = temporaryFolder();
  const path = join(folder, "TARGET.db");
  const target = openDatabase(path);
  onTestFinished(() => {
    target.close();
  });
  target.exec("CREATE TABLE plain (a, B); CREATE TABLE computed (a, b AS (a * 3)); CREATE TABLE lacking (a)");
  const names = ["plain", "computed", "lacking"];
  const source = names.map((name) => `CREATE TABLE ${name} (a, b AS (a * 2)); INSERT INTO ${name} VALUES (5)`);
  const append = { action: "append" } as const;
  const left: unknown[] = [];
  publish(
    target,
    true,
    stageAll(folder, source.join("; "), path, { plain: append, computed: append, lacking: append }),
    (event) => {
      if (event.kind === "rejected") left.push([event.object.name, event.lines.map(({ text }) => text).join()]);
    },
  );
  expect(left).toEqual([["plain", expect.stringMatching(/its column b is computed in the dump/)]]);
  const rows = names.map((name) => target.prepare(`SELECT * FROM ${name}`).raw().all());
  expect(rows).toEqual([[], [[5, 15]], [[5]]]);
});

import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { DumpFileSetWriter } from "../../../src/dump/writer.ts";
import type { JobDefinition, JobFile } from "../../../src/job/definition.ts";
import { beginAddedFiles, begunSpecifications } from "../../../src/job/export/added-files.ts";
import { createJob, leaveJob } from "../../../src/job/jobs.ts";
import { codesOf, encoded, noise, setOptions } from "../../dump/sets.ts";
import { temporaryFolder } from "../temporary-folder.ts";

test("files that were added to a stopped export and can't be begun are taken back, all of them, and a later start has them not", async () => {
  const folder = temporaryFolder();
  const file = (name: string, type: JobFile["type"] = "dump"): JobFile => ({
    ...{ type, name, directory: "D", directoryPath: folder, fileSize: null, reuse: false },
  });
  const files = [file("x_%U.dmp"), file("a.log", "log")];
  const definition = { owner: "HR", name: "J", guid: "0".repeat(32), database: folder, files, parameters: {} };
  const job = createJob(join(folder, ".tsdp"), definition as unknown as JobDefinition);
  onTestFinished(() => {
    leaveJob(job);
  });
  const { table } = job;
  writeFileSync(join(folder, "taken.dmp"), "of another job");
  const options = setOptions([], { files: files.slice(0, 1), formatMinor: 0 });
  const writer = await DumpFileSetWriter.create(options);
  await writer.append(encoded({ raw: noise(1000), algorithm: "NONE" }));
  const saved = (await writer.checkpoint()) ?? [];
  await writer.suspend();

  const dumps = (...names: readonly string[]) => names.map((name) => file(name));
  for (const [added, code] of [
    [dumps("x_01.dmp"), "ORA-39135"],
    [dumps("b.dmp", "taken.dmp"), "ORA-31641"],
    [dumps(`${"y".repeat(245)}.dmp`), "ORA-31641"],
  ] as const) {
    table.define(() => ({ files: [...files, ...added] }));
    const resumed = await DumpFileSetWriter.resume(options, saved);
    expect(await codesOf(beginAddedFiles(table, resumed, begunSpecifications(saved)))).toContain(code);
    await resumed.suspend();
    expect(table.definition().files, code).toEqual(files);
    expect(readdirSync(folder).filter((name) => name.includes("b.dmp"))).toEqual([]);
  }

  table.define(() => ({ files: [...files, file("c.dmp")] }));
  const resumed = await DumpFileSetWriter.resume(options, saved);
  await beginAddedFiles(table, resumed, begunSpecifications(saved));
  expect(resumed.files.map(({ path }) => path)).toEqual([join(folder, "x_01.dmp"), join(folder, "c.dmp")]);
  expect(table.definition().files).toContainEqual(file("c.dmp"));
  await resumed.discard();
});

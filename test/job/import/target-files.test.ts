import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { expect, test } from "vitest";
import { BadFile } from "../../../src/job/import/bad-file.ts";
import { takeName } from "../../../src/job/import/target-files.ts";
import { failureOf, expectSuccess, runExport, runImport } from "../pump-jobs.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const JOURNALS = ["-wal", "-journal"];

test.each(JOURNALS)("no file gets a name beside which a database that is gone has left its %s", (suffix) => {
  const folder = temporaryFolder();
  const [work, path] = [join(folder, ".HR.part"), join(folder, "HR.db")];
  writeFileSync(work, "new");
  writeFileSync(path + suffix, "old");
  expect(() => {
    takeName(work, path);
  }).toThrow(`"${path}${suffix}" is left of a database that is gone`);
  expect(readdirSync(folder).sort()).toEqual([".HR.part", `HR.db${suffix}`]);
  // An empty one holds nothing.
  writeFileSync(path + suffix, "");
  takeName(work, path);
  expect(readdirSync(folder).sort()).toEqual([".HR.part", "HR.db", `HR.db${suffix}`]);
});

test("a bad file takes the next name when something of another one is left at its own", () => {
  const folder = temporaryFolder();
  const files = [
    { name: "import.log", type: "log", directory: "D", directoryPath: folder, fileSize: null, reuse: false },
  ] as const;
  const bad = BadFile.of({ files, guid: "0123456789ABCDEF" }, "HR");
  if (bad === null) throw new Error("there is a log file");
  writeFileSync(bad.partPath, "rows");
  writeFileSync(join(folder, "import.HR.bad"), "mine");
  for (const [i, suffix] of JOURNALS.entries()) writeFileSync(join(folder, `import.HR.${i + 2}.bad${suffix}`), "old");
  bad.makeWhole();
  const named: string[] = [];
  bad.takeName((path) => named.push(path));
  expect(named).toEqual([join(folder, "import.HR.4.bad")]);
  expect(readFileSync(named[0] ?? "", "utf8")).toBe("rows");
});

test.each(JOURNALS)(
  "an import makes no schema whose name has the %s of another one, and says so before it begins",
  async (suffix) => {
    const folder = temporaryFolder();
    const source = new Sqlite(join(folder, "HR.db"));
    source.exec("CREATE TABLE t (a); INSERT INTO t VALUES (1)");
    source.close();
    expectSuccess(await runExport(folder, { schemas: "= 'HR'" }));
    const left = join(folder, `NEW.db${suffix}`);
    writeFileSync(left, "old");
    const request = { remap: [["HR", "NEW"]] } as const;
    const failure = await failureOf(runImport(folder, request));
    expect(failure.message).toContain(`TSDP-00010: "${left}" is left of a database that is gone`);
    expect(failure.hint).toContain("Move that file away");
    expect(readFileSync(left, "utf8")).toBe("old");
    expect(existsSync(join(folder, "NEW.db"))).toBe(false);
    rmSync(left);
    expectSuccess(await runImport(folder, request));
  },
);

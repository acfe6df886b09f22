import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import Sqlite from "better-sqlite3";
import { afterEach, beforeEach, expect, test } from "vitest";
import { compareDatabases } from "../judge/compare.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tsdp-cli-"));
  const hr = new Sqlite(join(folder, "HR.db"));
  hr.exec(readFileSync(join(ROOT, "fixtures/hr.sql"), "utf8"));
  hr.close();
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function run(entry: string, ...words: readonly string[]): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(ROOT, "bin", entry), ...words], {
    cwd: folder,
    encoding: "utf8",
  });
  return { code: status, out: stdout, err: stderr };
}

const withoutTimes = (text: string) => text.replaceAll(/(at|on) \w{3} \w{3} \d+ [\d:]{8} \d{4}( elapsed .*)?/g, "$1 TIME");

test("the two commands of the README: what the screen shows is what the log file holds", () => {
  const exported = run("tsdp.js", "export", "schemas=HR", "dumpfile=example1.dmp");
  expect(exported).toMatchObject({ code: 0, err: "" });
  const imported = run("tsdp.js", "import", "dumpfile=example1.dmp", "remap_schema=HR:BLAKE");
  expect(imported).toMatchObject({ code: 0, err: "" });
  expect(compareDatabases(join(folder, "HR.db"), join(folder, "BLAKE.db"))).toEqual([]);
  for (const [{ out }, log] of [
    [exported, "export.log"],
    [imported, "import.log"],
  ] as const) {
    const screen = withoutTimes(out)
      .split("\n")
      .map((line) => (line === "" ? ";;; " : line));
    expect(withoutTimes(readFileSync(join(folder, log), "utf8")).split("\n")).toEqual([...screen.slice(0, -1), ""]);
  }
  const rowLines = exported.out.split("\n").filter((line) => line.startsWith(". . "));
  expect(rowLines).toHaveLength(7);
  expect(rowLines.every((line) => line.length === 78)).toBe(true);
});

test("expdp and impdp take the same parameters, in either notation and from a parfile", () => {
  writeFileSync(join(folder, "exp.par"), "# nightly\nSCHEMAS = hr\ndumpfile=night.dmp   # the file\nparallel=2\nNOLOGFILE=Y\n");
  expect(run("expdp.js", "parfile=exp.par", "--compression", "ALL").code).toBe(0);
  expect(run("impdp.js", "--dumpfile=night.dmp", "tables=(hr.jobs, hr.regions)", "remap_schema=hr:two", "nologfile=y").code).toBe(
    0,
  );
  const two = new Sqlite(join(folder, "TWO.db"), { readonly: true });
  expect(
    two.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY 1").pluck().all(),
  ).toEqual(["jobs", "regions"]);
  two.close();
});

test("exit code 5 for a job with errors, 1 for one that can't start; both say what to do", () => {
  expect(run("tsdp.js", "export", "schemas=HR", "dumpfile=x.dmp").code).toBe(0);
  const again = run("tsdp.js", "import", "dumpfile=x.dmp");
  expect(again.code).toBe(5);
  expect(again.out).toContain('ORA-39151: Table "HR"."jobs" exists. All dependent metadata and data will be skipped');
  expect(again.out).toMatch(/completed with 8 error\(s\) at/);
  const refused = run("tsdp.js", "export", "schemas=HR", "dumpfile=x.dmp");
  expect(refused).toMatchObject({ code: 1 });
  expect(refused.err).toMatch(
    /^ORA-39001: .*\nORA-39000: .*\nORA-31641: .*x\.dmp"\nORA-27038: created file already exists\n\n.*reuse_dumpfiles=y/,
  );
  expect(run("tsdp.js", "export", "schema=HR", "dumpfile=y.dmp").err).toContain("schemas");
});

test("--json gives one event a line, each with its schema", () => {
  const { code, out } = run("tsdp.js", "export", "schemas=HR", "dumpfile=x.dmp", "--json");
  const events = out
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { schema: string; event: string; exitCode?: number });
  expect(code).toBe(0);
  expect(new Set(events.map(({ schema }) => schema))).toEqual(new Set(["tsdp.events/1"]));
  expect(events.at(-1)).toMatchObject({ event: "end", exitCode: 0, state: "COMPLETED" });
  expect(events.filter(({ event }) => event === "log").length).toBeGreaterThan(10);
});

test("SIGTERM leaves the job, which goes on to its end", async () => {
  const big = new Sqlite(join(folder, "BIG.db"));
  big.exec(
    "CREATE TABLE t (a, b); WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 80000) INSERT INTO t SELECT i, randomblob(300) FROM n",
  );
  big.close();
  const client = spawn(
    process.execPath,
    [
      join(ROOT, "bin/tsdp.js"),
      "export",
      "schemas=BIG",
      "dumpfile=big.dmp",
      "parallel=1",
      "compression=all",
      "compression_algorithm=high",
    ],
    {
      cwd: folder,
    },
  );
  let [out, err] = ["", ""];
  client.stdout.on("data", (chunk: Buffer) => {
    out += chunk.toString();
    if (out.includes("Processing object type")) client.kill("SIGTERM");
  });
  client.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
  const code = await new Promise((resolve) => client.on("close", resolve));
  expect(code).toBe(143);
  expect(err).toMatch(/Job "SYSTEM"\."SYS_EXPORT_SCHEMA_01" goes on without this client; follow it with: tsdp jobs/);
  const log = () => readFileSync(join(folder, "export.log"), "utf8");
  for (let wait = 0; wait < 600 && !log().includes("successfully completed"); wait++) await sleep(50);
  expect(log()).toContain('Job "SYSTEM"."SYS_EXPORT_SCHEMA_01" successfully completed');
  expect(run("tsdp.js", "dumpinfo", "big.dmp").code).toBe(0);
});

import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { temporaryFolder } from "../job/temporary-folder.ts";

const READER = fileURLToPath(new URL("reader.py", import.meta.url));
const VECTORS = fileURLToPath(new URL("../../fixtures/dumps/vectors/", import.meta.url));
const has = (command: string) => spawnSync(command, ["--version"]).status === 0;
const missing = ["python3", "zstd"].filter((command) => !has(command));

if (missing.length > 0)
  process.stderr.write(`\nNOT TESTED: whether docs/format.md is enough to write a reader; ${missing.join(" and ")} missing\n\n`);

test.skipIf(missing.includes("python3"))(
  "a reader written from docs/format.md alone reads every good vector and refuses every bad one",
  { timeout: 300_000 },
  () => {
    const paths = readdirSync(VECTORS).map((name) => join(VECTORS, name));
    const env = { ...process.env, TMPDIR: temporaryFolder() };
    const { stdout, stderr, status } = spawnSync("python3", [READER, "--vector", ...paths], { encoding: "utf8", env });
    const wrong = stdout.split("\n").filter((line) => line.includes("WRONG"));
    expect([wrong, stderr, status]).toEqual([[], "", 0]);
    const unread = stdout.split("\n").filter((line) => line.includes("skipped: only an import tells"));
    expect(unread.filter((line) => !/^(definition|hostile)-/.test(line))).toEqual([]);
    expect(stdout.split("\n").filter((line) => /: ok$/.test(line)).length).toBeGreaterThan(missing.includes("zstd") ? 20 : 35);
  },
);

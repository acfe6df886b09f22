import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import Sqlite from "better-sqlite3";
import { expect, onTestFinished, test } from "vitest";
import { compareDatabases } from "../judge/compare.ts";
import { startObjectStore } from "../object-store/start.ts";
import { temporaryFolder } from "../job/temporary-folder.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** The server lives in this process: the commands must not block it. */
async function tsdp(folder: string, ...words: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const env = { ...process.env, TSDP_CREDENTIAL_SECRET: "S3RVER" };
  return new Promise((resolve) => {
    execFile(process.execPath, [join(ROOT, "bin/tsdp.js"), ...words], { cwd: folder, env }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err });
    });
  });
}

test("the command line: a credential, an export to an object store, dumpinfo, and an import by pre-authenticated URL", async () => {
  const folder = temporaryFolder();
  const store = await startObjectStore();
  onTestFinished(() => store.close());
  const hr = new Sqlite(join(folder, "HR.db"));
  hr.exec(readFileSync(join(ROOT, "fixtures/hr.sql"), "utf8"));
  hr.close();

  const created = await tsdp(folder, "credential", "create", "bmctest", "--username", "S3RVER");
  expect(created).toMatchObject({ code: 0, out: "Credential BMCTEST created.\n" });
  expect(created.err).toContain("Warning: no wallet is open");
  const listed = await tsdp(folder, "credential", "list", "--json");
  expect(JSON.parse(listed.out)).toEqual({
    schema: "tsdp.credentials/1",
    credentials: [{ owner: "SYSTEM", name: "BMCTEST", username: "S3RVER", endpoint: null, region: null, isEncrypted: false }],
  });

  const [url, signed] = [store.url("hr.dmp"), store.signedUrl("hr.dmp")];
  expect(await tsdp(folder, "export", "schemas=hr", `dumpfile=${url}`, "credential=bmctest")).toMatchObject({ code: 0, err: "" });
  const info = await tsdp(folder, "dumpinfo", url, "--credential", "bmctest");
  expect(info).toMatchObject({ code: 0 });
  expect(info.out).toContain("is a Data Pump dump file");

  writeFileSync(join(folder, "import.par"), `dumpfile="${signed}"\nremap_schema=hr:copy`);
  const imported = await tsdp(folder, "import", "parfile=import.par");
  expect(imported).toMatchObject({ code: 0, err: "" });
  expect(compareDatabases(join(folder, "HR.db"), join(folder, "COPY.db"))).toEqual([]);
  const echoed = await tsdp(folder, "import", `dumpfile=${signed}`, "remap_schema=hr:second", "nologfile=y");
  expect(echoed.out).toContain(`dumpfile=${url}?********`);
  for (const { out, err } of [imported, echoed]) expect(out + err).not.toContain("X-Amz-");

  const refused = await tsdp(folder, "export", "schemas=hr", `dumpfile=${url}`, "credential=nobody", "nologfile=y");
  expect(refused.err).toContain('ORA-27476: "SYSTEM"."NOBODY" does not exist');
  expect(await tsdp(folder, "credential", "drop", "bmctest")).toMatchObject({ code: 0 });
});

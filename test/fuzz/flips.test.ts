import Sqlite from "better-sqlite3";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { writeConstructs } from "../../fixtures/constructs.ts";
import { PumpError } from "../../src/base/errors.ts";
import { DumpFileSet } from "../../src/dump/reader.ts";
import type { Keyring } from "../../src/dump/set-key.ts";
import { readMaster, verifyDescriptions } from "../../src/inspect/master.ts";
import { readPiece } from "../../src/dump/piece-reader.ts";
import { withFiles } from "../dump/sets.ts";
import { MemoryStorage } from "../dump/memory-storage.ts";
import { expectSuccess, runExport, type JobRequest } from "../job/pump-jobs.ts";
import { expectCatalogued, RUNS, SEED, withWatchdog } from "./harness.ts";
import { mutate, type Files } from "./mutate.ts";
import { Random } from "./random.ts";

const PASSWORD = "a password of a test";
const HR = readFileSync(new URL("../../fixtures/hr.sql", import.meta.url), "utf8");
const SETS: readonly (readonly [name: string, schema: string, request: JobRequest])[] = [
  ["plain", "HR", { parameters: { COMPRESSION: "NONE" } }],
  ["compressed", "HR", { parameters: { COMPRESSION: "ALL" } }],
  ["several", "HR", { fileSize: "40KB", parameters: { COMPRESSION: "NONE" } }],
  ["constructs", "ALL", { parameters: { COMPRESSION: "ALL" } }],
  ["encrypted", "HR", { parameters: { ENCRYPTION_PASSWORD: PASSWORD, COMPRESSION: "NONE" } }],
  ["metadata", "HR", { parameters: { ENCRYPTION_PASSWORD: PASSWORD, ENCRYPTION: "METADATA_ONLY", COMPRESSION: "ALL" } }],
];

interface SmallSet {
  readonly files: Files;
  readonly keyring: Keyring;
  readonly images: ReadonlyMap<string, string>;
}

const sets = new Map<string, SmallSet>();

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), "tsdp-fuzz-"));
  try {
    const database = new Sqlite(join(folder, "HR.db"));
    database.exec(HR);
    database.close();
    writeConstructs(join(folder, "ALL.db"), { blobBytes: 3000, rows: 20 });
    for (const [name, schema, request] of SETS) {
      expectSuccess(await runExport(folder, { ...request, schemas: `IN ('${schema}')`, dumpFiles: [`${name}%U.dmp`] }));
      const names = readdirSync(folder).filter((file) => file.startsWith(name) && file.endsWith(".dmp"));
      const files = new Map(names.map((file) => [`/${file}`, readFileSync(join(folder, file))]));
      const keyring = { password: name === "encrypted" || name === "metadata" ? PASSWORD : null, masterKeys: null };
      sets.set(name, { files, keyring, images: await readEverything(files, keyring) });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 300_000);

function digest(bytes: Buffer | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Digests of everything that an import would take from a set, checked as it checks it. */
async function readEverything(files: Files, keyring: Keyring): Promise<ReadonlyMap<string, string>> {
  const storage = new MemoryStorage();
  for (const [path, bytes] of files) storage.files.set(path, bytes);
  const set = await DumpFileSet.open([...files.keys()], storage, keyring);
  const images = new Map<string, string>();
  await withFiles(storage, async (openFile) => {
    const master = await readMaster(set, openFile);
    images.set("master", digest(JSON.stringify({ ...master, job: [...master.job] })));
    await verifyDescriptions(set, openFile);
    for (const location of [...set.pieces.values()].flat())
      images.set(`${location.object}/${location.piece}`, digest(await readPiece(location, openFile)));
  });
  return images;
}

test.each(SETS.map(([name]) => name))("a set that is changed anywhere (%s) is refused, or reads as it was", async (name) => {
  const set = sets.get(name);
  if (set === undefined) throw new RangeError(`no set ${name}`);
  const others = [...sets.values()].flatMap(({ files }) => [...files.values()]);
  for (let run = 0; run < RUNS; run += 1) {
    const seed = SEED + run;
    const mutation = mutate(set.files, others, new Random(seed));
    if (mutation === undefined) continue;
    const label = `TSDP_FUZZ_SEED=${seed} ${name}: ${mutation.what}`;
    const result = await withWatchdog(label, () => readEverything(mutation.files, set.keyring).catch((error: unknown) => error));
    if (result instanceof Map) {
      expect(set.keyring.password, `${label} was accepted`).toBeNull();
      expect(result, label).toEqual(set.images);
    } else expectCatalogued(result, label);
  }
  expect(process.memoryUsage.rss()).toBeLessThan(500 << 20);
});

test("the sets are read as they are", () => {
  expect([...sets.keys()]).toEqual(SETS.map(([name]) => name));
  for (const { images } of sets.values()) expect(images.size).toBeGreaterThan(7);
  expect(() => {
    expectCatalogued(new PumpError([{ code: "ORA-39006", text: "internal error" }]), "");
  }).toThrow();
});

import Sqlite from "better-sqlite3";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeConstructs } from "../../fixtures/constructs.ts";
import { readPiece } from "../../src/dump/piece-reader.ts";
import { DumpFileSet } from "../../src/dump/reader.ts";
import { LocalStorage } from "../../src/storage/local.ts";
import { withFiles } from "../dump/sets.ts";
import { expectSuccess, runExport, type JobRequest } from "../job/pump-jobs.ts";
import { encryptionBy } from "../vectors/write.ts";
import { forge, type KnownSet, type RawImage } from "./forge.ts";
import { expectMemory, RUNS, SEED, withWatchdog } from "./harness.ts";
import { Random } from "./random.ts";
import { importForgery, look } from "./take.ts";

const PASSWORD = "a password of a test";
const HR = readFileSync(new URL("../../fixtures/hr.sql", import.meta.url), "utf8");
const SETS: readonly (readonly [name: string, schema: string, encrypted: boolean, request: JobRequest])[] = [
  ["plain", "HR", false, { parameters: { COMPRESSION: "NONE" } }],
  ["compressed", "HR", false, { parameters: { COMPRESSION: "ALL" } }],
  ["several", "HR", false, { fileSize: "40KB", parameters: { COMPRESSION: "NONE" } }],
  ["constructs", "ALL", false, { parameters: { COMPRESSION: "ALL" } }],
  ["encrypted", "HR", true, { parameters: { COMPRESSION: "NONE" } }],
];
/** A case runs whole jobs, so there are fewer than of changes that are refused at once. */
const CASES = Math.ceil(RUNS / 75);

const sets = new Map<string, KnownSet>();
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "tsdp-forged-"));
  const database = new Sqlite(join(folder, "HR.db"));
  database.exec(HR);
  database.close();
  writeConstructs(join(folder, "ALL.db"), { blobBytes: 3000, rows: 20 });
  for (const [name, schema, encrypted, request] of SETS) {
    expectSuccess(await runExport(folder, { ...request, schemas: `IN ('${schema}')`, dumpFiles: [`${name}%U.dmp`] }));
    sets.set(name, await readKnown(name, encrypted));
  }
}, 300_000);

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

async function readKnown(name: string, encrypted: boolean): Promise<KnownSet> {
  const paths = readdirSync(folder).filter((file) => file.startsWith(name) && file.endsWith(".dmp"));
  const files = new Map(paths.map((file) => [file, readFileSync(join(folder, file))]));
  const storage = new LocalStorage();
  const set = await DumpFileSet.open(
    paths.map((file) => join(folder, file)),
    storage,
  );
  const images: RawImage[] = [];
  await withFiles(storage, async (openFile) => {
    for (const identity of [...set.pieces.values(), ...set.descriptions.values(), [set.masterPiece()]].flat())
      images.push({ identity, raw: await readPiece(identity, openFile) });
  });
  const { guid } = set.header;
  const encryption = encrypted ? encryptionBy(guid, { password: PASSWORD }) : null;
  return { files, images, algorithm: name === "constructs" ? "LOW" : "NONE", change: { guid, encryption } };
}

test.each(SETS)(
  "a set that lies with every sum put right (%s) is refused, or taken as far as it makes sense",
  async (name, schema, encrypted) => {
    const set = sets.get(name);
    if (set === undefined) throw new RangeError(`no set ${name}`);
    const keyring = { password: encrypted ? PASSWORD : null, masterKeys: null };
    const failures: string[] = [];
    for (let run = 0; run < CASES && failures.length < 10; run += 1) {
      const random = new Random(SEED + run);
      const { files, what } = await forge(set, random);
      const label = `TSDP_FUZZ_SEED=${SEED + run} ${name}: ${what}`;
      const place = join(folder, "trial", "inside");
      const trial = { files, keyring, folder: place, schema, old: join(folder, `${schema}.db`), label };
      try {
        await withWatchdog(label, () => (random.below(3) === 0 ? look(trial, random) : importForgery(trial, random)));
        expect(readdirSync(join(folder, "trial")), label).toEqual(["inside"]);
        expectMemory(label);
      } catch (error) {
        failures.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
      }
      rmSync(place, { recursive: true });
    }
    expect(failures.join("\n\n")).toBe("");
  },
);

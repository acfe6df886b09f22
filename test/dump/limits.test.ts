import { expect, test } from "vitest";
import { lengthProblem, MOST_NAMES, SetAllowance } from "../../src/dump/limits.ts";
import { DumpFileSet } from "../../src/dump/reader.ts";
import { MAX_INDEX_ENTRIES } from "../../src/format/segment-index.ts";
import { MemoryStorage } from "./memory-storage.ts";
import { codesOf, noise, specification, writeSet } from "./sets.ts";

test("names in a header are followed up to a limit, and an error names few of them", async () => {
  const storage = new MemoryStorage();
  const paths = Array.from({ length: MOST_NAMES + 200 }, (_, i) => `/f${i}.dmp`);
  const pieces = [1, 2].map((piece) => ({ piece, raw: noise(3000, piece), algorithm: "NONE" as const }));
  await writeSet(["/a.dmp"], pieces, { storage, files: ["/a.dmp", ...paths].map((path) => specification(path)) });
  for (const path of paths) storage.files.delete(path);
  let looks = 0;
  storage.exists = () => {
    looks += 1;
    return Promise.resolve(false);
  };
  const codes = await codesOf(DumpFileSet.open(["/a.dmp"], storage, undefined, ["/x", "/y"]));
  expect(codes).toContain("ORA-39059");
  expect(codes.length).toBeLessThan(20);
  expect(looks).toBeLessThanOrEqual(3 * MOST_NAMES);
  expect(looks).toBeGreaterThan(MOST_NAMES);
});

test("an image may be as long as its rows can make it", () => {
  const image = { type: 1, codec: 1, cipher: 0, image: 0, object: 1, piece: 1, rows: 2, rawLength: 0, storedLength: 0 } as const;
  expect(lengthProblem({ ...image, rawLength: 32 << 20 })).toBeUndefined();
  expect(lengthProblem({ ...image, rawLength: 64 << 20, storedLength: 4 << 20 })).toBeUndefined();
  expect(lengthProblem({ ...image, rawLength: 64 << 20, storedLength: (4 << 20) - 1 })).toMatch(/can't come out of/);
  expect(lengthProblem({ ...image, rawLength: (64 << 20) + 1 })).toMatch(/longer than 64 MiB/);
  expect(lengthProblem({ ...image, rows: 1, rawLength: 520 << 20, storedLength: 520 << 20 })).toBeUndefined();
  expect(lengthProblem({ ...image, rows: 1, rawLength: 1 << 30 })).toMatch(/longer than 520 MiB/);
  expect(lengthProblem({ ...image, type: 3, rows: 1, storedLength: 65 << 20 })).toMatch(/longer than 64 MiB/);
});

test("the files of a set together may have only so much before a piece is read", () => {
  const allowance = new SetAllowance();
  allowance.take("/1.dmp", 40 << 20, MAX_INDEX_ENTRIES);
  expect(() => {
    allowance.take("/2.dmp", 0, 1);
  }).toThrow(/more than 200000 segments/);
  expect(() => {
    new SetAllowance().take("/1.dmp", 49 << 20, 0);
  }).toThrow(/more than 48 MiB/);
});

test("no image is written that no reader would take", async () => {
  const storage = new MemoryStorage();
  const long = { type: 2, rows: 0, raw: Buffer.alloc((64 << 20) + 1), algorithm: "LOW" } as const;
  expect(await codesOf(writeSet(["/a.dmp"], [long], { storage }))).toEqual(["ORA-39097", "TSDP-00010"]);
  await writeSet(["/b.dmp"], [{ ...long, type: 1, rows: 1 }], { storage });
  expect(await codesOf(DumpFileSet.open(["/b.dmp"], storage))).toEqual([]);
  expect(storage.files.get("/b.dmp")?.length, "few bytes would stand for many").toBeGreaterThan(64 << 20);
});

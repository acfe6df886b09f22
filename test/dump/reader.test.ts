import { describe, expect, it, test } from "vitest";
import { DumpFileSet } from "../../src/dump/reader.ts";
import { codesOf, GUID, noise, writeSet, type RawPiece } from "./sets.ts";
import { MemoryStorage } from "./memory-storage.ts";

const PATHS = ["/1.dmp", "/2.dmp", "/3.dmp"];
const PIECES: readonly RawPiece[] = [1, 2, 3, 4].map((piece) => ({
  piece,
  rows: piece,
  raw: Buffer.alloc(50 * piece, `piece ${piece}`),
}));
const BAD = ["ORA-39001", "ORA-39000"];

async function newSet(guid = GUID, pieces = PIECES): Promise<MemoryStorage> {
  const storage = new MemoryStorage();
  await writeSet(PATHS, pieces, { guid, storage });
  return storage;
}

async function openCodes(paths: readonly string[], storage: MemoryStorage): Promise<readonly string[]> {
  return codesOf(DumpFileSet.open(paths, storage));
}

describe("opening a set", () => {
  it("takes the files in any order", async () => {
    const set = await DumpFileSet.open(["/3.dmp", "/1.dmp", "/2.dmp"], await newSet());
    expect(set.files.map(({ path }) => path)).toEqual(PATHS);
    expect(set.masterPiece().segments.map(({ path }) => path)).toEqual(["/1.dmp"]);
  });

  it("reads no pieces", async () => {
    const storage = await newSet(GUID, [{ raw: Buffer.alloc(5_000_000), algorithm: "NONE" }]);
    await DumpFileSet.open(PATHS, storage);
    expect(storage.reads.reduce((sum, { length }) => sum + length, 0)).toBeLessThan(20_000);
  });

  it("says that a file does not exist", async () => {
    expect(await openCodes(["/no.dmp"], await newSet())).toEqual(["ORA-31640", "ORA-27037"]);
  });

  it("finds the others beside any of the files", async () => {
    const storage = await newSet();
    for (const path of PATHS) expect((await DumpFileSet.open([path], storage)).files.map((file) => file.path)).toEqual(PATHS);
  });

  it("finds files under names that no header has, and takes only those that the set was finished with", async () => {
    const storage = await newSet();
    const [second, third] = [storage.files.get("/2.dmp"), storage.files.get("/3.dmp")];
    storage.files.delete("/2.dmp");
    storage.files.delete("/3.dmp");
    // Of the set by its GUID and number, and another one all the same.
    const other = await newSet(GUID, [{ raw: Buffer.from("other rows") }]);
    for (const name of ["/a.dmp", "/z.dmp"]) storage.files.set(name, other.files.get("/2.dmp") ?? Buffer.alloc(0));
    storage.files.set("/b.dmp", Buffer.from("no dump file at all"));
    storage.files.set("/c.dmp", (second ?? Buffer.alloc(0)).subarray(0, -10));
    storage.files.set("/m.dmp", second ?? Buffer.alloc(0));
    storage.files.set("/n.dmp", third ?? Buffer.alloc(0));
    storage.files.set("/n.db", third ?? Buffer.alloc(0));
    storage.reads.length = 0;
    const set = await DumpFileSet.open(["/1.dmp"], storage);
    expect(set.files.map(({ path }) => path)).toEqual(["/1.dmp", "/m.dmp", "/n.dmp"]);
    expect(storage.reads.filter(({ path }) => path === "/n.db")).toEqual([]);
    storage.files.delete("/m.dmp");
    expect(await openCodes(["/1.dmp"], storage)).toEqual([...BAD, "ORA-39059", "ORA-39245", "ORA-39245"]);
  });

  it("looks for no file outside the folder of a header that says so", async () => {
    const storage = new MemoryStorage();
    await writeSet(["/a/1.dmp", "/a/../b/2.dmp"], [{ raw: Buffer.from("rows") }], { storage });
    storage.reads.length = 0;
    expect(await openCodes(["/a/1.dmp"], storage)).toEqual([...BAD, "ORA-39059", "ORA-39245"]);
  });

  it("says which files of the set are missing", async () => {
    const storage = await newSet();
    const [first, second, third] = PATHS.map((path) => `/elsewhere${path}`) as [string, string, string];
    for (const path of PATHS) storage.files.set(`/elsewhere${path}`, storage.files.get(path) ?? Buffer.alloc(0));
    storage.files.delete(second);
    await expect(DumpFileSet.open([first, third], storage)).rejects.toMatchObject({
      code: "ORA-39001",
      hint: expect.stringContaining("number 2") as string,
    });
    expect(await openCodes([first, third], storage)).toEqual([...BAD, "ORA-39059", "ORA-39245"]);
    storage.files.delete(first);
    expect(await openCodes([third], storage)).toEqual([...BAD, "ORA-39059", "ORA-39246"]);
  });

  it("says that a file is there twice, also as a copy", async () => {
    const storage = await newSet();
    storage.files.set("/copy.dmp", storage.files.get("/2.dmp") ?? Buffer.alloc(0));
    expect(await openCodes([...PATHS, "/copy.dmp"], storage)).toEqual([...BAD, "ORA-39141"]);
    expect(await openCodes(["/1.dmp", "/1.dmp"], storage)).toEqual([...BAD, "ORA-39141"]);
  });

  it("says which job a file of another set belongs to", async () => {
    const storage = await newSet();
    const other = await newSet("FF".repeat(16));
    storage.files.set("/2.dmp", other.files.get("/2.dmp") ?? Buffer.alloc(0));
    await expect(DumpFileSet.open(PATHS, storage)).rejects.toThrow(
      'ORA-39140: dump file "/2.dmp" belongs to job "HR"."SYS_EXPORT_SCHEMA_01"',
    );
  });

  it("says so also of a file that has the name of one that is missing", async () => {
    const storage = await newSet();
    const second = storage.files.get("/2.dmp") ?? Buffer.alloc(0);
    storage.files.set("/2.dmp", (await newSet("FF".repeat(16))).files.get("/2.dmp") ?? Buffer.alloc(0));
    await expect(DumpFileSet.open(["/1.dmp"], storage)).rejects.toMatchObject({
      message: expect.stringMatching(
        /ORA-39059.*\nORA-39245.*2\.dmp.*\nORA-39140: dump file "\/2\.dmp" belongs to job/,
      ) as string,
      hint: expect.stringContaining("number 2. A file of another job has the name") as string,
    });
    storage.files.set("/renamed.dmp", second);
    expect((await DumpFileSet.open(["/1.dmp"], storage)).files.map(({ path }) => path)).toEqual([
      "/1.dmp",
      "/renamed.dmp",
      "/3.dmp",
    ]);
  });

  it("refuses a file of an earlier run under the same identity", async () => {
    const storage = await newSet();
    const earlier = await newSet(GUID, PIECES.slice(0, 2));
    storage.files.set("/3.dmp", earlier.files.get("/3.dmp") ?? Buffer.alloc(0));
    expect(await openCodes(PATHS, storage)).toEqual([...BAD, "ORA-39412"]);
  });

  it.each([
    [
      "a piece is missing",
      [
        { piece: 1, raw: Buffer.of(1) },
        { piece: 3, raw: Buffer.of(3) },
      ],
    ],
    ["an object begins with its second piece", [{ piece: 2, raw: Buffer.of(1) }]],
    ["a piece is there twice", [{ raw: Buffer.of(1) }, { raw: Buffer.of(1) }]],
    ["a second image stands alone", [{ image: 1, raw: Buffer.of(1) }]],
    [
      "a second image has other rows",
      [
        { raw: Buffer.of(1), rows: 1 },
        { image: 1, raw: Buffer.of(1), rows: 2 },
      ],
    ],
    ["there are two master tables", [{ type: 3, object: 0, piece: 2, raw: Buffer.of(1) }]],
  ] satisfies [string, RawPiece[]][])("refuses a set in which %s", async (_, pieces) => {
    expect(await openCodes(PATHS, await newSet(GUID, pieces))).toEqual([...BAD, "ORA-31619", "TSDP-00010"]);
  });

  it("tells files of Oracle's tools apart", async () => {
    const storage = new MemoryStorage();
    storage.files.set("/exp.dmp", Buffer.from("\x03\x00\x01EXPORT:V11.02.00\nDSYS\nRUSERS\n", "latin1"));
    const expdp = Buffer.alloc(8192);
    expdp.write('\x04\x01"HR"."JOB"', 0, "latin1");
    expdp.write("x86_64/Linux 2.4.xx", 300, "latin1");
    storage.files.set("/expdp.dmp", expdp);
    expect(await openCodes(["/exp.dmp"], storage)).toEqual([...BAD, "ORA-39143"]);
    await expect(DumpFileSet.open(["/expdp.dmp"], storage)).rejects.toThrow(
      'ORA-39142: incompatible version number 4.1 in dump file "/expdp.dmp"',
    );
  });
});

test("a file that a template stands for and that is none of the set is told", async () => {
  const storage = new MemoryStorage();
  const template = [{ directoryPath: "/", name: "a%U.dmp" }];
  await writeSet(["/a01.dmp"], [{ raw: noise(3000) }], { storage });
  expect((await DumpFileSet.open(template, storage)).passedOver).toEqual([]);
  for (const stale of [Buffer.from("junk"), storage.files.get("/a01.dmp")?.subarray(0, -9) ?? Buffer.alloc(0)]) {
    storage.files.set("/a02.dmp", stale);
    expect((await DumpFileSet.open(template, storage)).passedOver).toEqual(["/a02.dmp"]);
  }
});

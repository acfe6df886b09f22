import { beforeAll, describe, expect, it } from "vitest";
import { readPiece } from "../../src/dump/piece-reader.ts";
import type { PieceLocation } from "../../src/dump/piece.ts";
import { DumpFileSet } from "../../src/dump/reader.ts";
import { DumpFileSetWriter } from "../../src/dump/writer.ts";
import { encoded, MASTER, setOptions, writeSet } from "./sets.ts";
import { MemoryStorage } from "./memory-storage.ts";

describe("reading a piece", () => {
  const storage = new MemoryStorage();
  const openFile = (path: string) => storage.open(path);
  let first: PieceLocation;
  let second: PieceLocation;
  beforeAll(async () => {
    const raws = ["first piece", "other piece"];
    await writeSet(
      ["/1.dmp"],
      raws.map((text, i) => ({ piece: i + 1, rows: 1, raw: Buffer.from(text), algorithm: "NONE" })),
      { storage },
    );
    const [one, two] = (await DumpFileSet.open(["/1.dmp"], storage)).pieces.get(1) ?? [];
    if (one === undefined || two === undefined) throw new Error("the set has two pieces");
    [first, second] = [one, two];
  });

  it("gives it after a trip between threads", async () => {
    expect((await readPiece(structuredClone(first), openFile)).toString()).toBe("first piece");
  });

  it("takes no frames of another piece in its place", async () => {
    await expect(readPiece({ ...first, segments: second.segments }, openFile)).rejects.toThrow(
      /ORA-31619: invalid dump file "\/1.dmp"\n.*table data of object 1, piece 1: frame 0: piece is 2, not 1/,
    );
  });

  it.each([
    ["guid", { guid: "FF".repeat(16) }],
    ["type", { type: 2 }],
    ["codec", { codec: 1 }],
    ["object", { object: 2 }],
    ["image", { image: 1 }],
    ["rawLength", { rawLength: 12 }],
    ["storedLength", { storedLength: 12 }],
    ["rows", { rows: 2 }],
  ] satisfies [string, Partial<PieceLocation>][])("refuses frames of another %s", async (field, change) => {
    await expect(readPiece({ ...first, ...change }, openFile)).rejects.toThrow(`frame 0: ${field} is`);
  });

  it("takes no frames of another file, number or end in their place", async () => {
    const [segment] = first.segments;
    if (segment === undefined) throw new Error("the piece has a segment");
    const changed = (change: Partial<typeof segment>) => readPiece({ ...first, segments: [{ ...segment, ...change }] }, openFile);
    await expect(changed({ fileNumber: 2 })).rejects.toThrow("fileNumber is 1, not 2");
    await expect(changed({ firstFrame: 1 })).rejects.toThrow("frame is 0, not 1");
    await expect(changed({ last: false })).rejects.toThrow("last is true, not false");
    await expect(changed({ length: segment.length + 1 })).rejects.toThrow("its segment is longer than its frames");
    await expect(changed({ length: segment.length - 1 })).rejects.toThrow("frame 0 is longer than its segment");
    await expect(changed({ length: 100 })).rejects.toThrow("a frame is cut off");
  });
});

describe("writing a piece", () => {
  it("takes it as it arrives from another thread", async () => {
    const storage = new MemoryStorage();
    const writer = await DumpFileSetWriter.create(setOptions(["/1.dmp"], { storage }));
    const raw = Buffer.alloc(100_000, "rows ");
    await writer.append(structuredClone(encoded({ raw, rows: 5 })));
    await writer.finish(structuredClone(encoded(MASTER)));
    const [location] = (await DumpFileSet.open(["/1.dmp"], storage)).pieces.get(1) ?? [];
    if (location === undefined) throw new Error("the set has a piece");
    expect((await readPiece(location, (path) => storage.open(path))).equals(raw)).toBe(true);
  });
});

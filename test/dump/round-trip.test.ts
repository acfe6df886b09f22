import fc from "fast-check";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { DumpFileWriter } from "../../src/dump/file-writer.ts";
import { headerItems } from "../../src/dump/header-items.ts";
import { DumpFileSet } from "../../src/dump/reader.ts";
import { MAX_PAYLOAD_LENGTH } from "../../src/format/frame.ts";
import { LocalStorage } from "../../src/storage/local.ts";
import {
  encoded,
  GUID,
  MASTER,
  noise,
  readAll,
  setOptions,
  testFolder,
  withFiles,
  writeSet,
  type RawPiece,
  verifyFiles,
} from "./sets.ts";

const MEGABYTE = MAX_PAYLOAD_LENGTH;

/** Bytes that do not compress, the same for the same seed. */

function keyOf(piece: RawPiece): string {
  return `${piece.type ?? 1}/${piece.object ?? 1}/${piece.piece ?? 1}/${piece.image ?? 0}`;
}

describe("a dump file set", () => {
  it("gives back every image, whatever their number, sizes, algorithms and files", async () => {
    const lengths = fc.constantFrom(0, 1, 500, MEGABYTE - 1, MEGABYTE, MEGABYTE + 1, 2 * MEGABYTE + 7);
    const image = fc.record({
      length: lengths,
      packed: fc.boolean(),
      algorithm: fc.constantFrom("NONE" as const, "BASIC" as const, "LOW" as const),
    });
    const objects = fc.array(fc.array(image, { minLength: 1, maxLength: 3 }), { maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(objects, fc.integer({ min: 1, max: 4 }), async (shapes, fileCount) => {
        const folder = testFolder();
        const paths = Array.from({ length: fileCount }, (_, i) => join(folder, `${i}.dmp`));
        const pieces = shapes.flatMap((images, i) =>
          images.map(({ length, packed, algorithm }, j): RawPiece => {
            const raw = packed ? Buffer.alloc(length, "row ") : noise(length, i + j);
            return { object: i + 1, piece: j + 1, rows: length, raw, algorithm };
          }),
        );
        await writeSet(paths, pieces);
        const found = await readAll([...paths].reverse());
        expect(found.size).toBe(pieces.length + 1);
        for (const piece of [...pieces, MASTER]) expect(found.get(keyOf(piece))?.equals(piece.raw), keyOf(piece)).toBe(true);
      }),
      { numRuns: 15 },
    );
  }, 60_000);

  it("keeps the order of pieces, second images and descriptions apart", async () => {
    const path = join(testFolder(), "a.dmp");
    await writeSet(
      [path],
      [
        { object: 1, piece: 2, raw: Buffer.from("two"), rows: 20 },
        { object: 1, piece: 1, image: 1, raw: Buffer.from("one, columns"), rows: 10 },
        { type: 2, object: 1, raw: Buffer.from("CREATE TABLE") },
        { object: 1, piece: 1, raw: Buffer.from("one"), rows: 10 },
      ],
    );
    const set = await DumpFileSet.open([path]);
    expect(set.pieces.get(1)?.map(({ piece, image, rows }) => [piece, image, rows])).toEqual([
      [1, 0, 10],
      [1, 1, 10],
      [2, 0, 20],
    ]);
    expect(set.descriptions.get(1)?.length).toBe(1);
    expect(set.header.items.get(8)).toBe('"HR"."SYS_EXPORT_SCHEMA_01"');
  });

  it("reads an image that spans files", async () => {
    const folder = testFolder();
    const raw = noise(5 * MEGABYTE + 3);
    const piece = encoded({ raw, rows: 77, algorithm: "NONE" });
    const paths = ["1.dmp", "2.dmp", "3.dmp"].map((name) => join(folder, name));
    const options = setOptions(paths);
    const files: DumpFileWriter[] = [];
    for (const [i, path] of paths.entries()) {
      const out = await new LocalStorage().create(path, { reuse: false, owner: "0" });
      const items = headerItems(options, i + 1, new Date(0));
      const header = {
        major: 1,
        minor: 0,
        guid: GUID,
        fileNumber: i + 1,
        salt: Buffer.alloc(32, i),
        writerVersion: "",
        creationTime: 0,
        fileNames: [],
        keys: null,
        items,
      };
      files.push(await DumpFileWriter.begin(out, { specification: i, fileSize: null, encryption: null, checksum: null }, header));
    }
    const [first, second, third] = files as [DumpFileWriter, DumpFileWriter, DumpFileWriter];
    await first.writeSegment(piece, { offset: 0, length: 2 * MEGABYTE, firstFrame: 0 });
    await third.writeSegment(piece, { offset: 2 * MEGABYTE, length: 12_345, firstFrame: 2 });
    await second.writeSegment(piece, {
      offset: 2 * MEGABYTE + 12_345,
      length: raw.length - 2 * MEGABYTE - 12_345,
      firstFrame: 3,
    });
    const master = encoded(MASTER);
    await second.writeSegment(master, { offset: 0, length: master.stored.length, firstFrame: 0 });
    const draft = { pieceCount: 1, pieceNumber: 1, files: [first.setFile(), second.setFile(), third.setFile()] };
    await second.end({ ...draft, files: [first.setFile(), second.setFile(draft), third.setFile()] });
    await first.end();
    await third.end();
    for (const file of files) await file.publish();
    const found = await readAll(paths);
    expect(found.get("1/1/1/0")?.equals(raw)).toBe(true);
    const set = await DumpFileSet.open(paths);
    expect(
      set.pieces.get(1)?.[0]?.segments.map(({ fileNumber, firstFrame, frames, last }) => [fileNumber, firstFrame, frames, last]),
    ).toEqual([
      [1, 0, 2, false],
      [3, 2, 1, false],
      [2, 3, 3, true],
    ]);
    await withFiles(new LocalStorage(), (openFile) => verifyFiles(set, openFile));
  });
});

import { beforeAll, describe, expect, it } from "vitest";
import { DumpFileSet } from "../../src/dump/reader.ts";
import { codesOf, readAll, withFiles, writeSet, type RawPiece, verifyFiles } from "./sets.ts";
import { MemoryStorage } from "./memory-storage.ts";

const PATHS = ["/1.dmp", "/2.dmp"];
const PIECES: readonly RawPiece[] = [
  { object: 1, piece: 1, rows: 3, raw: Buffer.alloc(400, "first piece ") },
  { type: 2, object: 1, raw: Buffer.from("CREATE TABLE t (a, b)"), algorithm: "NONE" },
  { object: 1, piece: 2, rows: 2, raw: Buffer.from("second"), algorithm: "NONE" },
];
const SAYS_DAMAGED = ["ORA-31619", "ORA-39411", "ORA-39412", "ORA-39142", "ORA-39059", "TSDP-00001"];

async function verify(storage: MemoryStorage): Promise<void> {
  const set = await DumpFileSet.open(PATHS, storage);
  await withFiles(storage, (openFile) => verifyFiles(set, openFile));
}

describe("damage", () => {
  const good = new MemoryStorage();
  beforeAll(async () => {
    await writeSet(PATHS, PIECES, { storage: good });
  });

  it("is not found in a good set", async () => {
    await verify(good);
    expect((await readAll(PATHS, good)).size).toBe(4);
  });

  it.each(PATHS)("of any one byte of %s is found by reading everything, and by verifying alone", async (path) => {
    const size = good.files.get(path)?.length ?? 0;
    expect(size).toBeGreaterThan(500);
    for (let i = 0; i < size; i += 1) {
      const damaged = good.with(path, (bytes) => {
        bytes.writeUInt8(bytes.readUInt8(i) ^ (1 << (i % 8)), i);
        return bytes;
      });
      const read = await codesOf(readAll(PATHS, damaged));
      expect(
        read.some((code) => SAYS_DAMAGED.includes(code)),
        `byte ${i} read: ${read.join()}`,
      ).toBe(true);
      const verified = await codesOf(verify(damaged));
      expect(
        verified.some((code) => SAYS_DAMAGED.includes(code)),
        `byte ${i} verified: ${verified.join()}`,
      ).toBe(true);
    }
  });

  it.each(PATHS)("by cutting %s off anywhere, or by bytes too many, is found when the set is opened", async (path) => {
    const size = good.files.get(path)?.length ?? 0;
    for (let length = 0; length < size; length += 1) {
      const cut = await codesOf(
        DumpFileSet.open(
          PATHS,
          good.with(path, (bytes) => bytes.subarray(0, length)),
        ),
      );
      expect(cut.slice(0, 3), `${length} bytes`).toEqual(["ORA-39001", "ORA-39000", "ORA-31619"]);
    }
    const longer = await codesOf(
      DumpFileSet.open(
        PATHS,
        good.with(path, (bytes) => Buffer.concat([bytes, Buffer.of(0)])),
      ),
    );
    expect(longer).toContain("ORA-31619");
  });

  it("names the file, the piece and what is wrong", async () => {
    const damaged = good.with("/1.dmp", (bytes) => {
      const frame = bytes.indexOf("TSDF");
      bytes.writeUInt8(bytes.readUInt8(frame + 112 + 3) ^ 4, frame + 112 + 3);
      return bytes;
    });
    await expect(readAll(PATHS, damaged)).rejects.toThrow(
      /ORA-31619: invalid dump file "\/1.dmp"\n.*table data of object 1, piece 1: frame 0: the checksum of the payload is wrong/,
    );
    await expect(verify(damaged)).rejects.toThrow(/ORA-39412: file checksum error in dump file "\/1.dmp"\n.*object 1, piece 1/);
  });

  it("of a header is told from a newer version and from another file", async () => {
    const header = await codesOf(
      DumpFileSet.open(
        PATHS,
        good.with("/1.dmp", (bytes) => bytes.fill(2, 9, 10)),
      ),
    );
    expect(header).toEqual(["ORA-39001", "ORA-39000", "ORA-39411"]);
    const other = await codesOf(
      DumpFileSet.open(
        PATHS,
        good.with("/1.dmp", () => Buffer.alloc(10_000, "not a dump")),
      ),
    );
    expect(other).toEqual(["ORA-39001", "ORA-39000", "ORA-31619", "TSDP-00010"]);
  });
});

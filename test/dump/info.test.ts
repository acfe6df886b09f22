import { beforeEach, describe, expect, it } from "vitest";
import { dumpFileInfo } from "../../src/dump/info.ts";
import { codesOf, GUID, writeSet } from "./sets.ts";
import { MemoryStorage } from "./memory-storage.ts";

let storage: MemoryStorage;
beforeEach(() => {
  storage = new MemoryStorage();
});

async function infoOf(bytes: Buffer): Promise<{ fileType: number; items: Record<number, string> }> {
  storage.files.set("/x", bytes);
  const { fileType, items } = await dumpFileInfo("/x", storage);
  return { fileType, items: Object.fromEntries(items.map(({ code, value }) => [code, value])) };
}

/** A header block as the Data Pump engine of Oracle lays it out: version bytes, then texts between binary fields. */
function oracleBlock(version: string, ...texts: readonly string[]): Buffer {
  const block = Buffer.alloc(8192);
  block.write(version, 0, "latin1");
  texts.forEach((text, i) => block.write(`${text}\0`, 100 + 200 * i, "latin1"));
  return block;
}

describe("information on a dump file", () => {
  it("has every item of a file of tsdp, in the order of the codes", async () => {
    await writeSet(["/1.dmp", "/2.dmp"], [{ raw: Buffer.from("rows") }], { storage });
    const { fileType, items } = await dumpFileInfo("/1.dmp", storage);
    expect(fileType).toBe(1);
    expect(items.filter(({ code }) => code !== 9).map(({ code, value }) => [code, value])).toEqual([
      [1, "1.1"],
      [2, "1"],
      [3, GUID],
      [4, "1"],
      [5, "873"],
      [6, "Tue Jan 2 03:04:05 2024"],
      [7, "0"],
      [8, '"HR"."SYS_EXPORT_SCHEMA_01"'],
      [10, "hr"],
      [11, "AL32UTF8"],
      [12, "4096"],
      [14, "1"],
      [15, "03.53.02.00.00"],
      [16, "1"],
      [17, "1"],
      [18, "1"],
      [19, "0"],
      [20, "0"],
      [21, "0"],
      [22, "2"],
      [23, "3"],
    ]);
    const second = await dumpFileInfo("/2.dmp", storage);
    expect(second.items).toContainEqual({ code: 2, value: "0" });
    expect(second.items).toContainEqual({ code: 4, value: "2" });
  });

  it("tells encodings and compression", async () => {
    await writeSet(["/1.dmp"], [], {
      storage,
      encoding: "UTF-16",
      metadataCompressed: false,
      dataCompressed: false,
      compressionAlgorithm: "HIGH",
    });
    const { items } = await dumpFileInfo("/1.dmp", storage);
    const expected = [
      [5, "2000"],
      [11, "AL16UTF16"],
      [14, "0"],
      [18, "0"],
      [23, "2"],
    ] as const;
    for (const [code, value] of expected) expect(items).toContainEqual({ code, value });
  });

  it("costs the same for a file of any size", async () => {
    await writeSet(["/big"], [{ raw: Buffer.alloc(20_000_000), algorithm: "NONE" }], { storage });
    await dumpFileInfo("/big", storage);
    expect(storage.reads.length).toBeLessThanOrEqual(3);
    expect(storage.reads.reduce((sum, { length }) => sum + length, 0)).toBeLessThan(6000);
  });

  it("knows original Export files, conventional and direct", async () => {
    const conventional = Buffer.from("0300014558504f52543a5631312e30322e30300a445359530a5255534552530a", "hex");
    expect(await infoOf(conventional)).toEqual({ fileType: 2, items: { 5: "1", 13: "0", 15: "11.02.00" } });
    const direct = Buffer.from("\x03\x03TD\nEXPORT:V11.02.00\nDSCOTT\nRTABLES\n", "latin1");
    expect(await infoOf(direct)).toEqual({ fileType: 2, items: { 5: "852", 13: "1", 15: "11.02.00" } });
    expect((await infoOf(Buffer.from("\x03\x03iEXPORT:V10.02.01\n", "latin1"))).items[5]).toBe("873");
  });

  it("knows files of Oracle's Data Pump and of external tables", async () => {
    const expdp = oracleBlock("\x05\x01", '"SYSTEM"."SYS_EXPORT_SCHEMA_01"', "x86_64/Linux 2.4.xx", "19.00.00.00.00");
    expect(await infoOf(expdp)).toEqual({
      fileType: 1,
      items: { 1: "5.1", 8: '"SYSTEM"."SYS_EXPORT_SCHEMA_01"', 9: "x86_64/Linux 2.4.xx", 15: "19.00.00.00.00" },
    });
    const external = oracleBlock("\x04\x01", "IBMPC/WIN_NT64-9.1.0", "12.01.00.02.00", "001:001:000001:000001");
    expect(await infoOf(external)).toEqual({ fileType: 3, items: { 1: "4.1", 9: "IBMPC/WIN_NT64-9.1.0", 15: "12.01.00.02.00" } });
  });

  it.each([
    ["empty", Buffer.alloc(0)],
    ["one byte", Buffer.of(3)],
    ["text", Buffer.alloc(9000, "EXPORT:V11.02.00\n")],
    ["a SQLite database", Buffer.from(`SQLite format 3\0${"\0".repeat(8000)}`)],
    ["zeros", Buffer.alloc(9000)],
    ["version bytes and nothing more", oracleBlock("\x04\x01")],
  ])("says of a file that is %s that it is none", async (_, bytes) => {
    expect(await infoOf(bytes)).toEqual({ fileType: 0, items: {} });
  });

  it("gives ORA-39211 and the cause for a missing, damaged or cut off file", async () => {
    expect(await codesOf(dumpFileInfo("/no.dmp", storage))).toEqual(["ORA-39211", "ORA-31640", "ORA-27037"]);
    await writeSet(["/1.dmp"], [], { storage });
    const cut = storage.with("/1.dmp", (bytes) => bytes.subarray(0, bytes.length - 1));
    expect(await codesOf(dumpFileInfo("/1.dmp", cut))).toEqual(["ORA-39211", "ORA-31619", "TSDP-00010"]);
    const damaged = storage.with("/1.dmp", (bytes) => bytes.fill(9, 40, 41));
    expect(await codesOf(dumpFileInfo("/1.dmp", damaged))).toEqual(["ORA-39211", "ORA-39411"]);
  });
});

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { DumpFileSetWriter } from "../../src/dump/writer.ts";
import { codesOf, encoded, MASTER, readAll, setOptions, testFolder, writeSet } from "./sets.ts";
import { MemoryStorage } from "./memory-storage.ts";

const PIECE = encoded({ raw: Buffer.from("rows"), rows: 1 });

describe("the writer of a set", () => {
  it("gives names to whole files only, and says how large they are", async () => {
    const folder = testFolder();
    const paths = ["a.dmp", "b.dmp"].map((name) => join(folder, name));
    const writer = await DumpFileSetWriter.create(setOptions(paths));
    await writer.append(PIECE);
    await writer.checkpoint();
    expect(readdirSync(folder).filter((name) => !name.startsWith("."))).toEqual([]);
    const written = await writer.finish(encoded(MASTER));
    expect(readdirSync(folder).sort()).toEqual(["a.dmp", "b.dmp"]);
    expect(written).toEqual(paths.map((path) => ({ path, bytesWritten: readFileSync(path).length })));
    await writer.discard();
    expect(readdirSync(folder).length).toBe(2);
  });

  it("spreads pieces over the files in turn", async () => {
    const storage = new MemoryStorage();
    const writer = await DumpFileSetWriter.create(setOptions(["/1", "/2", "/3"], { storage }));
    const before = writer.files.map(({ bytesWritten }) => bytesWritten);
    await writer.append(PIECE);
    await writer.append({ ...PIECE, piece: 2 });
    expect(writer.files.map(({ bytesWritten }, i) => bytesWritten > (before[i] ?? 0))).toEqual([true, true, false]);
  });

  it("refuses at once a file that exists, and leaves it and nothing else", async () => {
    const folder = testFolder();
    const paths = ["a.dmp", "b.dmp"].map((name) => join(folder, name));
    writeFileSync(join(folder, "b.dmp"), "precious");
    expect(await codesOf(DumpFileSetWriter.create(setOptions(paths)))).toEqual([
      "ORA-39001",
      "ORA-39000",
      "ORA-31641",
      "ORA-27038",
    ]);
    expect(readdirSync(folder)).toEqual(["b.dmp"]);
    expect(readFileSync(join(folder, "b.dmp"), "utf8")).toBe("precious");
  });

  it("publishes all files or none when a name was taken meanwhile", async () => {
    const folder = testFolder();
    const paths = ["a.dmp", "b.dmp"].map((name) => join(folder, name));
    const writer = await DumpFileSetWriter.create(setOptions(paths));
    writeFileSync(join(folder, "b.dmp"), "precious");
    expect(await codesOf(writer.finish(encoded(MASTER)))).toContain("ORA-27038");
    await writer.discard();
    expect(readdirSync(folder)).toEqual(["b.dmp"]);
    expect(readFileSync(join(folder, "b.dmp"), "utf8")).toBe("precious");
  });

  it("does not replace a reused file when another name was taken", async () => {
    const folder = testFolder();
    const [reused, fresh] = ["a.dmp", "b.dmp"].map((name) => join(folder, name)) as [string, string];
    writeFileSync(reused, "last week");
    const writer = await DumpFileSetWriter.create(
      setOptions([], {
        files: [
          { path: reused, reuse: true },
          { path: fresh, reuse: false },
        ],
      }),
    );
    writeFileSync(fresh, "precious");
    await writer.finish(encoded(MASTER)).catch(() => undefined);
    await writer.discard();
    expect(readFileSync(reused, "utf8")).toBe("last week");
    expect(readdirSync(folder).sort()).toEqual(["a.dmp", "b.dmp"]);
  });

  it("replaces files that may be reused", async () => {
    const path = join(testFolder(), "a.dmp");
    await writeSet([path], [{ raw: Buffer.from("old") }]);
    await writeSet([path], [{ raw: Buffer.from("new") }], { files: [{ path, reuse: true }] });
    expect((await readAll([path])).get("1/1/1/0")?.toString()).toBe("new");
  });

  it("refuses every call after one that failed, with its error, and cleans up", async () => {
    const storage = new MemoryStorage();
    const writer = await DumpFileSetWriter.create(setOptions(["/1", "/2"], { storage }));
    storage.space = 300;
    const calls = [1, 2, 3].map((piece) => codesOf(writer.append({ ...PIECE, piece })));
    expect(await Promise.all(calls)).toEqual([[], [], ["ORA-31617", "ENOSPC"]]);
    storage.space = Number.POSITIVE_INFINITY;
    expect(await codesOf(writer.append(PIECE))).toEqual(["ORA-31617", "ENOSPC"]);
    expect(await codesOf(writer.finish(encoded(MASTER)))).toEqual(["ORA-31617", "ENOSPC"]);
    await writer.discard();
    expect([storage.files.size, storage.unfinished.size]).toEqual([0, 0]);
  });

  it("names no file twice", async () => {
    expect(await codesOf(DumpFileSetWriter.create(setOptions(["/x/a.dmp", "/x/./a.dmp"])))).toEqual([
      "ORA-39001",
      "ORA-39000",
      "ORA-39135",
    ]);
  });
});

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DumpFileSetWriter } from "../../src/dump/writer.ts";
import { codesOf, encoded, MASTER, noise, readAll, setOptions, specification, testFolder, writeSet } from "./sets.ts";
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
    expect(written).toEqual(paths.map((path) => ({ path, bytesWritten: readFileSync(path).length, size: 0 })));
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

  it("takes all further files or none", async () => {
    const folder = testFolder();
    const paths = ["a.dmp", "b.dmp", "c.dmp", "d.dmp"].map((name) => join(folder, name));
    const [, b, c, d] = paths.map((path) => specification(path));
    if (b === undefined || c === undefined || d === undefined) throw new Error("no files");
    const writer = await DumpFileSetWriter.create(setOptions(paths.slice(0, 1)));
    writeFileSync(join(folder, "c.dmp"), "precious");
    const before = readdirSync(folder).sort();
    expect(await codesOf(writer.addFiles([b, c]))).toContain("ORA-27038");
    expect([readdirSync(folder).sort(), writer.files.length]).toEqual([before, 1]);
    await writer.addFiles([b, d]);
    for (const piece of [1, 2, 3]) await writer.append({ ...PIECE, piece });
    const written = await writer.finish(encoded(MASTER));
    expect(written.map(({ path }) => path)).toEqual([paths[0], paths[1], paths[3]]);
    expect((await readAll(written.map(({ path }) => path))).size).toBe(4);
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
        files: [specification(reused, { reuse: true }), specification(fresh)],
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
    await writeSet([path], [{ raw: Buffer.from("new") }], { files: [specification(path, { reuse: true })] });
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

  it("splits at the limit, each file whole and none larger, in turn over templates", async () => {
    const pieces = fc.array(fc.record({ raw: fc.uint8Array({ maxLength: 60_000 }), copies: fc.integer({ min: 1, max: 30 }) }), {
      maxLength: 6,
    });
    await fc.assert(
      fc.asyncProperty(
        pieces,
        fc.integer({ min: 40, max: 3000 }),
        fc.integer({ min: 1, max: 4 }),
        async (given, kib, openFiles) => {
          const storage = new MemoryStorage();
          const fileSize = kib * 1024;
          const files = ["/a/x%L.dmp", "/a/y_%l.dmp"].map((path) => specification(path, { fileSize }));
          const raws = given.map(({ raw, copies }) => Buffer.concat(Array<Uint8Array>(copies).fill(raw)));
          const writer = await DumpFileSetWriter.create(setOptions([], { files, openFiles, storage }));
          for (const [i, raw] of raws.entries()) await writer.append(encoded({ raw, piece: i + 1, algorithm: "NONE" }));
          await writer.finish(encoded({ ...MASTER, raw: Buffer.alloc(90_000, "master"), algorithm: "NONE" }));
          for (const bytes of storage.files.values()) expect(bytes.length).toBeLessThanOrEqual(fileSize);
          const found = await readAll(files, storage);
          raws.forEach((raw, i) => {
            expect(found.get(`1/${i + 1}/1/0`) ?? found.get(`1/1/${i + 1}/0`)).toEqual(raw);
          });
          expect(found.get("3/0/1/0")?.length).toBe(90_000);
          const any = [...storage.files.keys()][given.length % storage.files.size] ?? "";
          expect((await readAll([any], storage)).size).toBe(found.size);
        },
      ),
      { numRuns: 40 },
    );
  }, 120_000);

  it("stops when the files are used up, with nothing of the piece written, and goes on with another file", async () => {
    const folder = testFolder();
    const options = setOptions([], { files: [specification(join(folder, "a.dmp"), { fileSize: 100_000 })] });
    const writer = await DumpFileSetWriter.create(options);
    const raw = noise(60_000);
    await writer.append(encoded({ raw, algorithm: "NONE" }));
    expect(await codesOf(writer.append(encoded({ raw, piece: 2, algorithm: "NONE" })))).toEqual(["ORA-39095"]);
    const saved = (await writer.checkpoint()) ?? [];
    await writer.suspend();
    expect(saved[0]?.segments.length).toBe(1);
    const resumed = await DumpFileSetWriter.resume(options, saved);
    await resumed.addFiles([specification(join(folder, "b%U.dmp"), { fileSize: 50_000 })]);
    await resumed.append(encoded({ raw, piece: 2, algorithm: "NONE" }));
    await resumed.finish(encoded(MASTER));
    const found = await readAll([join(folder, "b01.dmp")]);
    expect([found.get("1/1/1/0")?.equals(raw), found.get("1/1/2/0")?.equals(raw)]).toEqual([true, true]);
    expect(readdirSync(folder).sort()).toEqual(["a.dmp", "b01.dmp"]);
  });
});

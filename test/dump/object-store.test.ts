import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, beforeEach, expect, it } from "vitest";
import { DumpFileSetWriter } from "../../src/dump/writer.ts";
import { Places } from "../../src/storage/places.ts";
import { realServer, startObjectStore, type TestStore } from "../object-store/start.ts";
import { encoded, MASTER, noise, readAll, setOptions, specification } from "./sets.ts";

const MIB = 1 << 20;

setFlagsFromString("--expose-gc");
/** What is measured after it is held, and not only not yet collected. */
const collectGarbage = runInNewContext("gc") as () => void;

let store: TestStore;
let storage: Places;
beforeEach(async () => {
  store = await startObjectStore(realServer());
  storage = new Places([{ prefix: store.endpoint, access: store.access }]);
});
afterEach(() => store.close());

/** As names of dump files are made: the folder and the name. */
function file(name: string, fileSize: number | null = null) {
  return {
    ...specification(`${store.endpoint}/${store.bucket}/${name}`),
    directoryPath: `${store.endpoint}/${store.bucket}`,
    fileSize,
  };
}

it("a set of several files comes back from a store, and is found from any of them", async () => {
  const options = setOptions([], { files: [file("set_%U.dmp", 3 * MIB)], openFiles: 2, storage });
  const writer = await DumpFileSetWriter.create(options);
  const raws = Array.from({ length: 8 }, (_, i) => noise(2 * MIB, i + 1));
  for (const [i, raw] of raws.entries()) await writer.append(encoded({ raw, piece: i + 1, algorithm: "NONE" }));
  expect(await store.names()).toEqual((await store.names()).filter((name) => name.startsWith("upload of ")));
  const files = await writer.finish(encoded(MASTER));
  expect(files.length).toBeGreaterThan(5);
  expect(await store.openUploads()).toBe(0);
  const found = await readAll([files[2]?.path ?? ""], storage);
  for (const [i, raw] of raws.entries()) expect(found.get(`1/1/${i + 1}/0`)?.equals(raw), String(i)).toBe(true);
});

it("a set that got files of other names when it was full is found from its first file", async () => {
  const writer = await DumpFileSetWriter.create(setOptions([], { files: [file("full.dmp", MIB)], storage }));
  await writer.append(encoded({ raw: noise(900_000), piece: 1, algorithm: "NONE" }));
  await writer.addFiles([file("2024%%20more_%U.dat", 2 * MIB)]);
  for (let piece = 2; piece < 5; piece += 1) await writer.append(encoded({ raw: noise(MIB, piece), piece, algorithm: "NONE" }));
  const files = await writer.finish(encoded(MASTER));
  expect(files.map(({ path }) => path.slice(path.lastIndexOf("/") + 1))).toEqual([
    "full.dmp",
    "2024%20more_01.dat",
    "2024%20more_02.dat",
  ]);
  const deeper = await storage.create(`${store.endpoint}/${store.bucket}/deeper/x.dmp`, { reuse: false, owner: "A" });
  await deeper.publish();
  const folder = `${store.endpoint}/${store.bucket}`;
  expect(await storage.list(folder, 10)).toEqual([files[1]?.path, files[2]?.path, files[0]?.path]);
  expect((await readAll([`${folder}/full.dmp`], storage)).get("1/1/4/0")?.equals(noise(MIB, 4))).toBe(true);
});

it("a set goes on from its last checkpoint, which there is when every file can be made durable", async () => {
  const options = setOptions([], { files: [file("a.dmp"), file("b.dmp")], openFiles: 2, storage });
  const writer = await DumpFileSetWriter.create(options);
  const piece = (number: number) => encoded({ raw: noise(MIB, number), piece: number, algorithm: "NONE" });
  expect(await writer.checkpoint()).toBeNull();
  let saved: Awaited<ReturnType<typeof writer.checkpoint>> = null;
  let number = 0;
  // Once one was refused, the files that are too short come first.
  while (saved === null && number < 20) {
    await writer.append(piece((number += 1)));
    saved = await writer.checkpoint();
  }
  expect(number).toBeLessThanOrEqual(12);
  for (let lost = 1; lost <= 9; lost += 1) await writer.append(piece(number + lost));
  await writer.suspend();
  const resumed = await DumpFileSetWriter.resume(options, saved ?? []);
  await resumed.append(piece(number + 1));
  await resumed.finish(encoded(MASTER));
  const found = await readAll([store.url("a.dmp"), store.url("b.dmp")], storage);
  expect([...found.keys()].filter((key) => key.startsWith("1/")).length).toBe(number + 1);
  for (let i = 1; i <= number + 1; i += 1) expect(found.get(`1/1/${i}/0`)?.equals(noise(MIB, i)), String(i)).toBe(true);
  expect(await store.openUploads()).toBe(0);
});

it("a discarded set leaves no upload", async () => {
  const options = setOptions([], { files: [file("a_%U.dmp", 6 * MIB)], storage });
  const writer = await DumpFileSetWriter.create(options);
  for (let i = 1; i <= 8; i += 1) await writer.append(encoded({ raw: noise(2 * MIB, i), piece: i, algorithm: "NONE" }));
  await writer.discard();
  expect(await store.names()).toEqual([]);
});

it("a large file takes no more memory than its parts that are under way", async () => {
  const bytes = noise(4 * MIB);
  const writer = await storage.create(store.url("large.dmp"), { reuse: false, owner: "0123ABCD" });
  let most = 0;
  for (let i = 0; i < 30; i += 1) {
    await writer.write([Buffer.from(bytes)]);
    if (i % 2 === 0) continue;
    collectGarbage();
    most = Math.max(most, process.memoryUsage().arrayBuffers);
  }
  await writer.publish();
  // 32 MiB on their way and a part that grows, here and once more in the proxy and in the server, which are of this process.
  expect(most).toBeLessThan(160 * MIB);
  const reader = await storage.open(store.url("large.dmp"));
  expect(reader.size).toBe(120 * MIB);
  expect((await reader.read(100 * MIB, 20 * MIB)).equals(Buffer.concat([bytes, bytes, bytes, bytes, bytes]))).toBe(true);
});

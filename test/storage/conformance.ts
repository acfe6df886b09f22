import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { PumpError } from "../../src/base/errors.ts";
import type { Storage } from "../../src/storage/storage.ts";

/** An empty place for one test. */
export interface Place {
  readonly storage: Storage;
  /** A path in it. */
  path(name: string): string;
  /** Every name in it, unfinished files included. */
  names(): Promise<readonly string[]>;
  /** Bytes with which a file that is not at its end can be made durable; one on the disk at any length. */
  readonly durableLength: number;
  /** What is below ORA-27037 when there is no such file. */
  readonly missing: readonly string[];
  remove(): Promise<void>;
}

const OPTIONS = { reuse: false, owner: "0123ABCD" };

async function codesOf(step: Promise<unknown>): Promise<readonly string[]> {
  try {
    await step;
  } catch (error) {
    if (error instanceof PumpError) return error.lines.map(({ code }) => code);
    throw error;
  }
  return [];
}

/** What every storage must do. */
export function storageConformance(name: string, makePlace: () => Promise<Place>): void {
  describe(`storage: ${name}`, () => {
    let place: Place;
    beforeEach(async () => {
      place = await makePlace();
    });
    afterEach(() => place.remove());

    async function store(fileName: string, content: string, options = OPTIONS): Promise<void> {
      const writer = await place.storage.create(place.path(fileName), options);
      await writer.write([Buffer.from(content)]);
      await writer.publish();
    }

    async function load(fileName: string): Promise<string> {
      const reader = await place.storage.open(place.path(fileName));
      try {
        return (await reader.read(0, reader.size)).toString();
      } finally {
        await reader.close();
      }
    }

    it("shows a file only when it is published, whole and in order", async () => {
      const writer = await place.storage.create(place.path("a.dmp"), OPTIONS);
      await writer.write([Buffer.from("he"), Buffer.alloc(0), Buffer.from("llo")]);
      await writer.write([Buffer.from(", world")]);
      expect(writer.canSync).toBe(place.durableLength <= 12);
      if (writer.canSync) await writer.sync();
      expect(writer.bytesWritten).toBe(12);
      expect(await place.storage.exists(place.path("a.dmp"))).toBe(false);
      await writer.publish();
      await writer.discard();
      expect(await place.names()).toEqual(["a.dmp"]);
      expect(await load("a.dmp")).toBe("hello, world");
    });

    it("writes many parts at once", async () => {
      const writer = await place.storage.create(place.path("a.dmp"), OPTIONS);
      const parts = Array.from({ length: 5000 }, (_, i) => Buffer.from(`${i};`));
      await writer.write(parts);
      await writer.publish();
      expect(await load("a.dmp")).toBe(Buffer.concat(parts).toString());
    });

    it("reads ranges, exactly", async () => {
      await store("a.dmp", "0123456789");
      const reader = await place.storage.open(place.path("a.dmp"));
      expect(reader.size).toBe(10);
      expect((await reader.read(3, 4)).toString()).toBe("3456");
      expect((await reader.read(10, 0)).length).toBe(0);
      expect(await codesOf(reader.read(8, 3))).toContain("ORA-31619");
      await reader.close();
    });

    it("leaves nothing of a discarded file, however often it is discarded", async () => {
      const writer = await place.storage.create(place.path("a.dmp"), OPTIONS);
      await writer.write([Buffer.from("x")]);
      await writer.discard();
      await writer.discard();
      expect(await place.names()).toEqual([]);
    });

    it("does not replace a file unless told so, not even one that came meanwhile", async () => {
      const late = await place.storage.create(place.path("a.dmp"), OPTIONS);
      await late.write([Buffer.from("late")]);
      await store("a.dmp", "first", { reuse: false, owner: "FFFF0000" });
      expect(await codesOf(late.publish())).toEqual(["ORA-39001", "ORA-39000", "ORA-31641", "ORA-27038"]);
      await late.discard();
      expect(await codesOf(place.storage.create(place.path("a.dmp"), OPTIONS))).toEqual([
        "ORA-39001",
        "ORA-39000",
        "ORA-31641",
        "ORA-27038",
      ]);
      expect(await load("a.dmp")).toBe("first");
      await store("a.dmp", "second", { ...OPTIONS, reuse: true });
      expect(await load("a.dmp")).toBe("second");
      expect(await place.names()).toEqual(["a.dmp"]);
    });

    it("keeps the old file until the new one is published", async () => {
      await store("a.dmp", "old");
      const writer = await place.storage.create(place.path("a.dmp"), { ...OPTIONS, reuse: true });
      await writer.write([Buffer.from("new")]);
      expect(await load("a.dmp")).toBe("old");
      await writer.discard();
      expect(await load("a.dmp")).toBe("old");
    });

    it("replaces what an earlier run of the same owner left unfinished", async () => {
      const crashed = await place.storage.create(place.path("a.dmp"), OPTIONS);
      await crashed.write([Buffer.from("torn")]);
      await store("a.dmp", "whole");
      expect(await load("a.dmp")).toBe("whole");
      await crashed.discard();
      expect(await place.names()).toEqual(["a.dmp"]);
    });

    it("goes on with an unfinished file from a length at which it was durable", async () => {
      const first = await place.storage.create(place.path("a.dmp"), OPTIONS);
      const kept = Buffer.alloc(Math.max(4, place.durableLength), "kept");
      await first.write([kept]);
      expect(first.canSync).toBe(true);
      await first.sync();
      const { bytesWritten: length, identity } = first;
      const file = { ...OPTIONS, length, identity, head: kept.subarray(0, 4) };
      await first.write([Buffer.alloc(Math.max(5, place.durableLength), " torn")]);
      if (first.canSync) await first.sync();
      await first.suspend();
      const second = await place.storage.resume(place.path("a.dmp"), file);
      if (second === "published") throw new Error("nobody has published it");
      expect(second.bytesWritten).toBe(length);
      await second.write([Buffer.from(" and more")]);
      await second.publish();
      expect(await load("a.dmp")).toBe(`${kept.toString()} and more`);
      expect(await place.storage.resume(place.path("a.dmp"), { ...file, length: second.bytesWritten })).toBe("published");
      expect(await place.names()).toEqual(["a.dmp"]);
    });

    it("publishes a file that was ended before", async () => {
      const first = await place.storage.create(place.path("a.dmp"), OPTIONS);
      await first.write([Buffer.from("whole")]);
      await first.end();
      const { bytesWritten: length, identity } = first;
      await first.suspend();
      const second = await place.storage.resume(place.path("a.dmp"), {
        ...OPTIONS,
        length,
        identity,
        head: Buffer.from("whole"),
      });
      if (second === "published") throw new Error("nobody has published it");
      await second.end();
      await second.publish();
      expect(await load("a.dmp")).toBe("whole");
      expect(await place.names()).toEqual(["a.dmp"]);
    });

    it("takes no file that has its name for its own, however like it that is", async () => {
      const first = await place.storage.create(place.path("a.dmp"), { ...OPTIONS, reuse: true });
      await first.write([Buffer.from("night 1")]);
      await first.end();
      const file = {
        ...OPTIONS,
        reuse: true,
        length: first.bytesWritten,
        identity: first.identity,
        head: Buffer.from("night 1"),
      };
      await first.publish();
      await place.storage.remove(place.path("a.dmp"));
      await store("a.dmp", "night 2");
      expect(await codesOf(place.storage.resume(place.path("a.dmp"), file))).toContain("ORA-31640");
      expect(await load("a.dmp")).toBe("night 2");
    });

    it("publishes an empty file", async () => {
      await store("a.dmp", "");
      expect(await load("a.dmp")).toBe("");
    });

    it("does not go on with a file that is gone or another", async () => {
      const first = await place.storage.create(place.path("a.dmp"), OPTIONS);
      const length = Math.max(1, place.durableLength);
      await first.write([Buffer.alloc(length, "x")]);
      await first.sync();
      await first.suspend();
      const { identity } = first;
      const file = { ...OPTIONS, length, identity, head: Buffer.from("x") };
      const resumed = (change: object) => place.storage.resume(place.path("a.dmp"), { ...file, ...change });
      expect(await codesOf(resumed({ identity: "another", head: Buffer.from("y") }))).toContain("ORA-31640");
      expect(await codesOf(resumed({ length: length + 1 }))).toContain("ORA-31640");
      await place.storage.removeUnfinished(place.path("a.dmp"), OPTIONS.owner, identity);
      await place.storage.removeUnfinished(place.path("a.dmp"), OPTIONS.owner, identity);
      expect(await codesOf(resumed({}))).toContain("ORA-31640");
      expect(await place.names()).toEqual([]);
    });

    it("removes an unfinished file of which only the name is known where that tells whose it is, and never another's", async () => {
      const first = await place.storage.create(place.path("a.dmp"), OPTIONS);
      await first.suspend();
      const [name] = await place.names();
      await place.storage.removeUnfinished(place.path("a.dmp"), "FFFF0000", null);
      expect(await place.names()).toEqual([name]);
      await place.storage.removeUnfinished(place.path("a.dmp"), OPTIONS.owner, null);
      expect(await place.names()).toEqual(name?.includes(OPTIONS.owner) === true ? [] : [name]);
      await place.storage.removeUnfinished(place.path("a.dmp"), OPTIONS.owner, first.identity);
      expect(await place.names()).toEqual([]);
    });

    it("lists the files of a folder by the paths that open them, as many as are wanted", async () => {
      const names = ["a.dmp", encodeURIComponent("b +é#.dmp")];
      for (const name of [...names].reverse()) await store(name, name);
      const folder = place.path("x").slice(0, -2);
      const listed = await place.storage.list(folder, 10);
      expect(listed).toEqual(names.map((name) => place.path(name)));
      expect((await place.storage.open(listed[1] ?? "")).size).toBe(names[1]?.length);
      expect(await place.storage.list(folder, 1)).toHaveLength(1);
      expect(await place.storage.list(place.path("none"), 10)).toEqual([]);
    });

    it("says what is missing, and removes what is there", async () => {
      expect(await codesOf(place.storage.open(place.path("no.dmp")))).toEqual([
        "ORA-39001",
        "ORA-39000",
        "ORA-31640",
        "ORA-27037",
        ...place.missing,
      ]);
      await place.storage.remove(place.path("no.dmp"));
      await store("a.dmp", "x");
      await place.storage.remove(place.path("a.dmp"));
      expect(await place.storage.exists(place.path("a.dmp"))).toBe(false);
    });
  });
}

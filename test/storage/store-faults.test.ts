import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { PumpError } from "../../src/base/errors.ts";
import { HttpsStorage } from "../../src/storage/https.ts";
import { ObjectStore } from "../../src/storage/object-store.ts";
import type { Patience } from "../../src/storage/retry.ts";
import type { Storage } from "../../src/storage/storage.ts";
import { noise } from "../dump/sets.ts";
import type { Fault } from "../object-store/faulty-proxy.ts";
import { startObjectStore, type TestStore } from "../object-store/start.ts";

const PATIENCE: Patience = { tries: 4, firstWaitMs: 5, withinMs: 30_000, stallMs: 3000 };
/** What is slow by itself is tried again more often. */
const IMPATIENCE: Patience = { ...PATIENCE, tries: 8, stallMs: 400 };
const OPTIONS = { reuse: false, owner: "0123ABCD" };
const MIB = 1 << 20;
/** More than one part of an upload, and more than one request of a reader. */
const SIZE = 9 * MIB;
const SLOW_DOWN = "<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>";

/** What passes by itself. */
const PASSING: Readonly<Record<string, Fault>> = {
  "500": { kind: "answer", status: 500 },
  "503 SlowDown": { kind: "answer", status: 503, body: SLOW_DOWN },
  "429": { kind: "answer", status: 429 },
  "502 with a page": { kind: "answer", status: 502, body: "<html>bad gateway" },
  "a reset": { kind: "reset" },
  "an answer that is lost": { kind: "lost answer" },
  "a stall": { kind: "stall", after: null },
};

/** What passes by itself, and befalls only the bytes of an object. */
const PASSING_IN_BODY: Readonly<Record<string, Fault>> = {
  "a reset in the body": { kind: "reset in body", after: 1000 },
  "a stall in the body": { kind: "stall", after: 1000 },
  "a body that is too short": { kind: "other body", change: (body) => body.subarray(0, 2000) },
  "a body that is too long": { kind: "other body", change: (body) => Buffer.concat([body, body]) },
  "another range": { kind: "other headers", change: { "content-range": `bytes 5-10/${SIZE}` } },
  "no range": { kind: "other headers", change: { "content-range": undefined } },
};

let store: TestStore;
let storage: ObjectStore;
beforeEach(async () => {
  store = await startObjectStore();
  storage = new ObjectStore(store.access, PATIENCE);
});
afterEach(() => store.close());

/** A stall is waited for, so not for long. */
function patienceWith({ kind }: Fault): Patience {
  return kind === "stall" ? IMPATIENCE : PATIENCE;
}

async function errorOf(step: Promise<unknown>): Promise<PumpError> {
  const error: unknown = await step.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof PumpError)) throw new Error(`no PumpError but ${String(error)}`);
  return error;
}

async function put(name: string, content: Buffer, change: Partial<typeof OPTIONS> = {}): Promise<void> {
  const writer = await storage.create(store.url(name), { ...OPTIONS, ...change });
  for (let i = 0; i < content.length; i += MIB) await writer.write([content.subarray(i, i + MIB)]);
  await writer.publish();
}

async function get(path: string, from: Storage = storage): Promise<Buffer> {
  const reader = await from.open(path);
  return reader.read(0, reader.size);
}

describe("what passes by itself", () => {
  const content = noise(SIZE);

  it.each(Object.entries(PASSING))("does no harm to writing: %s", async (_, fault) => {
    for (const operation of ["HeadObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"])
      store.proxy.fail(fault, operation);
    storage = new ObjectStore(store.access, patienceWith(fault));
    await put("a.dmp", content);
    expect(store.proxy.heal()).toBe(0);
    expect((await get(store.url("a.dmp"))).equals(content)).toBe(true);
    // Nobody can tell an upload whose id was lost from that of another job.
    expect(await store.names()).toEqual(fault.kind === "lost answer" ? ["a.dmp", "upload of a.dmp"] : ["a.dmp"]);
  });

  describe("while an object is read", () => {
    let written: TestStore;
    beforeAll(async () => {
      written = await startObjectStore();
      const writer = await new ObjectStore(written.access, PATIENCE).create(written.url("a.dmp"), OPTIONS);
      await writer.write([content]);
      await writer.publish();
    });
    afterAll(() => written.close());

    it.each(Object.entries({ ...PASSING, ...PASSING_IN_BODY }))("does no harm: %s", async (_, fault) => {
      const patience = patienceWith(fault);
      for (const [from, url] of [
        [new ObjectStore(written.access, patience), written.url("a.dmp")],
        [new HttpsStorage(patience), written.signedUrl("a.dmp")],
      ] as const) {
        const reader = await from.open(url);
        written.proxy.fail(fault, "GetObject", 2);
        expect((await reader.read(MIB / 2, SIZE - MIB / 2)).equals(content.subarray(MIB / 2))).toBe(true);
        expect(written.proxy.heal()).toBe(0);
      }
    });
  });

  it("ends the job when it does not pass, after a few tries, and leaves nothing", async () => {
    store.proxy.fail({ kind: "answer", status: 503, body: SLOW_DOWN }, "UploadPart", 1000);
    const writer = await storage.create(store.url("a.dmp"), OPTIONS);
    await writer.write([content]);
    const error = await errorOf(writer.end());
    expect(error.lines.map(({ code }) => code)).toEqual(["ORA-31617", "ORA-17500", "SlowDown"]);
    expect(error.hint).toContain("try later");
    expect(store.proxy.count("UploadPart")).toBeLessThanOrEqual(PATIENCE.tries * 3);
    await writer.discard();
    expect(await store.names()).toEqual([]);
  });

  it("is not what other refusals are: they are not tried again", async () => {
    store.proxy.fail(
      { kind: "answer", status: 403, body: "<Error><Code>AccessDenied</Code></Error>" },
      "CreateMultipartUpload",
      9,
    );
    expect((await errorOf(put("a.dmp", content))).hint).toContain("refuses access");
    expect(store.proxy.count("CreateMultipartUpload")).toBe(1);
  });
});

describe("an answer that lies", () => {
  it("is no object and no upload", async () => {
    for (const [operation, body] of [
      ["CreateMultipartUpload", "garbage"],
      ["CreateMultipartUpload", "<a><b></a>"],
      ["CreateMultipartUpload", ""],
    ] as const) {
      store.proxy.fail({ kind: "answer", status: 200, body }, operation, 9);
      expect((await errorOf(storage.create(store.url("a.dmp"), OPTIONS))).code, body).toBe("ORA-39001");
      store.proxy.heal();
    }
  });

  it("never takes more memory than was asked for", async () => {
    await put("a.dmp", noise(MIB));
    const endless = Buffer.alloc(16 * MIB, "x");
    const reader = await storage.open(store.url("a.dmp"));
    const https = await new HttpsStorage(PATIENCE).open(store.signedUrl("a.dmp"));
    store.proxy.fail({ kind: "other body", change: () => endless }, "GetObject", 99);
    for (const open of [reader, https]) {
      const error = await errorOf(open.read(0, 1000));
      expect(error.message).toContain("more than the 1000 bytes that were asked for");
    }
    store.proxy.heal();
    store.proxy.fail({ kind: "answer", status: 200, body: endless.toString() }, "CreateMultipartUpload", 99);
    expect((await errorOf(storage.create(store.url("b.dmp"), OPTIONS))).message).toContain("the answer is longer than");
  });

  it("is not read when the server ignores ranges", async () => {
    await put("a.dmp", noise(MIB));
    store.proxy.fail({ kind: "other headers", status: 200, change: { "content-range": undefined } }, "GetObject", 99);
    expect((await errorOf(get(store.signedUrl("a.dmp"), new HttpsStorage(PATIENCE)))).message).toContain("ignores Range");
    expect((await errorOf(get(store.url("a.dmp")))).message).toContain("ignores Range");
    expect(store.proxy.count("GetObject")).toBe(2);
  });

  it("of an object that was replaced while it is read is an error", async () => {
    await put("a.dmp", noise(MIB, 1));
    const readers = [await storage.open(store.url("a.dmp")), await new HttpsStorage(PATIENCE).open(store.signedUrl("a.dmp"))];
    await put("a.dmp", noise(MIB, 2), { reuse: true });
    for (const reader of readers)
      expect((await errorOf(reader.read(0, 10))).message).toContain("replaced while it was being read");
  });
});

describe("what is wrong is said", () => {
  it.each([
    ["a key that is not known", { accessKeyId: "nobody" }, "a.dmp", "InvalidAccessKeyId", "refuses access"],
    ["a bucket that is not there", {}, "../no-such-bucket/a.dmp", "NoSuchBucket", "Create the bucket"],
    ["a host that is not there", { endpoint: "http://no-such-host.invalid" }, "a.dmp", "ENOTFOUND", "host name"],
    ["a port where nobody is", { endpoint: "http://127.0.0.1:1" }, "a.dmp", "ECONNREFUSED", "Nothing answers"],
  ])("%s", async (_, change, name, code, hint) => {
    const wrong = new ObjectStore({ ...store.access, ...change }, PATIENCE);
    const path = name.startsWith("../") ? `${store.endpoint}${name.slice(2)}` : store.url(name);
    for (const [step, outer] of [
      [() => wrong.open(path), "ORA-31640"],
      [() => wrong.create(path, OPTIONS), "ORA-31641"],
    ] as const) {
      const error = await errorOf(step());
      expect(error.lines.map((line) => line.code)).toEqual(expect.arrayContaining(["ORA-39001", "ORA-39000", outer, code]));
      expect(error.hint).toContain(hint);
    }
  });

  it("an expired URL, without what signs it", async () => {
    await put("a.dmp", noise(1000));
    const signed = store.signedUrl("a.dmp", -10);
    const error = await errorOf(new HttpsStorage(PATIENCE).open(signed));
    expect(error.message).toContain("ORA-31640");
    expect(error.hint).toContain("has expired");
    expect(error.message).toContain(`${store.url("a.dmp")}?...`);
    expect(error.message).not.toContain("Signature=");
  });

  it("URLs that name no object", async () => {
    for (const url of ["https://host", "https://host/bucket", "s3://bucket/", "s3:///a", "https://u:p@host/b/a", "s3://b/../a"])
      expect((await errorOf(storage.create(url, OPTIONS))).message, url).toContain("ORA-29283");
  });

  it("a place that can only be read", async () => {
    expect((await errorOf(new HttpsStorage().create("https://host/b/a"))).hint).toContain("credential=");
  });
});

it("an upload whose answer was lost, or of which only the name is known, costs no other job its own", async () => {
  const other = await storage.create(store.url("a.dmp"), { reuse: true, owner: "FFFF0000" });
  await other.write([Buffer.from("theirs")]);
  store.proxy.fail({ kind: "lost answer" }, "CreateMultipartUpload");
  const writer = await storage.create(store.url("a.dmp"), OPTIONS);
  await writer.discard();
  await storage.removeUnfinished(store.url("a.dmp"), OPTIONS.owner, null);
  // The one that nobody was told of has no parts.
  expect(await store.openUploads()).toBe(2);
  await other.publish();
  expect((await get(store.url("a.dmp"))).toString()).toBe("theirs");
});

it("an object that came between the look and the end of the upload is not taken for ours", async () => {
  const writer = await storage.create(store.url("a.dmp"), OPTIONS);
  await writer.write([Buffer.from("late")]);
  await writer.end();
  const taken = "<Error><Code>PreconditionFailed</Code></Error>";
  store.proxy.fail({ kind: "answer", status: 404 }, "HeadObject");
  store.proxy.fail({ kind: "answer", status: 412, body: taken }, "CompleteMultipartUpload");
  await put("a.dmp", Buffer.from("first"), { reuse: true, owner: "FFFF0000" }).catch(() => undefined);
  store.proxy.heal();
  await put("a.dmp", Buffer.from("first"), { reuse: true, owner: "FFFF0000" });
  store.proxy.fail({ kind: "answer", status: 404 }, "HeadObject");
  store.proxy.fail({ kind: "answer", status: 412, body: taken }, "CompleteMultipartUpload");
  expect((await errorOf(writer.publish())).has("ORA-27038")).toBe(true);
  await writer.discard();
  expect((await get(store.url("a.dmp"))).toString()).toBe("first");
});

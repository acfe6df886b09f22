import { describe, expect, it } from "vitest";
import { ObjectStore } from "../../src/storage/object-store.ts";
import { realServer, startObjectStore, type TestStore } from "../object-store/start.ts";
import { storageConformance, type Place } from "./conformance.ts";

const real = realServer();
if (real === undefined) console.warn("NOT RUN: object stores against a real server; .ci/run does that (TSDP_S3_ENDPOINT)");

function placeIn(store: TestStore): Place {
  return {
    storage: new ObjectStore(store.access),
    path: (name) => store.url(name),
    names: () => store.names(),
    durableLength: 5 << 20,
    missing: ["ORA-17500", "NoSuchKey"],
    remove: () => store.close(),
  };
}

storageConformance("object store (s3rver)", async () => placeIn(await startObjectStore()));

describe.skipIf(real === undefined)("a real server", () => {
  storageConformance("object store (real server)", async () => placeIn(await startObjectStore(real)));

  // s3rver lets a wrong secret through.
  it("refuses a wrong secret, and that is said", async () => {
    const store = await startObjectStore(real);
    try {
      const wrong = new ObjectStore({ ...store.access, secretAccessKey: "wrong" });
      for (const step of [
        () => wrong.open(store.url("a.dmp")),
        () => wrong.create(store.url("a.dmp"), { reuse: false, owner: "0123ABCD" }),
      ])
        await expect(step()).rejects.toMatchObject({
          message: expect.stringContaining("SignatureDoesNotMatch") as string,
          hint: expect.stringContaining("refuses access") as string,
        });
    } finally {
      await store.close();
    }
  });
});

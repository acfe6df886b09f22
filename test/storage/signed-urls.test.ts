import { expect, test } from "vitest";
import { pumpError } from "../../src/base/errors.ts";
import { SignedUrls } from "../../src/storage/signed-urls.ts";
import type { Storage, StorageReader } from "../../src/storage/storage.ts";

const QUERY = "?X-Amz-Signature=5ec3e7";

/** Opens what ends in the query; refuses the rest as a store does, and names it. */
class Store implements Partial<Storage> {
  open(path: string): Promise<StorageReader> {
    if (!path.endsWith(QUERY)) return Promise.reject(refused(path));
    const read = () =>
      Promise.reject(pumpError([["ORA-31640", path], { code: "HTTP-500", text: `GET ${path}` }], `Look at ${path}.`));
    return Promise.resolve({ path, size: 7, read, close: () => Promise.resolve() });
  }

  exists(path: string): Promise<boolean> {
    return path.endsWith(QUERY) ? Promise.resolve(true) : Promise.reject(refused(path));
  }
}

function refused(path: string): Error {
  const status = path.includes("broken") ? "Internal Server Error" : "Forbidden";
  return pumpError([
    ["ORA-31640", path],
    ["ORA-17500", `ODM HTTP ${status}`],
  ]);
}

const signed = (queries: Readonly<Record<string, string>>) => new SignedUrls(new Store() as unknown as Storage, queries);

test("the query goes with the request, and nobody sees it", async () => {
  const url = "https://host/b/a.dmp";
  const reader = await signed({ [url]: QUERY }).open(url);
  expect(reader).toMatchObject({ path: url, size: 7 });
  const failure = await reader.read(0, 1).catch((error: unknown) => JSON.stringify(error) + String(error));
  expect(failure).toContain(url);
  expect(failure).not.toContain("5ec3e7");
});

test("one of a folder is for all files of a template", async () => {
  const storage = signed({ "https://host/b/": QUERY });
  expect((await storage.open("https://host/b/a07.dmp")).path).toBe("https://host/b/a07.dmp");
  await expect(storage.open("https://host/b/deeper/a07.dmp")).rejects.toThrow("Forbidden");
});

test("what is refused beside a signed URL is not there; other failures are failures", async () => {
  const storage = signed({ "https://host/b/a.dmp": QUERY });
  expect(await storage.exists("https://host/b/a.dmp")).toBe(true);
  expect(await storage.exists("https://host/b/b.dmp")).toBe(false);
  await expect(storage.exists("https://host/b/broken.dmp")).rejects.toThrow("Internal Server Error");
});

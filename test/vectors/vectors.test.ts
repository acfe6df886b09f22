import type * as crypto from "node:crypto";
import { mkdtempSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type * as os from "node:os";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { loadCodec } from "../../src/format/compression.ts";
import { BAD } from "./bad.ts";
import { GOOD } from "./good.ts";
import { GOOD_SECOND_IMAGES } from "./good-second-images.ts";
import { GOOD_PAGES } from "./pages.ts";
import { importVector, readVector } from "./read.ts";
import { makeVector } from "./requests.ts";
import { decodeVector, encodeVector } from "./vector.ts";

vi.mock("node:crypto", async (original) => {
  const { seededBytes } = await import("./random.ts");
  return { ...(await original<typeof crypto>()), randomBytes: seededBytes };
});
vi.mock("node:os", async (original) => ({
  ...(await original<typeof os>()),
  machine: () => "x86_64",
  type: () => "Linux",
  release: () => "6.1.0",
}));

const VECTORS = fileURLToPath(new URL("../../fixtures/dumps/vectors/", import.meta.url));
/** `npm run vectors` writes what is compared otherwise. */
const WRITES = process.env["MODE"] === "vectors";
const REQUESTS = [...GOOD, ...GOOD_SECOND_IMAGES, ...GOOD_PAGES, ...BAD];

let folder: string;
beforeAll(async () => {
  await loadCodec();
  folder = mkdtempSync(join(tmpdir(), "tsdp-vectors-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe("a vector is made again byte for byte", () => {
  test.each(REQUESTS.map((request) => [request.name, request] as const))("%s", async (name, request) => {
    vi.stubEnv("TZ", "UTC");
    const bytes = encodeVector(await makeVector(request));
    if (WRITES) {
      mkdirSync(VECTORS, { recursive: true });
      writeFileSync(join(VECTORS, name), bytes);
    }
    expect(readFileSync(join(VECTORS, name)).equals(bytes)).toBe(true);
  });

  test("and there are no others", () => {
    expect(readdirSync(VECTORS).sort()).toEqual(REQUESTS.map(({ name }) => name).sort());
  });
});

describe("a vector reads as it says", () => {
  test.each(REQUESTS.map(({ name }) => [name]))("%s", async (name) => {
    const vector = decodeVector(readFileSync(join(VECTORS, name)));
    const { codes, reason, rows } = vector;
    const outcome =
      vector.read === "import" ? await importVector(vector, join(folder, name)) : await readVector(vector, join(folder, name));
    expect(outcome.codes, outcome.text).toEqual(codes);
    expect(outcome.rows).toBe(rows);
    expect(outcome.text).toContain(reason ?? "");
  });
});

/** Those of one schema; what else is in them is tested elsewhere. */
const IMPORTED = [
  "minimal",
  "storage-classes",
  "utf-16le",
  "utf-16be",
  "names",
  "no-rowid",
  "columns-2000",
  "zstd-frames",
  "pieces-out-of-order",
  "split",
  "split-master",
  "newer-minor",
  "objects",
  "encrypted-aes128",
  "encrypted-metadata",
  "encrypted-dual-wallet",
  "encrypted-split",
  ...GOOD_SECOND_IMAGES.map(({ name }) => name),
  ...GOOD_PAGES.map(({ name }) => name),
];
test.each(IMPORTED)("%s is imported, and its rows are the same", async (name) => {
  const vector = decodeVector(readFileSync(join(VECTORS, name)));
  expect(await importVector(vector, join(folder, `import-${name}`))).toEqual({
    codes: [],
    text: "",
    rows: vector.rows,
    state: "COMPLETED",
  });
});

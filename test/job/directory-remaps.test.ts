import { expect, test } from "vitest";
import { remappedPath } from "../../src/job/directory-remaps.ts";

test.each([
  ["/old/dumps", "/old/", "/new/", "/new/dumps"],
  ["/old/dumps", "/old", "/new", "/new/dumps"],
  ["/old", "/old/", "/new/", "/new"],
  ["/older/dumps", "/old", "/new", "/older/dumps"],
  ["/x/old/dumps", "/old", "/new", "/x/old/dumps"],
  ["/Old/dumps", "/old", "/new", "/Old/dumps"],
  ["/old/dumps", "/", "/mnt/", "/mnt/old/dumps"],
  ["/old/dumps", "/old/", "/", "/dumps"],
  ["/old", "/old", "/", "/"],
])("REMAP_DIRECTORY: %s under %s:%s is %s", (path, oldValue, value, expected) => {
  const remaps = [{ name: "REMAP_DIRECTORY", oldValue, value }];
  expect(remappedPath(remaps, path)).toBe(expected);
  expect(remappedPath([...remaps, { name: "REMAP_SCHEMA", oldValue: path, value: "/no" }], path)).toBe(expected);
});

test("the longest path counts, and only once", () => {
  const remaps = [
    ["/a", "/a/b/c"],
    ["/a/b", "/a/x"],
    ["/a/x", "/no"],
  ].map(([oldValue = "", value = ""]) => ({ name: "REMAP_DIRECTORY", oldValue, value }));
  for (const order of [remaps, [...remaps].reverse()])
    expect(["/a/b/d", "/a/d"].map((path) => remappedPath(order, path))).toEqual(["/a/x/d", "/a/b/c/d"]);
});

test("REMAP_DATAFILE is about one path, or about all below one when that ends with a slash", () => {
  const one = [{ name: "REMAP_DATAFILE", oldValue: "/old", value: "/new" }];
  expect(["/old", "/old/x"].map((path) => remappedPath(one, path))).toEqual(["/new", "/old/x"]);
  const all = [{ name: "REMAP_DATAFILE", oldValue: "/old/", value: "/new/" }];
  expect(["/old", "/old/x"].map((path) => remappedPath(all, path))).toEqual(["/new", "/new/x"]);
});

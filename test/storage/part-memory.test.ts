import { expect, test } from "vitest";
import { PartMemory } from "../../src/storage/part-memory.ts";

const MIB = 1 << 20;

test("gives so many bytes at a time, in order, and what is larger than all alone", async () => {
  const memory = new PartMemory(24 * MIB);
  const first = await memory.take(9 * MIB);
  const second = await memory.take(12 * MIB);
  const given: string[] = [];
  const large = memory.take(100 * MIB).then((bytes) => (given.push("large"), bytes));
  const small = memory.take(1).then((bytes) => (given.push("small"), bytes));
  memory.giveBack(first, true);
  await Promise.resolve();
  expect(given).toEqual([]);
  memory.giveBack(second, true);
  expect(await large).toHaveLength(100 * MIB);
  expect(given).toEqual(["large"]);
  memory.giveBack(await large, true);
  expect(await small).toHaveLength(1);
});

test("gives memory again that is free, and none that may still be read", async () => {
  const memory = new PartMemory(24 * MIB);
  const first = await memory.take(9 * MIB);
  memory.giveBack(first, true);
  const second = await memory.take(10 * MIB);
  expect(second).toHaveLength(10 * MIB);
  expect(second.buffer).toBe(first.buffer);
  memory.giveBack(second, false);
  expect((await memory.take(10 * MIB)).buffer).not.toBe(second.buffer);
});

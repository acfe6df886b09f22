import { expect, test } from "vitest";
import { Crew } from "../../src/job/crew.ts";
import type { WorkerPool } from "../../src/job/worker-thread.ts";

/** A crew of workers that are nothing but their numbers. */
function crewOf(degree: number): Crew {
  const take = (count: number) => Array.from({ length: count }, (_, i) => ({ number: i + 1 }));
  return new Crew({ take } as unknown as WorkerPool, degree);
}

test("after a failure nothing is begun, those that wait are woken, and the rest is waited for", async () => {
  const crew = crewOf(3);
  const told: string[] = [];
  let end: () => void = () => undefined;
  let wake: () => void = () => undefined;
  const ended = crew
    .run(
      async ({ number }) => {
        if (number === 1) throw new Error("the first");
        await new Promise<void>((resolve) => {
          if (number === 2) end = resolve;
          else wake = resolve;
        });
        told.push(`${number} ends`);
        if (number === 2) throw new Error("the second");
      },
      () => {
        wake();
      },
    )
    .catch((error: unknown) => {
      told.push(String(error));
    });
  await new Promise(setImmediate);
  crew.setDegree(4);
  await new Promise(setImmediate);
  expect(told).toEqual(["3 ends"]);
  expect([crew.hasFailed, crew.goesOn({ number: 2 })]).toEqual([true, false]);
  end();
  await ended;
  expect(told).toEqual(["3 ends", "2 ends", "Error: the first"]);
});

test("a crew that has failed at one task may be at the next", async () => {
  const crew = crewOf(2);
  await expect(crew.run(() => Promise.reject(new Error("no")))).rejects.toThrow("no");
  const numbers: number[] = [];
  await crew.run(async ({ number }) => {
    if (crew.goesOn({ number })) numbers.push(number);
    return Promise.resolve();
  });
  expect(numbers).toEqual([1, 2]);
});

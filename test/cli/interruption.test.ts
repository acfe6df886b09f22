import { afterEach, expect, test, vi } from "vitest";

const listeners = [process.stdout, process.stderr].map((stream) => [stream, stream.listeners("error")] as const);

afterEach(() => {
  for (const [stream, before] of listeners)
    for (const listener of stream.listeners("error"))
      if (!before.includes(listener)) stream.off("error", listener as (error: Error) => void);
  vi.resetModules();
});

test.each([
  ["EPIPE", 141, true],
  ["ENOSPC", 1, false],
])("a client whose output fails by %s leaves its job with 141, other commands end with %i", async (code, exitCode, silent) => {
  vi.resetModules();
  const { outputFailure, watchOutput } = await import("../../src/cli/output.ts");
  const { Interruptions } = await import("../../src/cli/interruption.ts");
  watchOutput();
  process.stdout.emit("error", Object.assign(new Error(code), { code }));
  const interruptions = new Interruptions();
  expect(interruptions.current()).toEqual({ signal: undefined, exitCode: 141, silent });
  interruptions.stop();
  expect(outputFailure()).toMatchObject({ exitCode });
});

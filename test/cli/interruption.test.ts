import { afterEach, expect, test, vi } from "vitest";
import type { JobScreen } from "../../src/cli/events.ts";

const listeners = [process.stdout, process.stderr].map((stream) => [stream, stream.listeners("error")] as const);

afterEach(() => {
  for (const [stream, before] of listeners)
    for (const listener of stream.listeners("error"))
      if (!before.includes(listener)) stream.off("error", listener as (error: Error) => void);
  vi.resetModules();
});

test.each([
  ["EPIPE", 141, 141, true],
  ["ENOSPC", 1, 0, false],
])(
  "a client whose output fails by %s leaves its job with 141, other commands end with %i, a job that has ended well with %i",
  async (code, exitCode, afterJob, silent) => {
    vi.resetModules();
    const { outputFailure, watchOutput } = await import("../../src/cli/output.ts");
    const { Interruptions } = await import("../../src/cli/interruption.ts");
    watchOutput();
    process.stdout.emit("error", Object.assign(new Error(code), { code }));
    const interruptions = new Interruptions();
    expect(interruptions.current()).toEqual({ signal: undefined, exitCode: 141, silent });
    interruptions.stop();
    expect(outputFailure()).toMatchObject({ exitCode });
    const { tellEnd } = await import("../../src/cli/job-end.ts");
    const screen = { show: () => undefined } as unknown as JobScreen;
    expect(tellEnd({ kind: "ended", state: "COMPLETED", errorCount: 0, hint: null }, null, screen)).toBe(0);
    expect(outputFailure()).toMatchObject({ exitCode: afterJob, closed: silent });
  },
);

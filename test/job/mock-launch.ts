import { vi } from "vitest";

// The set-up of each file is loaded anew, and what it replaces is not: so what both need is in a module of its own.
vi.mock(import("../../src/job/launch.ts"), async (original) => {
  const launch = await original();
  const { isHere, launchHere } = await import("./launch-here.ts");
  return {
    ...launch,
    launchControlProcess: (tablePath, secrets) =>
      isHere() ? launchHere(tablePath, secrets) : launch.launchControlProcess(tablePath, secrets),
  };
});

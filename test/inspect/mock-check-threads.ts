import { vi } from "vitest";

// The set-up of each file is loaded anew, and what it replaces is not: so what both need is in a module of its own.
vi.mock(import("../../src/inspect/check-threads.ts"), async (original) => {
  const real = await original();
  const { checkHere, isByThreads } = await import("./check-here.ts");
  return { checkPieces: (...words) => (isByThreads() ? real.checkPieces(...words) : checkHere(...words)) };
});

import { afterAll, vi } from "vitest";

// The next file may go through the same process, and set up something before its first test.
afterAll(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

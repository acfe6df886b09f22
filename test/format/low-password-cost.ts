import { vi } from "vitest";

/**
 * Sets that tests write in their own process ask for the least that the format allows, and the header says so: what depends on a
 * password is the same for every cost. Processes of their own write what users get.
 */
vi.mock(
  import("../../src/format/password-cost.ts"),
  () => ({ PASSWORD_COST: { cost: 1, blockSize: 8, parallelization: 1 } }) as never,
);

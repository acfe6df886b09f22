import { PassThrough } from "node:stream";
import { describe, expect, test, vi } from "vitest";
import { askSecret } from "../../src/cli/passwords.ts";

describe("a secret that is asked for at a terminal", () => {
  test("is not echoed, however soon it is typed", async () => {
    const modes: boolean[] = [];
    const terminal = Object.assign(new PassThrough(), { isTTY: true, setRawMode: (isRaw: boolean) => modes.push(isRaw) });
    vi.spyOn(process, "stdin", "get").mockReturnValue(terminal as unknown as typeof process.stdin);
    const modeAt: Record<string, boolean | undefined> = {};
    vi.spyOn(process.stderr, "write").mockImplementation((text) => {
      modeAt[String(text)] = modes.at(-1);
      if (text === "Password: ") terminal.write("tiger\r");
      return true;
    });
    await expect(askSecret("Password: ")).resolves.toBe("tiger");
    expect(modeAt).toEqual({ "Password: ": true, "\n": false });
  });
});

import type { JobScreen } from "../events.ts";
import { JsonScreen } from "./json-screen.ts";
import type { Output } from "../output.ts";
import { PlainScreen } from "./plain-screen.ts";

/** The screen for where the output goes. What only a terminal needs is loaded for a terminal only. */
export async function openScreen(output: Output, json: boolean): Promise<JobScreen> {
  if (json) return new JsonScreen(output);
  if (!process.stderr.isTTY || process.env["TERM"] === "dumb") return new PlainScreen(output);
  const { LiveScreen } = await import("./live-screen.ts");
  return new LiveScreen(output, process.stderr);
}

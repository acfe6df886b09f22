import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { fileURLToPath } from "node:url";
import Sqlite from "better-sqlite3";
import { expect, vi } from "vitest";
import { tsdpHere } from "../cli/tsdp-here.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/**
 * What `npx tsdp` is in the shell: it sends its folder, the exported variables of tsdp and its words through the third descriptor, and does
 * with the answer from the fourth what the program does. What needs streams of its own is a process.
 */
const NPX = `npx() {
  shift
  case "$1" in cat | sql | attach | jobs) '${process.execPath}' '${join(ROOT, "bin", "tsdp.js")}' "$@"; return ;; esac
  local name out err code
  for name in $(compgen -e TSDP_); do printf '%s\\0' "$name=\${!name}" >&3; done
  printf '%s\\0' '' "$PWD" "$#" "$@" >&3
  IFS= read -r -d '' out <&4 && IFS= read -r -d '' err <&4 && IFS= read -r -d '' code <&4
  printf '%s' "$out"
  printf '%s' "$err" >&2
  return "$code"
}`;

/** The shell commands of a page, in their order: those of its blocks that are marked `sh`. */
export function commandsOf(page: string): readonly string[] {
  const blocks = [...page.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = ""]) => block);
  return blocks
    .join("")
    .split("\n")
    .filter((line) => line !== "");
}

/** Has a shell run commands one after the other in a folder that holds HR.db, and expects that none fails. */
export async function expectToWork(commands: readonly string[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "tsdp-page-"));
  try {
    const database = new Sqlite(join(folder, "HR.db"));
    database.exec(readFileSync(join(ROOT, "fixtures", "hr.sql"), "utf8"));
    database.close();
    const shell = spawn("bash", ["-e", "-c", [NPX, ...commands].join("\n")], {
      cwd: folder,
      stdio: ["ignore", "pipe", "pipe", "pipe", "pipe"],
    });
    let said = "";
    for (const stream of [shell.stdout, shell.stderr]) stream?.on("data", (bytes: Buffer) => (said += bytes.toString()));
    const status = new Promise((ended) => shell.once("close", ended));
    await serve(shell.stdio[3] as Duplex, shell.stdio[4] as Duplex);
    const code = await status;
    expect({ status: code, end: code === 0 ? "" : said.slice(-4000) }).toEqual({ status: 0, end: "" });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs the commands that the shell sends, until it has ended. */
async function serve(asked: Duplex, answers: Duplex): Promise<void> {
  let texts: string[] = [];
  let rest = "";
  for await (const bytes of asked) {
    const [last = "", ...whole] = (rest + String(bytes)).split("\0").reverse();
    rest = last;
    texts.push(...whole.reverse());
    const begin = texts.indexOf("");
    const [folder, count, ...words] = begin < 0 ? [] : texts.slice(begin + 1);
    if (folder === undefined || words.length !== Number(count)) continue;
    const { out, err, code } = await withVariables(texts.slice(0, begin), () => tsdpHere(folder, ...words));
    answers.write([out, err, code, ""].join("\0"));
    texts = [];
  }
}

async function withVariables<T>(variables: readonly string[], work: () => Promise<T>): Promise<T> {
  for (const variable of variables) {
    const end = variable.indexOf("=");
    vi.stubEnv(variable.slice(0, end), variable.slice(end + 1));
  }
  try {
    return await work();
  } finally {
    vi.unstubAllEnvs();
  }
}

import { createHash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync, realpathSync, statSync, type Stats } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { causeLines, pumpError } from "../base/errors.ts";
import { foldName } from "../base/identifiers.ts";
import type { Masker } from "./value.ts";

/** A function of a module of the user's. The digest tells its file from any that comes later under its name. */
export interface ModuleFunction {
  readonly name: "MODULE";
  /** Absolute real path. */
  readonly path: string;
  /** SHA-256, hexadecimal. */
  readonly digest: string;
  readonly exported: string;
}

/** Name of the directory object whose files may be modules. */
export const MODULE_DIRECTORY = "REMAP_DATA_DIR";

const MODULE = /^(.*)\.(?:mjs|js)$/;
const OTHERS_MAY_WRITE = 0o022;
const STICKY = 0o1000;

/**
 * Finds the module `NAME.mjs` or `NAME.js` in a folder, its name without case. Its code will run with the rights of who runs the job: so
 * nobody else may be able to change it.
 * @throws ORA-39001 with ORA-39232
 */
export function findModule(folder: string, module: string, exported: string): ModuleFunction {
  const shown = `${module}.${exported}`;
  try {
    const home = realpathSync(folder);
    const names = readdirSync(home).filter((name) => foldName(MODULE.exec(name)?.[1] ?? "") === foldName(module));
    const [name, other] = names;
    if (name === undefined) throw refused(shown, `there is no ${module}.mjs or ${module}.js in "${home}"`);
    if (other !== undefined) throw refused(shown, `"${home}" has both ${name} and ${other}`);
    const path = join(home, name);
    if (!lstatSync(path).isFile()) throw refused(shown, `"${path}" is no plain file`);
    for (const place of [path, ...withParents(home)]) {
      if (mayBeChanged(statSync(place), place === path || place === home))
        throw refused(shown, `others than you and root may change "${place}"`, "Take their right to write away (chmod go-w).");
    }
    return { name: "MODULE", path, digest: digestOf(path), exported };
  } catch (error) {
    const lines = causeLines(error);
    if (lines[0]?.code === "ORA-39001") throw error;
    throw pumpError([["ORA-39001"], ["ORA-39232", shown], ...lines], undefined, error);
  }
}

/** Who may rename a folder may put another in its place. */
function withParents(folder: string): readonly string[] {
  const parent = dirname(folder);
  return parent === folder ? [folder] : [folder, ...withParents(parent)];
}

/** Others may add to a sticky folder (/tmp), and not touch what is yours. Windows keeps rights elsewhere. */
function mayBeChanged({ mode, uid }: Stats, isOwn: boolean): boolean {
  const own = process.getuid?.();
  if (own === undefined) return false;
  const isWritable = (mode & OTHERS_MAY_WRITE) !== 0 && (isOwn || (mode & STICKY) === 0);
  return isWritable || (uid !== own && uid !== 0);
}

/** @throws TSDP-00010 when the file is another than the job was defined with, or has no such function */
export async function importFunction({ path, digest, exported }: ModuleFunction): Promise<Masker> {
  const fault = (reason: string, cause?: unknown) =>
    pumpError(
      [
        ["ORA-39232", exported],
        ["TSDP-00010", `module "${path}" ${reason}`],
      ],
      undefined,
      cause,
    );
  let module: Readonly<Record<string, unknown>>;
  try {
    if (digestOf(path) !== digest) throw fault("has changed since the job was defined");
    module = (await import(pathToFileURL(path).href)) as Readonly<Record<string, unknown>>;
  } catch (error) {
    if (causeLines(error)[0]?.code === "ORA-39232") throw error;
    throw fault("can't be loaded", error);
  }
  const found = Object.entries(module).find(([name]) => foldName(name) === foldName(exported))?.[1];
  if (typeof found !== "function") throw fault("exports no function of that name");
  return found as Masker;
}

function digestOf(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

function refused(shown: string, reason: string, hint?: string): Error {
  return pumpError([["ORA-39001"], ["ORA-39232", shown], ["TSDP-00010", reason]], hint);
}

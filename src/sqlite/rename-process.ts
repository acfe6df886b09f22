import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { entryPath } from "../base/entries.ts";
import { RenameFailure } from "./rename-scratch.ts";
import { renameTables, type RenameObject, type RenameRequest, type RenameResult } from "./rename-tables.ts";

/** Definitions of a dump may be made to take forever. */
const TIMEOUT_MS = 300_000;
const MAX_OUTPUT = 512 << 20;
const RENAME_ARGUMENT = "--rename-tables";
const ENTRY = entryPath("sqlite/rename-process");

/** `renameTables` in a process of its own, which ends when it takes too long. @throws RenameFailure */
export async function renameTablesApart({ encoding, objects, renames }: RenameRequest): Promise<RenameResult> {
  const packed = objects.map((object) => ({ ...object, sql: pack(object.sql) }));
  const answer = JSON.parse(await runApart(JSON.stringify({ encoding, objects: packed, renames }))) as Answer;
  if ("failure" in answer) throw new RenameFailure(answer.failure);
  const changed = answer.changed.map(([i, object]) => [i, { ...object, sql: unpack(object.sql) }] as const);
  return { changed: new Map(changed), refused: new Map(answer.refused), stale: answer.stale };
}

function runApart(input: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { maxBuffer: MAX_OUTPUT, timeout: TIMEOUT_MS, killSignal: "SIGKILL" } as const;
    const child = execFile(process.execPath, [ENTRY, RENAME_ARGUMENT], options, (error, stdout) => {
      if (error === null) resolve(stdout);
      else if (error.killed === true) reject(new RenameFailure("SQLite takes too long over the definitions"));
      else reject(new Error(error.message, { cause: error }));
    });
    // A process that ends early has said why.
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(input);
  });
}

type Packed<T> = Omit<T, "sql"> & { readonly sql: string | null };
type ChangedObject = RenameResult["changed"] extends ReadonlyMap<number, infer T> ? T : never;

type Answer =
  | {
      readonly changed: readonly (readonly [number, Packed<ChangedObject>])[];
      readonly refused: readonly (readonly [number, string])[];
      readonly stale: readonly number[];
    }
  | { readonly failure: string };

function pack(sql: Uint8Array | null): string | null {
  return sql === null ? null : Buffer.from(sql).toString("base64");
}

function unpack(sql: string | null): Buffer | null {
  return sql === null ? null : Buffer.from(sql, "base64");
}

function answer(input: string): Answer {
  const { objects, ...request } = JSON.parse(input) as Omit<RenameRequest, "objects"> & {
    readonly objects: readonly Packed<RenameObject>[];
  };
  try {
    const result = renameTables({ ...request, objects: objects.map((object) => ({ ...object, sql: unpack(object.sql) })) });
    const changed = [...result.changed].map(([i, object]) => [i, { ...object, sql: pack(object.sql) }] as const);
    return { changed, refused: [...result.refused], stale: result.stale };
  } catch (error) {
    if (error instanceof RenameFailure) return { failure: error.message };
    throw error;
  }
}

if (process.argv[1] === ENTRY && process.argv[2] === RENAME_ARGUMENT) {
  process.stdout.write(JSON.stringify(answer(readFileSync(0, "utf8"))));
}

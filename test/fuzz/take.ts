import Sqlite from "better-sqlite3";
import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { expect } from "vitest";
import { quoteIdentifier } from "../../src/base/identifiers.ts";
import { PumpError } from "../../src/base/errors.ts";
import type { Keyring } from "../../src/dump/set-key.ts";
import { listDump } from "../../src/inspect/listing.ts";
import { openDump, openSet } from "../../src/inspect/open-dump.ts";
import { openQuery } from "../../src/inspect/query.ts";
import { openTable } from "../../src/inspect/table-rows.ts";
import { verifySet } from "../../src/inspect/verify.ts";
import { NO_PLACE_KEYS } from "../../src/storage/place-keys.ts";
import { Places } from "../../src/storage/places.ts";
import { compareDatabases } from "../judge/compare.ts";
import { runInProcess, type JobReport } from "../job/pump-jobs.ts";
import { expectCatalogued } from "./harness.ts";
import type { Files } from "./mutate.ts";
import type { Random } from "./random.ts";

/** A forgery, and the folder in which it may be let loose. */
export interface Trial {
  readonly files: Files;
  readonly keyring: Keyring;
  readonly folder: string;
  /** The schema of the dump. */
  readonly schema: string;
  /** Its file: what is in the way of the import. */
  readonly old: string;
  readonly label: string;
}

/** Objects that are looked into: each makes what it needs of the dump anew. */
const LOOKS = 8;

/** Looks into a forgery in every way there is without an import; whatever can be said against it has to be said in order. */
export async function look({ files, keyring, folder, label }: Trial, random: Random): Promise<void> {
  const access = { storage: new Places(), keys: NO_PLACE_KEYS, keyring, currentDirectory: "/", folders: [] };
  const paths = unpack(files, folder);
  const tried = async (step: () => Promise<unknown>) => {
    try {
      return await step();
    } catch (error) {
      expectCatalogued(error, label);
      return null;
    }
  };
  await tried(async () => verifySet(await openSet(paths, access), access));
  await tried(async () => {
    const dump = await openDump(paths, access);
    try {
      const shown = listDump(dump).objects.filter(({ type }) => type === "TABLE" || type === "VIEW");
      for (let looks = Math.min(LOOKS, shown.length); looks > 0; looks -= 1) {
        const { schema, name, type } = random.pick(shown);
        const text = `SELECT * FROM ${quoteIdentifier(schema)}.${quoteIdentifier(name)} LIMIT 50`;
        await tried(async () => takeRows(await openQuery(dump, text)));
        if (type === "TABLE")
          await tried(async () => takeRows(await openTable(dump, `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`)));
      }
    } finally {
      await dump.close();
    }
  });
  expect(readdirSync(folder).sort(), label).toEqual([...paths.map((path) => basename(path))].sort());
}

async function takeRows(source: Awaited<ReturnType<typeof openQuery>>): Promise<void> {
  try {
    for await (const batch of source.batches()) if (batch.length > 1000) break;
  } finally {
    await source.close();
  }
}

const ACTIONS = ["SKIP", "APPEND", "TRUNCATE", "REPLACE"];
/** What `integrity_check` may say of rows that break the rules of their table, as they may in a source. */
const BROKEN_RULE =
  /^(?:NULL value in|NOT NULL constraint|CHECK constraint failed|non-\w+ value in|(?:TEXT|NUMERIC|REAL|INTEGER|BLOB) value in)/;

/** Imports a forgery beside a schema that exists, or into it, and judges by plain SQL what has become of both. */
export async function importForgery(trial: Trial, random: Random): Promise<void> {
  const { files, keyring, folder, schema, old, label } = trial;
  const paths = unpack(files, folder);
  copyFileSync(old, join(folder, "OLD.db"));
  const action = random.pick(ACTIONS);
  const target = random.pick(["FRESH", "OLD"]);
  const before = listing(folder);
  const result = await runInProcess("IMPORT", folder, {
    dumpFiles: paths.map((path) => basename(path)),
    keyring,
    remap: [[schema, target]],
    parameters: { TABLE_EXISTS_ACTION: action },
  });
  const told = `${label}, ${action} into ${target}\n${textOf(result).slice(0, 2000)}`;
  if (result instanceof PumpError) {
    expectCatalogued(result, told);
    expect(listing(folder), told).toEqual(before);
    return;
  }
  expect(textOf(result), told).not.toMatch(/ORA-39006|TSDP-00012|\b(?:TypeError|RangeError|ReferenceError)\b|^ +at /m);
  const dumps = new Set(paths.map((path) => basename(path)));
  const schemas = readdirSync(folder).filter((name) => !dumps.has(name) && name !== ".tsdp");
  if (result.state !== "COMPLETED") {
    expect(schemas, told).toEqual(["OLD.db"]);
    expect(compareDatabases(old, join(folder, "OLD.db")), told).toEqual([]);
    return;
  }
  if (result.errors.length === 0 && target === "FRESH")
    expect(
      listing(folder).filter((line) => line.startsWith("OLD.db")),
      told,
    ).toEqual(before.filter((line) => line.startsWith("OLD.db")));
  for (const name of schemas) expectSound(join(folder, name), old, told);
}

function textOf(result: JobReport | PumpError): string {
  return result instanceof PumpError ? result.message : [result.state, ...result.errors].join("\n");
}

function unpack(files: Files, folder: string): readonly string[] {
  mkdirSync(folder, { recursive: true });
  return [...files].map(([name, bytes]) => {
    const path = join(folder, basename(name));
    writeFileSync(path, bytes);
    return path;
  });
}

/** Every file but those of the catalog, and what is in it. */
function listing(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true })
    .map(String)
    .filter((name) => !name.startsWith(".tsdp") && statSync(join(folder, name)).isFile())
    .sort()
    .map(
      (name) =>
        `${name} ${createHash("sha256")
          .update(readFileSync(join(folder, name)))
          .digest("hex")}`,
    );
}

/** A schema file as SQLite itself would have made it: every definition is one of its kind, and the b-trees are whole. */
function expectSound(path: string, good: string, label: string): void {
  expect(basename(path), label).toMatch(/\.db$/);
  const database = new Sqlite(path, { readonly: true });
  try {
    const objects = database.prepare("SELECT type, name, tbl_name, sql FROM sqlite_schema").all() as Record<
      string,
      string | null
    >[];
    for (const { type, name, sql } of objects) {
      expect(name, label).not.toMatch(/^tsdp:/i);
      if (sql === null) expect(name, label).toMatch(/^sqlite_autoindex_/);
      else expect(sql, label).toMatch(new RegExp(`^CREATE\\s+(?:VIRTUAL\\s+|UNIQUE\\s+)?${type ?? ""}\\b`, "i"));
    }
    const known = new Set(problemsOf(good));
    expect(
      problemsOf(path).filter((problem) => !known.has(problem) && !BROKEN_RULE.test(problem)),
      label,
    ).toEqual([]);
  } finally {
    database.close();
  }
}

function problemsOf(path: string): readonly string[] {
  const database = new Sqlite(path, { readonly: true });
  try {
    return (database.pragma("integrity_check") as { integrity_check: string }[]).map((row) => row.integrity_check);
  } catch (error) {
    if (error instanceof Sqlite.SqliteError) return [error.message];
    throw error;
  } finally {
    database.close();
  }
}

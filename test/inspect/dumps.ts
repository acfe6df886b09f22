import Sqlite from "better-sqlite3";
import { onTestFinished } from "vitest";
import { NO_KEYS } from "../../src/dump/set-key.ts";
import { openDump, type OpenDump } from "../../src/inspect/open-dump.ts";
import { openQuery, type RowSource } from "../../src/inspect/query.ts";
import type { CellValue } from "../../src/inspect/query.ts";
import { NO_PLACE_KEYS } from "../../src/storage/place-keys.ts";
import { Places } from "../../src/storage/places.ts";
import type { StorageReader } from "../../src/storage/storage.ts";
import { expectSuccess, runExport, type JobRequest } from "../job/pump-jobs.ts";
import { temporaryFolder } from "../job/temporary-folder.ts";

/** Makes schemas by SQL. @returns the folder of the database */
export function schemaFolder(schemas: Readonly<Record<string, string>>): string {
  const folder = temporaryFolder();
  for (const [name, sql] of Object.entries(schemas)) {
    const database = new Sqlite(`${folder}/${name}.db`);
    database.exec(sql);
    database.close();
  }
  return folder;
}

/** Exports all of a database as `d.dmp`. @returns the path */
export async function dumpOf(folder: string, request: JobRequest = {}): Promise<string> {
  expectSuccess(await runExport(folder, { mode: "FULL", dumpFiles: ["d.dmp"], ...request }));
  return `${folder}/d.dmp`;
}

/** Opens a dump until the test ends. */
export async function opened(path: string, storage = new Places()): Promise<OpenDump> {
  const dump = await openDump([path], { storage, keys: NO_PLACE_KEYS, keyring: NO_KEYS, currentDirectory: "/", folders: [] });
  onTestFinished(() => dump.close());
  return dump;
}

export async function allRows(source: RowSource): Promise<readonly (readonly CellValue[])[]> {
  const rows: (readonly CellValue[])[] = [];
  for await (const batch of source.batches()) rows.push(...batch);
  await source.close();
  return rows;
}

export async function rowsOf(dump: OpenDump, sql: string): Promise<readonly (readonly CellValue[])[]> {
  return allRows(await openQuery(dump, sql));
}

/** The local disk, with a note of every read. */
export class CountingStorage extends Places {
  readonly reads: { readonly offset: number; readonly length: number }[] = [];

  override async open(path: string): Promise<StorageReader> {
    const reader = await super.open(path);
    return {
      path,
      size: reader.size,
      read: (offset, length) => {
        this.reads.push({ offset, length });
        return reader.read(offset, length);
      },
      close: () => reader.close(),
    };
  }
}

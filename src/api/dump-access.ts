import { resolve } from "node:path";
import { parseConnectString } from "../catalog/connect-string.ts";
import { homeFolder } from "../catalog/home.ts";
import { openMasterKeys } from "../catalog/wallet.ts";
import type { DumpAccess } from "../inspect/open-dump.ts";
import { isOpenDatabase } from "../job/jobs.ts";
import { Places } from "../storage/places.ts";

/** How a dump is opened without a job. */
export interface DumpOptions {
  /** Password of an encrypted dump. Without one the open wallet of the database has the key. */
  readonly password?: string | null;
  /** Connect string of the database whose wallet is meant; as for `connect`. */
  readonly database?: string | undefined;
  /** Where relative paths start. */
  readonly currentDirectory?: string;
}

/** @throws ORA-12154 when there is no such database, ORA-28353 when its wallet is damaged */
export async function dumpAccess({ password = null, database, currentDirectory = "." }: DumpOptions): Promise<DumpAccess> {
  const directory = resolve(currentDirectory);
  const home = homeFolder(parseConnectString(database, directory).database);
  const masterKeys = password === null ? await openMasterKeys(home) : null;
  return { storage: new Places([], isOpenDatabase), keyring: { password, masterKeys }, currentDirectory: directory };
}

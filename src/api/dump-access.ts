import { resolve } from "node:path";
import { parseConnectString } from "../catalog/connect-string.ts";
import { Directories } from "../catalog/directories.ts";
import { homeFolder } from "../catalog/home.ts";
import { Users } from "../catalog/users.ts";
import { openMasterKeys } from "../catalog/wallet.ts";
import type { DumpAccess } from "../inspect/open-dump.ts";
import { isUrl } from "../dump/names.ts";
import { isOpenDatabase } from "../job/jobs.ts";
import { openPlaces, type PlaceKeys } from "../job/place-access.ts";
import { readableUrl } from "./dump-urls.ts";

/** How a dump is opened without a job. */
export interface DumpOptions {
  /** Password of an encrypted dump. Without one the open wallet of the database has the key. */
  readonly password?: string | null;
  /** Credential of the object store that holds the files; without one their URLs are pre-authenticated or public, or s3://. */
  readonly credential?: string | undefined;
  /** Connect string of the database whose wallet and credentials are meant; as for `connect`. */
  readonly database?: string | undefined;
  /** Gives the password of the user of that database when the connect string holds none, and a credential is asked for. */
  readonly userPassword?: () => Promise<string | null>;
  /** Where relative paths start. */
  readonly currentDirectory?: string;
}

/**
 * @param files paths, templates of paths, or URLs
 * @throws ORA-12154 when there is no such database, ORA-28353 when its wallet is damaged, ORA-27476 for an unknown credential,
 * ORA-01017 or ORA-28000 when its user may not connect
 */
export async function dumpAccess(files: readonly string[], options: DumpOptions): Promise<DumpAccess> {
  const { password = null, credential = "", database, userPassword, currentDirectory = "." } = options;
  const directory = resolve(currentDirectory);
  const identity = parseConnectString(database, directory);
  const home = homeFolder(identity.database);
  if (credential !== "") await new Users(home).authenticate(identity, userPassword);
  const masterKeys = password === null ? await openMasterKeys(home) : null;
  const keys = await keysOf(files.filter(isUrl), credential, { user: identity.user, home });
  const folders = new Directories(home, directory).list().map(({ path }) => path);
  return {
    storage: openPlaces(keys, isOpenDatabase),
    keys,
    keyring: { password, masterKeys },
    currentDirectory: directory,
    folders,
  };
}

async function keysOf(urls: readonly string[], credential: string, asker: Parameters<typeof readableUrl>[2]): Promise<PlaceKeys> {
  const found = await Promise.all(urls.map((url) => readableUrl(url, credential, asker)));
  const queries = Object.assign({}, ...found.map(({ keys }) => keys.queries)) as PlaceKeys["queries"];
  return { access: found.flatMap(({ keys }) => keys.access), queries };
}

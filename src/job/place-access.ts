import { causeLines, PumpError, pumpError } from "../base/errors.ts";
import { Credentials } from "../catalog/credentials.ts";
import { dumpFilePath, isTemplate, isUrl, patternPath } from "../dump/names.ts";
import { NO_PLACE_KEYS, type PlaceKeys } from "../storage/place-keys.ts";
import type { PlaceAccess } from "../storage/access.ts";
import type { UrlQueries } from "../storage/signed-urls.ts";
import { dumpFilesOf, type JobDefinition, type JobFile } from "./definition.ts";

export { NO_PLACE_KEYS, openPlaces, type PlaceKeys } from "../storage/place-keys.ts";
export type { UrlQueries } from "../storage/signed-urls.ts";

/**
 * What opens the places of a job's files: the credentials that they name, out of the catalog, and the query strings of their URLs.
 * @throws ORA-39002 with ORA-27476 (a credential is gone), ORA-28365 (the wallet that keeps its secret is closed), or ORA-31640 for
 * a pre-authenticated URL whose query string is missing
 */
export async function placeKeysOf(home: string, definition: JobDefinition, queries: UrlQueries): Promise<PlaceKeys> {
  const files = dumpFilesOf(definition).filter(({ directoryPath }) => isUrl(directoryPath));
  const lacking = files.find((file) => file.isPreAuthenticated === true && queries[queryKey(file)] === undefined);
  if (lacking !== undefined) throw neededAgain(patternPath(lacking));
  const access = new Map<string, PlaceAccess>();
  for (const { directory, directoryPath } of files) {
    const prefix = `${directoryPath}/`;
    if (directory !== "" && !access.has(prefix)) access.set(prefix, await placeAccess(home, definition.owner, directory, prefix));
  }
  return { access: [...access.values()], queries };
}

/** The same for the removal of what a job has made: an import makes nothing in an object store. */
export async function removalKeysOf(home: string, definition: JobDefinition): Promise<PlaceKeys> {
  return definition.operation === "EXPORT" ? placeKeysOf(home, definition, {}) : NO_PLACE_KEYS;
}

/** A credential for all that is below a prefix. @throws ORA-39002 with ORA-27476 or ORA-28365 */
export async function placeAccess(home: string, owner: string, credential: string, prefix: string): Promise<PlaceAccess> {
  const { username, secret, endpoint, region } = await new Credentials(home).open(owner, credential).catch(refuse);
  return { prefix, access: { accessKeyId: username, secretAccessKey: secret, sessionToken: null, endpoint, region } };
}

/** By what the query string of a URL is kept: the URL without it, or for a template its folder. */
export function queryKey({ directoryPath, name }: Pick<JobFile, "directoryPath" | "name">): string {
  return isTemplate(name) ? `${directoryPath}/` : (dumpFilePath({ directoryPath, name }, 1) ?? "");
}

function refuse(error: unknown): never {
  throw pumpError([["ORA-39002"], ...causeLines(error)], error instanceof PumpError ? error.hint : undefined, error);
}

function neededAgain(url: string): PumpError {
  return pumpError(
    [["ORA-39002"], ["ORA-31640", url], ["TSDP-00010", "its query string is needed again"]],
    "Give the pre-authenticated URL again with ADD_FILE; its query string is kept nowhere.",
  );
}

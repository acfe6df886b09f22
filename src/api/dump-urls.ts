import { causeLines, type PumpError } from "../base/errors.ts";
import type { Credentials } from "../catalog/credentials.ts";
import { catalogName } from "../catalog/names.ts";
import { dumpFilePath, isUrl, splitDumpUrl, type DumpFilePattern } from "../dump/names.ts";
import { dumpFilesOf, type JobDefinition, type JobFile, type Operation } from "../job/definition.ts";
import { placeAccess, queryKey, type PlaceKeys, type UrlQueries } from "../job/place-access.ts";
import { badDumpFile } from "./refusals.ts";

const NO_URL_HINT = "Give https://host/bucket/file or s3://bucket/file, with a blank as %20 and no user, password or #.";
const EXPORT_HINT =
  "An export signs in to the object store: name a credential (`tsdp credential create NAME --username KEY`), or give an s3:// URL.";
const QUERY_HINT = "A pre-authenticated URL is for an import, without a credential; any other URL has no `?`.";
const SAME_CREDENTIAL = "files of one folder of an object store are entered by one credential";
const NOT_REACHABLE = "a job that runs gets no further credentials";

/** Where a dump file in an object store is: name, directory (the credential) and directory path of ADD_FILE's file. */
export type UrlPlace = Pick<JobFile, "name" | "directory" | "directoryPath" | "isPreAuthenticated">;

/**
 * The place of a dump file of type URIDUMP_FILE; the query string of the URL is no part of it.
 * @throws ORA-39001 with ORA-39000 and TSDP-00010 (no URL, or one that can't be used so), ORA-39144, ORA-39124, ORA-39145 (an export
 * without a credential) or ORA-27476 (an unknown one)
 */
export function urlPlace(definition: JobDefinition, url: string, credential: string | null, credentials: Credentials): UrlPlace {
  const { pattern, query } = parse(definition.operation, url);
  const directory = credential ?? "";
  const signs = directory !== "" || isS3(url);
  if (query !== "" && (signs || definition.operation === "EXPORT"))
    throw badDumpFile(QUERY_HINT, ["TSDP-00010", "the URL has a query string"]);
  if (!signs && definition.operation === "EXPORT") throw badDumpFile(EXPORT_HINT, ["ORA-39145"]);
  if (directory !== "") assertCredential(definition, directory, credentials);
  const others = dumpFilesOf(definition).filter(({ directoryPath }) => directoryPath === pattern.directoryPath);
  if (others.some((other) => catalogName(other.directory) !== catalogName(directory)))
    throw badDumpFile(undefined, ["TSDP-00010", SAME_CREDENTIAL]);
  return { ...pattern, directory, ...(query === "" ? {} : { isPreAuthenticated: true }) };
}

/** The query string of a URL, which is the secret of a pre-authenticated one, by what it is kept. @throws as `urlPlace` */
export function queriesOf(definition: JobDefinition, url: string): UrlQueries {
  const { pattern, query } = parse(definition.operation, url);
  return query === "" ? {} : { [queryKey(pattern)]: query };
}

/** Whether a URL is a pre-authenticated one of the job, whose query string was not kept or has expired. */
export function isGivenAgain(definition: JobDefinition, queries: UrlQueries): boolean {
  const [given] = Object.keys(queries);
  return dumpFilesOf(definition).some((file) => file.isPreAuthenticated === true && queryKey(file) === given);
}

/** A running job has the secrets that it was started with. @throws ORA-39001 with ORA-39000 for a file that needs another */
export function assertReachable(definition: JobDefinition, { directory, directoryPath }: JobFile): void {
  if (!isUrl(directoryPath) || directory === "") return;
  if (dumpFilesOf(definition).some((file) => file.directoryPath === directoryPath)) return;
  throw badDumpFile("Stop the job, add the file, and start the job again.", ["TSDP-00010", NOT_REACHABLE]);
}

/**
 * A dump file in an object store that is read without a job; of a template, its first file.
 * @param credential empty: none
 * @throws as `urlPlace`, and ORA-28365
 */
export async function readableUrl(
  url: string,
  credential: string,
  { user, home }: { readonly user: string; readonly home: string },
): Promise<{ readonly path: string; readonly keys: PlaceKeys }> {
  const { pattern, query } = parse("IMPORT", url);
  if (query !== "" && (credential !== "" || isS3(url)))
    throw badDumpFile(QUERY_HINT, ["TSDP-00010", "the URL has a query string"]);
  const access = credential === "" ? [] : [await placeAccess(home, user, credential, `${pattern.directoryPath}/`)];
  const queries = query === "" ? {} : { [queryKey(pattern)]: query };
  return { path: dumpFilePath(pattern, 1) ?? url, keys: { access, queries } };
}

function parse(operation: Operation, url: string): { readonly pattern: DumpFilePattern; readonly query: string } {
  if (url === "") throw badDumpFile(undefined, ["ORA-39144"]);
  if (!isUrl(url) || /[\s\\\p{Cc}]/u.test(url) || !URL.canParse(url)) throw noUrl();
  const { username, password, search, hash } = new URL(url);
  if (username !== "" || password !== "" || hash !== "") throw noUrl();
  const [path = ""] = url.split(/[?#]/);
  return { pattern: splitDumpUrl(path, operation === "EXPORT" ? new Date() : null), query: search };
}

/** The text of what is refused may hold a secret. */
function noUrl(): PumpError {
  return badDumpFile(NO_URL_HINT, ["TSDP-00010", "it is no URL of an object store"]);
}

function assertCredential({ owner }: JobDefinition, name: string, credentials: Credentials): void {
  try {
    credentials.find(owner, name);
  } catch (error) {
    throw badDumpFile(undefined, ...causeLines(error));
  }
}

function isS3(url: string): boolean {
  return /^s3:/i.test(url);
}

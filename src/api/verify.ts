import { resolve } from "node:path";
import { PumpError, pumpError } from "../base/errors.ts";
import { upperName } from "../base/identifiers.ts";
import { parseConnectString } from "../catalog/connect-string.ts";
import { homeFolder } from "../catalog/home.ts";
import { missingPrivilege, Privileges } from "../catalog/privileges.ts";
import { listSchemas } from "../catalog/schemas.ts";
import { Users } from "../catalog/users.ts";
import { compareSet, type SchemaComparison, type SchemaPair } from "../inspect/compare.ts";
import { assertNoPages, openSet } from "../inspect/open-dump.ts";
import { verifySet, type OnProgress, type Verification } from "../inspect/verify.ts";
import { dumpAccess, type DumpOptions } from "./dump-access.ts";
import { rejecting } from "./session.ts";

export { rowsLine } from "../job/log-lines.ts";
export { isSameContent } from "../inspect/compare.ts";
export type { ObjectDifference, RowDifferences, SchemaComparison } from "../inspect/compare.ts";
export type { Fault, OnProgress, Verification, VerifiedFile, VerifiedTable } from "../inspect/verify.ts";

/** Which live schemas a dump is compared with. */
export interface Against {
  /** Connect string of their database; when it names no user, it is that of the database whose wallet and credentials are meant. */
  readonly database: string;
  /** Schemas of the dump; null: all. */
  readonly schemas: readonly string[] | null;
  /** Schemas of the dump and the live ones that they are compared with; the others keep their names. */
  readonly remapSchemas: readonly (readonly [source: string, target: string])[];
}

/** What was found; `comparisons` is null when nothing was to be compared. */
export interface VerifyReport {
  readonly verification: Verification;
  readonly comparisons: readonly SchemaComparison[] | null;
}

/** Progress of both steps. */
export interface VerifyProgress {
  readonly verifying?: OnProgress;
  readonly comparing?: OnProgress;
}

/**
 * Checks a dump file set to the row level without importing it, and compares it with live schemas.
 * @param files paths, templates of paths, or URLs; any files of the set
 * @throws what an import of the files would say, when the set can't be opened; ORA-39002 for a schema that is not in the dump or
 * can't be read; ORA-31631 with ORA-39109 for a live schema that the user may not work on
 */
export async function verifyDump(
  files: readonly string[],
  options: DumpOptions,
  against: Against | null = null,
  { verifying, comparing }: VerifyProgress = {},
): Promise<VerifyReport> {
  return rejecting(async () => {
    // Nobody is asked for a password after the dump was read for an hour.
    const live = against === null ? null : await openLive(against, options);
    const access = await dumpAccess(files, { ...options, ...live?.login });
    const set = await openSet(files, access);
    const verification = await verifySet(set, access, verifying);
    if (against === null || live === null) return { verification, comparisons: null };
    if (verification.master !== null) assertNoPages({ master: verification.master });
    const pairs = pairSchemas(verification, against, live);
    return { verification, comparisons: await compareSet(set, access.storage, verification, pairs, comparing) };
  });
}

/** Who compares, and with what. @throws ORA-01017 or ORA-28000 for who may not connect */
async function openLive({ database }: Against, options: DumpOptions): Promise<LiveDatabase> {
  const { userPassword, currentDirectory = "." } = options;
  const directory = resolve(currentDirectory);
  const own = parseConnectString(options.database, directory);
  const identity = parseConnectString(database, directory, options.database === undefined ? undefined : own);
  const home = homeFolder(identity.database);
  let { password } = identity;
  await new Users(home).authenticate(identity, async () => (password = (await userPassword?.()) ?? null));
  const isSame = own.user === identity.user && homeFolder(own.database) === home;
  return {
    database: identity.database,
    privileges: Privileges.of(home, identity.user),
    login: isSame && password !== null ? { userPassword: async () => Promise.resolve(password) } : {},
  };
}

function foreignSchema(): PumpError {
  const { lines, hint = "" } = missingPrivilege("EXPORT", ["ORA-39109"]);
  return new PumpError(lines, `${hint} The user is the one whom --against names (USER@DATABASE), or else --userid.`);
}

interface LiveDatabase {
  readonly database: string;
  readonly privileges: Privileges;
  /** What its user has answered, where the same one is asked for a credential. */
  readonly login: Pick<DumpOptions, "userPassword">;
}

function pairSchemas(
  { master }: Verification,
  { schemas, remapSchemas }: Against,
  { database, privileges }: LiveDatabase,
): readonly SchemaPair[] {
  const names = (master?.schemas ?? []).map(({ name }) => name);
  const chosen = schemas?.map(upperName) ?? names;
  const remaps = new Map(remapSchemas.map(([source, target]) => [upperName(source), upperName(target)]));
  const unknown = [...chosen, ...remaps.keys()].find((name) => master !== null && !names.includes(name));
  if (unknown !== undefined) throw pumpError([["ORA-39002"], ["ORA-39165", unknown]], `The dump holds ${names.join(", ")}.`);
  const live = new Map(listSchemas(database).map(({ name, path }) => [name, path]));
  return chosen.map((schema) => {
    const target = remaps.get(schema) ?? schema;
    if (!privileges.mayWorkOn(target, "EXPORT")) throw foreignSchema();
    return { schema, live: target, path: live.get(target) ?? null };
  });
}

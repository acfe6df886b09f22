import { resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { pumpError, toPumpError, type ErrorLine, type PumpError } from "../base/errors.ts";
import { failpoint } from "../base/failpoint.ts";
import { quoteIdentifier, upperName } from "../base/identifiers.ts";
import { Directories } from "../catalog/directories.ts";
import { DirectoryGrants } from "../catalog/directory-grants.ts";
import { homeFolder } from "../catalog/home.ts";
import { DatabaseLinks } from "../catalog/links.ts";
import { ADMINISTRATOR, BUILT_IN_GRANTS, BUILT_IN_ROLES, PUBLIC, Roles } from "../catalog/roles.ts";
import { Users } from "../catalog/users.ts";
import type { CatalogObject } from "../metadata/catalog-objects.ts";
import { CATALOG_TAILS, objectPath, type CatalogTail, type ExportMode } from "../metadata/object-paths.ts";
import type { ControlTable } from "./control-table.ts";
import type { JobDefinition } from "./definition.ts";
import { remappedPath } from "./directory-remaps.ts";
import { completedLine, lastPart, processingLine } from "./log-lines.ts";
import type { JobRun } from "./run.ts";

/** What a FULL export carries of the catalog of a database. */
export function readCatalog(home: string): readonly CatalogObject[] {
  const roles = new Roles(home);
  const grants = roles.grants().filter((grant) => !BUILT_IN_GRANTS.includes(grant));
  return [
    ...roles
      .list()
      .filter((role) => !BUILT_IN_ROLES.includes(role))
      .map((name) => ({ tail: "ROLE", name }) as const),
    ...new Users(home)
      .list()
      .filter(({ name }) => name !== ADMINISTRATOR)
      .map(({ name, isLocked, hasPassword }) => ({ tail: "USER", name, locked: isLocked || hasPassword }) as const),
    ...grants.map(({ role, grantee }) => ({ tail: "ROLE_GRANT", name: role, grantee }) as const),
    ...new Directories(home, "/").stored().map(({ name, path }) => ({ tail: "DIRECTORY/DIRECTORY", name, path }) as const),
    ...new DirectoryGrants(home).list().map(({ directory, grantee, privilege }) => {
      return { tail: "DIRECTORY/GRANT/OBJECT_GRANT", name: directory, grantee, privilege } as const;
    }),
    ...new DatabaseLinks(home)
      .list()
      .map(({ owner, name, user, database }) => ({ tail: "DB_LINK", name, owner, user, database }) as const),
  ];
}

/**
 * Makes them in the catalog of an import's database, after its schemas, and names their paths. Those that exist stay as they are. Users
 * who are made here may be the first, from whom on it is checked who may go on with a job: so they come when little is left to do.
 */
export function importCatalog(run: JobRun, mode: ExportMode, originals: readonly CatalogObject[]): void {
  if (originals.length === 0) return;
  const home = homeFolder(run.definition.database);
  const objects = originals.map((object) => remapped(run.definition, object));
  const before = new CatalogBefore(run.table, home, objects);
  failpoint("import catalog examined");
  const maker = new CatalogMaker(home, before);
  for (const tail of CATALOG_TAILS) {
    const own = objects.filter((object) => object.tail === tail);
    if (own.length === 0 || run.table.hasTold(toldOf(tail))) continue;
    const problems = own.flatMap((object) => maker.make(object) ?? []);
    run.once(toldOf(tail), () => {
      run.say(run.ofWorker(1, processingLine(objectPath(mode, tail))));
      for (const problem of problems) run.report(problem.lines);
      run.measure(1, completedLine(own.length, lastPart(tail), run.secondsOfStep()));
    });
  }
}

function toldOf(tail: CatalogTail): string {
  return `catalog ${tail}`;
}

/**
 * What was in the catalog before the job. It is written down before the first object is made, so that a restart tells what the job
 * itself has made from what it found. What others have made or changed meanwhile joins it: nothing is granted on that or to it either.
 */
class CatalogBefore {
  readonly #table: ControlTable;
  readonly #existing: Set<string>;
  readonly #own: ReadonlySet<string>;

  constructor(table: ControlTable, home: string, objects: readonly CatalogObject[]) {
    this.#table = table;
    this.#existing = new Set(table.toldAfter(EXISTED));
    const found = existingKeys(home);
    this.#own = table.durably(() => {
      const isFirstRun = table.tell("catalog begun");
      const own = isFirstRun ? new Set<string>() : identicalKeys(home, objects);
      const keys = objects.flatMap((object) => (isFirstRun ? [keyOf(object), ...basesOf(object)] : [keyOf(object)]));
      for (const key of keys) if (found.has(key) && !own.has(key)) this.note(key);
      if (objects.some(isForEverybody) && hasOtherUsers(home, own)) this.note(EVERYBODY);
      return own;
    });
  }

  get existing(): ReadonlySet<string> {
    return this.#existing;
  }

  /** Whether an earlier run has made an object, as far as can be seen. */
  isOwn(key: string): boolean {
    return this.#own.has(key);
  }

  note(key: string): void {
    this.#table.tell(EXISTED + key);
    this.#existing.add(key);
  }
}

/** Of those that the catalog has as an import would make them. */
function identicalKeys(home: string, objects: readonly CatalogObject[]): ReadonlySet<string> {
  const changed = new Set(new Users(home).list().flatMap(({ name, hasPassword }) => (hasPassword ? [name] : [])));
  const present = new Map(readCatalog(home).map((object) => [keyOf(object), object]));
  const identical = objects.filter((object) => isDeepStrictEqual(present.get(keyOf(object)), object));
  return new Set(identical.filter(({ tail, name }) => tail !== "USER" || !changed.has(name)).map(keyOf));
}

const EXISTED = "catalog had ";

/** What an import would make, and what it would report, if it began now. */
export function previewCatalog(
  definition: Pick<JobDefinition, "database" | "metadataRemaps">,
  objects: readonly CatalogObject[],
): { readonly taken: readonly CatalogObject[]; readonly problems: readonly (readonly ErrorLine[])[] } {
  const home = homeFolder(definition.database);
  const existing = objects.length === 0 ? new Set<string>() : existingKeys(home);
  if (objects.length > 0 && hasOtherUsers(home, new Set())) existing.add(EVERYBODY);
  const taken: CatalogObject[] = [];
  const problems: (readonly ErrorLine[])[] = [];
  for (const object of objects.map((original) => remapped(definition, original))) {
    const base = existingBase(object, existing);
    if (base !== null) problems.push(pumpError([["ORA-39111", shown(object), base]]).lines);
    else if (existing.has(keyOf(object))) problems.push(alreadyExists(object).lines);
    else taken.push(object);
  }
  return { taken, problems };
}

function keyOf(object: CatalogObject): string {
  switch (object.tail) {
    case "ROLE_GRANT":
      return JSON.stringify([object.tail, object.name, object.grantee]);
    case "DIRECTORY/GRANT/OBJECT_GRANT":
      return JSON.stringify([object.tail, object.name, object.grantee, object.privilege]);
    case "DB_LINK":
      return JSON.stringify([object.owner, object.name]);
    default:
      return shown(object);
  }
}

/** REMAP_SCHEMA is about users, too; remaps of paths are about directory objects. */
function remapped({ metadataRemaps }: Pick<JobDefinition, "metadataRemaps">, object: CatalogObject): CatalogObject {
  const schemas = metadataRemaps.filter(({ name }) => name === "REMAP_SCHEMA");
  const renamed = (name: string) => {
    const remap = schemas.find(({ oldValue }) => upperName(oldValue) === name);
    return remap === undefined ? name : upperName(remap.value);
  };
  switch (object.tail) {
    case "USER":
      return { ...object, name: renamed(object.name) };
    case "ROLE_GRANT":
    case "DIRECTORY/GRANT/OBJECT_GRANT":
      return { ...object, grantee: renamed(object.grantee) };
    case "DB_LINK":
      return { ...object, owner: renamed(object.owner) };
    case "DIRECTORY/DIRECTORY":
      return { ...object, path: resolve("/", remappedPath(metadataRemaps, object.path)) };
    default:
      return object;
  }
}

const EXISTS = ["ORA-00955", "ORA-01920", "ORA-01921", "ORA-02011"] as const;

/** Makes one object after the other. What exists stays as it is, and nothing is granted on it or to it. */
class CatalogMaker {
  readonly #users: Users;
  readonly #roles: Roles;
  readonly #directories: Directories;
  readonly #directoryGrants: DirectoryGrants;
  readonly #links: DatabaseLinks;
  readonly #before: CatalogBefore;
  readonly #made = new Set<string>();

  constructor(home: string, before: CatalogBefore) {
    this.#users = new Users(home);
    this.#roles = new Roles(home);
    this.#directories = new Directories(home, "/");
    this.#directoryGrants = new DirectoryGrants(home);
    this.#links = new DatabaseLinks(home);
    this.#before = before;
  }

  /** @returns why it could not be made; null: it was */
  make(object: CatalogObject): PumpError | null {
    const key = keyOf(object);
    const base = existingBase(object, this.#before.existing);
    if (base !== null) return pumpError([["ORA-39111", shown(object), base]]);
    if (this.#before.existing.has(key)) return alreadyExists(object);
    try {
      this.#create(object);
      this.#made.add(key);
      failpoint("import catalog object made");
      return null;
    } catch (error) {
      const failure = toPumpError(error);
      if (!EXISTS.some((code) => failure.has(code))) return pumpError([["ORA-39083", shown(object)], ...failure.lines]);
      if (this.#before.isOwn(key)) return null;
      // Two users whom REMAP_SCHEMA gives one name.
      if (!this.#made.has(key)) this.#before.note(key);
      return alreadyExists(object);
    }
  }

  #create(object: CatalogObject): void {
    const { name } = object;
    switch (object.tail) {
      case "ROLE":
        this.#roles.create(quoteName(name));
        return;
      case "USER":
        this.#users.restore(quoteName(name), object.locked);
        return;
      case "ROLE_GRANT":
        this.#roles.grant(quoteName(name), quoteName(object.grantee));
        return;
      case "DIRECTORY/DIRECTORY":
        this.#directories.create(quoteName(name), object.path);
        return;
      case "DIRECTORY/GRANT/OBJECT_GRANT":
        this.#directoryGrants.grant(this.#directories, [object.privilege], quoteName(name), quoteName(object.grantee));
        return;
      case "DB_LINK":
        this.#links.restore(object);
    }
  }
}

function existingKeys(home: string): Set<string> {
  const administrators = new Users(home).list().filter(({ name }) => name === ADMINISTRATOR);
  return new Set([
    ...readCatalog(home).map(keyOf),
    ...BUILT_IN_ROLES.map((role) => `ROLE:${quoteIdentifier(role)}`),
    ...administrators.map(({ name }) => `USER:${quoteIdentifier(name)}`),
  ]);
}

/** What a grant is on, or to, when that was there before; null: it was not, or the object is no grant. */
function existingBase(object: CatalogObject, existing: ReadonlySet<string>): string | null {
  return basesOf(object).find((base) => existing.has(base)) ?? null;
}

function basesOf(object: CatalogObject): readonly string[] {
  if (!("grantee" in object)) return [];
  const grantees = ["USER", "ROLE"].map((kind) => `${kind}:${quoteIdentifier(object.grantee)}`);
  return object.tail === "ROLE_GRANT" ? grantees : [`DIRECTORY:${quoteIdentifier(object.name)}`, ...grantees];
}

/** Stands for all users, and so for those who were there before. */
const EVERYBODY = `ROLE:${quoteIdentifier(PUBLIC)}`;

function isForEverybody(object: CatalogObject): boolean {
  return basesOf(object).includes(EVERYBODY);
}

/** Whether there is anybody but SYSTEM, who has every role, and those whom the import has made. */
function hasOtherUsers(home: string, own: ReadonlySet<string>): boolean {
  return new Users(home).list().some(({ name }) => name !== ADMINISTRATOR && !own.has(`USER:${quoteIdentifier(name)}`));
}

function alreadyExists(object: CatalogObject): PumpError {
  return pumpError([["ORA-31684", shown(object)]]);
}

/** `USER:"HR"`. */
function shown(object: CatalogObject): string {
  return `${object.tail.split("/").at(-1) ?? ""}:${quoteIdentifier(object.name)}`;
}

/** So that the catalog takes the name as it stands. */
function quoteName(name: string): string {
  return `"${name}"`;
}

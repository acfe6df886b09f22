import { pumpError, toPumpError, type ErrorLine, type PumpError } from "../base/errors.ts";
import { failpoint } from "../base/failpoint.ts";
import { quoteIdentifier, upperName } from "../base/identifiers.ts";
import { Directories } from "../catalog/directories.ts";
import { DirectoryGrants } from "../catalog/directory-grants.ts";
import { homeFolder } from "../catalog/home.ts";
import { DatabaseLinks } from "../catalog/links.ts";
import { ADMINISTRATOR, BUILT_IN_GRANTS, BUILT_IN_ROLES, Roles } from "../catalog/roles.ts";
import { Users } from "../catalog/users.ts";
import type { CatalogObject } from "../metadata/catalog-objects.ts";
import { CATALOG_TAILS, objectPath, type CatalogTail } from "../metadata/object-paths.ts";
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
export function importCatalog(run: JobRun, originals: readonly CatalogObject[]): void {
  if (originals.length === 0) return;
  const home = homeFolder(run.definition.database);
  const objects = originals.map((object) => remapped(run.definition, object));
  const before = new CatalogBefore(run.table, home, objects);
  for (const tail of CATALOG_TAILS) {
    const own = objects.filter((object) => object.tail === tail);
    if (own.length === 0 || run.table.hasTold(toldOf(tail))) continue;
    const isRestarted = before.examine(tail, own);
    failpoint("import catalog examined");
    const maker = new CatalogMaker(home, before.existing, isRestarted);
    const problems = own.flatMap((object) => maker.make(object) ?? []);
    run.once(toldOf(tail), () => {
      run.say(run.ofWorker(1, processingLine(objectPath("FULL", tail))));
      for (const problem of problems) run.report(problem.lines);
      run.measure(1, completedLine(own.length, lastPart(tail), run.secondsOfStep()));
    });
  }
}

function toldOf(tail: CatalogTail): string {
  return `catalog ${tail}`;
}

/**
 * What was in the catalog before the job. It is written down for each kind before the first object of that kind is made, so that
 * a restart tells what the job itself has made from what it found.
 */
class CatalogBefore {
  readonly #table: ControlTable;
  readonly #home: string;
  readonly #own: ReadonlySet<string>;

  constructor(table: ControlTable, home: string, objects: readonly CatalogObject[]) {
    this.#table = table;
    this.#home = home;
    this.#own = new Set(objects.map(keyOf));
  }

  get existing(): ReadonlySet<string> {
    return new Set(this.#table.toldAfter(EXISTED));
  }

  /** @returns whether an earlier run has done it, and may have made some of the objects */
  examine(tail: CatalogTail, objects: readonly CatalogObject[]): boolean {
    const found = existingKeys(this.#home);
    const keys = objects.flatMap((object) => [keyOf(object), ...basesOf(object).filter((base) => !this.#own.has(base))]);
    return this.#table.durably(() => {
      if (!this.#table.tell(`catalog begun ${tail}`)) return true;
      for (const key of keys) if (found.has(key)) this.#table.tell(EXISTED + key);
      return false;
    });
  }
}

const EXISTED = "catalog had ";

/** What an import would make, and what it would report, if it began now. */
export function previewCatalog(
  definition: JobDefinition,
  objects: readonly CatalogObject[],
): { readonly taken: readonly CatalogObject[]; readonly problems: readonly (readonly ErrorLine[])[] } {
  const existing = objects.length === 0 ? new Set<string>() : existingKeys(homeFolder(definition.database));
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
  return object.tail === "DB_LINK" ? JSON.stringify([object.owner, object.name]) : shown(object);
}

/** REMAP_SCHEMA is about users, too; remaps of paths are about directory objects. */
function remapped({ metadataRemaps }: JobDefinition, object: CatalogObject): CatalogObject {
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
      return { ...object, path: remappedPath(metadataRemaps, object.path) };
    default:
      return object;
  }
}

/** Makes one object after the other. What exists stays as it is, and nothing is granted on it or to it. */
class CatalogMaker {
  readonly #users: Users;
  readonly #roles: Roles;
  readonly #directories: Directories;
  readonly #directoryGrants: DirectoryGrants;
  readonly #links: DatabaseLinks;
  /** What was there before, by kinds and names. */
  readonly #existing: ReadonlySet<string>;
  /** An earlier run may have made what was not there before. */
  readonly #isRestarted: boolean;

  constructor(home: string, existing: ReadonlySet<string>, isRestarted: boolean) {
    this.#users = new Users(home);
    this.#roles = new Roles(home);
    this.#directories = new Directories(home, "/");
    this.#directoryGrants = new DirectoryGrants(home);
    this.#links = new DatabaseLinks(home);
    this.#existing = existing;
    this.#isRestarted = isRestarted;
  }

  /** @returns why it could not be made; null: it was */
  make(object: CatalogObject): PumpError | null {
    const base = existingBase(object, this.#existing);
    if (base !== null) return pumpError([["ORA-39111", shown(object), base]]);
    if (this.#existing.has(keyOf(object))) return alreadyExists(object);
    try {
      this.#create(object);
      failpoint("import catalog object made");
      return null;
    } catch (error) {
      const failure = toPumpError(error);
      const exists = failure.has("ORA-00955") || failure.has("ORA-01920") || failure.has("ORA-01921") || failure.has("ORA-02011");
      if (exists) return this.#isRestarted ? null : alreadyExists(object);
      return pumpError([["ORA-39083", shown(object)], ...failure.lines]);
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
  if (object.tail === "ROLE_GRANT") return ["USER", "ROLE"].map((kind) => `${kind}:${quoteIdentifier(object.grantee)}`);
  return object.tail === "DIRECTORY/GRANT/OBJECT_GRANT" ? [`DIRECTORY:${quoteIdentifier(object.name)}`] : [];
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

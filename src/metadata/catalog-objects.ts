import { isAbsolute } from "node:path";
import { BadImage } from "../sqlite/piece-image.ts";
import { CATALOG_TAILS, USER_TAILS, type CatalogTail } from "./object-paths.ts";

/** Something of the catalog of a database that a FULL export carries; secrets are no part of it. */
export type CatalogObject =
  | { readonly tail: "ROLE"; readonly name: string }
  /** One who had a password comes without it, and locked. */
  | { readonly tail: "USER"; readonly name: string; readonly locked: boolean }
  | { readonly tail: "ROLE_GRANT"; readonly name: string; readonly grantee: string }
  | { readonly tail: "DIRECTORY/DIRECTORY"; readonly name: string; readonly path: string }
  | {
      readonly tail: "DIRECTORY/GRANT/OBJECT_GRANT";
      readonly name: string;
      readonly grantee: string;
      readonly privilege: "READ" | "WRITE";
    }
  | {
      readonly tail: "DB_LINK";
      readonly name: string;
      readonly owner: string;
      readonly user: string;
      readonly database: string;
    };

/** The fact of the master table that lists them. */
export const CATALOG_FACT = "CATALOG";

const MOST_OBJECTS = 10_000;
const LONGEST_PATH = 4096;

/** The schema that an object belongs to, as a filter of schemas sees it; null: to none. */
export function schemaOf(object: CatalogObject): string | null {
  switch (object.tail) {
    case "USER":
      return object.name;
    case "ROLE_GRANT":
      return object.grantee;
    case "DB_LINK":
      return object.owner;
    default:
      return null;
  }
}

/** Whether it is a user, or what he has: a schema export may carry it. */
export function isOfUser({ tail }: CatalogObject): boolean {
  return USER_TAILS.has(tail);
}

/** The fact; nothing when there is no object. */
export function catalogFact(objects: readonly CatalogObject[]): Readonly<Record<string, string>> {
  return objects.length === 0 ? {} : { [CATALOG_FACT]: JSON.stringify(objects) };
}

/**
 * What the fact lists, in the order in which it can be made; nothing in it is believed. Kinds of a later version are passed over, and
 * SYSTEM: no export writes it, and the first user of an import brings it.
 * @throws BadImage
 */
export function catalogObjects(job: ReadonlyMap<string, string>): readonly CatalogObject[] {
  const fact = job.get(CATALOG_FACT);
  if (fact === undefined) return [];
  const values = parse(fact);
  if (!Array.isArray(values) || values.length > MOST_OBJECTS) throw bad();
  const objects = values.flatMap((value: unknown) => decode(value) ?? []);
  return CATALOG_TAILS.flatMap((tail) => objects.filter((object) => object.tail === tail));
}

function decode(value: unknown): CatalogObject | null {
  if (typeof value !== "object" || value === null) throw bad();
  const fields = value as Readonly<Record<string, unknown>>;
  const tail = CATALOG_TAILS.find((known) => known === fields["tail"]);
  const object = tail === undefined ? null : decodeKnown(tail, fields);
  return object?.tail === "USER" && object.name === "SYSTEM" ? null : object;
}

function decodeKnown(tail: CatalogTail, fields: Readonly<Record<string, unknown>>): CatalogObject {
  const name = nameOf(fields["name"]);
  switch (tail) {
    case "ROLE":
      return { tail, name };
    case "USER":
      return { tail, name, locked: fields["locked"] !== false };
    case "ROLE_GRANT":
      return { tail, name, grantee: nameOf(fields["grantee"]) };
    case "DIRECTORY/DIRECTORY":
      return { tail, name, path: pathOf(fields["path"]) };
    case "DIRECTORY/GRANT/OBJECT_GRANT": {
      const { privilege } = fields;
      if (privilege !== "READ" && privilege !== "WRITE") throw bad();
      return { tail, name, grantee: nameOf(fields["grantee"]), privilege };
    }
    case "DB_LINK": {
      const names = { owner: nameOf(fields["owner"]), user: nameOf(fields["user"]) };
      return { tail, name, ...names, database: pathOf(fields["database"]) };
    }
  }
}

function nameOf(value: unknown): string {
  if (typeof value !== "string" || !/^[\p{L}\p{M}\p{N}\p{P}\p{S} ]{1,128}$/u.test(value)) throw bad();
  return value;
}

function pathOf(value: unknown): string {
  if (typeof value !== "string" || !isAbsolute(value) || value.length > LONGEST_PATH || /\p{Cc}/u.test(value)) throw bad();
  return value;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new BadImage("the master table holds a list of catalog objects that can't be read", { cause: error });
  }
}

function bad(): BadImage {
  return new BadImage("the master table holds a catalog object that can't be one");
}

import { isStatistics, isSystemTable, type DumpObject } from "./dump-object.ts";

export type ExportMode = "FULL" | "SCHEMA" | "TABLE" | "TABLESPACE";

const PREFIX: Readonly<Record<ExportMode, string>> = {
  FULL: "DATABASE_EXPORT/SCHEMA",
  SCHEMA: "SCHEMA_EXPORT",
  TABLE: "TABLE_EXPORT",
  TABLESPACE: "TABLE_EXPORT",
};

/** Object paths of what a FULL export carries of the catalog, in the order in which it can be made. */
export const CATALOG_TAILS = [
  "ROLE",
  "USER",
  "ROLE_GRANT",
  "DIRECTORY/DIRECTORY",
  "DIRECTORY/GRANT/OBJECT_GRANT",
  "DB_LINK",
] as const;

export type CatalogTail = (typeof CATALOG_TAILS)[number];

/** Those of a user, which an export of his schema may carry, too. */
export const USER_TAILS: ReadonlySet<string> = new Set<CatalogTail>(["USER", "ROLE_GRANT"]);

/** Those that belong to no schema. */
const DATABASE_TAILS: ReadonlySet<string> = new Set(["ROLE", "DIRECTORY/DIRECTORY", "DIRECTORY/GRANT/OBJECT_GRANT"]);

/** Object paths below the mode's prefix, in the order in which a log names them. */
const EXPORT_ORDER = [
  "TABLE/TABLE_DATA",
  "VIEWS_AS_TABLES/TABLE_DATA",
  "TABLE/STATISTICS/TABLE_STATISTICS",
  "STATISTICS/MARKER",
  ...CATALOG_TAILS,
  "TABLE/TABLE",
  "VIEWS_AS_TABLES/TABLE",
  "TABLE/IDENTITY_COLUMN",
  "VIEW/VIEW",
  "TABLE/INDEX/INDEX",
  "TABLE/TRIGGER",
  "VIEW/TRIGGER",
] as const;
const IMPORT_ORDER = [
  ...CATALOG_TAILS,
  "TABLE/TABLE",
  "VIEWS_AS_TABLES/TABLE",
  "TABLE/TABLE_DATA",
  "VIEWS_AS_TABLES/TABLE_DATA",
  "TABLE/IDENTITY_COLUMN",
  "VIEW/VIEW",
  "TABLE/INDEX/INDEX",
  "TABLE/TRIGGER",
  "VIEW/TRIGGER",
  "TABLE/STATISTICS/TABLE_STATISTICS",
  "STATISTICS/MARKER",
] as const;

export type ObjectPathTail = (typeof EXPORT_ORDER)[number];

/** The full object path as the log shows it, such as `SCHEMA_EXPORT/TABLE/TABLE_DATA`. */
export function objectPath(mode: ExportMode, tail: ObjectPathTail): string {
  if (DATABASE_TAILS.has(tail)) return `DATABASE_EXPORT/${tail}`;
  if (tail !== "STATISTICS/MARKER") return `${PREFIX[mode]}/${tail}`;
  if (mode === "FULL") return "DATABASE_EXPORT/STATISTICS/MARKER";
  return mode === "SCHEMA" ? "SCHEMA_EXPORT/STATISTICS/MARKER" : "TABLE_EXPORT/TABLE/STATISTICS/MARKER";
}

/** Where an object's definition belongs; of a system table, where its rows belong. */
export function pathTail(object: DumpObject, views: ReadonlySet<string>): ObjectPathTail {
  if (isStatistics(object)) return "TABLE/STATISTICS/TABLE_STATISTICS";
  if (isSystemTable(object)) return "TABLE/IDENTITY_COLUMN";
  switch (object.objectType) {
    case "TABLE":
      return object.fromView === true ? "VIEWS_AS_TABLES/TABLE" : "TABLE/TABLE";
    case "VIEW":
      return "VIEW/VIEW";
    case "INDEX":
      return "TABLE/INDEX/INDEX";
    case "TRIGGER":
      return isOfView(object, views) ? "VIEW/TRIGGER" : "TABLE/TRIGGER";
  }
}

/** Where the rows of a table belong. */
export function dataTail({ fromView }: DumpObject): ObjectPathTail {
  return fromView === true ? "VIEWS_AS_TABLES/TABLE_DATA" : "TABLE/TABLE_DATA";
}

/** The views among objects, as `pathTail` and `isOfView` ask for them. */
export function viewKeys(objects: readonly DumpObject[]): ReadonlySet<string> {
  return new Set(objects.filter((object) => object.objectType === "VIEW").map(({ schema, name }) => viewKey(schema, name)));
}

/** Whether an object is a view or belongs to one. */
export function isOfView({ objectType, schema, tableName }: DumpObject, views: ReadonlySet<string>): boolean {
  return objectType !== "TABLE" && views.has(viewKey(schema, tableName));
}

function viewKey(schema: string, name: string): string {
  return `${schema}\0${name.toLowerCase()}`;
}

/** How many objects there are of each path; the rows of a table are an object of their own. */
export function countByPath(
  objects: readonly DumpObject[],
  catalog: readonly { readonly tail: CatalogTail }[] = [],
): ReadonlyMap<ObjectPathTail, number> {
  const views = viewKeys(objects);
  const data = objects.filter((object) => object.shape !== null && !isSystemTable(object)).map(dataTail);
  const counts = new Map<ObjectPathTail, number>([["STATISTICS/MARKER", 1]]);
  for (const tail of [...objects.map((object) => pathTail(object, views)), ...data, ...catalog.map(({ tail }) => tail)])
    counts.set(tail, (counts.get(tail) ?? 0) + 1);
  return counts;
}

/** The paths that a set of objects makes a job process, in the order of the operation. */
export function pathsOf(
  objects: readonly DumpObject[],
  operation: "EXPORT" | "IMPORT",
  content: "ALL" | "DATA_ONLY" | "METADATA_ONLY",
  catalog: readonly { readonly tail: CatalogTail }[] = [],
): readonly ObjectPathTail[] {
  const views = viewKeys(objects);
  const data = objects.filter((object) => object.shape !== null && !isSystemTable(object)).map(dataTail);
  const present = new Set<ObjectPathTail>(content === "DATA_ONLY" ? data : objects.map((object) => pathTail(object, views)));
  if (content !== "DATA_ONLY") for (const { tail } of catalog) present.add(tail);
  if (content === "ALL") for (const tail of data) present.add(tail);
  if (present.has("TABLE/STATISTICS/TABLE_STATISTICS")) present.add("STATISTICS/MARKER");
  return (operation === "EXPORT" ? EXPORT_ORDER : IMPORT_ORDER).filter((path) => present.has(path));
}

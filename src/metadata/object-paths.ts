import { isStatistics, isSystemTable, type DumpObject } from "./dump-object.ts";

export type ExportMode = "FULL" | "SCHEMA" | "TABLE";

const PREFIX: Readonly<Record<ExportMode, string>> = {
  FULL: "DATABASE_EXPORT/SCHEMA",
  SCHEMA: "SCHEMA_EXPORT",
  TABLE: "TABLE_EXPORT",
};

/** Object paths below the mode's prefix, in the order in which a log names them. */
const EXPORT_ORDER = [
  "TABLE/TABLE_DATA",
  "TABLE/STATISTICS/TABLE_STATISTICS",
  "STATISTICS/MARKER",
  "TABLE/TABLE",
  "TABLE/IDENTITY_COLUMN",
  "VIEW/VIEW",
  "TABLE/INDEX/INDEX",
  "TABLE/TRIGGER",
  "VIEW/TRIGGER",
] as const;
const IMPORT_ORDER = [
  "TABLE/TABLE",
  "TABLE/TABLE_DATA",
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
  if (tail === "TABLE/TABLE" && mode === "TABLE") return "TABLE_EXPORT/TABLE/TABLE";
  if (tail !== "STATISTICS/MARKER") return `${PREFIX[mode]}/${tail}`;
  if (mode === "FULL") return "DATABASE_EXPORT/STATISTICS/MARKER";
  return mode === "TABLE" ? "TABLE_EXPORT/TABLE/STATISTICS/MARKER" : "SCHEMA_EXPORT/STATISTICS/MARKER";
}

/** Where an object's definition belongs; of a system table, where its rows belong. */
export function pathTail(object: DumpObject, views: ReadonlySet<string>): ObjectPathTail {
  if (isStatistics(object)) return "TABLE/STATISTICS/TABLE_STATISTICS";
  if (isSystemTable(object)) return "TABLE/IDENTITY_COLUMN";
  switch (object.objectType) {
    case "TABLE":
      return "TABLE/TABLE";
    case "VIEW":
      return "VIEW/VIEW";
    case "INDEX":
      return "TABLE/INDEX/INDEX";
    case "TRIGGER":
      return views.has(`${object.schema}\0${object.tableName.toLowerCase()}`) ? "VIEW/TRIGGER" : "TABLE/TRIGGER";
  }
}

/** The paths that a set of objects makes a job process, in the order of the operation. */
export function pathsOf(
  objects: readonly DumpObject[],
  operation: "EXPORT" | "IMPORT",
  content: "ALL" | "DATA_ONLY" | "METADATA_ONLY",
): readonly ObjectPathTail[] {
  if (content === "DATA_ONLY") return ["TABLE/TABLE_DATA"];
  const views = new Set(
    objects.filter((object) => object.objectType === "VIEW").map((view) => `${view.schema}\0${view.name.toLowerCase()}`),
  );
  const present = new Set<ObjectPathTail>(objects.map((object) => pathTail(object, views)));
  if (content === "ALL" && objects.some((object) => object.shape !== null && !isSystemTable(object)))
    present.add("TABLE/TABLE_DATA");
  if (present.has("TABLE/STATISTICS/TABLE_STATISTICS")) present.add("STATISTICS/MARKER");
  return (operation === "EXPORT" ? EXPORT_ORDER : IMPORT_ORDER).filter((path) => present.has(path));
}

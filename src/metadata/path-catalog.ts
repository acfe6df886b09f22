import { objectPath, USER_TAILS, type ExportMode, type ObjectPathTail } from "./object-paths.ts";

/** An object path that INCLUDE, EXCLUDE and the object path of a name filter can name: a row of the views of object paths. */
export interface ObjectPathEntry {
  /** Full (`SCHEMA_EXPORT/TABLE/INDEX`), or a part of a full one (`TABLE/INDEX`, `INDEX`). */
  readonly path: string;
  readonly comments: string;
  /** Whether a name clause can follow. */
  readonly named: boolean;
  /** The kinds of objects that it stands for. */
  readonly tails: readonly ObjectPathTail[];
}

interface Leaf {
  readonly tail: ObjectPathTail;
  readonly comments: string;
  readonly named: boolean;
}

const TABLE_LEAVES: readonly Leaf[] = [
  { tail: "TABLE/TABLE", comments: "Definitions of tables", named: true },
  { tail: "TABLE/TABLE_DATA", comments: "Rows of tables", named: true },
  { tail: "TABLE/INDEX/INDEX", comments: "Indexes", named: true },
  { tail: "TABLE/TRIGGER", comments: "Triggers of tables", named: true },
  { tail: "TABLE/IDENTITY_COLUMN", comments: "Last values of AUTOINCREMENT columns (sqlite_sequence)", named: false },
  { tail: "TABLE/STATISTICS/TABLE_STATISTICS", comments: "Statistics of ANALYZE (sqlite_stat1 and sqlite_stat4)", named: false },
];
const VIEW_LEAVES: readonly Leaf[] = [
  { tail: "VIEW/VIEW", comments: "Definitions of views", named: true },
  { tail: "VIEW/TRIGGER", comments: "Triggers of views", named: true },
];
const CATALOG_LEAVES: readonly Leaf[] = [
  { tail: "ROLE", comments: "Roles", named: true },
  { tail: "USER", comments: "Users, without their passwords", named: true },
  { tail: "ROLE_GRANT", comments: "Who has which role", named: false },
  { tail: "DIRECTORY/DIRECTORY", comments: "Directory objects", named: true },
  { tail: "DIRECTORY/GRANT/OBJECT_GRANT", comments: "Who may read and write in directory objects", named: false },
  { tail: "DB_LINK", comments: "Database links", named: true },
];
const VIEWS_AS_TABLES_LEAVES: readonly Leaf[] = [
  { tail: "VIEWS_AS_TABLES/TABLE", comments: "Definitions of tables made of views", named: false },
  { tail: "VIEWS_AS_TABLES/TABLE_DATA", comments: "Rows of views", named: false },
];

/** What a path that stands for several kinds of objects is about, by its last part. */
const GROUPS: Readonly<Record<string, string>> = {
  SCHEMA: "Schemas with all that is in them",
  TABLE: "Tables with their rows, indexes, triggers and statistics",
  VIEW: "Views with their triggers",
  TRIGGER: "Triggers of tables and views",
  VIEWS_AS_TABLES: "Views taken as tables",
  TABLE_DATA: "Rows of tables, and of views taken as tables",
  DIRECTORY: "Directory objects with the grants on them",
};

const SCHEMA_PATH = "SCHEMA";

/** Whether names under the path are those of schemas. */
export function isSchemaPath(path: string): boolean {
  return path === SCHEMA_PATH || path === `DATABASE_EXPORT/${SCHEMA_PATH}`;
}

/** The object paths of the jobs of a mode by their names. */
export function objectPathsOf(mode: ExportMode): readonly ObjectPathEntry[] {
  const isTableMode = mode === "TABLE" || mode === "TABLESPACE";
  const leaves = [
    ...CATALOG_LEAVES.filter(({ tail }) => mode === "FULL" || (mode === "SCHEMA" && USER_TAILS.has(tail))),
    ...[...TABLE_LEAVES, ...(isTableMode ? VIEWS_AS_TABLES_LEAVES : VIEW_LEAVES)],
  ];
  const leavesOf = new Map<string, Leaf[]>();
  const add = (path: string, leaf: Leaf) => leavesOf.set(path, [...(leavesOf.get(path) ?? []), leaf]);
  for (const leaf of leaves) for (const path of partsOf(objectPath(mode, leaf.tail))) if (meansLeaf(path, leaf)) add(path, leaf);
  for (const leaf of leaves.filter(({ tail }) => tail === "TABLE/IDENTITY_COLUMN")) add("SEQUENCE", leaf);
  if (!isTableMode)
    leavesOf.set(
      SCHEMA_PATH,
      leaves.filter(({ tail }) => isUnderSchema(mode, tail)),
    );
  for (const path of ["TABLE_EXPORT", "SCHEMA_EXPORT", "DATABASE_EXPORT"]) leavesOf.delete(path);
  return [...leavesOf].map(([path, own]) => entry(path, own)).sort((a, b) => (a.path < b.path ? -1 : 1));
}

function isUnderSchema(mode: ExportMode, tail: ObjectPathTail): boolean {
  return mode !== "FULL" || objectPath(mode, tail).startsWith(`DATABASE_EXPORT/${SCHEMA_PATH}/`);
}

/** The object paths that an import may name, whatever the mode of the export was. */
export function objectPathsOfAnyMode(): readonly ObjectPathEntry[] {
  return (["FULL", "SCHEMA", "TABLE"] as const).flatMap((mode) => objectPathsOf(mode));
}

/** The object paths that a job's filters may name. */
export function pathEntriesFor(job: {
  readonly mode: ExportMode;
  readonly everythingByDefault: boolean;
}): readonly ObjectPathEntry[] {
  return job.everythingByDefault ? objectPathsOfAnyMode() : objectPathsOf(job.mode);
}

/** The kinds of objects whose own names a name filter on a path is about. */
export function namedTails(path: string, entries: readonly ObjectPathEntry[]): readonly ObjectPathTail[] {
  const found = entries.filter((candidate) => candidate.path === path).flatMap(({ tails }) => tails);
  return [...new Set(found.filter((tail) => endsWith(tail, path)))];
}

/** `SCHEMA_EXPORT/TABLE` names tables as `TABLE/TABLE` does, and `INDEX` indexes. */
function endsWith(tail: ObjectPathTail, path: string): boolean {
  const parts = tail.split("/");
  const repeats = parts.at(-1) === parts.at(-2);
  const spellings = [parts, ...(repeats ? [parts.slice(0, -1)] : [])].map((spelling) => spelling.join("/"));
  return spellings.some((spelling) => `/${spelling}`.endsWith(`/${path}`) || `/${path}`.endsWith(`/${spelling}`));
}

/** A TABLE is not made of a view, unless the path says so; rows are rows. */
function meansLeaf(path: string, { tail }: Leaf): boolean {
  return !tail.startsWith("VIEWS_AS_TABLES") || path.includes("VIEWS_AS_TABLES") || path === "TABLE_DATA";
}

/** Every run of parts of a full path. */
function partsOf(fullPath: string): ReadonlySet<string> {
  const parts = fullPath.split("/");
  return new Set(
    parts.flatMap((_, from) => parts.slice(from).map((__, length) => parts.slice(from, from + length + 1).join("/"))),
  );
}

function entry(path: string, leaves: readonly Leaf[]): ObjectPathEntry {
  const [first, ...others] = leaves;
  const last = path.split("/").at(-1) ?? "";
  const comments = others.length === 0 ? (first?.comments ?? "") : (GROUPS[last] ?? "");
  const named = isSchemaPath(path) || leaves.some((leaf) => leaf.named && endsWith(leaf.tail, path));
  return { path, comments, named, tails: leaves.map(({ tail }) => tail) };
}

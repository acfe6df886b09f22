import { foldName } from "../base/identifiers.ts";
import type { PieceLocation } from "../dump/piece.ts";
import { objectNumbers, provableObjects, rowsOfTables } from "../metadata/master-facts.ts";
import type { DumpObject, ObjectType } from "../metadata/dump-object.ts";
import type { MasterPiece } from "../metadata/master-table.ts";
import type { TableKind, TextEncoding } from "../sqlite/schema.ts";
import { proveSchema } from "../sqlite/scratch.ts";
import { groupPieces } from "./master.ts";
import type { OpenDump } from "./open-dump.ts";

/**
 * What a dump has of an object: all of it; its definition only; rows by other tables (virtual); fewer rows than the source had, by a filter or
 * by damage; or something that no import would take: a definition that is not what it says.
 */
export type ObjectState =
  "complete" | "metadata only" | "rows in shadow tables" | "rows left out" | "rows lost to damage" | "refused";

/** One object of a dump. */
export interface ListedObject {
  /** In the dump, from 1: what ABORT_STEP counts. */
  readonly number: number;
  readonly schema: string;
  readonly type: ObjectType;
  /** Of a table; null for everything else. */
  readonly kind: Exclude<TableKind, "view"> | null;
  readonly name: string;
  /** Of an index or a trigger: the table or view that it is on. */
  readonly tableName: string | null;
  /** Null where an object has no rows of its own. */
  readonly rows: number | null;
  readonly pieces: number;
  /** Of its pieces: decoded, and as they are in the files. */
  readonly rawBytes: number;
  readonly storedBytes: number;
  readonly state: ObjectState;
  /** Why it is refused. */
  readonly reason: string | null;
}

/** What a dump holds. */
export interface DumpListing {
  /** Facts of the export by name, such as OWNER, JOB_NAME, MODE, CONTENT and START_TIME. */
  readonly job: ReadonlyMap<string, string>;
  readonly files: readonly { readonly number: number; readonly path: string; readonly bytes: number }[];
  readonly schemas: readonly { readonly name: string; readonly encoding: TextEncoding; readonly pageSize: number }[];
  readonly objects: readonly ListedObject[];
}

/** Which objects are wanted; all that is left out means all. */
export interface ListFilter {
  readonly schemas?: readonly string[];
  /** With `*` for any characters and `?` for one, of names or of `SCHEMA.NAME`; without case. */
  readonly names?: readonly string[];
  readonly types?: readonly ObjectType[];
}

/** Reads nothing but what is known of an open dump. */
export function listDump({ set, master }: OpenDump, filter: ListFilter = {}): DumpListing {
  const wanted = master.objects.filter((object) => isWanted(object, filter));
  const listed = groupPieces(master);
  const reasons = refusals(provableObjects(master.objects, master.job), master.schemas);
  const facts: DumpFacts = {
    content: master.job.get("CONTENT") ?? "ALL",
    damaged: objectNumbers(master.job.get("DAMAGED")),
    filtered: objectNumbers(master.job.get("FILTERED")),
    withoutRows: objectNumbers(master.job.get("WITHOUT_ROWS")),
    counted: rowsOfTables(master.job),
  };
  return {
    job: master.job,
    files: set.files.map(({ number, path, size }) => ({ number, path, bytes: size })),
    schemas: master.schemas.map(({ name, settings }) => ({ name, encoding: settings.encoding, pageSize: settings.pageSize })),
    objects: wanted.map((object) => {
      const pieces = { listed: listed.get(object.id) ?? [], stored: set.pieces.get(object.id) ?? [] };
      return listObject(object, pieces, reasons.get(object) ?? null, facts);
    }),
  };
}

interface DumpFacts {
  readonly content: string;
  readonly damaged: ReadonlySet<number>;
  /** Tables of which a filter has left rows out. */
  readonly filtered: ReadonlySet<number>;
  /** Tables whose rows the export has left out. */
  readonly withoutRows: ReadonlySet<number>;
  /** Rows of tables that come in the pages of their schemas. */
  readonly counted: ReadonlyMap<number, number>;
}

interface ObjectPieces {
  readonly listed: readonly MasterPiece[];
  readonly stored: readonly PieceLocation[];
}

function listObject(object: DumpObject, pieces: ObjectPieces, reason: string | null, facts: DumpFacts): ListedObject {
  const { schema, objectType, kind, name, tableName, shape } = object;
  const sum = (field: (piece: PieceLocation) => number) => pieces.stored.reduce((total, piece) => total + field(piece), 0);
  const hasRows = shape !== null && !isWithoutRows(object, facts);
  return {
    number: object.id,
    schema,
    type: objectType,
    kind: kind === "view" ? null : kind,
    name,
    tableName: objectType === "INDEX" || objectType === "TRIGGER" ? tableName : null,
    rows: hasRows ? (facts.counted.get(object.id) ?? pieces.listed.reduce((total, piece) => total + piece.rows, 0)) : null,
    pieces: pieces.listed.length,
    rawBytes: sum(({ rawLength }) => rawLength),
    storedBytes: sum(({ storedLength }) => storedLength),
    state: stateOf(object, reason, facts),
    reason,
  };
}

function stateOf(object: DumpObject, reason: string | null, facts: DumpFacts): ObjectState {
  if (reason !== null) return "refused";
  if (object.objectType === "TABLE" && isWithoutRows(object, facts)) return "metadata only";
  if (object.kind === "virtual") return "rows in shadow tables";
  if (facts.damaged.has(object.id)) return "rows lost to damage";
  return facts.filtered.has(object.id) ? "rows left out" : "complete";
}

function isWithoutRows({ id }: DumpObject, { content, withoutRows }: DumpFacts): boolean {
  return content === "METADATA_ONLY" || withoutRows.has(id);
}

function refusals(objects: readonly DumpObject[], schemas: OpenDump["master"]["schemas"]): ReadonlyMap<unknown, string> {
  const reasons = new Map<unknown, string>();
  for (const { name, settings } of schemas) {
    const own = objects.filter(({ schema }) => schema === name);
    const proven = proveSchema(own, settings.encoding);
    proven.close();
    for (const { object, reason } of proven.rejected) reasons.set(object, reason);
  }
  return reasons;
}

function isWanted(object: DumpObject, { schemas, names, types }: ListFilter): boolean {
  return (
    (schemas === undefined || schemas.some((schema) => foldName(schema) === foldName(object.schema))) &&
    (types === undefined || types.includes(object.objectType)) &&
    (names === undefined || names.some((name) => [object.name, `${object.schema}.${object.name}`].some(glob(name))))
  );
}

function glob(pattern: string): (name: string) => boolean {
  const parts = foldName(pattern).replace(/[.+^${}()|[\]\\]/g, "\\$&");
  const expression = new RegExp(`^${parts.replaceAll("*", "[^]*").replaceAll("?", "[^]")}$`, "u");
  return (name) => expression.test(foldName(name));
}

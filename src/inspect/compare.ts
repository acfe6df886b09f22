import { toPumpError } from "../base/errors.ts";
import { foldName, qualifiedName } from "../base/identifiers.ts";
import { OpenFiles } from "../dump/open-files.ts";
import { loadCodec } from "../dump/piece.ts";
import type { DumpFileSet } from "../dump/reader.ts";
import { isSystemTable, type DumpObject, type DumpSchema } from "../metadata/dump-object.ts";
import { isPartialDump, objectNumbers } from "../metadata/master-facts.ts";
import type { MasterTable } from "../metadata/master-table.ts";
import { readSchema, type SchemaContents } from "../metadata/read-schema.ts";
import { systemTableFilter } from "../metadata/select.ts";
import { NO_DIFFERENCES, type RowDifferences } from "../sqlite/compare-rows.ts";
import type { Connection } from "../sqlite/database.ts";
import { isSplit, MAX_COLUMNS } from "../sqlite/piece-table.ts";
import type { TableShape, TextEncoding } from "../sqlite/schema.ts";
import { decodeSql } from "../sqlite/scratch.ts";
import { beginSnapshot, openSource } from "../sqlite/source.ts";
import type { Storage } from "../storage/storage.ts";
import { TableComparer } from "./compare-table.ts";
import { groupPieces, piecesInOrder } from "./master.ts";
import type { OnProgress, Verification } from "./verify.ts";

export type { RowDifferences } from "../sqlite/compare-rows.ts";

/** An object of the dump, or of the live schema, that is not the same in the other one. */
export interface ObjectDifference {
  /** TABLE, INDEX, VIEW or TRIGGER. */
  readonly type: string;
  /** Of the dump. */
  readonly schema: string;
  readonly name: string;
  readonly is: "onlyInDump" | "onlyLive" | "different" | "notCompared";
  /** Whether the definitions differ; false for those of one side only. */
  readonly definition: boolean;
  /** Columns of a table that the other side has not. */
  readonly columns: { readonly onlyInDump: readonly string[]; readonly onlyLive: readonly string[] };
  /** Of a table whose rows were compared. */
  readonly rows: RowDifferences | null;
  /** Why rows were not compared. */
  readonly reason: string | null;
}

/** A property of the schema file that differs. */
export interface SettingDifference {
  readonly name: "encoding" | "user_version" | "application_id" | "page_size" | "auto_vacuum";
  readonly dump: string | number;
  readonly live: string | number;
}

/** A schema of the dump against a live one. */
export interface SchemaComparison {
  readonly schema: string;
  readonly live: string;
  /** Whether there is such a live schema. */
  readonly exists: boolean;
  /** What the dump holds: of DATA_ONLY only tables and their rows were compared, of METADATA_ONLY only definitions. */
  readonly content: "ALL" | "DATA_ONLY" | "METADATA_ONLY";
  /** Tables of the dump that are the same. */
  readonly same: number;
  readonly differences: readonly ObjectDifference[];
  readonly settings: readonly SettingDifference[];
}

/** Whether a schema holds the same; how its file is laid out is not part of that. */
export function isSameContent({ exists, differences, settings }: SchemaComparison): boolean {
  return exists && differences.length === 0 && settings.every(({ name }) => name === "page_size" || name === "auto_vacuum");
}

/** A schema of the dump and the file that it is compared with; null: there is none. */
export interface SchemaPair {
  readonly schema: string;
  readonly live: string;
  readonly path: string | null;
}

const NO_COLUMNS: ObjectDifference["columns"] = { onlyInDump: [], onlyLive: [] };

/**
 * Compares schemas of a verified set with live ones, by content. Each live schema is read in one read transaction; all of them begin before
 * the first row is read.
 * @throws ORA-39002 for a live schema that can't be opened
 */
export async function compareSet(
  set: DumpFileSet,
  storage: Storage,
  verified: Verification,
  pairs: readonly SchemaPair[],
  onProgress: OnProgress = () => undefined,
): Promise<readonly SchemaComparison[]> {
  const { master } = verified;
  if (master === null) return [];
  await loadCodec();
  const files = new OpenFiles(storage);
  const open = new Map<SchemaPair, Connection>();
  try {
    for (const pair of pairs) if (pair.path !== null) open.set(pair, openSource(pair.live, pair.path));
    for (const connection of open.values()) beginSnapshot(connection);
    const meter = progressMeter(verified, pairs, onProgress);
    const found: SchemaComparison[] = [];
    for (const pair of pairs) {
      const connection = open.get(pair);
      if (connection === undefined) found.push(absent(pair, master));
      else found.push(await new SchemaComparer({ set, master, verified, pair, connection }, meter).run(files));
    }
    return found;
  } finally {
    for (const connection of open.values()) connection.close();
    await files.close();
  }
}

interface ComparisonContext {
  readonly set: DumpFileSet;
  readonly master: MasterTable;
  readonly verified: Verification;
  readonly pair: SchemaPair;
  /** In the snapshot. */
  readonly connection: Connection;
}

class SchemaComparer {
  readonly #context: ComparisonContext;
  readonly #done: (bytes: number) => void;
  readonly #objects: readonly DumpObject[];
  readonly #live: SchemaContents;
  readonly #pieces: ReturnType<typeof groupPieces>;

  constructor(context: ComparisonContext, done: (bytes: number) => void) {
    this.#context = context;
    this.#done = done;
    this.#objects = context.master.objects.filter(({ schema }) => schema === context.pair.schema);
    this.#live = readSchema(context.connection, context.pair.live);
    this.#pieces = groupPieces(context.master);
  }

  async run(files: OpenFiles): Promise<SchemaComparison> {
    const { schema, live } = this.#context.pair;
    const comparer = new TableComparer(this.#context.connection, files.open);
    const differences: ObjectDifference[] = [];
    try {
      for (const object of this.#objects) differences.push(...(await this.#compare(object, comparer)));
    } finally {
      comparer.close();
    }
    differences.push(...this.#onlyLive());
    const tables = this.#objects.filter(({ objectType }) => objectType === "TABLE");
    const different = differences.filter(({ type, is }) => type === "TABLE" && is !== "onlyLive").length;
    const settings = this.#source === undefined ? [] : settingDifferences(this.#source, this.#live.schema);
    return {
      schema,
      live,
      exists: true,
      content: contentOf(this.#context.master),
      same: tables.length - different,
      differences,
      settings,
    };
  }

  async #compare(object: DumpObject, comparer: TableComparer): Promise<readonly ObjectDifference[]> {
    const live = this.#live.objects.find((other) => keyOf(other) === keyOf(object));
    if (live === undefined) return [difference(object, "onlyInDump", { rows: this.#rowsOf(object) })];
    const definition = !this.#isSameText(object.sql, live.sql);
    const columns = columnDifferences(object.shape, live.shape);
    const { rows, reason } = await this.#compareRows(object, live, comparer);
    const isSame = !definition && (rows === null || isEmpty(rows));
    if (isSame && reason === null) return [];
    return [
      difference(object, reason !== null && !definition ? "notCompared" : "different", { definition, columns, rows, reason }),
    ];
  }

  async #compareRows(
    object: DumpObject,
    live: Omit<DumpObject, "id">,
    comparer: TableComparer,
  ): Promise<Pick<ObjectDifference, "rows" | "reason">> {
    const table = this.#context.verified.tables.find(({ schema, name }) => schema === object.schema && name === object.name);
    const { job } = this.#context.master;
    const isWithoutRows = job.get("CONTENT") === "METADATA_ONLY" || objectNumbers(job.get("WITHOUT_ROWS")).has(object.id);
    if (object.shape === null || isWithoutRows) return { rows: null, reason: null };
    const reason = this.#obstacle(object, object.shape, live.shape, table?.isWhole === true);
    if (reason !== null || live.shape === null) return { rows: null, reason };
    try {
      const rows = await comparer.compare({
        object,
        shape: object.shape,
        live: live.shape,
        pieces: this.#piecesOf(object),
        filter: systemTableFilter(object, this.#objects, this.#isPartial),
        encoding: this.#live.schema.settings.encoding,
      });
      this.#done(table?.bytes ?? 0);
      return { rows, reason: null };
    } catch (error) {
      return { rows: null, reason: toPumpError(error).lines.at(-1)?.text ?? "they can't be read" };
    }
  }

  /** Why the rows of a table can't be compared; null: they can. */
  #obstacle(object: DumpObject, shape: TableShape, live: TableShape | null, isWhole: boolean): string | null {
    const { encoding } = this.#live.schema.settings;
    if (!isWhole) return "the dump is damaged there";
    if (objectNumbers(this.#context.master.job.get("FILTERED")).has(object.id))
      return "the export has taken only some of its rows";
    if (this.#dumpEncoding !== encoding)
      return `the text encodings differ: ${this.#dumpEncoding} in the dump, ${encoding} in the live schema`;
    if (isSplit(shape) && shape.columns.length === MAX_COLUMNS) return "it has too many columns to put its two images together";
    return live !== null && isReadableAs(shape, live) ? null : "the live table has no such rows";
  }

  #isSameText(dump: Uint8Array | null, live: Uint8Array | null): boolean {
    if (dump === null || live === null) return dump === live;
    const [from, to] = [this.#dumpEncoding, this.#live.schema.settings.encoding];
    return from === to ? Buffer.compare(dump, live) === 0 : decodeSql(dump, from) === decodeSql(live, to);
  }

  get #dumpEncoding(): TextEncoding {
    return this.#source?.settings.encoding ?? "UTF-8";
  }

  get #source(): DumpSchema | undefined {
    return this.#context.master.schemas.find(({ name }) => name === this.#context.pair.schema);
  }

  #piecesOf(object: DumpObject): ReturnType<typeof piecesInOrder> {
    const name = qualifiedName(object.schema, object.name);
    return piecesInOrder(name, this.#pieces.get(object.id) ?? [], this.#context.set.pieces.get(object.id) ?? []);
  }

  #rowsOf(object: DumpObject): RowDifferences | null {
    if (object.shape === null) return null;
    const onlyInDump = (this.#pieces.get(object.id) ?? []).reduce((sum, { rows }) => sum + rows, 0);
    return { ...NO_DIFFERENCES, onlyInDump };
  }

  /** An export of some objects says nothing of the others. */
  #onlyLive(): readonly ObjectDifference[] {
    if (this.#isPartial) return [];
    const isData = this.#context.master.job.get("CONTENT") === "DATA_ONLY";
    const known = new Set(this.#objects.map(keyOf));
    return this.#live.objects
      .filter((object) => !known.has(keyOf(object)) && !(isData && (object.shape === null || isSystemTable(object))))
      .map((object) => difference({ ...object, schema: this.#context.pair.schema }, "onlyLive"));
  }

  get #isPartial(): boolean {
    return isPartialDump(this.#context.master.job);
  }
}

function contentOf({ job }: MasterTable): SchemaComparison["content"] {
  const content = job.get("CONTENT");
  return content === "DATA_ONLY" || content === "METADATA_ONLY" ? content : "ALL";
}

function absent({ schema, live }: SchemaPair, master: MasterTable): SchemaComparison {
  const own = master.objects.filter((object) => object.schema === schema);
  const differences = own.map((object) => difference(object, "onlyInDump"));
  return { schema, live, exists: false, content: contentOf(master), same: 0, differences, settings: [] };
}

function difference(
  { objectType, schema, name }: Omit<DumpObject, "id">,
  is: ObjectDifference["is"],
  more: Partial<ObjectDifference> = {},
): ObjectDifference {
  return { type: objectType, schema, name, is, definition: false, columns: NO_COLUMNS, rows: null, reason: null, ...more };
}

/** Tables, views and indexes share their names, as SQLite folds them; triggers have names of their own. */
function keyOf({ type, name }: Pick<DumpObject, "type" | "name">): string {
  return `${type === "trigger" ? "trigger" : "object"} ${foldName(name)}`;
}

function isEmpty({ onlyInDump, onlyLive, different }: RowDifferences): boolean {
  return onlyInDump + onlyLive + different === 0;
}

function columnDifferences(dump: TableShape | null, live: TableShape | null): ObjectDifference["columns"] {
  const [a, b] = [dump?.storedColumns ?? [], live?.storedColumns ?? []];
  return { onlyInDump: a.filter((name) => !b.includes(name)), onlyLive: b.filter((name) => !a.includes(name)) };
}

/** Whether the live table has all that the pieces carry; it may have more columns. */
function isReadableAs(shape: TableShape, live: TableShape): boolean {
  const sameKey = shape.withoutRowid === live.withoutRowid && (shape.rowid === null) === (live.rowid === null);
  return (
    sameKey && shape.integerPrimaryKey === live.integerPrimaryKey && shape.columns.every((name) => live.columns.includes(name))
  );
}

function settingDifferences({ settings: dump }: DumpSchema, { settings: live }: DumpSchema): readonly SettingDifference[] {
  const all: readonly SettingDifference[] = [
    { name: "encoding", dump: dump.encoding, live: live.encoding },
    { name: "user_version", dump: dump.userVersion, live: live.userVersion },
    { name: "application_id", dump: dump.applicationId, live: live.applicationId },
    { name: "page_size", dump: dump.pageSize, live: live.pageSize },
    { name: "auto_vacuum", dump: dump.autoVacuum, live: live.autoVacuum },
  ];
  return all.filter((setting) => setting.dump !== setting.live);
}

function progressMeter({ tables }: Verification, pairs: readonly SchemaPair[], onProgress: OnProgress): (bytes: number) => void {
  const own = tables.filter(({ schema }) => pairs.some((pair) => pair.schema === schema && pair.path !== null));
  const total = own.reduce((sum, { bytes }) => sum + bytes, 0);
  let done = 0;
  return (bytes) => {
    done += bytes;
    onProgress(done, total);
  };
}

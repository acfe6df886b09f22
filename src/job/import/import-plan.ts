import { pumpError, type ErrorLine, type PumpError, type StackEntry } from "../../base/errors.ts";
import { foldName, qualifiedName } from "../../base/identifiers.ts";
import { piecesInOrder, type PieceOfRows } from "../../inspect/master.ts";
import { isStatistics, isSystemTable, type DumpObject } from "../../metadata/dump-object.ts";
import { pathTail, viewKeys, type ObjectPathTail } from "../../metadata/object-paths.ts";
import { BadImage } from "../../sqlite/piece-image.ts";
import type { PublishPlan, PublishTable } from "../../sqlite/publish-plan.ts";
import { splitAs } from "../../sqlite/piece-table.ts";
import type { PieceFilter } from "../../sqlite/filtered-piece.ts";
import type { ColumnRemap } from "../../worker/messages.ts";
import { sameColumns, sameShape, type TableShape } from "../../sqlite/schema.ts";
import { proveSchema, type ProvenSchema } from "../../sqlite/scratch.ts";
import { hasKnownCollations, progressName, reasonsName, stagingName, type StagingTable } from "../../sqlite/staging.ts";
import { nameKey, type ExistingObject } from "../../sqlite/target.ts";
import { pieceFilterOf } from "./import-filter.ts";
import { fateOf, type Fate } from "./existing-table.ts";
import type { SchemaImportRequest } from "./import-request.ts";
import { hasSamples } from "../secret-columns.ts";

/** A table and the pieces of its rows, in their order. */
export interface TableLoad {
  readonly object: DumpObject;
  readonly table: PublishTable;
  readonly pieces: readonly PieceOfRows[];
  readonly bytes: number;
  readonly remaps: readonly ColumnRemap[];
  /** Which of the rows are taken; null: all. */
  readonly filter: PieceFilter | null;
  /** Whether the table is made and its rows stay behind. */
  readonly withoutRows: boolean;
}

/** Why an index, a trigger or a view is left out. */
export interface DependentProblem {
  /** Where the object belongs. */
  readonly path: ObjectPathTail;
  readonly lines: readonly ErrorLine[];
}

export interface SchemaImport {
  readonly plan: PublishPlan;
  readonly loads: readonly TableLoad[];
  /** Errors that leave tables out, and messages on those that exist. */
  readonly problems: readonly (readonly ErrorLine[])[];
  readonly dependentProblems: readonly DependentProblem[];
  readonly notes: readonly ErrorLine[];
  /** Those that may name what was left out. */
  readonly dependents: { readonly views: readonly string[]; readonly triggers: readonly string[] };
}

/** Decides what becomes of every object of a schema. @throws ORA-31619-like errors when the dump contradicts itself */
export function planSchemaImport(request: SchemaImportRequest): SchemaImport {
  const proven = prove(request);
  const written = proveSchema([...request.written.values()], request.source.settings.encoding);
  try {
    return new SchemaPlanner(request, proven, written).plan();
  } finally {
    written.close();
    proven.close();
  }
}

function prove({ objects, source, definitionsOf }: SchemaImportRequest): ProvenSchema {
  const brought = new Set(objects.filter(({ type }) => type === "table" || type === "view").map(({ name }) => foldName(name)));
  const elsewhere = objects.map(({ tableName }) => foldName(tableName)).filter((name) => !brought.has(name));
  try {
    return proveSchema([...definitionsOf([...new Set(elsewhere)]), ...objects], source.settings.encoding);
  } catch (error) {
    if (!(error instanceof BadImage)) throw error;
    throw invalidDump(`schema ${source.name}: ${error.message}`, error);
  }
}

class SchemaPlanner {
  readonly #request: SchemaImportRequest;
  readonly #proven: ProvenSchema;
  /** Of the tables that TRANSFORM has changed. */
  readonly #written: ProvenSchema;
  /** By `nameKey`. */
  readonly #existing: ReadonlyMap<string, ExistingObject>;
  /** Names of the views of the dump, by their lower case. */
  readonly #views: ReadonlySet<string>;
  readonly #problems: (readonly ErrorLine[])[] = [];
  readonly #dependentProblems: DependentProblem[] = [];
  readonly #notes: ErrorLine[] = [];
  readonly #loads: TableLoad[] = [];
  /** Names of tables that are replaced, by their lower case. */
  readonly #drops = new Map<string, string>();
  /** Tables (and the virtual tables of shadow tables) whose dependents are left out: lower case. */
  readonly #without = new Set<string>();

  constructor(request: SchemaImportRequest, proven: ProvenSchema, written: ProvenSchema) {
    this.#request = request;
    this.#proven = proven;
    this.#written = written;
    this.#views = new Set(request.objects.filter(({ type }) => type === "view").map(({ name }) => foldName(name)));
    this.#existing = new Map((request.existing ?? []).map((object) => [nameKey(object), object]));
  }

  plan(): SchemaImport {
    this.#reportRejected();
    const rejected = new Set(this.#proven.rejected.map(({ object }) => object));
    const objects = this.#request.objects.filter((object) => !rejected.has(object));
    const tables = objects.filter(({ objectType }) => objectType === "TABLE");
    const ordered = [...tables.filter((table) => this.#isVirtual(table)), ...tables.filter((table) => !this.#isVirtual(table))];
    const virtual = ordered.filter((table) => this.#takeTable(table) && this.#isVirtual(table));
    const dependents = this.#request.content === "DATA_ONLY" ? [] : objects.filter((object) => this.#takeDependent(object));
    const suspects = this.#request.partial ? dependents : [];
    const namesOf = (kind: string) => suspects.filter(({ type }) => type === kind).map(({ name }) => name);
    return {
      plan: {
        encoding: this.#request.source.settings.encoding,
        progress: progressName(this.#request.guid),
        drops: [...this.#drops.values()],
        renames: this.#request.renames,
        tables: this.#loads.map(({ table }) => table),
        creations: virtual.filter((table) => this.#isEmpty(table)),
        definitions: [
          ...virtual.filter((table) => !this.#isEmpty(table)),
          ...dependents.filter(({ objectType }) => objectType !== "INDEX"),
        ],
        indexes: dependents.filter(({ objectType }) => objectType === "INDEX"),
        rejected: this.#request.keepsRejected ? reasonsName(this.#request.guid) : null,
        validates: this.#request.validates,
      },
      loads: this.#loads,
      problems: [...this.#problemsOfBrought(), ...this.#problems],
      dependentProblems: this.#dependentProblems,
      notes: this.#notes,
      dependents: { views: namesOf("view"), triggers: namesOf("trigger") },
    };
  }

  /** Of what is wrong with the objects as they are, less what belongs to tables that stay: that is left out anyway. */
  #problemsOfBrought(): readonly (readonly ErrorLine[])[] {
    const stays = (name: string) => this.#existing.has(nameKey({ type: "table", name })) && !this.#drops.has(foldName(name));
    return this.#request.problems.filter(({ tableName }) => !stays(tableName)).map(({ lines }) => lines);
  }

  /** Whether no rows come with the table. */
  #isEmpty({ id }: DumpObject): boolean {
    return this.#request.content === "METADATA_ONLY" || this.#request.withoutRows.has(id);
  }

  #reportRejected(): void {
    const reasons = new Map(this.#proven.rejected.map(({ object, reason }) => [object, reason]));
    for (const object of this.#request.objects) {
      const reason = reasons.get(object);
      if (reason === undefined) continue;
      const type = object.type.toUpperCase();
      this.#report(object, [["ORA-39083", `${type}:${this.#shown(object.name)}`], { code: "TSDP-00010", text: reason }]);
      if (object.type === "table") this.#without.add(foldName(object.name));
    }
  }

  #report(object: DumpObject, entries: readonly StackEntry[]): void {
    const { lines } = pumpError(entries);
    if (object.objectType === "TABLE") this.#problems.push(lines);
    else this.#dependentProblems.push({ path: pathTail(object, viewKeys(this.#request.objects)), lines });
  }

  /** Whether the table's definition and rows come to the target; lays out its load. */
  #takeTable(object: DumpObject): boolean {
    if (object.owner !== null && this.#without.has(foldName(object.owner))) return false;
    // A shadow table without its rows is damage: the module makes it.
    if (object.owner !== null && this.#isEmpty(object)) return false;
    if (isSystemTable(object)) return this.#takeSystemTable(object);
    const existing = this.#existing.get(nameKey(object));
    if (existing === undefined || this.#goesWithOwner(existing))
      return this.#takeNewTable(object) && this.#hasShadowsFree(object);
    this.#without.add(foldName(object.name));
    return this.#takeExistingTable(object, existing) && this.#hasShadowsFree(object);
  }

  /** Whether it is a shadow table of a virtual table that is replaced. */
  #goesWithOwner({ owner }: ExistingObject): boolean {
    return owner !== undefined && this.#drops.has(foldName(owner));
  }

  /** A virtual table and its shadow tables come together or not at all: its module would take any table of such a name for its own. */
  #hasShadowsFree(object: DumpObject): boolean {
    if (!this.#isVirtual(object)) return true;
    const base = this.#request.objects
      .filter(({ owner }) => owner === object.name)
      .flatMap((shadow) => this.#shadowInPlace(shadow) ?? [])[0];
    if (base === undefined) return true;
    this.#drops.delete(foldName(object.name));
    this.#without.add(foldName(object.name));
    const inserts = [object, base].map(({ type, name }) => `${type.toUpperCase()}:${this.#shown(name)}`);
    this.#report(object, [["ORA-39111", ...inserts]]);
    return false;
  }

  /** What stays in the target under the name of a shadow table of the dump. */
  #shadowInPlace(shadow: DumpObject): ExistingObject | undefined {
    const existing = this.#existing.get(nameKey(shadow));
    if (existing === undefined || this.#goesWithOwner(existing)) return undefined;
    const { fate } = this.#fateOf(shadow, existing);
    return fate === "replace" && !this.#isEmpty(shadow) ? undefined : existing;
  }

  #takeNewTable(object: DumpObject): boolean {
    if (this.#request.content === "DATA_ONLY") {
      this.#without.add(foldName(object.name));
      this.#problems.push(pumpError([["ORA-31693", this.#shown(object.name)], ["ORA-00942"]]).lines);
      return false;
    }
    if (this.#isVirtual(object)) return true;
    this.#problems.push(...(this.#request.untransformed.get(object.id) ?? []));
    return this.#addLoad(object, "create", false);
  }

  #fateOf(object: DumpObject, existing: ExistingObject): Fate {
    const met = {
      schema: this.#request.target,
      name: object.name,
      existing,
      isVirtual: this.#isVirtual(object),
      isShadow: object.owner !== null,
      isEmpty: this.#isEmpty(object),
    };
    return fateOf(met, this.#request.action, this.#request.content);
  }

  #takeExistingTable(object: DumpObject, existing: ExistingObject): boolean {
    const { fate, problem, note = [] } = this.#fateOf(object, existing);
    if (problem !== undefined) this.#problems.push(problem);
    this.#notes.push(...note);
    if (fate === "stay") return false;
    if (fate !== "replace") return this.#addLoad(object, "append", fate === "truncate");
    this.#without.delete(foldName(object.name));
    if (!this.#takeNewTable(object)) return false;
    this.#drops.set(foldName(existing.name), existing.name);
    return true;
  }

  /** sqlite_sequence and statistics: as they were in a schema that the job makes whole, else only rows about its tables. */
  #takeSystemTable(object: DumpObject): boolean {
    if (this.#request.content === "DATA_ONLY" || this.#holdsReplaced(object)) return false;
    const whole = this.#request.existing === null && !this.#request.partial;
    if (!whole && this.#request.content === "METADATA_ONLY") return false;
    return this.#addLoad(object, whole ? "create" : "merge", false);
  }

  /** Samples hold values of indexed columns as they were before they were replaced. */
  #holdsReplaced(object: DumpObject): boolean {
    return isStatistics(object) && hasSamples(object) && this.#request.objects.some(({ id }) => this.#request.remapped.has(id));
  }

  #addLoad(object: DumpObject, action: PublishTable["action"], truncate: boolean): boolean {
    const made = this.#proven.shape(object.name);
    const origin = this.#originOf(object);
    const shape = origin.shape(object.name);
    if (object.shape === null || !sameColumns(object.shape, shape)) {
      this.#without.add(foldName(object.name));
      const reason = "its rows do not fit its definition";
      this.#problems.push(
        pumpError([
          ["ORA-39083", `TABLE:${this.#shown(object.name)}`],
          ["TSDP-00010", reason],
        ]).lines,
      );
      return false;
    }
    const remaps = this.#request.remapped.get(object.id) ?? [];
    const raw = action === "create" && !this.#isTyped(object) && sameShape(object.shape, made) && hasKnownCollations(made);
    const staged: StagingTable = {
      staging: stagingName(this.#request.guid, object.id),
      shape: splitAs(object.shape, shape),
      raw,
      ...(remaps.some(({ isRowid }) => isRowid) ? { plainKey: true } : {}),
      ...(remaps.length === 0 ? {} : { recomputed: this.#proven.generatedColumns(object.name) }),
    };
    const transformed = action === "create" && this.#request.written.has(object.id) ? this.#transformed(object, made) : {};
    const withoutRows = this.#isEmpty(object);
    const pieces = withoutRows ? [] : this.#piecesOf(object);
    const bytes = pieces.reduce((sum, { bytes }) => sum + bytes, 0);
    this.#loads.push({
      object,
      table: { ...staged, ...transformed, owner: object.owner, definition: object, action, truncate },
      pieces,
      bytes,
      remaps,
      filter: pieceFilterOf(object, this.#request, origin),
      withoutRows,
    });
    return true;
  }

  /** Where the definition is proven that the rows had when they were written. */
  #originOf({ id }: DumpObject): ProvenSchema {
    return this.#request.written.has(id) ? this.#written : this.#proven;
  }

  /**
   * Values that are replaced may violate keys and CHECKs, and columns are computed from them: the typed way tells, and does.
   * What SQLite or a module makes keeps its pages.
   */
  #isTyped(object: DumpObject): boolean {
    if ((this.#request.remapped.get(object.id) ?? []).length > 0 || this.#becomesStrict(object)) return true;
    return this.#request.accessMethod === "CONVENTIONAL_PATH" && object.owner === null && !isSystemTable(object);
  }

  #becomesStrict({ id, name }: DumpObject): boolean {
    if (!this.#request.written.has(id) || this.#written.tables.get(name)?.strict === true) return false;
    return this.#proven.tables.get(name)?.strict === true;
  }

  /** How the rows of a table that TRANSFORM has changed get into it. */
  #transformed(object: DumpObject, made: TableShape): Pick<PublishTable, "losesRowid" | "strictTypes"> {
    const { columns } = this.#proven.definition(object.name);
    const isStrict = ({ name }: { readonly name: string }) => this.#becomesStrict(object) || name === made.integerPrimaryKey;
    const types = columns.filter(isStrict).map(({ name, type }) => [name, type.toUpperCase()] as const);
    return { losesRowid: made.withoutRowid, strictTypes: types };
  }

  #piecesOf(object: DumpObject): TableLoad["pieces"] {
    const { pieceOrder, pieces } = this.#request;
    return piecesInOrder(this.#shown(object.name), pieceOrder.get(object.id) ?? [], pieces.get(object.id) ?? []);
  }

  #takeDependent(object: DumpObject): boolean {
    if (object.objectType === "TABLE") return false;
    if (this.#without.has(foldName(object.tableName)) && object.objectType !== "VIEW") return this.#reportDependent(object);
    const base = this.#baseInPlace(object);
    if (base !== undefined) {
      const inserts = [object, base].map(({ type, name }) => `${type.toUpperCase()}:${this.#shown(name)}`);
      this.#report(object, [["ORA-39111", ...inserts]]);
      return false;
    }
    const existing = this.#existing.get(nameKey(object));
    if (existing === undefined || this.#drops.has(foldName(existing.tableName))) return true;
    this.#report(object, [["ORA-31684", `${object.objectType}:${this.#shown(object.name)}`]]);
    return false;
  }

  /** What the target has in place of the view that a trigger comes with. */
  #baseInPlace({ type, tableName }: DumpObject): ExistingObject | undefined {
    const comes = type === "trigger" && this.#views.has(foldName(tableName));
    return comes ? this.#existing.get(nameKey({ type: "view", name: tableName })) : undefined;
  }

  /** Dependents of a table that was skipped go with it; those of one that failed are named. */
  #reportDependent(object: DumpObject): false {
    const failed = this.#proven.rejected.some(({ object: { name } }) => foldName(name) === foldName(object.tableName));
    const inserts = [`${object.objectType}:${this.#shown(object.name)}`, `TABLE:${this.#shown(object.tableName)}`] as const;
    if (failed) this.#report(object, [["ORA-39112", ...inserts]]);
    return false;
  }

  #isVirtual(object: DumpObject): boolean {
    return this.#proven.tables.get(object.name)?.kind === "virtual";
  }

  #shown(name: string): string {
    return qualifiedName(this.#request.target, name);
  }
}

function invalidDump(reason: string, cause?: unknown): PumpError {
  return pumpError([["ORA-39001"], ["ORA-39000"], ["TSDP-00010", reason]], undefined, cause);
}

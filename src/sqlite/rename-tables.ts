import { foldName, quoteIdentifier } from "../base/identifiers.ts";
import type { TableRename } from "./rename-rows.ts";
import { RenameFailure, RenameScratch } from "./rename-scratch.ts";
import type { SchemaObject, TextEncoding } from "./schema.ts";
import { decodeSql, proveSchema, type ProvenSchema } from "./scratch.ts";
import { shadowOwner } from "./schema.ts";
import { namesOfSql } from "./statement-end.ts";

/** An object of a schema: one that keeps its place in the list of the request. */
export interface RenameObject extends SchemaObject {
  /** Whether it is wanted afterwards; the others only tell what names mean. */
  readonly isTaken: boolean;
}

export interface RenameRequest {
  readonly encoding: TextEncoding;
  readonly objects: readonly RenameObject[];
  readonly renames: readonly TableRename[];
}

/** Objects by their place in the list of the request. */
export interface RenameResult {
  readonly changed: ReadonlyMap<number, Pick<SchemaObject, "name" | "tableName" | "sql">>;
  /** Indexes, views and triggers that name a renamed table and that SQLite can't rewrite, and why. */
  readonly refused: ReadonlyMap<number, string>;
  /** Virtual tables whose arguments name a renamed table: a module's arguments are not rewritten. */
  readonly stale: readonly number[];
}

/**
 * Gives tables other names, as ALTER TABLE does: keys, indexes, views, triggers and foreign keys follow. SQLite rewrites the definitions in
 * a scratch database that has no rows. May take forever over definitions that are made for it.
 * @throws RenameFailure
 */
export function renameTables(request: RenameRequest): RenameResult {
  const proven = proveSchema(request.objects, request.encoding);
  try {
    return new Renaming(request, proven).run();
  } finally {
    proven.close();
  }
}

class Renaming {
  readonly #request: RenameRequest;
  readonly #proven: ProvenSchema;
  readonly #objects: readonly RenameObject[];
  /** Folded names before and after. */
  readonly #olds: ReadonlySet<string>;
  readonly #news: ReadonlySet<string>;
  readonly #scratch: RenameScratch;

  constructor(request: RenameRequest, proven: ProvenSchema) {
    this.#request = request;
    this.#proven = proven;
    const rejected = new Set<SchemaObject>(proven.rejected.map(({ object }) => object));
    this.#objects = request.objects.filter((object) => !rejected.has(object) && !/^sqlite_/i.test(object.name));
    this.#olds = new Set(request.renames.map(({ from }) => foldName(from)));
    this.#news = new Set(request.renames.map(({ to }) => foldName(to)));
    this.#scratch = new RenameScratch(request.encoding, proven, new Set([...this.#olds, ...this.#news]));
  }

  run(): RenameResult {
    try {
      this.#assertRenamable();
      this.#scratch.fill(this.#relevant());
      this.#makeRoom();
      this.#rename();
      return this.#result();
    } finally {
      this.#scratch.close();
    }
  }

  #assertRenamable(): void {
    for (const { from, to } of this.#request.renames) {
      const object = this.#objects.find(({ type, name }) => type === "table" && name === from);
      if (object === undefined) throw new RenameFailure(`table ${from} can't be renamed: SQLite refuses its definition`);
      const owner = this.#ownerOf(from);
      if (owner !== undefined) throw new RenameFailure(`table ${from} is a part of the virtual table ${owner}: rename that`);
      const other = this.#objects.find((one) => one.isTaken && this.#holds(one, to));
      if (other !== undefined)
        throw new RenameFailure(`table ${from} can't be renamed: the dump has ${other.type} ${to} as well`);
    }
  }

  /** Whether an object that keeps its name stands in the way of a new one. */
  #holds({ type, name }: SchemaObject, to: string): boolean {
    return type !== "trigger" && foldName(name) === foldName(to) && !(type === "table" && this.#olds.has(foldName(name)));
  }

  #ownerOf(table: string): string | undefined {
    return this.#proven.tables.get(table)?.kind === "shadow" ? shadowOwner(table, this.#proven.tables) : undefined;
  }

  /** What names a renamed table, and what has to be there to work that out. */
  #relevant(): readonly RenameObject[] {
    const texts = new Map(this.#objects.map((object) => [object, this.#namesIn(object)] as const));
    const isAround = (object: RenameObject) => this.#namesOld(object, texts.get(object)) || this.#maySeize(object);
    const taken = new Set(this.#objects.filter(isAround));
    const candidates = this.#objects.filter(({ type }) => type === "table" || type === "view");
    const named = (names: ReadonlySet<string>) => candidates.filter(({ name }) => names.has(foldName(name)));
    for (const object of taken) {
      for (const other of named(texts.get(object) ?? new Set())) taken.add(other);
      if (object.type === "table")
        for (const shadow of candidates.filter(({ name }) => this.#ownerOf(name) === object.name)) taken.add(shadow);
    }
    return this.#objects.filter((object) => taken.has(object));
  }

  /** Whether a new name may be that of a shadow table of a virtual table. */
  #maySeize({ type, name }: SchemaObject): boolean {
    if (type !== "table" || this.#proven.tables.get(name)?.kind !== "virtual") return false;
    return [...this.#news].some((to) => to.startsWith(`${foldName(name)}_`));
  }

  #namesIn({ sql, tableName }: SchemaObject): ReadonlySet<string> {
    const text = sql === null ? "" : decodeSql(sql, this.#request.encoding);
    return new Set([foldName(tableName), ...[...namesOfSql(text)].map(({ name }) => foldName(name))]);
  }

  #namesOld({ name }: SchemaObject, names: ReadonlySet<string> | undefined): boolean {
    return this.#olds.has(foldName(name)) || [...this.#olds].some((old) => names?.has(old) === true);
  }

  /** Names that only objects have which are not wanted become free; what means such an object is told by the name that it has then. */
  #makeRoom(): void {
    for (const { to } of this.#request.renames) {
      for (const object of this.#objects.filter((one) => this.#holds(one, to))) this.#scratch.hide(object);
    }
  }

  /** Names that change places go by names that nobody has. */
  #rename(): void {
    const steps = this.#request.renames.map(({ from, to }, i) => {
      if (!this.#olds.has(foldName(to))) return { from, to };
      const between = `${RenameScratch.OWN}${i}`;
      this.#alter(from, between, to);
      return { from: between, to };
    });
    const isFree = ({ from }: TableRename) => !from.startsWith(RenameScratch.OWN);
    for (const { from, to } of [...steps.filter(isFree), ...steps.filter((step) => !isFree(step))]) this.#alter(from, to, to);
    for (const { from, to } of this.#request.renames)
      if (this.#scratch.isShadow(to) && this.#ownerOf(from) === undefined)
        throw new RenameFailure(`table ${from} can't be renamed: a virtual table keeps the name ${to} to itself`);
  }

  #alter(from: string, to: string, shown: string): void {
    try {
      this.#scratch.alter(from, to);
    } catch (error) {
      if (error instanceof RenameFailure) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      throw new RenameFailure(`a table can't be renamed to ${quoteIdentifier(shown)}: ${reason}`, { cause: error });
    }
  }

  #result(): RenameResult {
    const changed = new Map<number, Pick<SchemaObject, "name" | "tableName" | "sql">>();
    const refused = new Map<number, string>();
    const outcomes = this.#scratch.outcomes();
    for (const [i, object] of this.#request.objects.entries()) {
      const outcome = outcomes.get(object);
      if (outcome === undefined || !object.isTaken) continue;
      if (outcome.kind === "changed") changed.set(i, outcome);
      else if (this.#namesOld(object, this.#namesIn(object)) || outcome.isAmbiguous) refused.set(i, outcome.reason);
      if (refused.has(i) && object.type === "table")
        throw new RenameFailure(
          `table ${object.name} can't follow the renaming: ${outcome.kind === "broken" ? outcome.reason : ""}`,
        );
    }
    return { changed, refused, stale: this.#stale() };
  }

  #stale(): readonly number[] {
    const isStale = ({ name, sql, isTaken }: RenameObject) =>
      isTaken &&
      sql !== null &&
      this.#proven.tables.get(name)?.kind === "virtual" &&
      [...namesOfSql(decodeSql(sql, this.#request.encoding))].some(
        (word) => word.before === "=" && this.#olds.has(foldName(word.name)),
      );
    return this.#request.objects.flatMap((object, i) => (object.type === "table" && isStale(object) ? [i] : []));
  }
}

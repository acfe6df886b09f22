import { pumpError, type ErrorLine } from "../base/errors.ts";
import { foldName, qualifiedName, quoteIdentifier } from "../base/identifiers.ts";
import type { DumpObject } from "../metadata/dump-object.ts";
import { openDatabase, openMemory, type Connection } from "../sqlite/database.ts";
import type { ReadTable } from "../sqlite/read-statement.ts";
import { groupPieces, piecesInOrder, type PieceOfRows } from "./master.ts";
import { mentions, type NamedObjects } from "./mentions.ts";
import type { OpenDump } from "./open-dump.ts";
import type { PrivateFolder } from "./private-folder.ts";
import { buildScratch, type ScratchSchema } from "./scratch-schema.ts";

/** SQLITE_MAX_ATTACHED of this build. */
const MAX_ATTACHED = 10;
/** Names that every connection has given away. */
const MAIN = "MAIN";
const TEMP = "TEMP";

/** Where a scratch database is made, and until when. */
export interface ScratchPlace {
  readonly folder: PrivateFolder;
  readonly signal: AbortSignal | undefined;
}

/** A connection on which parts of a dump can be read: each schema under its name, the only one of a dump without it as well. */
export class ScratchDatabase {
  readonly connection: Connection;
  readonly schemas: readonly ScratchSchema[];
  readonly #main: string | undefined;

  /**
   * @param withRows the tables whose rows are to be there
   * @throws ORA-39001 for more schemas than SQLite attaches, or of different text encodings; as `buildScratch`
   */
  static async build(
    dump: OpenDump,
    named: readonly NamedObjects[],
    withRows: (object: DumpObject) => boolean,
    { folder, signal }: ScratchPlace,
  ): Promise<ScratchDatabase> {
    const schemas: ScratchSchema[] = [];
    for (const { schema, objects } of named) {
      const pieces = piecesOf(dump, objects.filter(withRows));
      schemas.push(await buildScratch({ dump, schema, objects, pieces, folder, signal }));
    }
    return new ScratchDatabase(schemas, dump.master.schemas.length === 1);
  }

  private constructor(schemas: readonly ScratchSchema[], isOnlySchema: boolean) {
    this.schemas = schemas;
    const main = isOnlySchema ? schemas[0] : schemas.find(({ schema }) => schema.name === MAIN);
    this.#main = main?.schema.name;
    const encoding = schemas[0]?.schema.settings.encoding ?? "UTF-8";
    this.connection = main === undefined ? openMemory() : openDatabase(main.path, { readonly: true, mustExist: true });
    try {
      if (main === undefined) this.connection.pragma(`encoding = '${encoding}'`);
      for (const { path, schema } of schemas.filter(({ schema: { name } }) => name !== MAIN && !(name === TEMP && isOnlySchema)))
        this.connection.prepare(`ATTACH ? AS ${quoteIdentifier(schema.name)}`).run(path);
      this.connection.pragma("trusted_schema = off");
      this.connection.pragma("query_only = on");
    } catch (error) {
      this.connection.close();
      throw error;
    }
  }

  /** Whether a statement reads the rows of a table. */
  isRead(read: readonly ReadTable[], object: DumpObject): boolean {
    return read.some(({ database, table }) => {
      const schema = database.toUpperCase() === MAIN ? this.#main : database;
      return schema === object.schema && foldName(table) === foldName(object.name);
    });
  }

  /** Why an object of that name is not there. */
  problemOf(name: string): readonly ErrorLine[] {
    return this.schemas.flatMap(({ problems }) => problems.get(foldName(name)) ?? []);
  }

  get warnings(): readonly (readonly ErrorLine[])[] {
    return this.schemas.flatMap(({ warnings }) => warnings);
  }

  close(): void {
    this.connection.close();
  }
}

/** The pieces of tables, by object. @throws ORA-39000 when the dump contradicts itself */
export function piecesOf({ master, set }: OpenDump, objects: readonly DumpObject[]): ReadonlyMap<number, readonly PieceOfRows[]> {
  const listed = groupPieces(master);
  return new Map(
    objects.map(({ id, schema, name }) => {
      const table = qualifiedName(schema, name);
      return [id, piecesInOrder(table, listed.get(id) ?? [], set.pieces.get(id) ?? [])] as const;
    }),
  );
}

/**
 * The schemas that a statement needs: those of which it names something; the only one of a dump in any case.
 * @throws ORA-39001 when SQLite can't have them in one connection
 */
export function schemasToAttach(named: readonly NamedObjects[], statement: string): readonly NamedObjects[] {
  if (named.length === 1) return named;
  const used = named.filter(({ objects }) => objects.length > 0);
  const text = foldName(statement);
  const fits = (schemas: readonly NamedObjects[]) =>
    schemas.length <= MAX_ATTACHED && new Set(schemas.map(({ schema }) => schema.settings.encoding)).size <= 1;
  const taken = fits(used) ? used : used.filter(({ schema }) => mentions(text, schema.name));
  if (fits(taken) && taken.every(({ schema }) => schema.name !== TEMP)) return taken;
  throw pumpError(
    [["ORA-39001"], ["TSDP-00010", "these schemas can't be read in one statement"]],
    `SQLite takes ${MAX_ATTACHED} schemas of the same text encoding together, none of them called TEMP; read the others by themselves.`,
  );
}

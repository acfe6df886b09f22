import { randomBytes } from "node:crypto";
import { foldName, quoteIdentifier, quoteLiteral } from "../base/identifiers.ts";
import { openMemory, type Connection } from "./database.ts";
import { editSchema } from "./edit-schema.ts";
import type { SchemaObject, TextEncoding } from "./schema.ts";
import { decodeSql, type ProvenSchema } from "./scratch.ts";
import { namesOfSql } from "./statement-end.ts";

/** How many objects ALTER may be helped with before it is given up. */
const MOST_MENDED = 10_000;
/** Pages for the roots of the indexes of one table, of which SQLite wants a different one each. */
const PAGE_SIZE = 512;
const INDEX_PAGES = 1002;

/** What became of an object. */
export type RenameOutcome =
  | ({ readonly kind: "changed" } & Pick<SchemaObject, "name" | "tableName" | "sql">)
  /** SQLite can't work it out. `isAmbiguous`: it names something whose name is that of a renamed table now. */
  | { readonly kind: "broken"; readonly reason: string; readonly isAmbiguous: boolean };

/** A table can't have its new name, or what names it can't follow. */
export class RenameFailure extends Error {
  override readonly name = "RenameFailure";
}

interface SchemaRow {
  readonly rowid: number;
  readonly type: SchemaObject["type"];
  readonly name: string;
  readonly tableName: string;
  readonly sql: Buffer;
}

const ROWS = "SELECT rowid, type, name, tbl_name AS tableName, CAST(sql AS BLOB) AS sql FROM sqlite_schema WHERE sql IS NOT NULL";

/**
 * Definitions without rows in memory, in which ALTER TABLE may rewrite them. It refuses as long as any view, trigger or table of the
 * schema makes no sense to it, so what is not there is added and what can't be helped is taken out.
 */
export class RenameScratch {
  /** How names begin that only the scratch has. */
  static readonly OWN = "tsdp:rename:";
  readonly #encoding: TextEncoding;
  readonly #proven: ProvenSchema;
  /** Old and new names, folded: strings of these names are left alone. */
  readonly #renamed: ReadonlySet<string>;
  readonly #connection: Connection = openMemory();
  readonly #rows = new Map<SchemaObject, number>();
  readonly #broken = new Map<SchemaObject, string>();
  /** Tables that no definition makes and that something reads, by what it reads of them. */
  readonly #stubs = new Map<string, Set<string>>();
  /** Strings in double quotes, by the literals that stand for them meanwhile. */
  readonly #strings = new Map<string, string>();
  #mended = 0;
  #hidden = 0;

  constructor(encoding: TextEncoding, proven: ProvenSchema, renamed: ReadonlySet<string>) {
    this.#encoding = encoding;
    this.#proven = proven;
    this.#renamed = renamed;
    this.#connection.unsafeMode(true);
    this.#connection.exec(
      `PRAGMA encoding = '${encoding}'; PRAGMA page_size = ${PAGE_SIZE}; PRAGMA trusted_schema = off;
       PRAGMA foreign_keys = off; PRAGMA legacy_alter_table = off`,
    );
  }

  close(): void {
    this.#connection.close();
  }

  fill(objects: readonly SchemaObject[]): void {
    const roots = this.#roots();
    const isVirtual = ({ type, name }: SchemaObject) => type === "table" && this.#proven.tables.get(name)?.kind === "virtual";
    for (const object of objects.filter(isVirtual)) this.#createVirtual(object);
    const there = new Map(this.#read().map((row) => [foldName(row.name), row.rowid]));
    const others = objects.filter((object) => !isVirtual(object));
    editSchema(this.#connection, () => {
      const insert = this.#connection.prepare("INSERT INTO sqlite_schema VALUES (?, ?, ?, ?, CAST(? AS TEXT))");
      const update = this.#connection.prepare("UPDATE sqlite_schema SET sql = CAST(? AS TEXT) WHERE rowid = ?");
      for (const object of others) {
        const { type, name, tableName, sql } = object;
        const made = type === "table" ? there.get(foldName(name)) : undefined;
        if (made !== undefined) update.run(sql, BigInt(made));
        const rowid = made ?? Number(insert.run(type, name, tableName, roots(object), sql).lastInsertRowid);
        this.#rows.set(object, rowid);
      }
    });
  }

  /** Tables without rows share a b-tree of their sort; indexes are never read. */
  #roots(): (object: SchemaObject) => bigint {
    this.#connection.exec(`
      CREATE TABLE s (a INTEGER PRIMARY KEY AUTOINCREMENT);
      CREATE TABLE r (a);
      CREATE TABLE w (a PRIMARY KEY) WITHOUT ROWID;
      CREATE TABLE p (a);
      INSERT INTO p VALUES (zeroblob(${PAGE_SIZE * INDEX_PAGES}))`);
    const root = (name: string) =>
      BigInt(this.#connection.prepare("SELECT rootpage FROM sqlite_schema WHERE name = ?").pluck().get(name) as number);
    const [rowid, withoutRowid, pages] = [root("r"), root("w"), root("p")];
    editSchema(this.#connection, () => this.#connection.exec("DELETE FROM sqlite_schema WHERE tbl_name IN ('s', 'r', 'w', 'p')"));
    const indexes = new Map<string, bigint>();
    return ({ type, name, tableName }) => {
      if (type === "table") return this.#proven.tables.get(name)?.withoutRowid === true ? withoutRowid : rowid;
      if (type !== "index") return 0n;
      const page = (indexes.get(foldName(tableName)) ?? pages) + 1n;
      indexes.set(foldName(tableName), page);
      return page;
    };
  }

  /** Its module has to be there to rename it; what reads one whose module is missing is told a table in its place. */
  #createVirtual(object: SchemaObject): void {
    try {
      this.#connection.prepare(this.#text(object)).run();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (this.#renamed.has(foldName(object.name)))
        throw new RenameFailure(`virtual table ${object.name} can't be renamed: ${reason}`, { cause: error });
      this.#broken.set(object, reason);
      return;
    }
    const row = this.#read().find(({ name }) => name === object.name);
    if (row !== undefined) this.#rows.set(object, row.rowid);
  }

  isShadow(table: string): boolean {
    return (
      this.#connection.prepare("SELECT type FROM pragma_table_list(?) WHERE schema = 'main'").pluck().get(table) === "shadow"
    );
  }

  /** Takes the name of an object away from it. */
  hide(object: SchemaObject): void {
    const rowid = this.#rows.get(object);
    if (rowid === undefined) return;
    if (object.type === "table") this.alter(object.name, `${RenameScratch.OWN}hidden:${(this.#hidden += 1)}`);
    else this.#remove(rowid);
  }

  /** @throws SQLite's error when the table itself can't be renamed */
  alter(from: string, to: string): void {
    const statement = `ALTER TABLE ${quoteIdentifier(from)} RENAME TO ${quoteIdentifier(to)}`;
    for (;;) {
      try {
        this.#connection.exec(statement);
        return;
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        const culprit = this.#culprit(message);
        if (culprit === undefined || (this.#mended += 1) > MOST_MENDED) throw error;
        if (!this.#mend(culprit.row, culprit.reason)) this.#takeOut(culprit.row, culprit.reason);
      }
    }
  }

  /** What became of the objects, less those that are as they were. */
  outcomes(): ReadonlyMap<SchemaObject, RenameOutcome> {
    const outcomes = new Map<SchemaObject, RenameOutcome>();
    const rows = new Map(this.#read().map((row) => [row.rowid, row]));
    for (const [object, rowid] of this.#rows) {
      const row = rows.get(rowid);
      if (row === undefined) continue;
      const sql = this.#withStrings(row.sql);
      if (row.name === object.name && row.tableName === object.tableName && sql.equals(object.sql ?? Buffer.alloc(0))) continue;
      const isAmbiguous = decodeSql(sql, this.#encoding).includes(RenameScratch.OWN);
      const reason = "it names something else that the dump has under the new name";
      outcomes.set(
        object,
        isAmbiguous
          ? { kind: "broken", reason, isAmbiguous }
          : { kind: "changed", name: row.name, tableName: row.tableName, sql },
      );
    }
    for (const [object, reason] of this.#broken) outcomes.set(object, { kind: "broken", reason, isAmbiguous: false });
    return outcomes;
  }

  /** `error in view NAME: ...`; a name may look like that itself, so the longest is meant. */
  #culprit(message: string): { readonly row: SchemaRow; readonly reason: string } | undefined {
    const begins = (row: SchemaRow) => `error in ${row.type} ${row.name}`;
    const after = (row: SchemaRow) => /^(?: after rename)?: ([\s\S]*)$/.exec(message.slice(begins(row).length))?.[1];
    const [row] = this.#read()
      .filter((one) => message.startsWith(begins(one)) && after(one) !== undefined)
      .sort((a, b) => b.name.length - a.name.length);
    return row === undefined ? undefined : { row, reason: after(row) ?? "" };
  }

  /** @returns whether something was done for it */
  #mend(row: SchemaRow, reason: string): boolean {
    const string = /^no such column: "([\s\S]*)" - should this be a string literal in single-quotes\?$/.exec(reason)?.[1];
    if (string !== undefined) return this.#quoteString(row, string);
    const table = /^no such table: main\.([\s\S]+)$/.exec(reason)?.[1];
    if (table !== undefined) return this.#addStub(table);
    const column = /^no such column: ([\s\S]+)$/.exec(reason)?.[1];
    return column !== undefined && this.#addColumns([column, column.slice(column.lastIndexOf(".") + 1)]);
  }

  /** This build takes no text in double quotes for a string: an application whose SQLite does may have stored it. */
  #quoteString(row: SchemaRow, string: string): boolean {
    const text = decodeSql(row.sql, this.#encoding);
    if (this.#renamed.has(foldName(string)) || !this.#encode(text).equals(row.sql)) return false;
    const tokens = [...namesOfSql(text)].filter((token) => token.name === string && token.text.startsWith('"'));
    if (tokens.length === 0) return false;
    let changed = text;
    for (const { text: token, start } of tokens.reverse()) {
      const literal = `'tsdp:${randomBytes(8).toString("hex")}'`;
      this.#strings.set(literal, token);
      changed = changed.slice(0, start) + literal + changed.slice(start + token.length);
    }
    editSchema(this.#connection, () =>
      this.#connection
        .prepare("UPDATE sqlite_schema SET sql = CAST(? AS TEXT) WHERE rowid = ?")
        .run(this.#encode(changed), BigInt(row.rowid)),
    );
    return true;
  }

  /** A table outside of the dump. One that has a new name by now was meant as that by nobody. */
  #addStub(table: string): boolean {
    if (this.#stubs.has(foldName(table)) || this.#renamed.has(foldName(table))) return false;
    this.#stubs.set(foldName(table), new Set());
    this.#connection.exec(stubSql(table, new Set()));
    return true;
  }

  #addColumns(columns: readonly string[]): boolean {
    let isNew = false;
    for (const [table, known] of this.#stubs) {
      const added = columns.map(foldName).filter((column) => !known.has(column));
      if (added.length === 0) continue;
      isNew = true;
      for (const column of added) known.add(column);
      const sql = stubSql(table, known);
      editSchema(this.#connection, () =>
        this.#connection
          .prepare("UPDATE sqlite_schema SET sql = ? WHERE type = 'table' AND name = ? COLLATE NOCASE")
          .run(sql, table),
      );
    }
    return isNew;
  }

  #takeOut(row: SchemaRow, reason: string): void {
    if (row.type === "table" && (this.#renamed.has(foldName(row.name)) || row.name.startsWith(RenameScratch.OWN)))
      throw new RenameFailure(`table ${row.name} can't be renamed: ${reason}`);
    for (const [object, rowid] of this.#rows) if (rowid === row.rowid) this.#broken.set(object, reason);
    this.#remove(row.rowid);
  }

  #remove(rowid: number): void {
    for (const [object, own] of this.#rows) if (own === rowid) this.#rows.delete(object);
    editSchema(this.#connection, () => {
      const row = this.#read().find((one) => one.rowid === rowid);
      const dependents =
        row?.type === "table" ? ` OR (type IN ('index', 'trigger') AND tbl_name = ${quoteLiteral(row.name)})` : "";
      this.#connection.exec(`DELETE FROM sqlite_schema WHERE rowid = ${rowid}${dependents}`);
    });
  }

  #withStrings(sql: Buffer): Buffer {
    if (this.#strings.size === 0) return sql;
    const text = decodeSql(sql, this.#encoding);
    let restored = text;
    for (const [literal, string] of this.#strings) restored = restored.replace(literal, () => string);
    return restored === text ? sql : this.#encode(restored);
  }

  #encode(text: string): Buffer {
    if (this.#encoding === "UTF-8") return Buffer.from(text);
    const bytes = Buffer.from(text, "utf16le");
    return this.#encoding === "UTF-16be" ? bytes.swap16() : bytes;
  }

  #text({ sql }: SchemaObject): string {
    return sql === null ? "" : decodeSql(sql, this.#encoding);
  }

  #read(): SchemaRow[] {
    return this.#connection.prepare(ROWS).all() as SchemaRow[];
  }
}

function stubSql(table: string, columns: ReadonlySet<string>): string {
  return `CREATE TABLE ${quoteIdentifier(table)} (${["tsdp:0", ...columns].map(quoteIdentifier).join(", ")})`;
}

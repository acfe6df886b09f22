import { pumpError } from "../base/errors.ts";
import { foldName, qualifiedName } from "../base/identifiers.ts";
import { columnText } from "../catalog/column-names.ts";
import type { ColumnName } from "../catalog/encrypted-columns.ts";
import { isStatistics, type DumpObject, type DumpSchema } from "../metadata/dump-object.ts";
import type { Connection } from "../sqlite/database.ts";
import { listTables, type ListedTable, type TextEncoding } from "../sqlite/schema.ts";
import { decodeSql } from "../sqlite/scratch.ts";
import { obstacleOf, readTableFacts, type TableFacts } from "../sqlite/table-facts.ts";

/** Values of indexed columns in the statistics of SQLite: the last column of sqlite_stat3 and sqlite_stat4. */
const SAMPLE = "sample";

/** The objects of an export once it is settled which of their columns are kept apart. */
export interface SecretColumns {
  readonly objects: readonly DumpObject[];
  /** What the log is to say. */
  readonly notes: readonly string[];
}

/** Whether rows of marked columns are, or through a view may be, among those of the objects. */
export function holdsMarkedColumns(objects: readonly DumpObject[], marks: readonly ColumnName[]): boolean {
  return objects.some(({ schema, name, shape, fromView }) =>
    marks.some(
      (mark) =>
        mark.schema === schema &&
        (fromView === true ||
          (foldName(mark.table) === foldName(name) &&
            shape?.storedColumns.some((column) => foldName(column) === foldName(mark.column)) === true)),
    ),
  );
}

/**
 * Settles what of the chosen objects is kept apart: the marked columns, the stored generated columns of their tables, which are
 * computed from who knows what, and the samples of the statistics.
 * @throws ORA-39002 with what is in the way: a mark without a column (it may have another name now), a column that can't be kept
 * apart, or a virtual table that indexes one
 */
export function keepColumnsApart(
  objects: readonly DumpObject[],
  schemas: readonly DumpSchema[],
  marks: readonly ColumnName[],
  connectionOf: (schema: string) => Connection,
): SecretColumns {
  const split = new Map<DumpObject, readonly string[]>();
  const notes: string[] = [];
  for (const { name, settings } of schemas) {
    const own = marks.filter((mark) => mark.schema === name);
    if (own.length === 0) continue;
    const chosen = objects.filter((object) => object.schema === name);
    const schema = new MarkedSchema(connectionOf(name), settings.encoding, chosen, own);
    for (const entry of schema.secretColumns()) split.set(...entry);
    notes.push(...schema.virtualTableNotes());
  }
  if (split.size === 0) notes.push("No column of the exported tables is marked: nothing is encrypted");
  return { objects: objects.map((object) => withSecrets(object, split.get(object))), notes };
}

/** A schema of which some columns are marked. */
class MarkedSchema {
  readonly #connection: Connection;
  readonly #encoding: TextEncoding;
  readonly #objects: readonly DumpObject[];
  readonly #marks: readonly ColumnName[];
  readonly #tables: ReadonlyMap<string, ListedTable>;

  constructor(connection: Connection, encoding: TextEncoding, objects: readonly DumpObject[], marks: readonly ColumnName[]) {
    this.#connection = connection;
    this.#encoding = encoding;
    this.#objects = objects;
    this.#marks = marks;
    this.#tables = listTables(connection);
  }

  secretColumns(): ReadonlyMap<DumpObject, readonly string[]> {
    const secrets = new Map<DumpObject, string[]>();
    for (const mark of this.#marks) {
      const facts = readTableFacts(this.#connection, mark.table, this.#tables);
      if (facts === undefined) throw goneColumn(mark);
      const object = this.#objects.find(({ type, name }) => name === facts.name && (type === "table" || type === "view"));
      if (object === undefined) continue;
      const computed = [...facts.columns].filter(([, place]) => place === "computed").map(([column]) => column);
      secrets.set(object, [...(secrets.get(object) ?? computed), markedColumn(mark, facts)]);
    }
    // Also of tables that are not exported: their statistics may be.
    for (const object of this.#objects) if (isStatistics(object) && hasSamples(object)) secrets.set(object, [SAMPLE]);
    return secrets;
  }

  /** A full-text index holds the words of the columns that it is over. */
  virtualTableNotes(): readonly string[] {
    const virtual = this.#objects.filter(({ kind }) => kind === "virtual");
    for (const object of virtual) {
      const mark = this.#marks.find((marked) => this.#isIndexOver(object, marked));
      if (mark !== undefined) throw indexedColumn(mark, object);
    }
    const stored = virtual.filter(({ name }) => this.#objects.some(({ owner }) => owner === name));
    return stored.map(
      ({ schema, name }) =>
        `Virtual table ${qualifiedName(schema, name)} is not encrypted, whatever triggers have copied into it`,
    );
  }

  #isIndexOver({ sql }: DumpObject, { table, column }: ColumnName): boolean {
    const text = foldName(decodeSql(sql ?? new Uint8Array(), this.#encoding));
    return contentTables(text).has(foldName(table)) && text.includes(foldName(column));
  }
}

/** The tables that `content=` of a virtual table's definition names. */
function contentTables(sql: string): ReadonlySet<string> {
  const values = [...sql.matchAll(/\bcontent\s*=\s*(?:'([^']*)'|"([^"]*)"|\[([^\]]*)\]|`([^`]*)`|([^\s,)]+))/g)];
  return new Set(values.flatMap((match) => match.slice(1)).filter((name: string | undefined) => name !== undefined));
}

function markedColumn(mark: ColumnName, facts: TableFacts): string {
  const [column, place] = [...facts.columns].find(([name]) => foldName(name) === foldName(mark.column)) ?? [];
  if (column === undefined || place === undefined) throw goneColumn(mark);
  const obstacle = obstacleOf(facts, place);
  if (obstacle !== null) throw pumpError([["ORA-39002"], ["TSDP-00042", columnText(mark), obstacle]]);
  return column;
}

/** Whether the statistics of a table hold values. */
export function hasSamples({ shape }: DumpObject): boolean {
  return shape?.columns.includes(SAMPLE) === true;
}

function withSecrets(object: DumpObject, secrets: readonly string[] | undefined): DumpObject {
  if (object.shape === null || secrets === undefined) return object;
  const names = new Set(secrets);
  return { ...object, shape: { ...object.shape, secretColumns: object.shape.columns.filter((column) => names.has(column)) } };
}

function goneColumn(mark: ColumnName): Error {
  return pumpError(
    [["ORA-39002"], ["ORA-00904", columnText(mark)], ["TSDP-00010", "it is marked as secret, but is not there"]],
    "If it has another name now, mark that one; `tsdp column decrypt` takes the mark away.",
  );
}

function indexedColumn(mark: ColumnName, { schema, name }: DumpObject): Error {
  const reason = `virtual table ${qualifiedName(schema, name)} is an index over it and holds its words`;
  return pumpError([["ORA-39002"], ["TSDP-00042", columnText(mark), reason]]);
}

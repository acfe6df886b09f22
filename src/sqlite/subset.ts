import { foldName, quoteIdentifier } from "../base/identifiers.ts";
import type { Connection } from "./database.ts";
import { everyRow, rangeSql } from "./key-range.ts";
import { rowsWhere, type RowFilter } from "./row-filter.ts";
import type { TableShape } from "./schema.ts";

/** A table of the job, and which of its rows are asked for; null: nothing is said of it. */
export interface SubsetTable {
  readonly object: number;
  readonly shape: TableShape;
  readonly filter: RowFilter | null;
}

/** Rows that hang together. */
export interface Subset {
  /** Of each table that is not taken whole, by its object number. They name tables of the image. */
  readonly filters: ReadonlyMap<number, RowFilter>;
  /** A database with the keys of the chosen rows; null when all tables are taken whole. */
  readonly image: Buffer | null;
}

/** What tells a row of a table from all others. */
interface Identity {
  readonly columns: readonly { readonly sql: string; readonly collation: string }[];
  readonly isRowid: boolean;
}

interface Member extends SubsetTable {
  readonly identity: Identity;
  /** The temporary table with the keys of its chosen rows. */
  readonly chosen: string;
}

interface ForeignKey {
  readonly child: Member;
  readonly parent: Member;
  readonly pairs: readonly { readonly from: string; readonly to: string }[];
}

/**
 * Follows foreign keys from the rows that are asked for. Tables that something is asked of, and those that they refer to, have the rows that
 * are asked for and, over any number of keys, those which these refer to: the fewest that leave no row without its parent. Of the other
 * tables rows go that refer to a row which is left out, and what refers to those: as if what is left out had been deleted with ON DELETE
 * CASCADE. The rows are chosen in temporary tables of the connection.
 */
export function chooseSubset(connection: Connection, tables: readonly SubsetTable[]): Subset {
  const members = tables.flatMap(memberOf);
  const keys = members.flatMap((child) => foreignKeys(connection, child, members));
  const needed = reached(
    members.filter(({ filter }) => filter !== null),
    keys.map(({ child, parent }) => [child, parent]),
  );
  if (needed.size === 0) return { filters: new Map(), image: null };
  const limited = reached(
    [...needed],
    keys.map(({ child, parent }) => [parent, child]),
  );
  connection.transaction(() => {
    for (const member of limited) begin(connection, member, needed.has(member));
    addParents(
      connection,
      keys.filter(({ child }) => needed.has(child)),
    );
    removeOrphans(
      connection,
      keys.filter(({ child, parent }) => limited.has(parent) && !needed.has(child)),
    );
    for (const { object } of limited) connection.exec(`DROP INDEX temp."tsdp:rounds ${object}"`);
  })();
  return {
    filters: new Map([...limited].map((member) => [member.object, chosenRows(member)])),
    image: connection.serialize({ attached: "temp" }),
  };
}

function memberOf(table: SubsetTable): Member[] {
  const identity = identityOf(table.shape);
  return identity === null ? [] : [{ ...table, identity, chosen: `"tsdp:chosen ${table.object}"` }];
}

function identityOf(shape: TableShape): Identity | null {
  if (shape.rowid !== null) return { columns: [{ sql: shape.rowid, collation: "BINARY" }], isRowid: true };
  const key = shape.constraints.find(({ kind }) => kind === "PRIMARY KEY");
  if (!shape.withoutRowid || key === undefined) return null;
  const columns = key.columns.map(({ name, collation }) => ({ sql: quoteIdentifier(name ?? ""), collation }));
  return { columns, isRowid: false };
}

interface KeyRow {
  readonly id: number;
  readonly parent: string;
  readonly from: string;
  readonly to: string | null;
}

/** Those to tables of the job. A key that names no columns means the primary key. */
function foreignKeys(connection: Connection, child: Member, members: readonly Member[]): ForeignKey[] {
  const rows = connection
    .prepare(`SELECT id, "table" AS parent, "from", "to" FROM pragma_foreign_key_list(?, 'main') ORDER BY id, seq`)
    .all(child.shape.name) as KeyRow[];
  const primaryKey = connection.prepare("SELECT name FROM pragma_table_info(?, 'main') WHERE pk > 0 ORDER BY pk").pluck();
  return [...new Set(rows.map(({ id }) => id))].flatMap((id) => {
    const columns = rows.filter((row) => row.id === id);
    const parent = members.find(({ shape }) => foldName(shape.name) === foldName(columns[0]?.parent ?? ""));
    if (parent === undefined) return [];
    const implied = primaryKey.all(parent.shape.name) as string[];
    const pairs = columns.flatMap(({ from, to }, i) => {
      const column = to ?? implied[i];
      return column === undefined ? [] : [{ from, to: column }];
    });
    return pairs.length === columns.length ? [{ child, parent, pairs }] : [];
  });
}

/** The members from which some others are reached, and those themselves. */
function reached(from: readonly Member[], steps: readonly (readonly [Member, Member])[]): ReadonlySet<Member> {
  const found = new Set(from);
  // A set goes on with what is added to it.
  for (const member of found) for (const [start, end] of steps) if (start === member) found.add(end);
  return found;
}

/** Rows that are asked for belong to round 0; of a table that nobody needs all rows do. */
function begin(connection: Connection, { shape, filter, identity, chosen, object }: Member, isNeeded: boolean): void {
  const names = identity.columns.map((_, i) => `k${i}`);
  const columns = identity.columns.map(({ collation }, i) => `k${i} COLLATE ${quoteIdentifier(collation)}`);
  connection.exec(
    identity.isRowid
      ? `CREATE TABLE temp.${chosen} (k0 INTEGER PRIMARY KEY, round)`
      : `CREATE TABLE temp.${chosen} (${columns.join(", ")}, round, PRIMARY KEY (${names.join(", ")})) WITHOUT ROWID`,
  );
  connection.exec(`CREATE INDEX temp."tsdp:rounds ${object}" ON ${chosen} (round)`);
  if (isNeeded && filter === null) return;
  const { from, where } = rangeSql(shape, everyRow(shape), filter);
  const key = identity.columns.map(({ sql }) => sql).join(", ");
  connection.exec(`INSERT INTO temp.${chosen} SELECT ${key}, 0 FROM ${from} WHERE ${where}`);
}

/** Round by round the parents of the rows that the last one has found. */
function addParents(connection: Connection, keys: readonly ForeignKey[]): void {
  const statements = keys.map(({ child, parent, pairs }) =>
    connection.prepare(
      `INSERT OR IGNORE INTO temp.${parent.chosen} SELECT ${keyOf(parent, "p")}, ? + 1 FROM temp.${child.chosen} f
         CROSS JOIN ${tableOf(child)} c ON ${isRow(child, "c", "f")} CROSS JOIN ${tableOf(parent)} p ON ${refers(pairs)} WHERE f.round = ?`,
    ),
  );
  for (let round = 0n, isNew = true; isNew; round += 1n)
    isNew = statements.map((statement) => statement.run(round, round).changes).some((changes) => changes > 0);
}

/** Until none is left: rows that refer to a row which is there and not chosen. */
function removeOrphans(connection: Connection, keys: readonly ForeignKey[]): void {
  const statements = keys.map(({ child, parent, pairs }) => {
    const names = child.identity.columns.map((_, i) => `k${i}`).join(", ");
    return connection.prepare(
      `DELETE FROM temp.${child.chosen} WHERE (${names}) IN (SELECT ${names.replaceAll("k", "f.k")} FROM temp.${child.chosen} f
         CROSS JOIN ${tableOf(child)} c ON ${isRow(child, "c", "f")} CROSS JOIN ${tableOf(parent)} p ON ${refers(pairs)}
         WHERE NOT EXISTS (SELECT 1 FROM temp.${parent.chosen} s WHERE ${isRow(parent, "p", "s")}))`,
    );
  });
  for (let isNew = true; isNew;) isNew = statements.map((statement) => statement.run().changes).some((changes) => changes > 0);
}

/** As SQLite compares a foreign key: by the type and collation of the parent's column, which the plus leaves as the only ones. */
function refers(pairs: ForeignKey["pairs"]): string {
  return pairs.map(({ from, to }) => `p.${quoteIdentifier(to)} = +c.${quoteIdentifier(from)}`).join(" AND ");
}

function isRow({ identity }: Member, table: string, chosen: string): string {
  return identity.columns.map((column, i) => `${table}.${comparedSql(column)} = +${chosen}.k${i}`).join(" AND ");
}

/** A key may have another collation than its column. */
function comparedSql({ sql, collation }: Identity["columns"][number]): string {
  return `${sql} COLLATE ${quoteIdentifier(collation)}`;
}

function keyOf({ identity }: Member, table: string): string {
  return identity.columns.map(({ sql }) => `${table}.${sql}`).join(", ");
}

function tableOf({ shape }: Member): string {
  return `main.${quoteIdentifier(shape.name)}`;
}

/** The rows of a table whose keys are chosen. The plus has a table without rowids still be read in its own order. */
function chosenRows({ identity, chosen }: Member): RowFilter {
  const [own] = identity.columns;
  if (identity.isRowid) return rowsWhere(`${own?.sql ?? ""} IN (SELECT k0 FROM ${chosen})`);
  const key = identity.columns.map((column) => `+${comparedSql(column)}`).join(", ");
  return rowsWhere(`(${key}) IN (SELECT ${identity.columns.map((_, i) => `k${i}`).join(", ")} FROM ${chosen})`);
}

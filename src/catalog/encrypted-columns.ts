import { CatalogFile } from "./catalog-file.ts";

/** A column by its names. Schemas are in upper case; tables and columns are matched as SQLite does. */
export interface ColumnName {
  readonly schema: string;
  readonly table: string;
  readonly column: string;
}

/** The columns of a database whose values no dump should show, kept in its catalog. */
export class EncryptedColumns {
  readonly #catalog: CatalogFile;

  constructor(home: string) {
    this.#catalog = new CatalogFile(home);
  }

  /** All of them, by name. */
  list(): ColumnName[] {
    const sql = `SELECT schema, table_name AS "table", column_name AS "column" FROM encrypted_column
                  ORDER BY schema, table_name, column_name`;
    return this.#catalog.ifThere((catalog) => catalog.prepare(sql).all() as ColumnName[], []);
  }

  /** Marks columns, all or none. @returns the one that is marked already, and keeps all from being marked */
  mark(columns: readonly ColumnName[]): ColumnName | undefined {
    return this.#change("INSERT OR IGNORE INTO encrypted_column VALUES (?, ?, ?)", columns);
  }

  /** Takes the marks of columns away, all or none. @returns the one that has none, and keeps all as they are */
  unmark(columns: readonly ColumnName[]): ColumnName | undefined {
    return this.#change("DELETE FROM encrypted_column WHERE schema = ? AND table_name = ? AND column_name = ?", columns);
  }

  #change(sql: string, columns: readonly ColumnName[]): ColumnName | undefined {
    return this.#catalog.write((catalog) => {
      catalog.exec("BEGIN IMMEDIATE");
      const statement = catalog.prepare(sql);
      const unchanged = columns.find(({ schema, table, column }) => statement.run(schema, table, column).changes === 0);
      catalog.exec(unchanged === undefined ? "COMMIT" : "ROLLBACK");
      return unchanged;
    });
  }
}

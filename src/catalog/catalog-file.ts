import { chmodSync, existsSync } from "node:fs";
import { join } from "node:path";
import { causeLines, pumpError } from "../base/errors.ts";
import { openDatabase, type Connection } from "../sqlite/database.ts";
import { ensurePrivateFile, ensurePrivateFolder } from "./private-files.ts";

/** What each version of the catalog adds to the one before. */
const VERSIONS = [
  "CREATE TABLE directory (name TEXT PRIMARY KEY, path TEXT NOT NULL) STRICT;",
  `CREATE TABLE credential (
     owner TEXT NOT NULL, name TEXT NOT NULL, username TEXT NOT NULL, endpoint TEXT, region TEXT,
     secret TEXT, sealed_secret BLOB, CHECK ((secret IS NULL) <> (sealed_secret IS NULL)), PRIMARY KEY (owner, name)
   ) STRICT;`,
  // Tables and columns are matched as SQLite matches their names: ASCII letters without case.
  `CREATE TABLE encrypted_column (
     schema TEXT NOT NULL, table_name TEXT NOT NULL COLLATE NOCASE, column_name TEXT NOT NULL COLLATE NOCASE,
     PRIMARY KEY (schema, table_name, column_name)
   ) STRICT;`,
  `CREATE TABLE database_link (
     owner TEXT NOT NULL, name TEXT NOT NULL, username TEXT NOT NULL, database TEXT NOT NULL, created TEXT NOT NULL,
     PRIMARY KEY (owner, name)
   ) STRICT;`,
  `CREATE TABLE user_account (
     name TEXT PRIMARY KEY, password BLOB, locked INTEGER NOT NULL, created TEXT NOT NULL
   ) STRICT;
   CREATE TABLE role (name TEXT PRIMARY KEY) STRICT;
   CREATE TABLE role_grant (role TEXT NOT NULL, grantee TEXT NOT NULL, PRIMARY KEY (role, grantee)) STRICT;
   CREATE TABLE directory_grant (
     directory TEXT NOT NULL, grantee TEXT NOT NULL, privilege TEXT NOT NULL, PRIMARY KEY (directory, grantee, privilege)
   ) STRICT;`,
];

/** `catalog.db` in the home folder of a database: its objects that are no schemas. It is made when the first of them is. */
export class CatalogFile {
  readonly #home: string;

  constructor(home: string) {
    this.#home = home;
  }

  /** @returns `absent` when there is no catalog yet */
  ifThere<T>(work: (catalog: Connection) => T, absent: T): T {
    return existsSync(this.#path) ? this.#use(work) : absent;
  }

  write<T>(work: (catalog: Connection) => T): T {
    ensurePrivateFolder(this.#home);
    ensurePrivateFile(this.#path);
    return this.#use(work);
  }

  /** The same for what nobody else may read, whatever mode the file has been given, and whatever was there before. */
  writeSecret<T>(work: (catalog: Connection) => T): T {
    return this.write((catalog) => {
      chmodSync(this.#path, 0o600);
      catalog.pragma("secure_delete = ON");
      return work(catalog);
    });
  }

  get #path(): string {
    return join(this.#home, "catalog.db");
  }

  #use<T>(work: (catalog: Connection) => T): T {
    const catalog = this.#open();
    try {
      return work(catalog);
    } finally {
      catalog.close();
    }
  }

  #open(): Connection {
    try {
      const catalog = openDatabase(this.#path, { mustExist: true });
      migrate(catalog);
      return catalog;
    } catch (error) {
      throw pumpError([["ORA-29283", `cannot open catalog "${this.#path}"`], ...causeLines(error)], undefined, error);
    }
  }
}

function migrate(catalog: Connection): void {
  if (version(catalog) === VERSIONS.length) return;
  catalog
    .transaction(() => {
      const found = version(catalog);
      if (found > VERSIONS.length) throw new Error(`the catalog was written by a newer tsdp (version ${found})`);
      catalog.exec(`${VERSIONS.slice(found).join("\n")} PRAGMA user_version = ${VERSIONS.length}`);
    })
    .immediate();
}

function version(catalog: Connection): number {
  return catalog.pragma("user_version", { simple: true }) as number;
}

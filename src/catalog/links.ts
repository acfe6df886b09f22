import { statSync } from "node:fs";
import { causeLines, pumpError } from "../base/errors.ts";
import { CatalogFile } from "./catalog-file.ts";
import { parseConnectString } from "./connect-string.ts";
import { homeFolder } from "./home.ts";
import { catalogName, isPrintableName, NAME_RULE } from "./names.ts";
import { Users } from "./users.ts";

/** A database link: a name for another database, and the user that is meant there. */
export interface DatabaseLink {
  readonly owner: string;
  readonly name: string;
  readonly user: string;
  /** Absolute real path of a folder of schemas, or of one SQLite file, when the link was made. */
  readonly database: string;
  /** ISO timestamp. */
  readonly created: string;
}

const NO_SECRETS =
  "A link keeps no secrets: it leads to files, and their permissions say who may read them. Leave the password out.";

/** The database links of a database, each its owner's, kept in its catalog. */
export class DatabaseLinks {
  readonly #catalog: CatalogFile;

  constructor(home: string) {
    this.#catalog = new CatalogFile(home);
  }

  /** All of them, by owner and name. */
  list(): readonly DatabaseLink[] {
    const sql = `SELECT owner, name, username AS user, database, created FROM database_link ORDER BY owner, name`;
    return this.#catalog.ifThere((catalog) => catalog.prepare(sql).all() as DatabaseLink[], []);
  }

  /**
   * CREATE DATABASE LINK.
   * @param connectString `[user@]database`; a relative path starts at the current directory.
   * @throws ORA-39001 with ORA-39200 for a name that can't be one, or a password; ORA-12154 when there is no such database, ORA-02011
   * when the owner has a link of this name
   */
  create(owner: string, name: string, connectString: string, currentDirectory: string): DatabaseLink {
    const wanted = catalogName(name);
    if (!isPrintableName(wanted)) throw pumpError([["ORA-39001"], ["ORA-39200", name]], NAME_RULE);
    if (connectString.trim() === "") throw pumpError([["ORA-12154", ""]], "Say which database the link leads to.");
    const { user, password, database } = parseConnectString(connectString, currentDirectory);
    if (password !== null) throw pumpError([["ORA-39001"], ["ORA-39200", wanted]], NO_SECRETS);
    const link = { owner, name: wanted, user, database, created: new Date().toISOString() };
    this.#insert(link);
    return link;
  }

  /** Makes a link as another catalog had it, wherever it leads. @throws ORA-02011 when the owner has a link of this name */
  restore({ owner, name, user, database }: Omit<DatabaseLink, "created">): void {
    this.#insert({ owner, name, user, database, created: new Date().toISOString() });
  }

  /** DROP DATABASE LINK. @throws ORA-02024 when the owner has none of this name */
  drop(owner: string, name: string): void {
    const wanted = catalogName(name);
    if (this.#find(owner, wanted) === undefined) throw pumpError([["ORA-02024"]]);
    this.#catalog.write((catalog) =>
      catalog.prepare("DELETE FROM database_link WHERE owner = ? AND name = ?").run(owner, wanted),
    );
  }

  /**
   * Where a link leads.
   * @throws ORA-39001 with ORA-39200 and ORA-02019 for an unknown name, ORA-12154 when the database is not there any more,
   * ORA-01017 or ORA-28000 when its user can't connect there without a password
   */
  resolve(owner: string, name: string): DatabaseLink {
    const link = this.#find(owner, catalogName(name));
    if (link === undefined) throw pumpError([["ORA-39001"], ["ORA-39200", name], ["ORA-02019"]]);
    const stat = statSync(link.database, { throwIfNoEntry: false });
    if (stat?.isDirectory() === true || stat?.isFile() === true) return assertOpen(link);
    throw pumpError([["ORA-39001"], ["ORA-39200", link.name], ["ORA-12154", link.database]]);
  }

  #insert({ owner, name, user, database, created }: DatabaseLink): void {
    const sql = "INSERT OR IGNORE INTO database_link (owner, name, username, database, created) VALUES (?, ?, ?, ?, ?)";
    this.#catalog.write((catalog) => {
      if (catalog.prepare(sql).run(owner, name, user, database, created).changes === 0) throw pumpError([["ORA-02011"]]);
    });
  }

  #find(owner: string, name: string): DatabaseLink | undefined {
    return this.list().find((link) => link.owner === owner && link.name === name);
  }
}

/** A link keeps no password. @throws ORA-39001 with ORA-39200 and ORA-01017 or ORA-28000 when its user can't connect without one */
function assertOpen(link: DatabaseLink): DatabaseLink {
  try {
    new Users(homeFolder(link.database)).assertNeedsNoPassword(link.user);
    return link;
  } catch (error) {
    const hint = "A link keeps no secrets: make it to a user who has no password there.";
    throw pumpError([["ORA-39001"], ["ORA-39200", link.name], ...causeLines(error)], hint, error);
  }
}

import { createHash } from "node:crypto";
import { pumpError } from "../base/errors.ts";
import {
  decodePasswordStanza,
  encodePasswordStanza,
  newDataKey,
  unwrapByPassword,
  wrapByPassword,
} from "../format/key-stanza.ts";
import type { Connection } from "../sqlite/database.ts";
import { CatalogFile } from "./catalog-file.ts";
import type { ConnectIdentity } from "./connect-string.ts";
import { catalogName, isPrintableName, NAME_RULE } from "./names.ts";
import { ADMINISTRATOR, dropGrantee, isNameTaken } from "./roles.ts";

/** Somebody who may connect. */
export interface User {
  readonly name: string;
  readonly hasPassword: boolean;
  readonly isLocked: boolean;
  /** ISO timestamp. */
  readonly created: string;
}

interface Row {
  readonly name: string;
  readonly password: Buffer | null;
  readonly locked: number;
  readonly created: string;
}

/** The users of a database, kept in its catalog. As long as there is none everybody may do everything. */
export class Users {
  readonly #catalog: CatalogFile;

  constructor(home: string) {
    this.#catalog = new CatalogFile(home);
  }

  /** All users by name. */
  list(): readonly User[] {
    return this.#rows().map(({ name, password, locked, created }) => {
      return { name, hasPassword: password !== null, isLocked: locked !== 0, created };
    });
  }

  /**
   * CREATE USER. The first one brings SYSTEM with it, and from then on is checked who may do what.
   * @param password null: whoever says the name may connect
   * @throws ORA-01920 when a user or a role has the name in whatever case, ORA-39001 for a name that can't be one or an empty password
   */
  async create(name: string, password: string | null): Promise<User> {
    const wanted = checkedName(name);
    return this.#insert(wanted, await verifierOf(wanted, password), false);
  }

  /** Makes a user without a password, as another catalog had it; SYSTEM is never locked. @throws as `create` */
  restore(name: string, isLocked: boolean): User {
    const wanted = checkedName(name);
    return this.#insert(wanted, null, isLocked && wanted !== ADMINISTRATOR);
  }

  /** ALTER USER: another password, or with null none. @throws ORA-01918 for an unknown user, ORA-39001 for an empty password */
  async setPassword(name: string, password: string | null): Promise<void> {
    const { name: wanted } = this.#find(name);
    const verifier = await verifierOf(wanted, password);
    const sql = "UPDATE user_account SET password = ? WHERE name = ?";
    this.#catalog.writeSecret((catalog) => catalog.prepare(sql).run(verifier, wanted));
  }

  /** ALTER USER ... ACCOUNT LOCK or UNLOCK. @throws ORA-01918 for an unknown user, ORA-01031 for SYSTEM */
  setLocked(name: string, isLocked: boolean): void {
    const { name: wanted } = this.#find(name);
    if (wanted === ADMINISTRATOR) throw pumpError([["ORA-01031"]], "SYSTEM can't be locked: nobody could unlock it.");
    const sql = "UPDATE user_account SET locked = ? WHERE name = ?";
    this.#catalog.write((catalog) => catalog.prepare(sql).run(Number(isLocked), wanted));
  }

  /**
   * DROP USER, with what was granted to it; schema and jobs stay. Without SYSTEM, which goes last, nothing is checked any more.
   * @param cascade its credentials and database links go with it
   * @throws ORA-01918 for an unknown user, ORA-01922 when it has some, ORA-01031 for SYSTEM while there are others
   */
  drop(name: string, cascade: boolean): void {
    const { name: wanted } = this.#find(name);
    this.#catalog.writeSecret((catalog) => {
      catalog.transaction(() => {
        const others = catalog.prepare("SELECT 1 FROM user_account WHERE name <> ?").get(wanted) !== undefined;
        if (wanted === ADMINISTRATOR && others) throw pumpError([["ORA-01031"]], "Drop SYSTEM last: it is the administrator.");
        if (!cascade && ownsObjects(catalog, wanted)) throw pumpError([["ORA-01922", wanted]]);
        for (const table of cascade ? OWNED : []) catalog.prepare(`DELETE FROM ${table} WHERE owner = ?`).run(wanted);
        dropGrantee(catalog, wanted);
        catalog.prepare("DELETE FROM user_account WHERE name = ?").run(wanted);
      })();
    });
  }

  /**
   * Lets somebody connect, as long as there is a user: by name, and by password when that user has one. Who has none needs none, and
   * what is given is not looked at. Whether a user is unknown or the password wrong is not told, nor shown by the time that it takes.
   * @param ask gives the password of who did not put one into the connect string
   * @throws ORA-01017 for an unknown user or a wrong password, ORA-28000 for a locked user
   */
  async authenticate({ user, password }: ConnectIdentity, ask?: () => Promise<string | null>): Promise<void> {
    const rows = this.#rows();
    if (rows.length === 0) return;
    const row = rows.find(({ name }) => name === user);
    if (row?.password !== null) {
      const given = password ?? (await ask?.()) ?? null;
      if (given === null || !(await isRightPassword(user, row?.password, given))) throw pumpError([["ORA-01017"]]);
    }
    if (row !== undefined && row.locked !== 0) throw pumpError([["ORA-28000"]]);
  }

  /** Whether somebody may connect without a password. @throws ORA-01017 or ORA-28000 when not */
  assertNeedsNoPassword(user: string): void {
    const rows = this.#rows();
    const row = rows.find(({ name }) => name === user);
    if (rows.length > 0 && row?.password !== null) throw pumpError([["ORA-01017"]]);
    if (row !== undefined && row.locked !== 0) throw pumpError([["ORA-28000"]]);
  }

  #insert(name: string, password: Buffer | null, isLocked: boolean): User {
    const created = new Date().toISOString();
    this.#catalog.writeSecret((catalog) => {
      catalog.transaction(() => {
        const isFirst = catalog.prepare("SELECT 1 FROM user_account").get() === undefined;
        const isTaken = name === ADMINISTRATOR ? !isFirst : isNameTaken(catalog, name);
        if (isTaken) throw pumpError([["ORA-01920", name]]);
        if (isFirst && name !== ADMINISTRATOR) insert(catalog, { name: ADMINISTRATOR, password: null, locked: 0, created });
        insert(catalog, { name, password, locked: Number(isLocked), created });
      })();
    });
    return { name, hasPassword: password !== null, isLocked, created };
  }

  #rows(): readonly Row[] {
    const sql = "SELECT name, password, locked, created FROM user_account ORDER BY name";
    return this.#catalog.ifThere((catalog) => catalog.prepare(sql).all() as Row[], []);
  }

  #find(name: string): Row {
    const wanted = catalogName(name);
    const row = this.#rows().find((candidate) => candidate.name === wanted);
    if (row === undefined) throw pumpError([["ORA-01918", wanted]]);
    return row;
  }
}

/** What belongs to a user. */
const OWNED = ["credential", "database_link"] as const;

/** @throws ORA-39001 for a name that can't be one */
function checkedName(name: string): string {
  const wanted = catalogName(name);
  if (isPrintableName(wanted)) return wanted;
  throw pumpError([["ORA-39001"], ["ORA-39207", name, "USER"]], NAME_RULE);
}

function insert(catalog: Connection, { name, password, locked, created }: Row): void {
  const sql = "INSERT INTO user_account (name, password, locked, created) VALUES (?, ?, ?, ?)";
  catalog.prepare(sql).run(name, password, locked, created);
}

function ownsObjects(catalog: Connection, owner: string): boolean {
  return OWNED.some((table) => catalog.prepare(`SELECT 1 FROM ${table} WHERE owner = ?`).get(owner) !== undefined);
}

/** Bytes that tell whether a password is the right one: a random key under it. They are good for this user only. */
async function verifierOf(user: string, password: string | null): Promise<Buffer | null> {
  if (password === null) return null;
  if (password === "") throw pumpError([["ORA-39001"], ["ORA-39207", "********", "PASSWORD"]], "A password can't be empty.");
  return encodePasswordStanza(await wrapByPassword(newDataKey(), placeOf(user), password));
}

/** @param verifier undefined, of an unknown user: it takes the time that a password takes, and is wrong */
async function isRightPassword(user: string, verifier: Buffer | undefined, given: string): Promise<boolean> {
  if (verifier !== undefined) return (await unwrapByPassword(decodePasswordStanza(verifier), placeOf(user), given)) !== undefined;
  await wrapByPassword(newDataKey(), placeOf(user), given);
  return false;
}

function placeOf(user: string): string {
  return createHash("sha256").update(`tsdp user\0${user}`).digest("hex");
}

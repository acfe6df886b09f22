import { Credentials, type Credential, type CredentialOptions } from "../catalog/credentials.ts";
import type { ConnectIdentity } from "../catalog/connect-string.ts";
import { Directories, type Directory } from "../catalog/directories.ts";
import { DirectoryGrants, type DirectoryGrant } from "../catalog/directory-grants.ts";
import { homeFolder } from "../catalog/home.ts";
import { DatabaseLinks, type DatabaseLink } from "../catalog/links.ts";
import { GrantedDirectories } from "../catalog/granted-directories.ts";
import { assertAdministrator, Privileges } from "../catalog/privileges.ts";
import {
  closeWallet,
  createWallet,
  openWallet,
  rotateWallet,
  walletStatus,
  type OpenUntil,
  type WalletStatus,
} from "../catalog/wallet.ts";
import { findLeftovers, removeLeftover, type Leftover } from "../job/clean.ts";
import type { JobSummary } from "../job/jobs.ts";
import { jobsOf, queryViews, type ViewSession } from "../job/views.ts";
import { ColumnProcedures } from "./columns.ts";
import { promptedValue, type Prompted } from "./prompted.ts";
import { RoleProcedures } from "./roles.ts";
import { rejecting } from "./session.ts";
import { UserProcedures } from "./users.ts";

export type { DirectoryGrant } from "../catalog/directory-grants.ts";

/** What a session does with a database outside of DBMS_DATAPUMP: directory objects, credentials, the wallet, the views of its jobs. */
export class DatabaseSession {
  /** The user of the session. */
  readonly user: string;
  /** Absolute real path of the folder of schemas, or of the one SQLite file. */
  readonly database: string;
  /** The columns that ENCRYPTION=ENCRYPTED_COLUMNS_ONLY encrypts. */
  readonly columns: ColumnProcedures;
  /** Who may connect. */
  readonly users: UserProcedures;
  /** What users may do. */
  readonly roles: RoleProcedures;
  protected readonly home: string;
  protected readonly currentDirectory: string;
  protected readonly directoryObjects: Directories;
  protected readonly grantedDirectories: GrantedDirectories;
  readonly #directoryGrants: DirectoryGrants;
  protected readonly credentialObjects: Credentials;
  protected readonly linkObjects: DatabaseLinks;

  /** Use `connect`. */
  constructor({ user, database }: ConnectIdentity, currentDirectory: string) {
    this.user = user;
    this.database = database;
    this.home = homeFolder(database);
    this.columns = new ColumnProcedures({ home: this.home, database, user });
    this.users = new UserProcedures(this.home, user);
    this.roles = new RoleProcedures(this.home, user);
    this.#directoryGrants = new DirectoryGrants(this.home);
    this.currentDirectory = currentDirectory;
    this.directoryObjects = new Directories(this.home, currentDirectory);
    this.grantedDirectories = new GrantedDirectories(this.directoryObjects, this.home, user);
    this.credentialObjects = new Credentials(this.home);
    this.linkObjects = new DatabaseLinks(this.home);
  }

  /** What the user may do, as the catalog has it now. */
  protected get privileges(): Privileges {
    return Privileges.of(this.home, this.user);
  }

  /** The directory objects that the user may read or write in. */
  async directories(): Promise<readonly Directory[]> {
    return rejecting(() => this.grantedDirectories.list());
  }

  /**
   * CREATE DIRECTORY; a relative path is taken from the current directory.
   * @throws ORA-00955 when it exists and `replace` is not set, ORA-01031 for who is no administrator
   */
  async createDirectory(name: string, path: string, options: { readonly replace?: boolean } = {}): Promise<Directory> {
    return this.#administer(() => this.directoryObjects.create(name, path, options));
  }

  /** DROP DIRECTORY, with the grants on it. @throws ORA-04043 when it does not exist, ORA-01031 for who is no administrator */
  async dropDirectory(name: string): Promise<void> {
    return this.#administer(() => {
      this.directoryObjects.drop(name);
    });
  }

  /** Who may read and write in which directory object; who has no role of Data Pump sees what has been granted to him. */
  async directoryGrants(): Promise<readonly DirectoryGrant[]> {
    return rejecting(() => {
      const { mayReadCatalog, grantees } = this.privileges;
      return this.#directoryGrants.list().filter(({ grantee }) => mayReadCatalog || grantees.has(grantee));
    });
  }

  /**
   * GRANT ON DIRECTORY.
   * @param privileges READ, WRITE or both
   * @param grantee a user, a role, or PUBLIC: everybody
   * @throws ORA-00990, ORA-04043 or ORA-01917 for what there is not, ORA-01031 for who is no administrator
   */
  async grantDirectory(privileges: readonly string[], directory: string, grantee: string): Promise<void> {
    return this.#administer(() => {
      this.#directoryGrants.grant(this.directoryObjects, privileges, directory, grantee);
    });
  }

  /** REVOKE ON DIRECTORY. @throws ORA-01927 when nothing of it has been granted, ORA-01031 for who is no administrator */
  async revokeDirectory(privileges: readonly string[], directory: string, grantee: string): Promise<void> {
    return this.#administer(() => {
      this.#directoryGrants.revoke(privileges, directory, grantee);
    });
  }

  /** The credentials of the user; secrets are not among what is told. */
  async credentials(): Promise<readonly Credential[]> {
    return rejecting(() => this.credentialObjects.list(this.user));
  }

  /**
   * CREATE_CREDENTIAL: how this user enters an object store. The secret is encrypted when the wallet is open; else it is kept as it
   * is, in a file of mode 0600, and `isEncrypted` is false.
   * @param username the access key id.
   * @throws ORA-39001 for a bad value, ORA-27477 when it exists and `replace` is not set.
   */
  async createCredential(name: string, username: string, secret: string, options: CredentialOptions = {}): Promise<Credential> {
    return rejecting(() => this.credentialObjects.create(this.user, name, username, secret, options));
  }

  /** DROP_CREDENTIAL. @throws ORA-27476 when the user has none of this name. */
  async dropCredential(name: string): Promise<void> {
    return rejecting(() => {
      this.credentialObjects.drop(this.user, name);
    });
  }

  /** The database links of the user. */
  async databaseLinks(): Promise<readonly DatabaseLink[]> {
    return rejecting(() => this.linkObjects.list().filter(({ owner }) => owner === this.user));
  }

  /**
   * CREATE DATABASE LINK: a name for another database, `[user@]database`, that `open` takes as its remote link.
   * @throws ORA-39001 for a name that can't be one or a password, ORA-12154 when there is no such database, ORA-02011 when it exists
   */
  async createDatabaseLink(name: string, connectString: string): Promise<DatabaseLink> {
    return rejecting(() => this.linkObjects.create(this.user, name, connectString, this.currentDirectory));
  }

  /** DROP DATABASE LINK. @throws ORA-02024 when the user has none of this name */
  async dropDatabaseLink(name: string): Promise<void> {
    return rejecting(() => {
      this.linkObjects.drop(this.user, name);
    });
  }

  /** Makes the wallet of the database: its keys encrypt dumps without a password. @throws ORA-00955 when there is one. */
  async createWallet(password: Prompted<string>): Promise<void> {
    return this.#administer(async () => createWallet(this.home, await promptedValue(password)));
  }

  /**
   * Opens the wallet until the system goes down, or with `closed` until `closeWallet`: then its key is in a file of mode 0600 on disk.
   * @returns the path of the file that keeps it open. @throws ORA-28353
   */
  async openWallet(password: Prompted<string>, until: OpenUntil = "shutdown"): Promise<string> {
    return this.#administer(async () => openWallet(this.home, await promptedValue(password), until));
  }

  /** Closes the wallet. @throws ORA-28353 when there is none. */
  async closeWallet(): Promise<void> {
    return this.#administer(() => {
      closeWallet(this.home);
    });
  }

  /** Adds a master key to the wallet; dumps under the earlier ones can still be opened. @throws ORA-28353 */
  async rotateWallet(password: Prompted<string>): Promise<void> {
    return this.#administer(async () => rotateWallet(this.home, await promptedValue(password)));
  }

  /** Whether there is a wallet, whether it is open, and how many master keys it has. */
  async walletStatus(): Promise<WalletStatus> {
    return rejecting(() => walletStatus(this.home));
  }

  /** The jobs of the database that the user may see, as DBA_DATAPUMP_JOBS shows them: those of others ask for a role. */
  async jobs(): Promise<readonly JobSummary[]> {
    return rejecting(() => jobsOf(this.#viewSession));
  }

  /**
   * A SELECT over the views DBA_DATAPUMP_JOBS, USER_DATAPUMP_JOBS and DBA_DATAPUMP_SESSIONS, and over DATABASE_EXPORT_OBJECTS,
   * SCHEMA_EXPORT_OBJECTS and TABLE_EXPORT_OBJECTS, which list the object paths of the jobs of a mode; of the catalog SESSION_ROLES,
   * USER_ROLE_PRIVS, ALL_USERS, ALL_DIRECTORIES, ALL_TAB_PRIVS (grants on directory objects), ALL_DB_LINKS and USER_DB_LINKS, and for who
   * has a role of Data Pump DBA_USERS, DBA_ROLES, DBA_ROLE_PRIVS, DBA_DIRECTORIES, DBA_TAB_PRIVS and DBA_DB_LINKS.
   * @returns rows by the names of their columns, as the statement spells them
   * @throws ORA-00942 for anything else
   */
  async query(sql: string, ...parameters: readonly unknown[]): Promise<readonly Readonly<Record<string, unknown>>[]> {
    return rejecting(() => queryViews(this.#viewSession, sql, parameters));
  }

  /**
   * What dead jobs of the database left: jobs that could be started again, and files that nobody can use any more.
   * @throws ORA-01031 for who is no administrator: it may be anybody's
   */
  async leftovers(): Promise<readonly Leftover[]> {
    return this.#administer(() => findLeftovers(this.home, this.database));
  }

  /**
   * Removes one of them.
   * @param force a job goes, too, when what it has begun in an object store can't be removed, and stays there
   * @throws when a process has taken the job up meanwhile
   */
  async removeLeftover(leftover: Leftover, force = false): Promise<void> {
    return this.#administer(() => removeLeftover(leftover, force));
  }

  get #viewSession(): ViewSession {
    return { home: this.home, user: this.user, currentDirectory: this.currentDirectory };
  }

  /** Runs what only an administrator may do. */
  async #administer<T>(work: () => T | Promise<T>): Promise<T> {
    return rejecting(() => {
      assertAdministrator(this.home, this.user);
      return work();
    });
  }
}

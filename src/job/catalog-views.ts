import { Directories } from "../catalog/directories.ts";
import { DirectoryGrants } from "../catalog/directory-grants.ts";
import { GrantedDirectories } from "../catalog/granted-directories.ts";
import { DatabaseLinks } from "../catalog/links.ts";
import { Privileges } from "../catalog/privileges.ts";
import { Roles } from "../catalog/roles.ts";
import { Users } from "../catalog/users.ts";

/** Whose session asks. */
export interface ViewSession {
  readonly home: string;
  readonly user: string;
  /** DATA_PUMP_DIR until someone redefines it. */
  readonly currentDirectory: string;
}

/** A view over the catalog. */
export interface CatalogView {
  readonly columns: readonly string[];
  readonly rows: () => Iterable<readonly unknown[]>;
}

const LINK_COLUMNS = ["owner", "db_link", "username", "host", "created"];
const GRANT_COLUMNS = ["grantee", "owner", "table_name", "grantor", "privilege", "grantable", "type"];
const OWNER = "SYS";

/** The views that everybody may read, by name: what they show is the user's. */
export function ownViews({ home, user, currentDirectory }: ViewSession): Readonly<Record<string, CatalogView>> {
  const privileges = () => Privileges.of(home, user);
  const links = () => new DatabaseLinks(home).list().filter(({ owner }) => owner === user);
  const directories = () => new GrantedDirectories(new Directories(home, currentDirectory), home, user).list();
  return {
    session_roles: { columns: ["role"], rows: () => privileges().roles.map((role) => [role]) },
    user_role_privs: {
      columns: ["username", "granted_role", "admin_option"],
      rows: () => grantsOf(home, user).map(({ role, grantee }) => [grantee, role, "NO"]),
    },
    all_users: {
      columns: ["username", "created"],
      rows: () => new Users(home).list().map(({ name, created }) => [name, created]),
    },
    all_directories: {
      columns: ["owner", "directory_name", "directory_path"],
      rows: () => directories().map(({ name, path }) => [OWNER, name, path]),
    },
    all_tab_privs: {
      columns: GRANT_COLUMNS,
      rows: () => directoryGrants(home).filter(([grantee]) => privileges().grantees.has(String(grantee))),
    },
    all_db_links: {
      columns: LINK_COLUMNS,
      rows: () => links().map(({ owner, name, user: username, database, created }) => [owner, name, username, database, created]),
    },
    user_db_links: {
      columns: LINK_COLUMNS.slice(1),
      rows: () => links().map(({ name, user: username, database, created }) => [name, username, database, created]),
    },
  };
}

/** The views of everything, by name. */
export function allViews({ home, currentDirectory }: ViewSession): Readonly<Record<string, CatalogView>> {
  return {
    dba_users: {
      columns: ["username", "account_status", "created", "password"],
      rows: () =>
        new Users(home).list().map(({ name, isLocked, created, hasPassword }) => {
          return [name, isLocked ? "LOCKED" : "OPEN", created, hasPassword ? "YES" : "NO"];
        }),
    },
    dba_roles: { columns: ["role"], rows: () => new Roles(home).list().map((role) => [role]) },
    dba_role_privs: {
      columns: ["grantee", "granted_role", "admin_option"],
      rows: () => new Roles(home).grants().map(({ role, grantee }) => [grantee, role, "NO"]),
    },
    dba_directories: {
      columns: ["owner", "directory_name", "directory_path"],
      rows: () => new Directories(home, currentDirectory).list().map(({ name, path }) => [OWNER, name, path]),
    },
    dba_tab_privs: { columns: GRANT_COLUMNS, rows: () => directoryGrants(home) },
    dba_db_links: {
      columns: LINK_COLUMNS,
      rows: () =>
        new DatabaseLinks(home)
          .list()
          .map(({ owner, name, user: username, database, created }) => [owner, name, username, database, created]),
    },
  };
}

function grantsOf(home: string, user: string): ReturnType<Roles["grants"]> {
  return new Roles(home).grants().filter(({ grantee }) => grantee === user || grantee === "PUBLIC");
}

function directoryGrants(home: string): readonly (readonly unknown[])[] {
  const grants = new DirectoryGrants(home).list();
  return grants.map(({ directory, grantee, privilege }) => [grantee, OWNER, directory, OWNER, privilege, "NO", "DIRECTORY"]);
}

import { pumpError, type PumpError, type StackEntry } from "../base/errors.ts";
import { upperName } from "../base/identifiers.ts";
import { DEFAULT_DIRECTORY } from "./directories.ts";
import { DirectoryGrants, type DirectoryGrant, type DirectoryPrivilege } from "./directory-grants.ts";
import { PUBLIC, Roles, rolesHeld } from "./roles.ts";
import { Users } from "./users.ts";

type JobOperation = "EXPORT" | "IMPORT" | "SQL_FILE";

/** What somebody may do in a database. */
export class Privileges {
  readonly user: string;
  /** Whether anything is checked: there is a user. */
  readonly areChecked: boolean;
  /** The roles of the user, by name; all that exist when nothing is checked. */
  readonly roles: readonly string[];
  readonly #directoryGrants: readonly DirectoryGrant[];

  private constructor(user: string, areChecked: boolean, roles: readonly string[], directoryGrants: readonly DirectoryGrant[]) {
    this.user = user;
    this.areChecked = areChecked;
    this.roles = roles;
    this.#directoryGrants = directoryGrants;
  }

  /** As the catalog has them now. */
  static of(home: string, user: string): Privileges {
    const roles = new Roles(home);
    if (new Users(home).list().length === 0) return new Privileges(user, false, roles.list(), []);
    const grants = roles.grants();
    const held = [...new Set([...rolesHeld(user, grants), ...rolesHeld(PUBLIC, grants)])].sort();
    const grantees = new Set([user, PUBLIC, ...held]);
    const directoryGrants = new DirectoryGrants(home).list().filter(({ grantee }) => grantees.has(grantee));
    return new Privileges(user, true, held, directoryGrants);
  }

  /** Users, roles, directory objects, the wallet. */
  get mayAdminister(): boolean {
    return this.roles.includes("DBA");
  }

  /** Schemas of others, and the whole database. */
  mayWorkOnAll(operation: JobOperation): boolean {
    return this.roles.includes(operation === "EXPORT" ? "EXP_FULL_DATABASE" : "IMP_FULL_DATABASE");
  }

  /** @param schema in upper case */
  mayWorkOn(schema: string, operation: JobOperation): boolean {
    return this.mayWorkOnAll(operation) || schema === upperName(this.user);
  }

  /** What the views of all jobs and objects show. */
  get mayReadCatalog(): boolean {
    return this.mayWorkOnAll("EXPORT") || this.mayWorkOnAll("IMPORT");
  }

  /** To whom what the user has may have been granted. */
  get grantees(): ReadonlySet<string> {
    return new Set([this.user, PUBLIC, ...this.roles]);
  }

  /** @param directory the name of a directory object, as the catalog has it */
  mayUse(directory: string, privilege: DirectoryPrivilege): boolean {
    if (this.mayAdminister || (directory === DEFAULT_DIRECTORY && this.mayReadCatalog)) return true;
    return this.#directoryGrants.some((grant) => grant.directory === directory && grant.privilege === privilege);
  }
}

/** @throws ORA-01031 for who is no administrator */
export function assertAdministrator(home: string, user: string): void {
  if (Privileges.of(home, user).mayAdminister) return;
  throw pumpError([["ORA-01031"]], "Connect as SYSTEM, or as a user with the role DBA.");
}

/** PRIVILEGE_ERROR with its causes. */
export function missingPrivilege(operation: JobOperation, ...causes: readonly StackEntry[]): PumpError {
  const role = operation === "EXPORT" ? "DATAPUMP_EXP_FULL_DATABASE" : "DATAPUMP_IMP_FULL_DATABASE";
  return pumpError([["ORA-31631"], ...causes], `It takes the role ${role}, which an administrator grants: tsdp role grant.`);
}

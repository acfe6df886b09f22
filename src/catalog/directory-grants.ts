import { pumpError } from "../base/errors.ts";
import { CatalogFile } from "./catalog-file.ts";
import type { Directories } from "./directories.ts";
import { catalogName } from "./names.ts";
import { assertGrantee } from "./roles.ts";

export type DirectoryPrivilege = "READ" | "WRITE";

/** That a user or a role may read or write in a directory object. */
export interface DirectoryGrant {
  readonly directory: string;
  readonly grantee: string;
  readonly privilege: DirectoryPrivilege;
}

const PRIVILEGES: readonly string[] = ["READ", "WRITE"] satisfies readonly DirectoryPrivilege[];

/** Who may use the directory objects of a database, kept in its catalog. */
export class DirectoryGrants {
  readonly #catalog: CatalogFile;

  constructor(home: string) {
    this.#catalog = new CatalogFile(home);
  }

  /** All grants, by directory object and grantee. */
  list(): readonly DirectoryGrant[] {
    const sql = "SELECT directory, grantee, privilege FROM directory_grant ORDER BY directory, grantee, privilege";
    return this.#catalog.ifThere((catalog) => catalog.prepare(sql).all() as DirectoryGrant[], []);
  }

  /**
   * GRANT READ, WRITE ON DIRECTORY: to a user, a role or PUBLIC. What is granted already stays.
   * @throws ORA-00990 for another privilege, ORA-04043 for an unknown directory object, ORA-01917 for an unknown grantee
   */
  grant(directories: Directories, privileges: readonly string[], directory: string, grantee: string): void {
    const wanted = catalogName(directory);
    if (!directories.list().some(({ name }) => name === wanted)) throw pumpError([["ORA-04043", wanted]]);
    const checked = checkedPrivileges(privileges);
    this.#catalog.write((catalog) => {
      assertGrantee(catalog, catalogName(grantee));
      const add = catalog.prepare("INSERT OR IGNORE INTO directory_grant (directory, grantee, privilege) VALUES (?, ?, ?)");
      for (const privilege of checked) add.run(wanted, catalogName(grantee), privilege);
    });
  }

  /** REVOKE READ, WRITE ON DIRECTORY. @throws ORA-00990 for another privilege, ORA-01927 when nothing of it has been granted */
  revoke(privileges: readonly string[], directory: string, grantee: string): void {
    const checked = checkedPrivileges(privileges);
    const changes = this.#catalog.ifThere((catalog) => {
      const take = catalog.prepare("DELETE FROM directory_grant WHERE directory = ? AND grantee = ? AND privilege = ?");
      const place = [catalogName(directory), catalogName(grantee)];
      return checked.reduce((sum, privilege) => sum + take.run(...place, privilege).changes, 0);
    }, 0);
    if (changes === 0) throw pumpError([["ORA-01927"]], "See who has been granted what: `tsdp directory list`.");
  }
}

function checkedPrivileges(privileges: readonly string[]): readonly DirectoryPrivilege[] {
  const upper = privileges.map((privilege) => privilege.trim().toUpperCase());
  if (upper.length === 0 || !upper.every(isPrivilege)) throw pumpError([["ORA-00990"]], "They are READ and WRITE.");
  return upper;
}

function isPrivilege(text: string): text is DirectoryPrivilege {
  return PRIVILEGES.includes(text);
}

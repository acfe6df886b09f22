import { pumpError } from "../base/errors.ts";
import { upperName } from "../base/identifiers.ts";
import type { Connection } from "../sqlite/database.ts";
import { CatalogFile } from "./catalog-file.ts";
import { catalogName, isPrintableName, NAME_RULE } from "./names.ts";

/** That a user or a role has a role. */
export interface RoleGrant {
  readonly role: string;
  readonly grantee: string;
}

/** The user who may do everything. */
export const ADMINISTRATOR = "SYSTEM";
/** Stands for every user as a grantee. */
export const PUBLIC = "PUBLIC";
/** The roles that exist in every database. `DATAPUMP_*` hold those that Data Pump knew before them. */
export const BUILT_IN_ROLES: readonly string[] = [
  ...["DATAPUMP_EXP_FULL_DATABASE", "DATAPUMP_IMP_FULL_DATABASE", "DBA", "EXP_FULL_DATABASE", "IMP_FULL_DATABASE"],
];
export const BUILT_IN_GRANTS: readonly RoleGrant[] = [
  { role: "EXP_FULL_DATABASE", grantee: "DATAPUMP_EXP_FULL_DATABASE" },
  { role: "IMP_FULL_DATABASE", grantee: "DATAPUMP_IMP_FULL_DATABASE" },
  { role: "DATAPUMP_EXP_FULL_DATABASE", grantee: "DBA" },
  { role: "DATAPUMP_IMP_FULL_DATABASE", grantee: "DBA" },
  { role: "DBA", grantee: ADMINISTRATOR },
];

/** The roles of a database and who has them, kept in its catalog. */
export class Roles {
  readonly #catalog: CatalogFile;

  constructor(home: string) {
    this.#catalog = new CatalogFile(home);
  }

  /** All roles by name, those that exist in every database too. */
  list(): readonly string[] {
    const stored = this.#catalog.ifThere((catalog) => catalog.prepare("SELECT name FROM role").pluck().all() as string[], []);
    return [...BUILT_IN_ROLES, ...stored].sort();
  }

  /** Who has which role, those that nobody granted too. */
  grants(): readonly RoleGrant[] {
    return [...BUILT_IN_GRANTS, ...this.#catalog.ifThere(storedRoleGrants, [])];
  }

  /** CREATE ROLE. @throws ORA-01921 when a user or a role has the name, ORA-39001 for a name that can't be one */
  create(name: string): string {
    const wanted = catalogName(name);
    if (!isPrintableName(wanted)) throw pumpError([["ORA-39001"], ["ORA-39207", name, "ROLE"]], NAME_RULE);
    this.#catalog.write((catalog) => {
      if (isNameTaken(catalog, wanted)) throw pumpError([["ORA-01921", wanted]]);
      catalog.prepare("INSERT INTO role (name) VALUES (?)").run(wanted);
    });
    return wanted;
  }

  /** DROP ROLE, with what was granted to it and who has it. @throws ORA-01919 for none, ORA-01031 for one that every database has */
  drop(name: string): void {
    const wanted = catalogName(name);
    if (BUILT_IN_ROLES.includes(wanted)) throw pumpError([["ORA-01031"]], `Role ${wanted} exists in every database.`);
    if (!this.list().includes(wanted)) throw pumpError([["ORA-01919", wanted]]);
    this.#catalog.write((catalog) => {
      catalog.transaction(() => {
        catalog.prepare("DELETE FROM role_grant WHERE role = ?").run(wanted);
        dropGrantee(catalog, wanted);
        catalog.prepare("DELETE FROM role WHERE name = ?").run(wanted);
      })();
    });
  }

  /**
   * GRANT role TO grantee: a user, a role or PUBLIC. What is granted already stays.
   * @throws ORA-01919 for an unknown role, ORA-01917 for an unknown grantee, ORA-01934 when the role would have itself
   */
  grant(role: string, grantee: string): RoleGrant {
    const wanted = { role: catalogName(role), grantee: catalogName(grantee) };
    if (!this.list().includes(wanted.role)) throw pumpError([["ORA-01919", wanted.role]]);
    this.#catalog.write((catalog) => {
      assertGrantee(catalog, wanted.grantee);
      const grants = [...BUILT_IN_GRANTS, ...storedRoleGrants(catalog)];
      if (rolesHeld(wanted.role, grants).has(wanted.grantee) || wanted.role === wanted.grantee) throw pumpError([["ORA-01934"]]);
      if (grants.some((grant) => grant.role === wanted.role && grant.grantee === wanted.grantee)) return;
      catalog.prepare("INSERT INTO role_grant (role, grantee) VALUES (?, ?)").run(wanted.role, wanted.grantee);
    });
    return wanted;
  }

  /** REVOKE role FROM grantee. @throws ORA-01951 when it has not been granted to it, ORA-01031 for what every database has */
  revoke(role: string, grantee: string): RoleGrant {
    const wanted = { role: catalogName(role), grantee: catalogName(grantee) };
    if (BUILT_IN_GRANTS.some((grant) => grant.role === wanted.role && grant.grantee === wanted.grantee))
      throw pumpError([["ORA-01031"]], `${wanted.grantee} has ${wanted.role} in every database.`);
    const changes = this.#catalog.ifThere((catalog) => {
      const sql = "DELETE FROM role_grant WHERE role = ? AND grantee = ?";
      return catalog.prepare(sql).run(wanted.role, wanted.grantee).changes;
    }, 0);
    if (changes === 0) throw pumpError([["ORA-01951", wanted.role, wanted.grantee]]);
    return wanted;
  }
}

/** All roles that somebody has, by a grant or by a role that has them. */
export function rolesHeld(grantee: string, grants: readonly RoleGrant[]): ReadonlySet<string> {
  const held = new Set<string>();
  const add = (name: string) => {
    for (const { role } of grants.filter((grant) => grant.grantee === name)) {
      if (held.has(role)) continue;
      held.add(role);
      add(role);
    }
  };
  add(grantee);
  return held;
}

export function storedRoleGrants(catalog: Connection): RoleGrant[] {
  return catalog.prepare("SELECT role, grantee FROM role_grant ORDER BY role, grantee").all() as RoleGrant[];
}

/** @throws ORA-01917 for what is no user, no role and not PUBLIC */
export function assertGrantee(catalog: Connection, name: string): void {
  if (!isGrantee(catalog, name)) throw pumpError([["ORA-01917", name]]);
}

/** Whether a user or a role has a name in whatever case: the schema of a name is one's, and schemas know no case. */
export function isNameTaken(catalog: Connection, name: string): boolean {
  const sql = "SELECT name FROM user_account UNION ALL SELECT name FROM role";
  const taken = [PUBLIC, ADMINISTRATOR, ...BUILT_IN_ROLES, ...(catalog.prepare(sql).pluck().all() as string[])];
  return taken.some((other) => upperName(other) === upperName(name));
}

/** Whether a name is that of a user, a role, or PUBLIC. */
function isGrantee(catalog: Connection, name: string): boolean {
  if (name === PUBLIC || name === ADMINISTRATOR || BUILT_IN_ROLES.includes(name)) return true;
  const sql = "SELECT 1 FROM user_account WHERE name = ? UNION ALL SELECT 1 FROM role WHERE name = ?";
  return catalog.prepare(sql).get(name, name) !== undefined;
}

/** Takes away all that was granted to a user or a role. */
export function dropGrantee(catalog: Connection, name: string): void {
  catalog.prepare("DELETE FROM role_grant WHERE grantee = ?").run(name);
  catalog.prepare("DELETE FROM directory_grant WHERE grantee = ?").run(name);
}

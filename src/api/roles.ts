import { assertAdministrator, Privileges } from "../catalog/privileges.ts";
import { Roles, type RoleGrant } from "../catalog/roles.ts";
import { rejecting } from "./session.ts";

/** The roles of a database and who has them. All but the lists needs the role DBA once there is a user: else ORA-01031. */
export class RoleProcedures {
  readonly #roles: Roles;
  readonly #privileges: () => Privileges;
  readonly #assertAdministrator: () => void;

  constructor(home: string, user: string) {
    this.#roles = new Roles(home);
    this.#privileges = () => Privileges.of(home, user);
    this.#assertAdministrator = () => {
      assertAdministrator(home, user);
    };
  }

  /** All roles by name, with those that every database has, for who has a role of Data Pump; who has none sees his own. */
  async list(): Promise<readonly string[]> {
    return rejecting(() => {
      const privileges = this.#privileges();
      return privileges.mayReadCatalog ? this.#roles.list() : privileges.roles;
    });
  }

  /** Who has which role; who has no role of Data Pump sees how he has come to his own. */
  async grants(): Promise<readonly RoleGrant[]> {
    return rejecting(() => {
      const { mayReadCatalog, grantees } = this.#privileges();
      return this.#roles.grants().filter(({ grantee }) => mayReadCatalog || grantees.has(grantee));
    });
  }

  /** CREATE ROLE. @throws ORA-01921 when a user or a role has the name */
  async create(name: string): Promise<string> {
    return rejecting(() => {
      this.#assertAdministrator();
      return this.#roles.create(name);
    });
  }

  /** DROP ROLE. @throws ORA-01919, ORA-01031 for one that every database has */
  async drop(name: string): Promise<void> {
    return rejecting(() => {
      this.#assertAdministrator();
      this.#roles.drop(name);
    });
  }

  /** GRANT role TO a user, a role, or PUBLIC. @throws ORA-01919, ORA-01917, ORA-01934 */
  async grant(role: string, grantee: string): Promise<RoleGrant> {
    return rejecting(() => {
      this.#assertAdministrator();
      return this.#roles.grant(role, grantee);
    });
  }

  /** REVOKE role FROM grantee. @throws ORA-01951 */
  async revoke(role: string, grantee: string): Promise<RoleGrant> {
    return rejecting(() => {
      this.#assertAdministrator();
      return this.#roles.revoke(role, grantee);
    });
  }
}

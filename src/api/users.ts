import { assertAdministrator } from "../catalog/privileges.ts";
import { Users, type User } from "../catalog/users.ts";
import { rejecting } from "./session.ts";

/** Who may connect to a database. All but the list needs the role DBA once there is a user: else ORA-01031. */
export class UserProcedures {
  readonly #users: Users;
  readonly #assertAdministrator: () => void;

  constructor(home: string, user: string) {
    this.#users = new Users(home);
    this.#assertAdministrator = () => {
      assertAdministrator(home, user);
    };
  }

  /** All users, by name; none: nobody is checked. */
  async list(): Promise<readonly User[]> {
    return rejecting(() => this.#users.list());
  }

  /**
   * CREATE USER. The first one brings SYSTEM with it, the administrator, and turns the checks on.
   * @param password null: whoever says the name may connect
   * @throws ORA-01920 when a user or a role has the name
   */
  async create(name: string, password: string | null = null): Promise<User> {
    return rejecting(async () => {
      this.#assertAdministrator();
      return this.#users.create(name, password);
    });
  }

  /** ALTER USER: another password; with null none. @throws ORA-01918 */
  async setPassword(name: string, password: string | null): Promise<void> {
    return rejecting(async () => {
      this.#assertAdministrator();
      await this.#users.setPassword(name, password);
    });
  }

  /** ALTER USER ... ACCOUNT LOCK: it can't connect any more. @throws ORA-01918 */
  async lock(name: string): Promise<void> {
    return this.#setLocked(name, true);
  }

  /** ALTER USER ... ACCOUNT UNLOCK. @throws ORA-01918 */
  async unlock(name: string): Promise<void> {
    return this.#setLocked(name, false);
  }

  /**
   * DROP USER; schema and jobs stay. SYSTEM goes last, and then nobody is checked any more.
   * @param cascade its credentials and database links go with it
   * @throws ORA-01918, ORA-01922 when it has some and `cascade` is not set
   */
  async drop(name: string, cascade = false): Promise<void> {
    return rejecting(() => {
      this.#assertAdministrator();
      this.#users.drop(name, cascade);
    });
  }

  async #setLocked(name: string, isLocked: boolean): Promise<void> {
    return rejecting(() => {
      this.#assertAdministrator();
      this.#users.setLocked(name, isLocked);
    });
  }
}

import { catalogName } from "../catalog/names.ts";
import { assertAdministrator, Privileges } from "../catalog/privileges.ts";
import { Users, type User } from "../catalog/users.ts";
import { promptedValue, type Prompted } from "./prompted.ts";
import { rejecting } from "./session.ts";

/** Who may connect to a database. All but the list and the own password needs the role DBA once there is a user: else ORA-01031. */
export class UserProcedures {
  readonly #users: Users;
  readonly #user: string;
  readonly #privileges: () => Privileges;
  readonly #assertAdministrator: () => void;

  constructor(home: string, user: string) {
    this.#users = new Users(home);
    this.#user = user;
    this.#privileges = () => Privileges.of(home, user);
    this.#assertAdministrator = () => {
      assertAdministrator(home, user);
    };
  }

  /** All users, by name, for who has a role of Data Pump; who has none sees himself. No users: nobody is checked. */
  async list(): Promise<readonly User[]> {
    return rejecting(() => {
      const users = this.#users.list();
      return this.#privileges().mayReadCatalog ? users : users.filter(({ name }) => name === this.#user);
    });
  }

  /**
   * CREATE USER. The first one brings SYSTEM with it, the administrator, and turns the checks on.
   * @param password null: whoever says the name may connect
   * @throws ORA-01920 when a user or a role has the name, in whatever case
   */
  async create(name: string, password: Prompted<string | null> = null): Promise<User> {
    return rejecting(async () => {
      this.#assertAdministrator();
      return this.#users.create(name, await promptedValue(password));
    });
  }

  /** ALTER USER: another password, which users may give themselves; with null none. @throws ORA-01918 */
  async setPassword(name: string, password: Prompted<string> | null): Promise<void> {
    return rejecting(async () => {
      if (password === null || catalogName(name) !== this.#user) this.#assertAdministrator();
      await this.#users.setPassword(name, await promptedValue(password));
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

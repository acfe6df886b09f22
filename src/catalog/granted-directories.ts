import { pumpError } from "../base/errors.ts";
import type { Directories, Directory } from "./directories.ts";
import type { DirectoryPrivilege } from "./directory-grants.ts";
import { catalogName } from "./names.ts";
import { Privileges } from "./privileges.ts";

/** The directory objects of a database, as far as a user may use them. */
export class GrantedDirectories {
  readonly #directories: Directories;
  readonly #privileges: () => Privileges;

  constructor(directories: Directories, home: string, user: string) {
    this.#directories = directories;
    this.#privileges = () => Privileges.of(home, user);
  }

  /** By name. */
  list(privilege?: DirectoryPrivilege): readonly Directory[] {
    const privileges = this.#privileges();
    const wanted: readonly DirectoryPrivilege[] = privilege === undefined ? ["READ", "WRITE"] : [privilege];
    return this.#directories.list().filter(({ name }) => wanted.some((kind) => privileges.mayUse(name, kind)));
  }

  /**
   * The absolute path behind a name.
   * @throws ORA-39087 for an unknown name, and for one without the grant, which is not told apart; ORA-29283 when the path is not a
   * folder (any more)
   */
  resolve(name: string, privilege: DirectoryPrivilege): string {
    const wanted = catalogName(name);
    if (!this.#privileges().mayUse(wanted, privilege)) throw pumpError([["ORA-39087", wanted]]);
    return this.#directories.resolve(name);
  }
}

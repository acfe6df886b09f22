import { statSync } from "node:fs";
import { resolve } from "node:path";
import { pumpError } from "../base/errors.ts";
import { CatalogFile } from "./catalog-file.ts";
import { catalogName, isPrintableName, NAME_RULE } from "./names.ts";

/** A directory object: a name for an absolute path. */
export interface Directory {
  readonly name: string;
  readonly path: string;
}

export const DEFAULT_DIRECTORY = "DATA_PUMP_DIR";

/** The directory objects of a database, kept in its catalog. */
export class Directories {
  readonly #catalog: CatalogFile;
  readonly #currentDirectory: string;

  /** DATA_PUMP_DIR is `currentDirectory` until someone redefines it. */
  constructor(home: string, currentDirectory: string) {
    this.#catalog = new CatalogFile(home);
    this.#currentDirectory = currentDirectory;
  }

  /** All directory objects, by name. */
  list(): Directory[] {
    const stored = this.stored();
    const all = stored.some(({ name }) => name === DEFAULT_DIRECTORY)
      ? stored
      : [...stored, { name: DEFAULT_DIRECTORY, path: this.#currentDirectory }];
    return all.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /**
   * CREATE [OR REPLACE] DIRECTORY. A relative path is taken from the current directory; the folder need not exist yet.
   * @throws ORA-39087 for a name that can't be one, ORA-00955 when the name is taken and `replace` is not set.
   */
  create(name: string, path: string, options: { readonly replace?: boolean } = {}): Directory {
    const directory = { name: catalogName(name), path: resolve(this.#currentDirectory, path) };
    if (!isPrintableName(directory.name)) throw pumpError([["ORA-39087", name]], NAME_RULE);
    this.#catalog.write((catalog) => {
      const verb = options.replace === true ? "INSERT OR REPLACE" : "INSERT OR IGNORE";
      const { changes } = catalog
        .prepare(`${verb} INTO directory (name, path) VALUES (?, ?)`)
        .run(directory.name, directory.path);
      if (changes === 0) throw pumpError([["ORA-00955"]]);
    });
    return directory;
  }

  /**
   * DROP DIRECTORY, with the grants on it. Dropping DATA_PUMP_DIR makes it the current directory again.
   * @throws ORA-04043 when there is no such directory object.
   */
  drop(name: string): void {
    const wanted = catalogName(name);
    if (!this.stored().some((directory) => directory.name === wanted)) throw pumpError([["ORA-04043", wanted]]);
    this.#catalog.write((catalog) => {
      catalog.transaction(() => {
        catalog.prepare("DELETE FROM directory WHERE name = ?").run(wanted);
        catalog.prepare("DELETE FROM directory_grant WHERE directory = ?").run(wanted);
      })();
    });
  }

  /**
   * The absolute path behind a name.
   * @throws ORA-39087 for an unknown name, ORA-29283 when the path is not a folder (any more).
   */
  resolve(name: string): string {
    const wanted = catalogName(name);
    const path = this.list().find((directory) => directory.name === wanted)?.path;
    if (path === undefined) throw pumpError([["ORA-39087", wanted]]);
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) {
      throw pumpError(
        [["ORA-29283", `nonexistent file or path "${path}"`]],
        `Make the folder that directory object ${wanted} names.`,
      );
    }
    return path;
  }

  /** Those that someone has defined. */
  stored(): Directory[] {
    return this.#catalog.ifThere((catalog) => catalog.prepare("SELECT name, path FROM directory").all() as Directory[], []);
  }
}

import { readdirSync, statSync } from "node:fs";
import { basename, dirname, extname, join } from "node:path";
import { codeOf, pumpError } from "../base/errors.ts";
import { upperName } from "../base/identifiers.ts";

/** A schema of a database: a SQLite file. */
export interface SchemaFile {
  /** Upper case, as shown. */
  readonly name: string;
  readonly path: string;
}

const EXTENSIONS: ReadonlySet<string> = new Set([".db", ".sqlite", ".sqlite3"]);

/**
 * The schemas of a database in the order of their names: the SQLite files of a folder, or the one file.
 * @throws ORA-39002 when two files have the same stem
 */
export function listSchemas(database: string): readonly SchemaFile[] {
  const files = schemaFiles(database);
  for (const [i, file] of files.entries()) {
    const twin = files[i + 1];
    if (twin?.name === file.name) {
      const hint = `Both ${basename(file.path)} and ${basename(twin.path)} are schema ${file.name}; take one of them out of the folder.`;
      throw pumpError([["ORA-39002"], ["ORA-39097", `for schema ${file.name}`]], hint);
    }
  }
  return files;
}

/** The files that may be schemas, also those of one name. */
export function schemaFiles(database: string): readonly SchemaFile[] {
  if (statSync(database).isFile()) return [{ name: schemaName(database), path: database }];
  return readdirSync(database)
    .filter((file) => isSchemaFile(file) && !file.startsWith("."))
    .map((file) => ({ name: schemaName(file), path: join(database, file) }))
    .filter(({ path }) => isRegularFile(path))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Not so for a link that leads nowhere, or to itself. */
function isRegularFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch (error) {
    const gone = ["ENOENT", "ELOOP", "ENOTDIR"].includes(codeOf(error));
    if (gone) return false;
    throw error;
  }
}

/** The schema that is meant when a job names none: that of a one-file database, else the user's own, else none. */
export function defaultSchema(database: string, user: string): string | null {
  const schemas = listSchemas(database);
  if (statSync(database).isFile()) return schemas[0]?.name ?? null;
  return schemas.some((schema) => schema.name === upperName(user)) ? upperName(user) : null;
}

/**
 * Where a schema that does not exist yet will be.
 * @throws ORA-39001 for a name that is no safe file name, ORA-39146 in a one-file database
 */
export function newSchemaPath(database: string, name: string): string {
  if (statSync(database).isFile()) {
    const only = schemaName(database);
    throw pumpError(
      [["ORA-39002"], ["ORA-39146", name]],
      `The database is the one file of schema ${only}: use remap_schema=${name}:${only}, or connect to its folder.`,
    );
  }
  return join(database, schemaFileName(name));
}

/** The name of the file that a new schema becomes. @throws ORA-39001 for a name that is no safe file name */
export function schemaFileName(name: string): string {
  if (name === "" || name.startsWith(".") || /[/\\\p{Cc}]/u.test(name) || Buffer.byteLength(name) > 200) {
    throw pumpError(
      [["ORA-39001"], ["ORA-39146", name]],
      "A new schema becomes a file of its name, so the name can't hold a slash, start with a dot or be empty.",
    );
  }
  return `${name}.db`;
}

/** Whether a file at this path would be taken for a schema of the database. */
export function isSchemaPath(database: string, path: string): boolean {
  return path === database || (dirname(path) === database && isSchemaFile(path));
}

/** Whether a file has the name of a schema, wherever it is. */
export function isSchemaFile(path: string): boolean {
  return EXTENSIONS.has(extname(path).toLowerCase());
}

/** The schema that a file of that name is. */
export function schemaName(path: string): string {
  return upperName(basename(path, extname(path)));
}

import { foldName } from "../base/identifiers.ts";
import type { Connection } from "./database.ts";
import { generatedColumns, type SchemaObject, type TextEncoding } from "./schema.ts";
import { proveSchema, type ProvenSchema } from "./scratch.ts";

/** STORED generated columns of a table that the dump computes, too: by their lower case. No INSERT may give their values. */
export function computedByBoth(connection: Connection, definition: SchemaObject, encoding: TextEncoding): ReadonlySet<string> {
  const inTable = new Set(generatedColumns(connection, definition.name).map(foldName));
  if (inTable.size === 0) return inTable;
  const inDump = proven(definition, encoding, (dump) => dump.generatedColumns(definition.name));
  return new Set(inDump.map(foldName).filter((column) => inTable.has(column)));
}

/**
 * A column that an existing table stores and the dump computes whenever it is read: it has no values for it.
 * @param given stored columns of the dump
 */
export function computedInDumpOnly(
  connection: Connection,
  definition: SchemaObject,
  given: readonly string[],
  encoding: TextEncoding,
): string | undefined {
  const come = new Set(given.map(foldName));
  const inTable = connection.prepare("SELECT name FROM pragma_table_info(?, 'main')").pluck().all(definition.name) as string[];
  const lacking = new Set(inTable.map(foldName).filter((column) => !come.has(column)));
  if (lacking.size === 0) return undefined;
  const { columns } = proven(definition, encoding, (dump) => dump.definition(definition.name));
  return columns.find(({ name, hidden }) => hidden === VIRTUAL && lacking.has(foldName(name)))?.name;
}

const VIRTUAL = 2;

function proven<T>(definition: SchemaObject, encoding: TextEncoding, read: (dump: ProvenSchema) => T): T {
  const dump = proveSchema([definition], encoding);
  try {
    return read(dump);
  } finally {
    dump.close();
  }
}

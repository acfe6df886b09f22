import { pumpError } from "../base/errors.ts";
import { splitOutside } from "./lexer.ts";
import { clientCode, type Settings } from "./settings.ts";
import { pathRemapOf, remapOf, tableOf, unquote } from "./parameters/values.ts";

/** Metadata remaps: name, what there is, and what it becomes. */
export type Remaps = readonly (readonly [name: string, source: string, target: string])[];

/**
 * The parameters that remap, as calls of METADATA_REMAP.
 * @throws UDI-00014 for what is no remap, UDI-00011 for both remaps of paths
 */
export function metadataRemaps(settings: Settings): Remaps {
  return [
    ...settings.elements("remap_schema").map((element) => schemaRemap(settings, element)),
    ...settings.elements("remap_table").map((element) => tableRemap(settings, element)),
    ...pathRemaps(settings),
  ];
}

function schemaRemap(settings: Settings, element: string): Remaps[number] {
  const remap = remapOf(element);
  if (remap === undefined) throw settings.invalidValue("remap_schema", "Give source:target, such as remap_schema=HR:BLAKE.");
  return ["REMAP_SCHEMA", ...remap];
}

/** @throws UDI-00011 for both */
function pathRemaps(settings: Settings): Remaps {
  const [first, second] = ["remap_directory", "remap_datafile"].filter((name) => settings.has(name));
  if (first === undefined) return [];
  if (second !== undefined) throw pumpError([[clientCode(settings.command, "00011"), first, second]], "Give one of the two.");
  return settings.elements(first).map((element) => {
    const remap = pathRemapOf(element);
    if (remap === undefined) throw settings.invalidValue(first, `Give two absolute paths, such as ${first}='/old/':'/new/'.`);
    return [first.toUpperCase(), ...remap];
  });
}

/** The name is kept as typed: SQLite keeps the case of a table's name. */
function tableRemap(settings: Settings, element: string): Remaps[number] {
  const [source = "", target = "", ...more] = splitOutside(element.startsWith("'") ? unquote(element) : element, ":").map(
    (part) => part.trim(),
  );
  if (more.length > 0 || splitOutside(source, ".").length > 2)
    throw settings.invalidValue("remap_table", "SQLite's tables have no partitions: give [schema.]table:name.");
  const table = tableOf(source);
  if (table === undefined || target === "" || splitOutside(target, ".").length > 1)
    throw settings.invalidValue(
      "remap_table",
      "Give [schema.]table:name; quote a name that holds a dot or a colon, and choose the schema with remap_schema.",
    );
  return ["REMAP_TABLE", table, target];
}

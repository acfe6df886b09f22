import { splitOutside } from "./lexer.ts";
import type { Settings } from "./settings.ts";
import { booleanOf, unquote } from "./parameters/values.ts";

/** Metadata transforms: name, value, and the object type. */
export type Transforms = readonly (readonly [name: string, value: string | number, objectType: string | null])[];

/**
 * TRANSFORM as calls of METADATA_TRANSFORM: YES and NO are numbers there, and so are whole numbers.
 * @throws UDI-00014 for what is no `name:value[:object_type]`
 */
export function metadataTransforms(settings: Settings): Transforms {
  return settings.elements("transform").map((element) => {
    const [name = "", value = "", objectType, ...more] = splitOutside(unquote(element), ":").map((part) => part.trim());
    if (name === "" || value === "" || more.length > 0)
      throw settings.invalidValue("transform", "Give name:value[:object_type], such as transform=PAGE_SIZE:8192.");
    const flag = booleanOf(value);
    const number = /^\d{1,9}$/.test(value) ? Number(value) : unquote(value);
    return [name.toUpperCase(), flag === undefined ? number : Number(flag), objectType ?? null] as const;
  });
}

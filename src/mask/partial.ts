import { textOf, type Masker } from "./value.ts";

/** PARTIAL: text keeps its length, its first and its last characters; where those would be all of it, it keeps none. */
export function partialMasker(first: number, last: number): Masker {
  return (value) => {
    const characters = Array.from(textOf(value));
    const hidden = characters.length - first - last;
    if (hidden <= 0) return "*".repeat(characters.length);
    return characters.slice(0, first).join("") + "*".repeat(hidden) + characters.slice(first + hidden).join("");
  };
}

import { fakeMasker, phoneMasker } from "./fake.ts";
import { hashMasker } from "./hash.ts";
import { digestFor, type Digest } from "./mask-key.ts";
import { partialMasker } from "./partial.ts";
import { importFunction } from "./module-function.ts";
import type { ValueFunction } from "./remap-function.ts";
import { dateMasker } from "./shift-date.ts";
import type { Masker } from "./value.ts";
import { loadWordLists } from "./word-lists.ts";

/**
 * The masker of a function. Under one key it is the same everywhere, so that equal values stay equal over columns, tables and jobs.
 * @param key of `deriveMaskKey`; null is enough for functions that are not keyed
 * @throws TSDP-00040 when the package of the word lists is not installed; ORA-39232 for a module that can't be loaded
 */
export async function createMasker(called: ValueFunction, key: Uint8Array | null): Promise<Masker> {
  const digest = (): Digest => {
    if (key === null) throw new Error(`${called.name} has no key`);
    return digestFor(key, called.name);
  };
  switch (called.name) {
    case "NULLIFY":
      return () => null;
    case "HASH":
      return hashMasker(digest());
    case "PARTIAL":
      return partialMasker(called.first, called.last);
    case "SHIFT_DATE":
      return dateMasker(digest(), called.days);
    case "MODULE":
      return importFunction(called);
    case "FAKE_PHONE":
      return phoneMasker(digest());
    default:
      return fakeMasker(called.name, digest(), await loadWordLists());
  }
}

import { createMasker } from "../mask/masker.ts";
import type { ValueFunction } from "../mask/remap-function.ts";
import type { Masker } from "../mask/value.ts";
import { NO_REPLACEMENTS, Replacements } from "../sqlite/replacement.ts";
import type { ColumnRemap } from "./messages.ts";

/** The functions that replace values, each made once for all tables. */
export class Maskers {
  #key: Uint8Array | null = null;
  readonly #made = new Map<string, Promise<Masker>>();

  takeKey(key: Uint8Array): void {
    this.#key = key;
    this.#made.clear();
  }

  /** @throws TSDP-00040 when the package of a function is not installed */
  async replacementsOf(remaps: readonly ColumnRemap[]): Promise<Replacements> {
    if (remaps.length === 0) return NO_REPLACEMENTS;
    const columns = remaps.map(async ({ called, ...column }) => {
      return called.name === "SHUFFLE" ? [] : [{ ...column, replace: await this.#maskerOf(called) }];
    });
    const shuffled = remaps.filter(({ called }) => called.name === "SHUFFLE");
    return new Replacements((await Promise.all(columns)).flat(), shuffled);
  }

  #maskerOf(called: ValueFunction): Promise<Masker> {
    const name = JSON.stringify(called);
    const made = this.#made.get(name) ?? createMasker(called, this.#key);
    this.#made.set(name, made);
    return made;
  }
}

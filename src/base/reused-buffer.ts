/** Longer ones are made for one use. */
const MOST_KEPT = 32 << 20;

/**
 * Memory that is used over and over: fresh pages for every piece cost the kernel as much time as zstd takes for what goes into them.
 * What `take` gave before is overwritten.
 */
export class ReusedBuffer {
  #kept = Buffer.alloc(0);

  /** A buffer of this length, of any content. */
  readonly take = (length: number): Buffer => {
    if (length > MOST_KEPT) return Buffer.allocUnsafeSlow(length);
    if (length > this.#kept.length) this.#kept = Buffer.allocUnsafeSlow(length);
    return this.#kept.subarray(0, length);
  };
}

/** Parts differ by less than the piece that closed them: most find memory that fits. */
const STEP = 4 << 20;

/**
 * Memory of the parts that are on their way, so many bytes at a time; who wants more waits, in order. It is used over and over: fresh
 * pages for every part cost more than the copy into them.
 */
export class PartMemory {
  readonly #limit: number;
  readonly #waiting: { readonly bytes: number; readonly start: (memory: Buffer) => void }[] = [];
  /** Of parts that are gone. */
  readonly #spare: Buffer[] = [];
  #used = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Returns when there is room, with a buffer of this length and any content. What is larger than the limit has it alone. */
  async take(length: number): Promise<Buffer> {
    const bytes = Math.ceil(length / STEP) * STEP;
    const memory = await new Promise<Buffer>((start) => {
      this.#waiting.push({ bytes, start });
      this.#serve();
    });
    return memory.subarray(0, length);
  }

  /** @param isFree false: something may still read it */
  giveBack(buffer: Buffer, isFree: boolean): void {
    const memory = Buffer.from(buffer.buffer);
    this.#used -= memory.length;
    if (isFree) this.#spare.push(memory);
    this.#serve();
  }

  #serve(): void {
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      if (this.#used > 0 && this.#used + first.bytes > this.#limit) return;
      this.#waiting.shift();
      const memory = this.#memoryOf(first.bytes);
      this.#used += memory.length;
      first.start(memory);
    }
  }

  #memoryOf(bytes: number): Buffer {
    const fitting = this.#spare.findIndex(({ length }) => length === bytes);
    const [memory] = fitting < 0 ? [] : this.#spare.splice(fitting, 1);
    if (memory !== undefined) return memory;
    // Spare memory counts, too; what has become too small would stay for ever.
    const spare = this.#spare.reduce((sum, { length }) => sum + length, 0);
    if (this.#used + spare + bytes > this.#limit) this.#spare.length = 0;
    return Buffer.allocUnsafeSlow(bytes);
  }
}

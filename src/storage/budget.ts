/** So many bytes may be held at a time; who wants more waits, in order. */
export class Budget {
  readonly #limit: number;
  readonly #waiting: { readonly bytes: number; readonly start: () => void }[] = [];
  #used = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Returns when there is room. What is larger than the limit has it alone. */
  take(bytes: number): Promise<void> {
    return new Promise((start) => {
      this.#waiting.push({ bytes, start });
      this.#serve();
    });
  }

  giveBack(bytes: number): void {
    this.#used -= bytes;
    this.#serve();
  }

  #serve(): void {
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      if (this.#used > 0 && this.#used + first.bytes > this.#limit) return;
      this.#waiting.shift();
      this.#used += first.bytes;
      first.start();
    }
  }
}

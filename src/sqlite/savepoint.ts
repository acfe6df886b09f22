import type { Connection } from "./database.ts";

/** A step of a transaction that can be undone alone. */
export class Savepoint {
  static #last = 0;
  readonly #name = `tsdp_${(Savepoint.#last += 1)}`;
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
    connection.exec(`SAVEPOINT ${this.#name}`);
  }

  release(): void {
    this.#connection.exec(`RELEASE ${this.#name}`);
  }

  rollback(): void {
    this.#connection.exec(`ROLLBACK TO ${this.#name}; RELEASE ${this.#name}`);
  }
}

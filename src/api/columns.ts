import { pumpError } from "../base/errors.ts";
import { columnText, completeName, type ColumnRequest } from "../catalog/column-names.ts";
import { EncryptedColumns, type ColumnName } from "../catalog/encrypted-columns.ts";
import { upperName } from "../base/identifiers.ts";
import { assertAdministrator } from "../catalog/privileges.ts";
import { rejecting } from "./session.ts";

/** Which database, and whose session. */
export interface ColumnSession {
  readonly home: string;
  readonly database: string;
  readonly user: string;
}

/** The columns that an export with ENCRYPTION=ENCRYPTED_COLUMNS_ONLY encrypts. */
export class ColumnProcedures {
  readonly #session: ColumnSession;
  readonly #marks: EncryptedColumns;

  constructor(session: ColumnSession) {
    this.#session = session;
    this.#marks = new EncryptedColumns(session.home);
  }

  /** All columns that are marked, by name. */
  async list(): Promise<readonly ColumnName[]> {
    return rejecting(() => this.#marks.list());
  }

  /**
   * Marks columns, all or none. A schema that exists has to have them.
   * @returns them as their schemas spell them
   * @throws ORA-00942, ORA-00904, TSDP-00042 (it can't be kept apart), ORA-28334 (it is marked)
   */
  async encrypt(columns: readonly ColumnRequest[]): Promise<readonly ColumnName[]> {
    return rejecting(async () => {
      const { checkedColumn } = await import("../catalog/column-marks.ts");
      const checked: ColumnName[] = [];
      const named = this.#complete(columns);
      this.#assertOwn(named);
      for (const column of named) checked.push(await checkedColumn(column, this.#session.database));
      const marked = this.#marks.mark(checked);
      if (marked !== undefined) throw pumpError([["ORA-28334"], ["TSDP-00010", columnText(marked)]]);
      return checked;
    });
  }

  /** Takes the marks of columns away, all or none. @throws ORA-28333 for one that has none */
  async decrypt(columns: readonly ColumnRequest[]): Promise<readonly ColumnName[]> {
    return rejecting(() => {
      const named = this.#complete(columns);
      this.#assertOwn(named);
      const unmarked = this.#marks.unmark(named);
      if (unmarked !== undefined) throw pumpError([["ORA-28333"], ["TSDP-00010", columnText(unmarked)]]);
      return named;
    });
  }

  /** @throws ORA-01031 for columns of somebody else, unless the user is an administrator */
  #assertOwn(columns: readonly ColumnName[]): void {
    const { home, user } = this.#session;
    if (columns.some(({ schema }) => schema !== upperName(user))) assertAdministrator(home, user);
  }

  #complete(columns: readonly ColumnRequest[]): ColumnName[] {
    return columns.map((column) => completeName(column, this.#session.database, this.#session.user));
  }
}

import { storageClass } from "../base/storage-class.ts";

/** A value of SQLite that is not NULL: text, INTEGER, REAL, BLOB. Text is well-formed Unicode. */
export type MaskValue = string | bigint | number | Uint8Array;

/** Replaces one value of a column; null is NULL. It is never asked about NULL. */
export type Masker = (value: MaskValue) => MaskValue | null;

/** Thrown for a value that can't be replaced. The reason never tells the value. */
export class MaskFailure extends Error {
  override readonly name = "MaskFailure";
}

/** @throws MaskFailure for a value of another class than text */
export function textOf(value: MaskValue): string {
  if (typeof value === "string") return value;
  throw new MaskFailure(`it replaces text, and the value is of class ${String(storageClass(value))}`);
}

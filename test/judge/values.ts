/** A value with its storage class; text as its bytes in the encoding of the file. */
export type StoredValue = bigint | number | null | StoredBytes;

export interface StoredBytes {
  readonly isText: boolean;
  readonly bytes: Buffer;
}

/** Same storage class and same bits: 1 is not 1.0, 0.0 is not -0.0, '' is not x''. */
export function sameValue(a: StoredValue, b: StoredValue): boolean {
  if (isBytes(a) && isBytes(b)) return a.isText === b.isText && a.bytes.equals(b.bytes);
  return Object.is(a, b);
}

export function describeValue(value: StoredValue): string {
  if (value === null) return "NULL";
  if (typeof value === "bigint") return `integer ${value}`;
  if (typeof value === "number") return `real ${Object.is(value, -0) ? "-0" : value}`;
  const hex = value.bytes.subarray(0, 40).toString("hex");
  return `${value.isText ? "text" : "blob"} of ${value.bytes.length} bytes ${hex}${value.bytes.length > 40 ? "..." : ""}`;
}

function isBytes(value: StoredValue): value is StoredBytes {
  return typeof value === "object" && value !== null;
}

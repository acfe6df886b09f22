import { isUtf8 } from "node:buffer";
import type { TextEncoding } from "./schema.ts";

const LONE_SURROGATE = /\p{Surrogate}/u;

/** Text that is not valid in the encoding of its schema, so that no string can hold it. */
export class UndecodableText {
  readonly bytes: Uint8Array;
  readonly encoding: TextEncoding;

  constructor(bytes: Uint8Array, encoding: TextEncoding) {
    this.bytes = bytes;
    this.encoding = encoding;
  }
}

/** A value with its storage class: INTEGER is a BigInt, REAL a number. */
export type CellValue = null | bigint | number | string | Uint8Array | UndecodableText;

/** How a column is fetched so that nothing is lost: text as its bytes, a blob as hexadecimal digits, everything else as it is. */
export function fetchedAs(column: string): string {
  return `CASE typeof(${column}) WHEN 'text' THEN CAST(${column} AS BLOB) WHEN 'blob' THEN hex(${column}) ELSE ${column} END`;
}

/** The value that was fetched so. */
export function cellValue(fetched: unknown, encoding: TextEncoding): CellValue {
  if (typeof fetched === "string") return Buffer.from(fetched, "hex");
  if (fetched instanceof Buffer) return decodeText(fetched, encoding);
  return fetched as bigint | number | null;
}

function decodeText(bytes: Buffer, encoding: TextEncoding): string | UndecodableText {
  if (encoding === "UTF-8") return isUtf8(bytes) ? bytes.toString("utf8") : new UndecodableText(bytes, encoding);
  if (bytes.length % 2 === 1) return new UndecodableText(bytes, encoding);
  const text = (encoding === "UTF-16le" ? bytes : Buffer.from(bytes).swap16()).toString("utf16le");
  return LONE_SURROGATE.test(text) ? new UndecodableText(bytes, encoding) : text;
}

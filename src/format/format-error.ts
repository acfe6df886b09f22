/**
 * What is wrong with bytes that claim to be a dump file.
 * `invalid`: not such a file, cut off, or lengths and counts that can't be. `checksum`: a CRC or digest differs.
 * `version`: a newer format. `unsupported`: well formed, but of a kind that this version can't read.
 */
export type FormatFault = "invalid" | "checksum" | "version" | "unsupported";

/** The only error of `format`: it knows bytes, so it names an offset and no file. */
export class FormatError extends Error {
  override readonly name = "FormatError";
  readonly fault: FormatFault;

  constructor(fault: FormatFault, message: string) {
    super(message);
    this.fault = fault;
  }
}

/** A file of a vector: its name and its bytes. */
export interface VectorFile {
  readonly name: string;
  readonly bytes: Buffer;
}

/** A test vector (docs/format.md, "Test vectors"). */
export interface Vector {
  /** `success`, or what kind of failure it must be. */
  readonly expect: string;
  /** How far a reader must go to find the failure. */
  readonly read: "open" | "rows" | "import";
  /** The codes of the error stack of tsdp, outermost first; none for a success. */
  readonly codes: readonly string[];
  /** A part of the text of the error. */
  readonly reason: string | null;
  readonly comment: string;
  readonly password: string | null;
  /** A master key of a wallet. */
  readonly wallet: { readonly id: Buffer; readonly key: Buffer } | null;
  /** Names of the files that the reader is given, when not all. */
  readonly given: readonly string[] | null;
  /** SHA-256 of the listing of rows, in hex. */
  readonly rows: string | null;
  readonly files: readonly VectorFile[];
}

export function encodeVector(vector: Vector): Buffer {
  const { password, wallet, given, rows, files } = vector;
  const lines = [
    `expect: ${vector.expect}`,
    `read: ${vector.read}`,
    ...(vector.codes.length > 0 ? [`codes: ${vector.codes.join(" ")}`] : []),
    ...(vector.reason === null ? [] : [`reason: ${vector.reason}`]),
    `comment: ${vector.comment}`,
    ...(password === null ? [] : [`password: ${password}`]),
    ...(wallet === null ? [] : [`wallet: ${wallet.id.toString("hex")} ${wallet.key.toString("hex")}`]),
    ...(given ?? []).map((name) => `given: ${name}`),
    ...(rows === null ? [] : [`rows: ${rows}`]),
    ...files.map(({ name, bytes }) => `file: ${bytes.length} ${name}`),
  ];
  if (lines.some((line) => line.includes("\n"))) throw new RangeError(`a line break in ${vector.comment}`);
  return Buffer.concat([Buffer.from(`${lines.join("\n")}\n\n`), ...files.map(({ bytes }) => bytes)]);
}

export function decodeVector(bytes: Buffer): Vector {
  const end = bytes.indexOf("\n\n");
  const fields = bytes
    .toString("utf8", 0, end)
    .split("\n")
    .map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)] as const);
  const all = (name: string) => fields.filter(([field]) => field === name).map(([, value]) => value);
  const one = (name: string) => all(name)[0] ?? null;
  const given = all("given");
  return {
    expect: one("expect") ?? "",
    read: (one("read") ?? "rows") as Vector["read"],
    codes: one("codes")?.split(" ") ?? [],
    reason: one("reason"),
    comment: one("comment") ?? "",
    password: one("password"),
    wallet: decodeWallet(one("wallet")),
    given: given.length > 0 ? given : null,
    rows: one("rows"),
    files: decodeFiles(all("file"), bytes.subarray(end + 2)),
  };
}

function decodeWallet(value: string | null): Vector["wallet"] {
  if (value === null) return null;
  const [id = "", key = ""] = value.split(" ");
  return { id: Buffer.from(id, "hex"), key: Buffer.from(key, "hex") };
}

function decodeFiles(lines: readonly string[], bytes: Buffer): readonly VectorFile[] {
  let offset = 0;
  return lines.map((line) => {
    const start = offset;
    offset += Number.parseInt(line, 10);
    return { name: line.slice(line.indexOf(" ") + 1), bytes: Buffer.from(bytes.subarray(start, offset)) };
  });
}

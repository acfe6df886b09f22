import { STATUS_CODES } from "node:http";
import { PumpError, pumpError, type ErrorLine, type StackEntry } from "../base/errors.ts";
import { printable } from "../base/printable.ts";

/** An answer that does not hold what was asked for: too few bytes, too many, another range. */
export class BadAnswer extends Error {
  override readonly name = "BadAnswer";
}

/** What a request to a store has ended with. */
interface Fault {
  /** Of the store's answer; 0: there was none. */
  readonly status: number;
  /** The store's or the system's word: `NoSuchBucket`, `ECONNREFUSED`. */
  readonly code: string;
  readonly text: string;
}

/** A server may send any length of text as a reason. */
const MAX_TEXT = 200;

const TRANSIENT_STATUS: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);
const TRANSIENT_CODES: ReadonlySet<string> = new Set([
  "SlowDown",
  "RequestTimeout",
  "RequestTimeTooSkewed",
  "InternalError",
  "ServiceUnavailable",
  "Throttling",
  "ThrottlingException",
  "ECONNRESET",
  "ECONNREFUSED",
  "ECONNABORTED",
  "EPIPE",
  "ETIMEDOUT",
  "EAI_AGAIN",
  "ENETUNREACH",
  "EHOSTUNREACH",
  "TimeoutError",
  "ERR_STREAM_PREMATURE_CLOSE",
  "HPE_INVALID_CONSTANT",
  "UND_ERR_SOCKET",
  "UND_ERR_CONNECT_TIMEOUT",
]);

/** Whether the same request may succeed a little later. */
export function isTransient(error: unknown): boolean {
  if (error instanceof BadAnswer) return true;
  if (error instanceof PumpError) return false;
  const { status, code } = faultOf(error);
  return TRANSIENT_STATUS.has(status) || TRANSIENT_CODES.has(code);
}

/** Whether a request has failed with one of these codes or statuses. */
export function isFault(error: unknown, ...codes: readonly (string | number)[]): boolean {
  const { status, code } = faultOf(error);
  return codes.includes(status) || codes.includes(code);
}

/** An HTTP answer that is no success, as a fault with the code that its XML names. */
export class HttpFault extends Error {
  override readonly name = "HttpFault";
  readonly status: number;
  readonly code: string;

  constructor(status: number, body: string) {
    super(/<Message>([^<]*)<\/Message>/.exec(body)?.[1] ?? "");
    this.status = status;
    this.code = /<Code>([A-Za-z0-9.]{1,60})<\/Code>/.exec(body)?.[1] ?? `HTTP-${status}`;
  }
}

/** ORA-31641 and why. */
export function notCreated(path: string, error: unknown): PumpError {
  return storeError([["ORA-39001"], ["ORA-39000"], ["ORA-31641", path]], error);
}

/** ORA-31617 and why. */
export function notWritable(path: string, error: unknown): PumpError {
  return storeError([["ORA-31617", path]], error);
}

/** ORA-31640 and why. */
export function notReadable(path: string, error: unknown): PumpError {
  const missing: StackEntry[] = isFault(error, "NoSuchKey", "NotFound", "NoSuchUpload", "HTTP-404") ? [["ORA-27037"]] : [];
  return storeError([["ORA-39001"], ["ORA-39000"], ["ORA-31640", path], ...missing], error);
}

/** ORA-31619: the object ends before the bytes that are asked for. */
export function cutOff(path: string, offset: number, length: number, size: number): PumpError {
  const text = `cut off: need ${length} bytes at offset ${offset}, the file has ${size}`;
  return pumpError([["ORA-39001"], ["ORA-39000"], ["ORA-31619", path], ["TSDP-00010", text]]);
}

/** Instead of the advice for a disk. */
const UNSAID = "Check that the object store can be reached; a job that has stopped for it can be started again.";

/** The outer lines come from the caller; a cause that is a stack already goes below them as it is. */
function storeError(outer: readonly StackEntry[], error: unknown): PumpError {
  if (error instanceof PumpError) {
    const known = new Set(outer.map((entry) => ("code" in entry ? entry.code : entry[0])));
    return pumpError([...outer, ...error.lines.filter(({ code }) => !known.has(code as never))], error.hint ?? UNSAID, error);
  }
  const fault = faultOf(error);
  const reason = STATUS_CODES[fault.status];
  const http: StackEntry[] = reason === undefined ? [] : [["ORA-17500", `ODM HTTP ${reason}`]];
  return pumpError([...outer, ...http, lineOf(fault)], hintOf(fault), error);
}

function lineOf({ code, text }: Fault): ErrorLine {
  return { code: printable(code).slice(0, 60), text: printable(text).slice(0, MAX_TEXT) };
}

function faultOf(error: unknown): Fault {
  if (!(error instanceof Error)) return { status: 0, code: "Error", text: String(error) };
  const status = statusOf(error);
  // `fetch` says only that it has failed; the reason is the cause of its error.
  if (error.cause instanceof Error && status === 0) return faultOf(error.cause);
  const [text = ""] = error.message.split("\n");
  return { status, code: codeOf(error, status), text: text === "" || text === "UnknownError" ? "no reason given" : text };
}

function codeOf(error: Error, status: number): string {
  if ("code" in error && typeof error.code === "string") return error.code;
  if ("Code" in error && typeof error.Code === "string") return error.Code;
  const isNamed = error.name !== "Error" && error.name !== "UnknownError" && !/^\d+$/.test(error.name);
  return isNamed || status === 0 ? error.name : `HTTP-${status}`;
}

function statusOf(error: Error): number {
  if (error instanceof HttpFault) return error.status;
  const metadata: unknown = "$metadata" in error ? error.$metadata : undefined;
  if (typeof metadata !== "object" || metadata === null || !("httpStatusCode" in metadata)) return 0;
  return Number(metadata.httpStatusCode ?? 0);
}

const HINTS: Readonly<Record<string, string>> = {
  NoSuchBucket: "Create the bucket, or correct its name in the URL.",
  NoSuchKey: "Check the name in the URL against the objects of the bucket.",
  NotFound: "Check the name in the URL against the objects of the bucket.",
  NoSuchUpload: "The store has dropped the unfinished upload; remove the job with `tsdp jobs clean` and run it anew.",
  ExpiredToken: "The session token has expired: make a new one and give it to the credential.",
  ENOTFOUND: "Check the host name in the URL, or the endpoint of the credential.",
  EAI_AGAIN: "The host name can't be looked up now: check the network.",
  ECONNREFUSED: "Nothing answers at this address: check host and port, and that the service runs.",
  CredentialsProviderError:
    "No credential is known for this URL: name one with credential=, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
};

function hintOf({ status, code, text }: Fault): string {
  const known = HINTS[code];
  if (known !== undefined) return known;
  if (/expired/i.test(text) && status > 0) return "The URL, or what signs it, has expired: get a new one.";
  if (status === 401 || status === 403)
    return "The store refuses access: check key and secret of the credential, and that it may read and write in this bucket.";
  if (status === 404) return "Check the URL: the store has nothing of this name.";
  if (/CERT|TLS|SSL/.test(code)) return "The certificate of the server is not trusted; NODE_EXTRA_CA_CERTS names further ones.";
  if (TRANSIENT_STATUS.has(status) || TRANSIENT_CODES.has(code) || code === "BadAnswer")
    return "The store has failed again and again: try later; a job that has stopped for it can be started again.";
  return "Check the URL and what the store says of the request.";
}

import type { IncomingMessage } from "node:http";

/** A request of S3's interface. */
export interface StoreRequest {
  /** `UploadPart`; the HTTP method where it is none of those that a store of dump files needs. */
  readonly operation: string;
  readonly bucket: string;
  readonly key: string;
  readonly query: URLSearchParams;
  readonly range: string | undefined;
}

export function describeRequest({ method = "", url = "", headers }: IncomingMessage): StoreRequest {
  const { pathname, searchParams: query } = new URL(url, "http://store");
  const [, bucket = "", ...key] = pathname.split("/").map(decodeURIComponent);
  return { operation: operationOf(method, query, key.join("/")), bucket, key: key.join("/"), query, range: headers.range };
}

/** By method, for an object and for a part of an upload. */
const OPERATIONS: Readonly<Record<string, readonly [object: string, upload: string]>> = {
  HEAD: ["HeadObject", "HeadObject"],
  GET: ["GetObject", "ListParts"],
  PUT: ["PutObject", "UploadPart"],
  DELETE: ["DeleteObject", "AbortMultipartUpload"],
  POST: ["CreateMultipartUpload", "CompleteMultipartUpload"],
};

function operationOf(method: string, query: URLSearchParams, key: string): string {
  if (key === "") return method === "GET" && query.has("uploads") ? "ListMultipartUploads" : method;
  return OPERATIONS[method]?.[query.has("uploadId") ? 1 : 0] ?? method;
}

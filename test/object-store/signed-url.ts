import { createHash, createHmac } from "node:crypto";
import type { StoreAccess } from "../../src/storage/access.ts";

/** A URL that opens an object to whoever has it, for so many seconds: signature version 4 in its query. */
export function signedUrl(url: string, { accessKeyId, secretAccessKey }: StoreAccess, expiresIn = 600, now = new Date()): string {
  const { host, pathname } = new URL(url);
  const time = now.toISOString().replace(/[:-]|\.\d+/g, "");
  const scope = [time.slice(0, 8), "us-east-1", "s3", "aws4_request"];
  const query = new URLSearchParams({
    "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
    "X-Amz-Credential": [accessKeyId, ...scope].join("/"),
    "X-Amz-Date": time,
    "X-Amz-Expires": String(expiresIn),
    "X-Amz-SignedHeaders": "host",
  }).toString();
  const request = ["GET", pathname, query, `host:${host}\n`, "host", "UNSIGNED-PAYLOAD"].join("\n");
  const text = ["AWS4-HMAC-SHA256", time, scope.join("/"), createHash("sha256").update(request).digest("hex")].join("\n");
  const key = scope.reduce<Buffer | string>((secret, part) => hmac(secret, part), `AWS4${secretAccessKey}`);
  return `${url}?${query}&X-Amz-Signature=${hmac(key, text).toString("hex")}`;
}

function hmac(key: Buffer | string, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

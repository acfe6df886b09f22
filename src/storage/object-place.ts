import { pumpError, type PumpError } from "../base/errors.ts";

/** An object by its bucket and name. */
export interface ObjectPlace {
  /** `https://host:port` of an https URL; null for `s3://`, which leaves it to the access. */
  readonly endpoint: string | null;
  readonly bucket: string;
  readonly key: string;
}

const BUCKET = /^[A-Za-z0-9._-]{1,255}$/;

/** Whether a place is in an object store. */
export function isUrl(path: string): boolean {
  return /^(?:https?|s3):\/\//i.test(path);
}

/** Whether a URL brings its own permission, as pre-authenticated ones do. */
export function hasQuery(path: string): boolean {
  return /^https?:\/\/[^?#]*\?/i.test(path);
}

/** `https://host/bucket/key` or `s3://bucket/key`. @throws ORA-29283 */
export function objectPlace(path: string): ObjectPlace {
  const [, s3, bucket = "", key = "", origin = ""] =
    /^(?:(s3):\/\/([^/]*)\/(.*)|(https?:\/\/[^/]*).*)$/is.exec(path)?.map((part: string | undefined) => part ?? "") ?? [];
  if (s3 !== "") return checked({ endpoint: null, bucket, key });
  if (origin === "" || origin.includes("@")) throw badPlace("not the URL of an object");
  const [first = "", ...rest] = path.slice(origin.length + 1).split("/");
  return checked({ endpoint: origin.toLowerCase(), bucket: first, key: decoded(rest.join("/")) });
}

/**
 * Whether an access that is good for URLs of a prefix is good for this one. Scheme, host and port must be the same, whole: a prefix
 * `https://store.example` must not give its keys to `https://store.example.org`.
 */
export function isUnder(prefix: string, path: string): boolean {
  const [a, b] = [splitUrl(prefix), splitUrl(path)];
  if (a.origin === "s3://") return b.origin.startsWith(a.origin);
  return a.origin !== "" && a.origin === b.origin && b.rest.startsWith(a.rest);
}

function splitUrl(url: string): { readonly origin: string; readonly rest: string } {
  const [, origin = "", rest = ""] = /^([a-z0-9]+:\/\/[^/?#]*)(.*)$/is.exec(url) ?? [];
  return { origin: origin.toLowerCase(), rest };
}

/** Servers and clients do not agree on what `..` in a name means. */
function checked(place: ObjectPlace): ObjectPlace {
  if (!BUCKET.test(place.bucket)) throw badPlace("the URL names no bucket");
  const steps = place.key.split("/");
  if (place.key === "" || place.key.endsWith("/") || steps.includes(".") || steps.includes(".."))
    throw badPlace("the URL names no object");
  if (Buffer.byteLength(place.key) > 1024 || place.key.includes("\0")) throw badPlace("the name of the object is not possible");
  return place;
}

function decoded(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    throw badPlace("the URL has a % that is none of its escapes");
  }
}

/** ORA-29283: the place of an object can't be one. */
function badPlace(reason: string): PumpError {
  return pumpError([["ORA-29283", reason]], "Give https://HOST/BUCKET/NAME or s3://BUCKET/NAME.");
}

/** How to enter an object store. It may be posted between threads. The key and the token are secrets. */
export interface StoreAccess {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string | null;
  /** URL of the service; null: the host of an https URL, or what the environment says for s3://. */
  readonly endpoint: string | null;
  /** Null: what the environment says, else `us-east-1`. */
  readonly region: string | null;
}

/** Where an access is good. */
export interface PlaceAccess {
  /** URLs that begin so; the longest prefix decides. */
  readonly prefix: string;
  readonly access: StoreAccess;
}

/** What a job may enter, and by which keys. A URL without an access is read as it is: a pre-authenticated or public one. */
export type StorageAccess = readonly PlaceAccess[];

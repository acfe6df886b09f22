import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { S3Client } from "@aws-sdk/client-s3";
import S3rver from "s3rver";
import type { StoreAccess } from "../../src/storage/access.ts";
import { FaultyProxy } from "./faulty-proxy.ts";
import { signedUrl } from "./signed-url.ts";
import { UploadBooks } from "./upload-books.ts";

process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] = "true";
const sdk = await import("@aws-sdk/client-s3");

/** An empty bucket of a store, and the proxy that everything passes. */
export interface TestStore {
  readonly endpoint: string;
  readonly access: StoreAccess;
  readonly bucket: string;
  readonly proxy: FaultyProxy;
  /** `http://host:port/bucket/name`. */
  url(name: string): string;
  /** Objects by name, and uploads that are neither completed nor aborted as `upload of NAME`. */
  names(): Promise<readonly string[]>;
  /** How many uploads are neither completed nor aborted. */
  openUploads(): Promise<number>;
  /** A URL that opens an object to whoever has it. */
  signedUrl(name: string, expiresIn?: number): string;
  close(): Promise<void>;
}

interface Server {
  readonly url: string;
  readonly access: StoreAccess;
  readonly books: UploadBooks | null;
  stop(): Promise<void>;
}

/** The real store that `.ci/run` starts; undefined when there is none. */
export function realServer(): Server | undefined {
  const { TSDP_S3_ENDPOINT: url, TSDP_S3_KEY: key, TSDP_S3_SECRET: secret } = process.env;
  if (url === undefined || key === undefined || secret === undefined) return undefined;
  return { url, access: accessOf(key, secret), books: null, stop: () => Promise.resolve() };
}

/** Starts a store on loopback, an s3rver unless another server is given, with an empty bucket and a proxy in front of it. */
export async function startObjectStore(given?: Server): Promise<TestStore> {
  const server = given ?? (await startS3rver());
  const proxy = new FaultyProxy(server.url, server.books);
  const endpoint = await proxy.listen();
  const access = { ...server.access, endpoint };
  const bucket = `tsdp-${randomBytes(6).toString("hex")}`;
  const client = clientOf(access);
  await client.send(new sdk.CreateBucketCommand({ Bucket: bucket }));
  proxy.seen.length = 0;
  const uploads = async () =>
    (await client.send(new sdk.ListMultipartUploadsCommand({ Bucket: bucket }))).Uploads?.map(({ Key = "" }) => Key) ?? [];
  const objects = async () =>
    (await client.send(new sdk.ListObjectsV2Command({ Bucket: bucket }))).Contents?.map(({ Key = "" }) => Key) ?? [];
  return {
    endpoint,
    access,
    bucket,
    proxy,
    url: (name) => `${endpoint}/${bucket}/${name}`,
    names: async () => [...(await objects()).sort(), ...(await uploads()).sort().map((key) => `upload of ${key}`)],
    openUploads: async () => (await uploads()).length,
    signedUrl: (name, expiresIn) => signedUrl(`${endpoint}/${bucket}/${name}`, access, expiresIn),
    close: async () => {
      proxy.heal();
      for (const Key of await objects()) await client.send(new sdk.DeleteObjectCommand({ Bucket: bucket, Key }));
      client.destroy();
      await proxy.close();
      await server.stop();
    },
  };
}

async function startS3rver(): Promise<Server> {
  const directory = mkdtempSync(join(tmpdir(), "tsdp-s3rver-"));
  const server = new S3rver({ address: "127.0.0.1", port: 0, silent: true, directory, vhostBuckets: false });
  const { port } = await server.run();
  return {
    url: `http://127.0.0.1:${port}`,
    access: accessOf("S3RVER", "S3RVER"),
    books: new UploadBooks(),
    stop: async () => {
      await server.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function accessOf(accessKeyId: string, secretAccessKey: string): StoreAccess {
  return { accessKeyId, secretAccessKey, sessionToken: null, endpoint: null, region: null };
}

function clientOf({ endpoint, accessKeyId, secretAccessKey }: StoreAccess): S3Client {
  return new sdk.S3Client({
    endpoint: endpoint ?? "",
    region: "us-east-1",
    credentials: { accessKeyId, secretAccessKey },
    forcePathStyle: true,
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
  });
}

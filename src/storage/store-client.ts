import { createRequire } from "node:module";
import type { Readable } from "node:stream";
import type * as Sdk from "@aws-sdk/client-s3";
import { pumpError } from "../base/errors.ts";
import type { StoreAccess } from "./access.ts";
import { boundAnswers } from "./bounded-answers.ts";
import type { RangeAnswer } from "./range-reader.ts";
import { withRetries, type Patience } from "./retry.ts";
import { BadAnswer, isFault } from "./store-faults.ts";

/** What a store says of an object. */
export interface ObjectFacts {
  readonly size: number;
  readonly etag: string | undefined;
  /** `tsdp-file` of its metadata: which upload it was. */
  readonly file: string | undefined;
}

/** A part of an upload that the store has. */
export interface UploadedPart {
  readonly number: number;
  readonly etag: string;
  readonly size: number;
}

/** An object of a bucket. */
export type ObjectName = Readonly<Record<"Bucket" | "Key", string>>;

const CONNECT_MS = 10_000;
/** Pages of a listing: more than the largest upload has. */
const MAX_PAGES = 100;

/** One service as one user: the requests that are made of it, each tried again as long as that may help. */
export class StoreClient {
  readonly #sdk: typeof Sdk;
  readonly #client: Sdk.S3Client;
  readonly #patience: Patience;

  /**
   * @param endpoint URL of the service; null: that of the access, else what the environment says
   * @throws TSDP-00040 when the SDK is not installed
   */
  constructor(access: StoreAccess | null, endpoint: string | null, patience: Patience) {
    this.#sdk = loadSdk();
    this.#patience = patience;
    this.#client = new this.#sdk.S3Client({
      ...serviceOf(access, endpoint),
      ...credentialsOf(access),
      // Each request is tried again here, all in the same way.
      maxAttempts: 1,
      // Stores other than Amazon's do not know the newer checksums.
      requestChecksumCalculation: "WHEN_REQUIRED",
      responseChecksumValidation: "WHEN_REQUIRED",
      expectContinueHeader: false,
      requestHandler: { connectionTimeout: CONNECT_MS, socketTimeout: patience.stallMs },
    });
    boundAnswers(this.#client);
  }

  /** Undefined when there is no such object. */
  async head(name: ObjectName): Promise<ObjectFacts | undefined> {
    try {
      const { ContentLength, ETag, Metadata } = await this.#retry(() => this.#client.send(new this.#sdk.HeadObjectCommand(name)));
      if (ContentLength === undefined || !Number.isSafeInteger(ContentLength) || ContentLength < 0)
        throw new BadAnswer("the store does not say how long the object is");
      return { size: ContentLength, etag: ETag, file: Metadata?.["tsdp-file"] };
    } catch (error) {
      if (isFault(error, 404)) return undefined;
      throw await this.#explained(name, error);
    }
  }

  /** Why there is no object: a HEAD has no body that could say it. */
  async whyMissing(name: ObjectName): Promise<unknown> {
    return this.#explained(name, Object.assign(new Error("there is no such object"), { code: "NoSuchKey" }));
  }

  /** One try: who reads the body has to try again. */
  async getRange(name: ObjectName, offset: number, length: number, etag: string | undefined): Promise<RangeAnswer> {
    const Range = `bytes=${offset}-${offset + length - 1}`;
    const request = { ...name, Range, ...(etag === undefined ? {} : { IfMatch: etag }) };
    const answer = await this.#client.send(new this.#sdk.GetObjectCommand(request));
    const body = answer.Body as Readable;
    const status = answer.$metadata.httpStatusCode ?? 0;
    return { status, contentRange: answer.ContentRange, etag: answer.ETag, body, cancel: () => body.destroy() };
  }

  /** @returns the id of the upload; a try whose answer was lost may have begun another, which nobody uses */
  async beginUpload(name: ObjectName, file: string): Promise<string> {
    const request = { ...name, ContentType: "application/octet-stream", Metadata: { "tsdp-file": file } };
    return this.#retry(async () => {
      const { UploadId } = await this.#client.send(new this.#sdk.CreateMultipartUploadCommand(request));
      if (UploadId === undefined || UploadId === "") throw new BadAnswer("the store does not say which upload it has begun");
      return UploadId;
    });
  }

  /** @returns the ETag: then the store has the part */
  async uploadPart(name: ObjectName, UploadId: string, number: number, Body: Buffer, abortSignal: AbortSignal): Promise<string> {
    const request = { ...name, UploadId, PartNumber: number, Body, ContentLength: Body.length };
    return this.#retry(async () => {
      const { ETag } = await this.#client.send(new this.#sdk.UploadPartCommand(request), { abortSignal });
      if (ETag === undefined || ETag === "") throw new BadAnswer("the store does not confirm a part");
      return ETag;
    }, abortSignal);
  }

  /** Those that an upload has, in order. */
  async listParts(name: ObjectName, UploadId: string): Promise<readonly UploadedPart[]> {
    const parts: UploadedPart[] = [];
    let marker: string | undefined;
    for (let page = 0; page < MAX_PAGES; page += 1) {
      const from = marker === undefined ? {} : { PartNumberMarker: marker };
      const request = new this.#sdk.ListPartsCommand({ ...name, UploadId, ...from });
      const { Parts, IsTruncated, NextPartNumberMarker } = await this.#retry(() => this.#client.send(request));
      for (const { PartNumber: number, ETag: etag, Size: size } of Parts ?? []) {
        if (number === undefined || etag === undefined || size === undefined) throw new BadAnswer("a part has no number");
        parts.push({ number, etag, size });
      }
      if (IsTruncated !== true || NextPartNumberMarker === undefined || NextPartNumberMarker === marker) break;
      marker = NextPartNumberMarker;
    }
    return parts.sort((a, b) => a.number - b.number);
  }

  /** @param replace whether an object that has the name is replaced, as far as the store can tell */
  async completeUpload(name: ObjectName, UploadId: string, parts: readonly UploadedPart[], replace: boolean): Promise<void> {
    const Parts = parts.map(({ number, etag }) => ({ PartNumber: number, ETag: etag }));
    const request = { ...name, UploadId, MultipartUpload: { Parts }, ...(replace ? {} : { IfNoneMatch: "*" }) };
    await this.#retry(() => this.#client.send(new this.#sdk.CompleteMultipartUploadCommand(request)));
  }

  /** No error when there is no such upload. */
  async abortUpload(name: ObjectName, UploadId: string): Promise<void> {
    try {
      await this.#retry(() => this.#client.send(new this.#sdk.AbortMultipartUploadCommand({ ...name, UploadId })));
    } catch (error) {
      if (!isFault(error, "NoSuchUpload", 404)) throw error;
    }
  }

  /** Keys that begin with one and go on without a slash, in order; none when the store does not list them for us. */
  async listObjects({ Bucket, Key: Prefix }: ObjectName, most: number): Promise<readonly string[]> {
    const keys: string[] = [];
    try {
      for (let page = 0, from = {}; page < MAX_PAGES && keys.length < most; page += 1) {
        const request = new this.#sdk.ListObjectsV2Command({ Bucket, Prefix, Delimiter: "/", ...from });
        const { Contents, IsTruncated, NextContinuationToken } = await this.#retry(() => this.#client.send(request));
        keys.push(...(Contents ?? []).flatMap(({ Key }) => (Key?.startsWith(Prefix) === true ? [Key] : [])));
        if (IsTruncated !== true || NextContinuationToken === undefined) break;
        from = { ContinuationToken: NextContinuationToken };
      }
    } catch (error) {
      if (!isFault(error, 400, 403, 404, 405, 501)) throw error;
    }
    return keys.slice(0, most);
  }

  /** No error when there is no such object. */
  async remove(name: ObjectName): Promise<void> {
    try {
      await this.#retry(() => this.#client.send(new this.#sdk.DeleteObjectCommand(name)));
    } catch (error) {
      if (!isFault(error, 404)) throw error;
    }
  }

  #retry<T>(request: (tries: number) => Promise<T>, signal?: AbortSignal): Promise<T> {
    return withRetries(this.#patience, request, signal);
  }

  /** Asks again in a way that is answered with a reason; the first error when that brings none. */
  async #explained(name: ObjectName, error: unknown): Promise<unknown> {
    if (error instanceof BadAnswer) return error;
    try {
      (await this.getRange(name, 0, 1, undefined)).cancel();
      return error;
    } catch (reason) {
      return isFault(reason, "InvalidRange", 416) ? error : reason;
    }
  }
}

/** By `require`, which takes two thirds of the time: `import` reads the whole SDK once more to learn the names that it exports. */
function loadSdk(): typeof Sdk {
  // It says on standard error which versions of Node it will support.
  process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] ??= "true";
  try {
    return createRequire(import.meta.url)("@aws-sdk/client-s3") as typeof Sdk;
  } catch (error) {
    throw pumpError([["TSDP-00040", "@aws-sdk/client-s3"]], undefined, error);
  }
}

function serviceOf(access: StoreAccess | null, endpoint: string | null): Sdk.S3ClientConfig {
  const service = access?.endpoint ?? endpoint ?? fromEnvironment("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL");
  const named = access?.region ?? fromEnvironment("AWS_REGION", "AWS_DEFAULT_REGION");
  // Without a region the SDK looks into the user's profile.
  const isLeftToSdk = named === null && access === null && service === null;
  const place = isLeftToSdk ? {} : { region: named ?? "us-east-1" };
  if (service === null) return { ...place, followRegionRedirects: true };
  return { ...place, endpoint: service, forcePathStyle: true };
}

function fromEnvironment(...names: readonly string[]): string | null {
  return names.map((name) => process.env[name]).find((value) => value !== undefined && value !== "") ?? null;
}

/** Without an access the SDK looks where users of AWS keep theirs: environment, profile, the machine's role. */
function credentialsOf(access: StoreAccess | null): Sdk.S3ClientConfig {
  if (access === null) return {};
  const { accessKeyId, secretAccessKey, sessionToken } = access;
  return { credentials: { accessKeyId, secretAccessKey, ...(sessionToken === null ? {} : { sessionToken }) } };
}

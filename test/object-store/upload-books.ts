import type { StoreRequest } from "./request.ts";

/** An answer that the books give in place of the server. */
export interface BookAnswer {
  readonly status: number;
  readonly body: string;
}

interface Upload {
  readonly bucket: string;
  readonly key: string;
  readonly initiated: string;
  readonly parts: Map<number, { readonly etag: string; readonly size: number }>;
}

/** A store takes no smaller part, but as the last. */
const SMALLEST_PART = 5 << 20;
/** Few, so that lists come in pages. */
const PAGE = 3;

/**
 * Keeps what s3rver does not: which uploads are open and which parts they have. So it can list and abort them, and it refuses what
 * real stores refuse.
 */
export class UploadBooks {
  readonly #uploads = new Map<string, Upload>();

  /** Undefined: the server's to answer. */
  answer(request: StoreRequest, body: Buffer): BookAnswer | undefined {
    const { operation, query } = request;
    if (operation === "ListMultipartUploads") return { status: 200, body: this.#listUploads(request) };
    const uploadId = query.get("uploadId");
    if (uploadId === null) return undefined;
    const upload = this.#uploads.get(uploadId);
    if (upload === undefined) return refusal(404, "NoSuchUpload");
    switch (operation) {
      case "AbortMultipartUpload":
        this.#uploads.delete(uploadId);
        return { status: 204, body: "" };
      case "ListParts":
        return { status: 200, body: listParts(upload, Number(query.get("part-number-marker") ?? 0)) };
      case "CompleteMultipartUpload":
        return refuseParts(upload, body.toString());
      default:
        return undefined;
    }
  }

  /** Takes down what the server has done. */
  note({ operation, bucket, key, query }: StoreRequest, size: number, etag: string, answer: string): void {
    const uploadId = query.get("uploadId") ?? "";
    if (operation === "CreateMultipartUpload") {
      const id = /<UploadId>([^<]+)</.exec(answer)?.[1] ?? "";
      this.#uploads.set(id, { bucket, key, initiated: new Date().toISOString(), parts: new Map() });
    } else if (operation === "UploadPart") {
      this.#uploads.get(uploadId)?.parts.set(Number(query.get("partNumber")), { etag, size });
    } else if (operation === "CompleteMultipartUpload") this.#uploads.delete(uploadId);
  }

  #listUploads({ bucket, query }: StoreRequest): string {
    const prefix = query.get("prefix") ?? "";
    const open = [...this.#uploads].filter(([, upload]) => upload.bucket === bucket && upload.key.startsWith(prefix));
    const entries = open.map(
      ([id, { key, initiated }]) =>
        `<Upload><Key>${key}</Key><UploadId>${id}</UploadId><Initiated>${initiated}</Initiated></Upload>`,
    );
    return `<ListMultipartUploadsResult>${entries.join("")}<IsTruncated>false</IsTruncated></ListMultipartUploadsResult>`;
  }
}

function listParts({ parts }: Upload, after: number): string {
  const left = [...parts].filter(([number]) => number > after).sort(([a], [b]) => a - b);
  const entries = left
    .slice(0, PAGE)
    .map(([number, { etag, size }]) => `<Part><PartNumber>${number}</PartNumber><ETag>${etag}</ETag><Size>${size}</Size></Part>`);
  const marker = left[Math.min(PAGE, left.length) - 1]?.[0] ?? 0;
  return `<ListPartsResult>${entries.join("")}<NextPartNumberMarker>${marker}</NextPartNumberMarker><IsTruncated>${left.length > PAGE}</IsTruncated></ListPartsResult>`;
}

function refuseParts({ parts }: Upload, body: string): BookAnswer | undefined {
  const numbers = [...body.matchAll(/<PartNumber>(\d+)</g)].map((found) => Number(found[1]));
  const sizes = numbers.map((number) => parts.get(number)?.size);
  if (numbers.length === 0 || sizes.includes(undefined)) return refusal(400, "InvalidPart");
  if (sizes.slice(0, -1).some((size) => (size ?? 0) < SMALLEST_PART)) return refusal(400, "EntityTooSmall");
  return undefined;
}

function refusal(status: number, code: string): BookAnswer {
  return { status, body: `<Error><Code>${code}</Code><Message>refused by the books of the test</Message></Error>` };
}

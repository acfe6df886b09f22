import { parentPort } from "node:worker_threads";
import { toPumpError } from "../base/errors.ts";
import type { SegmentSums } from "../dump/verify.ts";
import { loadCodec } from "../format/compression.ts";
import { dropRejected, writeBadFile } from "../sqlite/bad-file.ts";
import { CODEC } from "../format/frame.ts";
import type { TargetProblems } from "../sqlite/target.ts";
import type { CopiedRows } from "../sqlite/staging.ts";
import { Linker } from "./linker.ts";
import { Loader } from "./loader.ts";
import { Maskers } from "./maskers.ts";
import type { Unloaded, UnloadedPiece, WorkerAnswers, WorkerReply, WorkerRequest } from "./messages.ts";
import { Unloader } from "./unloader.ts";

/** Requests about the sources of an export, once they are open. */
type ExportRequest = Extract<
  WorkerRequest,
  { do: "attach rows" | "unload" | "continue salvage" | "read pages" | "count" | "check keys" }
>;

type PublishRequest = Extract<WorkerRequest, { do: "prepare publication" | "commit publication" | "drop mark" }>;

type ImportRequest =
  | PublishRequest
  | Extract<
      WorkerRequest,
      {
        do:
          | "sum segments"
          | "decode"
          | "load"
          | "place pages"
          | "check pages"
          | "end loading"
          | "write bad file"
          | "drop rejected"
          | "check";
      }
    >;

type LinkRequest = Extract<WorkerRequest, { do: "open link" | "copy" | "count linked" | "end copying" }>;

/** One worker thread: answers the control process, request by request. */
class Worker {
  readonly #post: (reply: WorkerReply, transfer?: readonly ArrayBuffer[]) => void;
  readonly #maskers = new Maskers();
  readonly #loader = new Loader(this.#maskers);
  #unloader: Unloader | null = null;
  #linker: Linker | null = null;

  constructor(post: (reply: WorkerReply, transfer?: readonly ArrayBuffer[]) => void) {
    this.#post = post;
  }

  async handle(request: WorkerRequest): Promise<void> {
    if (request.do === "enter places") {
      this.#loader.enter(request.places);
      return;
    }
    if (request.do === "take mask key") {
      this.#maskers.takeKey(request.key);
      return;
    }
    try {
      await loadCodec();
      const { value, transfer } = movable(await this.#answer(request));
      this.#post({ is: "answer", value }, transfer);
    } catch (error) {
      this.#post({ is: "failure", error: toPumpError(error).toJSON() });
    }
  }

  async #answer(
    request: Exclude<WorkerRequest, { do: "enter places" | "take mask key" }>,
  ): Promise<WorkerAnswers[keyof WorkerAnswers]> {
    if (isLinkRequest(request)) return this.#link(request);
    switch (request.do) {
      case "open sources":
        this.#unloader = new Unloader(request, this.#maskers);
        return null;
      case "begin snapshot":
      case "end snapshot":
        return this.#snapshot(request);
      case "attach rows":
      case "unload":
      case "continue salvage":
      case "read pages":
      case "count":
      case "check keys":
        return this.#export(this.#exporter(), request);
      case "close":
        return this.#close();
      default:
        return this.#import(request);
    }
  }

  async #close(): Promise<null> {
    this.#unloader?.close();
    this.#linker?.close();
    this.#linker = null;
    await this.#loader.close();
    return null;
  }

  async #import(
    request: ImportRequest,
  ): Promise<CopiedRows | boolean | TargetProblems | readonly SegmentSums[] | readonly string[] | null> {
    if (isPublishRequest(request)) return this.#publish(request);
    switch (request.do) {
      case "sum segments":
        return this.#loader.sumSegments(request);
      case "decode":
        await this.#loader.decode(request);
        return null;
      case "load":
        return this.#loader.load(request);
      case "place pages":
        await this.#loader.placePages(request);
        return null;
      case "check pages":
        return this.#loader.checkPages(request);
      case "end loading":
        this.#loader.endLoading();
        return null;
      case "write bad file":
        return writeBadFile(request.path, request.badPath, request.reasons, request.tables);
      case "drop rejected":
        dropRejected(request.path, request.durable, request.reasons, request.tables);
        return null;
      case "check":
        return this.#loader.check(request);
    }
  }

  #publish(request: PublishRequest): null {
    if (request.do === "commit publication") this.#loader.commitPublication();
    else if (request.do === "drop mark") this.#loader.dropMark(request);
    else
      this.#loader.preparePublication(request, (event) => {
        this.#post({ is: "event", event });
      });
    return null;
  }

  #snapshot(request: Extract<WorkerRequest, { do: "begin snapshot" | "end snapshot" }>): null {
    const reader = this.#linker ?? this.#exporter();
    if (request.do === "begin snapshot") reader.beginSnapshot();
    else reader.endSnapshot();
    return null;
  }

  async #link(request: LinkRequest): Promise<CopiedRows | number | null> {
    if (request.do === "open link") {
      this.#linker = new Linker(request.sources, this.#maskers);
      return null;
    }
    if (this.#linker === null) throw new Error("the link is not open");
    switch (request.do) {
      case "copy":
        return this.#linker.copy(request);
      case "count linked":
        return this.#linker.count(request);
      case "end copying":
        this.#linker.finish(request);
        return null;
    }
  }

  async #export(
    unloader: Unloader,
    request: ExportRequest,
  ): Promise<Unloaded | { readonly piece: UnloadedPiece } | number | null> {
    switch (request.do) {
      case "attach rows":
        unloader.attachRows(request.schema, request.path);
        return null;
      case "unload":
        return unloader.unload(request.table, request.range);
      case "continue salvage":
        return unloader.continueSalvage();
      case "read pages":
        return { piece: unloader.readPages(request) };
      case "count":
        return unloader.count(request.table, request.byTable);
      case "check keys":
        await unloader.checkKeys(request.table);
        return null;
    }
  }

  #exporter(): Unloader {
    if (this.#unloader === null) throw new Error("the sources are not open");
    return this.#unloader;
  }
}

function isLinkRequest(request: WorkerRequest): request is LinkRequest {
  return ["open link", "copy", "count linked", "end copying"].includes(request.do);
}

function isPublishRequest(request: WorkerRequest): request is PublishRequest {
  return ["prepare publication", "commit publication", "drop mark"].includes(request.do);
}

/** What is compressed changes threads without a second copy. An image as it is may be memory of SQLite's, or be used again. */
function movable(value: WorkerAnswers[keyof WorkerAnswers]): { value: typeof value; transfer: readonly ArrayBuffer[] } {
  if (value === null || typeof value !== "object" || !("piece" in value) || value.piece === null) return { value, transfer: [] };
  const images = value.piece.images.map((image) => {
    if (image.codec !== CODEC.STORED) return image;
    const stored = Buffer.allocUnsafeSlow(image.stored.length);
    stored.set(image.stored);
    return { ...image, stored };
  });
  return {
    value: { ...value, piece: { ...value.piece, images } },
    transfer: images.map(({ stored }) => stored.buffer as ArrayBuffer),
  };
}

if (parentPort !== null) {
  const port = parentPort;
  const worker = new Worker((reply, transfer = []) => {
    port.postMessage(reply, [...transfer]);
  });
  port.on("message", (request: WorkerRequest) => {
    void worker.handle(request);
  });
}

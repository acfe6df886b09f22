import { parentPort } from "node:worker_threads";
import { toPumpError } from "../base/errors.ts";
import { loadCodec } from "../format/compression.ts";
import { SnapshotLost } from "../sqlite/stage.ts";
import { Loader } from "./loader.ts";
import type { WorkerAnswers, WorkerReply, WorkerRequest } from "./messages.ts";
import { Unloader } from "./unloader.ts";

/** One worker thread: answers the control process, request by request. */
class Worker {
  readonly #post: (reply: WorkerReply, transfer?: readonly ArrayBuffer[]) => void;
  readonly #loader = new Loader();
  #unloader: Unloader | null = null;

  constructor(post: (reply: WorkerReply, transfer?: readonly ArrayBuffer[]) => void) {
    this.#post = post;
  }

  async handle(request: WorkerRequest): Promise<void> {
    try {
      await loadCodec();
      const value = await this.#answer(request);
      this.#post({ is: "answer", value }, transferable(value));
    } catch (error) {
      this.#post({ is: "failure", error: toPumpError(error).toJSON(), snapshotLost: error instanceof SnapshotLost });
    }
  }

  async #answer(request: WorkerRequest): Promise<WorkerAnswers[keyof WorkerAnswers]> {
    switch (request.do) {
      case "open sources":
        this.#unloader = new Unloader(request.sources, request.compression);
        return null;
      case "begin snapshot":
        this.#exporter().beginSnapshot();
        return null;
      case "end snapshot":
        this.#exporter().endSnapshot();
        return null;
      case "unload":
        return this.#exporter().unload(request.table, request.range);
      case "continue salvage":
        return this.#exporter().continueSalvage();
      case "count":
        return this.#exporter().count(request.table, request.byTable);
      case "decode":
        await this.#loader.decode(request.location, request.shape);
        return null;
      case "load":
        return this.#loader.load(request);
      case "publish":
        this.#loader.publish(request, (event) => {
          this.#post({ is: "event", event });
        });
        return null;
      case "check":
        return this.#loader.check(request.path, request.tables);
      case "close":
        this.#unloader?.close();
        await this.#loader.close();
        return null;
    }
  }

  #exporter(): Unloader {
    if (this.#unloader === null) throw new Error("the sources are not open");
    return this.#unloader;
  }
}

/** The bytes of a piece change hands instead of being copied. */
function transferable(value: WorkerAnswers[keyof WorkerAnswers]): readonly ArrayBuffer[] {
  if (value === null || typeof value !== "object" || !("piece" in value) || value.piece === null) return [];
  const { buffer, byteLength } = value.piece.stored;
  return buffer instanceof ArrayBuffer && buffer.byteLength === byteLength ? [buffer] : [];
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

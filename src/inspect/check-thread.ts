import { parentPort, workerData } from "node:worker_threads";
import { toPumpError, type PumpError } from "../base/errors.ts";
import { OpenFiles } from "../dump/open-files.ts";
import { loadCodec } from "../dump/piece.ts";
import { openPlaces, type PlaceKeys } from "../storage/place-keys.ts";
import { checkPiece, type PieceFinding, type PieceTask } from "./piece-check.ts";

/** What a thread is asked: the check of one piece, or to give up its files. */
export type CheckRequest = PieceTask | "close";

export type CheckReply =
  | { readonly is: "finding"; readonly finding: PieceFinding }
  | { readonly is: "closed" }
  | { readonly is: "failure"; readonly error: ReturnType<PumpError["toJSON"]> };

if (parentPort !== null) {
  const port = parentPort;
  const files = new OpenFiles(openPlaces(workerData as PlaceKeys));
  const reply = (message: CheckReply) => {
    port.postMessage(message);
  };
  port.on("message", (request: CheckRequest) => {
    answer(request, files).then(reply, (error: unknown) => {
      reply({ is: "failure", error: toPumpError(error).toJSON() });
    });
  });
}

async function answer(request: CheckRequest, files: OpenFiles): Promise<CheckReply> {
  if (request === "close") {
    await files.close();
    return { is: "closed" };
  }
  await loadCodec();
  return { is: "finding", finding: await checkPiece(request, files) };
}

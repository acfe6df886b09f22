import type { S3Client } from "@aws-sdk/client-s3";
import { BadAnswer } from "./store-faults.ts";

/** More than the longest list of a thousand entries takes. */
const MAX_ANSWER = 4 << 20;

/** Keeps a client from taking more into memory than an answer can need; the bytes of objects are counted by who reads them. */
export function boundAnswers(client: S3Client): void {
  client.middlewareStack.add(
    (next, { commandName }) =>
      async (request) => {
        const result = await next(request);
        const { response } = result;
        const isObject = (answer: Answer) => commandName === "GetObjectCommand" && answer.statusCode < 300;
        if (isAnswer(response) && !isObject(response)) response.body = await collected(response.body);
        return result;
      },
    // The lowest of this step is the one next to the connection.
    { step: "deserialize", priority: "low", name: "tsdpBoundedAnswers" },
  );
}

interface Answer {
  readonly statusCode: number;
  body: unknown;
}

function isAnswer(response: unknown): response is Answer {
  return typeof response === "object" && response !== null && "statusCode" in response && "body" in response;
}

async function collected(body: unknown): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > MAX_ANSWER) throw new BadAnswer(`the answer is longer than ${MAX_ANSWER} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

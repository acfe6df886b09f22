import { Agent, createServer, request as httpRequest, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { describeRequest, type StoreRequest } from "./request.ts";
import type { UploadBooks } from "./upload-books.ts";

/** What may befall a request or its answer. */
export type Fault =
  | { readonly kind: "answer"; readonly status: number; readonly body?: string; readonly headers?: Record<string, string> }
  /** The server is asked later. */
  /** The connection ends before the request reaches the server. */
  | { readonly kind: "reset" }
  /** The server has done it, and the answer is lost. */
  | { readonly kind: "lost answer" }
  /** The connection ends after so many bytes of the body. */
  | { readonly kind: "reset in body"; readonly after: number }
  /** Nothing comes after so many bytes of the body; null: no answer at all. */
  | { readonly kind: "stall"; readonly after: number | null }
  /** The body is another than the one of the server, under the headers of the server but for the length. */
  | { readonly kind: "other body"; readonly change: (body: Buffer) => Buffer }
  /** The headers are changed. */
  | { readonly kind: "other headers"; readonly status?: number; readonly change: Record<string, string | undefined> };

interface Rule {
  readonly fault: Fault;
  readonly when: (request: StoreRequest) => boolean;
  left: number;
}

interface Exchange {
  readonly request: StoreRequest;
  readonly incoming: IncomingMessage;
  readonly response: ServerResponse;
  /** Bytes of the request's body. */
  readonly sent: number;
}

/** Stands between a client and a store. It passes everything on unchanged, the Host header as well, which signatures cover. */
export class FaultyProxy {
  /** What has come, in order, as long as the test does not empty it. */
  readonly seen: StoreRequest[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #target: URL;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #books: UploadBooks | null;
  #rules: Rule[] = [];

  /** @param books null: the server keeps its own */
  constructor(target: string, books: UploadBooks | null) {
    this.#target = new URL(target);
    this.#books = books;
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch(() => response.destroy());
    });
    this.#server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#agent.destroy();
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** The next so many requests of this operation end so. */
  fail(fault: Fault, when: string | ((request: StoreRequest) => boolean), times = 1): void {
    const matches = typeof when === "string" ? ({ operation }: StoreRequest) => operation === when : when;
    this.#rules.push({ fault, when: matches, left: times });
  }

  /** Faults that have not come about are taken back. @returns how many there were */
  heal(): number {
    const left = this.#rules.filter((rule) => rule.left > 0 && rule.left !== Number.POSITIVE_INFINITY).length;
    this.#rules = [];
    return left;
  }

  count(operation: string): number {
    return this.seen.filter((request) => request.operation === operation).length;
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = describeRequest(incoming);
    this.seen.push(request);
    const fault = this.#faultOf(request);
    if (fault?.kind === "reset") {
      incoming.socket.resetAndDestroy();
      return;
    }
    const body = await collect(incoming);
    if (isAnswered(response, fault)) return;
    const answer = this.#books?.answer(request, body);
    if (answer === undefined)
      await this.#forward(incoming, body, (found) =>
        this.#pass({ request, incoming, response, sent: body.length }, found, fault),
      );
    else if (fault?.kind === "lost answer") incoming.socket.resetAndDestroy();
    else response.writeHead(answer.status, { "content-type": "application/xml" }).end(answer.body);
  }

  #faultOf(request: StoreRequest): Fault | undefined {
    const rule = this.#rules.find(({ left, when }) => left > 0 && when(request));
    if (rule !== undefined) rule.left -= 1;
    return rule?.fault;
  }

  /** The bytes of an object are not collected, as long as nothing is to befall them. */
  async #pass({ request, incoming, response, sent }: Exchange, found: IncomingMessage, fault?: Fault): Promise<void> {
    if (request.operation === "GetObject" && fault === undefined) {
      response.writeHead(found.statusCode ?? 502, found.rawHeaders);
      found.on("error", () => response.destroy());
      response.on("close", () => found.destroy());
      found.pipe(response);
      return;
    }
    const bytes = await collect(found);
    if ((found.statusCode ?? 500) < 300)
      this.#books?.note(request, sent, found.headers.etag ?? "", bytes.toString("utf8", 0, 4096));
    reply(incoming, response, found, bytes, fault);
  }

  #forward(incoming: IncomingMessage, body: Buffer, take: (answer: IncomingMessage) => Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      const { hostname, port } = this.#target;
      const { method = "GET", url: path = "/", rawHeaders: headers } = incoming;
      const outgoing = httpRequest({ agent: this.#agent, hostname, port, method, path, headers, setHost: false }, (answer) => {
        take(answer).then(resolve, reject);
      });
      outgoing.on("error", reject);
      outgoing.end(body);
    });
  }
}

/** Whether the server is not asked at all. */
function isAnswered(response: ServerResponse, fault: Fault | undefined): boolean {
  if (fault?.kind === "answer") response.writeHead(fault.status, fault.headers ?? {}).end(fault.body ?? "");
  return fault?.kind === "answer" || (fault?.kind === "stall" && fault.after === null);
}

function reply(incoming: IncomingMessage, response: ServerResponse, found: IncomingMessage, body: Buffer, fault?: Fault): void {
  const headers: Record<string, string | string[] | undefined> = { ...found.headers };
  delete headers["transfer-encoding"];
  if (incoming.method !== "HEAD") headers["content-length"] = String(body.length);
  const status = found.statusCode ?? 502;
  switch (fault?.kind) {
    case "lost answer":
      incoming.socket.resetAndDestroy();
      return;
    case "reset in body":
    case "stall":
      response.writeHead(status, present(headers));
      response.write(body.subarray(0, fault.after ?? 0), () => {
        if (fault.kind === "reset in body") incoming.socket.resetAndDestroy();
      });
      return;
    case "other body": {
      const changed = fault.change(body);
      response.writeHead(status, present({ ...headers, "content-length": String(changed.length) })).end(changed);
      return;
    }
    case "other headers":
      response.writeHead(fault.status ?? status, present({ ...headers, ...fault.change })).end(body);
      return;
    default:
      response.writeHead(status, present(headers)).end(body);
  }
}

function present(headers: Record<string, string | string[] | undefined>): Record<string, string | string[]> {
  return Object.fromEntries(Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}

async function collect(stream: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

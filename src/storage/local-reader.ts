import type { FileHandle } from "node:fs/promises";
import { cutOff, notReadable } from "./local-faults.ts";
import type { StorageReader } from "./storage.ts";

/** A file of the local disk that is open for reading. */
export class LocalReader implements StorageReader {
  readonly path: string;
  readonly size: number;
  readonly #handle: FileHandle;

  constructor(path: string, size: number, handle: FileHandle) {
    this.path = path;
    this.size = size;
    this.#handle = handle;
  }

  async read(offset: number, length: number): Promise<Buffer> {
    if (offset + length > this.size) throw cutOff(this.path, offset, length, this.size);
    const bytes = Buffer.allocUnsafeSlow(length);
    for (let done = 0; done < length;) {
      const { bytesRead } = await this.#readSome(bytes, done, offset + done);
      if (bytesRead === 0) throw cutOff(this.path, offset, length, offset + done);
      done += bytesRead;
    }
    return bytes;
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  async #readSome(bytes: Buffer, start: number, position: number): Promise<{ bytesRead: number }> {
    try {
      return await this.#handle.read(bytes, start, bytes.length - start, position);
    } catch (error) {
      throw notReadable(this.path, ["ORA-27041"], error);
    }
  }
}

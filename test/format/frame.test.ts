import { crc32 } from "node:zlib";
import { describe, expect, it } from "vitest";
import { FormatError } from "../../src/format/format-error.ts";
import { decodeFrameHeader, encodeFrame, FRAME_HEADER_LENGTH } from "../../src/format/frame.ts";
import { decodeIndex, encodeIndex, type Segment } from "../../src/format/segment-index.ts";

const FACTS = { type: 1, codec: 1, cipher: 0, image: 0, object: 7, piece: 2, rawLength: 5000, storedLength: 4, rows: 9 } as const;
const FRAME = { ...FACTS, guid: "0F".repeat(16), fileNumber: 2, frame: 0, last: true };
const PAYLOAD = Buffer.from("data");

function withByte(bytes: Buffer, offset: number, value: number): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt8(value, offset);
  copy.writeUInt32BE(crc32(copy.subarray(0, copy.length - 4)), copy.length - 4);
  return copy;
}

describe("frame header", () => {
  const [bytes] = encodeFrame(FRAME, PAYLOAD, null);

  it("has 112 bytes and comes back as it was written", () => {
    expect(bytes.length).toBe(FRAME_HEADER_LENGTH);
    expect(decodeFrameHeader(bytes)).toEqual({
      ...FRAME,
      payloadLength: 4,
      payloadChecksum: crc32(PAYLOAD),
      keySalt: Buffer.alloc(32),
    });
  });

  it("shows any changed byte", () => {
    for (let i = 0; i < bytes.length; i += 1) {
      const damaged = Buffer.from(bytes);
      damaged.writeUInt8(damaged.readUInt8(i) ^ 0x80, i);
      expect(() => decodeFrameHeader(damaged), `byte ${i}`).toThrow(FormatError);
    }
  });

  it.each([
    ["an unknown type", 4, 9, "piece type 9"],
    ["an unknown codec", 5, 2, "codec 2"],
    ["unknown flags", 6, 2, "flags 2"],
    ["an unknown cipher", 8, 4, "cipher 4"],
    ["reserved bytes in use", 9, 1, "reserved bytes"],
    ["a payload over 1 MiB", 24, 1, "payload of 16777220 bytes is too long"],
    ["an image over 1 GiB", 31, 1, "is too long"],
    ["a key salt", 72, 1, "a salt without a cipher"],
  ])("is refused with %s", (_, offset, value, message) => {
    expect(() => decodeFrameHeader(withByte(bytes, offset, value))).toThrow(message);
  });
});

describe("index", () => {
  const segment = (offset: number, piece: number): Segment => {
    const place = {
      firstFrame: 0,
      frames: 1,
      last: true,
      offset,
      length: FRAME_HEADER_LENGTH + 4,
      digest: Buffer.alloc(32, piece),
    };
    return { ...FACTS, piece, ...place };
  };

  it("comes back as it was written when it covers the file", () => {
    const segments = [segment(100, 1), segment(216, 2)];
    expect(decodeIndex(encodeIndex(segments), 100, 332)).toEqual(segments);
    expect(decodeIndex(encodeIndex([]), 100, 100)).toEqual([]);
  });

  it.each([
    ["a gap", [segment(100, 1), segment(217, 2)], "begins at 217, not at 216"],
    ["an overlap", [segment(100, 1), segment(215, 2)], "begins at 215, not at 216"],
    ["too little", [segment(100, 1)], "the segments end at 216, the index begins at 332"],
    ["no frames", [{ ...segment(100, 1), frames: 0 }], "0 frames"],
    ["more payload than frames hold", [{ ...segment(100, 1), length: (1 << 20) + 113 }], "1 frames can't have"],
  ])("with %s is refused", (_, segments, message) => {
    expect(() => decodeIndex(encodeIndex(segments), 100, 332)).toThrow(message);
  });

  it("with a count that does not fit its length is refused", () => {
    expect(() => decodeIndex(withByte(encodeIndex([segment(100, 1)]), 7, 2), 100, 216)).toThrow("an index of 2 entries");
  });
});

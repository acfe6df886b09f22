import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { describe, expect, it, vi } from "vitest";
import { ITEM } from "../../src/format/items.ts";
import { decodePasswordStanza } from "../../src/format/key-stanza.ts";
import type * as PasswordCost from "../../src/format/password-cost.ts";
import { PASSWORD_COST } from "../../src/format/password-cost.ts";
import { DumpFileSet } from "../../src/dump/reader.ts";
import { DumpFileSetWriter } from "../../src/dump/writer.ts";
import { CIPHER, newSetKey, NO_KEYS, type Keyring, type SetEncryption } from "../../src/dump/set-key.ts";
import { MemoryStorage } from "./memory-storage.ts";
import { codesOf, GUID, noise, readAll, setOptions, testFolder, writeSet, type RawPiece } from "./sets.ts";

const WALLET: Keyring = { password: null, masterKeys: [{ id: randomBytes(16), key: randomBytes(32) }] };
const PATHS = ["/1.dmp", "/2.dmp"];
const ROWS = noise(3000);
const SECRET = Buffer.from("the salary of Mr King");
const PIECES: readonly RawPiece[] = [
  { type: 2, raw: Buffer.from('{"name":"description"}'), algorithm: "NONE" },
  { raw: ROWS, rows: 3 },
  { raw: SECRET, rows: 3, image: 1, algorithm: "NONE" },
];

async function encryptionOf(keyring: Keyring, change: Partial<SetEncryption> = {}): Promise<SetEncryption> {
  const key = await newSetKey(GUID, keyring);
  return { key, cipher: CIPHER.AES256, data: true, metadata: true, columns: false, ...change };
}

async function writeEncrypted(keyring: Keyring, change: Partial<SetEncryption> = {}): Promise<MemoryStorage> {
  const storage = new MemoryStorage();
  await writeSet(PATHS, PIECES, { storage, encryption: await encryptionOf(keyring, change) });
  return storage;
}

function open(storage: MemoryStorage, keyring: Keyring): Promise<unknown> {
  return DumpFileSet.open(PATHS, storage, keyring);
}

describe("an encrypted set", () => {
  it.each([
    ["everything", {}, [false, false, false]],
    ["data", { metadata: false }, [true, false, false]],
    ["metadata", { data: false }, [false, true, true]],
    ["columns", { data: false, metadata: false, columns: true }, [true, true, false]],
  ])("of %s shows nothing else, and comes back whole", async (_, change, [description, rows, secret]) => {
    for (const cipher of [CIPHER.AES128, CIPHER.AES192, CIPHER.AES256]) {
      const storage = await writeEncrypted(WALLET, { ...change, cipher });
      const bytes = Buffer.concat([...storage.files.values()]);
      expect(bytes.includes('"name":"description"')).toBe(description);
      expect(bytes.includes(ROWS.subarray(100, 200))).toBe(rows);
      expect(bytes.includes(SECRET)).toBe(secret);
      const found = await readAll(PATHS, storage, WALLET);
      expect([found.get("1/1/1/0"), found.get("1/1/1/1")]).toEqual([ROWS, SECRET]);
    }
  });

  it("is not gone on with unless it is encrypted or not as it was begun", async () => {
    const encryption = await encryptionOf(WALLET);
    for (const [begun, other] of [[encryption, null] as const, [null, encryption] as const]) {
      const options = setOptions([join(testFolder(), "1.dmp")]);
      const writer = await DumpFileSetWriter.create({ ...options, encryption: begun });
      const saved = (await writer.checkpoint()) ?? [];
      await writer.suspend();
      await expect(DumpFileSetWriter.resume({ ...options, encryption: other }, saved)).rejects.toThrow("goes on otherwise");
      const resumed = await DumpFileSetWriter.resume({ ...options, encryption: begun }, saved);
      await resumed.discard();
    }
  });

  it("opens with its password, whatever normal form it is typed in, and tells a wrong one from a missing one", async () => {
    const storage = await writeEncrypted({ password: "Gr\u00fc\u00dfe", masterKeys: null });
    expect((await readAll(PATHS, storage, { password: "Gru\u0308\u00dfe", masterKeys: null })).size).toBe(4);
    expect(await codesOf(open(storage, NO_KEYS))).toEqual(["ORA-39002", "ORA-39174"]);
    expect(await codesOf(open(storage, { password: "Gruesse", masterKeys: null }))).toEqual(["ORA-39002", "ORA-39176"]);
    expect(await codesOf(open(storage, { password: "", masterKeys: null }))).toEqual(["ORA-39002", "ORA-39176"]);
  });

  it("opens with a wallet that has its key, or with the password where it has both", async () => {
    const other: Keyring = { password: null, masterKeys: [{ id: randomBytes(16), key: randomBytes(32) }] };
    const transparent = await writeEncrypted(WALLET);
    expect(await codesOf(open(transparent, NO_KEYS))).toEqual(["ORA-39002", "ORA-28365"]);
    expect(await codesOf(open(transparent, other))).toEqual(["ORA-39002", "ORA-28362"]);
    expect(await codesOf(open(transparent, { ...WALLET, password: "x" }))).toEqual(["ORA-39002", "ORA-39175"]);
    const dual = await writeEncrypted({ ...WALLET, password: "both" });
    for (const keyring of [WALLET, { ...other, password: "both" }, { password: "both", masterKeys: null }])
      expect((await readAll(PATHS, dual, keyring)).size).toBe(4);
  });

  it("is not replaced unnoticed by one that is not encrypted", async () => {
    const storage = new MemoryStorage();
    await writeSet(PATHS, PIECES, { storage });
    expect(await codesOf(open(storage, { password: "expected", masterKeys: null }))).toEqual(["ORA-39002", "ORA-39175"]);
  });

  it("shows every changed byte, also with all checksums that need no key put right", async () => {
    const storage = await writeEncrypted(WALLET, { metadata: false });
    const originals = await readAll(PATHS, storage, WALLET);
    for (const path of PATHS) {
      const length = storage.files.get(path)?.length ?? 0;
      for (let at = 0; at < length; at += 1) {
        const changed = storage.with(path, (bytes) => {
          bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
          return bytes;
        });
        const codes = await codesOf(readAll(PATHS, changed, WALLET));
        expect(codes, `${path} byte ${at}`).not.toEqual([]);
      }
    }
    expect(originals.size).toBe(4);
  });

  it("takes no file of another set, also not one under the same password", async () => {
    const mine = await writeEncrypted(WALLET);
    const theirs = await writeEncrypted(WALLET);
    for (const path of PATHS) {
      const mixed = mine.with(path, () => theirs.files.get(path) ?? Buffer.alloc(0));
      expect(await codesOf(open(mixed, WALLET))).not.toEqual([]);
    }
  });

  it("asks for no more memory than is allowed, whatever its header says", async () => {
    const storage = await writeEncrypted({ password: "x", masterKeys: null });
    const stanza = Buffer.from([0x04, 0x4c, 0, 0, 0, 67, PASSWORD_COST.cost, 8, 1]);
    for (const [at, value] of [
      [6, 30],
      [7, 255],
      [8, 255],
    ] as const) {
      const costly = storage.with("/1.dmp", (bytes) => {
        bytes.writeUInt8(value, bytes.indexOf(stanza) + at);
        const length = bytes.readUInt32BE(12);
        bytes.writeUInt32BE(crc32(bytes.subarray(0, length - 4)), length - 4);
        return bytes;
      });
      expect(await codesOf(open(costly, { password: "x", masterKeys: null }))).toEqual([
        "ORA-39001",
        "ORA-39000",
        "ORA-31619",
        "TSDP-00010",
      ]);
    }
  });

  it("is written with a cost of 128 MiB for each guess", async () => {
    const { PASSWORD_COST: cost } = await vi.importActual<typeof PasswordCost>("../../src/format/password-cost.ts");
    expect(128 * 2 ** cost.cost * cost.blockSize).toBe(128 << 20);
  });

  it("asks scrypt for nothing that it can't do", () => {
    // N is 2^17: too much for blocks of one.
    const stanza = Buffer.concat([Buffer.of(17, 1, 1), Buffer.alloc(16 + 48)]);
    expect(() => decodePasswordStanza(stanza)).toThrow("more time or memory");
  });

  it("shows nobody other rows than it shows to the next: one ciphertext under two keys is refused", async () => {
    const password = "for one reader";
    const [mine, theirs] = [await newSetKey(GUID, { password, masterKeys: null }), await newSetKey(GUID, WALLET)];
    const key = { ...mine, stanzas: { ...mine.stanzas, wallet: theirs.stanzas.wallet } };
    const storage = new MemoryStorage();
    const encryption = { key, cipher: CIPHER.AES256, data: true, metadata: true, columns: false } as const;
    await writeSet(PATHS, PIECES, { storage, encryption });
    expect((await readAll(PATHS, storage, { password, masterKeys: null })).size).toBe(4);
    expect(await codesOf(open(storage, WALLET))).toEqual(["ORA-39002", "ORA-28362"]);
  });

  it("is not mixed with files without keys, and claims nothing that its keys can't keep", async () => {
    const [plain, encrypted] = [new MemoryStorage(), await writeEncrypted(WALLET)];
    await writeSet(PATHS, PIECES, { storage: plain });
    for (const path of PATHS) {
      const mixed = plain.with(path, () => encrypted.files.get(path) ?? Buffer.alloc(0));
      expect((await codesOf(open(mixed, NO_KEYS))).slice(0, 2)).toEqual(["ORA-39001", "ORA-39000"]);
    }
    const claim = Buffer.from([0, ITEM.DATA_ENCRYPTED, 0, 0, 0, 1, 0x30]);
    const boasting = plain.with("/1.dmp", (bytes) => {
      bytes.writeUInt8(0x31, bytes.indexOf(claim) + 6);
      const length = bytes.readUInt32BE(12);
      bytes.writeUInt32BE(crc32(bytes.subarray(0, length - 4)), length - 4);
      return bytes;
    });
    expect(await codesOf(open(boasting, NO_KEYS))).toEqual(["ORA-39001", "ORA-39000", "ORA-31619", "TSDP-00010"]);
  });

  it("finds the second images of two pieces swapped, as they are and with each other's labels", async () => {
    const storage = new MemoryStorage();
    const pieces: RawPiece[] = [1, 2].flatMap((piece) => [
      { raw: ROWS, rows: 3, piece },
      { raw: Buffer.from(`salaries of piece ${piece}`), rows: 3, piece, image: 1, algorithm: "NONE" },
    ]);
    const encryption = await encryptionOf(WALLET, { data: false, metadata: false, columns: true });
    await writeSet(["/1.dmp"], pieces, { storage, encryption });
    const set = await DumpFileSet.open(["/1.dmp"], storage, WALLET);
    const seconds = [...set.pieces.values()].flat().filter(({ image }) => image === 1);
    const [a, b] = seconds.flatMap(({ segments }) => segments);
    if (a === undefined || b === undefined || a.length !== b.length) throw new Error("two segments of one length");
    for (const relabels of [false, true]) {
      const swapped = storage.with("/1.dmp", (bytes) => {
        const [frameA, frameB] = [a, b].map(({ offset, length }) => Buffer.from(bytes.subarray(offset, offset + length)));
        if (frameA === undefined || frameB === undefined) throw new Error("there are two frames");
        if (relabels) swapLabels(frameA, frameB);
        frameB.copy(bytes, a.offset);
        frameA.copy(bytes, b.offset);
        return bytes;
      });
      expect(await codesOf(readAll(["/1.dmp"], swapped, WALLET))).toContain("ORA-31619");
    }
  });
});

/** Gives two frames the piece number of each other, and sound checksums. */
function swapLabels(...frames: [Buffer, Buffer]): void {
  const [first, second] = frames.map((frame) => frame.readUInt32BE(16));
  frames[0].writeUInt32BE(second ?? 0, 16);
  frames[1].writeUInt32BE(first ?? 0, 16);
  for (const frame of frames) frame.writeUInt32BE(crc32(frame.subarray(0, 108)), 108);
}

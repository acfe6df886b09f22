import { randomBytes } from "node:crypto";
import { crc32 } from "node:zlib";
import { describe, expect, it } from "vitest";
import { DumpFileSet } from "../../src/dump/reader.ts";
import { CIPHER, newSetKey, NO_KEYS, type Keyring, type SetEncryption } from "../../src/dump/set-key.ts";
import { MemoryStorage } from "./memory-storage.ts";
import { codesOf, GUID, noise, readAll, writeSet, type RawPiece } from "./sets.ts";

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
    const stanza = Buffer.from([0x04, 0x4c, 0, 0, 0, 67, 17, 8, 1]);
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
});

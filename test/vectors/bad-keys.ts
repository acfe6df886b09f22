import { crc32 } from "node:zlib";
import { damage, damaged, entryAt, flip, frameAt, noKey, notAuthentic, PASSWORD, ROWS } from "./failures.ts";
import { WALLET, type Failure, type VectorRequest } from "./requests.ts";
import { lie, remade, type Layout } from "./reseal.ts";
import type { FileHeader } from "../../src/format/header.ts";
import { ITEM } from "../../src/format/items.ts";
import type { PasswordStanza } from "../../src/format/key-stanza.ts";

const OTHER_WALLET = { id: Buffer.alloc(16, 7), key: Buffer.alloc(32, 7) };
const WRONG_KEY = { id: WALLET.id, key: Buffer.alloc(32, 9) };
const base = { sql: ROWS, secrets: PASSWORD };
const CHANGED = "it was changed, or is not of this encrypted set";

/** The header with another password stanza; every sum that needs no key is put right. */
function stanza(change: Partial<PasswordStanza>): (header: FileHeader) => FileHeader {
  return (header) => {
    const keys = header.keys;
    if (keys === null || keys.password === null) throw new RangeError("a set under a password");
    return { ...header, keys: { ...keys, password: { ...keys.password, ...change } } };
  };
}

/** The header without a word of encryption. */
function plain(header: FileHeader): FileHeader {
  const unencrypted = [ITEM.METADATA_ENCRYPTED, ITEM.DATA_ENCRYPTED, ITEM.COLUMNS_ENCRYPTED].map((code) => [code, "0"] as const);
  return { ...header, keys: null, items: new Map([...header.items, ...unencrypted, [ITEM.ENCRYPTION_MODE, "2"]]) };
}

const COSTS: readonly (readonly [name: string, comment: string, change: Partial<PasswordStanza>])[] = [
  ["memory", "N = 2^30: 1 TiB", { cost: 30 }],
  ["block-size", "r = 255: 4 GiB with N = 2^17", { cost: 17, blockSize: 255 }],
  ["work", "p = 255 of 16 MiB each", { cost: 14, parallelization: 255 }],
  ["zero", "N = 1", { cost: 0 }],
  ["zero-block-size", "r = 0", { blockSize: 0 }],
  ["zero-parallelization", "p = 0", { parallelization: 0 }],
  ["small-block-size", "N = 2^16 with r = 1, which scrypt does not allow", { cost: 16, blockSize: 1 }],
];

/** Changes of someone without the key, who puts every sum right that needs none. */
const FORGED: readonly (readonly [name: string, comment: string, change: (bytes: Buffer, layout: Layout) => unknown, Failure])[] =
  [
    ["header", "an item of the header", (b) => flip(b, b.indexOf('"HR"."SYS')), notAuthentic(CHANGED)],
    ["index-rows", "rows in the index", (b, l) => b.writeUInt32BE(9, entryAt(l) + 60), notAuthentic(CHANGED)],
    [
      "index-cipher",
      "the index says that the rows are plain",
      (b, l) => b.writeUInt8(0, entryAt(l, 1) + 4),
      notAuthentic(CHANGED),
    ],
    ["index-cipher-kind", "AES-128 for AES-256", (b, l) => b.writeUInt8(1, entryAt(l, 1) + 4), notAuthentic(CHANGED)],
    ["payload", "a byte of the ciphertext", (b, l) => flip(b, frameAt(l, 1).offset + 150), notAuthentic(CHANGED)],
    [
      "tag",
      "a byte of the tag",
      (b, l) => flip(b, frameAt(l, 1).offset + 111 + frameAt(l, 1).payloadLength),
      notAuthentic(CHANGED),
    ],
    ["salt", "a byte of the key salt", (b, l) => flip(b, frameAt(l, 1).offset + 80), notAuthentic(CHANGED)],
    ["trailer", "the authentication tag", (b, l) => flip(b, (l.items.get(1350) ?? 0) + 3), notAuthentic(CHANGED)],
  ];

/** The same without touching index and trailer: each frame has to tell it itself. */
const FRAMES: readonly (readonly [name: string, comment: string, at: (offset: number, length: number) => number])[] = [
  ["ciphertext", "a byte of the ciphertext and the CRC", (offset) => offset + 150],
  ["tag", "a byte of the tag and the CRC", (offset, length) => offset + 111 + length],
  ["salt", "a byte of the key salt and the CRC", (offset) => offset + 80],
];

export const BAD_KEYS: readonly VectorRequest[] = [
  {
    ...base,
    name: "password-missing",
    comment: "no password is given",
    keys: { password: null, wallet: null },
    failure: noKey("ORA-39174"),
  },
  {
    ...base,
    name: "password-wrong",
    comment: "a wrong password",
    keys: { password: "Correct horse", wallet: null },
    failure: noKey("ORA-39176"),
  },
  {
    ...base,
    name: "password-empty",
    comment: "an empty password",
    keys: { password: "", wallet: null },
    failure: noKey("ORA-39176"),
  },
  {
    sql: ROWS,
    name: "password-for-plain",
    comment: "a plain set where a password is given",
    keys: { password: "correct horse", wallet: null },
    failure: noKey("ORA-39175"),
  },
  {
    sql: ROWS,
    secrets: { wallet: WALLET },
    name: "wallet-missing",
    comment: "no wallet is open",
    keys: { password: null, wallet: null },
    failure: noKey("ORA-28365"),
  },
  {
    sql: ROWS,
    secrets: { wallet: WALLET },
    name: "wallet-other",
    comment: "a wallet without the key",
    keys: { password: null, wallet: OTHER_WALLET },
    failure: noKey("ORA-28362"),
  },
  {
    sql: ROWS,
    secrets: { wallet: WALLET },
    name: "wallet-wrong-key",
    comment: "another key under the same id",
    keys: { password: null, wallet: WRONG_KEY },
    failure: noKey("ORA-28362"),
  },
  {
    sql: ROWS,
    secrets: { wallet: WALLET },
    name: "wallet-set-password",
    comment: "a password for a set that has none",
    keys: { password: "correct horse", wallet: WALLET },
    failure: noKey("ORA-39175"),
  },
  {
    ...base,
    name: "stanza-stripped",
    comment: "all key items are taken out of the header, which still says what is encrypted",
    header: (header) => ({ ...header, keys: null }),
    failure: damaged("what it says of its encryption does not fit its keys"),
  },
  {
    ...base,
    name: "stanza-stripped-well",
    comment: "all that is said of encryption is taken out of the header: a plain set with encrypted frames",
    header: plain,
    failure: noKey("ORA-39175"),
  },
  {
    ...base,
    name: "stanza-stripped-silently",
    comment: "the same, and no password is given: the ciphers in the index tell it",
    header: plain,
    keys: { password: null, wallet: null },
    failure: damaged("it is encrypted, the set is not"),
  },
  {
    ...base,
    name: "stanza-moved",
    comment: "the password stanza under the GUID of another set does not open",
    header: (header) => ({ ...header, guid: "FFEEDDCCBBAA99887766554433221100" }),
    failure: noKey("ORA-39176"),
  },
  {
    ...base,
    name: "commitment-wrong",
    comment: "the stanza opens, the key is not the one of the commitment",
    header: (header) => ({ ...header, keys: header.keys === null ? null : { ...header.keys, commitment: Buffer.alloc(32, 1) } }),
    failure: noKey("ORA-39176"),
  },
  ...COSTS.map(([name, comment, change]): VectorRequest => ({
    ...base,
    name: `scrypt-${name}`,
    comment: `hostile costs: ${comment}`,
    header: stanza(change),
    failure: damaged("the password would cost more time or memory than is allowed"),
  })),
  ...FORGED.map(([name, comment, change, failure]): VectorRequest => ({
    ...base,
    name: `forged-${name}`,
    comment: `${comment}; every sum that needs no key fits`,
    damage: (files) => lie(files, 0, change),
    failure,
  })),
  ...FRAMES.map(([name, comment, at]): VectorRequest => ({
    ...base,
    name: `forged-frame-${name}`,
    comment: `${comment}, the index as it was`,
    damage: damage((bytes, layout) => {
      const { offset, payloadLength } = frameAt(layout, 1);
      const lied = lie([{ name: "", bytes }], 0, (copy) => flip(copy, at(offset, payloadLength)))[0]?.bytes;
      lied?.copy(bytes, offset, offset, offset + 112 + payloadLength);
      return bytes;
    }),
    failure: notAuthentic("it was changed, or is not of this place in this set", "rows"),
  })),
  {
    ...base,
    name: "forged-tag-short",
    comment: "a frame says that its payload is shorter: the tag would have 4 bytes, which some libraries would take",
    damage: damage((bytes, layout) => {
      const { offset, payloadLength } = frameAt(layout, 1);
      bytes.writeUInt32BE(payloadLength - 12, offset + 24);
      bytes.writeUInt32BE(crc32(bytes.subarray(offset + 112, offset + 112 + payloadLength - 12)), offset + 104);
      bytes.writeUInt32BE(crc32(bytes.subarray(offset, offset + 108)), offset + 108);
      return bytes;
    }),
    failure: notAuthentic("it was changed, or is not of this place in this set", "rows"),
  },
  {
    ...base,
    name: "authentication-missing",
    comment: "the trailer has no authentication",
    damage: (files) => remade(files, (parts) => parts),
    failure: notAuthentic(CHANGED),
  },
  {
    ...base,
    name: "authentication-plain-data",
    comment: "METADATA_ONLY: a byte of plain rows changed, CRCs put right; the digest in the authenticated index tells it",
    encryption: { data: false },
    damage: damage((bytes, layout) => {
      const { offset, payloadLength } = frameAt(layout, 1);
      const lied = lie([{ name: "", bytes }], 0, (copy) => flip(copy, offset + 300))[0]?.bytes;
      lied?.copy(bytes, offset, offset, offset + 112 + payloadLength);
      return bytes;
    }),
    failure: notAuthentic("the digest of its frames is wrong", "rows"),
  },
];

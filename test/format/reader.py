#!/usr/bin/env python3
"""Lists the rows of tsdp dump files. Written from docs/format.md alone: Python's standard library, and the command `zstd`.

usage: reader.py [--password P] [--wallet ID KEY] FILE...     lists the rows of a dump file set
       reader.py --vector VECTOR...                            checks test vectors: one line each, exit code 1 if one is wrong
"""

import hashlib
import hmac
import json
import os
import sqlite3
import struct
import subprocess
import sys
import tempfile
import unicodedata
import zlib

MIB, GIB = 1 << 20, 1 << 30
FRAME = 112
KEY_LENGTH = {1: 16, 2: 24, 3: 32}
CHECKSUMS = {1: 4, 2: 32, 3: 48, 4: 64}


class Refused(Exception):
    pass


class NoZstd(Exception):
    pass


def need(condition, what):
    if not condition:
        raise Refused(what)


def sha256(*parts):
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.digest()


# --- AES-GCM with a nonce of 12 zero bytes ---------------------------------------------------------------------------------


def make_sbox():
    box, p, q = [0] * 256, 1, 1
    while True:
        p ^= ((p << 1) ^ (0x1B if p & 0x80 else 0)) & 0xFF
        q ^= q << 1
        q ^= q << 2
        q ^= q << 4
        q &= 0xFF
        if q & 0x80:
            q ^= 0x09
        rotated = [((q << n) | (q >> (8 - n))) & 0xFF for n in range(5)]
        box[p] = rotated[0] ^ rotated[1] ^ rotated[2] ^ rotated[3] ^ rotated[4] ^ 0x63
        if p == 1:
            break
    box[0] = 0x63
    return box


SBOX = make_sbox()
DOUBLE = [((x << 1) ^ (0x1B if x & 0x80 else 0)) & 0xFF for x in range(256)]
# The columns that a byte of the state becomes by SubBytes and MixColumns, one table for each row.
T0 = [(DOUBLE[s] << 24) | (s << 16) | (s << 8) | (DOUBLE[s] ^ s) for s in SBOX]
T1 = [(t >> 8) | ((t & 0xFF) << 24) for t in T0]
T2 = [(t >> 8) | ((t & 0xFF) << 24) for t in T1]
T3 = [(t >> 8) | ((t & 0xFF) << 24) for t in T2]


def expand_key(key):
    words = [int.from_bytes(key[i : i + 4], "big") for i in range(0, len(key), 4)]
    size, constant = len(words), 1
    substitute = lambda w: int.from_bytes(bytes(SBOX[b] for b in w.to_bytes(4, "big")), "big")
    for i in range(size, 4 * (size + 7)):
        word = words[-1]
        if i % size == 0:
            word = substitute(((word << 8) | (word >> 24)) & 0xFFFFFFFF) ^ (constant << 24)
            constant = DOUBLE[constant]
        elif size > 6 and i % size == 4:
            word = substitute(word)
        words.append(words[i - size] ^ word)
    return words


def encrypt_block(words, block):
    a, b, c, d = (x ^ k for x, k in zip(struct.unpack(">4I", block), words))
    rounds = len(words) // 4 - 1
    for i in range(1, rounds):
        k = words[4 * i : 4 * i + 4]
        a, b, c, d = (
            T0[a >> 24] ^ T1[(b >> 16) & 255] ^ T2[(c >> 8) & 255] ^ T3[d & 255] ^ k[0],
            T0[b >> 24] ^ T1[(c >> 16) & 255] ^ T2[(d >> 8) & 255] ^ T3[a & 255] ^ k[1],
            T0[c >> 24] ^ T1[(d >> 16) & 255] ^ T2[(a >> 8) & 255] ^ T3[b & 255] ^ k[2],
            T0[d >> 24] ^ T1[(a >> 16) & 255] ^ T2[(b >> 8) & 255] ^ T3[c & 255] ^ k[3],
        )
    k = words[4 * rounds :]
    last = lambda w, x, y, z: (SBOX[w >> 24] << 24) | (SBOX[(x >> 16) & 255] << 16) | (SBOX[(y >> 8) & 255] << 8) | SBOX[z & 255]
    return struct.pack(">4I", last(a, b, c, d) ^ k[0], last(b, c, d, a) ^ k[1], last(c, d, a, b) ^ k[2], last(d, a, b, c) ^ k[3])


def ghash(h, data):
    table = [h]  # h * x^i
    for _ in range(127):
        h = (h >> 1) ^ (0xE1 << 120 if h & 1 else 0)
        table.append(h)
    y = 0
    for i in range(0, len(data), 16):
        y ^= int.from_bytes(data[i : i + 16], "big")
        product, bit = 0, 127
        while y:
            top = y.bit_length() - 1
            product ^= table[127 - top]
            y ^= 1 << top
        y = product
    return y.to_bytes(16, "big")


def aes_gcm_open(key, sealed, additional):
    """The plain bytes, or None when the tag is wrong."""
    if len(sealed) < 16:
        return None
    ciphertext, tag = sealed[:-16], sealed[-16:]
    words = expand_key(key)
    pad = lambda part: part + bytes(-len(part) % 16)
    lengths = struct.pack(">QQ", 8 * len(additional), 8 * len(ciphertext))
    h = int.from_bytes(encrypt_block(words, bytes(16)), "big")
    digest = ghash(h, pad(additional) + pad(ciphertext) + lengths)
    mask = encrypt_block(words, bytes(12) + struct.pack(">I", 1))
    if not hmac.compare_digest(bytes(x ^ y for x, y in zip(digest, mask)), tag):
        return None
    stream = b"".join(encrypt_block(words, bytes(12) + struct.pack(">I", 2 + i)) for i in range((len(ciphertext) + 15) // 16))
    size = len(ciphertext)
    return (int.from_bytes(ciphertext, "big") ^ int.from_bytes(stream[:size], "big")).to_bytes(size, "big")


def hkdf(key, salt, info, length=32):
    extracted = hmac.new(salt or bytes(32), key, hashlib.sha256).digest()
    return hmac.new(extracted, info.encode() + b"\x01", hashlib.sha256).digest()[:length]


# --- one file --------------------------------------------------------------------------------------------------------------


class Fields:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, length):
        need(self.at + length <= len(self.data), "cut off")
        self.at += length
        return self.data[self.at - length : self.at]

    def number(self, length):
        value = int.from_bytes(self.take(length), "big")
        need(length < 8 or value < 1 << 53, "a number above 2^53-1")
        return value

    def zeros(self, length):
        need(self.take(length) == bytes(length), "reserved bytes are in use")

    def end(self):
        need(self.at == len(self.data), "bytes too many")


def with_crc(block, what):
    need(len(block) >= 4 and zlib.crc32(block[:-4]) == int.from_bytes(block[-4:], "big"), "CRC of the " + what)
    return block[:-4]


def read_items(fields):
    items = {}
    count = fields.number(2)
    need(count <= 1024, "too many items")
    for _ in range(count):
        code = fields.number(2)
        value = fields.take(fields.number(4))
        need(code not in items, "an item twice")
        need(code < 0x8000, "an unknown item that has to be understood")
        items[code] = value
    fields.end()
    return items


def item(items, code, length=None):
    need(code in items and (length is None or len(items[code]) == length), "item %d" % code)
    return items[code]


class Allowance:
    """What the files of a set may have together."""

    def __init__(self):
        self.ends, self.segments = 48 * MIB, 200000

    def take(self, ends, segments):
        self.ends -= ends
        self.segments -= segments
        need(self.ends >= 0 and self.segments >= 0, "the set is above its limits")


class File:
    def __init__(self, path, allowance):
        self.path = path
        with open(path, "rb") as source:
            self.data = source.read()
        self.read_header()
        self.read_end()
        self.read_index(allowance)
        self.key = None

    def read_header(self):
        data = self.data
        need(data[:8] == b"\x89TSDP\r\n\x1a" and len(data) >= 16, "not a dump file")
        length = int.from_bytes(data[12:16], "big")
        need(22 <= length <= MIB and length <= len(data), "length of the header")
        self.header = data[:length]
        fields = Fields(with_crc(self.header, "header"))
        fields.take(8)
        need(fields.number(2) == 1, "a newer version")
        fields.take(6)
        self.items = items = read_items(fields)
        need(item(items, 1003) == b"SHA-256", "digest algorithm")
        self.guid, self.salt = item(items, 1001, 16), item(items, 1002, 32)
        self.number = int.from_bytes(item(items, 1005, 4), "big")
        item(items, 1006, 8)
        self.names = []
        if 1007 in items:
            names = Fields(items[1007])
            self.names = [names.take(names.number(2)).decode() for _ in range(names.number(2))]
            names.end()
        need(1102 in items or not (1100 in items or 1101 in items), "a stanza without a commitment")
        mode, claims = items.get(22), [items.get(code) for code in (19, 20, 21)]
        fits = mode != b"2" if 1102 in items else b"1" not in claims and mode in (None, b"2")
        need(fits, "what the header says of encryption does not fit its keys")

    def read_end(self):
        data = self.data
        need(len(data) >= len(self.header) + 32 and data[-8:] == b"TSDPEND\n", "the file is cut off")
        footer = Fields(with_crc(data[-32:-8], "footer"))
        offset, size, length = footer.number(8), footer.number(8), footer.number(4)
        need(size == len(data) and offset + length + 32 == size and 14 <= length <= MIB, "the trailer is elsewhere")
        self.trailer = data[offset : offset + length]
        fields = Fields(with_crc(self.trailer, "trailer"))
        need(fields.take(4) == b"TSDT" and fields.number(4) == length, "the trailer is none")
        self.ends = items = read_items(fields)
        index = Fields(item(items, 1301, 48))
        self.index_offset, index_length, self.index_digest = index.number(8), index.number(8), index.take(32)
        need(self.index_offset + index_length == offset, "the index is elsewhere")
        self.digest = item(items, 1302, 32)
        if 1304 in items:
            need(len(items[1304]) == 1 + CHECKSUMS.get(items[1304][0], -2), "the checksum")
        if 1350 in items:
            need(list(items)[-1] == 1350 and len(items[1350]) == 32, "the authentication is elsewhere")
        self.listed = None
        if 1303 in items:
            files = Fields(items[1303])
            count = files.number(4)
            need(count <= 20000 and len(items[1303]) == 4 + 44 * count, "the list of files")
            self.listed = [(files.number(4), files.number(8), files.take(32)) for _ in range(count)]
            need([number for number, _, _ in self.listed] == list(range(1, count + 1)), "the list of files")
        self.index = data[self.index_offset : offset]

    def read_index(self, allowance):
        allowance.take(len(self.header) + len(self.trailer) + 32, (len(self.index) - 12 + 95) // 96)
        need(sha256(self.index) == self.index_digest, "digest of the index")
        fields = Fields(with_crc(self.index, "index"))
        need(fields.take(4) == b"TSDI", "the index is none")
        count = fields.number(4)
        need(len(self.index) == 12 + 96 * count, "length of the index")
        self.segments, offset = [], len(self.header)
        for _ in range(count):
            segment = Segment(self, fields)
            need(segment.offset == offset, "a gap or an overlap")
            offset += segment.length
            self.segments.append(segment)
        need(offset == self.index_offset, "a gap or an overlap")
        need(sha256(self.header, *(segment.digest for segment in self.segments)) == self.digest, "digest of the file")


class Segment:
    def __init__(self, file, fields):
        self.file = file
        self.type, self.codec, flags, self.image, self.cipher = fields.take(5)
        fields.zeros(3)
        self.object, self.piece, self.first, self.frames = (fields.number(4) for _ in range(4))
        self.offset, self.length, self.raw, self.stored, self.rows = (fields.number(8) for _ in range(5))
        self.digest = fields.take(32)
        self.last = flags == 1
        need(self.type in (1, 2, 3, 4) and self.codec in (0, 1) and flags in (0, 1) and self.cipher in (0, 1, 2, 3), "unsupported")
        need(self.raw <= GIB and self.stored <= GIB, "an image above 1 GiB")
        self.payload = self.length - self.frames * (FRAME + (16 if self.cipher else 0))
        need(self.frames >= 1 and (self.frames - 1) * 4096 <= self.payload <= self.frames * MIB, "length of a segment")

    def facts(self):
        return (self.codec, self.cipher, self.raw, self.stored, self.rows)

    def stored_bytes(self):
        data = self.file.data[self.offset : self.offset + self.length]
        need(len(data) == self.length, "cut off")
        if self.file.key is not None and self.cipher == 0:
            need(sha256(data) == self.digest, "digest of a segment")
        parts, at = [], 0
        for i in range(self.frames):
            header = data[at : at + FRAME]
            length = self.check_frame(header, self.first + i, self.last and i == self.frames - 1)
            payload = data[at + FRAME : at + FRAME + length]
            need(len(payload) == length, "a frame is longer than its segment")
            need(zlib.crc32(payload) == int.from_bytes(header[104:108], "big"), "CRC of a payload")
            parts.append(self.decrypt(header, payload))
            at += FRAME + length
        need(at == self.length, "a segment is longer than its frames")
        return b"".join(parts)

    def check_frame(self, header, number, last):
        fields = Fields(with_crc(header, "frame header"))
        need(fields.take(4) == b"TSDF", "no frame")
        need(tuple(fields.take(5)) == (self.type, self.codec, int(last), self.image, self.cipher), "a frame of something else")
        fields.zeros(3)
        need([fields.number(4) for _ in range(3)] == [self.object, self.piece, number], "a frame of something else")
        length = fields.number(4)
        need(length <= MIB + (16 if self.cipher else 0), "a payload is too long")
        need([fields.number(8) for _ in range(3)] == [self.raw, self.stored, self.rows], "a frame of something else")
        need(fields.take(16) == self.file.guid and fields.number(4) == self.file.number, "a frame of another file")
        need(fields.take(32) == bytes(32) or self.cipher, "a salt without a cipher")
        return length

    def decrypt(self, header, payload):
        if self.cipher == 0:
            return payload
        key = hkdf(self.file.key, header[72:104], "tsdp frame", KEY_LENGTH[self.cipher])
        plain = aes_gcm_open(key, payload, sha256(self.file.header) + header[:104])
        need(plain is not None, "a frame was changed")
        return plain


# --- a whole set -----------------------------------------------------------------------------------------------------------


def variable_names(name):
    """The names that a template stands for."""
    if "%" not in name.replace("%%", ""):
        yield name.replace("%%", "%")
        return
    limit = 99 if "%u" in name.replace("%%", "").lower() else 20000
    for number in range(1, limit + 1):
        parts = name.split("%%")
        for letter in "uUlL":
            parts = [part.replace("%" + letter, "%02d" % number) for part in parts]
        yield "%".join(parts)


def find_files(paths):
    files, allowance = {}, Allowance()
    for path in paths:
        file = File(path, allowance)
        need(not files or file.guid == next(iter(files.values())).guid, "a file of another set")
        need(file.number not in files, "a file twice")
        files[file.number] = file
    found, looked_for = True, set()
    while found and not is_whole(files):
        found = False
        for file in list(files.values()):
            for name in file.names:
                if name in ("", ".", "..") or any(c in name for c in "/\\\0") or len(looked_for | {name}) > 1000:
                    continue
                looked_for.add(name)
                for expanded in variable_names(name):
                    path = os.path.join(os.path.dirname(file.path), expanded)
                    if not os.path.exists(path):
                        break
                    other = File(path, allowance)
                    if other.guid != file.guid:
                        break
                    if other.number not in files:
                        files[other.number], found = other, True
    return [files[number] for number in sorted(files)]


def is_whole(files):
    return any(file.listed is not None and len(file.listed) == len(files) for file in files.values())


def check_set(files):
    lists = [file.listed for file in files if file.listed is not None]
    need(len(lists) == 1, "no list of the set, or two")
    need([(file.number, len(file.data), file.digest) for file in files] == lists[0], "the set is not whole")


def unlock(files, password, wallet):
    guid = files[0].guid
    stanzas = next(file for file in files if file.listed is not None).items
    if 1102 not in stanzas:
        need(password is None, "a password for a set that is not encrypted")
        need(not any(1102 in file.items for file in files), "a file of an encrypted set")
        return
    need(password is None or 1100 in stanzas, "a password for a set that has none")
    if password is not None:
        data_key = open_password(item(stanzas, 1100, 67), guid, password)
    else:
        need(wallet is not None and 1101 in stanzas, "no key is given")
        data_key = open_wallet(item(stanzas, 1101, 96), guid, wallet)
    need(data_key is not None, "a wrong key")
    commitment = item(stanzas, 1102, 32)
    need(hmac.compare_digest(hkdf(data_key, guid, "tsdp key commitment"), commitment), "the commitment of the key")
    for file in files:
        file.key = hkdf(data_key, file.salt, "tsdp file")
        need(1350 in file.ends and file.items.get(1102) == commitment, "a file that is not of the encrypted set")
        covered = file.trailer[: -(38 + 4)]
        key = hkdf(file.key, b"", "tsdp authentication")
        tag = hmac.new(key, sha256(file.header) + file.index_digest + covered, hashlib.sha256).digest()
        need(hmac.compare_digest(tag, file.ends[1350]), "a file was changed")


def open_password(stanza, guid, password):
    log_n, r, p = stanza[:3]
    need(log_n > 0 and r > 0 and p > 0 and log_n < 16 * r, "costs of scrypt")
    memory = 128 * (1 << log_n) * r
    need(memory <= 1 << 28 and memory * p <= 1 << 30, "costs of scrypt")
    text = unicodedata.normalize("NFC", password).encode()
    key = hashlib.scrypt(text, salt=stanza[3:19], n=1 << log_n, r=r, p=p, maxmem=1 << 29, dklen=32)
    return aes_gcm_open(key, stanza[19:], b"tsdp password stanza" + guid)


def open_wallet(stanza, guid, wallet):
    need(stanza[:16] == wallet[0], "another master key")
    return aes_gcm_open(hkdf(wallet[1], stanza[16:48], "tsdp wallet"), stanza[48:], b"tsdp wallet stanza" + guid)


class Image:
    def __init__(self, segments):
        self.segments = segments = sorted(segments, key=lambda segment: segment.first)
        first, frame = segments[0], 0
        for segment in segments:
            need(segment.first == frame and segment.facts() == first.facts(), "frames are missing or doubled")
            need(segment.last == (segment is segments[-1]), "frames are missing or doubled")
            need(segment.cipher == 0 or segment.file.key is not None, "encrypted, and the set is not")
            frame += segment.frames
        need(sum(segment.payload for segment in segments) == first.stored, "lengths of an image")
        need(first.codec == 1 or first.stored == first.raw, "lengths of an image")
        most = 64 * MIB if first.type != 1 or first.rows != 1 else 520 * MIB
        need(max(first.raw, first.stored) <= most, "an image is too long")
        need(first.raw <= 32 * MIB or first.stored * 16 >= first.raw, "an image is too dense")
        self.rows, self.raw, self.codec = first.rows, first.raw, first.codec

    def raw_bytes(self):
        stored = b"".join(segment.stored_bytes() for segment in self.segments)
        return stored if self.codec == 0 else expand(stored, self.raw)


def collect_images(files):
    groups = {}
    for file in files:
        for s in file.segments:
            groups.setdefault((s.type, s.object, s.piece, s.image), []).append(s)
    images = {place: Image(segments) for place, segments in groups.items()}
    need([place for place in images if place[0] == 3] == [(3, 0, 1, 0)], "no master table, or two")
    for kind, number, piece, image in images:
        if kind != 1:
            need(image == 0 and (piece == 1 or (kind == 4 and (4, number, piece - 1, 0) in images)), "a piece is missing, or too many")
            continue
        need(image in (0, 1) and (piece == 1 or (1, number, piece - 1, 0) in images), "a piece is missing")
        if image == 1:
            first = images.get((1, number, piece, 0))
            need(first is not None and first.rows == images[(1, number, piece, 1)].rows, "a second image alone")
    return images


def expand(stored, raw):
    check_zstd(stored, raw)
    try:
        result = subprocess.run(["zstd", "-d", "-q", "-c"], input=stored, capture_output=True)
    except FileNotFoundError:
        raise NoZstd()
    need(result.returncode == 0 and len(result.stdout) == raw, "zstd")
    return result.stdout


def check_zstd(data, raw):
    """One frame that states the raw length, ends with the last byte, and can hold it (RFC 8878, 3.1.1)."""
    need(len(data) >= 6 and data[:4] == b"\x28\xb5\x2f\xfd", "no zstd frame")
    descriptor = data[4]
    single = descriptor >> 5 & 1
    at = 5 + (0 if single else 1) + (0, 1, 2, 4)[descriptor & 3]
    size = (single, 2, 4, 8)[descriptor >> 6]
    need(size > 0, "a zstd frame without a content size")
    stated = int.from_bytes(data[at : at + size], "little") + (256 if size == 2 else 0)
    need(stated == raw, "a zstd frame of another length")
    at, most, last = at + size, 0, 0
    while not last:
        need(at + 3 <= len(data), "a zstd frame is cut off")
        block = int.from_bytes(data[at : at + 3], "little")
        last, kind, length = block & 1, block >> 1 & 3, block >> 3
        at += 3 + (1 if kind == 1 else length)
        most += 131072 if kind == 2 else min(length, 131072)
    need(at + (4 if descriptor & 4 else 0) == len(data) and most >= raw, "not exactly one zstd frame")


# --- images and rows -------------------------------------------------------------------------------------------------------

MASTER = [
    ("job", "CREATE TABLE job (name TEXT, value TEXT)"),
    (
        "schema",
        "CREATE TABLE schema (name TEXT, encoding TEXT, page_size INTEGER, auto_vacuum INTEGER, user_version INTEGER, "
        "application_id INTEGER, journal_mode TEXT)",
    ),
    (
        "object",
        "CREATE TABLE object (id INTEGER, schema TEXT, type TEXT, kind TEXT, name TEXT, table_name TEXT, owner TEXT, sql BLOB, "
        "shape TEXT)",
    ),
    ("piece", "CREATE TABLE piece (object INTEGER, piece INTEGER, ordinal INTEGER, rows INTEGER)"),
]


class Opened:
    """An image as a database in a file of its own."""

    def __init__(self, raw, tables, encoding):
        need(len(raw) >= 512 and raw[18:20] == b"\x01\x01", "no database")
        handle, self.path = tempfile.mkstemp()
        with os.fdopen(handle, "wb") as file:
            file.write(raw)
        self.tables, self.encoding = tables, encoding

    def __enter__(self):
        self.database = database = sqlite3.connect("file:%s?mode=ro" % self.path, uri=True)
        try:
            database.execute("PRAGMA trusted_schema = OFF")
            database.execute("PRAGMA cell_size_check = ON")
            found = database.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY rowid").fetchall()
            need(found == [("table", name, name, sql) for name, sql in self.tables], "other tables")
            need(database.execute("PRAGMA encoding").fetchone() == (self.encoding,), "another text encoding")
            need(database.execute("PRAGMA quick_check(1)").fetchone() == ("ok",), "a damaged image")
        except (sqlite3.Error, UnicodeDecodeError):
            self.__exit__()
            raise Refused("a damaged image")
        return database

    def __exit__(self, *_):
        self.database.close()
        os.unlink(self.path)


def read_master(raw):
    with Opened(raw, MASTER, "UTF-8") as database:
        rows = lambda table, most: database.execute("SELECT * FROM %s LIMIT %d" % (table, most + 1)).fetchall()
        job, schemas, objects, pieces = rows("job", 1000), rows("schema", 10000), rows("object", 100000), rows("piece", 1000000)
    need(len(job) <= 1000 and len(schemas) <= 10000 and len(objects) <= 100000 and len(pieces) <= 1000000, "too many rows")
    names = [row[0] for row in schemas]
    need(len(set(names)) == len(names) and len({row[0] for row in objects}) == len(objects), "a name or number twice")
    for name, encoding, page_size, auto_vacuum, user_version, application_id, journal_mode in schemas:
        need(encoding in ("UTF-8", "UTF-16le", "UTF-16be") and auto_vacuum in (0, 1, 2), "a schema")
        need(page_size in [1 << n for n in range(9, 17)], "a schema")
        need(journal_mode in ("delete", "truncate", "persist", "memory", "wal", "off"), "a schema")
    for row in objects:
        need(isinstance(row[0], int) and row[1] in names and isinstance(row[7], bytes), "an object")
        need(row[2] in ("TABLE", "INDEX", "VIEW", "TRIGGER") and row[3] in ("table", "virtual", "shadow", "view"), "an object")
    need(all(isinstance(value, int) and 0 <= value < 1 << 53 for row in pieces for value in row), "a piece")
    for name in names:
        need(sum(row[1] == name for row in objects) <= 50000, "too many objects")
    facts = dict(row for row in job if isinstance(row[0], str) and isinstance(row[1], str))
    return facts, schemas, objects, pieces


def read_shape(text):
    try:
        shape = json.loads(text)
        columns = shape["columns"]
        need(isinstance(columns, list) and all(isinstance(name, str) for name in columns), "a shape")
        if "secretColumns" not in shape:
            return shape["rowid"] is not None, columns, set()
        secret = shape["secretColumns"]
        need(isinstance(secret, list) and all(isinstance(name, str) for name in secret), "secret columns")
        need(len(secret) > 0 and len(set(secret)) == len(secret) and set(secret) <= set(columns), "secret columns")
        return shape["rowid"] is not None, columns, set(secret)
    except (ValueError, KeyError, TypeError):
        raise Refused("a shape")


def image_table(has_rowid, columns, taken):
    """The CREATE TABLE text of an image and the name of its rowid."""
    names = ["c%d" % (i + 1) for i in taken]
    if has_rowid and len(columns) < 2000:
        return "CREATE TABLE tsdp_piece(%s)" % ",".join(["k NOT NULL"] + names), "k"
    names = names or ["c0"]
    if has_rowid:
        return "CREATE TABLE tsdp_piece(%s)" % ",".join(names), "rowid"
    return "CREATE TABLE tsdp_piece(%s)" % ",".join(names + ["CHECK(1)"]), None


def value_text(kind, value):
    if kind == "null":
        return "n"
    if kind == "integer":
        return "i:%d" % value
    if kind == "real":
        return "r:" + struct.pack(">d", value).hex()
    return kind[0] + ":" + value.hex()


def read_image(image, table, key, names, encoding):
    """The values of each row by column; the rowid under the name of `key`."""
    with Opened(image.raw_bytes(), [("tsdp_piece", table)], encoding) as database:
        wanted = ([key] if key else []) + names
        rows = []
        for start in range(0, max(1, len(wanted)), 500):
            some = wanted[start : start + 500]
            expressions = [
                text
                for name in some
                for text in ("typeof(%s)" % name, "CASE WHEN typeof(%s) IN ('text','blob') THEN CAST(%s AS BLOB) ELSE %s END" % ((name,) * 3))
            ]
            query = "SELECT %s FROM tsdp_piece ORDER BY rowid LIMIT %d" % (",".join(["1"] + expressions), image.rows + 1)
            found = database.execute(query).fetchall()
            need(len(found) == image.rows, "another number of rows")
            rows = rows or [{} for _ in found]
            for row, values in zip(rows, found):
                for i, name in enumerate(some):
                    row[name] = value_text(values[1 + 2 * i], values[2 + 2 * i])
    return rows


def list_rows(paths, password=None, wallet=None):
    files = find_files(paths)
    check_set(files)
    unlock(files, password, wallet)
    images = collect_images(files)
    facts, schemas, objects, pieces = read_master(images[(3, 0, 1, 0)].raw_bytes())
    if "TRANSPORTABLE" in facts:
        yield from list_pages(images, facts, schemas, objects)
        return
    need(all(t != 4 for t, o, p, n in images), "pages that the master table does not know of")
    encodings = {row[0]: row[1] for row in schemas}
    shapes = {row[0]: read_shape(row[8]) for row in objects if row[8] is not None}
    listed = [(number, piece, rows) for number, piece, _, rows in pieces]
    need(sorted(listed) == sorted((o, p, i.rows) for (t, o, p, n), i in images.items() if t == 1 and n == 0), "pieces disagree")
    for number in {number for number, _, _ in listed}:
        ordinals = sorted(ordinal for o, _, ordinal, _ in pieces if o == number)
        need(number in shapes and ordinals == list(range(len(ordinals))), "pieces disagree")
    split = {(number, piece) for number, piece, _ in listed if shapes[number][2]}
    need(split == {(o, p) for t, o, p, n in images if t == 1 and n == 1}, "second images are missing, or too many")
    for row in sorted(objects):
        if row[0] not in shapes:
            continue
        yield "table %s %s" % (row[1].encode().hex(), row[4].encode().hex())
        for _, piece in sorted((ordinal, piece) for o, piece, ordinal, _ in pieces if o == row[0]):
            yield from list_piece(images, row[0], piece, encodings[row[1]], *shapes[row[0]])


def list_pages(images, facts, schemas, objects):
    need(all(t in (3, 4) for t, o, p, n in images) and {o for t, o, p, n in images if t == 4} == set(range(1, len(schemas) + 1)), "pieces disagree")
    counts = dict(tuple(map(int, entry.split(":"))) for entry in facts.get("ROWS", "").split(",") if entry)
    need(set(counts) == {row[0] for row in objects if row[8] is not None}, "rows are not told")
    for number, schema in enumerate(schemas, 1):
        parts = [images[place] for place in sorted(images) if place[:2] == (4, number)]
        need(all(part.rows > 0 and part.raw == part.rows * schema[2] for part in parts), "pages of another length")
        raw = b"".join(part.raw_bytes() for part in parts)
        size = struct.unpack(">H", raw[16:18])[0]
        need(raw[:16] == b"SQLite format 3\0" and (65536 if size == 1 else size) == schema[2], "no database, or of other pages")
        need(struct.unpack(">I", raw[28:32])[0] * schema[2] == len(raw), "other pages than the header says")
        own = sorted(row for row in objects if row[1] == schema[0])
        yield from list_file(raw, schema, own, counts)


def list_file(raw, schema, objects, counts):
    handle, path = tempfile.mkstemp()
    with os.fdopen(handle, "wb") as file:
        file.write(raw[:18] + b"\x01\x01" + raw[20:])
    database = sqlite3.connect("file:%s?mode=ro" % path, uri=True)
    try:
        database.execute("PRAGMA trusted_schema = OFF")
        database.execute("PRAGMA cell_size_check = ON")
        pragmas = tuple(database.execute("PRAGMA " + name).fetchone()[0] for name in ("encoding", "page_size", "auto_vacuum", "user_version", "application_id"))
        need(pragmas == tuple(schema[1:6]), "other settings")
        found = database.execute("SELECT type, name, tbl_name, CAST(sql AS BLOB) FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid").fetchall()
        need(found == [(row[2].lower(), row[4], row[5], row[7]) for row in objects], "other definitions")
        rooted = "SELECT count(*) FROM sqlite_schema WHERE type NOT IN ('table', 'index') AND rootpage IS NOT 0"
        need(database.execute(rooted).fetchone() == (0,), "a view with pages")
        need(database.execute("PRAGMA quick_check(1)").fetchone() == ("ok",), "damaged pages")
        for row in objects:
            if row[8] is None:
                continue
            yield "table %s %s" % (row[1].encode().hex(), row[4].encode().hex())
            lines = list(list_table(database, row[4], json.loads(row[8])))
            need(len(lines) == counts[row[0]], "another number of rows")
            yield from lines
    except (sqlite3.Error, UnicodeDecodeError, ValueError, KeyError, TypeError):
        raise Refused("damaged pages")
    finally:
        database.close()
        os.unlink(path)


def list_table(database, name, shape):
    quoted = lambda text: '"%s"' % text.replace('"', '""')
    columns = [quoted(column) for column in shape["columns"]]
    key = [] if shape["rowid"] is None else ["rowid"]
    if shape["integerPrimaryKey"] is not None:
        key = [quoted(shape["integerPrimaryKey"])]
    elif key:
        taken = [column.lower() for column in shape["storedColumns"]]
        key = [next(word for word in ("rowid", "_rowid_", "oid") if word not in taken)]
    expressions = [
        text
        for column in key + columns
        for text in ("typeof(%s)" % column, "CASE WHEN typeof(%s) IN ('text','blob') THEN CAST(%s AS BLOB) ELSE %s END" % ((column,) * 3))
    ]
    order = " ORDER BY " + key[0] if key else ""
    for values in database.execute("SELECT %s FROM %s%s" % (",".join(["1"] + expressions), quoted(name), order)):
        yield "row " + " ".join(value_text(values[i], values[i + 1]) for i in range(1, len(values), 2))


def list_piece(images, number, piece, encoding, has_rowid, columns, secret):
    parts = []
    for image in (0, 1) if secret else (0,):
        taken = [i for i, name in enumerate(columns) if (name in secret) == (image == 1)]
        table, key = image_table(has_rowid, columns, taken)
        parts.append(read_image(images[(1, number, piece, image)], table, key, ["c%d" % (i + 1) for i in taken], encoding))
    for rows in zip(*parts):
        need(all(row.get("k") == rows[0].get("k") and row.get("rowid") == rows[0].get("rowid") for row in rows), "images differ")
        need(key is None or rows[0][key].startswith("i:"), "a rowid that is no integer")
        values = {name: value for row in rows for name, value in row.items()}
        ordered = ([key] if key else []) + ["c%d" % (i + 1) for i in range(len(columns))]
        yield " ".join(["row"] + [values[name] for name in ordered])


# --- test vectors ----------------------------------------------------------------------------------------------------------


def read_vector(path):
    with open(path, "rb") as source:
        data = source.read()
    end = data.index(b"\n\n")
    fields, at = [line.split(": ", 1) for line in data[:end].decode().split("\n")], end + 2
    files = []
    for name, value in fields:
        if name == "file":
            length, file = value.split(" ", 1)
            files.append((file, data[at : at + int(length)]))
            at += int(length)
    return dict(fields), [value for name, value in fields if name == "given"], files


def check_vector(path):
    facts, given, files = read_vector(path)
    wallet = facts.get("wallet") and tuple(bytes.fromhex(part) for part in facts["wallet"].split(" "))
    with tempfile.TemporaryDirectory() as folder:
        for name, data in files:
            with open(os.path.join(folder, name), "wb") as file:
                file.write(data)
        paths = [os.path.join(folder, name) for name in given or [name for name, _ in files]]
        try:
            listing = "".join(line + "\n" for line in list_rows(paths, facts.get("password"), wallet))
        except Refused as error:
            return "ok: refused, %s" % error if facts["expect"] != "success" else "WRONG: refused, %s" % error
        except NoZstd:
            return "skipped: the command zstd is not installed"
    if facts["expect"] != "success":
        return "skipped: only an import tells" if facts["read"] == "import" else "WRONG: it was read"
    return "ok" if hashlib.sha256(listing.encode()).hexdigest() == facts["rows"] else "WRONG: other rows"


def main(words):
    if words[:1] == ["--vector"]:
        results = [(path, check_vector(path)) for path in words[1:]]
        for path, result in results:
            print("%s: %s" % (os.path.basename(path), result))
        return any(result.startswith("WRONG") for _, result in results)
    password = wallet = None
    while words and words[0].startswith("--"):
        if words[0] == "--password":
            password, words = words[1], words[2:]
        elif words[0] == "--wallet":
            wallet, words = (bytes.fromhex(words[1]), bytes.fromhex(words[2])), words[3:]
        else:
            sys.exit(__doc__)
    if not words:
        sys.exit(__doc__)
    try:
        for line in list_rows(words, password, wallet):
            print(line)
    except Refused as error:
        sys.exit("refused: %s" % error)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

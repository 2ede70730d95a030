# SPDX-License-Identifier: EUPL-1.2
"""Hostile pictures, films, activity files, text answers and databases; see hostile_inputs.py."""
import os
import shutil
import sqlite3
import struct
import tempfile

from hostile_inputs import BYTES, NUMBERS, TEXTS, TIMES

BAD32 = (0, 1, 0x7fffffff, 0x80000000, 0xfffffff7, 0xffffffff)
BAD64 = (0, 1, 7, 15, (1 << 63) - 1, 1 << 63, (1 << 64) - 16, (1 << 64) - 1)


# -- pictures ---------------------------------------------------------------------------------

def tiff(directories, end="<", first=8):
    """directories: [(offset, [(tag, type, count, value or offset)], next)]."""
    size = max([o + 2 + 12 * len(e) + 4 for o, e, _ in directories] + [8]) + 64
    out = bytearray(size)
    out[:8] = (b"II*\0" if end == "<" else b"MM\0*") + struct.pack(end + "I", first)
    for off, entries, nxt in directories:
        struct.pack_into(end + "H", out, off, len(entries))
        for i, e in enumerate(entries):
            struct.pack_into(end + "HHII", out, off + 2 + 12 * i, *e)
        struct.pack_into(end + "I", out, off + 2 + 12 * len(entries), nxt)
    return bytes(out)


def jpeg(exif, before=b"", behind=b"\xff\xd9", length=None):
    body = b"Exif\0\0" + exif
    n = len(body) + 2 if length is None else length
    return b"\xff\xd8" + before + b"\xff\xe1" + struct.pack(">H", n & 0xffff) + body + behind


def exif_bodies():
    exif, gps = 0x8769, 0x8825
    yield "ifd0-next-is-itself", tiff([(8, [(0x10f, 2, 4, 0x41414100)], 8)])
    yield "all-in-one", tiff([(8, [(exif, 4, 1, 8), (gps, 4, 1, 8), (1, 2, 2, 0x4e), (2, 5, 3, 8), (3, 2, 2, 0x45), (4, 5, 3, 8)], 8)])
    yield "gps-in-exif-in-gps", tiff([(8, [(exif, 4, 1, 60)], 0), (60, [(exif, 4, 1, 60), (gps, 4, 1, 60)], 60)])
    yield "two-gps", tiff([(8, [(gps, 4, 1, 60), (gps, 4, 1, 8)], 0), (60, [(1, 2, 2, 0x4e)], 0)])
    for end in "<>":
        for bad in BAD32:
            yield f"first-at-{bad:x}{end}", tiff([(8, [], 0)], end, first=bad)
            yield f"exif-at-{bad:x}{end}", tiff([(8, [(exif, 4, 1, bad), (gps, 4, 1, bad)], bad)], end)
            for kind in (0, 1, 2, 3, 5, 7, 10, 12, 13, 0xffff):
                e = [(0x10f, kind, bad, 60), (gps, 4, 1, 80)]
                g = [(1, 2, 2, 0x4e000000 if end == ">" else 0x4e), (2, kind, bad, 40), (3, 2, 2, 0x45), (4, 5, bad, bad), (6, 5, bad, 50), (29, 2, bad, 50)]
                yield f"count-{bad:x}-type-{kind}{end}", tiff([(8, e, 0), (80, g, 0)], end)
    many = [(0x110, 2, 300, 100)] * 500
    yield "entries-500", tiff([(8, many, 0)])
    yield "entries-5000", tiff([(8, many * 10, 0)])
    yield "bigtiff", b"II+\0\x08\0\0\0" + struct.pack("<QQ", 16, (1 << 64) - 1) + b"\xff" * 64
    rationals = struct.pack("<6I", 0xffffffff, 1, 1, 0, 0, 0) + struct.pack("<6i", -2 ** 31, -1, -1, -2 ** 31, 0, -2 ** 31)
    for kind in (5, 10):
        g = [(1, 2, 2, 0x4e), (2, kind, 3, 150), (3, 2, 2, 0x45), (4, kind, 3, 174), (6, kind, 1, 174), (7, kind, 3, 150), (13, kind, 1, 150)]
        yield f"fractions-{kind}", tiff([(8, [(gps, 4, 1, 40)], 0), (40, g, 0)])[:150] + rationals + b"\0" * 64
    for i, t in enumerate([b"0000:00:00 00:00:00\0", b"9999:99:99 99:99:99\0", b"99999:01:01 00:00:0\0", b"\xff" * 20, b"2024:05:06 24:60:60\0"]):
        yield f"date-{i}", tiff([(8, [(exif, 4, 1, 40)], 0), (40, [(0x9003, 2, 20, 80), (0x9011, 2, 7, 80), (0x10f, 2, 20, 80)], 0)])[:80] + t + b"\0" * 80


def crafted_jpeg(_seed=None):
    for name, body in exif_bodies():
        yield name, jpeg(body)
    good = tiff([(8, [(0x10f, 2, 4, 0x414141)], 0)])
    for n in (0, 1, 2, 3, 7, 8, 9, 0x7fff, 0xffff):
        yield f"exif-length-{n}", jpeg(good, length=n)
        yield f"segment-length-{n}", jpeg(good, before=b"\xff\xe2" + struct.pack(">H", n) + b"x" * 40)
    yield "segments-20000", jpeg(good, before=b"\xff\xe2\0\x02" * 20_000)
    yield "exif-20000", b"\xff\xd8" + (b"\xff\xe1\0\x08Exif\0\0") * 20_000
    yield "fill-bytes", b"\xff\xd8" + b"\xff" * 900_000
    yield "only-starts", b"\xff\xd8" * 400_000
    yield "tem-marks", b"\xff\xd8" + b"\xff\x01" * 400_000
    yield "gif-in-jpeg", b"\xff\xd8GIF89a" + b"\0" * 100


def crafted_tiff(_seed=None):
    yield from exif_bodies()


def box(kind, body, size=None, large=None):
    if large is not None:
        return struct.pack(">I4sQ", 1, kind, large & (1 << 64) - 1) + body
    return struct.pack(">I4s", len(body) + 8 if size is None else size, kind) + body


def crafted_boxes(ftyp, first):
    """What holds for HEIF and for films: ftyp, then a box that must be found."""
    start = box(b"ftyp", ftyp)
    for bad in BAD32 + (2, 3, 4, 5, 6, 7, 8, 9):
        yield f"box-size-{bad:x}", start + box(first, b"\0" * 64, size=bad)
        yield f"free-size-{bad:x}", start + box(b"free", b"\0" * 64, size=bad) + box(first, b"\0" * 64)
        yield f"inner-size-{bad:x}", start + box(first, b"\0\0\0\0" + box(b"mvhd" if first == b"moov" else b"iinf", b"\0" * 100, size=bad))
        yield f"ftyp-size-{bad:x}", box(b"ftyp", ftyp, size=bad) + box(first, b"\0" * 64)
    for bad in BAD64:
        yield f"large-{bad:x}", start + box(first, b"\0" * 64, large=bad)
        yield f"large-free-{bad:x}", start + box(b"mdat", b"\0" * 64, large=bad) + box(first, b"\0" * 64)
        yield f"large-inner-{bad:x}", start + box(first, b"\0\0\0\0" + box(b"udta", b"\0" * 100, large=bad))
    yield "boxes-100000", start + box(b"free", b"") * 100_000 + box(first, b"")
    yield "inner-boxes-100000", start + box(first, b"\0\0\0\0" + box(b"free", b"") * 100_000)
    deep = b""
    for _ in range(5000):
        deep = box(first, deep)
    yield "deep", start + deep
    deep = b""
    for i in range(5000):
        deep = box((b"moov", b"trak", b"udta", b"meta")[i & 3], deep)
    yield "deep-mixed", start + deep
    yield "to-the-end", start + box(first, b"\0" * 900_000, size=0)


def full(kind, body, version=0):
    return box(kind, bytes([version, 0, 0, 0]) + body)


def crafted_heic(_seed=None):
    ftyp = b"heic\0\0\0\0heic"
    yield from crafted_boxes(ftyp, b"meta")
    infe = full(b"infe", struct.pack(">HH4s", 1, 0, b"Exif") + b"\0", 2)
    hdlr = full(b"hdlr", b"\0" * 4 + b"pict" + b"\0" * 13)

    def file(iloc, count=1, entries=infe, tail=b""):
        iinf = full(b"iinf", struct.pack(">H", count) + entries)
        return box(b"ftyp", ftyp) + full(b"meta", hdlr + iinf + iloc + tail) + box(b"mdat", b"\0\0\0\0II*\0\x08\0\0\0" + b"\0" * 64)
    for sizes in (0x0000, 0x4400, 0x8800, 0x8888, 0xffff, 0x1234, 0x4440):
        for items in (0, 1, 2, 0xffff):
            for extents in (0, 1, 0xffff):
                for version in (0, 1, 2, 255):
                    body = struct.pack(">HH", sizes, items) + struct.pack(">HH", 1, 0) + b"\xff" * 16 + struct.pack(">H", extents) + b"\xff" * 64
                    if sizes in (0x4400, 0x8888) or version == 0:
                        yield f"iloc-{sizes:x}-{items}-{extents}-{version}", file(full(b"iloc", body, version))
    for bad in BAD32:
        for length in BAD32:
            body = struct.pack(">HHHHHII", 0x4400, 1, 1, 0, 1, bad, length)
            yield f"extent-{bad:x}-{length:x}", file(full(b"iloc", body))
        for base in BAD64:
            body = struct.pack(">HHHHQHQQ", 0x8880, 1, 1, 0, base, 1, bad, base)
            yield f"base-{base:x}-{bad:x}", file(full(b"iloc", body))
    good = full(b"iloc", struct.pack(">HHHHHII", 0x4400, 1, 1, 0, 1, 60, 40))
    yield "infe-65535", file(good, 0xffff, infe * 30_000)
    yield "infe-says-65535", file(good, 0xffff)
    yield "iref-many", file(good, tail=full(b"iref", box(b"cdsc", struct.pack(">HHH", 1, 0xffff, 1)) * 20_000))
    yield "iloc-many-extents", file(full(b"iloc", struct.pack(">HHHHH", 0x4400, 1, 1, 0, 0xffff) + struct.pack(">II", 0, 1) * 0xffff))
    yield "iloc-many-empty-extents", file(full(b"iloc", struct.pack(">HHHHH", 0x0000, 1, 1, 0, 0xffff)))
    yield "iloc-many-items", file(full(b"iloc", struct.pack(">HH", 0x4400, 0xffff) + struct.pack(">HHH", 1, 0, 0) * 0xffff))


def crafted_mov(_seed=None):
    ftyp = b"qt  \0\0\0\0qt  "
    start = box(b"ftyp", ftyp)
    yield from crafted_boxes(ftyp, b"moov")
    mvhd = full(b"mvhd", struct.pack(">IIII", 3_700_000_000, 0xffffffff, 0, 0xffffffff) + b"\0" * 80)
    mvhd1 = full(b"mvhd", struct.pack(">QQIQ", (1 << 64) - 1, 1 << 63, 1, (1 << 64) - 1) + b"\0" * 80, 1)
    yield "times-max", start + box(b"moov", mvhd1)
    for bad in BAD32:
        keys = full(b"keys", struct.pack(">I", bad) + box(b"mdta", b"com.apple.quicktime.location.ISO6709"))
        ilst = box(b"ilst", struct.pack(">II", 40, bad) + box(b"data", struct.pack(">II", 1, 0) + b"+52.1+004.5/"))
        yield f"keys-{bad:x}", start + box(b"moov", mvhd + box(b"meta", keys + ilst))
        yield f"key-size-{bad:x}", start + box(b"moov", mvhd + box(b"meta", full(b"keys", struct.pack(">II4s", 1, bad, b"mdta") + b"x" * 40) + ilst))
        ilst = box(b"ilst", struct.pack(">II", bad, 1) + struct.pack(">I4sII", bad, b"data", bad, 0) + b"+52.1+004.5/")
        keys = full(b"keys", struct.pack(">I", 1) + box(b"mdta", b"com.apple.quicktime.location.ISO6709"))
        yield f"data-size-{bad:x}", start + box(b"moov", mvhd + box(b"meta", keys + ilst))
        yield f"mvhd-scale-{bad:x}", start + box(b"moov", full(b"mvhd", struct.pack(">IIII", bad, bad, bad, 0xffffffff) + b"\0" * 80))
    for n in (0, 1, 0x7fff, 0xffff):
        yield f"xyz-length-{n}", start + box(b"moov", mvhd + box(b"udta", box(b"\xa9xyz", struct.pack(">HH", n, 0) + b"+52.1+004.5/")))
    yield "keys-many", start + box(b"moov", mvhd + box(b"meta", full(b"keys", struct.pack(">I", 50_000) + box(b"mdta", b"a") * 50_000)))
    yield "udta-many", start + box(b"moov", mvhd + box(b"udta", box(b"\xa9xyz", b"\0\x0c\0\0+52.1+004.5/") * 20_000))
    yield "tracks-many", start + box(b"moov", box(b"trak", b"") * 50_000)
    places = [b"+" + b"9" * 400 + b"+1/", b"+90.00000005+180.00000005/", b"-0-0/", b"+52.1+004.5+1e999/", b"+52.1+004.5CRS" + b"x" * 500 + b"/", b"+5205.99999+00430/",
              b"+1" + b"." * 300, b"+" * 1000, b"\xff\xfe\0+", b"+52." + b"1" * 400 + b"+004.5/", b"+00.0000+000.0000/", b"nan,nan"]
    places += [t.encode() for t in TIMES]
    for i, p in enumerate(places):
        udta = box(b"\xa9xyz", struct.pack(">HH", len(p), 0) + p) + box(b"\xa9day", struct.pack(">HH", len(p), 0) + p)
        loci = full(b"loci", b"\0\0x\0\0" + struct.pack(">iii", -2 ** 31, 2 ** 31 - 1, -1) + p + b"\0")
        yield f"place-{i}", start + box(b"moov", mvhd + box(b"udta", udta + loci))


# -- activity files and track texts -----------------------------------------------------------

def crafted_fit(_seed=None):
    def fit(body, size=None, length=14):
        n = len(body) if size is None else size
        return struct.pack("<BBHI4sH", length, 16, 2132, n & 0xffffffff, b".FIT", 0) + body + b"\0\0"
    empty = b"\x40\0\0\xff\xff\0"  # a message of number 65535 without fields: one byte each
    yield "empty-messages", fit(empty + b"\0" * 900_000)
    yield "definitions", fit(empty * 150_000)
    yield "files", fit(b"") * 50_000
    yield "files-with-point", fit(b"\x40\0\0\x14\0\x01\xfd\x04\x86\0\0\0\0\0") * 20_000
    record = b"\x40\0\0\x14\0\x03\xfd\x04\x86\x00\x04\x85\x01\x04\x85"
    for i, bad in enumerate(BAD32):
        yield f"size-{bad:x}", fit(record + b"\0" * 13, size=bad)
        yield f"point-{i}", fit(record + b"\0" + struct.pack("<III", bad, bad, bad) + b"\0" + struct.pack("<III", bad, 5, 6))
        yield f"point-big-{i}", fit(b"\x40\0\x01\0\x14" + record[5:] + b"\0" + struct.pack(">III", bad, bad, bad))
    for n in range(0, 16):
        yield f"header-{n}", fit(record, length=n)
    yield "header-255", fit(record, length=255)
    fields = b"".join(struct.pack("BBB", f, 255, 0x0d) for f in range(255))
    yield "fields-255x255", fit(b"\x40\0\0\x14\0\xff" + fields + b"\0" + b"\0" * (255 * 255))
    yield "fields-cut", fit(b"\x40\0\0\x14\0\xff" + fields[:-1])
    yield "fields-same", fit(b"\x40\0\0\x14\0\xff" + b"\0\x04\x85" * 255 + b"\0" + b"\x11" * 1020)
    for size in (0, 1, 2, 3, 5, 8, 255):
        for base in (0x00, 0x85, 0x86, 0x8e, 0x07, 0x0d, 0x1f, 0xff):
            yield f"field-{size}-{base:x}", fit(b"\x40\0\0\x14\0\x03\xfd" + bytes([size, base]) + b"\0" + bytes([size, base]) + b"\x01" + bytes([size, base]) +
                                                b"\0" + b"\xff" * (3 * size) + b"\0" + b"\x7f" * (3 * size))
    yield "developer-255", fit(b"\x60\0\0\x14\0\0\xff" + b"\0\xff\0" * 255 + b"\0" + b"\xff" * 65025)
    yield "compressed", fit(record + b"\0" + b"\x01" * 12 + b"\xff" * 900)
    yield "undefined", fit(bytes(range(16)))
    yield "byte-order-2", fit(b"\x40\0\x02\x14\0\x01\xfd\x04\x86\0\0\0\0\0")


def nmea(body):
    s = 0
    for c in body:
        s ^= c
    return b"$" + body + b"*%02X\r\n" % s


def crafted_nmea(_seed=None):
    good = nmea(b"GPRMC,050809.00,A,5206.000,N,00430.000,E,0.0,0.0,060524,,,A")
    odd = [b"", b"999999.99", b"-050809", b"0" * 400, b"9" * 400, b"1e999", b"nan", b"\0", b"\xff\xfe", "\u202e".encode(), b"*", b"$", b"240000", b"235960.999"]
    lines = [good]
    for field in range(1, 13):
        for v in odd:
            parts = b"GPRMC,050809.00,A,5206.000,N,00430.000,E,0.0,0.0,060524,,,A".split(b",")
            parts[field] = v
            lines.append(nmea(b",".join(parts)))
            parts = b"GPGGA,050809.00,5206.000,N,00430.000,E,1,08,0.9,5.0,M,46.0,M,,".split(b",")
            parts[field] = v
            lines.append(nmea(b",".join(parts)))
            lines.append(nmea(b"GPZDA,050809.00," + v + b"," + v + b"," + v + b",00,00"))
            lines.append(nmea(b"GPGLL," + v + b",N," + v + b",E,050809,A"))
    for d in (b"000000", b"310299", b"999999", b"010100", b"320124"):
        lines.append(nmea(b"GPRMC,050809,A,5206.000,N,00430.000,E,0,0," + d + b",,,A"))
    yield "fields", b"".join(lines)
    yield "one-line", b"$GPRMC," + b"5" * 900_000
    yield "commas", good + b"$GPRMC" + b"," * 900_000 + b"\r\n"
    yield "dollars", good + b"$" * 900_000
    yield "no-checksums", b"$GPRMC,050809,A,5206.000,N,00430.000,E,0,0,060524\n" * 12_000
    yield "checksum-odd", b"".join(b"$GPRMC,050809,A,5206.000,N,00430.000,E,0,0,060524,,,A" + c + b"\n" for c in (b"*", b"*4", b"*GG", b"*444", b"*4\0"))
    yield "same-moment", good * 12_000
    yield "empty-lines", good + b"\n" * 900_000
    yield "returns", good + b"\r" * 900_000


def crafted_text(seed):
    """For answers to commands: lines and columns instead of values."""
    lines = seed.splitlines(True)
    yield "one-long-line", seed.replace(b"\n", b" ") + b"x" * 900_000
    yield "long-line-first", b"x" * 900_000 + b"\n" + seed
    yield "empty-lines", b"\n" * 300_000 + seed
    yield "returns", seed.replace(b"\n", b"\r")
    yield "zeros-between", b"\0".join(seed[i:i + 1] for i in range(len(seed)))
    yield "utf-16", seed.decode("utf-8", "replace").encode("utf-16")
    yield "bom", b"\xef\xbb\xbf" + seed
    yield "backwards", b"".join(reversed(lines))
    yield "many", (seed * (900_000 // max(len(seed), 1) + 1))[:900_000]
    yield "brackets", seed + b"[" * 100_000 + b"{" * 100_000 + b"(" * 100_000
    yield "equals", seed + b"=" * 300_000 + b", " * 200_000
    yield "no-line-end", seed.rstrip(b"\n")
    yield "no-blanks", seed.replace(b" ", b"")
    for i, v in enumerate([t.encode("utf-8", "surrogatepass") for t in TEXTS] + BYTES):
        yield f"every-blank-{i}", seed.replace(b" ", v[:40] or b"\t")
        yield f"every-line-{i}", b"".join(v[:3000] + x for x in lines)


# -- databases --------------------------------------------------------------------------------

def varint(v):
    out = b""
    while v > 0x7f:
        out += bytes([v & 0x7f | 0x80])
        v >>= 7
    return out + bytes([v])


def wire(data, f=1):
    return varint(f << 3 | 2) + varint(len(data)) + data


def protobufs(good):
    """Messages for a column that holds one."""
    for n in range(min(len(good), 400)):
        yield good[:n]
    for at in range(min(len(good), 200)):
        for v in (0x00, 0x7f, 0xff):
            yield good[:at] + bytes([v]) + good[at + 1:]
    deep = b""
    for _ in range(2000):
        deep = wire(deep[:MIB_HALF], 3)
    yield deep
    for n in (1 << 31, (1 << 31) - 1, 1 << 32, (1 << 32) - 1, 1 << 63, (1 << 64) - 1):
        yield b"\x1a" + varint(n) + b"x" * 20
        yield wire(b"\x0a" + varint(n) + b"x" * 20, 3)
        yield varint(3 << 3) + varint(n)
        yield varint(n)
    yield b"\x1a" + b"\xff" * 11 + b"\x01"
    yield b"\x1b" * 200_000  # groups that never end
    yield b"\x1b" * 5000 + b"\x1c" * 5000
    yield b"\x00" * 300
    yield b"\x1e\x1f"
    yield wire(b"", 3) * 20_000
    packed = wire(wire(b"\x7f" * 400_000, 4) + wire(b"\xff" * 4, 5) + wire(b"\x80" * 1000, 6), 3)
    yield wire(packed, 3)
    yield wire(wire(struct.pack("<i", 2 ** 31 - 1) * 3000, 4) + wire(struct.pack("<i", -2 ** 31) * 2999, 5) + wire(b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01" * 50, 6), 3)


MIB_HALF = 1 << 19
HUGE = ["9e999", "-9e999", "1e300", "-0.0", "9223372036854775807", "-9223372036854775808", "NULL", "''", "x''", "zeroblob(100000)",
        "x'00ff00ff'", "x'6162006364'", "cast(x'610062' as text)", "cast(x'fffe80c0' as text)", "cast(x'e280ae6162' as text)",
        "printf('%.*c', 100000, 'x')", "'1e999999'", "'NaN'", "'0000-00-00'", "-180.0", "180.00000006", "90.00000005", "-1", "1e18", "-62135596801.0"]


def tables(db):
    return [r[0] for r in db.execute("SELECT name FROM sqlite_master WHERE type='table' AND name NOT LIKE 'sqlite_%'")]


def columns(db, t):
    return [(r[1], r[5]) for r in db.execute(f'PRAGMA table_info("{t}")')]


def changed(path, work, change):
    """The database after change(connection), in one file and as bytes; None when SQLite refuses the change."""
    p = os.path.join(work, "x.db")
    shutil.copy(path, p)
    os.chmod(p, 0o600)
    db = sqlite3.connect(p, isolation_level=None)
    try:
        db.execute("PRAGMA journal_mode=OFF")
        db.execute("PRAGMA synchronous=OFF")
        db.execute("PRAGMA writable_schema=ON")
        change(db)
    except sqlite3.Error:
        return None
    finally:
        db.close()
    with open(p, "rb") as f:
        return f.read()


def wal(pages, size, salt=(1, 2), checked=True, magic=0x377f0682, version=3007000, page_size=None):
    """pages: [(number, bytes, pages after commit or 0)]."""
    def check(s, data):
        s0, s1 = s
        for a, b in struct.iter_unpack("<II", data):
            s0 = (s0 + a + s1) & 0xffffffff
            s1 = (s1 + b + s0) & 0xffffffff
        return s0, s1
    head = struct.pack(">IIIIII", magic, version, size if page_size is None else page_size, 0, *salt)
    s = check((0, 0), head)
    out = [head + struct.pack(">II", *s)]
    for number, data, commit in pages:
        frame = struct.pack(">II", number, commit)
        s = check(check(s, frame), data)
        if not checked:
            s = (s[0] ^ 1, s[1])
        out.append(frame + struct.pack(">II", *salt) + struct.pack(">II", *s) + data)
    return b"".join(out)


def crafted_sqlite(path, files=True, step=1, first=0):
    """
    path: a good database in one file. files: headers, logs and journals too, not only schemas and values; of these
    each step-th.
    """
    with open(path, "rb") as f:
        good = f.read()
    page = struct.unpack(">H", good[16:18])[0]
    page = 65536 if page == 1 else page
    with tempfile.TemporaryDirectory() as work:
        for i, (name, change) in enumerate(sqlite_schemas(path)):
            data = changed(path, work, change) if i % step == first % step else None
            if data is not None:
                yield name, data
    if files:
        yield from sqlite_headers(good, page)
        yield from sqlite_siblings(good, page)


def crafted_messages(path, table, column):
    """One database whose rows hold protobuf messages that are none."""
    with tempfile.TemporaryDirectory() as work:
        def change(db):
            names = ", ".join(f'"{c}"' for c, pk in columns(db, table) if not pk and c != column)
            good = [r[0] for r in db.execute(f'SELECT "{column}" FROM "{table}"') if isinstance(r[0], bytes)]
            for g in good[:2]:
                for m in protobufs(g):
                    db.execute(f'INSERT INTO "{table}" ({names}, "{column}") SELECT {names}, ? FROM "{table}" LIMIT 1', (m,))
        data = changed(path, work, change)
        if data is not None:
            yield "messages", data


def sqlite_schemas(path):
    """(name, what is done to a copy through a connection)."""
    db = sqlite3.connect(path)
    names = tables(db)
    sql = dict(db.execute("SELECT name, sql FROM sqlite_master WHERE type='table'"))
    cols = {t: columns(db, t) for t in names}
    db.close()
    endless = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c)"

    def views(body):
        def change(db):
            for t in names:
                db.execute(f'ALTER TABLE "{t}" RENAME TO "{t}_real"')
                db.execute(f'CREATE VIEW "{t}" AS ' + body(t))
        return change
    yield "views-endless", views(lambda t: f'{endless} SELECT {", ".join(f"n AS [{c}]" for c, _ in cols[t])} FROM c')
    yield "views-of-the-tables", views(lambda t: f'SELECT * FROM "{t}_real"')
    yield "views-joined", views(lambda t: f'SELECT a.* FROM "{t}_real" a, "{t}_real" b, "{t}_real" c, "{t}_real" d, "{t}_real" e, "{t}_real" f, "{t}_real" g')
    yield "views-large", views(lambda t: f'SELECT {", ".join(f"zeroblob(1000000000) AS [{c}]" for c, _ in cols[t])}')

    def schema(change_sql):
        def change(db):
            for t in names:
                db.execute("UPDATE sqlite_master SET sql=? WHERE type='table' AND name=?", (change_sql(t, sql[t]), t))
        return change
    yield "view-of-itself", lambda db: [db.execute(
        "UPDATE sqlite_master SET type='view', rootpage=0, sql=? WHERE name=?", (f'CREATE VIEW "{t}" AS SELECT * FROM "{t}"', t)) for t in names]
    for module in ("fts5(a)", "rtree(id,a,b)", "dbstat", "csv(filename='/etc/passwd')", "nosuch(x)", "generate_series", "json_each"):
        yield f"virtual-{module.split('(')[0]}", lambda db, m=module: [db.execute(
            "UPDATE sqlite_master SET rootpage=0, sql=? WHERE name=?", (f'CREATE VIRTUAL TABLE "{t}" USING {m}', t)) for t in names]
    for name, expr in (("blob", "zeroblob(1000000000)"), ("text", "printf('%.*c', 1000000000, 'x')"), ("zero", "1/0"), ("load", "load_extension('x')"),
                       ("random", "hex(randomblob(200000000))"), ("replace", "replace(hex(zeroblob(100000)), '0', hex(zeroblob(1000)))"),
                       ("like", "'" + "a" * 4000 + "' LIKE '" + "%a" * 2000 + "b'")):
        def generated(t, s, e=expr):
            last = cols[t][-1][0]
            parts = ", ".join(f'"{c}"' + (" PRIMARY KEY" if pk == 1 else "") if c != last or pk else f'"{c}" GENERATED ALWAYS AS ({e}) VIRTUAL' for c, pk in cols[t])
            return f'CREATE TABLE "{t}" ({parts})'
        yield f"generated-{name}", schema(generated)

        def all_generated(t, s, e=expr):
            return f'CREATE TABLE "{t}" (k INTEGER, ' + ", ".join(f'"{c}" AS ({e})' for c, _ in cols[t]) + ")"
        yield f"all-generated-{name}", schema(all_generated)
    yield "generated-cycle", schema(lambda t, s: f'CREATE TABLE "{t}" (' + ", ".join(
        f'"{c}" AS ("{cols[t][i - 1][0]}")' for i, (c, _) in enumerate(cols[t])) + ")")
    yield "without-rowid-now", schema(lambda t, s: f'CREATE TABLE "{t}" (' + ", ".join(f'"{c}"' for c, _ in cols[t]) + f', PRIMARY KEY("{cols[t][0][0]}")) WITHOUT ROWID')
    yield "columns-2000", schema(lambda t, s: f'CREATE TABLE "{t}" (' + ", ".join(f'"{c}"' for c, _ in cols[t]) + "".join(f", c{i}" for i in range(1900)) + ")")
    yield "columns-gone", schema(lambda t, s: f'CREATE TABLE "{t}" (a)')
    yield "rowid-is-a-column", schema(lambda t, s: f'CREATE TABLE "{t}" (rowid TEXT, _rowid_ TEXT, oid TEXT, ' + ", ".join(f'"{c}"' for c, _ in cols[t]) + ")")
    yield "collations", schema(lambda t, s: f'CREATE TABLE "{t}" (' + ", ".join(f'"{c}" COLLATE nosuch' for c, _ in cols[t]) + ")")
    yield "defaults", schema(lambda t, s: s.rstrip().rstrip(")") + ", zz DEFAULT (zeroblob(1000000000)), CHECK (1/0))")
    yield "sql-rubbish", schema(lambda t, s: "\x01\x02 DROP TABLE x")
    yield "sql-empty", schema(lambda t, s: "")
    yield "sql-another", schema(lambda t, s: "INSERT INTO x VALUES (1)")
    yield "sql-deep", schema(lambda t, s: f'CREATE TABLE "{t}" (a CHECK ({"(" * 900}1{")" * 900}))')
    yield "sql-long", schema(lambda t, s: f'CREATE TABLE "{t}" (a /* {"x" * 200_000} */)')
    for root in (0, 1, 2, -1, 0x7fffffff, 1 << 32, 1 << 62):
        yield f"root-{root:x}", lambda db, r=root: db.execute("UPDATE sqlite_master SET rootpage=? WHERE type='table'", (r,))
    yield "root-text", lambda db: db.execute("UPDATE sqlite_master SET rootpage='x'")
    yield "names-null", lambda db: db.execute("UPDATE sqlite_master SET name=NULL, tbl_name=NULL")
    yield "types-odd", lambda db: db.execute("UPDATE sqlite_master SET type='nothing'")
    yield "master-twice", lambda db: db.execute("INSERT INTO sqlite_master SELECT * FROM sqlite_master")
    yield "tables-5000", lambda db: db.execute(
        "INSERT INTO sqlite_master WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 5000) "
        "SELECT 'table', 't' || n, 't' || n, 2, 'CREATE TABLE t' || n || ' (a)' FROM c")
    yield "triggers", lambda db: [db.execute(
        f'CREATE TRIGGER "tr{i}" AFTER INSERT ON "{t}" BEGIN DELETE FROM "{t}"; SELECT load_extension(\'x\'); END') for i, t in enumerate(names)]
    yield "trigger-on-view", lambda db: (views(lambda t: f'SELECT * FROM "{t}_real"')(db), [
        db.execute(f'CREATE TRIGGER "tv{i}" INSTEAD OF UPDATE ON "{t}" BEGIN SELECT 1; END') for i, t in enumerate(names)])
    yield "expression-index", lambda db: [db.execute(
        "INSERT INTO sqlite_master VALUES ('index', ?, ?, 2, ?)", (f"ix{i}", t, f'CREATE INDEX ix{i} ON "{t}" (zeroblob(1000000000))')) for i, t in enumerate(names)]

    def values(v, only=None):
        def change(db):
            for t in names:
                for i, (c, pk) in enumerate(cols[t]):
                    if pk or (only is not None and i % 5 != only):
                        continue
                    try:
                        db.execute(f'UPDATE "{t}" SET "{c}" = {v}')
                    except sqlite3.Error:
                        pass  # a constraint: the other columns are enough
        return change
    for i, v in enumerate(HUGE):
        yield f"values-{i}", values(v)
        yield f"some-values-{i}", values(v, i % 5)
    for i, v in enumerate(NUMBERS + TIMES + TEXTS):
        text = "'" + v.replace("'", "''") + "'"
        yield f"text-{i}", values(text, i % 5)

    def rows(db):
        for t in names:
            plain = ", ".join(f'"{c}"' for c, pk in cols[t] if not pk)
            for _ in range(12):
                if db.execute(f'SELECT count(*) FROM "{t}"').fetchone()[0] < 1500 and plain:
                    try:
                        db.execute(f'INSERT INTO "{t}" ({plain}) SELECT {plain} FROM "{t}"')
                    except sqlite3.Error:
                        break
    yield "many-rows", rows


def sqlite_headers(good, page):
    def put(at, fmt, *v):
        out = bytearray(good)
        struct.pack_into(fmt, out, at, *v)
        return bytes(out)
    for size in (0, 1, 2, 256, 512, 513, 1024, 32768, 65535):
        yield f"page-size-{size}", put(16, ">H", size)
    for v in (0, 2, 3, 255):
        yield f"version-{v}", put(18, "BB", v, v)
    yield "wal-mode-without-wal", put(18, "BB", 2, 2)
    for v in (1, 32, 64, 255):
        yield f"reserved-{v}", put(20, "B", v)
    for at in (24, 28, 32, 36, 40, 44, 48, 52, 56, 60, 64, 68, 92, 96):
        for bad in BAD32:
            yield f"header-{at}-{bad:x}", put(at, ">I", bad)
    # B-trees that lead into themselves: the first page of each further table becomes an interior one
    for n in range(2, len(good) // page + 1):
        base = (n - 1) * page
        out = bytearray(good)
        out[base:base + 12] = struct.pack(">BHHHBI", 5, 0, 1, page - 8 & 0xffff, 0, n)
        out[base + 12:base + 14] = struct.pack(">H", page - 8)
        out[base + page - 8:base + page - 3] = struct.pack(">IB", n, 1)
        if n <= 4:
            yield f"tree-of-itself-{n}", bytes(out)
        out[base:base + 12] = struct.pack(">BHHHBI", 13, 0, 0xffff, 0, 0xff, 0)
        if n <= 4:
            yield f"cells-65535-{n}", bytes(out)
    out = bytearray(good)
    out[100:112] = struct.pack(">BHHHBI", 5, 0, 0, page & 0xffff, 0, 1)
    yield "schema-tree-of-itself", bytes(out)
    for at in range(108, min(page, 240), 2):
        yield f"cell-{at}", put(at, ">H", (0, 1, 0x7fff, 0xffff, page - 1 & 0xffff)[at // 2 % 5])
    yield "twice", good + good
    yield "odd-tail", good + b"x" * 100
    yield "header-alone", good[:100]
    yield "name-alone", b"SQLite format 3\0"


def sqlite_siblings(good, page):
    n = len(good) // page
    other = b"\x0d" + b"\0" * (page - 1)
    pages = [(i + 1, good[i * page:(i + 1) * page], n if i == n - 1 else 0) for i in range(n)]
    ready = bytearray(good)
    ready[18:20] = b"\2\2"
    ready = bytes(ready)
    w = {"empty": b"", "header-cut": wal([], page)[:20], "no-frames": wal([], page), "of-another": wal([(1, other, 1)], page),
         "of-another-size": wal([(1, other[:512] + b"\0" * (512 - len(other[:512])), 1)], 512 if page != 512 else 1024),
         "good": wal(pages, page), "good-cut": wal(pages, page)[:-7], "not-committed": wal([(a, b, 0) for a, b, _ in pages], page),
         "sums-wrong": wal(pages, page, checked=False), "magic-big": wal(pages, page, magic=0x377f0683), "magic-bad": wal(pages, page, magic=1),
         "version-bad": wal(pages, page, version=99), "zeros": b"\0" * 100_000, "ones": b"\xff" * 100_000}
    for size in (0, 1, 3, 511, 65536, 131072, 0x7fffffff, 0x80000000, 0xffffffff):
        w[f"page-size-{size:x}"] = wal(pages, page, page_size=size)
    for number in (0, 2, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffffe):
        w[f"page-{number:x}"] = wal(pages[:-1] + [(number, other, n)], page)
        w[f"commit-{number:x}"] = wal(pages[:-1] + [(n, other, number)], page)
    w["frames-many"] = wal([(1, pages[0][1], n)] * (900_000 // (page + 24)), page)
    out = bytearray(pages[0][1])
    out[18:20] = b"\2\2"
    struct.pack_into(">I", out, 28, 0xffffffff)
    w["says-pages"] = wal([(1, bytes(out), 0xffffffff)], page)
    for name, data in w.items():
        yield f"wal-{name}", ready, {"-wal": data}
    yield "wal-good-main-empty", b"", {"-wal": w["good"]}
    yield "wal-good-main-cut", good[:page + 10], {"-wal": w["good"]}

    def journal(count, records, size=page, sector=512, pages_before=n, magic=b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7", nonce=7):
        out = (magic + struct.pack(">IIIII", count & 0xffffffff, nonce, pages_before & 0xffffffff, sector, size)).ljust(max(min(sector, 65536), 28), b"\0")
        for number, data in records:
            s = nonce
            for i in range(len(data) - 200, 0, -200):
                s = s + data[i] & 0xffffffff
            out += struct.pack(">I", number) + data + struct.pack(">I", s)
        return out
    first = [(1, pages[0][1])]
    j = {"good": journal(1, first), "count-all": journal(-1, first), "count-max": journal(0x7fffffff, first), "count-0": journal(0, []),
         "page-0": journal(1, [(0, other)]), "page-max": journal(1, [(0xffffffff, other)]), "page-far": journal(1, [(0x7fffffff, other)]),
         "before-0": journal(1, first, pages_before=0), "before-max": journal(1, first, pages_before=-1), "before-many": journal(1, first, pages_before=0x3fffffff),
         "zeros": b"\0" * 5000, "ones": b"\xff" * 5000, "magic-bad": journal(1, first, magic=b"x" * 8), "cut": journal(1, first)[:-9], "empty": b"",
         "other-page": journal(1, [(1, other)]), "headers": journal(0, []) * 2000}
    for sector in (0, 1, 31, 32, 65536, 0x80000000):
        j[f"sector-{sector:x}"] = journal(1, first, sector=sector)
    for size in (0, 1, 256, 65536, 0x80000000):
        j[f"page-size-{size:x}"] = journal(1, first, size=size)
    for name, data in j.items():
        yield f"journal-{name}", good, {"-journal": data}
    yield "both", ready, {"-wal": w["good"], "-journal": j["good"]}
    yield "journal-names-another", good, {"-journal": j["good"] + b"/etc/passwd" + struct.pack(">II", 11, 1) + b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"}


CRAFTED = {"jpeg": crafted_jpeg, "tiff": crafted_tiff, "heif": crafted_heic, "film": crafted_mov, "fit": crafted_fit, "nmea": crafted_nmea,
           "text": crafted_text}

#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Hostile files for the parsers, made from the golden inputs and from the public formats.

For tests/e2e/hostile_run.py, which looks at what becomes of them. Nothing here is random: the same golden
inputs give the same files. A seed is a golden input that a parser understands; from it come

  truncated(seed)     the file cut at every byte, or at spread ones when it is long
  damaged(seed)       fields overwritten with the numbers that break arithmetic
  revalued(seed)      texts and numbers replaced, in JSON, XML, property lists and plain text

and by kind of file, without looking at a parser: crafted(kind, seed), the attacks that need a structure of
their own. All of them are generators of (name, bytes) or (name, bytes, {ending: bytes of a sibling}).
"""
import gzip
import io
import json
import plistlib
import re
import struct
import zipfile
import zlib

MIB = 1 << 20

# -- values that break readers ----------------------------------------------------------------

NUMBERS = ["0", "-0", "1e999999", "-1e999999", "1e-999999", "NaN", "-Infinity", "2147483647", "2147483648",
           "-2147483649", "4294967295", "4294967296", "9223372036854775807", "9223372036854775808",
           "-9223372036854775809", "18446744073709551615", "18446744073709551616", "9" * 400, "0." + "3" * 400,
           "-" + "1" * 400 + "e-395", "90.00000005", "-180.00000006", "1e7", "0x7fffffff", "1.5.5", "--1", "+", "."]
TIMES = ["0000-00-00T00:00:00Z", "0000-01-01T00:00:00Z", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:60.999Z",
         "99999-01-01T00:00:00Z", "2024-02-30T12:00:00Z", "2024-13-01T00:00:00Z", "2024-05-06T24:00:00Z",
         "2024-05-06T05:08:09+99:99", "-2024-05-06T05:08:09Z", "2024-05-06T05:08:09." + "9" * 400 + "Z",
         "1969-12-31T23:59:59Z"]
TEXTS = ["", " ", "x\u202egnp.exe\u202c", "\u2066\u2067\u2069\u200f", "\ufeff", "\ud7ff\ue000\uffff", "\U0010ffff", "%s%n%x",
         "../../../../etc/passwd", "' OR 1=1 --", "<script>alert(1)</script>", "$(reboot)", "\\x00\\u0000", "é" * 300,
         "A" * 5000]
# not UTF-8, or none that may be: only where bytes can be put as they are
BYTES = [b"\0", b"a\0b", b"\xff\xfe", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x80", b"\x80" * 64,
         b"\x1b[2J\x07\r", b"\x01\x02\x7f\xc2\x85"]
WORDS32 = [0xffffffff, 0x7fffffff, 0x80000000, 0, 0xfffffff0, 1, 0x00010000, 0x20000001]
WORDS64 = [(1 << 64) - 1, (1 << 63) - 1, 1 << 63, 0xffffffff00000000, (1 << 64) - 8, 1 << 32]


# -- from any seed ----------------------------------------------------------------------------

def spread(n, most):
    """At most so many positions in range(n), the ends among them."""
    return range(n) if n <= most else sorted({i * (n - 1) // (most - 1) for i in range(most)})


def truncated(data, most=300, every=600):
    """At each byte of a file of up to so many bytes, else at so many places."""
    for n in spread(len(data), every if len(data) <= every else most):
        yield f"cut-{n}", data[:n]


def damaged(data, most=500):
    """Every 32-bit and many 64-bit fields, wherever they lie, in turn set to each of the bad numbers."""
    for i, at in enumerate(spread(max(len(data) - 4, 1), most)):
        end = "<" if i // len(WORDS32) & 1 else ">"
        word = struct.pack(end + "I", WORDS32[i % len(WORDS32)])
        yield f"word-{at}", data[:at] + word + data[at + 4:]
        if i % 3 == 0:
            word = struct.pack(end + "Q", WORDS64[i // 3 % len(WORDS64)])
            yield f"long-{at}", data[:at] + word + data[at + 8:]
        if i % 3 == 1:
            yield f"byte-{at}", data[:at] + bytes([data[at] ^ 1 << i % 8]) + data[at + 1:]
            yield f"half-{at}", data[:at] + b"\xff\xff" + data[at + 2:]


def pieces(data, kind):
    """Where values stand in a text: [(begin, end)]."""
    if kind == "json":
        pattern = rb'(?<=:)\s*("(?:[^"\\]|\\.)*"|-?[0-9][^,}\]\s]*)|(?<=[\[,])\s*("(?:[^"\\]|\\.)*"|-?[0-9][^,}\]\s]*)(?=\s*[,\]])'
    elif kind.startswith("xml"):
        pattern = rb'>\s*([^<>\s][^<>]*)<|="([^"<>]*)"'
    else:
        pattern = rb"([^\s,:=\[\](){}<>\"]+)"
    found = []
    for m in re.finditer(pattern, data):
        g = next(i for i in range(1, len(m.groups()) + 1) if m.group(i) is not None)
        found.append(m.span(g))
    return found


def values_for(kind):
    """Bytes to put in place of a value."""
    if kind == "json":
        yield from (v.encode() for v in NUMBERS)
        yield from (json.dumps(v, ensure_ascii=False).encode("utf-8", "surrogatepass") for v in NUMBERS + TIMES + TEXTS)
        yield from (b'"' + v + b'"' for v in BYTES)
        yield from (b"null", b"true", b"[]", b"{}", b"[[[[]]]]", b'{"a":{"a":{}}}', b'"\\ud800"', b'"\\u0000"',
                    b'"\\udc00\\ud800"', b'"\\u202e"', b'"\\q"', b'"\\u12"', b"")
    else:
        yield from (v.encode() for v in NUMBERS + TIMES)
        if kind.startswith("xml"):
            for v in TEXTS:
                yield v.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;").encode("utf-8", "surrogatepass")
            yield from (b"&#0;", b"&#x110000;", b"&#xD800;", b"&nosuch;", b"&", b"<![CDATA[x]]>", b"<!-- -- -->", b"<x/>")
        else:
            yield from (v.encode("utf-8", "surrogatepass") for v in TEXTS)
            yield from (b"[" * 300, b",,,,", b"null null", b"\n", b"Row: 18446744073709551616 _id=1")
        yield from BYTES


def revalued(data, kind, step=1):
    """Each hostile value (of each step one) in place of all values, and of single ones in turn."""
    at, values = pieces(data, kind), list(values_for(kind))[::step]
    if not at:
        return
    for i, v in enumerate(values):
        out, last = [], 0
        for a, b in at:
            out += [data[last:a], v]
            last = b
        yield f"all-{i}", b"".join(out) + data[last:]
        # one kind of damage in an otherwise good file; which value meets which place moves along
        for k in range(2):
            a, b = at[(i * 2 + k) % len(at)]
            yield f"one-{i}-{k}", data[:a] + v + data[b:]
    for i, (a, b) in enumerate(at[:120]):
        yield f"each-{i}", data[:a] + values[(i * 7 + 3) % len(values)] + data[b:]


# -- JSON -------------------------------------------------------------------------------------

# Beginnings that each reader of JSON takes for its own, up to where an element may stand.
JSON_OPEN = {
    "timeline": '{"semanticSegments":[', "signals": '{"rawSignals":[', "timeline-ios": '[{"startTime":"2024-05-06T05:08:09Z","visit":',
    "records": '{"locations":[', "month": '{"timelineObjects":[', "edits": '{"timelineEdits":[', "devices": '{"deviceSettings":[',
    "snap": '{"Saved Media":[', "pass": '{"formatVersion":1,"boardingPass":{"primaryFields":[',
    "geojson": '{"type":"FeatureCollection","features":[', "shape": '{"type":"MultiLineString","coordinates":[', "plain": "",
}


def crafted_json(whose=tuple(JSON_OPEN)):
    """whose: the beginnings of one reader, and the plain one."""
    for who in (*whose, "plain"):
        head = JSON_OPEN[who].encode()
        yield f"deep-arrays-{who}", head + b"[" * 300_000
        yield f"deep-objects-{who}", head + b'{"visit":' * 30_000
        yield f"deep-closed-{who}", head + b"[" * 100_000 + b"]" * 100_000
        yield f"deep-63-{who}", head + b'{"a":[' * 31 + b"]}" * 31
        yield f"long-key-{who}", head + b'{"' + b"k" * 300_000 + b'":1}'
        yield f"long-text-{who}", head + b'{"name":"' + b"\\u202e" * 50_000 + b'"}'
        yield f"long-number-{who}", head + b'{"latitudeE7":' + b"1" * 300_000 + b"}"
        yield f"open-text-{who}", head + b'{"a":"' + b"x" * 300_000
        yield f"blanks-{who}", head + b" " * 300_000
        yield f"commas-{who}", head + b"," * 100_000
        yield f"empties-{who}", head + b",".join([b"{}"] * 60_000) + b"]}"
        yield f"zeros-{who}", head + b",".join([b"0"] * 60_000) + b"]}"
        yield f"same-key-{who}", head + b"{" + b",".join([b'"location":{}'] * 20_000) + b"}]}"
        yield f"many-keys-{who}", head + b"{" + b",".join(b'"k%d":[]' % i for i in range(20_000)) + b"}]}"
    point = b'{"latitudeE7":520000000,"longitudeE7":48000000,"timestamp":"2024-05-06T05:08:09Z","accuracy":5}'
    yield "records-then-rubbish", b'{"locations":[' + b",".join([point] * 3) + b"]}" + b"\xff" * 1000
    yield "records-twice", (b'{"locations":[' + point + b"]}") * 2
    yield "section-twice", b'{"locations":[' + point + b'],"locations":[' + point + b"]}"
    yield "two-kinds", b'{"locations":[' + point + b'],"semanticSegments":[],"timelineObjects":[],"Saved Media":[],"boardingPass":{}}'
    yield "utf-16", ('{"locations":[]}').encode("utf-16")
    yield "utf-32", ('{"locations":[]}').encode("utf-32")
    yield "bom-twice", b"\xef\xbb\xbf\xef\xbb\xbf{}"
    yield "coordinates-deep", b'{"type":"GeometryCollection","geometries":[' * 20_000
    yield "coordinates-many", b'{"type":"MultiPoint","coordinates":[' + b",".join([b"[1e999,NaN]"] * 80_000) + b"]}"
    yield "odd-point", b'{"type":"Point","coordinates":[' + b",".join([b"1"] * 200_000) + b"]}"
    yield "path-long", (b'{"semanticSegments":[{"startTime":"2024-05-06T05:08:09Z","endTime":"2024-05-06T06:08:09Z","timelinePath":['
                        + b",".join([b'{"point":"52.0,4.0","time":"99999-99-99"}'] * 20_000) + b"]}]}")


# -- XML --------------------------------------------------------------------------------------

XML_ROOT = {"gpx": ("gpx", "trkpt"), "kml": ("kml", "Placemark"), "tcx": ("TrainingCenterDatabase", "Trackpoint"),
            "health": ("HealthData", "Workout"), "wifi": ("WifiConfigStoreData", "NetworkList"), "plist": ("plist", "dict")}


def laughs(levels=9):
    return "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10 if i else "ha"}">' for i in range(levels + 1))


def crafted_xml(whose=tuple(XML_ROOT)):
    """whose: the kinds of document that one reader takes."""
    for who in whose:
        root, inner = XML_ROOT[who]
        def doc(body, dtd="", head='<?xml version="1.0"?>', tail=f"</{root}>", root=root):
            return f"{head}{dtd}<{root}>{body}{tail}".encode("utf-8", "surrogatepass")
        yield f"laughs-{who}", doc("&l9;", f"<!DOCTYPE {root} [{laughs()}]>")
        yield f"laughs-attribute-{who}", doc(f'<{inner} lat="&l9;" lon="&l9;"/>', f"<!DOCTYPE {root} [{laughs()}]>")
        yield f"quadratic-{who}", doc("&a;" * 50_000, f'<!DOCTYPE {root} [<!ENTITY a "{"A" * 50_000}">]>')
        yield f"entity-cycle-{who}", doc("&a;", f'<!DOCTYPE {root} [<!ENTITY a "&b;"><!ENTITY b "&a;">]>')
        yield f"external-{who}", doc("&a;", f'<!DOCTYPE {root} [<!ENTITY a SYSTEM "file:///etc/passwd">]>')
        yield f"parameter-{who}", doc("x", f'<!DOCTYPE {root} [<!ENTITY % a "<!ENTITY b \'x\'>">%a;%a;]>')
        yield f"external-dtd-{who}", doc("x", f'<!DOCTYPE {root} SYSTEM "http://127.0.0.1:9/x.dtd">')
        yield f"default-attributes-{who}", doc(f"<{inner}/>" * 500, f"<!DOCTYPE {root} [<!ATTLIST {inner} " +
                                               " ".join(f'a{i} CDATA "{"x" * 100}"' for i in range(60)) + ">]>")
        yield f"dtd-open-{who}", doc("x", f"<!DOCTYPE {root} [" + "<!-- -->" * 50_000)
        yield f"deep-{who}", doc(f"<{inner}>" * 80_000, tail="")
        yield f"deep-closed-{who}", doc("<a>" * 60_000 + "</a>" * 60_000)
        yield f"attributes-{who}", doc(f"<{inner} " + " ".join(f'a{i}="{i}"' for i in range(50_000)) + "/>")
        yield f"attribute-twice-{who}", doc(f'<{inner} lat="1" lat="2" lon="3"/>')
        yield f"attribute-long-{who}", doc(f'<{inner} lat="{"9" * 190_000}" lon="4"/>')
        yield f"name-long-{who}", doc(f"<{'n' * 190_000}/>")
        yield f"text-long-{who}", doc(f"<{inner}>{'1.5 ' * 40_000}</{inner}>")
        yield f"elements-{who}", doc(f"<{inner}/>" * 50_000)
        yield f"comment-open-{who}", doc("<!--" + "x" * 190_000, tail="")
        yield f"cdata-open-{who}", doc("<![CDATA[" + "x" * 190_000, tail="")
        yield f"instruction-open-{who}", doc("<?x " + "x" * 190_000, tail="")
        yield f"tag-open-{who}", doc(f"<{inner} " + " " * 190_000, tail="")
        yield f"xml-1.1-{who}", doc("&#1;", head='<?xml version="1.1"?>')
        yield f"prefixes-{who}", doc("".join(f'<p{i}:{inner} xmlns:p{i}="u{i}"/>' for i in range(20_000)))
        for enc in ("utf-7", "utf-16", "ebcdic-cp-us", "x-nothing", "iso-8859-1", "windows-1252"):
            yield f"says-{enc}-{who}", doc("\x80\xff", head=f'<?xml version="1.0" encoding="{enc}"?>')
        yield f"is-utf-16-{who}", doc("x").decode().encode("utf-16")
        yield f"is-utf-16-odd-{who}", doc("x").decode().encode("utf-16")[:-1]
        yield f"behind-{who}", doc("") + b"\0" * 5000
        yield f"twice-{who}", doc("") * 2
    if "gpx" not in whose:
        return
    point = '<trkpt lat="52" lon="4">'
    yield "trkpt-in-trkpt", f"<gpx><trk><trkseg>{point * 60}{'</trkpt>' * 60}</trkseg></trk></gpx>".encode()
    yield "names", ("<gpx>" + "".join(f'<wpt lat="{i % 91}" lon="{i}"><name>\u202e{"n" * 200}</name></wpt>' for i in range(3000))
                    + "</gpx>").encode()
    yield "kml-whens", b"<kml><Placemark><Track>" + b"<when>2024-05-06T05:08:09Z</when>" * 25_000 + b"</Track></Placemark></kml>"
    yield "kml-coords", b"<kml><Placemark><Track>" + b"<coord>4 52 0</coord>" * 40_000 + b"</Track></Placemark></kml>"
    yield "kml-long", b"<kml><Placemark><LineString><coordinates>" + b"4.1,52.1,1e999 " * 60_000 + b"</coordinates></LineString></Placemark></kml>"
    yield "kml-one-number", b"<kml><Placemark><LineString><coordinates>" + b"4" * 190_000 + b"</coordinates></LineString></Placemark></kml>"
    yield "kml-in-itself", b"<kml>" + b"<Placemark><MultiGeometry>" * 30 + b"</MultiGeometry></Placemark>" * 30 + b"</kml>"


# -- property lists ---------------------------------------------------------------------------

# Keys behind which the readers of property lists look for something.
PLIST_KEYS = ["keten-values", "values", "Cities", "LocalWeather", "List of known networks", "List of scanned networks with private mac",
              "wifi.network.ssid.Parkzicht", "PersonalWallet", "unique-sim-label-store", "imeis", "AppleLanguages", "AppleLocale",
              "cities", "LocationServicesEnabled", "LastKnownICCID", "00:11:22:33:44:55", "org.example.maps", "timezone"]


def bplist(objects, root=0, ref=2, off=4, count=None, table=None):
    """A binary list of objects that are bytes already (references of width ref in them)."""
    body, offsets = b"bplist00", []
    for o in objects:
        offsets.append(len(body))
        body += o
    n = len(objects) if count is None else count
    at = len(body) if table is None else table
    return (body + b"".join(struct.pack(">Q", o)[8 - off:] for o in offsets) +
            struct.pack(">6xBBQQQ", off, ref, n & (1 << 64) - 1, root, at & (1 << 64) - 1))


def head(kind, n):
    if n < 15:
        return bytes([kind << 4 | n])
    size = 0 if n < 256 else 1 if n < 65536 else 2 if n < 1 << 32 else 3
    return bytes([kind << 4 | 15, 0x10 | size]) + n.to_bytes(1 << size, "big")


def refs(*ids):
    return b"".join(struct.pack(">H", i) for i in ids)


def under_keys(bomb, wrapped=False):
    """A dictionary whose known keys all lead to object 1, the root of the bomb's objects (numbered from 1 on)."""
    texts = [head(5, len(k)) + k.encode() for k in PLIST_KEYS]
    first = 1 + len(bomb)
    d = head(13, len(texts)) + refs(*range(first, first + len(texts))) + refs(*([1] * len(texts)))
    return bplist([d] + bomb + texts)


def crafted_bplist(_seed=None):
    yield "array-of-itself", bplist([head(10, 1) + refs(0)])
    yield "dict-of-itself", bplist([head(13, 1) + refs(1) + refs(0), b"\x51a"])
    yield "key-is-the-dict", bplist([head(13, 1) + refs(0) + refs(0)])
    yield "two-arrays", bplist([head(10, 1) + refs(1), head(10, 1) + refs(0)])
    for keys in (False, True):
        make = under_keys if keys else lambda b: bplist([head(10, 1) + refs(1)] + b)
        who = "-under-keys" if keys else ""
        yield f"dag-2-60{who}", make([head(10, 2) + refs(i + 2, i + 2) for i in range(60)] + [b"\x10\x01"])
        yield f"dag-100-20{who}", make([head(10, 100) + refs(*([i + 2] * 100)) for i in range(20)] + [b"\x10\x01"])
        yield f"dag-dicts{who}", make([head(13, 2) + refs(32, 32) + refs(i + 2, i + 2) for i in range(30)] + [b"\x10\x01", b"\x51a"])
        yield f"one-text-many-times{who}", make([head(10, 60_000) + refs(*([2] * 60_000)), head(5, 500) + b"A" * 500])
        yield f"one-dict-many-times{who}", make([head(10, 60_000) + refs(*([2] * 60_000)), head(13, 1) + refs(3, 3), b"\x51a"])
        yield f"deep{who}", make([head(10, 1) + refs(i + 2) for i in range(30_000)] + [b"\x08"])
        yield f"cycle-deep{who}", make([head(10, 1) + refs(i + 2) for i in range(50)] + [head(10, 1) + refs(1)])
    for kind in (4, 5, 6, 8, 10, 12, 13):
        for n in (0x7fffffff, 0x80000000, 0xffffffff, 1 << 32, 1 << 61, 1 << 62, (1 << 63) - 1, 1 << 63, (1 << 64) - 1):
            yield f"count-{kind}-{n:x}", under_keys([head(kind, n) + b"\0" * 40])
    for n in (1 << 16, 1 << 31, 1 << 32, 1 << 60, 1 << 61, 1 << 63, (1 << 64) - 1):
        yield f"objects-{n:x}", bplist([head(10, 0)], count=n)
        yield f"table-{n:x}", bplist([head(10, 0)], table=n)
        yield f"root-{n:x}", bplist([head(10, 0)], root=n & (1 << 64) - 1)
    for w in (0, 3, 5, 8, 9, 16, 255):
        data = bytearray(bplist([head(10, 2) + refs(1, 1), b"\x08"]))
        data[-26] = w
        yield f"offset-width-{w}", bytes(data)
        data[-26], data[-25] = 4, w
        yield f"reference-width-{w}", bytes(data)
    odd = [b"\x23" + struct.pack(">d", v) for v in (float("nan"), float("inf"), -1e308, 5e-324, -0.0)]
    odd += [b"\x33" + struct.pack(">d", v) for v in (float("nan"), float("inf"), -1e308, 1e18, -62135596800.0 - 1e9, -0.0)]
    odd += [b"\x22" + struct.pack(">f", float("nan")), b"\x13" + b"\x80" + b"\0" * 7, b"\x14" + b"\xff" * 16, b"\x15" + b"\xff" * 32,
            b"\x1f", b"\x80\xff", b"\x87" + b"\xff" * 8, b"\x00", b"\x0f", b"\x70", b"\xf0", b"\x62\xd8\0\xd8\0", b"\x61\0\0",
            b"\x62\x20\x2e\xdc\0", b"\x53\xff\0\x80", b"\x40", b"\x50", b"\x60"]
    for i, o in enumerate(odd):
        yield f"odd-{i}", under_keys([o])
        yield f"odd-in-dicts-{i}", under_keys([head(13, 1) + refs(2, 3), b"\x51a", o])
        yield f"odd-as-key-{i}", bplist([head(13, 1) + refs(1, 2), o, head(10, 0)])
    yield "header-alone", b"bplist00"
    yield "version-16", b"bplist16" + b"\0" * 40
    yield "trailer-alone", b"bplist00" + struct.pack(">6xBBQQQ", 1, 1, 1, 0, 8)


def crafted_xmlplist(_seed=None):
    keys = "".join(f"<key>{k}</key>%s" for k in PLIST_KEYS)
    bombs = {"deep": "<array>" * 20_000 + "</array>" * 20_000, "deep-63": "<array>" * 61 + "</array>" * 61, "integers": "<integer>" + "9" * 400 + "</integer>",
             "hex": "<integer>0x" + "f" * 40 + "</integer>", "minus-zero": "<integer>-0</integer>", "real": "<real>1e999999</real>",
             "nan": "<real>nan</real>", "date-0": "<date>0000-00-00T00:00:00Z</date>", "date-99999": "<date>99999-01-01T00:00:00Z</date>",
             "data": "<data>!!!!====</data>", "text": "<string>&#x202e;\u202e" + "x" * 9000 + "</string>", "odd": "<nothing/>",
             "value-alone": "<key>a</key>", "empties": "<dict/>" * 10, "bool-text": "<true>x</true>", "uid": "<dict><key>CF$UID</key><integer>4294967295</integer></dict>",
             "array": "<array>" + "<dict><key>SSID</key><data>AAAA</data></dict>" * 1500 + "</array>"}
    for name, b in bombs.items():
        body = keys % ((b,) * len(PLIST_KEYS)) if len(b) < 20_000 else f"<key>Cities</key>{b}"
        yield f"list-{name}", f'<?xml version="1.0"?><plist version="1.0"><dict>{body}</dict></plist>'.encode()
    yield "many-keys", ("<plist><dict>" + "".join(f"<key>wifi.network.ssid.{i}</key><dict/>" for i in range(15_000)) + "</dict></plist>").encode()
    yield "same-key", ("<plist><dict>" + "<key>Cities</key><array/>" * 20_000 + "</dict></plist>").encode()
    yield from crafted_xml(("plist",))
    yield "old-style", b'{ Cities = ( { Name = "Parkzicht"; } ); }'


def revalued_plist(data, step=1):
    """Leaves of a list replaced, by each step-th hostile value; binary and XML."""
    import datetime
    tree = plistlib.loads(data)
    leaves = []

    def walk(node):
        for k, v in (node.items() if isinstance(node, dict) else enumerate(node)):
            if isinstance(v, (dict, list)):
                walk(v)
            else:
                leaves.append((node, k))
    if not isinstance(tree, (dict, list)):
        return
    walk(tree)
    values = [-1, 0, (1 << 63) - 1, -(1 << 63), (1 << 64) - 1, float("nan"), float("inf"), -0.0, 1e300, -180.0, 90.0000001, b"", b"\0\xff", b"x" * 70_000,
              datetime.datetime(1, 1, 1), datetime.datetime(9999, 12, 31, 23, 59, 59), True, [], {}, [[[]]], {"a": {}}] + NUMBERS + TIMES + TEXTS
    for i, v in enumerate(values[::step]):
        for part in (leaves, [leaves[i % len(leaves)]] if leaves else []):
            old = [(n, k, n[k]) for n, k in part]
            for n, k in part:
                n[k] = v
            for fmt in (plistlib.FMT_BINARY, plistlib.FMT_XML):
                try:
                    yield f"leaf-{i}-{len(part)}-{fmt.name}", plistlib.dumps(tree, fmt=fmt)
                except (ValueError, OverflowError, TypeError):
                    pass  # plistlib can't write it in this form
            for n, k, o in old:
                n[k] = o


# -- ZIP and gzip -----------------------------------------------------------------------------

GPX = (b'<gpx version="1.1" creator="test"><trk><trkseg><trkpt lat="52" lon="4"><time>2024-05-06T05:08:09Z</time></trkpt>'
       b"%s</trkseg></trk></gpx>")
KML = b"<kml><Document><Placemark><Point><coordinates>4.5,52.1</coordinates></Point></Placemark>%s</Document></kml>"
HEALTH = b'<HealthData locale="nl_NL">%s</HealthData>'


def deflated(n, before=b"", behind=b"", level=9, gz=False):
    """before, n blanks and behind, packed without ever holding them."""
    c = zlib.compressobj(level, zlib.DEFLATED, 31 if gz else -15)
    crc, out, blanks = zlib.crc32(before), [c.compress(before)], b" " * MIB
    for i in range(0, n, MIB):
        crc = zlib.crc32(blanks[:n - i], crc)
        out.append(c.compress(blanks[:n - i]))
    crc = zlib.crc32(behind, crc)
    return b"".join(out) + c.compress(behind) + c.flush(), crc, len(before) + n + len(behind)


def zip_raw(members, n=None, cd_off=None, cd_len=None, comment=b"", again=False):
    """members: (name, method, packed, crc, size, {overrides for 'local_', 'cd_' fields})."""
    out, cd = b"", b""
    for name, method, packed, crc, size, o in members:
        at = o.get("at", len(out))
        args = (20, o.get("flags", 0), method, 0, 0x58a6, crc, o.get("packed", len(packed)), size)
        if "at" not in o:
            out += struct.pack("<IHHHHHIIIHH", 0x04034b50, *args, o.get("name_len", len(name)), 0) + o.get("local", name) + packed
        extra = o.get("extra", b"")
        cd += struct.pack("<IHHHHHHIIIHHHHHII", 0x02014b50, 20, *args, o.get("cd_name_len", len(name)), o.get("extra_len", len(extra)),
                          o.get("comment_len", 0), 0, 0, o.get("mode", 0), at) + name + extra
    count = len(members) if n is None else n
    end = struct.pack("<IHHHHIIH", 0x06054b50, 0, 0, count & 0xffff, count & 0xffff, len(cd) if cd_len is None else cd_len,
                      len(out) if cd_off is None else cd_off, len(comment)) + comment
    return out + cd + end + (end if again else b"")


def stored(name, data, **o):
    return name, 0, data, zlib.crc32(data), len(data), o


def crafted_zip(whose="kmz"):
    """whose: kmz or health: what lies in it, and under which name."""
    for who, inner, name in (("kmz", KML, b"doc.kml"), ("health", HEALTH, b"apple_health_export/export.xml")):
        if who != whose:
            continue
        a, b = inner.split(b"%s")
        packed, crc, size = deflated(40 * MIB, a, b)
        yield f"bomb-{who}", zip_raw([(name, 8, packed, crc, size, {})])
        yield f"bomb-lies-small-{who}", zip_raw([(name, 8, packed, crc, 100, {})])
        yield f"bomb-lies-crc-{who}", zip_raw([(name, 8, packed, 1, size, {})])
        small = inner % b""
        for f in (0x7fffffff, 0x80000000, 0xffffffff, 0xfffffff0):
            yield f"size-{f:x}-{who}", zip_raw([(name, 0, small, zlib.crc32(small), f, {})])
            yield f"packed-{f:x}-{who}", zip_raw([(name, 8, small, zlib.crc32(small), f, {"packed": f})])
            yield f"at-{f:x}-{who}", zip_raw([stored(name, small), stored(name, small, at=f)])
            yield f"directory-at-{f:x}-{who}", zip_raw([stored(name, small)], cd_off=f)
            yield f"directory-len-{f:x}-{who}", zip_raw([stored(name, small)], cd_len=f)
        for f in (0, 2, 0xfffe, 0xffff):
            yield f"count-{f}-{who}", zip_raw([stored(name, small)], n=f)
            yield f"name-len-{f}-{who}", zip_raw([stored(name, small, cd_name_len=f)])
            yield f"local-name-len-{f}-{who}", zip_raw([stored(name, small, name_len=f)])
            yield f"extra-len-{f}-{who}", zip_raw([stored(name, small, extra_len=f)])
            yield f"comment-len-{f}-{who}", zip_raw([stored(name, small, comment_len=f)])
        for f in ((1 << 64) - 1, 1 << 63, 1 << 32, (1 << 62) + 5):
            extra = struct.pack("<HHQQQ", 1, 24, f, f, f)
            yield f"zip64-{f:x}-{who}", zip_raw([(name, 0, small, zlib.crc32(small), 0xffffffff, {"packed": 0xffffffff, "extra": extra}),
                                                 stored(name, small)])
        packed = deflated(0, small)[0]
        crc = zlib.crc32(small)
        yield f"overlapping-{who}", zip_raw([(name, 8, packed, crc, len(small), {})] +
                                            [(b"%d.kml" % i, 8, packed, crc, len(small), {"at": 0}) for i in range(5000)])
        yield f"many-{who}", zip_raw([stored(b"%d.kml" % i, b"") for i in range(9000)])
        yield f"many-small-{who}", zip_raw([stored(b"%d.kml" % i, small) for i in range(1500)])
        for i, n in enumerate((b"../../x.kml", b"/etc/x.kml", b"a\0.kml", "\u202elmk.kml".encode(), b"\xff\xfe.kml", b"", b"x" * 60_000 + b".kml")):
            yield f"name-{i}-{who}", zip_raw([stored(n, small), stored(name, small)])
        yield f"twice-the-name-{who}", zip_raw([stored(name, small), stored(name, small)])
        yield f"other-local-name-{who}", zip_raw([stored(name, small, local=b"other.kml"[:len(name)].ljust(len(name), b"x"))])
        yield f"encrypted-{who}", zip_raw([stored(name, small, flags=1)])
        yield f"descriptor-{who}", zip_raw([stored(name, small, flags=8)])
        yield f"method-99-{who}", zip_raw([(name, 99, small, crc, len(small), {})])
        yield f"link-{who}", zip_raw([stored(name, b"/etc/passwd", mode=0o120777 << 16)])
        yield f"two-ends-{who}", zip_raw([stored(name, small)], again=True)
        yield f"comment-{who}", zip_raw([stored(name, small)], comment=b"PK\5\6" * 16_000)
        yield f"in-front-{who}", b"\0" * 1000 + zip_raw([stored(name, small)])
        nested = small
        for _ in range(30):
            nested = zip_raw([stored(name, nested)])
        yield f"nested-{who}", nested
    yield "end-alone", struct.pack("<IHHHHIIH", 0x06054b50, 0, 0, 0, 0, 0, 0, 0)
    yield "only-names", b"PK\3\4" * 1000


def crafted_gzip(_seed=None):
    a, b = GPX.split(b"%s")
    packed = deflated(40 * MIB, a, b, gz=True)[0]
    yield "bomb", packed
    yield "bomb-text", deflated(40 * MIB, a + b"<name>", b"</name>" + b, gz=True)[0]
    yield "bomb-tag", deflated(40 * MIB, a + b"<name ", b"/>" + b, gz=True)[0]
    yield "bomb-cut", packed[:-40]
    yield "bomb-of-nothing", deflated(40 * MIB, gz=True)[0]
    fit = b"\x0e\x10\x00\x00\xff\xff\xff\x7f.FIT\0\0" + b"\x40\0\0\0\0\0"  # a message of no bytes, then many of them
    yield "bomb-fit", gzip.compress(fit + b"\0" * (8 * MIB), mtime=0)
    # bombs in bombs: the inner one is not unpacked
    yield "gzip-in-gzip", gzip.compress(packed, mtime=0)
    good = gzip.compress(GPX % b"", mtime=0)
    yield "members", good * 3000
    yield "empty-members", gzip.compress(b"", mtime=0) * 20_000
    yield "empty-members-then-one", gzip.compress(b"", mtime=0) * 20_000 + good
    yield "rubbish-behind", good + b"\xff" * 5000
    yield "zeros-behind", good + b"\0" * 500_000
    yield "name-open", good[:3] + b"\x08" + good[4:10] + b"n" * 900_000
    yield "extra-long", good[:3] + b"\x04" + good[4:10] + b"\xff\xff" + b"x" * 100
    yield "all-flags", good[:3] + b"\xff" + good[4:]
    yield "method-7", good[:2] + b"\x07" + good[3:]
    yield "sum-wrong", good[:-8] + b"\0\0\0\0" + good[-4:]
    yield "size-wrong", good[:-4] + b"\xff\xff\xff\xff"
    yield "stored-blocks-empty", good[:10] + b"\x00\x00\x00\xff\xff" * 150_000
    yield "bad-codes", good[:10] + b"\x05" + b"\xff" * 1000


CRAFTED = {"json": crafted_json, "xml": crafted_xml, "bplist": crafted_bplist, "xml:plist": crafted_xmlplist, "zip": crafted_zip,
           "gzip": crafted_gzip}

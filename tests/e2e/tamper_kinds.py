#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""tamper_kinds.py PACKAGE KEYS OUT: writes one manipulated copy per kind into OUT.

KEYS is what tests/tools/new-mandate made for the package (operator.pem, authoriser.pem): the harder
kinds are those of an insider who holds the operator's key. Prints one line per kind:
file, expected status, check that has to fail, the stock program that rejects it by the reviewer's steps
("-": none can see it; "all": it is good), meaning.
Uses the standard library and openssl alone.
"""
import base64, datetime, hashlib, json, os, re, struct, subprocess, sys, tempfile, urllib.request, zipfile, zlib

PACKAGE, KEYS, OUT = sys.argv[1:4]
RAW = open(PACKAGE, "rb").read()
NAME = os.path.basename(PACKAGE)
HERE = os.path.dirname(os.path.abspath(__file__))
OPERATOR = os.path.join(KEYS, "operator.pem")
LOG, SEAL, TAGS = "custody/custody.jsonl", "seal/seal.json", "tagmanifest-sha256.txt"


def load():
    with zipfile.ZipFile(PACKAGE) as z:
        return {i.filename: z.read(i) for i in z.infolist()}


DATE = zipfile.ZipFile(PACKAGE).infolist()[0].date_time
STAMP = (DATE[3] << 11 | DATE[4] << 5 | DATE[5] // 2, (DATE[0] - 1980) << 9 | DATE[1] << 5 | DATE[2])


def pack(entries, central=None, local=None, between=None):
    """The container as Keten writes it. entries: dict or list of (name, bytes). central, local:
    functions that change a header's fields for one name; between: bytes before an entry."""
    items = list(entries.items()) if isinstance(entries, dict) else entries
    body, directory = bytearray(), bytearray()
    for name, data in items:
        f = dict(need=20, flags=0, method=0, crc=zlib.crc32(data), csize=len(data), size=len(data),
                 name=name.encode(), extra=b"", mode=0o100644, stored=data)
        if between:
            body += between(name)
        off = len(body)
        loc = local(name, dict(f)) if local else f
        cen = central(name, dict(f)) if central else f
        body += struct.pack("<IHHHHHIIIHH", 0x04034B50, loc["need"], loc["flags"], loc["method"], *STAMP,
                            loc["crc"], loc["csize"], loc["size"], len(loc["name"]), len(loc["extra"]))
        body += loc["name"] + loc["extra"] + loc["stored"]
        directory += struct.pack("<IHHHHHHIIIHHHHHII", 0x02014B50, 3 << 8 | 45, cen["need"], cen["flags"],
                                 cen["method"], *STAMP, cen["crc"], cen["csize"], cen["size"],
                                 len(cen["name"]), len(cen["extra"]), 0, 0, 0, cen["mode"] << 16, off)
        directory += cen["name"] + cen["extra"]
    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, len(items), len(items), len(directory), len(body), 0)
    return bytes(body + directory + end)


def sha(data):
    return hashlib.sha256(data).hexdigest()


def sign(data, key=OPERATOR):
    with tempfile.NamedTemporaryFile() as f:
        f.write(data)
        f.flush()
        return subprocess.run(["openssl", "cms", "-sign", "-binary", "-cades", "-md", "sha256", "-outform",
                               "DER", "-signer", key, "-in", f.name], check=True, capture_output=True,
                              env=dict(os.environ, OPENSSL_CONF="/dev/null")).stdout


P7S, XADES, TOKEN = "signatures/tagmanifest.p7s", "META-INF/signatures001.xml", "signatures/tagmanifest.p7s.tst"
OUTSIDE = {"mimetype", TAGS, "tagmanifest-sha512.txt", P7S, TOKEN, "META-INF/manifest.xml", XADES}
TYPES = {"txt": "text/plain", "json": "application/json", "jsonl": "application/jsonl", "html": "text/html",
         "pdf": "application/pdf", "csv": "text/csv", "gpx": "application/gpx+xml",
         "kml": "application/vnd.google-earth.kml+xml", "geojson": "application/geo+json",
         "jsonld": "application/ld+json", "p7s": "application/pkcs7-signature",
         "tst": "application/vnd.etsi.timestamp-token"}


def media(n):
    return TYPES.get(n.rpartition(".")[2] if "." in n else "", "application/octet-stream")


def covered(e):
    return [n for n in sorted(e) if n != "mimetype" and not n.startswith("META-INF/")]


def lists(e):
    """All lists again, so that only the signature can tell."""
    pay = sorted(n for n in e if n.startswith("data/"))
    octets = sum(len(e[n]) for n in pay)
    e["bag-info.txt"] = re.sub(rb"Payload-Oxum: .*", b"Payload-Oxum: %d.%d" % (octets, len(pay)), e["bag-info.txt"])
    e["manifest-sha256.txt"] = "".join(f"{sha(e[n])}  {n}\n" for n in pay).encode()
    tags = sorted(n for n in e if not n.startswith("data/") and n not in OUTSIDE)
    e[TAGS] = "".join(f"{sha(e[n])}  {n}\n" for n in tags).encode()
    e["tagmanifest-sha512.txt"] = "".join(f"{hashlib.sha512(e[n]).hexdigest()}  {n}\n" for n in tags).encode()
    return odf(e)


def odf(e):
    old = e["META-INF/manifest.xml"].decode()
    head = old[: old.index("\n", old.index('full-path="/"')) + 1]
    rows = "".join(f'<manifest:file-entry manifest:full-path="{n}" manifest:media-type="{media(n)}"/>\n'
                   for n in covered(e))
    e["META-INF/manifest.xml"] = (head + rows + "</manifest:manifest>\n").encode()
    return e


CERTS = {}


def cert_of(key):
    """Certificate in DER, IssuerSerial in DER."""
    if key not in CERTS:
        cert = subprocess.run(["openssl", "x509", "-in", key, "-outform", "DER"], check=True, capture_output=True).stdout
        read = lambda p: (p + 2, cert[p + 1]) if cert[p + 1] < 128 else \
            (p + 2 + cert[p + 1] - 128, int.from_bytes(cert[p + 2:p + 2 + cert[p + 1] - 128], "big"))
        at = read(read(0)[0])[0]  # into Certificate, into TBSCertificate
        if cert[at] == 0xA0:
            at = sum(read(at))
        serial = cert[at:sum(read(at))]
        at = sum(read(at))
        at = sum(read(at))
        issuer = cert[at:sum(read(at))]
        CERTS[key] = cert, der(0x30, der(0x30, der(0xA4, issuer)) + serial)
    return CERTS[key]


def der(tag, body):
    n = len(body)
    size = bytes([n]) if n < 128 else (lambda b: bytes([0x80 | len(b)]) + b)(n.to_bytes((n.bit_length() + 7) // 8, "big"))
    return bytes([tag]) + size + body


def b64(data):
    return base64.b64encode(data).decode()


def raw_sign(data, key):
    """ECDSA as r and s side by side, as XML has it; RSA as it is."""
    with tempfile.NamedTemporaryFile() as f:
        f.write(data)
        f.flush()
        sig = subprocess.run(["openssl", "dgst", "-sha256", "-sign", key, f.name], check=True, capture_output=True).stdout
    if sig[0] != 0x30:
        return sig, "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
    at = 4 + sig[3]
    r, s = sig[4:at], sig[at + 2:]
    pad = lambda v: v.lstrip(b"\0").rjust(32, b"\0")
    return pad(r) + pad(s), "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"


def signing_time(p7s):
    at = p7s.index(bytes.fromhex("06092a864886f70d010905")) + 15
    t = p7s[at:at + 13].decode()
    return f"20{t[:2]}-{t[2:4]}-{t[4:6]}T{t[6:8]}:{t[8:10]}:{t[10:12]}Z"


NS = [' xmlns:asic="http://uri.etsi.org/02918/v1.2.1#"', ' xmlns:ds="http://www.w3.org/2000/09/xmldsig#"',
      ' xmlns:xades="http://uri.etsi.org/01903/v1.3.2#"']
C14N = "http://www.w3.org/2006/12/xml-c14n11"


def xades(e, key=OPERATOR, names=None, mime=media, token=None, edit=lambda x: x):
    """META-INF/signatures001.xml as docs/formats/package.md describes it, written anew here."""
    cert, issuer = cert_of(key)
    names = covered(e) if names is None else names
    digest = lambda d: ('<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></ds:DigestMethod>'
                        f"<ds:DigestValue>{b64(hashlib.sha256(d).digest())}</ds:DigestValue>")
    formats = "".join(f'<xades:DataObjectFormat ObjectReference="#S0-R{i}"><xades:MimeType>{mime(n)}</xades:MimeType>'
                      "</xades:DataObjectFormat>" for i, n in enumerate(names))
    props = ('<xades:SignedProperties%s Id="S0-SignedProperties"><xades:SignedSignatureProperties><xades:SigningTime>'
             f"{signing_time(e[P7S])}</xades:SigningTime><xades:SigningCertificateV2><xades:Cert><xades:CertDigest>"
             f"{digest(cert)}</xades:CertDigest><xades:IssuerSerialV2>{b64(issuer)}</xades:IssuerSerialV2></xades:Cert>"
             "</xades:SigningCertificateV2></xades:SignedSignatureProperties><xades:SignedDataObjectProperties>"
             f"{formats}</xades:SignedDataObjectProperties></xades:SignedProperties>")
    refs = "".join(f'<ds:Reference Id="S0-R{i}" URI="{n}">{digest(e.get(n, b""))}</ds:Reference>' for i, n in enumerate(names))
    alg = raw_sign(b"", key)[1]
    info = ('<ds:SignedInfo%s><ds:CanonicalizationMethod Algorithm="' + C14N + '"></ds:CanonicalizationMethod>'
            f'<ds:SignatureMethod Algorithm="{alg}"></ds:SignatureMethod>{refs}<ds:Reference Type='
            '"http://uri.etsi.org/01903#SignedProperties" URI="#S0-SignedProperties"><ds:Transforms><ds:Transform Algorithm="'
            + C14N + f'"></ds:Transform></ds:Transforms>{digest((props % "".join(NS)).encode())}</ds:Reference></ds:SignedInfo>')
    sig = b64(raw_sign((info % "".join(NS[:2])).encode(), key)[0])
    stamp = "" if token is None else (
        "<xades:UnsignedProperties><xades:UnsignedSignatureProperties><xades:SignatureTimeStamp Id=\"S0-T0\">"
        f'<ds:CanonicalizationMethod Algorithm="{C14N}"></ds:CanonicalizationMethod><xades:EncapsulatedTimeStamp>{b64(token)}'
        "</xades:EncapsulatedTimeStamp></xades:SignatureTimeStamp></xades:UnsignedSignatureProperties></xades:UnsignedProperties>")
    return edit(f'<?xml version="1.0" encoding="UTF-8"?>\n<asic:XAdESSignatures{NS[0]}><ds:Signature{NS[1]} Id="S0">'
                + info % "" + f'<ds:SignatureValue Id="S0-SignatureValue">{sig}</ds:SignatureValue><ds:KeyInfo><ds:X509Data>'
                f"<ds:X509Certificate>{b64(cert)}</ds:X509Certificate></ds:X509Data></ds:KeyInfo><ds:Object>"
                f'<xades:QualifyingProperties{NS[2]} Target="#S0">' + props % "" + stamp +
                "</xades:QualifyingProperties></ds:Object></ds:Signature></asic:XAdESSignatures>\n").encode()


def with_xades(finish=lambda e: e, **kw):
    e = finish(load())
    e[XADES] = xades(e, **kw)
    return pack(e)


def signed(e, key=OPERATOR):
    """... and the package's signature again: what only the key's holder can do."""
    e.pop(TOKEN, None)  # it was over another signature
    lists(e)
    e[P7S] = sign(e[TAGS], key)
    e[XADES] = xades(e, key)
    return e


def read_log(e):
    return [json.loads(line) for line in e[LOG].decode().splitlines()]


def chain(rows):
    prev, out = "0" * 64, b""
    for n, row in enumerate(rows, 1):
        row["prev"], row["seq"] = prev, n
        line = json.dumps(row, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
        prev, out = sha(line), out + line
    return out, prev


RECEIPT = "subject/receipt.json"


def pin(e, rows, head=None):
    """The receipt pins the log as it is now; head: it pins another one."""
    for at, row in enumerate(rows):
        if row["event"] == "receipt.issued" and RECEIPT in e:
            d = json.loads(e[RECEIPT])
            row["detail"]["head"] = chain(rows[:at])[1]
            d["custody_head"] = head or row["detail"]["head"]
            e[RECEIPT] = json.dumps(d, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
            row["detail"]["receipt_sha256"] = sha(e[RECEIPT])


def insider(e, edit_log=lambda rows: rows, key=OPERATOR, seal_key=None, head=None):
    """Everything made again to fit: log, seal, report, receipt, lists, signatures."""
    rows = edit_log(read_log(e))
    seal = json.loads(e[SEAL])
    for row in rows:
        d = row["detail"]
        if row["event"].startswith("item.") and "segment" in d:
            seg = e["data/index/i%04d.jsonl" % d["segment"]]
            stored = [json.loads(x) for x in seg.decode().splitlines() if '"object":' in x]
            d.update(segment_sha256=sha(seg), objects=len(stored), bytes=sum(o["bytes"] for o in stored))
            seal["segments"][d["segment"] - 1].update(sha256=d["segment_sha256"], objects=d["objects"],
                                                      bytes=d["bytes"])
        if row["event"] == "session.open":
            d["mandate_sha256"] = sha(e["mandate/mandate.json"])
    at = [r["event"] for r in rows].index("acquisition.sealed")
    for row in rows[at:]:  # the new seal is signed now
        row["utc"] = datetime.datetime.utcnow().strftime("%Y-%m-%dT%H:%M:%SZ")
    seal["custody_head"], seal["custody_lines"] = chain(rows[:at])[1], at
    e[SEAL] = json.dumps(seal, sort_keys=True, separators=(",", ":")).encode() + b"\n"
    e["seal/seal.json.p7s"] = sign(e[SEAL], seal_key or key)
    rows[at]["detail"].update(seal_sha256=sha(e[SEAL]), objects=sum(s["objects"] for s in seal["segments"]),
                              bytes=sum(s["bytes"] for s in seal["segments"]))
    for row in rows:
        if row["event"] == "report.made":
            row["detail"]["report_sha256"] = sha(e["report/report.json"])
    pin(e, rows, head)
    e[LOG] = chain(rows)[0]
    return signed(e, key)


def flip(data, at=None):
    at = len(data) // 2 if at is None else at
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]


def digit(data):
    """Another first digit: the hash of the first line is another one, and still a hash."""
    return (b"1" if data[:1] == b"0" else b"0") + data[1:]


def changed(name, fn=flip, finish=lambda e: e):
    e = load()
    e[name] = fn(e[name])
    return pack(finish(e))


def last_object(e):
    return sorted(n for n in e if n.startswith("data/objects/"))[-1]


def fields(**kw):
    """A header function that changes these fields of report/run.json."""
    return lambda name, f: {**f, **kw} if name == "report/run.json" else f


def new_mandate(out, *args):
    subprocess.run(["sh", os.path.join(HERE, "..", "tools", "new-mandate"), out, "--immediate", *args], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def other_mandate():
    """A right mandate of the same authoriser, for another case."""
    with tempfile.TemporaryDirectory() as d:
        for f in os.listdir(KEYS):
            subprocess.run(["cp", "-r", os.path.join(KEYS, f), d], check=True)
        new_mandate(d, "--id", "OTHER-1")
        return tuple(open(os.path.join(d, "mandate.json" + s), "rb").read() for s in ("", ".p7s"))


def foreign():
    """All signatures by people of a PKI that nobody trusts, everything else made to fit."""
    with tempfile.TemporaryDirectory() as d:
        new_mandate(d)
        e = load()
        e["mandate/mandate.json.p7s"] = sign(e["mandate/mandate.json"], os.path.join(d, "authoriser.pem"))
        der = {w: subprocess.run(["openssl", "x509", "-in", os.path.join(d, w + ".pem"), "-outform", "DER"],
                                 check=True, capture_output=True).stdout for w in ("operator", "authoriser")}

        def edit(rows):
            for w in der:
                rows[0]["detail"][w + "_cert_sha256"] = sha(der[w])
            return rows
        return pack(insider(e, edit, os.path.join(d, "operator.pem")))


def sole_operator():
    """The operator authorises themselves."""
    e = load()
    e["mandate/mandate.json.p7s"] = sign(e["mandate/mandate.json"])

    def edit(rows):
        rows[0]["detail"]["authoriser_cert_sha256"] = rows[0]["detail"]["operator_cert_sha256"]
        return rows
    return pack(insider(e, edit))


def swapped(all_over):
    e = load()
    e["mandate/mandate.json"], e["mandate/mandate.json.p7s"] = other_mandate()
    return pack(insider(e) if all_over else signed(e))


def cut_log(e, n=1):
    rows = read_log(e)
    e[LOG] = b"".join(e[LOG].splitlines(True)[: len(rows) - n])
    return e


def rewritten(finish):
    """The log says that a phone or source was met at another time; the chain is recomputed."""
    e = load()
    rows = read_log(e)
    for row in rows:
        if row["event"] in ("device.identified", "source.opened"):
            row["utc"] = "2026-01-01T00:00:00Z"
    e[LOG] = chain(rows)[0]
    return pack(finish(e))


def object_swapped():
    """Another object, with index and lists to fit, but not the seal."""
    e = load()
    name = last_object(e)
    old = sha(e[name])
    e[name] = flip(e[name])
    for n in e:
        if n.startswith("data/index/"):
            e[n] = e[n].replace(old.encode(), sha(e[name]).encode())
    return e


def object_added():
    e = load()
    last = last_object(e)
    e["data/objects/o%06d" % (int(last[-6:]) + 1)] = b"more than was taken"
    return e


class NotApplicable(Exception):
    """This package has nothing of that kind."""


def of_source(edit, case=lambda d: d):
    """Packages of an import: its log edited, and all made to fit. edit gets the rows."""
    e = load()
    if not any(r["event"] == "source.opened" for r in read_log(e)):
        raise NotApplicable
    e["data/case.json"] = case(e["data/case.json"])
    return pack(insider(e, edit))


def detail(event, **kw):
    """An edit of the log: these members of that event."""
    def edit(rows):
        for r in rows:
            if r["event"] == event:
                r["detail"].update(kw)
        return rows
    return edit


def other_identity(rows):
    """The log knows whose a nameless source is, or does not know whose a named one is."""
    for r in rows:
        if r["event"] == "source.opened":
            r["detail"]["identity"] = "same" if r["detail"]["identifier"] == "" else "identity-not-checkable"
    return rows


def other_form():
    """A form that the mandate does not allow, in log and case."""
    form = "image" if b'"form":"backup"' in load()["data/case.json"] else "backup"
    return of_source(detail("source.opened", form=form),
                     lambda d: re.sub(rb'"form":"[a-z]*"', b'"form":"%s"' % form.encode(), d))


def other_layout(rows):
    for r in rows:
        if r["event"] == "source.opened":
            r["detail"]["layout"] = "folder" if r["detail"]["form"] == "phone" else "iphone"
    return rows


def other_result(rows):
    phone = any(r["event"] == "source.opened" and r["detail"]["form"] == "phone" for r in rows)
    return detail("source.read", result="cut" if phone else "no-backup")(rows)


def dropped(event):
    return lambda rows: [r for r in rows if r["event"] != event]


def opened_again(rows):
    at = [r["event"] for r in rows].index("source.opened")
    row = json.loads(json.dumps(rows[at]))
    row["detail"].update(identifier="OTHERPHONE", identity="named-by-source")
    return rows[: at + 1] + [row] + rows[at + 1:]


def other_phone():
    if json.loads(load()["data/case.json"]).get("form", "phone") != "phone":
        raise NotApplicable
    return pack(insider(load(), named(json.loads(load()["data/case.json"])["device"], "OTHERPHONE")))


def index_edited(fn, finish):
    e = load()
    before = dict(e)
    for n in sorted(e):
        if n.startswith("data/index/"):
            e[n] = fn(e[n])
    if e == before:
        raise NotApplicable
    return pack(finish(e))


def late(rows):
    rows[0]["utc"] = "2030-01-01T00:00:00Z"
    return rows


def no_outcome(rows):
    return [r for r in rows if not (r["event"].startswith("item.") and r["detail"].get("segment") == 1)]


def named(old, new):
    return lambda rows: [json.loads(json.dumps(r).replace(old, new)) for r in rows]


def duplicate(name):
    e = load()
    items = list(e.items())
    items.insert(5, (name, b"{}\n"))
    return pack(items)


def without(name):
    e = load()
    del e[name]
    return pack(e)


def deflated():
    data = load()["report/report.html"]
    c = zlib.compressobj(9, zlib.DEFLATED, -15)
    z = c.compress(data) + c.flush()
    fn = lambda name, f: {**f, "method": 8, "csize": len(z), "stored": z} if name == "report/report.html" else f
    return pack(load(), fn, fn)


def reordered():
    items = list(load().items())
    return pack(items[1:] + items[:1])


def added(name, data=b"extra\n", finish=lambda e: e):
    e = load()
    e[name] = data
    return pack(finish(e))


def many_files():
    """Control: what the sandbox meets only with many files."""
    e = load()
    e.update({"report/view%04d.txt" % i: b"view\n" for i in range(2000)})
    return pack(signed(e))


def other_case(e):
    case = json.loads(e["data/case.json"])["case_id"]
    e["report/report.json"] = e["report/report.json"].replace(case.encode(), b"0" * len(case))
    return e


def paper(name, fn):
    e = load()
    if name not in e:
        raise NotApplicable
    if fn:
        e[name] = fn(e[name])
    else:
        del e[name]
    return pack(signed(e))


def other_receipt():
    e = load()
    if RECEIPT not in e:
        raise NotApplicable
    return pack(insider(e, head="0" * 64))


# -- time-stamps: kinds of a package that holds tokens, with KETEN_TSA as the address of tests/tools/tsa

TSA, OPEN = os.environ.get("KETEN_TSA", ""), "custody/open.tst"


def stamp(data, way="good"):
    """A token over data from the test's authority, behaving as way says."""
    with tempfile.NamedTemporaryFile() as f:
        f.write(data)
        f.flush()
        query = subprocess.run(["openssl", "ts", "-query", "-data", f.name, "-sha256", "-cert"], check=True,
                               capture_output=True).stdout
    request = urllib.request.Request(TSA + "/" + way, query, {"Content-Type": "application/timestamp-query"})
    with urllib.request.urlopen(request) as reply, tempfile.NamedTemporaryFile() as f:
        f.write(reply.read())
        f.flush()
        body = open(f.name, "rb").read()
    # a reply is SEQUENCE { status, token }: the token is what follows the status
    skip = lambda p: p + 2 + (body[p + 1] & 0x7F if body[p + 1] & 0x80 else 0)
    at = skip(0)
    return body[at + 2 + body[at + 1]:]


def first_line(e):
    return e[LOG][: e[LOG].index(b"\n") + 1]


def stamped(token=lambda e: stamp(e[P7S]), opening=None, inside=None, edit_log=lambda rows: rows):
    """The insider's package with these tokens; the XAdES signature fits them."""
    e = load()
    if opening:
        e[OPEN] = opening(e)
    e = insider(e, edit_log)
    e[TOKEN] = token(e)
    lists(e)
    e[XADES] = xades(e, token=inside(e) if inside else None)
    return pack(e)


def without_open(finish):
    e = load()
    del e[OPEN]
    return pack(finish(e))


def token_dropped(e):
    del e[TOKEN]
    return odf(e)


def without_one(e):
    return [n for n in covered(e) if n != "report/report.html"]


MORE = b'"bytes":'
# file, status, check, the stock program that rejects it, meaning, maker
KINDS = [
    ("good", 0, "-", "all", "the package as it is", lambda: RAW),
    ("good-packed-again", 0, "-", "all", "control: packed again here", lambda: pack(load())),
    ("good-signed-again", 0, "-", "all", "control: all made again with the operator's key", lambda: pack(insider(load()))),
    ("good-many-files", 0, "-", "all", "control: 2,000 views of the report", many_files),
    ("object-byte", 5, "hashes", "sha256sum", "one bit of an object", lambda: changed(last_object(load()))),
    ("report-byte", 5, "hashes", "sha256sum", "one bit of report.json", lambda: changed("report/report.json")),
    ("html-byte", 5, "hashes", "sha256sum", "one bit of report.html", lambda: changed("report/report.html")),
    ("manifest-byte", 5, "hashes", "sha256sum", "one digit of manifest-sha256.txt", lambda: changed("manifest-sha256.txt", digit)),
    ("tags256-byte", 5, "signature", "sha256sum", "one digit of the signed list", lambda: changed(TAGS, digit)),
    ("tags512-byte", 5, "hashes", "sha512sum", "one digit of the SHA-512 list", lambda: changed("tagmanifest-sha512.txt", digit)),
    ("html-lists", 5, "signature", "openssl", "report.html, all lists made to fit", lambda: changed("report/report.html", finish=lists)),
    ("added", 5, "complete", "diff", "a file added, on no list", lambda: added("report/extra.txt")),
    ("added-lists", 5, "signature", "openssl", "a file added, lists made to fit", lambda: added("report/extra.txt", finish=lists)),
    ("added-meta", 5, "complete", "diff", "a file added in META-INF", lambda: added("META-INF/signatures.xml")),
    ("object-added", 5, "objects", "diff", "an object added, signed again by the operator", lambda: pack(signed(object_added()))),
    ("removed", 5, "complete", "diff", "a file removed", lambda: without("report/run.json")),
    ("removed-object", 5, "complete", "diff", "an object removed", lambda: without(last_object(load()))),
    ("duplicate", 5, "container", "unzip", "a name that stands twice", lambda: duplicate("report/run.json")),
    ("case-collision", 5, "container", "unzip", "a name that differs in upper and lower case", lambda: duplicate("Report/run.json")),
    ("traversal", 5, "container", "unzip", "a name that leads out of the folder", lambda: added("../evil.txt")),
    ("absolute", 5, "container", "unzip", "an absolute name", lambda: added("/tmp/evil.txt")),
    ("prefix", 5, "container", "od", "bytes in front", lambda: b"#!/bin/sh\n" + RAW),
    ("suffix", 5, "container", "od", "bytes behind", lambda: RAW + b"more"),
    ("comment", 5, "container", "od", "a comment of the container", lambda: RAW[:-2] + b"\x04\x00note"),
    ("truncated", 5, "container", "od", "cut off", lambda: RAW[:-1000]),
    ("gap", 5, "container", "-", "bytes hidden between two files", lambda: pack(load(), between=lambda n: b"hidden" if n == SEAL else b"")),
    ("compressed", 5, "container", "unzip", "a compressed file", deflated),
    ("encrypted", 5, "container", "unzip", "a file marked as encrypted", lambda: pack(load(), fields(flags=1), fields(flags=1))),
    ("descriptor", 5, "container", "unzip", "a file marked as having a data descriptor", lambda: pack(load(), fields(flags=8), fields(flags=8))),
    ("local-name", 5, "container", "unzip", "two names for one file", lambda: pack(load(), None, fields(name=b"report/run.jsoN"))),
    ("local-crc", 5, "container", "-", "two checksums for one file", lambda: pack(load(), None, fields(crc=1))),
    ("extra-field", 5, "container", "-", "an extra field", lambda: pack(load(), fields(extra=b"\x99\x99\x02\x00hi"), fields(extra=b"\x99\x99\x02\x00hi"))),
    ("symlink", 5, "container", "find", "a symbolic link", lambda: pack(load(), fields(mode=0o120777))),
    ("executable", 5, "container", "-", "an executable file", lambda: pack(load(), fields(mode=0o100755))),
    ("order", 5, "mimetype", "unzip", "mimetype is not first", reordered),
    ("mimetype", 5, "mimetype", "cat", "another mimetype", lambda: changed("mimetype", lambda d: b"application/zip")),
    ("contents", 5, "contents", "-", "META-INF/manifest.xml says more", lambda: changed("META-INF/manifest.xml", lambda d: d.replace(b"text/html", b"text/evil"))),
    ("bag-info", 5, "bag", "-", "another case in bag-info.txt, signed again", lambda: changed("bag-info.txt", lambda d: d.replace(b"Keten-Case: ", b"Keten-Case: 0"), signed)),
    ("signature-byte", 5, "signature", "openssl", "one bit of the signature", lambda: changed("signatures/tagmanifest.p7s", lambda d: flip(d, len(d) - 3))),
    ("signature-empty", 5, "signature", "openssl", "an empty signature", lambda: changed("signatures/tagmanifest.p7s", lambda d: b"")),
    ("signature-other", 5, "signature", "openssl", "the mandate's signature in its place", lambda: changed("signatures/tagmanifest.p7s", lambda d: load()["mandate/mandate.json.p7s"])),
    ("xades-byte", 5, "xades", "xmlsec1", "one digit of a digest in the XAdES signature", lambda: changed(XADES, lambda d: d.replace(b"<ds:DigestValue>", b"<ds:DigestValue>A", 1))),
    ("xades-value", 5, "xades", "xmlsec1", "another value of the XAdES signature", lambda: changed(XADES, lambda d: re.sub(rb'(SignatureValue">..)(.)', lambda m: m[1] + (b"A" if m[2] != b"A" else b"B"), d))),
    ("xades-dropped", 5, "complete", "diff", "the XAdES signature left out", lambda: without(XADES)),
    ("xades-of-another", 5, "xades", "cmp", "an XAdES signature of the authoriser", lambda: with_xades(key=os.path.join(KEYS, "authoriser.pem"))),
    ("xades-fewer", 5, "xades", "diff", "a XAdES signature that leaves a file out", lambda: with_xades(names=without_one(load()))),
    ("xades-more", 5, "xades", "xmlsec1", "a XAdES signature over a file that is not there", lambda: with_xades(names=covered(load()) + ["zz.txt"])),
    ("xades-media-type", 5, "xades", "-", "another media type in the XAdES signature", lambda: with_xades(mime=lambda n: "text/plain")),
    ("xades-comment", 5, "xades", "-", "a remark hidden in the XAdES signature", lambda: changed(XADES, lambda d: d.replace(b"<ds:KeyInfo>", b"<!-- hidden --><ds:KeyInfo>"))),
    ("xades-second", 5, "complete", "diff", "a second signature in META-INF", lambda: added("META-INF/signatures002.xml", load()[XADES])),
    ("good-xades-again", 0, "-", "openssl", "control: the XAdES signature made again here", lambda: with_xades()),
    ("untrusted", 5, "operator", "openssl", "everything signed again by strangers", foreign),
    ("authoriser-signs", 5, "authority", "openssl", "the authoriser operates", lambda: pack(signed(load(), os.path.join(KEYS, "authoriser.pem")))),
    ("mandate-byte", 5, "mandate-signature", "openssl", "one word of the mandate, signed again by the operator", lambda: changed("mandate/mandate.json", lambda d: d.replace(b"consent", b"order"), insider)),
    ("mandate-by-operator", 5, "authority", "openssl", "the operator signs the mandate", sole_operator),
    ("mandate-swapped", 5, "events", "sha256sum", "the mandate of another case", lambda: swapped(False)),
    ("mandate-swapped-log", 5, "mandate", "sha256sum", "the mandate of another case, log made to fit", lambda: swapped(True)),
    ("mandate-late", 5, "mandate", "date", "a session after the mandate's end", lambda: pack(insider(load(), late))),
    ("log-cut", 5, "signature", "openssl", "the log's last line cut, lists made to fit", lambda: pack(lists(cut_log(load())))),
    ("log-cut-signed", 5, "events", "grep", "the log's last line cut, signed again", lambda: pack(signed(cut_log(load())))),
    ("log-byte", 5, "custody", "sha256sum", "one bit of the log, signed again", lambda: changed(LOG, lambda d: d.replace(b"session.open", b"session.opem"), signed)),
    ("log-line", 5, "custody", "sha256sum", "a word in the middle of the log, signed again", lambda: changed(LOG, lambda d: d.replace(b'"reason":""', b'"reason":"x"', 1), signed)),
    ("log-rewritten", 5, "signature", "openssl", "the log rewritten with its chain, lists made to fit", lambda: rewritten(lists)),
    ("log-rewritten-signed", 5, "seal", "sed", "the log rewritten with its chain, signed again", lambda: rewritten(signed)),
    ("log-no-outcome", 5, "events", "grep", "an item's outcome left out of the log, all made to fit", lambda: pack(insider(load(), no_outcome))),
    ("log-other-phone", 5, "mandate", "-", "another phone in the log, all made to fit", other_phone),
    ("source-other-phone", 5, "mandate", "-", "a source of another phone in the log, all made to fit", lambda: of_source(detail("source.opened", identifier="OTHERPHONE", identity="named-by-source"))),
    ("source-identity", 5, "events", "-", "a log that says of the source's phone what it can't know, all made to fit", lambda: of_source(other_identity)),
    ("source-twice", 5, "events", "-", "two sources in one case, all made to fit", lambda: of_source(opened_again)),
    ("source-unopened", 5, "events", "-", "a source that was never opened, all made to fit", lambda: of_source(dropped("source.opened"))),
    ("source-unread", 5, "events", "-", "a source that was never read, all made to fit", lambda: of_source(dropped("source.read"))),
    ("source-cut", 5, "events", "-", "whole items of a source that was cut off, all made to fit", lambda: of_source(detail("source.read", result="cut"))),
    ("source-form", 5, "mandate", "-", "a form that the mandate does not allow, all made to fit", other_form),
    ("source-form-case", 5, "events", "-", "another form in case.json than in the log, all made to fit", lambda: of_source(lambda rows: rows, lambda d: re.sub(rb'"form":"[a-z]*"', b'"form":"carrier"', d))),
    ("source-method", 5, "index", "-", "a phone's way of reading in an import, all made to fit", lambda: index_edited(lambda d: d.replace(b'"method":"read"', b'"method":"dd"'), insider)),
    ("source-layout", 5, "events", "-", "a layout that its form can't have, all made to fit", lambda: of_source(other_layout)),
    ("source-result", 5, "events", "-", "an end that its form can't have, all made to fit", lambda: of_source(other_result)),
    ("cipher-half", 5, "index", "-", "the ciphertext's size without its hash, all made to fit", lambda: index_edited(lambda d: re.sub(rb'"cipher_sha256":"[0-9a-f]*",', b"", d), insider)),
    ("cipher-size", 5, "index", "-", "a ciphertext that can't be the stored bytes', all made to fit", lambda: index_edited(lambda d: re.sub(rb'"cipher_bytes":\d+', b'"cipher_bytes":1048576000', d), insider)),
    ("cipher-hash", 5, "index", "-", "a ciphertext's hash that is none, all made to fit", lambda: index_edited(lambda d: re.sub(rb'"cipher_sha256":"..', b'"cipher_sha256":"zz', d), insider)),
    ("seal-byte", 5, "hashes", "sha256sum", "one bit of the seal", lambda: changed(SEAL)),
    ("seal-changed", 5, "seal", "openssl", "the seal changed, signed again but for the seal", lambda: changed(SEAL, lambda d: d.replace(b'"outcome":"acquired"', b'"outcome":"partial"', 1), signed)),
    ("seal-by-other", 5, "seal", "openssl", "the seal signed by the authoriser", lambda: pack(insider(load(), seal_key=os.path.join(KEYS, "authoriser.pem")))),
    ("index-lists", 5, "signature", "openssl", "the index changed, lists made to fit", lambda: index_edited(lambda d: d.replace(b'"fs_mtime":', b'"fs_mtime":1'), lists)),
    ("index-signed", 5, "index", "sha256sum", "the index changed, signed again", lambda: index_edited(lambda d: d.replace(MORE, b'"bytes": '), signed)),
    ("object-swapped", 5, "index", "sha256sum", "another object, index to fit, signed again", lambda: pack(signed(object_swapped()))),
    ("outside-mandate", 5, "scope", "grep", "a source outside the mandate, all made to fit", lambda: index_edited(lambda d: re.sub(rb'"plugin":"[a-z-]*"', b'"plugin":"contacts"', d), insider)),
    ("other-item", 5, "scope", "-", "another request than the item says, all made to fit", lambda: index_edited(lambda d: re.sub(rb'"request":"[a-z-]*"', b'"request":"everything"', d), insider)),
    ("ranges", 5, "index", "-", "ranges that do not give the bytes, all made to fit", lambda: index_edited(lambda d: re.sub(rb'"ranges":\[\[(\d+),(\d+),', rb'"ranges":[[\1,1\2,', d), insider)),
    ("report-other-case", 5, "report", "grep", "the report of another case, all made to fit", lambda: pack(insider(other_case(load())))),
    ("receipt-changed", 5, "events", "sha256sum", "the receipt's record changed, signed again", lambda: paper(RECEIPT, lambda d: d.replace(b'"position":"', b'"position":"x'))),
    ("receipt-gone", 5, "events", "sha256sum", "the receipt's record left out, signed again", lambda: paper(RECEIPT, None)),
    ("receipt-other-log", 5, "events", "grep", "a receipt of another log, all made to fit", other_receipt),
    ("countersign-gone", 5, "events", "-", "the second authoriser's signature left out, signed again", lambda: paper("mandate/countersign.p7s", None)),
    ("countersign-other", 5, "events", "-", "the first authoriser's signature in its place, signed again", lambda: paper("mandate/countersign.p7s", lambda d: load()["mandate/mandate.json.p7s"])),
    ("sheet-changed", 5, "events", "-", "another information sheet than was shown, signed again", lambda: paper("subject/information.en.txt", lambda d: d + b"more\n")),
    ("report-signed", 5, "report", "sha256sum", "the report changed, signed again", lambda: changed("report/report.json", lambda d: d.replace(b"keten-report-2", b"keten-report-3"), signed)),
]


TOKENS = [
    ("good", 0, "-", "all", "the package as it is", lambda: RAW),
    ("good-stamped-again", 0, "-", "all", "control: all made again with new tokens", lambda: stamped()),
    ("good-unanchored", 0, "-", "all", "control: all made again without tokens over the signatures", lambda: pack(signed(load()))),
    ("token-fake", 5, "seal-time", "openssl", "the operator's certificate states the time", lambda: stamped(lambda e: stamp(e[P7S], "operator"))),
    ("token-stranger", 5, "seal-time", "openssl", "an authority that nobody knows", lambda: stamped(lambda e: stamp(e[P7S], "stranger"))),
    ("token-expired", 5, "seal-time", "openssl", "an authority whose certificate had expired", lambda: stamped(lambda e: stamp(e[P7S], "expired"))),
    ("token-of-another", 5, "seal-time", "openssl", "a right token over another package's signature", lambda: stamped(lambda e: stamp(b"another"))),
    ("token-swapped", 5, "seal-time", "openssl", "the opening's token in its place", lambda: stamped(lambda e: e[OPEN])),
    ("token-byte", 5, "seal-time", "openssl", "one bit of the token", lambda: stamped(lambda e: flip(stamp(e[P7S]), -9))),
    ("token-empty", 5, "seal-time", "openssl", "an empty token", lambda: stamped(lambda e: b"")),
    ("token-dropped", 5, "xades", "diff", "the token left out by somebody else", lambda: pack(token_dropped(load()))),
    ("open-token-fake", 5, "open-time", "openssl", "the operator states the time of the opening", lambda: stamped(opening=lambda e: stamp(first_line(e), "operator"))),
    ("open-token-other", 5, "open-time", "openssl", "a token over another opening", lambda: stamped(opening=lambda e: stamp(b"another"))),
    ("open-log-rewritten", 5, "open-time", "openssl", "the log's first line changed, all made to fit but its token", lambda: stamped(edit_log=detail("session.open", nonce="00"))),
    ("open-token-dropped", 5, "signature", "openssl", "the opening's token left out by somebody else", lambda: without_open(lists)),
    ("xades-token-swapped", 5, "seal-time", "-", "another token inside the XAdES signature", lambda: stamped(inside=lambda e: e[TOKEN])),
    ("xades-token-fake", 5, "seal-time", "-", "the operator states the time inside the XAdES signature", lambda: stamped(inside=lambda e: stamp(b"x", "operator"))),
]


def main():
    os.makedirs(OUT, exist_ok=True)
    for name, status, check, stock, meaning, make in TOKENS if TSA else KINDS:
        try:
            data = make()
        except NotApplicable:
            print(f"tamper_kinds.py: {name}: this package has nothing of that kind", file=sys.stderr)
            continue
        if status != 0 and data == RAW:
            sys.exit(f"{name}: nothing was changed")
        folder = os.path.join(OUT, name)
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, NAME), "wb") as f:
            f.write(data)
        print(name, status, check, stock, meaning, sep="\t")


main()

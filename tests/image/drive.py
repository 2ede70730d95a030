#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Speaks the frames of a source with keten-device, as keten would (docs/formats/device-frames.md).

usage: drive.py [options] KETEN-DEVICE REQUESTS.DEF FORM SOURCE

Prints one JSON object: how it opened, each member with the digest of its bytes, the summary. It is
for tests: it keeps nothing and trusts nothing.
"""
import argparse
import hashlib
import json
import os
import re
import struct
import subprocess
import sys

from frames import blob, member, request_ids

FORMS = {"backup": 2, "image": 4, "file": 8, "carrier": 16}
LAYOUTS = ["none", "folder", "tar", "tar.gz", "zip", "backup", "file"]
USAGE, REFUSED, ABSENT, FORMAT, LIMIT = -3, -4, -5, -9, -10
UNREADABLE, PATH_ONLY, REPEATED, MISSING = 1, 2, 4, 32
COMPLETE, CHANGED, TRUNCATED, ENCRYPTED = 1, 2, 4, 64


class Device:
    """One keten-device with a source on descriptor 4 (none: source None)."""

    def __init__(self, program, source, plan, spy=None):
        self.tag = 0
        self.spy = spy  # called with every byte that comes out
        fd = os.open(source, os.O_RDONLY) if source is not None else None

        def take_source():
            if fd is not None:
                os.dup2(fd, 4)
                os.set_inheritable(4, True)

        self.p = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  preexec_fn=take_source, close_fds=fd is None, env={})
        if fd is not None:
            os.close(fd)
        kind, body = self.frame()
        assert kind == "h" and struct.unpack("<I", body) == (1,), "no HELLO"
        self.put("P", struct.pack("<H", len(plan)) + b"".join(struct.pack("<H", i) for i in plan))

    def frame(self):
        head = self.p.stdout.read(5)
        if len(head) < 5:
            raise EOFError("keten-device ended with status %s" % self.p.wait())
        n, kind = struct.unpack("<IB", head)
        body = self.p.stdout.read(n)
        assert len(body) == n, "a frame ends early"
        if self.spy:
            self.spy(body)
        return chr(kind), body

    def put(self, kind, body):
        self.p.stdin.write(struct.pack("<IB", len(body), ord(kind)) + body)
        self.p.stdin.flush()

    def ask(self, kind, body=b""):
        """Frames before the RESULT, and the RESULT as a dictionary."""
        self.tag += 1
        self.put(kind, struct.pack("<I", self.tag) + body)
        frames = []
        while True:
            k, b = self.frame()
            assert struct.unpack_from("<I", b) == (self.tag,), "a wrong tag"
            if k != "f":
                frames.append((k, b[4:]))
                continue
            code, status, size, flags, n = struct.unpack_from("<iiQII", b, 4)
            assert len(b) == 28 + n and status == -1
            return frames, {"code": code, "bytes": size, "flags": flags,
                            "text": b[28:].decode("utf-8", "replace")}

    def status(self, key):
        with open("/proc/%d/status" % self.p.pid, encoding="ascii") as f:
            return int(re.search(r"^%s:\s*(\d+)" % key, f.read(), flags=re.M).group(1))

    def end(self):
        self.put("B", b"")
        self.p.stdin.close()
        return self.p.wait()


def read_parts(d, m, step):
    """The member by ranges, backwards, so that every one is a step back. None when one fails."""
    out = bytearray(m["size"])
    for off in range((m["size"] - 1) // step * step, -1, -step):
        frames, res = d.ask("T", struct.pack("<QI", off, step))
        if res["code"] != 0:
            return None, res["code"]
        assert len(frames) == 1 and frames[0][0] == "r"
        data = frames[0][1][1:]
        assert len(data) == res["bytes"] and len(data) <= step
        out[off:off + len(data)] = data
    return bytes(out), 0


def take(d, m, parts, whole, most, show):
    if parts:
        data, m["parts_code"] = read_parts(d, m, parts) if m["size"] else (b"", 0)
        m["parts"] = hashlib.sha256(data).hexdigest() if data is not None else None
    if whole:
        frames, res = d.ask("W", struct.pack("<Q", most))
        data = b"".join(b for k, b in frames)
        assert all(k == "o" for k, b in frames) and len(data) == res["bytes"]
        if show:
            m["content"] = data.decode("utf-8", "replace")
        m["sha256"], m["got"] = hashlib.sha256(data).hexdigest(), len(data)
        m["code"], m["rflags"], m["text"] = res["code"], res["flags"], res["text"]


def summary(b):
    seen, read, refused, unreadable, has = struct.unpack_from("<QQQQB", b)
    text, at = blob(b, 65)
    assert at == len(b)
    return {"seen": seen, "bytes": read, "refused": refused, "unreadable": unreadable,
            "sha256": b[33:65].hex() if has else None, "text": text.decode("utf-8", "replace")}


def source(b):
    layout, size = struct.unpack_from("<BQ", b)
    ident, at = blob(b, 9)
    detail, at = blob(b, at)
    assert at == len(b)
    return {"layout": LAYOUTS[layout], "size": size, "identifier": ident.decode(),
            "detail": detail.decode()}


def run(program, requests, form, path, plan=None, parts=0, whole=True, most=1 << 40, show=False,
        quiet=False, spy=None):
    """Reads a source as a whole; what was said about it."""
    ids = request_ids(requests)
    names = {v: k for k, v in ids.items()}
    d = Device(program, path, [ids[n] for n in plan] if plan else list(ids.values()), spy)
    out = {"members": [], "count": 0}
    frames, out["open"] = d.ask("O", struct.pack("<B", FORMS[form]))
    if out["open"]["code"] == 0:
        out["source"] = source(frames[0][1])
        while True:
            frames, out["end"] = d.ask("N")
            if out["end"]["code"] != 0:
                break
            m = member(frames[0][1], names)
            out["count"] += 1
            take(d, m, parts, whole, most, show)
            if not quiet:
                out["members"].append(m)
        assert frames[0][0] == "u", "no SUMMARY"
        out["summary"] = summary(frames[0][1])
        out["peak_kib"] = d.status("VmHWM")
    out["status"] = d.end()
    return out


def main():
    a = argparse.ArgumentParser()
    a.add_argument("program")
    a.add_argument("requests")
    a.add_argument("form", choices=FORMS)
    a.add_argument("source")
    a.add_argument("--plan", help="names of requests, separated by commas (default: all)")
    a.add_argument("--parts", type=int, default=0, help="read by ranges of so many bytes, too")
    a.add_argument("--no-whole", dest="whole", action="store_false")
    a.add_argument("--show", action="store_true", help="print the bytes of each member")
    a.add_argument("--quiet", action="store_true", help="count members instead of listing them")
    a.add_argument("--max", type=int, default=1 << 40)
    o = a.parse_args()
    out = run(o.program, o.requests, o.form, o.source, o.plan.split(",") if o.plan else None,
              o.parts, o.whole, o.max, o.show, o.quiet)
    json.dump(out, sys.stdout, indent=1, sort_keys=True)
    print()


if __name__ == "__main__":
    main()

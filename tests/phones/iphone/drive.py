#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Speaks the frames of an iPhone with keten-device, as keten would (docs/formats/device-frames.md).

usage: drive.py [options] KETEN-DEVICE REQUESTS.DEF CASE-FOLDER UDID

Prints one JSON object: what IOS said, the states, each member with the digest of its bytes, the
confirmations, the summary. It is for tests: it keeps nothing but what --keep asks for.
"""
import argparse
import hashlib
import json
import os
import re
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../image"))
from frames import blob, member, request_ids  # noqa: E402

STATES = ["none", "no-permission", "busy", "connecting", "waiting-tap", "unauthorised", "authorised",
          "revoked", "offline", "wrong-mode", "unsupported", "trust", "denied", "locked", "passcode",
          "preparing", "receiving"]
VERDICTS = ["?", "confirmed", "contradicted", "not-listed", "unconfirmed"]
ENCRYPTED = 64


class Device:
    def __init__(self, program, case, plan):
        self.tag = 0
        self.states = []
        fd = os.open(case, os.O_RDONLY | os.O_DIRECTORY)

        def take_case():
            os.dup2(fd, 3)
            os.set_inheritable(3, True)

        self.p = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  preexec_fn=take_case, close_fds=False)
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
        return chr(kind), body

    def put(self, kind, body):
        self.p.stdin.write(struct.pack("<IB", len(body), ord(kind)) + body)
        self.p.stdin.flush()

    def state(self, b):
        state, left = struct.unpack_from("<BI", b)
        _, at = blob(b, 5)
        detail, at = blob(b, at)
        assert at == len(b)
        name = STATES[state]
        if not self.states or self.states[-1]["state"] != name:
            self.states.append({"state": name, "left": left, "detail": detail.decode(), "times": 1})
        else:
            self.states[-1]["times"] += 1
            self.states[-1]["detail"] = detail.decode()

    def ask(self, kind, body=b"", on_data=None):
        """Frames before the RESULT (but states), and the RESULT as a dictionary."""
        self.tag += 1
        self.put(kind, struct.pack("<I", self.tag) + body)
        frames = []
        while True:
            k, b = self.frame()
            assert struct.unpack_from("<I", b) == (self.tag,), "a wrong tag"
            if k == "s":
                self.state(b[4:])
            elif k == "o" and on_data:
                on_data(b[4:])
            elif k != "f":
                frames.append((k, b[4:]))
            else:
                code, status, size, flags, n = struct.unpack_from("<iiQII", b, 4)
                assert len(b) == 28 + n and status == -1
                return frames, {"code": code, "bytes": size, "flags": flags,
                                "text": b[28:].decode("utf-8", "replace")}

    def end(self):
        self.put("B", b"")
        self.p.stdin.close()
        return self.p.wait()


def confirm(b):
    number, verdict, has_key = struct.unpack_from("<IBB", b)
    size, mtime = struct.unpack_from("<Qq", b, 38)
    path, at = blob(b, 54)
    note, at = blob(b, at)
    assert at == len(b), "bytes behind a CONFIRM"
    return {"number": number, "verdict": VERDICTS[verdict], "size": size, "mtime": mtime,
            "key": b[6:38].hex() if has_key else None, "path": path.decode("utf-8", "replace"),
            "note": note.decode()}


def read_parts(d, m, step):
    """The member by ranges, backwards, so that every one is a step back."""
    out = bytearray(m["size"])
    for off in range((m["size"] - 1) // step * step, -1, -step):
        frames, res = d.ask("T", struct.pack("<QI", off, step))
        if res["code"] != 0:
            return None
        assert len(frames) == 1 and frames[0][0] == "r"
        data = frames[0][1][1:]
        out[off:off + len(data)] = data
    return bytes(out)


def take(d, m, opt, number):
    if opt.parts and 0 < m["size"] < 1 << 62:
        data = read_parts(d, m, opt.parts)
        m["parts"] = hashlib.sha256(data).hexdigest() if data is not None else None
    if not opt.whole:
        return
    h = hashlib.sha256()
    keep = open(os.path.join(opt.keep, str(number)), "wb") if opt.keep else None

    def on_data(b):
        h.update(b)
        if keep:
            keep.write(b)
        if opt.show:
            m["content"] = m.get("content", "") + b.decode("utf-8", "replace")

    _, res = d.ask("W", struct.pack("<Q", opt.max), on_data)
    if keep:
        keep.close()
    m["sha256"], m["got"], m["code"] = h.hexdigest(), res["bytes"], res["code"]
    if res["text"]:
        m["text"] = res["text"]


def summary(b):
    seen, read, refused, unreadable, _ = struct.unpack_from("<QQQQB", b)
    text, _ = blob(b, 65)
    return {"seen": seen, "bytes": read, "refused": refused, "unreadable": unreadable,
            "text": text.decode("utf-8", "replace")}


def memory(pid):
    with open("/proc/%d/status" % pid, encoding="ascii") as f:
        kib = int(re.search(r"VmHWM:\s+(\d+)", f.read()).group(1))
    with open("/proc/%d/stat" % pid, encoding="utf-8", errors="replace") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return {"rss_kib": kib, "cpu_s": (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")}


def run(d, opt, names, out):
    udid = opt.udid.encode()
    passwords = list(opt.password or [])
    out["members"] = []
    frames, res = d.ask("I", struct.pack("<III", opt.trust, opt.passcode, len(udid)) + udid)
    out["ios"] = res
    if res["code"] != 0:
        return
    if opt.early is not None:
        p = opt.early.encode()
        out["early"] = d.ask("K", struct.pack("<I", len(p)) + p)[1]["code"]
    ident, at = blob(frames[0][1], 9)
    detail, _ = blob(frames[0][1], at)
    out["source"] = {"layout": frames[0][1][0], "identifier": ident.decode(),
                     "detail": detail.decode()}
    number = 0
    while True:
        frames, res = d.ask("N")
        if res["code"] == -4 and res["flags"] & ENCRYPTED and opt.password is not None:
            out.setdefault("asked", []).append(res["text"])
            p = passwords.pop(0).encode() if passwords else b""
            _, res = d.ask("K", struct.pack("<I", len(p)) + p)
            out.setdefault("secrets", []).append(res["code"])
            continue
        if res["code"] != 0:
            break
        m = member(frames[-1][1], names)
        number += 1
        m["number"] = number
        take(d, m, opt, number)
        if not opt.quiet:
            out["members"].append(m)
    out["end"] = res
    out["confirms"] = [confirm(b) for k, b in frames if k == "v"]
    for k, b in frames:
        if k == "u":
            out["summary"] = summary(b)
    out["count"] = number


def main():
    a = argparse.ArgumentParser()
    a.add_argument("program")
    a.add_argument("requests")
    a.add_argument("case")
    a.add_argument("udid")
    a.add_argument("--plan", help="names of requests, separated by commas (default: all)")
    a.add_argument("--trust", type=int, default=5, help="seconds to wait for trust")
    a.add_argument("--passcode", type=int, default=5, help="seconds to wait for the passcode")
    a.add_argument("--password", action="append", help="of the backup; repeat: one try after another")
    a.add_argument("--early", help="password that is sent before it is asked for; may be empty")
    a.add_argument("--again", type=int, default=0, help="IOS once more, so many times")
    a.add_argument("--pause", type=float, default=0, help="seconds before each of them")
    a.add_argument("--parts", type=int, default=0, help="read by ranges of so many bytes, too")
    a.add_argument("--no-whole", dest="whole", action="store_false")
    a.add_argument("--show", action="store_true", help="print the bytes of each member")
    a.add_argument("--quiet", action="store_true", help="count members instead of listing them")
    a.add_argument("--keep", help="folder for the bytes of each member, by number")
    a.add_argument("--under", help="a program that keten-device is started with, e.g. strace -o F")
    a.add_argument("--max", type=int, default=1 << 40)
    opt = a.parse_args()
    ids = request_ids(opt.requests)
    names = {v: k for k, v in ids.items()}
    plan = [ids[n] for n in opt.plan.split(",")] if opt.plan else list(ids.values())
    out = {"members": []}
    begun = time.monotonic()
    d = Device((opt.under.split() if opt.under else []) + [opt.program], opt.case, plan)
    try:
        run(d, opt, names, out)
        for _ in range(opt.again):
            out.setdefault("before", []).append((out["ios"]["code"], out.get("end", {}).get("code")))
            time.sleep(opt.pause)
            run(d, opt, names, out)
        out["cost"] = memory(d.p.pid)
        out["status"] = d.end()
    except EOFError as e:
        out["died"] = str(e)
    out["states"] = d.states
    out["seconds"] = round(time.monotonic() - begun, 2)
    json.dump(out, sys.stdout, indent=1, sort_keys=True)
    print()


main()

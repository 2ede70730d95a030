#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Stands in for keten-device with an iPhone: says over the frames what a scenario tells it.

For tests of keten alone: verdicts, losses and lies that no phone can be made to give at will. It is
put beside keten under the name keten-device; KETEN_FAKE names a JSON file:

  ids         names of requests.def, in order
  udid, layout, encrypted, password, clock
  starts      list of scenarios' overrides, one per start or IOS request (the last one stays)
  ios         {"code", "text"}: what IOS is answered with in place of a connection
  members     [{path, requests, data (text) | fill (bytes), provisional, encrypted, verdict, size,
                cpath, mtime, note, text, code (of WHOLE), lost_at (bytes), die_at, key}]
  end         {"code", "text", "flags"} of the last NEXT

KETEN_FAKE_LOG gets one line per request, never a password.
"""
import json
import os
import struct
import subprocess
import sys
import time

REFUSED, ABSENT, DEVICE, PARTIAL = -4, -5, -6, -14
COMPLETE, LOST, ENCRYPTED = 1, 32, 64
PROVISIONAL, CIPHER = 8, 16
KEY = bytes(range(32))
UNKNOWN = 2**64 - 1


def blob(b):
    b = b.encode() if isinstance(b, str) else b
    return struct.pack("<I", len(b)) + b


class Fake:
    def __init__(self):
        with open(os.environ["KETEN_FAKE"], encoding="utf-8") as f:
            self.all = json.load(f)
        self.log_path = os.environ["KETEN_FAKE_LOG"]
        self.s = self.all
        self.at = 0  # members told
        self.secret = None
        self.put("h", struct.pack("<I", 1))

    def log(self, line):
        with open(self.log_path, "a", encoding="utf-8") as f:
            f.write(line + "\n")

    def count(self):
        with open(self.log_path, encoding="utf-8") as f:
            return sum(1 for line in f if line.startswith("IOS"))

    def put(self, kind, body):
        os.write(1, struct.pack("<IB", len(body), ord(kind)))
        at = 0
        while at < len(body):
            at += os.write(1, body[at:])

    def result(self, tag, code=0, text="", flags=0, size=0):
        self.put("f", struct.pack("<IiiQI", tag, code, -1, size, flags) + blob(text))

    def read(self):
        def exact(n):
            b = b""
            while len(b) < n:
                more = os.read(0, n - len(b))
                if not more:
                    sys.exit(0)
                b += more
            return b
        n, kind = struct.unpack("<IB", exact(5))
        return chr(kind), exact(n)

    def ios(self, tag, body):
        trust, passcode, n = struct.unpack_from("<III", body)
        self.log("IOS %d %d %s" % (trust, passcode, body[12:12 + n].decode()))
        starts = self.all.get("starts", [{}])
        self.s = dict(self.all, **starts[min(self.count(), len(starts)) - 1])
        self.at = 0
        self.put("s", struct.pack("<IBI", tag, 11, 7) + blob("") + blob("TRUST"))
        if "ios" in self.s:
            self.result(tag, self.s["ios"]["code"], self.s["ios"]["text"])
            return
        detail = "clock=%s; a made-up phone" % self.s["clock"] if "clock" in self.s else "no clock"
        self.put("c", struct.pack("<IBQ", tag, self.s.get("layout", 7), 0) + blob(self.s["udid"])
                 + blob(detail))
        self.result(tag, flags=COMPLETE | (ENCRYPTED if self.s.get("encrypted") else 0))

    def secret_given(self, tag, body):
        got = body[4:].decode()
        self.log("SECRET %s" % ("empty" if got == "" else "right" if got == self.s.get("password") else "wrong"))
        if got and got != self.s.get("password") and self.s.get("early_check"):
            self.result(tag, REFUSED, "wrong-password: it does not open the key bag")
            return
        self.secret = got
        self.result(tag)

    def data(self, m):
        b = m["data"].encode() if "data" in m else b"x" * m.get("fill", 0)
        if m.get("encrypted"):
            b = subprocess.run(["openssl", "enc", "-aes-256-cbc", "-K", KEY.hex(), "-iv", "0" * 32],
                               input=b, stdout=subprocess.PIPE, check=True).stdout
        return b + m.get("trail", "").encode()

    def next(self, tag):
        members = self.s["members"]
        if self.at < len(members):
            m = members[self.at]
            self.at += 1
            self.log("NEXT " + m["path"])
            flags = m.get("flags", 0)
            size = len(self.data(m))
            if m.get("provisional"):
                flags |= PROVISIONAL | (CIPHER if m.get("encrypted") else 0)
                size = UNKNOWN
                self.put("s", struct.pack("<IBI", tag, 16, 0) + blob("") + blob("1 files, 2 bytes"))
            ids = [self.s["ids"].index(r) + 1 for r in m["requests"]]
            self.put("m", struct.pack("<IBH%dHIQq" % len(ids), tag, flags, len(ids), *ids, 0o100644,
                                      size, m.get("mtime", 1717000000)) + blob(m["path"])
                     + blob(m.get("note", "")))
            self.result(tag, flags=COMPLETE)
            return
        self.log("NEXT end")
        asks = any(m.get("encrypted") for m in members)
        if asks and self.secret is None:
            self.result(tag, REFUSED, "backup-password-needed", ENCRYPTED)
            return
        if asks and self.secret and self.secret != self.s.get("password"):
            self.secret = None
            self.result(tag, REFUSED, "wrong-password", ENCRYPTED)
            return
        for k, m in enumerate(members):
            if m.get("provisional") and m.get("verdict", 1) != 0:
                verdict = 4 if asks and self.secret == "" else m.get("verdict", 1)
                key = KEY if m.get("encrypted") and m.get("key", True) and verdict == 1 else None
                size = m.get("size", len(m.get("data", "")) or m.get("fill", 0))
                self.put("v", struct.pack("<IIBB", tag, k + 1, verdict, key is not None)
                         + (key or bytes(32)) + struct.pack("<Qq", size, m.get("mtime", 1717000000))
                         + blob(m.get("cpath", m["path"])) + blob(m.get("why", "")))
        end = self.s.get("end", {"code": ABSENT})
        self.put("u", struct.pack("<IQQQQB", tag, len(members), 12345, 0, 0, 0) + bytes(32) + blob("it is over"))
        self.result(tag, end["code"], end.get("text", ""), end.get("flags", 0))

    def whole(self, tag, body):
        (limit,) = struct.unpack("<Q", body)
        m = self.s["members"][self.at - 1]
        b = self.data(m)
        self.log("WHOLE %s %d" % (m["path"], limit))
        if len(b) > limit:
            b, m = b[:limit], dict(m, code=-10, text="longer than allowed")
        cut = m.get("lost_at", m.get("die_at", m.get("stop_at", len(b))))
        for at in range(0, min(cut, len(b)), 1000):
            self.put("o", struct.pack("<I", tag) + b[at:min(at + 1000, cut)])
        if "die_at" in m:
            os._exit(9)
        if "stop_at" in m:
            time.sleep(m.get("stop_s", 60))
        if "lost_at" in m:
            self.result(tag, DEVICE, "unplugged", LOST)
        else:
            self.result(tag, m.get("code", 0), m.get("text", ""), COMPLETE if "code" not in m else 0, len(b))

    def part(self, tag, body):
        off, n = struct.unpack("<QI", body)
        b = self.data(self.s["members"][self.at - 1])[off:off + n]
        self.put("r", struct.pack("<IB", tag, 5) + b)
        self.result(tag, flags=COMPLETE, size=len(b))

    def run(self):
        while True:
            kind, body = self.read()
            if kind == "B":
                self.log("BYE")
                return
            if kind in "PX":
                continue
            (tag,) = struct.unpack_from("<I", body)
            if kind == "I":
                self.ios(tag, body[4:])
            elif kind == "K":
                self.secret_given(tag, body[4:])
            elif kind == "N":
                self.next(tag)
            elif kind == "W":
                self.whole(tag, body[4:])
            elif kind == "T":
                self.part(tag, body[4:])
            else:
                self.log("UNKNOWN " + kind)
                self.result(tag, -3, "unknown")


open(os.environ["KETEN_FAKE_LOG"], "a", encoding="utf-8").close()
Fake().run()

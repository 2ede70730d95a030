# SPDX-License-Identifier: EUPL-1.2
"""What the drivers of keten-device in tests share: ids of requests, and the bytes of a MEMBER."""
import re
import struct


def request_ids(path):
    """Names of requests.def in the order of their ids, which count from 1."""
    with open(path, encoding="utf-8") as f:
        rows = re.findall(r'^KT_[A-Z]+\(\s*[A-Z0-9_]+,\s*"([^"]+)"', f.read(), flags=re.M)
    return {name: i + 1 for i, name in enumerate(rows)}


def blob(b, at):
    n, = struct.unpack_from("<I", b, at)
    return b[at + 4:at + 4 + n], at + 4 + n


def member(b, names):
    flags, n = struct.unpack_from("<BH", b)
    ids = struct.unpack_from("<%dH" % n, b, 3)
    mode, size, mtime = struct.unpack_from("<IQq", b, 3 + 2 * n)
    path, at = blob(b, 23 + 2 * n)
    note, at = blob(b, at)
    assert at == len(b), "bytes behind a MEMBER"
    return {"path": path.decode("utf-8", "backslashreplace"), "ids": [names[i] for i in ids],
            "flags": flags, "mode": mode, "size": size, "mtime": mtime, "note": note.decode()}

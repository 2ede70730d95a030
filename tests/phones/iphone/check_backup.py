#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Checks a finished backup folder against the tree that it was made from.

Knows the format, not the simulator: plistlib, sqlite3 and hashlib of Python, and the openssl
command for AES. Every row's ID must be SHA1(domain-path); every file of the tree must have a row
and come out again byte for byte; links and folders must have their rows.

usage: check_backup.py BACKUP TREE [PASSWORD]     exit status 0: all of it is right
"""

import hashlib
import os
import plistlib
import sqlite3
import struct
import subprocess
import sys
import tempfile

MADE_UP = "AppDomain-org.example.bulk"


def openssl(arguments, data):
    done = subprocess.run(["openssl", "enc", "-d"] + arguments, input=data, capture_output=True)
    if done.returncode != 0:
        raise SystemExit("openssl: " + done.stderr.decode(errors="replace"))
    return done.stdout


def unwrap(kek, wrapped):
    return openssl(["-id-aes256-wrap", "-K", kek.hex(), "-iv", "a6" * 8], wrapped)


def decrypt(key, data, padding=True):
    more = [] if padding else ["-nopad"]
    return openssl(["-aes-256-cbc", "-K", key.hex(), "-iv", "0" * 32] + more, data)


def class_keys(bag, password):
    """Key bag: tag, big-endian length, value; the second UUID begins the list of classes."""
    head, classes, at = {}, [], 0
    while at < len(bag):
        tag = bag[at:at + 4].decode()
        size = struct.unpack(">I", bag[at + 4:at + 8])[0]
        value = bag[at + 8:at + 8 + size]
        at += 8 + size
        if tag == "UUID" and "UUID" in head:
            classes.append({})
        (classes[-1] if classes else head)[tag] = value
    number = lambda b: int.from_bytes(b, "big")
    k1 = hashlib.pbkdf2_hmac("sha256", password.encode(), head["DPSL"], number(head["DPIC"]), 32)
    k2 = hashlib.pbkdf2_hmac("sha1", k1, head["SALT"], number(head["ITER"]), 32)
    return {number(c["CLAS"]): unwrap(k2, c["WPKY"])
            for c in classes if number(c["WRAP"]) & 2 and number(c["CLAS"]) in (2, 3, 4)}


class Backup:
    def __init__(self, folder, password):
        self.folder = folder
        with open(os.path.join(folder, "Manifest.plist"), "rb") as f:
            self.manifest = plistlib.load(f)
        with open(os.path.join(folder, "Manifest.db"), "rb") as f:
            data = f.read()
        self.encrypted = self.manifest["IsEncrypted"]
        if self.encrypted:
            self.keys = class_keys(self.manifest["BackupKeyBag"], password)
            key = self.manifest["ManifestKey"]
            data = decrypt(unwrap(self.keys[struct.unpack("<I", key[:4])[0]], key[4:]), data, False)
        with tempfile.NamedTemporaryFile() as f:
            f.write(data)
            f.flush()
            self.rows = sqlite3.connect(f.name).execute(
                "SELECT fileID, domain, relativePath, flags, file FROM Files").fetchall()

    def content(self, file_id, meta, objects):
        with open(os.path.join(self.folder, file_id[:2], file_id), "rb") as f:
            data = f.read()
        if self.encrypted:
            wrapped = objects[meta["EncryptionKey"].data]["NS.data"]
            if struct.unpack("<I", wrapped[:4])[0] != meta["ProtectionClass"]:
                raise SystemExit("class of the key is not that of the file")
            data = decrypt(unwrap(self.keys[meta["ProtectionClass"]], wrapped[4:]), data)
        return data


def check(backup, tree):
    seen, made_up = set(), 0
    for file_id, domain, path, flags, blob in backup.rows:
        name = f"{domain}-{path}"
        if hashlib.sha1(name.encode()).hexdigest() != file_id:
            raise SystemExit(f"{name}: ID is not the SHA-1 of its name")
        objects = plistlib.loads(blob)["$objects"]
        meta = objects[1]
        if objects[meta["RelativePath"].data] != path:
            raise SystemExit(f"{name}: another path in its blob")
        host = os.path.join(tree, domain, path)
        seen.add(os.path.normpath(host))
        if flags == 4:
            if objects[meta["Target"].data] != os.readlink(host):
                raise SystemExit(f"{name}: target of the link")
        elif flags == 1:
            if domain == MADE_UP:
                made_up += 1
                if made_up > 4:
                    continue
            data = backup.content(file_id, meta, objects)
            if domain != MADE_UP:
                with open(host, "rb") as f:
                    if f.read() != data:
                        raise SystemExit(f"{name}: content differs")
                if int(os.stat(host).st_mtime) != meta["LastModified"]:
                    raise SystemExit(f"{name}: time differs")
            if len(data) != meta["Size"]:
                raise SystemExit(f"{name}: size differs")
            if hashlib.sha1(data).digest() != objects[meta["Digest"].data]:
                raise SystemExit(f"{name}: digest differs")
        elif flags != 2:
            raise SystemExit(f"{name}: flags {flags}")
    for folder, folders, files in os.walk(tree):
        for name in folders + files:
            if os.path.normpath(os.path.join(folder, name)) not in seen:
                raise SystemExit(f"{folder}/{name}: no row")
    print(f"{len(backup.rows)} rows, {made_up} made up, encrypted {backup.encrypted}")


if __name__ == "__main__":
    check(Backup(sys.argv[1], sys.argv[3] if len(sys.argv) > 3 else ""), sys.argv[2])

#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""keten-device on sources: every layout gives the same objects, nothing out of the plan comes out,
and what is damaged or hostile ends in a named outcome.

usage: check.py BUILD WORK [PART...]      prints ok/FAIL lines and a last line with the counts
"""
import ctypes
import hashlib
import os
import shutil
import sqlite3
import struct
import subprocess
import sys
import tarfile
import zipfile
import zlib

import drive
import sources
from sources import APP, BACKUP, CANARY, UDID, VAR, Backup, noise

HERE = os.path.dirname(os.path.abspath(__file__))
REQUESTS = os.path.join(HERE, "../../core/requests.def")
counts = {"ok": 0, "FAIL": 0}


def check(what, good, why=""):
    counts["ok" if good else "FAIL"] += 1
    print("%-5s %s%s" % ("ok" if good else "FAIL", what, "" if good else ": %s" % (why,)))


def sha(data):
    return hashlib.sha256(data).hexdigest()


def file_sha(path):
    h = hashlib.sha256()
    with open(path, "rb") as f:
        for b in iter(lambda: f.read(1 << 20), b""):
            h.update(b)
    return h.hexdigest()


class Spy:
    """Looks for the canary in everything that comes out, also across frames."""

    def __init__(self):
        self.tail, self.found = b"", False

    def __call__(self, data):
        self.found = self.found or CANARY in self.tail + data
        self.tail = data[-len(CANARY):]


class Checks:
    def __init__(self, build, work):
        self.program = os.path.join(build, "keten-device")
        self.work = work

    def at(self, name):
        return os.path.join(self.work, name)

    def run(self, form, path, **how):
        return drive.run(self.program, REQUESTS, form, path, **how)

    # -- right ones -------------------------------------------------------------------------------

    def check_image(self, name, layout, files, identified):
        spy = Spy()
        o = self.run("image", self.at(name), parts=100000, spy=spy if identified else None)
        want = sorted((w, sha(d)) for d, w in files.values()
                      if w and (w != "other-app" or not identified))
        want = [("waze-ios" if w == "other-app" else w, s) for w, s in want]
        got = sorted((m["ids"][0], m["sha256"]) for m in o["members"])
        check("%s: the wanted objects, whole" % name, got == sorted(want), o["members"])
        check("%s: the same by ranges" % name,
              all(m["parts"] == m["sha256"] and m["code"] == 0 for m in o["members"]))
        check("%s: layout and end" % name, o["source"]["layout"] == layout and o["status"] == 0 and
              o["end"]["code"] == drive.ABSENT and o["end"]["flags"] == 0, o)
        check("%s: its own digest" % name, o["summary"]["sha256"] ==
              (None if layout == "folder" else file_sha(self.at(name))))
        check("%s: apps' folders told apart" % name, all(
            bool(m["flags"] & drive.PATH_ONLY) == (not identified and m["ids"] == ["waze-ios"])
            for m in o["members"]))
        if identified:
            check("%s: nothing else came out" % name, not spy.found)
        check("%s: memory stays small" % name, o["peak_kib"] < 64 << 10, o["peak_kib"])

    def images(self):
        files = sources.image_files()
        sources.write_tree(self.at("tree"), files)
        before = self.state("tree")
        self.check_image("tree", "folder", files, True)
        check("tree: unchanged", self.state("tree") == before)
        for fmt, name in ((tarfile.GNU_FORMAT, "gnu.tar"), (tarfile.PAX_FORMAT, "pax.tar"),
                          (tarfile.USTAR_FORMAT, "ustar.tar")):
            sources.write_tar(self.at(name), files, fmt)
            self.check_image(name, "tar", files, False)
        sources.write_tar(self.at("image.tar.gz"), files, mode="w:gz", front="")
        self.check_image("image.tar.gz", "tar.gz", files, False)
        sources.write_zip(self.at("packed.zip"), files)
        sources.write_zip(self.at("stored.zip"), files, zipfile.ZIP_STORED)
        self.check_image("packed.zip", "zip", files, True)
        self.check_image("stored.zip", "zip", files, True)

    def state(self, name):
        out = []
        for top, dirs, names in os.walk(self.at(name)):
            dirs.sort()
            for n in sorted(names):
                p = os.path.join(top, n)
                st = os.lstat(p)
                out.append((p, st.st_size, st.st_mtime_ns, st.st_mode, file_sha(p)))
        return out

    def plan(self):
        o = self.run("image", self.at("gnu.tar"), plan=["dcim", "wallet"])
        check("only what the plan names", sorted(m["ids"][0] for m in o["members"]) ==
              ["dcim", "wallet"], o["members"])
        o = self.run("image", self.at("gnu.tar"), plan=["clock"])
        check("a plan without files", o["count"] == 0 and o["summary"]["sha256"] is not None)
        o = self.run("image", self.at("gnu.tar"), plan=["photos-db"], most=1000)
        big = [m for m in o["members"] if m["size"] > 1000]
        check("no more than was allowed", big and all(
            m["code"] == drive.LIMIT and m["got"] == 0 and m["rflags"] & drive.TRUNCATED
            for m in big), o["members"])

    def carriers(self):
        files = {"DCIM/100/a.jpg": (b"1", "dcim"), "pictures/b.jpg": (b"2", "pictures"),
                 "Download/Timeline.json": (b"3", "download"), "c.gpx": (CANARY, None),
                 "old/DCIM/d.jpg": (CANARY, None)}
        sources.write_tree(self.at("card"), files)
        spy = Spy()
        o = self.run("carrier", self.at("card"), spy=spy)
        check("a carrier's folders", sorted((m["ids"][0], m["sha256"]) for m in o["members"]) ==
              sorted((w, sha(d)) for d, w in files.values() if w) and not spy.found, o["members"])
        check("a carrier's facts", "file system: " in o["source"]["detail"] and
              "serial of the device: " in o["source"]["detail"], o["source"])

    def handed(self):
        data = noise(300000, 5)
        with open(self.at("Records.json"), "wb") as f:
            f.write(data)
        o = self.run("file", self.at("Records.json"), parts=65536)
        check("one file that was handed over", o["count"] == 1 and o["members"][0]["path"] ==
              "Records.json" and o["members"][0]["sha256"] == sha(data) ==
              o["members"][0]["parts"] == o["summary"]["sha256"], o)
        files = {"Takeout/Location History/Records.json": (data, "handed"),
                 "Takeout/inner.zip": (b"PK\3\4", "handed")}
        sources.write_zip(self.at("takeout.zip"), files)
        sources.write_tar(self.at("takeout.tgz"), files, mode="w:gz")
        sources.write_tree(self.at("takeout"), files)
        for name in ("takeout.zip", "takeout.tgz", "takeout"):
            o = self.run("file", self.at(name))
            check("an export: %s" % name, sorted(m["sha256"] for m in o["members"]) ==
                  sorted(sha(d) for d, w in files.values()), o)
        shutil.copy(self.at("takeout.zip"), self.at("takeout.kmz"))
        o = self.run("file", self.at("takeout.kmz"))
        check("a KMZ is one file", o["source"]["layout"] == "file" and o["count"] == 1)

    # -- backups ----------------------------------------------------------------------------------

    def check_backup(self, name, folder, files=None, values=4, **how):
        spy = Spy()
        o = self.run("backup", self.at(folder), parts=1000, spy=spy, show=True, **how)
        want = sorted((w, sha(noise(5000, p))) for (d, p), w in BACKUP.items() if w)
        got = sorted((m["ids"][0], m["sha256"]) for m in o["members"] if m["size"] == 5000)
        check("%s: the wanted objects" % name, got == (want if files is None else files), o)
        check("%s: the phone's identifier" % name, o["source"]["identifier"] == UDID, o["source"])
        lists = {m["ids"][0]: m for m in o["members"] if m["ids"][0].startswith("backup-")}
        check("%s: lists of values" % name, len(lists) == values and
              all(m["parts"] == m["sha256"] for m in lists.values()), lists)
        check("%s: nothing else came out" % name, not spy.found)
        return o, lists

    def backups(self):
        sources.usual_backup(self.at("backup"))
        before = self.state("backup")
        o, lists = self.check_backup("backup", "backup")
        check("backup: of the apps only one that may be asked for",
              lists["backup-apps"]["content"].count("<key>Installed") == 1 and
              "<key>Installed Applications[com.waze.iphone]</key>" in lists["backup-apps"]["content"], lists)
        check("backup: values are there", "Phone of a Tester" in lists["backup-info"]["content"] and
              "<key>Lockdown/ProductType</key>" in lists["backup-manifest"]["content"] and
              "zoneinfo/Europe/Amsterdam" in lists["backup-links"]["content"], lists)
        check("backup: paths with domains", "HomeDomain/Library/Passes/Cards/a=.pkpass/pass.json" in
              [m["path"] for m in o["members"]])
        check("backup: unchanged", self.state("backup") == before)
        sources.usual_backup(self.at("outer/" + UDID))
        self.check_backup("backup in a folder", "outer")
        sources.usual_backup(self.at("flat"), flat=True)
        self.check_backup("flat backup", "flat")
        sources.usual_backup(self.at("outer/other"))
        o = self.run("backup", self.at("outer"))
        check("two backups in a folder", o["open"]["code"] == drive.REFUSED and
              o["open"]["text"].startswith("several-backups"), o)
        o = self.run("image", self.at("backup"))
        check("a backup is no image", o["open"]["text"].startswith("is-a-backup"), o)

    def backup_with_wal(self):
        """Rows that are in the -wal alone are part of the manifest."""
        b = Backup(self.at("live"), wal=True)
        b.db.commit()
        b.add_usual()
        b.db.commit()
        shutil.copytree(self.at("live"), self.at("wal"))
        b.close()
        with open(self.at("wal/Manifest.db"), "rb") as f:
            inside = b"Cards/a=.pkpass" in f.read()
        check("the rows are not in the main file", not inside)
        self.check_backup("backup with a -wal", "wal")
        check("a -wal is not written back", os.path.getsize(self.at("wal/Manifest.db-wal")) > 0)

    def odd_backups(self):
        sources.usual_backup(self.at("enc"), encrypted=True)
        o = self.run("backup", self.at("enc"))
        check("an encrypted backup", o["open"]["code"] == drive.REFUSED and
              o["open"]["text"].startswith("encrypted-backup") and
              o["open"]["flags"] == drive.ENCRYPTED and o["status"] == 0, o)
        b = Backup(self.at("partial"))
        b.add_usual()
        p = ("CameraRollDomain", "Media/DCIM/100APPLE/IMG_0001.JPG")
        os.unlink(b.path(*p))
        b.add("HomeDomain", "Library/Preferences/com.apple.locationd.plist", b"x", fid="0" * 40)
        b.add("HomeDomain", "Library/Preferences/com.apple.mobiletimer.plist", b"y" * 10,
              blob=b"no archive")
        b.close()
        o = self.run("backup", self.at("partial"))
        m = {x["ids"][0]: x for x in o["members"]}
        check("listed, not there", m["ios-dcim"]["flags"] == drive.UNREADABLE | drive.MISSING and
              m["ios-dcim"]["size"] == 5000 and m["ios-dcim"]["code"] == drive.ABSENT, m["ios-dcim"])
        check("a fileID that is not its path's", m["location-switch"]["flags"] == drive.UNREADABLE,
              m["location-switch"])
        check("a record that is none", m["world-clocks"]["got"] == 10, m["world-clocks"])
        check("both are counted", o["summary"]["unreadable"] == 2, o["summary"])

    def broken_backups(self):
        def fresh(name):
            sources.usual_backup(self.at(name))
            return self.at(name)

        def opens(what, top, code, word):
            o = self.run("backup", top)
            check(what, o["open"]["code"] == code and o["open"]["text"].startswith(word) and
                  o["status"] == 0, o["open"])

        top = fresh("b1")
        os.unlink(top + "/Manifest.db")
        opens("no Manifest.db", top, drive.FORMAT, "no-backup")
        open(top + "/Manifest.mbdb", "wb").close()
        opens("a backup of old", top, drive.FORMAT, "manifest-mbdb")
        for name, data in (("b2", b""), ("b3", b"no database" * 1000),
                           ("b4", b"SQLite format 3\0" + b"\xff" * 5000)):
            top = fresh(name)
            with open(top + "/Manifest.db", "wb") as f:
                f.write(data)
            opens("Manifest.db that is none (%d bytes)" % len(data), top, drive.FORMAT,
                  "manifest-db")
        top = fresh("b5")
        db = sqlite3.connect(top + "/Manifest.db")
        db.execute("ALTER TABLE Files RENAME TO Real")
        db.execute("CREATE VIEW Files AS SELECT * FROM Real")
        db.commit()
        db.close()
        opens("a view in place of the table", top, drive.FORMAT, "manifest-db")
        top = fresh("b6")
        os.rename(top + "/Manifest.db", self.at("elsewhere.db"))
        os.symlink(self.at("elsewhere.db"), top + "/Manifest.db")
        opens("Manifest.db that is a link", top, drive.FORMAT, "no-backup")
        top = fresh("b7")
        for name in ("Info.plist", "Manifest.plist"):
            with open(top + "/" + name, "wb") as f:
                f.write(b"<plist><dict>" + b"<array>" * 9000)
        o = self.run("backup", top)
        bad = [m for m in o["members"] if m["flags"] & drive.UNREADABLE]
        check("damaged lists cost themselves alone", len(bad) == 3 and o["count"] == 11 and
              all(m["ids"][0].startswith("backup-") for m in bad), o["members"])
        top = fresh("b8")
        with open(top + "/Manifest.db", "r+b") as f:
            f.truncate(os.path.getsize(top + "/Manifest.db") - 4096)
        o = self.run("backup", top)
        check("a cut Manifest.db ends in a named outcome", o["status"] == 0 and
              (o["open"]["code"] != 0 or o["end"]["code"] in (drive.ABSENT, drive.FORMAT)), o)

    def links_in_backups(self):
        b = Backup(self.at("links"))
        b.add_usual()
        b.close()
        # to what the plan does not name, inside the folder: nothing but our own care stands before it
        p = b.path("CameraRollDomain", "Media/DCIM/100APPLE/IMG_0001.JPG")
        os.unlink(p)
        os.symlink(b.path("HomeDomain", "Library/SMS/sms.db"), p)
        p = b.path("AppDomain-com.waze.iphone", "Documents/user.db")
        os.makedirs(self.at("links/elsewhere"))
        os.rename(b.path("AppDomain-com.example.other", "Documents/user.db"),
                  self.at("links/elsewhere/") + os.path.basename(p))
        shutil.rmtree(os.path.dirname(p))
        os.symlink("elsewhere", os.path.dirname(p))
        # and out of it
        with open(self.at("secret"), "wb") as f:
            f.write(CANARY * 10)
        p = b.path("RootDomain", "Library/Caches/locationd/clients.plist")
        os.unlink(p)
        os.symlink(self.at("secret"), p)
        spy = Spy()
        o = self.run("backup", self.at("links"), spy=spy)
        m = {x["ids"][0]: x for x in o["members"]}
        check("links in a backup are not followed", not spy.found and
              all(m[n]["flags"] & drive.UNREADABLE
                  for n in ("ios-dcim", "waze-ios", "location-clients")), o["members"])

    # -- attacks ----------------------------------------------------------------------------------

    def links_in_folders(self):
        top = self.at("traps")
        sources.write_tree(top, {"data/media/0/DCIM/a.jpg": (b"fine", "dcim"),
                                 "data/data/com.waze/x": (b"", None)})
        with open(self.at("secret"), "wb") as f:
            f.write(CANARY * 10)
        os.makedirs(self.at("outside/Camera"))
        shutil.copy(self.at("secret"), self.at("outside/Camera/b.jpg"))
        os.symlink(self.at("secret"), top + "/data/data/com.waze/user.db")
        os.symlink("../../../../secret", top + "/data/media/0/DCIM/c.jpg")
        os.symlink(self.at("outside"), top + "/data/media/0/Pictures")
        os.symlink("/", top + "/root")
        os.mkfifo(top + "/data/media/0/DCIM/d.jpg")
        spy = Spy()
        o = self.run("image", top, spy=spy)
        got = {m["path"]: m["flags"] for m in o["members"]}
        check("links and pipes in a folder are named, not opened", not spy.found and
              [p for p, f in got.items() if not f & drive.UNREADABLE] ==
              ["data/media/0/DCIM/a.jpg"] and len(got) == 4, o)
        check("they are counted", o["summary"]["unreadable"] == 3 and
              "4 links" in o["summary"]["text"], o["summary"])

    def deep_folders(self):
        top = self.at("deep")
        at = top + "/data/media/0/DCIM"
        os.makedirs(at)
        here = os.open(at, os.O_RDONLY)
        for _ in range(200):
            os.mkdir("d", dir_fd=here)
            nxt = os.open("d", os.O_RDONLY, dir_fd=here)
            os.close(here)
            here = nxt
        os.close(os.open("a.jpg", os.O_CREAT | os.O_WRONLY, dir_fd=here))
        os.close(here)
        o = self.run("image", top)
        check("a folder without a bottom", o["count"] == 0 and o["status"] == 0 and
              o["end"]["flags"] & drive.TRUNCATED and "too deep" in o["summary"]["text"], o)
        long = self.at("long/data/media/0/DCIM/")
        os.makedirs(long + "x" * 200)
        os.makedirs(long + "/".join(["y" * 200] * 6))
        with open(long + "x" * 200 + "/a.jpg", "wb") as f:
            f.write(b"1")
        o = self.run("image", self.at("long"))
        check("paths that are too long", o["count"] == 1 and o["end"]["flags"] & drive.TRUNCATED and
              "too long" in o["summary"]["text"], o)
        if os.geteuid() != 0:
            os.chmod(self.at("long/data/media/0/DCIM/" + "x" * 200), 0)
            o = self.run("image", self.at("long"))
            check("folders without the right", "can't be opened" in o["summary"]["text"], o)

    def names_in_archives(self):
        names = ["../" + VAR + "a", "data/../data/data/com.waze/user.db", "/data/data/com.waze/user.db",
                 "data/data/com.waze/user.db"]
        files = {n: (n.encode(), None) for n in names}
        sources.write_tar(self.at("names.tar"), files, front="")
        with zipfile.ZipFile(self.at("names.zip"), "w") as z:
            for n in names:
                z.writestr(zipfile.ZipInfo(n), n)
            z.writestr(zipfile.ZipInfo("link/../data/data/com.waze/user.db"), "x")
        for name, refused in (("names.tar", 3), ("names.zip", 4)):
            o = self.run("image", self.at(name))
            check("names that lead out: %s" % name, [m["path"] for m in o["members"]] == names[3:] and
                  o["summary"]["refused"] == refused, o)

    def bombs(self):
        with zipfile.ZipFile(self.at("bomb.zip"), "w", zipfile.ZIP_DEFLATED) as z:
            with z.open("data/data/com.waze/user.db", "w") as f:
                for _ in range(512):
                    f.write(bytes(1 << 20))
            z.writestr("data/misc/wifi/WifiConfigStore.xml", "<fine/>")
        o = self.run("image", self.at("bomb.zip"), most=1 << 20)
        check("512 MiB out of 512 KiB", o["members"][0]["code"] == drive.LIMIT and
              o["members"][1]["code"] == 0 and o["peak_kib"] < 64 << 10, o)
        # two members over the same bytes
        data = zlib.compress(bytes(1 << 20), 9)[2:-4]
        crc = zlib.crc32(bytes(1 << 20))
        head = struct.pack("<HHHIIIIHH", 20, 0, 8, 0, crc, len(data), 1 << 20, 1, 0)
        body = b"PK\3\4" + head + b"a" + data
        cd = b"".join(b"PK\1\2" + b"\x14\0" + head + struct.pack("<HHHII", 0, 0, 0, 0, 0) + b"a"
                      for _ in range(1000))
        with open(self.at("overlap.zip"), "wb") as f:
            f.write(body + cd + struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 1000, 1000, len(cd),
                                            len(body), 0))
        o = self.run("image", self.at("overlap.zip"))
        check("a ZIP whose members overlap", o["open"]["code"] == drive.FORMAT and
              "overlap" in o["open"]["text"], o["open"])
        # gzip in gzip in tar: only the outermost is unpacked
        files = {"data/data/com.waze/user.db": (open(self.at("packed.zip"), "rb").read(), None)}
        sources.write_tar(self.at("nested.tar.gz"), files, mode="w:gz")
        o = self.run("image", self.at("nested.tar.gz"))
        check("archives inside archives are files", o["count"] == 1 and
              o["members"][0]["sha256"] == file_sha(self.at("packed.zip")), o)

    def many(self):
        n = 100000
        with tarfile.open(self.at("many.tar"), "w", format=tarfile.USTAR_FORMAT) as t:
            for i in range(n):
                t.addfile(tarfile.TarInfo("data/app/lib%06d.so" % i))
            t.addfile(tarfile.TarInfo("data/data/com.waze/user.db"))
        with zipfile.ZipFile(self.at("many.zip"), "w") as z:
            for i in range(n):
                z.writestr(zipfile.ZipInfo("data/app/lib%06d.so" % i), b"")
            z.writestr(zipfile.ZipInfo("data/data/com.waze/user.db"), b"")
        for name in ("many.tar", "many.zip"):
            o = self.run("image", self.at(name))
            check("100,001 members: %s" % name, o["count"] == 1 and o["summary"]["seen"] == n + 1 and
                  o["peak_kib"] < 64 << 10, o)

    def cut(self):
        data = {n: open(self.at(n), "rb").read() for n in ("gnu.tar", "image.tar.gz", "packed.zip")}
        for name, whole in data.items():
            bad = []
            # the last one: a tar of which nothing but its end mark is missing
            end = (len(whole.rstrip(b"\0")) + 511) // 512 * 512
            for n in [0, 1, 511, 512, 600, end if name == "gnu.tar" else 700] + [len(whole) * k // 17 for k in range(1, 17)]:
                with open(self.at("cut"), "wb") as f:
                    f.write(whole[:n])
                o = self.run("image", self.at("cut"))
                if o["status"] != 0 or (o["open"]["code"] == 0 and (
                        o["end"]["code"] not in (drive.FORMAT, drive.ABSENT) or
                        o["summary"]["sha256"] != sha(whole[:n]) or
                        (o["end"]["code"] == drive.ABSENT and
                         not o["end"]["flags"] & drive.TRUNCATED))):
                    bad.append((n, o))
            check("cut in 22 places: %s" % name, not bad, bad[:1])

    # -- the process ------------------------------------------------------------------------------

    def process(self):
        ids = list(drive.request_ids(REQUESTS).values())
        d = drive.Device(self.program, self.at("tree"), ids)
        check("seccomp, no new privileges", d.status("Seccomp") == 2 and
              d.status("NoNewPrivs") == 1)
        d.end()
        # landlock_create_ruleset(NULL, 0, LANDLOCK_CREATE_RULESET_VERSION)
        has_landlock = ctypes.CDLL(None).syscall(444, None, 0, 1) >= 1
        o = self.run("image", self.at("tree"), plan=["dcim"])
        check("what confines it is said", ("no Landlock" in o["source"]["detail"]) !=
              has_landlock, o["source"])
        for what, src, kind, body in (("listing phones", "tree", "L", b""),
                                      ("NEXT before OPEN", "tree", "N", b""),
                                      ("an unknown form", "tree", "O", b"\x01"),
                                      ("OPEN without a source", None, "O", b"\x04"),
                                      ("a PART that is too long", "tree", "T",
                                       struct.pack("<QI", 0, (256 << 10) + 1)),
                                      ("bytes left over", "tree", "O", b"\x04x")):
            d = drive.Device(self.program, self.at(src) if src else None, ids)
            _, res = d.ask(kind, body)
            check("%s makes no sense here" % what, res["code"] == drive.USAGE and
                  d.p.wait() == 2, res)
        d = drive.Device(self.program, self.at("gnu.tar"), ids)
        d.ask("O", b"\x04")
        d.tag += 1
        d.put("N", struct.pack("<I", d.tag))
        d.p.stdout.close()
        d.p.stdin.close()
        check("a parent that is gone", d.p.wait(timeout=20) in (0, 8))
        # a second look at the same descriptor: nothing depends on its position
        fd = os.open(self.at("gnu.tar"), os.O_RDONLY)
        os.lseek(fd, 12345, os.SEEK_SET)
        o = self.run("image", "/proc/self/fd/%d" % fd)
        os.close(fd)
        check("the descriptor's position does not matter", o["count"] > 10)
        out = subprocess.run([self.program], stdin=subprocess.DEVNULL, capture_output=True,
                             check=False)
        check("without frames it ends", out.returncode in (0, 2))


def main():
    build, work = sys.argv[1:3]
    c = Checks(os.path.abspath(build), os.path.abspath(work))
    for part in (c.images, c.plan, c.carriers, c.handed, c.backups, c.backup_with_wal,
                 c.odd_backups, c.broken_backups, c.links_in_backups, c.links_in_folders,
                 c.deep_folders, c.names_in_archives, c.bombs, c.many, c.cut, c.process):
        if len(sys.argv) > 3 and part.__name__ not in sys.argv[3:]:
            continue
        print("-- %s" % part.__name__.replace("_", " "), flush=True)
        try:
            part()
        except Exception as e:  # a crash of keten-device is a finding, and the rest is still run
            check("%s comes to its end" % part.__name__, False, repr(e))
    print("%d passed, %d failed" % (counts["ok"], counts["FAIL"]))
    return 1 if counts["FAIL"] else 0


sys.exit(main())

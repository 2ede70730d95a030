#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""
Makes sources for the whole runs of test-hostile.sh: WORK/{file,image,tree}-{alone,beside}; alone holds good files,
beside the same and hostile ones. Good files have "good" in their path; the golden inputs are what is good.

usage: hostile_sources.py WORK KETEN
"""
import os
import shutil
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import hostile_binary as b  # noqa: E402  (the path comes first)
import hostile_inputs as h  # noqa: E402
import hostile_run  # noqa: E402

STAMP = 1718452800
# parser: (name of a good file in the folder of a handed-over file, in an Android image, in an iPhone's backup)
PLACES = {
    "google-timeline": ("good.json", "data/media/0/Download/timeline-good.json", None),
    "google-takeout": ("good2.json", "data/media/0/Download/records-good.json", None),
    "tracks": ("good.gpx", "data/media/0/Download/good.gpx", None),
    "fit": ("good.fit", "data/media/0/Download/good.fit", None),
    "media-exif": ("good.jpg", "data/media/0/DCIM/good.jpg", "CameraRollDomain/Media/DCIM/100APPLE/good.JPG"),
    "media-quicktime": ("good.mov", "data/media/0/DCIM/good.mov", None),
    "waze": (None, "data/data/com.waze/user.db", "AppDomain-com.waze.iphone/Documents/user.db"),
    "ios-wifi-known": (None, None, "SystemPreferencesDomain/SystemConfiguration/com.apple.wifi-networks.plist.backup"),
}
FAMILY = {"google-timeline": "json", "google-takeout": "json", "tracks": "xml", "fit": "fit", "media-exif": "jpeg", "media-quicktime": "film",
          "waze": "sqlite", "ios-wifi-known": "bplist"}


def put(top, path, data):
    path = os.path.join(top, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(data)


def hostile(seeds):
    """(ending, bytes) of files for folders where names do not matter."""
    named = {"json": h.crafted_json(("timeline", "records")), "gpx": h.crafted_xml(("gpx",)), "kmz": h.crafted_zip("kmz"), "gpx.gz": h.crafted_gzip(),
             "jpg": b.crafted_jpeg(), "heic": b.crafted_heic(), "mov": b.crafted_mov(), "fit": b.crafted_fit(), "nmea": b.crafted_nmea()}
    for ending, cases in named.items():
        few = [c for c in cases if len(c[1]) < 200_000]
        for i in h.spread(len(few), 9):
            yield ending, few[i][1]
    for parser, ending in (("google-timeline", "json"), ("tracks", "gpx"), ("media-exif", "jpg"), ("media-quicktime", "mov"), ("fit", "fit")):
        data = seeds[parser]
        for n in h.spread(len(data), 5):
            yield ending, data[:n]


def main(work, keten):
    run = hostile_run.Run(os.path.dirname(os.path.abspath(keten)), work)
    own = os.path.join(work, "own")
    os.makedirs(own)
    golden = hostile_run.golden(own)
    seeds = {}
    for parser, family in FAMILY.items():
        for kind, path in sorted(hostile_run.seeds(run, parser, golden[parser]).items(), key=str):
            if kind[0] == family and parser not in seeds:
                with open(path, "rb") as f:
                    seeds[parser] = f.read()
    missing = set(FAMILY) - set(seeds)
    if missing:
        sys.exit(f"no golden input for {missing}")
    for form, at in (("file", 0), ("image", 1), ("tree", 2)):
        for what in ("alone", "beside"):
            for parser, place in PLACES.items():
                if place[at] is not None and not ("good" not in place[at] and what == "beside"):
                    put(os.path.join(work, f"{form}-{what}"), place[at], seeds[parser])
    bad = list(hostile(seeds))
    for n, (ending, data) in enumerate(bad):
        put(os.path.join(work, "file-beside"), f"bad-{n}.{ending}", data)
        folder = "DCIM" if ending in ("jpg", "heic", "mov") else "Download"
        name = f"timeline-bad-{n}.json" if ending == "json" else f"bad-{n}.{ending}"
        put(os.path.join(work, "image-beside"), f"data/media/0/{folder}/{name}", data)
        if ending in ("jpg", "heic"):
            put(os.path.join(work, "tree-beside"), f"CameraRollDomain/Media/DCIM/100APPLE/IMG_{n}.{ending.upper()}", data)
    # names that lead a reader of names astray
    for name in ("timeline-\u202eexe.json", "timeline-\x1b[2J\n.json", "timeline-$(reboot).json", "timeline-" + "n" * 200 + ".json"):
        put(os.path.join(work, "image-beside"), "data/media/0/Download/" + name, seeds["google-timeline"][:100])
    with open(os.path.join(work, "image-beside", "data/media/0/Download").encode() + b"/timeline-\xff\xfe.json", "wb") as f:
        f.write(b"\xff")
    # of photos only what is read is stored
    hostile_run.sparse(os.path.join(work, "image-beside", "data/media/0/DCIM/huge.jpg"), 3 << 30, (0, seeds["media-exif"]))
    # databases: hostile ones at their own places, with the log of another
    db = os.path.join(own, "db")
    with open(db, "wb") as f:
        f.write(seeds["waze"])
    cases = {c[0]: c for c in b.crafted_sqlite(db)}
    put(os.path.join(work, "image-beside"), "data/data/com.waze/user.db", cases["views-endless"][1])
    place = "AppDomain-com.waze.iphone/Documents/user.db"
    put(os.path.join(work, "tree-beside"), place, cases["wal-of-another"][1])
    put(os.path.join(work, "tree-beside"), place + "-wal", cases["wal-of-another"][2]["-wal"])
    put(os.path.join(work, "tree-beside"), "CameraRollDomain/Media/PhotoData/Photos.sqlite", cases["journal-before-max"][1])
    put(os.path.join(work, "tree-beside"), "CameraRollDomain/Media/PhotoData/Photos.sqlite-journal", cases["journal-before-max"][2]["-journal"])
    put(os.path.join(work, "tree-beside"), PLACES["ios-wifi-known"][2], dict(h.crafted_bplist())["dag-100-20-under-keys"])
    for top in ("file", "image", "tree"):
        for what in ("alone", "beside"):
            for folder, _, files in os.walk(os.path.join(work, f"{top}-{what}").encode()):
                for name in files:
                    os.utime(os.path.join(folder, name), (STAMP, STAMP))
    shutil.rmtree(own)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])

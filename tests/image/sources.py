# SPDX-License-Identifier: EUPL-1.2
"""Makes the sources that check.py reads: trees, archives and backups, with invented content."""
import datetime
import hashlib
import io
import os
import plistlib
import sqlite3
import tarfile
import zipfile

CANARY = b"CANARY-Tq7Lw2Zx"  # stands in everything that no plan names
UDID = "00008030-000A1111AAAA222E"
VAR = "filesystem1/private/var/"
APP = VAR + "mobile/Containers/Data/Application/"
META = "/.com.apple.mobile_container_manager.metadata.plist"


def noise(n, seed):
    out = b""
    while len(out) < n:
        seed = hashlib.sha256(str(seed).encode()).digest()
        out += seed * 64
    return out[:n]


def image_files():
    """path -> (bytes, name of the request that wants it or None)"""
    wanted = {
        VAR + "mobile/Library/Preferences/.GlobalPreferences.plist": "global-preferences",
        VAR + "mobile/Media/PhotoData/Photos.sqlite": "photos-db",
        VAR + "mobile/Media/PhotoData/Photos.sqlite-wal": "photos-db",
        VAR + "mobile/Media/DCIM/100APPLE/IMG_0001.JPG": "ios-dcim",
        VAR + "mobile/Library/Passes/Cards/a b.pkpass/pass.json": "wallet",
        VAR + "wireless/Library/Databases/CellularUsage.db": "cellular-usage",
        VAR + "root/Library/Caches/locationd/clients.plist": "location-clients",
        APP + "0A-11/Documents/user.db": "waze-ios",
        "data/data/com.waze/user.db": "waze-droid",
        "data/media/0/DCIM/Camera/20240501.jpg": "dcim",
        "data/media/0/Download/Timeline.json": "download",
        "data/misc/wifi/WifiConfigStore.xml": "wifi-store",
    }
    others = [VAR + "mobile/Library/SMS/sms.db", VAR + "mobile/Media/PhotoData/Photos.sqlite-shm",
              VAR + "mobile/Media/Recordings/a.m4a", APP + "0B-22/Documents/other.db",
              "data/data/com.waze/cache/user.db", "data/media/0/Android/data/x/DCIM/a.jpg",
              "data/data/com.android.providers.telephony/databases/mmssms.db"]
    out = {p: (noise(100 + 7919 * i, p), w) for i, (p, w) in enumerate(sorted(wanted.items()))}
    # larger than any buffer on the way
    out[VAR + "mobile/Media/PhotoData/Photos.sqlite"] = (noise(3 << 20, 1), "photos-db")
    for p in others:
        out[p] = (CANARY * 100, None)
    # another app's file of the same name: only its folder's own list tells
    out[APP + "0C-33/Documents/user.db"] = (CANARY * 10, "other-app")
    for folder, bundle in (("0A-11", "com.waze.iphone"), ("0C-33", "com.example.other")):
        out[APP + folder + META] = (plistlib.dumps({"MCMMetadataIdentifier": bundle,
                                                    "x": CANARY.decode()},
                                                   fmt=plistlib.FMT_BINARY), None)
    return out


def write_tree(top, files):
    for path, (data, _) in files.items():
        os.makedirs(os.path.dirname(os.path.join(top, path)), exist_ok=True)
        with open(os.path.join(top, path), "wb") as f:
            f.write(data)
        os.utime(os.path.join(top, path), (1700000000, 1700000000))


def write_tar(path, files, fmt=tarfile.GNU_FORMAT, mode="w", front="./"):
    with tarfile.open(path, mode, format=fmt) as t:
        for name, (data, _) in files.items():
            i = tarfile.TarInfo(front + name)
            i.size, i.mtime = len(data), 1700000000
            t.addfile(i, io.BytesIO(data))


def write_zip(path, files, how=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", how) as z:
        for name, (data, _) in files.items():
            z.writestr(name, data)


def record(size, target=None, mode=0o100644):
    """The archive in column "file" of Manifest.db."""
    f = {"$class": plistlib.UID(2), "Size": size, "Mode": mode, "LastModified": 1700000000,
         "ProtectionClass": 3, "InodeNumber": 9}
    objects = ["$null", f, {"$classname": "MBFile", "$classes": ["MBFile", "NSObject"]}]
    if target is not None:
        objects.append(target)
        f["Target"] = plistlib.UID(3)
    return plistlib.dumps({"$version": 100000, "$archiver": "NSKeyedArchiver",
                           "$top": {"root": plistlib.UID(1)}, "$objects": objects},
                          fmt=plistlib.FMT_BINARY)


def file_id(domain, path):
    return hashlib.sha1(("%s-%s" % (domain, path)).encode()).hexdigest()


BACKUP = {
    ("CameraRollDomain", "Media/PhotoData/Photos.sqlite"): "photos-db",
    ("CameraRollDomain", "Media/PhotoData/Photos.sqlite-wal"): "photos-db",
    ("CameraRollDomain", "Media/DCIM/100APPLE/IMG_0001.JPG"): "ios-dcim",
    ("HomeDomain", "Library/Preferences/.GlobalPreferences.plist"): "global-preferences",
    ("HomeDomain", "Library/Passes/Cards/a=.pkpass/pass.json"): "wallet",
    ("AppDomain-com.waze.iphone", "Documents/user.db"): "waze-ios",
    ("RootDomain", "Library/Caches/locationd/clients.plist"): "location-clients",
    ("HomeDomain", "Library/SMS/sms.db"): None,
    ("CameraRollDomain", "Media/PhotoData/Photos.sqlite-shm"): None,
    ("AppDomain-com.example.other", "Documents/user.db"): None,
    ("HomeDomain", "Library/Caches/com.apple.routined/Cache.sqlite"): None,
}


class Backup:
    def __init__(self, top, encrypted=False, flat=False, wal=False):
        self.top, self.flat = top, flat
        os.makedirs(top)
        with open(top + "/Info.plist", "wb") as f:
            plistlib.dump({"Unique Identifier": UDID.lower(), "Device Name": "Phone of a Tester",
                           "Last Backup Date": datetime.datetime(2026, 1, 2),
                           "Installed Applications": [CANARY.decode(), "com.waze.iphone"],
                           "Applications": {"a": {"iTunesMetadata": CANARY}}}, f)
        with open(top + "/Manifest.plist", "wb") as f:
            plistlib.dump({"IsEncrypted": encrypted, "Version": "10.0", "WasPasscodeSet": True,
                           "Lockdown": {"UniqueDeviceID": UDID, "ProductType": "iPhone12,8",
                                        "Other": CANARY.decode()}}, f, fmt=plistlib.FMT_BINARY)
        self.db = sqlite3.connect(top + "/Manifest.db")
        if wal:
            self.db.execute("PRAGMA journal_mode = wal")
            self.db.execute("PRAGMA wal_autocheckpoint = 0")
        self.db.execute("CREATE TABLE Files (fileID TEXT PRIMARY KEY, domain TEXT, "
                        "relativePath TEXT, flags INTEGER, file BLOB)")
        self.db.execute("CREATE INDEX FilesDomainIdx ON Files(domain)")
        self.db.execute("CREATE INDEX FilesRelativePathIdx ON Files(relativePath)")
        self.db.execute("CREATE TABLE Properties (key TEXT PRIMARY KEY, value BLOB)")

    def path(self, domain, path):
        i = file_id(domain, path)
        return os.path.join(self.top, i) if self.flat else os.path.join(self.top, i[:2], i)

    def add(self, domain, path, data, flags=1, target=None, fid=None, blob=None):
        self.db.execute("INSERT INTO Files VALUES (?, ?, ?, ?, ?)",
                        (fid or file_id(domain, path), domain, path, flags,
                         blob or record(len(data or b""), target)))
        if data is not None:
            os.makedirs(os.path.dirname(self.path(domain, path)), exist_ok=True)
            with open(self.path(domain, path), "wb") as f:
                f.write(data)

    def add_usual(self):
        for (domain, path), want in BACKUP.items():
            self.add(domain, path, noise(5000, path) if want else CANARY * 50)
        self.add("CameraRollDomain", "Media/DCIM/100APPLE", None, flags=2)
        self.add("DatabaseDomain", "timezone/localtime", None, flags=4,
                 target="/var/db/timezone/zoneinfo/Europe/Amsterdam")

    def close(self):
        self.db.commit()
        self.db.close()


def usual_backup(top, **how):
    b = Backup(top, **how)
    b.add_usual()
    b.close()

# SPDX-License-Identifier: EUPL-1.2
# A full disk: the check of the station says so before anything begins; when it fills up in the middle of reading, the
# window says which disk, a signed record tells how it ended, and once there is room the same case goes on, to the same
# index bytes as a reading that always had room. The disk is a small one in a mount namespace (tests/ui/scene); without
# one, a limit on the size of files stands for it, and the check of the station can't be tried.
import resource

from pages import sound
from scene import *

DISK = os.environ.get("UI_DISK") == "1"
CASES = OWN + "/cases"


def disk(how):
    subprocess.run(["mount", "-t", "tmpfs", "-o", how, "none", CASES], check=True)


def begin():
    """The window, on a disk that is nearly full."""
    os.makedirs(CASES)
    if DISK:
        disk("size=96k,mode=700")
        return app()
    limited = OWN + "/limited"
    with open(limited, "w", encoding="utf-8") as f:
        f.write("#!/bin/sh\ntrap '' XFSZ\nexec %s/keten-desktop \"$@\"\n" % BUILD)
    os.chmod(limited, 0o700)
    a = App(limited, settings(), OWN + "/states")
    resource.prlimit(a.proc.pid, resource.RLIMIT_FSIZE, (16 << 10, resource.RLIM_INFINITY))
    return a


def make_room(a):
    if DISK:
        disk("remount,size=32m")
    else:
        resource.prlimit(a.proc.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def scene():
    a = begin()
    to_station(a, DESK + "/one.json")
    if DISK:
        a.see("warning: ")
        wait_for("how little room there is", lambda: any(re.search(r"warning: [\d.]+\skB free\. Make room, or name another folder\.", t)
                                                         for t in a.texts()))
        shot(SHOTS + "/room-station.png")
        sound(a, "station")
    a.click("Continue")
    a.state("phone-not-authorised-yet")
    a.click("Start reading")
    a.state("reading")
    a.state("done-storage")
    a.see("No room, or the disk does not take it")
    a.see("Make room on the disk that holds the folder of this case, which is named below, then go on.")
    case = case_dir()
    a.see(case)
    sound(a, "done")
    shot(SHOTS + "/room-full.png")
    log = read(case + "/custody.jsonl").decode()
    is_('"event":"acquisition.sealed"' in log, False, "sealed on a full disk")
    records = [interruption()] if DISK else []  # the limit is on files everywhere: a record can't be written either
    for record in records:
        is_(json.loads(keten("show", record, "data/act.json").stdout)["detail"]["reason"], "storage", "the record's reason")
        is_(keten("verify", record, "--trust", DESK + "/trust").returncode, 0, "the record of how it ended")
    make_room(a)
    n = len(a.states())
    a.click("Go on reading")
    a.state("phone-not-authorised-yet", after=n)
    a.click("Start reading")
    a.state("done-complete", after=n)
    log = read(case + "/custody.jsonl").decode()
    is_((log.count('"event":"session.open"'), log.count('"event":"session.resume"')), (1, 1), "one session, resumed once")
    r = keten("verify", package(), *records, "--trust", DESK + "/trust")
    is_(r.returncode, 0, "verify, as a chain: " + r.stdout.decode()[-300:])
    a.end()
    r = keten("run", "--mandate", DESK + "/one.json", "--trust", DESK + "/trust", "--operator", DESK + "/operator.pem",
              "--device", "SIM0001", "--case", OWN + "/whole", "--out", OWN + "/out-whole", "--simulated", "--subject",
              "agrees", "--lang", "en")
    is_(r.returncode, 0, "keten run: " + r.stderr.decode()[-300:])
    index = sorted(os.listdir(OWN + "/whole/index"))
    is_(sorted(os.listdir(case + "/index")), index, "files of the index")
    for f in index:
        is_(read(case + "/index/" + f), read(OWN + "/whole/index/" + f), "index " + f)


run(scene)

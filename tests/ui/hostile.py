# SPDX-License-Identifier: EUPL-1.2
# Somebody else can write where the window looks: a package is rewritten after it was judged, cases are changed
# or never were cases, and the list of cases is made anew while a question about one of them is open.
import fcntl
import shutil

from scene import *


def rewritten():
    """The verdict stands for bytes that are not there any more: none of the others is shown under it."""
    os.makedirs(OWN + "/made")
    path = shutil.copy(made(), OWN)
    whole = read(path)
    a = app()
    open_package(a, path)
    a.state("verdict-valid")
    a.state("about-shown")
    a.state("report-shown")
    report = keten("show", path, "report/report.json").stdout
    with open(path, "r+b") as f:
        f.seek(whole.index(report) + len(report) // 2)
        f.write(b"\0")
    save(a, "Save the JSON", "changed-since")
    a.see("This file was changed after it was judged")
    a.see("Nothing was saved.")
    is_(os.path.exists(OWN + "/report.json"), False, "a report that nobody judged")
    n = len(a.states())
    a.click("Findings")
    a.state("tab-findings", after=n)
    wait_for("no finding to be left", lambda: any(t.startswith("0 of 0") for t in a.texts()))
    shot(SHOTS + "/hostile-changed.png")
    a.end()
    os.unlink(path)


def no_package():
    """What can't be read is not called absent, nothing is offered with it, and what was shown before is gone."""
    folder = OWN + "/beside"
    os.makedirs(folder)
    path = shutil.copy(made(), folder)
    start = os.path.basename(path)[:-len(".asice")]
    shutil.copy(path, "%s/%s-whole.asice" % (folder, start))
    with open("%s/%s-no-zip.asice" % (folder, start), "wb") as f:
        f.write(read(path)[:3000])
    os.mkdir("%s/%s-folder.asice" % (folder, start))
    a = app(None, path)
    a.state("report-shown")
    a.state("about-shown")
    n = len(a.states())
    a.click("Open \u2068%s-folder.asice\u2069" % start)
    a.state("not-judged", after=n)
    a.see("There is no such file here.")
    is_(a.find("toggle button", "Findings"), None, "the package that was shown before")
    n = len(a.states())
    a.type_into("Package file", "%s/%s-whole.asice" % (folder, start))
    a.click("Open")
    a.state("verdict-valid", after=n)
    a.state("about-shown", after=n)
    n = len(a.states())
    a.click("Open \u2068%s-no-zip.asice\u2069" % start)
    a.state("verdict-invalid", after=n)
    a.state("report-unread", after=n)
    a.state("about-shown", after=n)
    a.see("The report can't be shown: ")
    a.see("It can't be read: ")
    for text in ("The package brings no mandate along", "Sealed, or without a report"):
        if any(text in t for t in a.texts()):
            raise Failed("what can't be read is called absent: " + text)
    is_(a.find("push button", "Release"), None, "a release of what can't be read")
    shot(SHOTS + "/hostile-no-package.png")
    save(a, "Save the JSON", "not-exported")
    a.see("Nothing was saved: ")
    a.end()
    shutil.rmtree(folder)


def unfinished(name, mandate_id):
    """A case that was begun, of which nothing more is known than its log says."""
    folder = OWN + "/cases/" + name
    shutil.copytree(OWN + "/made/stopped", folder)
    case = json.loads(read(folder + "/case.json"))
    case["mandate_id"] = mandate_id
    with open(folder + "/case.json", "w", encoding="utf-8") as f:
        json.dump(case, f, ensure_ascii=False)
    return folder


def cases():
    """Broken ones hide no other; a question is about the case whose button was pressed, whatever the list does."""
    r = keten("run", "--mandate", DESK + "/one.json", "--trust", DESK + "/trust", "--operator", DESK + "/operator.pem",
              "--device", "SIM0001", "--case", OWN + "/made/stopped", "--out", OWN + "/made/out", "--simulated", "--wait", "1")
    is_(r.returncode, 4, "a reading without a phone: " + r.stderr.decode()[-300:])
    os.makedirs(OWN + "/cases")
    busy = unfinished("a-busy", "BUSY-1")
    mine = unfinished("b-mine", "MINE-1")
    unfinished("c-other", "x" + "\u00e9" * 200)
    os.makedirs(OWN + "/cases/d-pipe")
    os.mkfifo(OWN + "/cases/d-pipe/case.json")
    broken = unfinished("e-broken", "BROKEN-1")
    with open(broken + "/custody.jsonl", "r+b") as f:
        f.write(b"[")
    with open(busy + "/lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        a = app()
        a.state("unfinished")
        for text in ("Something works on it at this moment", "MINE-1", "x\u00e9\u00e9", "BROKEN-1", "d-pipe",
                     "can't be read, or was changed"):
            a.see(text)
        is_(a.find("push button", "Go on: BROKEN-1"), None, "a button for what does not hold")
        shot(SHOTS + "/hostile-cases.png")
        a.click("Withdraw…: MINE-1")
        a.state("ask-withdraw")
        shutil.rmtree(OWN + "/cases/c-other")
        for _ in range(2):
            n = len(a.states())
            a.state("unfinished", after=n, seconds=20)
        n = len(a.states())
        a.click("The holder withdraws")
        a.state("station-checked", after=n)
        a.click("Continue")
        a.state("done-withdrawn", after=n)
        shot(SHOTS + "/hostile-withdrawn.png")
    is_("session.closed" in read(mine + "/custody.jsonl").decode(), True, "the case that was withdrawn")
    is_("session.closed" in read(busy + "/custody.jsonl").decode(), False, "the other case")
    a.end()


def scene():
    rewritten()
    no_package()
    cases()


run(scene)

# SPDX-License-Identifier: EUPL-1.2
# The list of unfinished cases while something works on one of them: it is read every two seconds, and its rows, the
# focus in them and what is pressed stay; what changes elsewhere is taken in. Of very many, the list says that it is cut.
import fcntl
import shutil

from atspi import S, has, keys, name
from pages import named, sound
from scene import *

MANY, SHOWN = 57, 50


def make():
    """One reading that found no phone, as many cases."""
    r = keten("run", "--mandate", DESK + "/one.json", "--trust", DESK + "/trust", "--operator", DESK + "/operator.pem",
              "--device", "SIM0001", "--case", OWN + "/made", "--out", OWN + "/made-out", "--simulated", "--wait", "1")
    is_(r.returncode, 4, "a reading without a phone: " + r.stderr.decode()[-300:])
    case = json.loads(read(OWN + "/made/case.json"))
    for i in range(MANY):
        folder = "%s/cases/%02d" % (OWN, i)
        shutil.copytree(OWN + "/made", folder)
        case["mandate_id"] = "CASE-%02d" % i
        with open(folder + "/case.json", "w", encoding="utf-8") as f:
            json.dump(case, f)


def listed(a):
    return [name(n)[-2:] for n in a.all("push button") if name(n).startswith("Go on: ")]


def looks(a, times):
    """So often the list is read anew."""
    for _ in range(times):
        a.state("unfinished", after=len(a.states()), seconds=20)


def focused(a, button):
    return has(a.get("push button", button), S.FOCUSED)


def scene():
    make()
    with open(OWN + "/cases/00/lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        a = app()
        a.state("unfinished")
        a.see("Something works on it at this moment")
        is_(listed(a), ["%02d" % i for i in range(1, SHOWN)], "cases with a button to go on")
        a.see("Further cases are not shown here")
        sound(a, "home with a long list")
        # a row that is looked at: the same widget, with the focus, however often the list is read
        a.tab_to("push button", "Log: CASE-02")
        row = a.get("push button", "Log: CASE-02")
        looks(a, 2)
        is_((has(row, S.FOCUSED), name(row)), (True, "Log: CASE-02"), "the button with the focus after the list was read")
        shot(SHOTS + "/unfinished-many.png")
        keys("space")
        a.state("record-shown")
        named(a, "record")
        looks(a, 1)
        keys("Escape")
        wait_for("the record to close", lambda: len(list(a.all("frame")) + list(a.all("dialog"))) == 1)
        is_(focused(a, "Log: CASE-02"), True, "the focus after the record")
        # others finish some: they go, what was cut comes in, and the focus stays
        for i in (1, 5, 7):
            shutil.rmtree("%s/cases/%02d" % (OWN, i))
        wait_for("the list to follow", lambda: "50" in listed(a))
        is_(listed(a), ["%02d" % i for i in range(2, 53) if i not in (5, 7)], "cases that are left")
        wait_for("the focus after the list was made anew", lambda: focused(a, "Log: CASE-02"))
        # and it goes on from where it was
        a.tab_to("push button", "Go on: CASE-03", 3)
        for i in range(40, MANY):
            shutil.rmtree("%s/cases/%02d" % (OWN, i))
        wait_for("a list that is whole", lambda: not any("Further cases" in t for t in a.texts()))
        wait_for("the focus in the shorter list", lambda: focused(a, "Go on: CASE-03"))
    # let go: what worked on it has ended, and it can be gone on with
    wait_for("the first one", lambda: "00" in listed(a))
    keys("space")
    a.state("mandate-ok")
    a.see(json.loads(read(DESK + "/one.json"))["mandate_id"])
    a.end()
    is_(sorted(os.listdir(OWN + "/cases")), ["%02d" % i for i in range(40) if i not in (1, 5, 7)], "cases on the disk")


run(scene)

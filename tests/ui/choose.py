# SPDX-License-Identifier: EUPL-1.2
# What a reviewer at a kiosk may choose: the newest first, never silently a part of them, names in any bytes; copies
# go to the station's own folders, and no link beside a package leads out of them.
import shutil

from atspi import S, has, keys, name
from scene import *


def bring_package(inbox):
    path = made()
    os.symlink(path, inbox + "/" + os.path.basename(path).replace(".asice", "-link.asice"))
    return shutil.copy(path, inbox)


def first_row(a):
    wait_for("the first row to have the focus",
             lambda: next((has(n, S.FOCUSED) for n in a.all("list item")), False))


def scene():
    inbox = OWN + "/inbox"
    os.makedirs(inbox)
    path = bring_package(inbox)
    for i in range(205):
        f = os.fsencode("%s/%03d.asice" % (inbox, i)) if i < 204 else os.fsencode(inbox) + b"/\xff\xc3.asice"
        with open(f, "wb"):
            pass
        os.utime(f, (1700000000 + i, 1700000000 + i))
    a = app(settings(kiosk__enabled="true", kiosk__folders=inbox))
    a.click("Review")
    a.click("Choose: Package file")
    wait_for("the list", lambda: len(list(a.all("list item"))) > 200)
    found = [name(n) for n in a.all("list item")]
    is_(len(found), 201, "rows")
    for i, want in enumerate((os.path.basename(path), "\ufffd\ufffd.asice", "203.asice", "202.asice")):
        is_(found[i].strip("\u2068\u2069"), want, "row %d" % i)
    a.see("There are more than these, the newest.")
    shot(SHOTS + "/choose-list.png")
    first_row(a)
    keys("Down", "space")
    a.state("no-name")
    a.see("The name of this file can't be written here.")
    a.click("Choose: Package file")
    first_row(a)
    keys("space")
    wait_for("the package to be chosen", lambda: a.sensitive("push button", "Open"))
    a.click("Open")
    a.state("report-shown")
    a.state("about-shown")
    a.click("Export")
    a.state("tab-export")
    is_(typed(a, "Folder"), OWN + "/out", "where copies go")
    os.makedirs(OWN + "/out")
    n = len(a.states())
    a.click("Save the table")
    a.state("exported", after=n)
    is_(os.listdir(OWN + "/out"), ["observations.csv"], "copies")
    a.click("Verification")
    n = len(a.states())
    a.click("Open \u2068" + os.path.basename(path).replace(".asice", "-link.asice") + "\u2069")
    a.state("not-judged", after=n)
    a.see("There is no such file here.")
    a.end()


run(scene)

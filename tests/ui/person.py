# SPDX-License-Identifier: EUPL-1.2
# The next person: what the one before stated does not go along to their mandate, and nobody can say what they think of
# a sheet that is not there yet.
import shutil

from scene import *

STATEMENT = "Statement (a file, if there is one)"
CONSENT, ORDER = "This reading rests on your consent.", "This reading was ordered."
ANSWERS = ("They agree", "They object", "They were not asked")


def held_window():
    """The window with a keten that gives no sheet while OWN/held is there."""
    os.makedirs(OWN + "/bin")
    shutil.copy(BUILD + "/keten-desktop", OWN + "/bin")
    with open(OWN + "/bin/keten", "w", encoding="utf-8") as f:
        f.write('#!/bin/sh\n[ "$1 $2" != "information --mandate" ] || while [ -e %s/held ]; do sleep 0.1; done\n' % OWN)
        f.write('exec %s/keten "$@"\n' % BUILD)
    os.chmod(OWN + "/bin/keten", 0o755)
    return App(OWN + "/bin/keten-desktop", settings(), OWN + "/states")


def usable(a):
    return [b for b in (*ANSWERS, "Continue") if a.sensitive("push button", b)]


def stands(a, text):
    return any(text in t for t in a.texts())


def of_the_one_before(a):
    """Their mandate rests on consent, and they brought a statement."""
    a.click("Intake")
    a.type_into("Mandate file", DESK + "/one.json")
    a.state("mandate-ok")
    a.click("Continue")
    a.state("sheet-en")
    a.see(CONSENT)
    a.press("They agree")
    a.click("Continue")
    a.state("station-checked")
    n = len(a.states())
    a.type_into(STATEMENT, os.path.abspath("tests/demo/statement.json"))
    a.state("station-checked", after=n)
    for page in ("person", "mandate"):
        n = len(a.states())
        a.click("Back")
        a.state(page, after=n)


def scene():
    a = held_window()
    of_the_one_before(a)
    n = len(a.states())
    a.type_into("Mandate file", DESK + "/order.json")
    a.state("mandate-ok", after=n)
    open(OWN + "/held", "w", encoding="ascii").close()
    a.click("Continue")
    a.state("person", after=n)
    wait_for("the sheet of the one before to go", lambda: not stands(a, CONSENT))
    is_(usable(a), [], "what can be used before the sheet is there")
    is_([stands(a, t) for t in (CONSENT, ORDER)], [False, False], "sheets before the sheet is there")
    shot(SHOTS + "/person-no-sheet.png")
    os.unlink(OWN + "/held")
    a.state("sheet-en", after=n)
    a.see(ORDER)
    is_((usable(a), stands(a, CONSENT)), (list(ANSWERS), False), "what can be used with the sheet, and the one before")
    a.press("They agree")
    a.click("Continue")
    a.state("station-checked", after=n)
    is_(typed(a, STATEMENT), "", "the statement of the one before")
    a.end()


run(scene)

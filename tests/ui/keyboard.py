# SPDX-License-Identifier: EUPL-1.2
# The whole intake without a mouse: mnemonics, Tab and Enter alone; and without the clock that was asked for.
from atspi import Atspi, keys, type_text
from scene import *


def scene():
    # an authority that nobody can reach: port 1 is nobody's; and no logind that could hold off sleep
    a = app(settings(tsa="http://127.0.0.1:1/"), DBUS_SYSTEM_BUS_ADDRESS="unix:path=/nonexistent")
    keys("alt+i")
    a.state("mandate")
    field = a.get("text", "Mandate file")
    # the page gives the field the focus once it stands; a letter tells when
    wait_for("the field to take letters",
             lambda: keys("x") or Atspi.Text.get_character_count(field) > 0)
    keys("ctrl+a")
    type_text(DESK + "/one.json")
    a.state("mandate-ok")
    keys("alt+c")
    a.state("person")
    a.get("push button", "They agree")
    a.tab_to("push button", "They agree")
    keys("space")
    a.state("position-agrees")
    wait_for("Continue", lambda: a.sensitive("push button", "Continue"))
    keys("alt+c")
    a.state("station-checked")
    wait_for("Continue", lambda: a.sensitive("push button", "Continue"))
    keys("alt+c")
    a.state("phone-not-authorised-yet")
    wait_for("Start", lambda: a.sensitive("push button", "Start reading"))
    keys("alt+s")
    a.state("done-complete")
    a.see("No outside clock: it was asked, and gave no time.")
    shot(SHOTS + "/keyboard-no-clock.png")
    # and the package holds all the same; it and the log say what is missing
    verdict = json.loads(keten("verify", package(), "--trust", DESK + "/trust", "--json").stdout)
    is_((verdict["result"], verdict["levels"]["time"]), ("valid", "unanchored"), "the verdict")
    is_('"event":"time.unanchored"' in read(case_dir() + "/custody.jsonl").decode(), True, "told in the log")
    wait_for("Finish", lambda: a.sensitive("push button", "Finish"))
    keys("alt+f")
    a.state("home", after=2)
    keys("F1")
    a.state("help")
    a.end()


run(scene)

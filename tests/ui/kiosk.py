# SPDX-License-Identifier: EUPL-1.2
# Kiosk mode: files from the allowed folders alone, no way out but by the exit word; roles and settings
# that can't be read close what they may forbid.
import hashlib

from atspi import keys, type_text
from scene import *


def scene():
    word = hashlib.sha256(b"uitgang").hexdigest()
    a = app(settings(kiosk__enabled="true", kiosk__folders=DESK, kiosk__exit_word_sha256=word))
    a.click("Intake")
    a.type_into("Mandate file", WORK + "/phone/Download/Timeline.json")
    a.see("This station takes files from its own folders alone.")
    a.click("Choose: Mandate file")
    a.get("list", "Mandate file")
    keys("Tab")
    keys("space")
    keys("Return")
    a.type_into("Mandate file", DESK + "/one.json")
    a.state("mandate-ok")
    keys("ctrl+q")
    a.get("password text", "Exit word")
    type_text("wrong")
    keys("alt+l")
    a.state("exit-word-wrong")
    keys("ctrl+q")
    a.get("password text", "Exit word")
    type_text("uitgang")
    keys("alt+l")
    wait_for("the end", lambda: a.proc.poll() is not None)
    is_(a.proc.returncode, 0, "exit status")
    # a role for nobody, and settings that are no settings
    a = app(settings("roles.conf", roles__intake="no-such-group-here"))
    is_(a.find("push button", "Intake"), None, "intake without its role")
    a.get("push button", "Review")
    a.end()
    with open(OWN + "/broken.conf", "w", encoding="utf-8") as f:
        f.write("this is no settings file\n")
    a = app(OWN + "/broken.conf")
    a.see("nothing is offered")
    is_([a.find("push button", n) for n in ("Intake", "Review")], [None, None], "offered with broken settings")
    a.end()


run(scene)

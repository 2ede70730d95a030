# SPDX-License-Identifier: EUPL-1.2
# The whole intake of the iPhone: trust, code, and the password of its encrypted backup.
from pages import named, sound
from scene import *


def scene():
    a = app()
    to_phone(a, DESK + "/ios.json")
    a.state("phone-not-authorised-yet")
    a.click("Start reading")
    a.state("run-waiting-for-trust")
    a.see("Trust This Computer?")
    sound(a, "run")
    shot(SHOTS + "/iphone-trust.png")
    a.state("ask-password")
    named(a, "password", 4)
    a.type_into("Backup password", "wrong")
    a.click("Use it")
    a.state("ask-password", after=a.states().index("ask-password") + 1)
    a.see("That is not the password of this backup.")
    shot(SHOTS + "/iphone-password.png")
    a.type_into("Backup password", "geheim woord")
    a.click("Use it")
    a.state("run-waiting-for-passcode")
    shot(SHOTS + "/iphone-passcode.png")
    a.state("done-complete")
    shot(SHOTS + "/iphone-done.png")
    a.see("Trust is taken back")
    sound(a, "done")
    is_(keten("verify", package(), "--trust", DESK + "/trust").returncode, 0, "verify")
    bad = [l for l in read(OWN + "/journal").decode(errors="replace").split("\n")
           if re.match("STATE-CHANGING|UNKNOWN|PROTOCOL", l)]
    is_(bad, [], "the phone's journal")
    a.end()


run(scene)

# SPDX-License-Identifier: EUPL-1.2
# The page of the phone advances by itself: nothing is there, then the wrong phone, then the right one.
from scene import *


def scene():
    a = app()
    to_phone(a, DESK + "/other.json")
    is_(a.sensitive("push button", "Start reading"), False, "Start without a phone")
    shot(SHOTS + "/no-phone.png")
    a.state("phone-wrong-device", after=a.state("phone-no-device"))
    a.see("This is another phone")
    is_(a.sensitive("push button", "Start reading"), False, "Start with the wrong phone")
    shot(SHOTS + "/wrong-phone.png")
    for page in ("station", "person", "mandate"):
        n = len(a.states())
        a.click("Back")
        a.state(page, after=n)
    n = len(a.states())
    a.type_into("Mandate file", DESK + "/any.json")
    a.state("mandate-ok", after=n)
    a.click("Continue")
    a.press("They agree")
    a.click("Continue")
    a.state("station-checked", after=n)
    a.click("Continue")
    a.state("phone-not-authorised-yet", after=n)
    a.end()


run(scene)

# SPDX-License-Identifier: EUPL-1.2
# Nothing dead-ends: a mandate that does not hold, a holder who says no, a phone that says no.
from scene import *


def scene():
    a = app()
    a.click("Intake")
    a.type_into("Mandate file", OWN + "/none.json")
    a.see("There is no such file.")
    bad = OWN + "/bad.json"
    with open(bad, "wb") as f:
        f.write(read(DESK + "/one.json").replace(b"Demo Intake", b"Some Intake", 1))
    with open(bad + ".p7s", "wb") as f:
        f.write(read(DESK + "/one.json.p7s"))
    a.type_into("Mandate file", bad)
    a.state("mandate-refused")
    a.see("This mandate can't be used.")
    shot(SHOTS + "/mandate-refused.png")
    is_(a.sensitive("push button", "Continue"), False, "Continue with a bad mandate")
    # the holder objects, and the mandate rests on consent: no phone is touched
    a.type_into("Mandate file", DESK + "/one.json")
    a.state("mandate-ok")
    a.click("Continue")
    a.state("person")
    is_(a.sensitive("push button", "They were not asked"), False, "not asked, under consent")
    a.press("They object")
    a.state("position-objects")
    shot(SHOTS + "/objects.png")
    a.click("Continue")
    a.state("station-checked")
    a.click("Continue")
    a.state("done-objected")
    a.see("The holder said no")
    a.see("KETEN-")
    is_(keten("verify", package(), "--trust", DESK + "/trust").returncode, 0, "the refusal as a package")
    is_(os.path.exists(OWN + "/cases") and os.listdir(OWN + "/cases"), [], "cases")
    a.click("Finish")
    # the phone's holder taps no
    n = len(a.states())
    a.click("Intake")
    a.type_into("Mandate file", DESK + "/order.json")
    a.state("mandate-ok", after=n)
    a.click("Continue")
    a.press("They object")
    a.click("Continue")
    a.state("station-checked", after=n)
    a.click("Continue")
    a.state("phone-not-authorised-yet", after=n)
    a.click("Start reading")
    a.state("run-waiting-for-tap")
    a.click("Stop…")
    a.click("The holder withdraws")
    a.state("done-withdrawn")
    a.see("The holder withdrew")
    a.see("What was taken is destroyed")
    shot(SHOTS + "/withdrawn.png")
    a.end()


run(scene)

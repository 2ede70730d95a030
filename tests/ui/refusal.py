# SPDX-License-Identifier: EUPL-1.2
# Nothing dead-ends: a mandate that does not hold, a holder who says no, a phone that says no.
import hashlib
import shutil

from scene import *


def sheet_is_the_text(a):
    """Headings, paragraphs and lists hold the words of the text that the log names, all of them, in order."""
    text = keten("information", "--mandate", DESK + "/one.json", "--trust", DESK + "/trust", "--lang", "en").stdout.decode()
    want = re.sub(r"(?m)^=+$|^\*\* |^ *- ", " ", text).split()
    if len(want) < 100:
        raise Failed("a poor sheet: " + text)
    a.state("sheet-en")
    wait_for("the whole sheet", lambda: " ".join(want) in " ".join(" ".join(t for t in a.texts() if t != "•").split()))
    a.see("English")


KEY = OWN + "/operator.pem"


def without_key(a, title, n):
    """What is to be signed is not, as the key is not there: that is said, and with the key it is tried again."""
    a.state("done-unrecorded", after=n)
    a.see(title)
    a.see("Mend what Keten names above, then try again on this page.")
    is_([t for t in a.texts() if t in ("The holder said no", "The holder withdrew", "Receipt")], [], "said without a record")
    shot("%s/%s.png" % (SHOTS, title.replace(" ", "-").lower()))
    n = len(a.states())
    a.click("Finish")  # what they said would be lost
    a.state("ask-leave", after=n)
    a.see("Leave it unrecorded?")
    a.click("Stay")
    wait_for("the question to close", lambda: a.find("push button", "Stay") is None)
    a.see(title)
    is_(a.states()[n:], ["ask-leave"], "what came of Finish and Stay")
    os.rename(KEY + ".away", KEY)
    a.click("Try again")


def asked(a, mandate):
    """From the mandate's page to an objection."""
    n = len(a.states())
    a.type_into("Mandate file", mandate)
    a.state("mandate-ok", after=n)
    a.click("Continue")
    a.press("They object")


def order_that_stops(a):
    """What an objection leads to is the mandate's to say, also where it is an order."""
    n = len(a.states())
    a.click("Intake")
    asked(a, DESK + "/second.json")
    a.see("Nothing is read unless a second authoriser has signed the mandate too")
    shot(SHOTS + "/objects-second.png")
    a.click("Back")
    a.state("mandate", after=n)
    asked(a, DESK + "/stop.json")
    a.see("The mandate stops at an objection: nothing will be read.")
    shot(SHOTS + "/objects-stop.png")
    before, n = os.listdir(OWN + "/out"), len(a.states())
    a.click("Continue")
    a.state("station-checked", after=n)
    a.see("Nothing is asked of the phone any more.")
    a.click("Continue")
    a.state("done-objected", after=n)
    a.state("receipt", after=n)
    a.see("You said no. Nothing was read from your phone")
    made = [f for f in os.listdir(OWN + "/out") if f not in before]
    is_([f.split("-")[-1] for f in made], ["refusal.asice"], "packages")
    is_(keten("verify", OWN + "/out/" + made[0], "--trust", DESK + "/trust").returncode, 0, "the refusal of an order")


def scene():
    os.makedirs(OWN, exist_ok=True)
    shutil.copy(DESK + "/operator.pem", KEY)
    a = app(settings(operator=KEY))
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
    a.see("with records that have no date")
    a.click("Continue")
    a.state("person")
    is_(a.sensitive("push button", "They were not asked"), False, "not asked, under consent")
    sheet_is_the_text(a)
    a.press("They object")
    a.state("position-objects")
    shot(SHOTS + "/objects.png")
    a.click("Continue")
    a.state("station-checked")
    a.see("The key signs the record of the holder's decision")
    is_(a.find("text", "Statement (a file, if there is one)"), None, "a statement where nothing is read")
    is_(any("once the phone is plugged in" in t for t in a.texts()), False, "a phone to come, where none is asked for")
    os.rename(KEY, KEY + ".away")
    n = len(a.states())
    a.click("Continue")
    a.state("run", after=n)  # a second press has nothing to press
    without_key(a, "The refusal is not recorded", n)
    a.state("done-objected")
    a.see("The holder said no")
    a.see("KETEN-")
    a.state("receipt")
    a.see("You said no. Nothing was read from your phone")
    a.see("Practice: this was done with a simulated phone.")
    digest = hashlib.sha256(read(package())).hexdigest()
    a.see(" ".join(digest[i:i + 8] for i in range(0, 32, 8)))
    shot(SHOTS + "/refused.png")
    is_(keten("verify", package(), "--trust", DESK + "/trust").returncode, 0, "the refusal as a package")
    is_(os.path.exists(OWN + "/cases") and os.listdir(OWN + "/cases"), [], "cases")
    n = len(a.states())
    a.click("Finish")
    a.state("home", after=n)
    # whoever reviews it learns what it is, and is offered no second stage of it
    refusal = package()
    open_package(a, refusal)
    a.state("no-report")
    a.state("checks-shown")
    a.see("A refusal: nothing was read")
    a.see("This package is the record of something that was done.")
    a.see("What was done stands below")
    is_(a.find("push button", "Release"), None, "a second stage of a refusal")
    if not any("CN=Demo Operator" in t for t in a.texts()):
        raise Failed("who signed the refusal is not named")
    shot(SHOTS + "/refusal-reviewed.png")
    a.click("To the first page")
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
    os.rename(KEY, KEY + ".away")
    n = len(a.states())
    a.click("Stop…")
    a.click("The holder withdraws")
    without_key(a, "The withdrawal is not complete", n)
    a.state("done-withdrawn")
    a.see("The holder withdrew")
    a.see("What was taken is destroyed")
    a.see("-withdrawal.asice")
    a.state("receipt", after=n)
    a.see("You stopped the reading.")
    a.see("Practice: this was done with a simulated phone.")
    a.see("The holder has the receipt")
    if any("destroyed " in t for t in a.texts() if "=======" not in t):  # the receipt may
        raise Failed("what the command printed is shown as it is")
    shot(SHOTS + "/withdrawn.png")
    n = len(a.states())
    a.click("Finish")
    a.state("home", after=n)
    order_that_stops(a)
    a.end()


run(scene)

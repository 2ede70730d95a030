# SPDX-License-Identifier: EUPL-1.2
# The holder agrees, reading begins and is stopped, and then they object: that is a withdrawal. What was taken is
# destroyed, and no paper says that nothing was read; whoever goes on with the case, and whoever begins it anew.
from scene import *


def begun(a, mandate):
    """Something is taken under this mandate, and the reading is stopped."""
    n = len(a.states())
    to_phone(a, mandate)
    a.state("phone-not-authorised-yet", after=n)
    a.click("Start reading")
    a.state("reading", after=n)
    wait_for("something to be taken", lambda: b'"event":"item.acquired"' in read(case_dir() + "/custody.jsonl"))
    a.click("Stop…")
    a.state("ask-stop", after=n)
    a.click("Stop for now")
    a.state("done-stopped", after=n)
    is_(len(os.listdir(case_dir() + "/objects")) > 0, True, "objects before they object")


def object_to_it(a, n):
    """From the person's page, which comes behind the first n states."""
    a.state("person", after=n)
    n = len(a.states())
    a.press("They object")
    a.see("Something was read in this case before. It will be destroyed")
    a.click("Continue")
    a.state("station-checked", after=n)
    a.see("Continue destroys what was taken so far")
    a.click("Continue")
    a.state("done-withdrawn", after=n)
    a.state("receipt", after=n)
    a.see("The holder withdrew")
    a.see("What was taken is destroyed")
    is_([t for t in a.texts() if "othing was read" in t], [], "said of a case that was begun")
    shot("%s/objects-%s.png" % (SHOTS, n))
    is_(os.path.exists(case_dir() + "/objects"), False, "objects of the case")
    out = sorted((OWN + "/out/" + f for f in os.listdir(OWN + "/out")), key=lambda f: f.split("-")[-1])
    is_([f.split("-")[-1] for f in out], ["interruption.asice", "withdrawal.asice"], "packages")
    r = keten("verify", *out, "--trust", DESK + "/trust")
    is_(r.returncode, 0, "verify, as a chain: " + r.stdout.decode()[-300:])
    receipt = keten("receipt", out[1], "--trust", DESK + "/trust").stdout.decode()
    is_((len(receipt) > 100, "othing was read" in receipt), (True, False), "the receipt: " + receipt)
    n = len(a.states())
    a.click("Finish")
    a.state("home", after=n)


def scene():
    a = app()
    begun(a, DESK + "/one.json")
    n = len(a.states())
    a.click("Go on reading")
    a.state("phone", after=n)
    a.click("Back")
    a.state("station", after=n)
    a.click("Back")
    object_to_it(a, n)
    for folder in ("cases", "out"):
        os.rename(OWN + "/" + folder, OWN + "/" + folder + "-1")
    begun(a, DESK + "/any.json")
    n = len(a.states())
    a.click("Finish")
    a.state("home", after=n)
    a.click("Intake")
    a.type_into("Mandate file", DESK + "/any.json")
    a.state("mandate-ok", after=n)
    a.click("Continue")
    object_to_it(a, n)
    a.end()


run(scene)

# SPDX-License-Identifier: EUPL-1.2
# The window is killed in the middle of reading and started again: its first page has the case, shows its record, goes on
# with it, and what comes of it is what an uninterrupted reading gives. Another one is withdrawn from there.
import signal

from scene import *


def cut_off(mandate):
    """Reading begins and the window dies; keten, which it started, stops at a safe place and signs that."""
    a = app()
    to_phone(a, mandate)
    a.state("phone-not-authorised-yet")
    a.click("Start reading")
    a.state("reading")
    wait_for("something to be taken", lambda: b'"event":"item.acquired"' in read(log()))
    a.proc.send_signal(signal.SIGKILL)
    a.proc.wait()
    wait_for("the record of that", lambda: any(f.endswith("-interruption.asice") for f in os.listdir(OWN + "/out")))


def log():
    return case_dir() + "/custody.jsonl"


def made(kind):
    found = [f for f in os.listdir(OWN + "/out") if f.endswith("-%s.asice" % kind)]
    is_(len(found), 1, kind)
    return OWN + "/out/" + found[0]


def act(kind):
    return json.loads(keten("show", made(kind), "data/act.json").stdout)


def is_done(word, n, a):
    a.state(word, after=n, seconds=60)


def go_on():
    cut_off(DESK + "/one.json")
    if b'"event":"acquisition.sealed"' in read(log()):
        raise Failed("it was not cut off in the middle")
    mandate = json.loads(read(DESK + "/one.json"))["mandate_id"]
    a = app()
    a.state("unfinished")
    a.see(mandate)
    a.see("It was stopped, or its program was ended.")
    shot(SHOTS + "/unfinished.png")
    a.click("Log: " + mandate)
    a.state("record-shown")
    shot(SHOTS + "/unfinished-record.png")
    from atspi import keys
    keys("alt+F4")
    n = len(a.states())
    a.click("Go on: " + mandate)
    a.state("mandate-ok", after=n)
    a.click("Continue")
    a.state("person", after=n)
    a.press("They agree")
    a.click("Continue")
    a.state("station-checked", after=n)
    a.click("Continue")
    a.state("phone-not-authorised-yet", after=n)
    a.click("Start reading")
    is_done("done-complete", n, a)
    text = read(log()).decode()
    is_(text.count('"event":"session.open"'), 1, "sessions")
    is_(text.count('"event":"session.resume"'), 1, "resumed")
    r = keten("verify", package(), interruption(), "--trust", DESK + "/trust")
    is_(r.returncode, 0, "verify, as a chain: " + r.stdout.decode()[-300:])
    n = len(a.states())
    a.click("Finish")
    a.state("home", after=n)
    a.end()
    r = keten("run", "--mandate", DESK + "/one.json", "--trust", DESK + "/trust", "--operator", DESK + "/operator.pem",
              "--device", "SIM0001", "--case", OWN + "/whole", "--out", OWN + "/out-whole", "--simulated", "--subject",
              "agrees", "--lang", "en")
    is_(r.returncode, 0, "keten run: " + r.stderr.decode()[-300:])
    for f in sorted(os.listdir(OWN + "/whole/index")):
        is_(read(case_dir() + "/index/" + f), read(OWN + "/whole/index/" + f), "index " + f)


def withdrawn():
    os.rename(OWN + "/cases", OWN + "/cases-1")
    os.rename(OWN + "/out", OWN + "/out-1")
    cut_off(DESK + "/order.json")
    mandate = json.loads(read(DESK + "/order.json"))["mandate_id"]
    a = app()
    # another holder before, with an interpreter
    a.click("Intake")
    a.type_into("Mandate file", DESK + "/one.json")
    a.state("mandate-ok")
    a.click("Continue")
    a.state("person")
    a.press("They object")
    a.type_into("Interpreter (name or number, if there is one)", "Tolk 12")
    a.click("Continue")
    a.state("station-checked")
    a.click("Continue")
    a.state("done-objected")
    is_(act("refusal")["detail"]["interpreter"], "Tolk 12", "the interpreter of the one before")
    a.click("Finish")
    n = len(a.states())
    a.click("Withdraw…: " + mandate)
    a.state("ask-withdraw")
    a.click("The holder withdraws")
    a.state("station-checked", after=n)
    a.click("Continue")
    a.state("done-withdrawn")
    is_(act("withdrawal")["detail"]["interpreter"], "", "an interpreter in the record of a holder who had none")
    a.see("What was taken is destroyed")
    shot(SHOTS + "/unfinished-withdrawn.png")
    is_(os.path.exists(case_dir() + "/objects"), False, "objects of the case")
    r = keten("verify", made("withdrawal"), interruption(), "--trust", DESK + "/trust")
    is_(r.returncode, 0, "verify, as a chain: " + r.stdout.decode()[-300:])
    n = len(a.states())
    a.click("Finish")
    a.state("home", after=n)
    a.get("push button", "Intake")
    wait_for("the list to be empty", lambda: not any(mandate in t for t in a.texts()))
    a.end()


def not_listed():
    """That the cases can't be looked at does not mean that there are none."""
    with open(OWN + "/no-folder", "w", encoding="ascii"):
        pass
    a = app(settings("nowhere.conf", cases=OWN + "/no-folder"))
    a.state("unfinished")
    a.see("The unfinished cases can't be listed")
    a.see("no-folder: Not a directory")
    shot(SHOTS + "/unfinished-failed.png")
    a.end()


def scene():
    go_on()
    withdrawn()
    not_listed()


run(scene)

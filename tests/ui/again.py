# SPDX-License-Identifier: EUPL-1.2
# A holder taps Deny: the phone tells nobody, so the page says what to do if they did. Stopped, unplugged and plugged in,
# the phone asks them again, and they allow it. What they stated is given at the intake: the report compares it, and
# the reviewer reads it beside the findings.
from pages import named, sound
from scene import *


def cable(phone, there):
    open(OWN + "/" + phone + ("-in" if there else "-out"), "w", encoding="utf-8").close()


def denied(a):
    a.state("phone-not-authorised-yet")
    a.click("Start reading")
    a.state("run-waiting-for-tap")
    a.see("If they tapped Deny, press Stop; to be asked again, they unplug it and plug it in.")
    wait_for("the phone to ask", lambda: b"AUTH pubkey" in read(OWN + "/journal"))
    sound(a, "run")
    shot(SHOTS + "/again-denied.png")
    a.click("Stop…")
    a.state("ask-stop")
    named(a, "stop")
    a.click("Stop for now")
    a.state("done-stopped")
    a.state("receipt")
    sound(a, "done, stopped")
    journal = read(OWN + "/journal").decode()
    is_([l for l in journal.split("\n") if re.match("SHELL|SYNC|RANGE|AUTH accepted", l)], [], "asked of a phone that said no")
    stop = interruption()
    is_(json.loads(keten("show", stop, "data/act.json").stdout)["detail"]["reason"], "stopped", "the record's reason")
    is_(keten("verify", stop, "--trust", DESK + "/trust").returncode, 0, "the record of the stop")


def allowed(a):
    n = len(a.states())
    a.click("Go on reading")
    a.state("phone-not-authorised-yet", after=n)
    n = len(a.states())
    cable("denied", False)
    a.state("phone-no-device", after=n)
    n = len(a.states())
    cable("again", True)
    a.state("phone-not-authorised-yet", after=n)
    a.click("Start reading")
    a.state("done-complete", after=n)
    a.state("receipt", after=n)
    sound(a, "done")
    log = read(case_dir() + "/custody.jsonl").decode()
    is_(log.count('"event":"session.open"'), 1, "sessions")
    r = keten("verify", package(), interruption(), "--trust", DESK + "/trust")
    is_(r.returncode, 0, "verify, as a chain: " + r.stdout.decode()[-300:])


def compared(a, statement):
    """The findings of the report are those that a reviewer sees, claim by claim, with the words of the statement."""
    report = json.loads(keten("show", package(), "report/report.json").stdout)
    given = json.loads(read(statement))
    is_([c["text"] for c in report["statement"]["claims"]], [c["text"] for c in given["claims"]], "claims of the report")
    is_({f for c in report["statement"]["claims"] for f in c["findings"]}, {"does-not-fit", "fits", "no-data"}, "findings")
    n = len(a.states())
    a.click("Finish")
    a.state("home", after=n)
    open_package(a, package())
    a.state("verdict-valid", after=n)
    a.state("report-shown", after=n)
    a.click("Statement")
    a.state("tab-statement", after=n)
    for c in given["claims"]:
        a.see(c["text"])
    for words in ("Fits: ", "Sources differ: ", "No data: "):
        a.see(words)
    shot(SHOTS + "/again-statement.png")


def scene():
    a = app()
    to_station(a, DESK + "/one.json")
    statement = OWN + "/statement.json"
    with open(statement, "wb") as f:
        f.write(read("tests/demo/statement.json"))
    n = len(a.states())
    a.type_into("Statement (a file, if there is one)", statement)
    a.state("station-checked", after=n)
    a.see("it can be read")
    a.click("Continue")
    denied(a)
    allowed(a)
    compared(a, statement)
    a.end()


run(scene)

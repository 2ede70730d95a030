# SPDX-License-Identifier: EUPL-1.2
# Stopped in the middle, by closing the window too; gone on with later; the case used one session.
from atspi import keys
from scene import *


def scene():
    a = app()
    to_phone(a, DESK + "/one.json")
    a.state("phone-not-authorised-yet")
    a.click("Start reading")
    a.state("reading")
    keys("ctrl+q")  # ends nothing without asking
    a.state("ask-stop")
    shot(SHOTS + "/stop.png")
    a.click("Go on reading")
    a.state("stop-on")
    a.click("Stop…")
    a.click("Stop for now")
    a.state("done-stopped")
    a.see("uses up no further session")
    a.see("-interruption.asice")
    a.state("receipt")
    a.see("not finished when it ended")
    rows = [t for t in a.texts() if "Device properties" in t and "=====" not in t]
    is_(len(rows) > 2 and len(rows) == len(set(rows)), True, "each item by a name of its own: %s" % rows)
    is_(sum("Google Maps Timeline, exported on the phone" in t for t in a.texts()) > 0, True, "what was not come to")
    receipt = keten("receipt", case_dir(), "--trust", DESK + "/trust").stdout.decode()
    if "Google Maps Timeline" not in receipt or "not yet done" not in receipt:
        raise Failed("the receipt leaves out what was not come to: " + receipt)
    shot(SHOTS + "/stopped.png")
    subprocess.run(["xdotool", "mousemove", "640", "600", "click", "--repeat", "40", "5"], check=True)
    shot(SHOTS + "/stopped-receipt.png")
    code = subprocess.run(["zbarimg", "-q", "--raw", SHOTS + "/stopped-receipt.png"], capture_output=True).stdout.decode().strip()
    if not re.fullmatch("[0-9a-f]{64}", code) or '"prev":"%s"' % code not in read(case_dir() + "/custody.jsonl").decode():
        raise Failed("the code of the receipt reads as: " + code)
    stop = interruption()
    is_(keten("verify", stop, "--trust", DESK + "/trust").returncode, 0, "the record of the stop")
    is_(json.loads(keten("show", stop, "data/act.json").stdout)["detail"]["reason"], "stopped", "its reason")
    log = read(case_dir() + "/custody.jsonl").decode()
    if '"event":"acquisition.sealed"' in log:
        raise Failed("it was not stopped in the middle")
    is_(keten("log", "--case", case_dir()).returncode, 0, "the log's chain")
    n = len(a.states())
    a.click("Go on reading")
    a.state("phone", after=n)
    a.click("Start reading")
    a.state("done-complete", after=n, seconds=60)
    log = read(case_dir() + "/custody.jsonl").decode()
    is_(log.count('"event":"session.open"'), 1, "sessions")
    is_(log.count('"event":"session.resume"'), 1, "resumed")
    r = keten("verify", package(), stop, "--trust", DESK + "/trust")
    is_(r.returncode, 0, "verify, as a chain: " + r.stdout.decode()[-300:])
    a.end()


run(scene)

# SPDX-License-Identifier: EUPL-1.2
# Stopped in the middle, by closing the window too; gone on with later; the case used one session.
import shutil
import time

from atspi import keys, tree
from scene import *


def calls(word):
    return read(OWN + "/calls").decode().split("\n").count(word)


def tapped_window():
    """The window with a keten that notes what it is called for, looks for no phones while OWN/blind is there, leaves out
    how they are while OWN/stateless is there, says something malformed, and stays at the first step of reading."""
    os.makedirs(OWN + "/bin")
    shutil.copy(BUILD + "/keten-desktop", OWN + "/bin")
    with open(OWN + "/bin/keten", "w", encoding="utf-8") as f:
        f.write('#!/bin/sh\necho "$1" >>%s/calls\n[ "$1" != devices ] || [ ! -e %s/blind ] || exit 8\n' % (OWN, OWN))
        f.write("[ $1 != devices ] || [ ! -e %s/stateless ] || { echo '%s'; exit 0; }\n" % (OWN, json.dumps(
            {"devices": [{"kind": "android", "serial": "SIM0001"}]})))
        f.write("[ $1 != run ] || { printf '%%s\\n' '%s' '%s' >&2; trap '' INT; exec sleep 300; }\n" % tuple(json.dumps(
            dict(more, schema="keten-progress-1", step="start", item="")) for more in ({"ended": {}}, {"message": "it begins"})))
        f.write('exec %s/keten "$@"\n' % BUILD)
    os.chmod(OWN + "/bin/keten", 0o755)
    return App(OWN + "/bin/keten-desktop", settings("tapped.conf", roles__review="no-such-group-here"), OWN + "/states-tapped")


def handed_over(a, path):
    """Somebody opens a file while the window is there."""
    n = len(a.states())
    subprocess.run([BUILD + "/keten-desktop", path], check=True)
    return n


def asked_in_time():
    """keten is asked once typing pauses, and for phones while their page is shown; what is not opened is told."""
    a = tapped_window()
    to_station(a, DESK + "/one.json")
    before, n = calls("station"), len(a.states())
    entry = next(t for r in a.all(named="Operator's key") for t in (c.get_editable_text_iface() for c in tree(r)) if t)
    for i in range(10):
        entry.set_text_contents("0123456789"[:i + 1])
    a.state("station-unfit", after=n)
    if calls("station") - before > 8:  # fewer than letters, also where one takes long
        raise Failed("asked %d times while ten letters were typed" % (calls("station") - before))
    n = len(a.states())
    a.type_into("Operator's key", DESK + "/operator.pem")
    a.state("station-checked", after=n)
    a.click("Continue")
    a.state("phone-not-authorised-yet")
    wait_for("Start reading", lambda: a.sensitive("push button", "Start reading"))
    for how in ("stateless", "blind"):
        n = len(a.states())
        open(OWN + "/" + how, "w", encoding="ascii").close()
        a.state("phone-no-look", after=n)
        is_(a.sensitive("push button", "Start reading"), False, "Start reading after a look that failed: " + how)
        n = len(a.states())
        os.unlink(OWN + "/" + how)
        a.state("phone-not-authorised-yet", after=n)
    a.click("Start reading")
    a.see("Leave the phone plugged in and unlocked.")
    is_(any("can be unplugged" in t for t in a.texts()), False, "before anything was read, that it can be unplugged")
    a.click("Stop…")
    a.click("Stop for now")
    a.see("Stopping at the next safe place")
    a.click("Stop…")  # it does not stop
    a.see("When it does not within minutes, end it")
    a.click("End it now")
    a.state("done-stopped")
    n = len(a.states())
    a.click("Go on reading")
    a.state("phone-not-authorised-yet", after=n)
    n = len(a.states())
    a.click("To the first page")
    a.state("home", after=n)
    before, left = calls("devices"), time.monotonic()
    # meanwhile: files that are handed over
    with open(OWN + "/some.asice", "w", encoding="ascii"):
        pass
    a.state("not-opened", after=handed_over(a, OWN + "/some.asice"))
    a.see("your account has no role for review")
    wait_for("two looks, if there were any", lambda: time.monotonic() > left + 3.5)
    if calls("devices") > before + 1:  # one can have been on its way
        raise Failed("phones are looked for after their page was left: %d times" % (calls("devices") - before))
    a.state("mandate-ok", after=handed_over(a, DESK + "/one.json"))
    a.state("ask-new", after=handed_over(a, DESK + "/order.json"))
    shot(SHOTS + "/ask-new.png")
    a.click("Go on with this one")
    wait_for("the question to close", lambda: a.find("push button", "Leave it") is None)
    a.see(json.loads(read(DESK + "/one.json"))["mandate_id"])
    n = handed_over(a, DESK + "/order.json")
    a.click("Leave it")
    a.state("mandate-ok", after=n)
    a.see(json.loads(read(DESK + "/order.json"))["mandate_id"])
    a.end()


def package_asks(a):
    """A package that is opened while an intake is under way does not end it by itself."""
    a.click("Intake")
    a.type_into("Mandate file", DESK + "/one.json")
    a.state("mandate-ok")
    a.state("ask-new", after=handed_over(a, made()))
    a.see("A file was opened while an intake is under way.")
    a.click("Go on with this one")
    wait_for("the question to close", lambda: a.find("push button", "Leave it") is None)
    a.click("Continue")
    a.state("person")
    n = handed_over(a, made())
    a.state("ask-new", after=n)
    a.click("Leave it")
    a.state("verdict-valid", after=n)
    n = len(a.states())
    a.click("To the first page")
    a.state("home", after=n)


def scene():
    asked_in_time()
    a = app()
    package_asks(a)
    to_phone(a, DESK + "/one.json")
    a.state("phone-not-authorised-yet")
    a.click("Start reading")
    a.state("reading")
    keys("ctrl+q")  # ends nothing without asking
    a.state("ask-stop")
    shot(SHOTS + "/stop.png")
    a.click("Go on reading")
    a.state("stop-on")
    a.state("not-opened", after=handed_over(a, DESK + "/order.json"))
    a.see("An intake is running: the file was not opened.")
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
    # the record of the stop says which phone it is about
    n = len(a.states())
    a.click("Finish")
    a.state("home", after=n)
    open_package(a, stop)
    a.state("about-shown", after=n)
    a.see("Android, SIM0001")
    a.see("Yes: made with a simulated phone, for practice")
    shot(SHOTS + "/stopped-reviewed.png")
    a.end()


run(scene)

# SPDX-License-Identifier: EUPL-1.2
# A newcomer's whole intake of the Android phone, by accessible names; then the same by command: the
# window adds nothing and leaves nothing out.
from scene import *


def activations_without_typing():
    a = app()
    shot(SHOTS + "/android-1-home.png")
    to_station(a, DESK + "/one.json")
    a.see("No outside clock: none is set.")
    shot(SHOTS + "/android-2-station.png")
    a.click("Continue")
    a.state("phone-not-authorised-yet")
    a.see("The phone is there")
    a.click("Start reading")
    a.state("run-waiting-for-tap")
    a.see("The phone asks its holder")
    # the fingerprint is the one that the phone shows
    fp = wait_for("fingerprint", lambda: next((t for t in a.texts() if re.fullmatch("([0-9a-fA-F]{2}:){15}..", t)), None))
    shot(SHOTS + "/android-3-tap.png")
    open(OWN + "/tap", "w", encoding="ascii").close()  # the holder has compared it too
    a.state("done-complete")
    shown = re.findall(r"AUTH pubkey (\S+)", read(OWN + "/journal").decode())
    is_([fp.replace(":", "").lower()], [f.replace(":", "").lower() for f in shown], "fingerprints that the phone showed")
    a.see("Everything that was asked for has an answer")
    a.see("No outside clock: none is set.")
    shot(SHOTS + "/android-4-done.png")
    a.state("receipt")
    a.get("push button", "Print the receipt")
    log = read(case_dir() + "/custody.jsonl").decode()
    if '"position":"agrees"' not in log or '"subject.informed"' not in log:
        raise Failed("what was said and shown is not in the log")
    a.activations += 1  # the receipt
    a.click("Finish")
    a.state("home", after=2)
    print("activations:", a.activations)
    if a.activations >= 10:
        raise Failed("%d activations" % a.activations)
    a.end()


def normal(report):
    """What two sessions can't have in common: their ids, times and heads, and what the clocks showed."""
    r = json.loads(report)
    for k in ("case_id", "session", "clock"):
        r.pop(k)
    return r


def parity():
    case = case_dir()
    bad = [l for l in read(OWN + "/journal").decode(errors="replace").split("\n")
           if re.match("STATE-CHANGING|UNKNOWN|PROTOCOL", l)]
    is_(bad, [], "the phone's journal")
    is_(keten("verify", package(), "--trust", DESK + "/trust").returncode, 0, "verify")
    report = read(case + "/report/report.json")
    is_(keten("parse", "--case", case, "--trust", DESK + "/trust").returncode, 0, "parse")
    is_(keten("report", "--case", case, "--trust", DESK + "/trust").returncode, 0, "report")
    is_(read(case + "/report/report.json"), report, "report.json made again by command")
    r = keten("run", "--mandate", DESK + "/one.json", "--trust", DESK + "/trust", "--operator",
              DESK + "/operator.pem", "--device", "SIM0001", "--case", OWN + "/by-command", "--out",
              OWN + "/out-command", "--simulated", "--subject", "agrees", "--lang", "en")
    is_(r.returncode, 0, "keten run: " + r.stderr.decode()[-300:])
    for f in sorted(os.listdir(case + "/index")):
        is_(read(case + "/index/" + f), read(OWN + "/by-command/index/" + f), "index " + f)
    ours, theirs = normal(report), normal(read(OWN + "/by-command/report/report.json"))
    is_([k for k in ours if ours[k] != theirs.get(k)], [], "members of the report that differ by command")
    is_(list(theirs), list(ours), "members of the report")


def scene():
    activations_without_typing()
    parity()


run(scene)

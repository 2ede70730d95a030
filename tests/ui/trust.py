# SPDX-License-Identifier: EUPL-1.2
# States of an iPhone: locked, another one, and a holder who does not trust this computer; that is their decision, told
# as such, and recorded, and asked again they may change it. And a second one that comes while the first is shown.
from pages import sound
from scene import *

FIRST, SECOND = "00008110-00AB12CD34EF5678", "00008110-00CC22DD33EE44FF"


class Phone:
    def __init__(self, *options, socket="/usbmuxd"):
        self.proc = spawn(BUILD + "/sim-iphone", "--socket", OWN + socket, "--backup", WORK + "/iphone", *options,
                          stdout=subprocess.DEVNULL)

    def unplug(self):
        over(self.proc)


def shown(a, state, title, after, start=False):
    a.state("phone-" + state, after=after)
    a.see(title)
    wait_for("Start reading: %s" % start, lambda: a.sensitive("push button", "Start reading") == start)
    shot("%s/state-iphone-%s.png" % (SHOTS, state))


def trusted_after_all(a, n):
    """Plugged in again, it asks again: what comes of it is one case, with both answers in its log."""
    a.click("Go on reading")
    a.state("phone-no-device", after=n)
    n = len(a.states())
    phone = Phone()
    shown(a, "not-authorised-yet", "The phone is there", n, True)
    a.click("Start reading")
    a.state("done-complete", after=n)
    a.state("receipt", after=n)
    sound(a, "done")
    log = read(case_dir() + "/custody.jsonl").decode()
    is_((log.count('"event":"session.open"'), "trust-denied" in log), (1, True), "one session, and the refusal in its log")
    is_(keten("verify", package(), "--trust", DESK + "/trust").returncode, 0, "verify")
    phone.unplug()
    a.click("Finish")
    a.state("home", after=n)


def second(a):
    """A mandate for any iPhone, and one that is there: when another one comes, that is no choice any more."""
    n = len(a.states())
    first = Phone()
    to_phone(a, DESK + "/any-ios.json")
    shown(a, "not-authorised-yet", "The phone is there", n, True)
    n = len(a.states())
    Phone("--fault", "two-phones=" + SECOND, socket="/both")
    wait_for("both phones", lambda: os.path.exists(OWN + "/both"))
    os.rename(OWN + "/both", OWN + "/usbmuxd")  # as the one usbmuxd that sees both from now on
    shown(a, "several", "More than one phone is plugged in", n)
    sound(a, "phone, two iPhones")
    for udid in (FIRST, SECOND):
        a.see(udid)
    n = len(a.states())
    a.press("Choose " + SECOND)
    shown(a, "not-authorised-yet", "The phone is there", n, True)
    a.click("To the first page")
    a.state("home", after=n)
    first.unplug()


def scene():
    a = app(None, USBMUXD_SOCKET_ADDRESS="UNIX:" + OWN + "/usbmuxd")
    to_phone(a, DESK + "/ios.json")
    shown(a, "no-device", "No phone is seen", 0)
    n = len(a.states())
    phone = Phone("--set", "udid=00008110-00FFFFFFFFFFFFFF")
    shown(a, "wrong-device", "This is another phone", n)
    phone.unplug()
    n = len(a.states())
    phone = Phone("--fault", "locked")
    # whether it is locked is only asked once there is a mandate to ask under
    shown(a, "not-authorised-yet", "The phone is there", n, True)
    a.click("Start reading")
    a.state("run-locked", after=n)
    a.see("The phone is locked")
    shot(SHOTS + "/state-iphone-locked.png")
    a.click("Stop…")
    a.click("Stop for now")
    a.state("done-stopped", after=n)
    phone.unplug()
    n = len(a.states())
    a.click("Go on reading")
    a.state("phone-no-device", after=n)
    n = len(a.states())
    phone = Phone("--fault", "deny-trust")
    shown(a, "not-authorised-yet", "The phone is there", n, True)
    a.click("Start reading")
    a.state("run-trust-refused", after=n)
    a.state("done-device", after=n)
    a.see("The holder tapped Don't Trust")
    a.see("the holder chose not to trust this station")
    a.see("That is their decision; nothing is read without it.")
    is_([t for t in a.texts() if "Trust is taken back" in t], [], "trust that was never given, taken back")
    a.state("receipt", after=n)
    shot(SHOTS + "/state-iphone-trust-refused.png")
    if "trust-denied" not in (log := read(case_dir() + "/custody.jsonl").decode()):
        raise Failed("the log does not say that trust was refused: " + log)
    phone.unplug()
    trusted_after_all(a, len(a.states()))
    second(a)
    a.end()


run(scene)

# SPDX-License-Identifier: EUPL-1.2
# States of an iPhone: locked, two of them, another one, and a holder who does not trust this computer; that is
# their decision, told as such, and recorded.
from scene import *


class Phone:
    def __init__(self, *options):
        self.proc = subprocess.Popen([BUILD + "/sim-iphone", "--socket", OWN + "/usbmuxd", "--backup", WORK + "/iphone",
                                      *options], stdout=subprocess.DEVNULL)

    def unplug(self):
        self.proc.terminate()
        self.proc.wait()


def shown(a, state, title, after, start=False):
    a.state("phone-" + state, after=after)
    a.see(title)
    wait_for("Start reading: %s" % start, lambda: a.sensitive("push button", "Start reading") == start)
    shot("%s/state-iphone-%s.png" % (SHOTS, state))


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
    a.see("the holder chose not to trust this station")
    a.state("receipt", after=n)
    shot(SHOTS + "/state-iphone-trust-refused.png")
    if "trust-denied" not in (log := read(case_dir() + "/custody.jsonl").decode()):
        raise Failed("the log does not say that trust was refused: " + log)
    phone.unplug()
    a.end()


run(scene)

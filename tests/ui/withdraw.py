# SPDX-License-Identifier: EUPL-1.2
# What the holder says counts to the end: while the package is sealed, while it stops for another reason, and when the
# package was complete before they could say it. An authority of time that keeps keten waiting holds each moment open.
import threading

from atspi import keys
from scene import *
from scene import socket


class Clock:
    """Whoever asks it for the time waits until it hangs up."""
    def __init__(self):
        loopback()
        self.server = socket.create_server(("127.0.0.1", 0))
        self.url = "http://127.0.0.1:%d/" % self.server.getsockname()[1]
        self.waiting, self.hold = [], True
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while True:
            caller = self.server.accept()[0]
            if self.hold:
                self.waiting.append(caller)
            else:
                caller.close()

    def asked(self, what):
        wait_for("the time to be asked for: " + what, lambda: self.waiting)

    def hang_up(self, hold=False):
        self.hold = hold
        self.waiting.pop(0).close()


def begin(a, clock, mandate):
    """An intake up to the moment at which its package is sealed."""
    clock.hold = True
    to_phone(a, mandate)
    a.see("The phone is there")
    n = len(a.states())
    a.click("Start reading")
    clock.asked("when it opens")
    clock.hang_up(hold=True)
    a.state("reading", after=n)
    clock.asked("over the reports")
    while b'"event":"package.sealing"' not in read(case_dir() + "/custody.jsonl"):
        clock.hang_up(hold=True)
        clock.asked("when it is sealed")
    a.see("It can be unplugged.")
    return n


def out():
    return sorted(os.listdir(OWN + "/out"))


def while_it_seals(a, clock):
    n = begin(a, clock, DESK + "/one.json")
    a.click("Stop…")
    a.click("Stop for now")
    a.state("stop-stop", after=n)
    a.see("Stopping at the next safe place")
    keys("ctrl+q")  # it stops, and the holder says more
    a.see("It is being stopped")
    shot(SHOTS + "/withdraw-stopping.png")
    a.click("The holder withdraws")
    a.state("stop-withdraw", after=n)
    keys("ctrl+q")  # and nothing takes that back
    a.get("push button", "End it now")
    is_(a.find("push button", "The holder withdraws"), None, "a withdrawal that was said, offered again")
    a.click("Wait")
    a.state("stop-on", after=n)
    clock.hang_up()
    a.state("done-withdrawn", after=n)
    a.see("What was taken is destroyed; that it was begun")
    shot(SHOTS + "/withdraw-sealing.png")
    case = case_dir()
    is_(sorted(os.listdir(case)), ["case.json", "custody.jsonl", "lock", "mandate.json", "mandate.json.p7s", "subject"],
        "what is left of the case")
    is_([f.split("-")[-1] for f in out()], ["withdrawal.asice"], "packages")
    log = read(case + "/custody.jsonl").decode()
    is_([log.count('"event":"%s"' % e) for e in ("package.sealing", "package.dropped", "data.destroyed")], [1, 1, 1], "log")
    is_(keten("verify", OWN + "/out/" + out()[0], "--trust", DESK + "/trust").returncode, 0, "the record")
    a.state("receipt", after=n)
    a.end()


def too_late(a, clock, mandate, stays, kind):
    """They say so when the package is made: does it stay, and of which kind is the record, whose name is given back?"""
    before = out()
    n = begin(a, clock, mandate)
    a.click("Stop…")
    a.state("ask-stop", after=n)
    clock.hang_up()
    a.state("done-complete", after=n)
    made = [f for f in out() if f not in before]
    is_(len(made), 1, "packages")
    a.click("The holder withdraws")
    n = a.state("done-withdrawn-late", after=n)
    a.state("receipt", after=n)
    is_(made[0] in out(), stays, "the package is there")
    record = [f for f in out() if f not in before + made]
    is_([f.split("-")[-1] for f in record], [kind + ".asice"], "the record of that")
    a.see(OWN + "/out/" + record[0])
    a.see("The holder has the receipt")
    return record[0]


def when_it_is_there(a, clock):
    record = too_late(a, clock, DESK + "/order.json", False, "deletion")
    a.see("The package was complete before they said so. It is destroyed all the same")
    a.see("You withdrew after the reading was complete.")
    a.see("is destroyed too.")
    a.see(record + ". You may have a copy of it.")
    shot(SHOTS + "/withdraw-late.png")
    a.end()


def when_it_has_to_stay(a, clock):
    too_late(a, clock, DESK + "/keep.json", True, "comment")
    a.see("it is NOT destroyed: its mandate does not have packages erased. That they withdrew is recorded.")
    a.see("This paper says what was read from your phone")
    shot(SHOTS + "/withdraw-kept.png")
    a.end()


def scene():
    clock = Clock()
    conf = settings(tsa=clock.url)
    while_it_seals(app(conf), clock)
    os.rename(OWN + "/cases", OWN + "/cases-1")
    when_it_is_there(app(conf), clock)
    os.rename(OWN + "/cases", OWN + "/cases-2")
    when_it_has_to_stay(app(conf), clock)


run(scene)

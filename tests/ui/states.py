# SPDX-License-Identifier: EUPL-1.2
# The page of the phone advances by itself, from state to state, as phones come and go: each is told by its
# title and by what to do next, and nothing can be started where nothing can be read.
from scene import *

# a phone of tests/ui/scene: the state that it brings, its title
CLOSED = [("files", "debugging-off", "USB debugging is switched off"),
          ("forbidden", "no-permission", "This account may not open the phone"),
          ("held", "busy", "Another program holds the phone"),
          ("silent", "offline", "The phone does not answer"),
          ("recovery", "wrong-mode", "The phone is in a service mode"),
          ("newer", "unsupported", "This phone can't be read")]


def cable(phone, there):
    """Plugs a phone in, or pulls it out."""
    open(OWN + "/" + phone + ("-in" if there else "-out"), "w", encoding="utf-8").close()


def shown(a, state, title, after, start=False):
    a.state("phone-" + state, after=after)
    a.see(title)
    wait_for("Start reading: %s" % start, lambda: a.sensitive("push button", "Start reading") == start)
    shot("%s/state-%s.png" % (SHOTS, state))


def scene():
    a = app()
    to_phone(a, DESK + "/other.json")
    shown(a, "no-device", "No phone is seen", 0)
    n = len(a.states())
    cable("good", True)
    shown(a, "wrong-device", "This is another phone", n)
    a.see("the right one is ")
    for page in ("station", "person", "mandate"):
        n = len(a.states())
        a.click("Back")
        a.state(page, after=n)
    n = len(a.states())
    a.type_into("Mandate file", DESK + "/any.json")
    a.state("mandate-ok", after=n)
    a.click("Continue")
    a.press("They agree")
    a.click("Continue")
    a.state("station-checked", after=n)
    a.click("Continue")
    shown(a, "not-authorised-yet", "The phone is there", n, True)
    n = len(a.states())
    cable("second", True)  # the first is not taken because it was there first
    shown(a, "several", "More than one phone is plugged in", n)
    n = len(a.states())
    a.press("Choose SIM0002")
    shown(a, "not-authorised-yet", "The phone is there", n, True)
    n = len(a.states())
    cable("second", False)  # and in its place the other one is not taken because it is there
    shown(a, "chosen-gone", "The chosen phone is gone", n)
    n = len(a.states())
    a.press("Choose SIM0001")
    shown(a, "not-authorised-yet", "The phone is there", n, True)
    n = len(a.states())
    cable("good", False)
    a.state("phone-no-device", after=n)
    for phone, state, title in CLOSED:
        n = len(a.states())
        cable(phone, True)
        shown(a, state, title, n)
        n = len(a.states())
        cable(phone, False)
        a.state("phone-no-device", after=n)
    a.end()


run(scene)

# SPDX-License-Identifier: EUPL-1.2
# The phone is unplugged in the middle of reading and plugged in again: it goes on by itself.
from scene import *


def scene():
    a = app()
    to_phone(a, DESK + "/one.json")
    a.state("phone-not-authorised-yet")
    a.click("Start reading")
    a.state("reading")
    a.state("run-no-device")
    a.see("No phone is seen")
    shot(SHOTS + "/unplug.png")
    a.state("done-complete")
    log = read(case_dir() + "/custody.jsonl").decode()
    is_(log.count('"reason":"lost"'), 1, "losses in the log")
    is_(keten("verify", package(), "--trust", DESK + "/trust").returncode, 0, "verify")
    a.end()


run(scene)

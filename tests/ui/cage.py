# SPDX-License-Identifier: EUPL-1.2
# The kiosk as it is shipped: under a compositor that shows it alone, on Wayland, as an account without rights. It
# fills the screen, an intake goes on to its third page by names alone, and the exit word ends it.
import hashlib

from atspi import extents
from scene import *


def scene():
    is_(os.getuid() != 0, True, "an ordinary account")
    word = hashlib.sha256(b"uitgang").hexdigest()
    conf = settings(kiosk__enabled="true", kiosk__folders=DESK, kiosk__exit_word_sha256=word)
    a = app(conf, DESK + "/order.json")
    a.state("mandate-ok")
    frame = wait_for("the frame", lambda: next(a.all("frame"), None))
    wait_for("the whole screen", lambda: (extents(frame).width, extents(frame).height) == (1280, 720))
    a.click("Continue")
    a.press("They agree")
    a.click("Continue")
    a.state("station-checked")
    subprocess.run(["gdbus", "call", "--session", "--dest", "eu.keten.Keten", "--object-path", "/eu/keten/Keten",
                    "--method", "org.gtk.Actions.Activate", "quit", "[]", "{}"], check=True, stdout=subprocess.DEVNULL)
    a.type_into("Exit word", "wrong")
    a.click("Leave")
    a.state("exit-word-wrong")
    is_(a.proc.poll(), None, "it runs on after a wrong word")
    subprocess.run(["gdbus", "call", "--session", "--dest", "eu.keten.Keten", "--object-path", "/eu/keten/Keten",
                    "--method", "org.gtk.Actions.Activate", "quit", "[]", "{}"], check=True, stdout=subprocess.DEVNULL)
    a.type_into("Exit word", "uitgang")
    a.click("Leave")
    wait_for("the end", lambda: a.proc.poll() is not None)
    is_(a.proc.returncode, 0, "exit status")


run(scene)

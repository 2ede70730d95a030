# SPDX-License-Identifier: EUPL-1.2
# Kiosk mode: files from the allowed folders alone, no way out but by the exit word; roles and settings
# that can't be read close what they may forbid.
import hashlib
import shutil

from atspi import Atspi, keys, laid_out, name, tree, type_text
from pages import named
from scene import *


def windows(a):
    return sorted(name(n) for n in tree(a.root) if n.get_role_name() in ("frame", "dialog", "window", "alert"))


def close(a, what, before):
    """Escape, until the window that was opened is gone: it may not have the keyboard yet."""
    wait_for(what, lambda: len(windows(a)) > len(before))
    wait_for(what + " to close", lambda: keys("Escape") or windows(a) == before)


def typed_into(a):
    """Goes through all controls and types a letter at each: the texts that changed."""
    def texts():
        return [Atspi.Text.get_text(n, 0, -1) for n in a.all("text") if laid_out(n)]
    before, n, alone = texts(), len(a.states()), windows(a)
    for _ in range(14):
        keys("Tab", "x")
    keys("F1")  # once the help stands, all letters before it have come to where they go
    a.state("help", after=n)
    close(a, "the help", alone)
    return [t for t in texts() if t not in before]


def ways_out(a):
    """Keys that open something in other programs made with GTK; here the window stays alone, or is our own."""
    before = windows(a)
    is_(typed_into(a), [], "a path can be typed")
    for k in ("ctrl+shift+d", "ctrl+shift+i", "ctrl+l", "ctrl+o", "ctrl+s", "ctrl+p", "ctrl+n", "ctrl+w", "ctrl+t", "F11"):
        keys(k)
    keys("F1")
    a.state("help")
    # a key that opened something before F1 would have done so by now
    is_([w for w in windows(a) if w not in before], ["Help"], "windows after keys that lead out elsewhere")
    is_([name(n) for n in a.all("link")], [], "links in the help")
    close(a, "the help", before)
    a.click("Menu", "toggle button") if a.find("toggle button", "Menu") else keys("F10")
    keys("Down", "Return")
    wait_for("about", lambda: len(windows(a)) > len(before))
    is_([name(n) for n in a.all() if n.get_role_name() == "link" or "http" in name(n)], [], "links in About")
    close(a, "about", before)


def paper(a):
    """Printing goes to printers: into no file, and no viewer is opened."""
    before = windows(a)
    a.click("Print the receipt")
    a.state("print")
    wait_for("the print dialog", lambda: len(windows(a)) > len(before))
    shot(SHOTS + "/kiosk-print.png")
    is_([t for t in a.texts() if "File" in t or "PDF" in t], [], "a file to print into")
    keys("Escape")
    wait_for("the print dialog to close", lambda: windows(a) == before)


def scene():
    word = hashlib.sha256(b"uitgang").hexdigest()
    inbox = OWN + "/inbox"
    os.makedirs(inbox + "/deep")
    for f in ("order.json", "order.json.p7s"):
        shutil.copy(os.path.join(DESK, f), inbox + "/deep")
    os.symlink(DESK + "/one.json", inbox + "/one.json")
    conf = settings(kiosk__enabled="true", kiosk__folders=inbox, kiosk__exit_word_sha256=word)
    a = app(conf, WORK + "/phone/Download/Timeline.json")
    a.see("This station takes files from its own folders alone.")
    a.end()
    a = app(conf, inbox + "/one.json")  # a link leads out
    a.see("This station takes files from its own folders alone.")
    a.end()
    a = app(conf)
    a.click("Intake")
    a.click("Choose: Mandate file")
    rows = wait_for("the list", lambda: [name(n) for n in a.all("list item")])
    is_(rows, ["\u2068order.json\u2069"], "what may be chosen")
    named(a, "choose a file")
    shot(SHOTS + "/kiosk-choose.png")
    keys("Escape")
    wait_for("the list to close", lambda: a.find("list", "Mandate file") is None)
    a.click("Choose: Mandate file")
    a.get("list", "Mandate file")
    keys("Tab")
    keys("space")
    keys("Return")
    a.state("mandate-ok")
    ways_out(a)
    a.click("Continue")
    a.press("They object")
    a.click("Continue")
    a.state("station-checked")
    is_(typed_into(a), [], "a folder or the key can be typed")
    a.click("Continue")
    a.state("phone-not-authorised-yet")
    a.click("Start reading")
    a.state("receipt")
    paper(a)
    a.click("Finish")
    a.get("push button", "Intake")
    keys("ctrl+q")
    a.get("password text", "Exit word")
    named(a, "exit word")
    type_text("wrong")
    keys("alt+l")
    a.state("exit-word-wrong")
    keys("ctrl+q")
    a.get("password text", "Exit word")
    type_text("uitgang")
    keys("alt+l")
    wait_for("the end", lambda: a.proc.poll() is not None)
    is_(a.proc.returncode, 0, "exit status")
    # a role for nobody, and settings that are no settings
    a = app(settings("roles.conf", roles__intake="no-such-group-here"))
    is_(a.find("push button", "Intake"), None, "intake without its role")
    a.get("push button", "Review")
    a.end()
    with open(OWN + "/broken.conf", "w", encoding="utf-8") as f:
        f.write("this is no settings file\n")
    a = app(OWN + "/broken.conf")
    a.see("nothing is offered")
    is_([a.find("push button", n) for n in ("Intake", "Review")], [None, None], "offered with broken settings")
    a.end()
    # a wrong line somewhere in them does not open what the others close
    with open(conf, "a", encoding="utf-8") as f:
        f.write("[station]\nno_such_key=1\n")
    a = app(conf)
    a.see("nothing is offered")
    before = windows(a)
    keys("ctrl+q")
    a.see("This station runs Keten alone.")
    keys("ctrl+shift+d")
    keys("F1")
    a.state("help")
    is_([w for w in windows(a) if w not in before], ["Help"], "windows of a kiosk with a wrong line")
    shot(SHOTS + "/kiosk-wrong-line.png")
    a.end()


run(scene)

# SPDX-License-Identifier: EUPL-1.2
"""What the scenes of the suite share: where things lie, settings, a whole intake by names."""
import fcntl
import hashlib
import json
import os
import re
import socket
import struct
import subprocess
import sys
import traceback

from atspi import App, Atspi, Failed, S, has, keys, laid_out, shot, tree, wait_for

BUILD = os.environ["UI_BUILD"]
WORK = os.environ["UI_WORK"]
DESK = os.path.join(WORK, "desk")
SHOTS = os.environ.get("UI_SHOTS", os.path.join(BUILD, "ui-shots"))
SCENE = os.environ["UI_SCENE"]
OWN = os.path.join(WORK, SCENE)
spawned = []


def settings(name="desktop.conf", **more):
    """Settings of a station whose folders lie in this scene's own folder."""
    keys = {"trust": DESK + "/trust", "operator": DESK + "/operator.pem", "cases": OWN + "/cases",
            "out": OWN + "/out", "simulated": "true"}
    keys.update({k: v for k, v in more.items() if "__" not in k})
    groups = {"station": {k: v for k, v in keys.items() if v is not None}}
    for k, v in more.items():
        if "__" in k:
            g, k = k.split("__")
            groups.setdefault(g, {})[k] = v
    os.makedirs(OWN, exist_ok=True)
    path = os.path.join(OWN, name)
    with open(path, "w", encoding="utf-8") as f:
        for g, pairs in groups.items():
            f.write("[%s]\n" % g + "".join("%s=%s\n" % p for p in pairs.items()))
    return path


def app(conf=None, *args, **env):
    return App(os.path.join(BUILD, "keten-desktop"), conf or settings(), os.path.join(OWN, "states"), *args,
               env=env)


def is_(got, want, what=""):
    if got != want:
        raise Failed("%s: got %r, not %r" % (what, got, want))


def keten(*args, **kw):
    return subprocess.run([os.path.join(BUILD, "keten"), *args], capture_output=True, **kw)


def to_station(a, mandate):
    """From the first page to the third, by names."""
    n = len(a.states())
    a.click("Intake")
    a.type_into("Mandate file", mandate)
    a.state("mandate-ok", after=n)
    a.click("Continue")
    a.state("person", after=n)
    a.press("They agree")
    a.click("Continue")
    a.state("station-checked", after=n)


def to_phone(a, mandate):
    n = len(a.states())
    to_station(a, mandate)
    a.click("Continue")
    a.state("phone", after=n)


# The words of the window that scenes go by, in Dutch.
DUTCH = {"Intake": "Inname", "Review": "Toetsing", "Mandate file": "Bestand van de machtiging", "Continue": "Verder",
         "They agree": "Akkoord", "Package file": "Pakketbestand", "Open": "Openen", "Findings": "Bevindingen",
         "Map": "Kaart", "Timeline": "Tijdlijn", "Not taken": "Niet genomen", "Statement": "Verklaring",
         "To the first page": "Naar de eerste pagina"}


def dutch(text):
    return DUTCH.get(text, text)


def open_package(a, path, w=str):
    """From the first page, or another package, to this one; how many states there were before."""
    n = len(a.states())
    if a.find("push button", w("Review")) is None:
        a.click(w("To the first page"))
        a.state("home", after=n)
    a.click(w("Review"))
    a.state("review", after=n)
    a.type_into(w("Package file"), path)
    a.click(w("Open"))
    return n


def typed(a, row):
    """What stands in the entry that is named by its row, or lies in it."""
    return next(Atspi.Text.get_text(c, 0, Atspi.Text.get_character_count(c)) for n in a.all(named=row) if laid_out(n)
                for c in tree(n) if c.get_role_name() in ("text", "entry"))


def save(a, what, word):
    """On the page for it, into this scene's own folder, until it says what came of it."""
    n = len(a.states())
    a.click("Export")
    a.type_into("Folder", OWN)
    a.click(what)
    a.state(word, after=n)


def mark(a, place, word="marked"):
    """Gives the record that is shown the mark at this place of the list."""
    n = len(a.states())
    box = a.get("combo box", "Your mark on this record")
    button = next(c for c in tree(box) if c.get_n_actions() > 0 and c is not box)
    button.do_action(0)
    wait_for("the list of marks", lambda: any(has(c, S.FOCUSED) for c in a.all("list item")))
    keys("Home", *["Down"] * place, "Return")
    a.state(word, after=n)
    # the mark is set before the list closes: a key that comes in between goes to the button and opens it again
    wait_for("the list of marks to close", lambda: not any(has(c, S.FOCUSED) for c in a.all("list item")))


def marks_file(path):
    """Where the marks on a package are kept."""
    sha = hashlib.sha256(read(path)).hexdigest()
    return os.path.join(os.environ["XDG_DATA_HOME"], "keten/marks", sha + ".json")


def package(folder="out"):
    found = [f for f in os.listdir(os.path.join(OWN, folder))
             if f.endswith(".asice") and not f.endswith("-interruption.asice")]
    is_(len(found), 1, "packages")
    return os.path.join(OWN, folder, found[0])


def made():
    """The package of the phone's timeline that tests/ui/run made for all: to be read, not changed."""
    found = [f for f in os.listdir(WORK + "/made") if f.endswith(".asice")]
    is_(len(found), 1, "packages made beforehand")
    return os.path.join(WORK, "made", found[0])


def interruption(folder="out"):
    found = [f for f in os.listdir(os.path.join(OWN, folder)) if f.endswith("-interruption.asice")]
    is_(len(found), 1, "records of a reading that ended early")
    return os.path.join(OWN, folder, found[0])


def case_dir():
    return os.path.join(OWN, "cases", os.listdir(os.path.join(OWN, "cases"))[0])


def read(path):
    with open(path, "rb") as f:
        return f.read()


def loopback():
    """Switches 127.0.0.1 on in the namespace of this scene, where all networks are off."""
    if os.environ["UI_NETWORK"] == "none":
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            fcntl.ioctl(s, 0x8914, struct.pack("16sH14x", b"lo", 0x1))  # SIOCSIFFLAGS, IFF_UP


def spawn(*args, **kw):
    """A program that stands beside the window; however the scene ends, it ends with it."""
    proc = subprocess.Popen(args, **kw)
    spawned.append(proc)
    return proc


def over(proc):
    """Ends it now."""
    if proc.poll() is None:
        proc.terminate()
    try:
        proc.wait(10)
    except subprocess.TimeoutExpired:
        proc.kill()
        proc.wait()


def run(scene):
    """Runs a scene; on failure a picture and the tree say what was to be seen."""
    apps = []
    real = App.__init__

    def noted(self, *a, **k):
        apps.append(self)
        real(self, *a, **k)
    App.__init__ = noted
    try:
        scene()
        for a in apps:
            w = a.warnings()
            if w:
                raise Failed("GTK warns: " + w[0])
        print("ok", SCENE)
        status = 0
    except Exception as e:  # what went wrong is told in full
        traceback.print_exc()
        shot(os.path.join(SHOTS, "failed-%s.png" % SCENE))
        for a in apps[-1:]:
            if hasattr(a, "root"):
                print(" ".join(a.states()), file=sys.stderr)
                with open(os.path.join(SHOTS, "failed-%s.txt" % SCENE), "w", encoding="utf-8") as f:
                    a.dump(f)
        status = 1
    finally:
        for a in apps:
            if hasattr(a, "proc"):
                a.end()
        for proc in spawned:
            over(proc)
    sys.exit(status)


__all__ = ["App", "BUILD", "DESK", "Failed", "OWN", "SCENE", "SHOTS", "WORK", "app", "case_dir", "dutch", "interruption", "is_",
           "json", "keten", "loopback", "made", "mark", "marks_file", "open_package", "os", "over", "package", "re", "read", "run",
           "save", "settings", "shot", "spawn", "subprocess", "sys", "to_phone", "to_station", "typed", "wait_for"]

# SPDX-License-Identifier: EUPL-1.2
"""Drives keten-desktop through its accessibility tree, by role and name, as a screen reader sees it.

GTK 4.8 never marks anything as showing, and the return value of an action proves nothing. So a widget
counts as there when nothing above it is hidden and it has a place in the window; and a test waits for the
state that an action should bring."""
import os
import signal
import struct
import subprocess
import sys
import time
import zlib

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi  # noqa: E402

S = Atspi.StateType
TIMEOUT = float(os.environ.get("UI_TIMEOUT", "45"))


class Failed(Exception):
    pass


def tree(node):
    """Everything below that is not hidden."""
    if node is None:
        return
    try:
        if not node.get_state_set().contains(S.VISIBLE) and node.get_role_name() != "application":
            return
    except Exception:
        return
    yield node
    try:
        n = node.get_child_count()
    except Exception:  # the widget went away while we looked
        return
    for i in range(n):
        try:
            child = node.get_child_at_index(i)
        except Exception:
            continue
        yield from tree(child)


def wait_for(what, test, seconds=None):
    end = time.monotonic() + (seconds or TIMEOUT)
    while True:
        try:
            hit = test()
        except gi.repository.GLib.Error:  # a widget went away while we looked
            hit = None
        if hit:
            return hit
        if time.monotonic() > end:
            raise Failed("timed out: " + what)
        time.sleep(0.05)


def name(n):
    return n.get_name() or ""


def has(n, state):
    return n.get_state_set().contains(state)


def extents(n):
    c = n.get_component_iface()
    if c is None:
        return None
    return c.get_extents(Atspi.CoordType.WINDOW)


def laid_out(n):
    e = extents(n)
    return e is not None and e.width > 0 and e.height > 0


class App:
    """One running keten-desktop."""
    running = []

    def __init__(self, program, settings, log, *args, env=None):
        open(log, "w", encoding="utf-8").close()
        self.log = log
        self.activations = 0
        self.err = open(log + ".err", "w", encoding="utf-8")
        e = dict(os.environ)
        e.update(env or {})
        self.started = time.monotonic()
        self.proc = subprocess.Popen([program, "--settings", settings, "--state-log", log, *args], env=e,
                                     stderr=self.err)
        self.root = wait_for("the application", self.find_app)
        App.running.append(self)
        self.state("home")

    def find_app(self):
        if self.proc.poll() is not None:
            raise Failed("keten-desktop ended with %d" % self.proc.returncode)
        desk = Atspi.get_desktop(0)
        for i in range(desk.get_child_count()):
            a = desk.get_child_at_index(i)
            if a is not None and a.get_process_id() == self.proc.pid:
                return a
        return None

    def answer(self):
        """Waits until it answers a question: it does not while it works or draws."""
        try:
            extents(self.root.get_child_at_index(0))
        except (AttributeError, gi.repository.GLib.Error):  # it has no window any more
            pass

    # -- what it said
    def states(self):
        with open(self.log, encoding="utf-8") as f:
            return f.read().split("\n")[:-1]

    def state(self, word, seconds=None, after=0):
        """Waits until the state log holds this word behind the first `after` words; its position."""
        def look():
            s = self.states()
            if self.proc.poll() is not None:
                raise Failed("keten-desktop ended with %d" % self.proc.returncode)
            return (s.index(word, after) + 1) if word in s[after:] else 0
        try:
            return wait_for("state " + word, look, seconds)
        except Failed as e:
            raise Failed("%s; the log says %s" % (e, " ".join(self.states()[-12:]))) from None

    # -- widgets
    def all(self, role=None, named=None):
        for n in tree(self.root):
            try:
                if role is not None and n.get_role_name() != role:
                    continue
                if named is not None and name(n) != named:
                    continue
            except gi.repository.GLib.Error:
                continue
            yield n

    def find(self, role, named):
        return next((n for n in self.all(role, named) if laid_out(n)), None)

    def get(self, role, named, seconds=None):
        return wait_for("%s \"%s\"" % (role, named), lambda: self.find(role, named), seconds)

    def texts(self):
        return [name(n) for n in self.all("label") if laid_out(n)]

    def see(self, text, seconds=None):
        return wait_for("text \"%s\"" % text,
                        lambda: any(text in name(n) and laid_out(n) for n in self.all("label")), seconds)

    def sensitive(self, role, named):
        n = self.find(role, named)
        return n is not None and has(n, S.SENSITIVE)

    def click(self, named, role="push button", seconds=None):
        n = wait_for("%s \"%s\" to be usable" % (role, named),
                     lambda: next((x for x in self.all(role, named)
                                   if laid_out(x) and has(x, S.SENSITIVE)), None), seconds)
        actions = [n.get_action_name(i) for i in range(n.get_n_actions())]
        for w in ("click", "toggle", "activate"):
            if w in actions:
                self.activations += 1
                n.do_action(actions.index(w))
                return n
        raise Failed("nothing can be done with \"%s\" (%s)" % (named, actions))

    def press(self, named):
        """A toggle button, until it is pressed."""
        n = self.click(named)
        wait_for("\"%s\" to be pressed" % named, lambda: has(n, S.PRESSED) or has(n, S.CHECKED))

    def tab_to(self, role, named, most=60):
        """Tab until that control has the focus; how many it took."""
        for i in range(most):
            n = self.find(role, named)
            if n is not None and has(n, S.FOCUSED):
                return i
            keys("Tab")
        raise Failed("Tab never comes to %s \"%s\"" % (role, named))

    def type_into(self, row, text):
        """Sets the text of an entry that is named by its row, or lies in it."""
        def look():
            for n in self.all():
                if name(n) != row:
                    continue
                for c in tree(n):
                    t = c.get_editable_text_iface()
                    if t is not None and c.get_role_name() in ("text", "entry", "password text"):
                        return t
            return None
        t = wait_for("entry \"%s\"" % row, look)
        t.set_text_contents(text)

    def end(self):
        if self in App.running:
            App.running.remove(self)
        if self.proc.poll() is None:
            self.proc.send_signal(signal.SIGTERM)
            try:
                self.proc.wait(10)
            except subprocess.TimeoutExpired:
                self.proc.kill()
                self.proc.wait()
        self.err.close()

    def warnings(self):
        with open(self.log + ".err", encoding="utf-8", errors="replace") as f:
            return [l for l in f.read().split("\n") if "WARNING" in l or "CRITICAL" in l]

    def dump(self, out=sys.stderr):
        for n in tree(self.root):
            try:
                print("  %s|%s|%s" % (n.get_role_name(), name(n), laid_out(n)), file=out)
            except Exception:
                pass


def pixels():
    """What the screen holds: width, height, and three bytes for each pixel."""
    with open(os.environ["UI_PIXELS"], "rb") as f:
        data = f.read()
    size, width, height, bits, line, colours = (struct.unpack_from(">I", data, 4 * i)[0] for i in (0, 4, 5, 11, 12, 19))
    data = data[size + 12 * colours:][:line * height]
    if bits != 32 or line != 4 * width or len(data) != line * height:
        raise Failed("a screen of %d x %d, %d bits, %d bytes a line" % (width, height, bits, line))
    rgb = bytearray(3 * width * height)
    rgb[0::3], rgb[1::3], rgb[2::3] = data[2::4], data[1::4], data[0::4]
    return width, height, bytes(rgb)


def shot(path):
    """A picture of the whole (virtual) screen, once it stands still: what was drawn last may not be there yet."""
    now = None
    for _ in range(20):  # a clock or a bar that moves never stands still
        before = now
        time.sleep(0.05)
        for a in App.running:
            a.answer()
        now = pixels()
        if now == before:
            break
    width, height, rgb = now
    rows = b"".join(b"\0" + rgb[3 * width * y:3 * width * (y + 1)] for y in range(height))

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) +
                chunk(b"IDAT", zlib.compress(rows, 1)) + chunk(b"IEND", b""))


def keys(*names):
    subprocess.run(["xdotool", "key", "--clearmodifiers", *names], check=True)


def type_text(text):
    subprocess.run(["xdotool", "type", "--delay", "4", text], check=True)

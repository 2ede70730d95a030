# SPDX-License-Identifier: EUPL-1.2
# The station does not go to sleep while a phone is read: the window holds a lock of logind from the beginning of
# reading to its end, also when that is a stop or the window's own death. That it reads without a logind too,
# the scene of the keyboard shows.
import signal

from gi.repository import Gio, GLib
from pages import named
from scene import *

INTERFACE = """<node><interface name='org.freedesktop.login1.Manager'><method name='Inhibit'>
<arg type='s' direction='in'/><arg type='s' direction='in'/><arg type='s' direction='in'/><arg type='s' direction='in'/>
<arg type='h' direction='out'/></method></interface></node>"""


class Logind:
    """A logind that knows one method, on a bus of its own."""

    def __init__(self):
        conf = OWN + "/bus.conf"
        os.makedirs(OWN, exist_ok=True)
        with open(conf, "w", encoding="utf-8") as f:
            f.write("<busconfig><type>custom</type><listen>unix:dir=%s</listen><policy context='default'><allow own='*'/>"
                    "<allow send_destination='*'/><allow receive_sender='*'/></policy></busconfig>" % OWN)
        self.daemon = spawn("dbus-daemon", "--config-file", conf, "--nofork", "--print-address=1",
                            stdout=subprocess.PIPE, text=True)
        self.address = self.daemon.stdout.readline().strip()
        flags = Gio.DBusConnectionFlags
        self.bus = Gio.DBusConnection.new_for_address_sync(
            self.address, flags.AUTHENTICATION_CLIENT | flags.MESSAGE_BUS_CONNECTION, None, None)
        self.asked, self.held = [], []
        self.bus.register_object("/org/freedesktop/login1", Gio.DBusNodeInfo.new_for_xml(INTERFACE).interfaces[0],
                                 self.on_call)
        self.bus.call_sync("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "RequestName",
                           GLib.Variant("(su)", ("org.freedesktop.login1", 0)), None, Gio.DBusCallFlags.NONE, -1, None)

    def on_call(self, bus, sender, path, interface, method, args, call):
        ours, theirs = os.pipe()
        os.set_blocking(ours, False)
        self.asked.append(args.unpack())
        self.held.append(ours)
        fds = Gio.UnixFDList.new()
        at = fds.append(theirs)
        os.close(theirs)
        call.return_value_with_unix_fd_list(GLib.Variant("(h)", (at,)), fds)

    def turn(self):
        while GLib.MainContext.default().iteration(False):
            pass

    def count(self):
        self.turn()
        return len(self.asked)

    def is_held(self):
        """Is the other end of the last lock still open?"""
        self.turn()
        try:
            return os.read(self.held[-1], 1) != b""
        except BlockingIOError:
            return True


def begin(a, n=0):
    a.state("phone-not-authorised-yet", after=n)
    a.click("Start reading")
    a.state("reading", after=n)


def scene():
    logind = Logind()
    a = app(None, DBUS_SYSTEM_BUS_ADDRESS=logind.address)
    to_phone(a, DESK + "/one.json")
    is_(logind.count(), 0, "locks before reading")
    begin(a)
    wait_for("a lock", lambda: logind.count() == 1)
    what, who, why, mode = logind.asked[0]
    is_(set(what.split(":")) >= {"sleep", "idle", "handle-lid-switch"}, True, "what is held off: " + what)
    is_((who, mode), ("Keten", "block"), "by whom, and how")
    is_(logind.is_held(), True, "held while it reads")
    a.click("Stop…")
    a.state("ask-stop")
    named(a, "stop")
    a.click("Stop for now")
    a.state("done-stopped")
    wait_for("the lock to be let go after a stop", lambda: not logind.is_held())
    n = len(a.states())
    a.click("Go on reading")
    begin(a, n)
    wait_for("a second lock", lambda: logind.count() == 2)
    is_(logind.is_held(), True, "held again")
    a.state("done-complete", after=n, seconds=60)
    wait_for("the lock to be let go at the end", lambda: not logind.is_held())
    a.end()
    # the window dies: the kernel lets go
    os.rename(OWN + "/cases", OWN + "/cases-1")
    a = app(None, DBUS_SYSTEM_BUS_ADDRESS=logind.address)
    to_phone(a, DESK + "/one.json")
    begin(a)
    wait_for("a third lock", lambda: logind.count() == 3)
    is_(logind.is_held(), True, "held before the crash")
    a.proc.send_signal(signal.SIGKILL)
    a.proc.wait()
    wait_for("the lock to be let go by a crash", lambda: not logind.is_held())


run(scene)

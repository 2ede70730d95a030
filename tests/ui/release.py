# SPDX-License-Identifier: EUPL-1.2
# The second stage: a desk seals what it takes; the window says so, refuses a key that is not a releaser's by
# name, and opens it with the releaser's: a package of its own, whose findings are shown.
import signal

from atspi import keys
from pages import sound
from scene import *


def seal():
    os.makedirs(OWN, exist_ok=True)
    r = keten("run", "--mandate", DESK + "/sealed.json", "--device", "SIM0001", "--operator", DESK + "/operator.pem",
              "--case", OWN + "/case", "--out", OWN + "/out", "--trust", DESK + "/trust", "--simulated", "--wait", "60")
    is_(r.returncode, 0, "keten run: " + r.stderr.decode()[-300:])
    return package()


def clock():
    """A time-stamp authority that the trust folder knows; its address."""
    loopback()
    port = OWN + "/tsa.port"
    spawn(sys.executable, "tests/tools/tsa", DESK, port, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return "http://127.0.0.1:%s/good" % wait_for(
        "the authority", lambda: os.path.exists(port) and read(port).decode().strip())


def releases():
    return [f for f in os.listdir(OWN + "/released") if f.endswith(".asice")]


def release_of(a):
    """The keten that this window started for it."""
    def look():
        for p in filter(str.isdigit, os.listdir("/proc")):
            try:
                if int(read("/proc/%s/stat" % p).rsplit(b")", 1)[1].split()[1]) == a.proc.pid and \
                        read("/proc/%s/cmdline" % p).split(b"\0")[1:2] == [b"release"]:
                    return int(p)
            except OSError:  # it is gone
                pass
        return 0
    return wait_for("keten release", look)


def under_way(a):
    """A release that runs is not left without a word; stopped, nothing comes of it, and it can be done again."""
    n = len(a.states())
    a.click("Release")
    a.state("releasing", after=n)
    pid = release_of(a)
    os.kill(pid, signal.SIGSTOP)  # it takes as long as this takes
    a.click("To the first page")
    a.state("ask-release", after=n)
    shot(SHOTS + "/release-ask.png")
    a.click("Stop the release")
    a.state("release-stop", after=n)
    os.kill(pid, signal.SIGCONT)
    a.state("not-released", after=n)
    a.see("It was not released.")
    is_("home" in a.states()[n:], False, "left while it ran")
    is_(releases(), [], "released though it was stopped")


def scene():
    sealed = seal()
    before = read(sealed)
    os.makedirs(OWN + "/released")
    a = app(settings(tsa=clock()))
    open_package(a, sealed)
    a.state("verdict-valid")
    a.state("no-report")
    a.see("What was taken is sealed.")
    a.see("No outside clock")
    shot(SHOTS + "/release-sealed.png")
    sound(a, "release")
    a.type_into("Folder for the released package", OWN + "/released")
    # not entitled: said by name, and nothing comes of it
    a.type_into("Releaser's key, or the address of a card", DESK + "/operator.pem")
    a.click("Release")
    a.state("not-released")
    a.see("It was not released.")
    shot(SHOTS + "/release-refused.png")
    is_(releases(), [], "released with the operator's key")
    n = len(a.states())
    a.type_into("Releaser's key, or the address of a card", DESK + "/releaser.pem")
    under_way(a)
    n = len(a.states())
    a.click("Release")
    # what else is asked for meanwhile ends no release, and the window asks before it closes
    a.click("Export")
    a.type_into("Folder", OWN)
    a.click("Save the page")
    a.state("not-exported", after=n)
    keys("ctrl+q")
    a.state("ask-release", after=n)
    a.click("Go on with it")
    a.state("released", after=n)
    a.state("verdict-valid", after=n)
    a.state("report-shown", after=n)
    a.see("It says when the package was sealed.")
    shot(SHOTS + "/release-released.png")
    is_(len(releases()), 1, "released packages")
    report = json.loads(keten("show", OWN + "/released/" + releases()[0], "report/report.json").stdout)
    total = len(report["observations"])
    if total == 0:
        raise Failed("a poor fixture: nothing was found")
    a.click("Findings")
    a.state("tab-findings", after=n)
    a.see("%d of %d observations" % (total, total))
    shot(SHOTS + "/release-findings.png")
    a.click("Not taken")
    a.state("tab-not-taken", after=n)
    a.see("user 10 of the phone")  # in words, as the page of the report has it
    shot(SHOTS + "/release-not-taken.png")
    # nothing of the released package is shown under the name of the sealed one
    n = open_package(a, sealed)
    a.state("no-report", after=n)
    a.click("Findings")
    a.state("tab-findings", after=n)
    a.see("0 of 0 observations")
    is_(read(sealed), before, "the sealed package")
    a.end()


run(scene)

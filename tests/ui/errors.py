# SPDX-License-Identifier: EUPL-1.2
# Nothing dead-ends: what can be wrong with a mandate, a key, a folder, a statement, the program itself and a phone is
# told in plain words, with what to do next and a way on.
import shutil
import signal

from atspi import App
from scene import *


def mandate(a, path, words):
    n = len(a.states())
    a.type_into("Mandate file", path)
    a.state("mandate-refused", after=n)
    a.see(words)
    is_(a.sensitive("push button", "Continue"), False, "Continue with " + path)


def made(name, *options):
    """A mandate of a desk of its own."""
    subprocess.run(["tests/tools/new-mandate", OWN + "/" + name, "--device", "SIM0001", "--immediate", *options], check=True,
                   capture_output=True)
    return OWN + "/" + name


def mandates():
    unsigned = OWN + "/unsigned.json"
    os.makedirs(OWN, exist_ok=True)
    shutil.copy(DESK + "/one.json", unsigned)
    a = app()
    a.click("Intake")
    mandate(a, unsigned, "with .p7s behind it")
    shot(SHOTS + "/errors-unsigned.png")
    mandate(a, made("stranger") + "/mandate.json", "This station does not know who signed it.")  # nobody vouches for its signer
    with open(OWN + "/torn.json", "wb") as f:
        f.write(read(DESK + "/one.json")[:200])
    shutil.copy(DESK + "/one.json.p7s", OWN + "/torn.json.p7s")
    mandate(a, OWN + "/torn.json", "Nothing was touched.")
    a.end()


def blocked(a, n, title, *words):
    a.state("station-unfit", after=n)
    for w in (title, "failed: ", *words):
        a.see(w)
    is_(a.sensitive("push button", "Continue"), False, "Continue with a bad " + title)


def entry(a, row, text):
    n = len(a.states())
    a.type_into(row, text)
    return n


def station():
    a = app()
    to_station(a, DESK + "/one.json")
    blocked(a, entry(a, "Operator's key", OWN + "/none.pem"), "Mandate and operator")
    shot(SHOTS + "/errors-key.png")
    blocked(a, entry(a, "Operator's key", DESK + "/authoriser.pem"), "Mandate and operator",
            "name the key of an operator who may use it")
    a.state("station-checked", after=entry(a, "Operator's key", DESK + "/operator.pem"))
    blocked(a, entry(a, "Folder for the package", DESK + "/one.json/out"), "Folders", "Name another folder.")
    a.state("station-checked", after=entry(a, "Folder for the package", OWN + "/out"))
    with open(OWN + "/statement.json", "w", encoding="utf-8") as f:
        f.write('{"format":"keten-statement-1"}')
    blocked(a, entry(a, "Statement (a file, if there is one)", OWN + "/statement.json"), "Statement",
            "Mend the file, name another one, or leave it out.")
    shot(SHOTS + "/errors-statement.png")
    a.state("station-checked", after=entry(a, "Statement (a file, if there is one)", ""))
    return a


def engine(a):
    """The pid of the keten run that the window started."""
    for p in os.listdir("/proc"):
        if not p.isdigit():
            continue
        try:
            if int(read("/proc/%s/stat" % p).rsplit(b")", 1)[1].split()[1]) == a.proc.pid and \
                    b"\0run\0" in read("/proc/%s/cmdline" % p):
                return int(p)
        except OSError:
            pass
    return 0


def phone(a):
    n = len(a.states())
    a.click("Continue")
    a.state("phone-not-authorised-yet", after=n)
    a.click("Start reading")
    a.state("run-waiting-for-tap", after=n)
    os.kill(wait_for("keten run", lambda: engine(a)), signal.SIGKILL)
    a.state("done-killed", after=n)
    a.see("Keten broke off")
    a.see("What was taken is safe")
    shot(SHOTS + "/errors-crash.png")
    a.click("Change what was asked")
    a.state("station", after=n)
    n = len(a.states())
    a.click("To the first page")
    a.state("unfinished", after=n)
    a.see("The program was cut off.")
    a.end()
    # nobody taps: it gives up, says so, and leaves a signed record
    a = app(None, "--wait", "2")
    to_phone(a, DESK + "/one.json")
    a.state("phone-not-authorised-yet")
    a.click("Start reading")
    a.state("done-device")
    a.see("The phone was not there, not trusted, or lost")
    a.see("then go on")
    shot(SHOTS + "/errors-untapped.png")
    stop = interruption()
    is_(json.loads(keten("show", stop, "data/act.json").stdout)["detail"]["reason"], "phone-refused", "reason")
    is_(keten("verify", stop, "--trust", DESK + "/trust").returncode, 0, "verify")
    n = len(a.states())
    a.click("Go on reading")
    a.state("phone", after=n)
    a.end()


def without_engine():
    os.makedirs(OWN + "/bin", exist_ok=True)
    shutil.copy(BUILD + "/keten-desktop", OWN + "/bin")
    a = App(OWN + "/bin/keten-desktop", settings(), OWN + "/states")
    a.click("Intake")
    a.type_into("Mandate file", DESK + "/one.json")
    a.state("mandate-refused")
    a.see("The mandate could not be looked at.")
    a.see("Ask the administrator to install Keten again.")
    shot(SHOTS + "/errors-no-engine.png")
    a.end()


def scene():
    mandates()
    phone(station())
    without_engine()


run(scene)

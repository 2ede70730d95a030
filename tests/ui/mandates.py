# SPDX-License-Identifier: EUPL-1.2
# Mandates that held once, or will: one that has ended, one that has not begun, one whose signer was revoked or has a
# certificate that has ended, one whose sessions are used up. Each is told with what to do next, another one can be named
# at once, and nothing comes of any of them.
import time

from pages import sound
from scene import *

DAY = 86400
CA = """[req]
distinguished_name = dn
[dn]
[ca]
default_ca = demo
[demo]
database = index.txt
serial = serial
new_certs_dir = .
certificate = desk/trust/ca.pem
private_key = desk/ca.key.pem
default_md = sha256
default_crl_days = 30
policy = any
x509_extensions = authoriser
unique_subject = no
[any]
organizationName = optional
commonName = supplied
[authoriser]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature,nonRepudiation
certificatePolicies = 2.25.201674894613471264218302757137361034881.1
"""


def ssl(*args):
    r = subprocess.run(["openssl", *args], cwd=OWN, capture_output=True, env=dict(os.environ, OPENSSL_CONF="/dev/null"))
    is_(r.returncode, 0, "openssl %s: %s" % (args[0], r.stderr.decode()[-300:]))
    return r.stdout.decode()


def new(name, *options):
    subprocess.run(["tests/tools/new-mandate", OWN + "/desk", "--device", "SIM0001", "--immediate", *options], check=True,
                   capture_output=True)
    for end in (".json", ".json.p7s"):
        os.rename(OWN + "/desk/mandate" + end, OWN + "/" + name + end)


def sign(name, text, key="desk/authoriser.pem"):
    with open(OWN + "/" + name + ".json", "w", encoding="utf-8") as f:
        f.write(text)
    ssl("cms", "-sign", "-binary", "-cades", "-md", "sha256", "-outform", "DER", "-signer", key, "-in", name + ".json",
        "-out", name + ".json.p7s")


def day(days):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + days * DAY))


def of_days(text, first, last):
    """The same mandate for other days."""
    text = re.sub('"(not_before|issued_at)": "[^"]*"', lambda m: '"%s": "%s"' % (m[1], day(first)), text)
    return re.sub('"not_after": "[^"]*"', '"not_after": "%s"' % day(last), text)


def make():
    """A desk whose authority revoked one authoriser, and let another one's certificate end."""
    os.makedirs(OWN, exist_ok=True)
    new("good")
    new("once", "--sessions", "1", "--forms", "phone,file", "--from", "2024-01-01")
    good = read(OWN + "/good.json").decode()
    sign("ended", of_days(good, -9, -2))
    sign("early", of_days(good, 3, 9))
    sign("revoked", good, "desk/second.pem")
    with open(OWN + "/ca.cnf", "w", encoding="ascii") as f:
        f.write(CA)
    serial = ssl("x509", "-in", "desk/second.pem", "-noout", "-serial").strip().split("=")[1]
    with open(OWN + "/index.txt", "w", encoding="ascii") as f:
        f.write("R\t491231235959Z\t240101000000Z\t%s\tunknown\t/O=Demo Intake Desk/CN=Demo Second Authoriser\n" % serial)
    with open(OWN + "/serial", "w", encoding="ascii") as f:
        f.write("7001\n")
    ssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-config", "ca.cnf", "-subj",
        "/O=Demo Intake Desk/CN=Demo Late Authoriser", "-keyout", "late.key", "-out", "late.csr")
    ssl("ca", "-batch", "-notext", "-config", "ca.cnf", "-startdate", "20240101000000Z", "-enddate", "20240201000000Z", "-in",
        "late.csr", "-out", "late.crt")
    ssl("ca", "-gencrl", "-config", "ca.cnf", "-out", "desk/trust/ca.crl")
    with open(OWN + "/late.pem", "wb") as f:
        f.write(read(OWN + "/late.key") + read(OWN + "/late.crt"))
    sign("late", good, "late.pem")


def refused(a, name, *words):
    n = len(a.states())
    a.type_into("Mandate file", OWN + "/" + name + ".json")
    a.state("mandate-refused", after=n)
    a.see("This mandate can't be used.")
    for w in words:
        a.see(w)
    is_(a.sensitive("push button", "Continue"), False, "Continue with a mandate that is " + name)
    shot(SHOTS + "/mandate-%s.png" % name)
    # the same page takes another one
    n = len(a.states())
    a.type_into("Mandate file", OWN + "/good.json")
    a.state("mandate-ok", after=n)
    is_(a.sensitive("push button", "Continue"), True, "Continue with a good mandate after one that is " + name)


def use(name):
    """Its one session, for a file that was handed over."""
    r = keten("import", "--from", WORK + "/phone/Download/Timeline.json", "--form", "file", "--mandate", OWN + "/once.json",
              "--trust", OWN + "/desk/trust", "--operator", OWN + "/desk/operator.pem", "--case", OWN + "/" + name, "--out",
              OWN + "/" + name + "-out", "--simulated")
    return r.returncode, r.stderr.decode()


def used_up(a):
    """Known once it is clear which case it is for: a case that was begun may be gone on with."""
    n = len(a.states())
    a.type_into("Mandate file", OWN + "/once.json")
    a.state("mandate-ok", after=n)
    a.click("Continue")
    a.press("They agree")
    a.click("Continue")
    a.state("station-unfit", after=n)
    a.see("Mandate and operator")
    a.see("sessions-used-up: all 1 sessions of this mandate are used up")
    a.see("under Unfinished; that uses up no further session. Else ask for a new mandate.")
    is_(a.sensitive("push button", "Continue"), False, "Continue with a mandate that is used up")
    sound(a, "station, used up")
    shot(SHOTS + "/mandate-used-up.png")
    for page in ("person", "mandate"):
        n = len(a.states())
        a.click("Back")
        a.state(page, after=n)
    n = len(a.states())
    a.type_into("Mandate file", OWN + "/good.json")
    a.state("mandate-ok", after=n)
    a.click("Continue")
    a.press("They agree")
    a.click("Continue")
    a.state("station-checked", after=n)
    is_(a.sensitive("push button", "Continue"), True, "Continue with another mandate")


def scene():
    make()
    is_(use("first")[0], 0, "the one session")
    status, said = use("another")
    is_((status, "sessions-used-up" in said), (3, True), "a second session: " + said)
    a = app(settings(trust=OWN + "/desk/trust", operator=OWN + "/desk/operator.pem"))
    a.click("Intake")
    a.state("mandate")
    refused(a, "ended", "Ask whoever issued it for a new one. Nothing was touched.", "expired: the mandate ended at " + day(-2)[:10])
    refused(a, "early", "Wait until it holds, or ask for another one.", "not-yet-valid: the mandate holds from " + day(3)[:10])
    refused(a, "revoked", "The certificate of whoever signed it was revoked.", "it was revoked at 2024-01-01")
    refused(a, "late", "The certificate of whoever signed it has run out.", "certificate has expired")
    used_up(a)
    a.end()
    is_([os.listdir(p) for p in (OWN + "/cases", OWN + "/out") if os.path.exists(p)], [], "what came of them on the disk")
    is_(os.path.exists(OWN + "/another"), False, "the case of a session too many")


run(scene)

# SPDX-License-Identifier: EUPL-1.2
# Every page in every guise: light, dark, high contrast, right to left, Dutch, text of twice the size, a small screen.
# Each control has a name that a screen reader can say, Tab comes to each of them, and nothing is cut off at the side.
# Pictures are kept to be looked at.
from atspi import Atspi, S, extents, has, keys, laid_out, name, pixels, tree
from scene import *

ROLES = ("push button", "toggle button", "check box", "radio button", "combo box", "entry", "text", "password text",
         "switch", "slider", "menu item")
GUISES = {
    "light": ((), {}),
    "dark": ((), {"ADW_DEBUG_COLOR_SCHEME": "prefer-dark"}),
    "contrast": ((), {"ADW_DEBUG_HIGH_CONTRAST": "1"}),
    "rtl": (("--right-to-left",), {}),
    "nl": ((), {"LANGUAGE": "nl"}),
    "large": ((), {}),  # tests/ui/scene makes the text twice as large,
    "small": ((), {"LANGUAGE": "nl"}),  # and this screen smaller
}
WORDS = {"en": {}, "nl": {"Intake": "Inname", "Review": "Toetsing", "Mandate file": "Bestand van de machtiging",
                          "Continue": "Verder", "They agree": "Akkoord", "Package file": "Pakketbestand",
                          "Open": "Openen", "Findings": "Bevindingen", "Map": "Kaart", "Timeline": "Tijdlijn",
                          "Not taken": "Niet genomen", "To the first page": "Naar de eerste pagina"}}


def inside(n, role):
    p = n.get_parent()
    return p is not None and p.get_role_name() == role and name(p)


def controls(a):
    return [n for n in a.all() if n.get_role_name() in ROLES and laid_out(n)]


def lint(a, page):
    bad = []
    for n in controls(a):
        said = name(n)
        # what GTK puts into a control of ours is named by that control
        if any(inside(n, r) for r in ("combo box", "entry", "push button")):
            continue
        if not said or "_" in said or re.match("(Gtk|Adw|Gdk)[A-Z]", said):
            bad.append("%s \"%s\"" % (n.get_role_name(), said))
    if bad:
        raise Failed("%s: controls without a name: %s" % (page, ", ".join(bad)))


def focused(n):
    if n.get_role_name() in ("combo box", "entry"):  # what is in them has it
        return any(has(c, S.FOCUSED) for c in tree(n))
    return has(n, S.FOCUSED)


def content(n):
    return Atspi.Text.get_text(n, 0, Atspi.Text.get_character_count(n))


def typed(texts):
    """GTK 4.8 does not say that the text of an entry row has the focus: a letter tells."""
    before = {i: content(n) for i, n in texts.items()}
    keys("End", "x")  # Tab has chosen the whole text
    try:
        return wait_for("a letter", lambda: {i for i, n in texts.items() if content(n) != before[i]}, 1)
    except Failed:  # something else has it, of which nothing is known
        return set()
    finally:
        keys("BackSpace")
        # what was typed may be looked at before anything else is offered
        wait_for("the page to take it in", lambda: all(has(n, S.SENSITIVE) and content(n) == before[i]
                                                       for i, n in texts.items()))


def walk(a, page):
    """Tab from control to control until each one had the focus."""
    nodes = {i: n for i, n in enumerate(controls(a)) if has(n, S.SENSITIVE) and has(n, S.FOCUSABLE)}
    todo = {i: n for i, n in nodes.items() if name(n) not in ("Minimize", "Maximize", "Close") and
            not inside(n, "combo box")}

    def focus():
        return {i for i, n in nodes.items() if focused(n)}
    for _ in range(90):
        if not todo:
            return
        before = focus()
        keys("Tab")
        try:
            now = wait_for("the focus to move", lambda: (f := focus()) != before and [f], 1 if before else 0.3)[0]
        except Failed:
            now = before
        texts = {i: n for i, n in todo.items() if n.get_role_name() == "text"}
        if not now and texts:
            now = typed(texts)
        for i in now:
            todo.pop(i, None)
    raise Failed("%s: Tab never comes to %s" % (page, ", ".join("\"%s\"" % name(n) for n in todo.values())))


def in_table(n):
    while n is not None and name(n) != "Observations":
        n = n.get_parent()
    return n is not None


def fits(a, what):
    """Nothing is wider than the window, but a table that scrolls, nor the window larger than the screen."""
    width, height, _ = pixels()
    frame = extents(next(a.all("frame")))
    if frame.width > width or frame.height > height:
        raise Failed("%s: the window is %d x %d, the screen %d x %d" % (what, frame.width, frame.height, width, height))
    for n in a.all():
        if n.get_role_name() not in ROLES + ("label", "image"):
            continue
        e = extents(n)
        if e is not None and e.width > 0 and (e.x < 0 or e.x + e.width > frame.width) and not in_table(n):
            raise Failed("%s: %s \"%s\" lies from %d to %d, the window ends at %d" % (
                what, n.get_role_name(), name(n), e.x, e.x + e.width, frame.width))


def page(a, guise, what, tabs=False):
    if guise in ("dark", "contrast", "rtl") and what not in ("mandate", "station", "phone", "tab-findings", "tab-map"):
        return
    shot("%s/%s-%s.png" % (SHOTS, guise, what))
    if guise in ("light", "nl"):  # colours and directions change no names
        lint(a, what)
    if guise in ("large", "small"):
        fits(a, what)
    if tabs and guise == "light":
        walk(a, what)


def one(guise, package):
    args, env = GUISES[guise]
    words = WORDS[env.get("LANGUAGE", "en")]

    def w(s):
        return words.get(s, s)
    a = app(None, *args, **env)
    page(a, guise, "home")
    a.click(w("Intake"))
    a.type_into(w("Mandate file"), DESK + "/order.json")
    a.state("mandate-ok")
    page(a, guise, "mandate", True)
    a.click(w("Continue"))
    a.state("person")
    a.state("sheet-en")
    page(a, guise, "person")
    a.press(w("They agree"))
    a.click(w("Continue"))
    a.state("station-checked")
    page(a, guise, "station", True)
    a.click(w("Continue"))
    a.state("phone-no-device")
    page(a, guise, "phone")
    n = len(a.states())
    a.click(w("To the first page"))
    a.state("home", after=n)
    a.click(w("Review"))
    a.type_into(w("Package file"), package)
    a.click(w("Open"))
    a.state("report-shown")
    a.state("tab-verify")  # it was drawn
    page(a, guise, "verify")
    for tab, state in (("Findings", "findings"), ("Map", "map"), ("Timeline", "timeline"), ("Not taken", "not-taken")):
        a.click(w(tab))
        a.state("tab-" + state)
        page(a, guise, "tab-" + state, tab == "Findings")
    if guise in ("light", "nl"):
        keys("F1")
        a.state("help")
        page(a, guise, "help")
    a.end()


def scene():
    os.makedirs(OWN, exist_ok=True)
    r = keten("import", "--from", WORK + "/phone/Download/Timeline.json", "--form", "file", "--mandate",
              DESK + "/file.json", "--trust", DESK + "/trust", "--operator", DESK + "/operator.pem", "--case",
              OWN + "/case", "--out", OWN + "/out", "--simulated")
    is_(r.returncode, 0, "keten import: " + r.stderr.decode()[-300:])
    one(SCENE.split("-")[1], package())


run(scene)

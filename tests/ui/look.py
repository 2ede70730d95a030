# SPDX-License-Identifier: EUPL-1.2
# Every page in every guise: light, dark, high contrast, right to left, Dutch. Each control has a name that a
# screen reader can say, and Tab comes to each of them. Pictures are kept to be looked at.
from atspi import Atspi, S, has, keys, laid_out, name, tree
from scene import *

ROLES = ("push button", "toggle button", "check box", "radio button", "combo box", "entry", "text", "password text",
         "switch", "slider", "menu item")
GUISES = {
    "light": ((), {}),
    "dark": ((), {"ADW_DEBUG_COLOR_SCHEME": "prefer-dark"}),
    "contrast": ((), {"ADW_DEBUG_HIGH_CONTRAST": "1"}),
    "rtl": (("--right-to-left",), {}),
    "nl": ((), {"LANGUAGE": "nl"}),
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


def typed(todo):
    """GTK 4.8 does not say that the text of an entry row has the focus: a letter tells."""
    texts = {i: content(n) for i, n in todo.items() if n.get_role_name() == "text"}
    if not texts:
        return []
    keys("End", "x")  # Tab has chosen the whole text
    try:
        return [wait_for("a letter", lambda: next((i + 1 for i, t in texts.items() if content(todo[i]) != t), None),
                         0.3) - 1]
    except Failed:
        return []
    finally:
        keys("BackSpace")
        # what was typed may be looked at before anything else is offered
        wait_for("the page to take it in", lambda: all(has(n, S.SENSITIVE) for n in todo.values()))


def walk(a, page):
    """Tab from control to control until each one had the focus."""
    todo = {i: n for i, n in enumerate(controls(a)) if has(n, S.SENSITIVE) and has(n, S.FOCUSABLE) and
            name(n) not in ("Minimize", "Maximize", "Close") and not inside(n, "combo box")}
    for _ in range(90):
        if not todo:
            return
        keys("Tab")
        reached = [i for i, n in todo.items() if focused(n)]
        if not reached:
            reached = typed(todo)
        for i in reached:
            del todo[i]
    raise Failed("%s: Tab never comes to %s" % (page, ", ".join("\"%s\"" % name(n) for n in todo.values())))


def page(a, guise, what, tabs=False):
    if guise in ("dark", "contrast", "rtl") and what not in ("mandate", "station", "phone", "tab-findings", "tab-map"):
        return
    shot("%s/%s-%s.png" % (SHOTS, guise, what))
    if guise in ("light", "nl"):  # colours and directions change no names
        lint(a, what)
    if tabs and guise == "light":
        walk(a, what)


def one(guise, package):
    args, env = GUISES[guise]
    words = WORDS["nl" if guise == "nl" else "en"]

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

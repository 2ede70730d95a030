# SPDX-License-Identifier: EUPL-1.2
# Every page in every guise: light, dark, high contrast, right to left, Dutch, text of twice the size, a small screen.
# Each control has a name that a screen reader can say, Tab comes to each of them, and nothing is cut off at the side.
# Pictures are kept to be looked at.
from atspi import Atspi, S, extents, has, keys, laid_out, name, pixels, tree
from pages import controls, fits, inside, named
from scene import *
from words import no_english, values_of

GUISES = {
    "light": ((), {}),
    "dark": ((), {"ADW_DEBUG_COLOR_SCHEME": "prefer-dark"}),
    "contrast": ((), {"ADW_DEBUG_HIGH_CONTRAST": "1"}),
    "rtl": (("--right-to-left",), {}),
    "nl": ((), {"LANGUAGE": "nl"}),
    "large": ((), {}),  # tests/ui/scene makes the text twice as large,
    "small": ((), {"LANGUAGE": "nl"}),  # and this screen smaller
}


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
    nodes = {i: n for i, n in enumerate(controls(a.all())) if has(n, S.SENSITIVE) and has(n, S.FOCUSABLE)}
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


def is_guise(a, guise, what):
    """What is on the screen is of this guise: dark or light, with lines that stand out, mirrored, of that size."""
    width, height, rgb = pixels()
    mean = sum(rgb[::97]) / len(rgb[::97])
    if (mean < 90) != (guise == "dark"):
        raise Failed("%s: a mean brightness of %d of 255" % (what, mean))
    if guise in ("light", "contrast"):  # the line below the title
        line = min(rgb[3 * (width * y + 200)] for y in range(62, 113))
        if (line < 180) != (guise == "contrast"):
            raise Failed("%s: the line below the title has a brightness of %d of 255" % (what, line))
    menu = a.get("push button", "Menu")
    frame = next(n for n in a.all("frame") if laid_out(n))
    is_(extents(menu).x < extents(frame).width / 2, guise == "rtl", what + ": the menu lies left")
    if guise in ("large", "light"):
        title = next(extents(n).height for n in a.all("label") if laid_out(n))
        is_(title > 25, guise == "large", "%s: text twice as large, a title %d high" % (what, title))
    is_((width, height), (1024, 768) if guise == "small" else (1280, 900), "screen")


def page(a, guise, what, tabs=False):
    shot("%s/%s-%s.png" % (SHOTS, guise, what))
    nodes = list(a.all())
    named(a, what, nodes=nodes)
    if what != "help":  # a window of its own, which lies before this one
        fits(a, what, nodes)
        is_guise(a, guise, what)
    if tabs and guise == "light":
        walk(a, what)


def one(guise, package):
    args, env = GUISES[guise]
    w = dutch if env.get("LANGUAGE") == "nl" else str
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
    open_package(a, package, w)
    a.state("report-shown")
    a.state("tab-verify")  # it was drawn
    page(a, guise, "verify")
    for tab, state in (("Findings", "findings"), ("Map", "map"), ("Timeline", "timeline"), ("Statement", "statement"),
                       ("Not taken", "not-taken"), ("Export", "export")):
        a.click(w(tab))
        a.state("tab-" + state)
        page(a, guise, "tab-" + state, tab == "Findings")
    if guise in ("light", "nl"):
        keys("F1")
        a.state("help")
        page(a, guise, "help")
    a.end()


def scene():
    one(SCENE.split("-")[1], made())


run(scene)

# SPDX-License-Identifier: EUPL-1.2
# F1 opens the help where one is: at a mandate that is refused, at a phone that is not there, in review. Every state of
# a phone and every end of a reading has a section in both languages, and every picture that a page names is drawn.
from atspi import keys
from scene import *


def anchors(lang):
    found = {}
    for page in ("intake", "phone", "station", "review", "keys"):
        with open("docs/help/%s/%s.md" % (lang, page), encoding="utf-8") as f:
            text = f.read()
        for title, words in re.findall(r"^## (.*?) \{(.*)\}$", text, re.M):
            for w in words.split():
                if w in found:
                    raise Failed("%s: two sections for %s" % (lang, w))
                found[w] = (page, title)
        is_(re.findall(r"^##? .*$(?!\n\n)", text, re.M), [], "headings without an empty line below, " + page)
    return found


def pages():
    with open("desktop/states.c", encoding="utf-8") as f:
        phones = re.findall(r'\{"([a-z-]+)", N_\("[^"]*"\),\n', f.read())
    is_(len(phones) > 15, True, "states of a phone")
    with open("desktop/intake_done.c", encoding="utf-8") as f:
        body = f.read().split("static const char *state_word")[1].split("\n}\n")[0]
    ends = re.findall(r'"([a-z]+)"', body)
    is_(len(ends) > 8, True, "ends of a reading")
    drawn = "".join(open("desktop/" + f, encoding="utf-8").read() for f in ("picture.c", "help_picture.c"))
    en, nl = anchors("en"), anchors("nl")
    is_(sorted(en), sorted(nl), "states with a section, in both languages")
    is_([p for p in phones if "phone-" + p not in en], [], "states of a phone without help")
    is_([e for e in ends if "done-" + e not in en and e != "complete"], [], "ends without help")
    for lang in ("en", "nl"):
        text = "".join(open("docs/help/%s/%s" % (lang, f), encoding="utf-8").read() for f in os.listdir("docs/help/" + lang))
        is_([p for p in re.findall(r"\(picture:([^)]*)\)", text) if '{"%s", ' % p not in drawn], [], "pictures not drawn")


def at(a, page, title, picture=None):
    n = len(a.states())
    keys("F1")
    a.state("help-at-" + page, after=n)
    a.get("label", title)
    if picture:
        shot(SHOTS + "/help-%s.png" % picture)
    # it may not have the keyboard yet
    wait_for("the help to close", lambda: keys("Escape") or len(list(a.all("frame"))) + len(list(a.all("dialog"))) == 1)


def scene():
    pages()
    a = app()
    at(a, "station", "The first page offers nothing")
    a.click("Intake")
    a.state("mandate")
    at(a, "intake", "1. The mandate")
    a.type_into("Mandate file", DESK + "/desktop-no-such.json")
    a.type_into("Mandate file", DESK + "/operator.pem")
    a.state("mandate-refused")
    at(a, "intake", "When the mandate can't be used", "refused")
    n = len(a.states())
    a.type_into("Mandate file", DESK + "/order.json")
    a.state("mandate-ok", after=n)
    a.click("Continue")
    a.press("They agree")
    a.click("Continue")
    a.state("station-checked")
    at(a, "station", "Is this station fit?", "station")
    a.click("Continue")
    a.state("phone-no-device")
    at(a, "phone", "No phone is seen", "phone")
    a.click("To the first page")
    a.click("Review")
    a.state("review")
    at(a, "review", "The verdict", "review")
    a.end()
    a = app(None, LANGUAGE="nl")
    a.click("Toetsing")
    a.state("review")
    at(a, "review", "Het oordeel", "nl")


run(scene)

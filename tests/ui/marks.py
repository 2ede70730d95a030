# SPDX-License-Identifier: EUPL-1.2
# A reviewer's marks that are there already: what can't be read is not written over, and what this version or this
# report does not know stays when another mark is made.
from atspi import keys
from scene import *


def chosen(a, record):
    """That one alone, as a tree of 200 rows takes its time."""
    a.state("report-shown")
    a.click("Map")
    a.state("tab-map")
    n = len(a.states())
    a.type_into("Search in the records as the report's file has them", '"%s"' % record)
    a.state("filtered", after=n)
    a.click("Findings")
    a.state("tab-findings")
    keys("ctrl+f", "Return")
    a.state("record-" + record)


def scene():
    path = made()
    ids = [o["id"] for o in json.loads(keten("show", path, "report/report.json").stdout)["observations"][:2]]
    kept = marks_file(path)
    os.makedirs(os.path.dirname(kept))
    broken = b'{"%s": "supports"' % ids[0].encode()
    with open(kept, "wb") as f:
        f.write(broken)
    a = app(None, path)
    a.state("marks-unread")
    chosen(a, ids[1])
    a.see("Your marks on this package can't be read.")
    mark(a, 1, "not-marked")
    is_(read(kept), broken, "marks that can't be read")
    shot(SHOTS + "/marks-unread.png")
    a.end()
    with open(kept, "w", encoding="ascii") as f:
        json.dump({"o999999#1": "supports", ids[0]: "of-tomorrow"}, f)
    a = app(None, path)
    chosen(a, ids[1])
    mark(a, 1)
    is_(json.loads(read(kept)), {ids[0]: "of-tomorrow", ids[1]: "of-interest", "o999999#1": "supports"}, "marks")
    mark(a, 0)
    is_(json.loads(read(kept)), {ids[0]: "of-tomorrow", "o999999#1": "supports"}, "marks after one was taken back")
    a.end()


run(scene)

# SPDX-License-Identifier: EUPL-1.2
"""Is what a Dutch window says Dutch? Every name on the accessible tree, but for the values that a scene knows."""
import json
import os
import re
import sys

from atspi import Failed, name

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tools"))
from english_in import english, strings

# what keten-verify calls a check stands small beside its title
CODES = ["Tijden volgen op elkaar times", "Klok van buiten time"]
ISOLATES = re.compile("[\u2066-\u2069]")


def values_of(*paths):
    """What a mandate or a settings file says in its own words."""
    found = []
    for path in paths:
        with open(path, encoding="utf-8") as f:
            found += strings(json.load(f))
    return found


def no_english(a, page, values=()):
    texts = [" ".join(ISOLATES.sub("", name(n)).split()) for n in a.all()]
    bad = english(texts, CODES + list(values))
    if bad:
        raise Failed("%s: English in a Dutch window: %s" % (page, "; ".join("\"%s\"" % t for t in bad)))
    if not any(re.search(r"\b(?:de|het|een|niet|van)\b", t) for t in texts):
        raise Failed("%s: nothing Dutch in the window" % page)

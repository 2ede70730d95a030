#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""english_in.py [-o VALUES.json]... [-v VALUE]... PAGE...: text nodes of Dutch pages that hold an English word, one a line; exit status 1 when
there are any, and when a page holds no Dutch at all.

What comes from a phone (class "phone"), codes (<code>, dir="ltr") and the strings of a mandate or a statement (VALUES.json) are
values and may be in any language. Words that Dutch has too are none of these.
"""
import getopt
import html.parser
import json
import re
import sys

ENGLISH = re.compile(
    r"(?<![\w-])(?:the|and|not|no|were|with|from|that|for|which|this|these|are|it|its|by|has|have|had|been|be|or|to|than|"
    r"when|what|who|why|how|only|other|others|there|they|their|an|on|at|as|but|all|each|some|more|less|does|did|phone|file|"
    r"files|folder|failed|taken|unknown|missing|signed|sealed|before|after|without|because|network|clock|time|times|"
    r"value|values|key|device|found|given|names|holds|source|sources|place|places|photo|photos|movement|stay)(?![\w-])")
VOID = {"meta", "br", "img", "link", "hr", "input", "col", "wbr", "use", "path", "circle", "rect", "line"}


DUTCH = re.compile(r"\b(?:de|het|een|en|niet|van|voor)\b")


class Nodes(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.texts = [], []

    def handle_starttag(self, tag, attrs):
        if tag in VOID:
            return
        a = dict(attrs)
        value = tag in ("code", "style", "script") or (a.get("dir") == "ltr" and tag != "html") or "phone" in (a.get("class") or "").split()
        self.open.append((tag, value or a.get("lang") not in (None, "nl")))

    def handle_endtag(self, tag):
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data):
        if not any(value for _, value in self.open):
            self.texts.append(" ".join(data.split()))


def strings(v):
    if isinstance(v, str):
        yield " ".join(v.split())
    for x in v.values() if isinstance(v, dict) else v if isinstance(v, list) else ():
        yield from strings(x)


def english(texts, values=()):
    """Those of the texts that hold an English word, without the values."""
    values = sorted((v for v in values if " " in v), key=len, reverse=True)
    found = []
    for text in texts:
        own = text
        for v in values:
            own = own.replace(v, " ")
        if ENGLISH.search(own) and text not in found:
            found.append(text)
    return found


def main():
    opts, pages = getopt.getopt(sys.argv[1:], "o:v:")
    values = [v for o, v in opts if o == "-v"]
    values += [s for o, path in opts if o == "-o" for s in strings(json.load(open(path, encoding="utf-8")))]
    bad = 0 if pages else 1
    for path in pages:
        nodes = Nodes()
        nodes.feed(open(path, encoding="utf-8").read())
        found = english(nodes.texts, values)
        if not DUTCH.search(" ".join(nodes.texts)):
            found.append(path + " holds no Dutch")
        for text in found:
            print(text)
            bad = 1
    return bad


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Texts of ours that a reader sees, against the catalogues in po/.

usage: po/extract.py            prints the template (pot)
       po/extract.py --check    fails on a text that has no translation, on one that nothing uses,
                                on other conversions than the source's, and on judging words
       po/extract.py --update   adds missing texts to the catalogues, drops unused ones

Where texts stand: _("...") and N_("...") in desktop/; {between braces} in formats of reports/render/, N_("...") anywhere in core/,
reports/ and cli/, whole sentences in reports/model/ (they stand in report.json, whose views
translate them), titles, states and absences of parsers/plugins.def, names in core/fields.def;
what checks, readings and readers say of one package, phone or file (CALLS), and their tokens.

A translation says "%2$s" for the second value, and "%2$t" when that value is a text of ours itself.
"""
import ast
import fnmatch
import glob
import os
import re
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CONV = re.compile(r"%(?:\d+\$)?[0-9.*]*([lz]*[a-zA-Z])")
# Where such a text is composed: files, calls, and whether an error's code (second argument) can be one that a reader meets.
OURS = re.compile(r"KT_E_(NOMEM|INTERNAL|USAGE)\b")
CALLS = (
    ("reports/verify/check_*.c", r"kt_vf_fail|kt_vf_unsure|misplaced|compare|compare_cert"),
    ("reports/verify/verify.c", r"kt_vf_fail|kt_vf_unsure"),
    ("reports/verify/zip_read.c", r"defect|stop"),
    ("reports/verify/*.c", r"KT_FAIL"),
    ("core/json_*.c", r"KT_FAIL|bad"),
    ("core/cms*.c", r"KT_FAIL|KT_TRACE|kt_cms_ssl_fail|no_cms|kt_copy_cut"),
    ("core/trust.c", r"snprintf"),
    ("core/tsp.c", r"KT_FAIL|kt_cms_ssl_fail"),
    ("core/custody.c", r"KT_FAIL|bad"),
    ("core/un*.c", r"KT_FAIL|bad|broken|damaged"),
    ("core/gunzip.c", r"KT_FAIL|bad"),
    ("core/sqldb.c", r"KT_FAIL"),
    ("core/mandate_*.c", r"REFUSE|KT_FAIL"),
    ("cli/acquire*.c", r"kt_outcome_set|end_sink|cut"),
    ("cli/provisional.c", r"refuse|judge|snprintf"),
    ("extractor/*/*.c", r"KT_FAIL|KT_TRACE|fail_in|fail_end|broke|note|unreadable|no_manifest|kt_img_\w+"),
    ("extractor/ios/manifest.c", r"say|snprintf"),
    ("extractor/ios/iphone.c", r"snprintf"),
    ("parsers/plugins/*.[ch]", r"kt_note|kt_track_note|note_once"),
    ("parsers/host/*.c", r"KT_FAIL"),
    ("parsers/plugins/*.[ch]", r"KT_FAIL"),
    ("parsers/plugins/fit*.c", r"broken"),
    ("parsers/sdk/*.[ch]", r"KT_FAIL"),
    ("parsers/sdk/plist_xml.c", r"odd"),
    ("parsers/sdk/plist_bin.c", r"damaged"),
    ("parsers/worker/worker.c", r"KT_FAIL"),
    ("parsers/sdk/*.[ch]", r"kt_note|note_once"),
)
# Why a command ended: the window shows it too. One without a translation stays English there and is no mistake.
ENDS = (
    ("cli/*.c", r"KT_FAIL"),
    ("core/io.c", r"KT_FAIL"),
    ("core/casestore.c", r"KT_FAIL"),
    ("core/register.c", r"KT_FAIL"),
    ("reports/package/*.c", r"KT_FAIL"),
    ("reports/sign/*.c", r"KT_FAIL"),
)
# Tokens of readers that a page shows with blanks for hyphens; names of plugins and of programs are none.
PROGRAMS = ["keten-values", "keten-worker"]
TOKENS = ("parsers/plugins/*.[ch]", "parsers/sdk/*.[ch]")
# What libraries and a phone's system say, as far as it comes up: OpenSSL of a certificate, C of a file.
FOREIGN = (
    "certificate has expired", "certificate is not yet valid", "certificate revoked", "certificate signature failure",
    "self-signed certificate", "self-signed certificate in certificate chain", "invalid CA certificate",
    "unable to get issuer certificate", "unable to get local issuer certificate",
    "unable to verify the first certificate", "unable to get certificate CRL", "CRL has expired",
    "CRL is not yet valid", "CRL signature failure", "unsuitable certificate purpose", "path length constraint exceeded",
    "No such file or directory", "Permission denied", "Input/output error", "Not a directory", "Is a directory",
    "Operation not permitted", "Too many levels of symbolic links", "File name too long",
)
# Words that stand for a value in one of those texts.
WORDS = (
    "mandate", "case", "phone", "backup", "image", "carrier", "file", "the mandate", "a scope row", "an entry",
    "boolean", "whole number", "text", "list", "object", "%llu other user%s present, not examined: %s", "bad \\\\u escape", "other reasons",
)
STYLES = ("reports/render/html_css.c", "reports/render/html_labels.c")
STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')


def ascii_only(literal):
    return re.sub(r"[^\x00-\x7f]", lambda m: "".join("\\x%02x" % b for b in m[0].encode()), literal)


def text_of(literal):
    return ast.literal_eval('b"' + ascii_only(literal) + '"').decode()


def literals(path):
    """(text, what stands before it) of every run of string literals; comments are left out."""
    src = open(path, encoding="utf-8").read()
    src = re.sub(r'("(?:[^"\\]|\\.)*")|/\*.*?\*/|//[^\n]*', lambda m: m[1] or " ", src, flags=re.S)
    src = re.sub(r"'(?:[^'\\]|\\.)'", "' '", src)
    src = re.sub(r"#\s*include[^\n]*", "", src)
    for m in re.finditer(r'"(?:[^"\\]|\\.)*"(?:\s*"(?:[^"\\]|\\.)*")*', src):
        text = b"".join(ast.literal_eval('b"' + s + '"') for s in STRING.findall(ascii_only(m[0]))).decode()
        yield text, src[max(0, m.start() - 24):m.start()]


def calls(path, names):
    """The arguments of each call of one of these functions, as they stand, without comments."""
    src = open(path, encoding="utf-8").read()
    src = re.sub(r'("(?:[^"\\]|\\.)*")|/\*.*?\*/|//[^\n]*', lambda m: m[1] or " ", src, flags=re.S)
    src = re.sub(r"'(?:[^'\\]|\\.)'", "0", src)
    src = re.sub(r"#[^\n]*(\\\n[^\n]*)*", "", src)
    src = src.replace("PRIu64", '"llu"')
    for m in re.finditer(r"\b(?:%s)\s*\(" % names, src):
        depth, quoted, i = 1, False, m.end()
        while depth > 0 and i < len(src):
            if quoted:
                i += src[i] == "\\"
                quoted = src[i] != '"'
            elif src[i] == '"':
                quoted = True
            else:
                depth += (src[i] == "(") - (src[i] == ")")
            i += 1
        yield src[m.end():i - 1]


def said(args):
    """The texts among the arguments of a call: what holds words beside its conversions."""
    args = re.sub(r"\b(?:strcmp|strncmp|strstr|strchr|kt_jv_\w+)\([^()]*\)", " ", args)
    for m in re.finditer(r'"(?:[^"\\]|\\.)*"(?:\s*"(?:[^"\\]|\\.)*")*', args):
        text = "".join(text_of(s) for s in STRING.findall(m[0]))
        if text.startswith("not-this-kind:"):  # it is asked of other readers then, and told nobody
            continue
        if re.search(r"[A-Za-z]{2,}", CONV.sub(" ", text)) and (" " in text or "%" in text):
            yield text


def sources(ends=True):
    """Texts and where they stand; without ends, those alone that must be translated."""
    found = {}

    def add(text, where):
        if re.search("[A-Za-z]", text):
            found.setdefault(text, where)

    for pattern, names in CALLS + (ENDS if ends else ()):
        for path in sorted(glob.glob(os.path.join(TOP, pattern))):
            for args in calls(path, names):
                if OURS.search(args):
                    continue
                for text in said(args):
                    add(text, os.path.relpath(path, TOP))

    for path in sorted(glob.glob(TOP + "/desktop/*.[ch]")):
        for text, before in literals(path):
            if re.search(r"\bN?_\(\s*$", before):
                add(text, os.path.relpath(path, TOP))
    for path in sorted(glob.glob(TOP + "/reports/render/*.[ch]") + glob.glob(TOP + "/reports/pdf/*.[ch]")
                       + glob.glob(TOP + "/reports/export/*.[ch]") + glob.glob(TOP + "/reports/model/*.[ch]")
                       + glob.glob(TOP + "/core/*.[ch]") + glob.glob(TOP + "/cli/*.[ch]")
                       + glob.glob(TOP + "/reports/papers/*.[ch]") + glob.glob(TOP + "/reports/verify/*.[ch]")):
        name = os.path.relpath(path, TOP)
        for text, before in literals(path):
            if re.search(r"\bN_\(\s*$", before):
                add(text, name)
            elif re.search(r"kt_trn\([^;]*$", before):
                add(text, name)
            elif re.search(r"\bput_(dl|list|counts|line|person)\(h,\s*$", before):
                add(text, name)
            elif name.startswith("reports/render/html") and name not in STYLES:
                for part in re.findall(r"(?<!u)\{([^{}]*)\}", text):
                    add(part, name)
            elif name.startswith("reports/model/") and re.match(r"([A-Z]|%llu ).* .*[.:]\s*$", text, re.S):
                add(text.strip(), name)
    for args in calls(TOP + "/parsers/plugins/google_timeline.c", "note_count"):
        for text in said(args):
            add(text + ": %llu.", "parsers/plugins/google_timeline.c")
    for text in FOREIGN + WORDS:
        add(text, "po/extract.py")
    plugins = re.findall(r'KT_PLUGIN\(\s*\w+,\s*"([^"]+)"', open(TOP + "/parsers/plugins.def", encoding="utf-8").read())
    for pattern in TOKENS:
        for path in sorted(glob.glob(os.path.join(TOP, pattern))):
            for text in re.findall(r'"([a-z]+(?:-[a-z]+)+)"', open(path, encoding="utf-8").read()):
                if text not in plugins + PROGRAMS:
                    add(text.replace("-", " "), os.path.relpath(path, TOP))
    path = TOP + "/parsers/plugins.def"
    src = re.sub(r"/\*.*?\*/", "", open(path, encoding="utf-8").read(), flags=re.S)
    for m in re.finditer(r"KT_(PLUGIN|ABSENCE)\((?:[^()\"]|\"(?:[^\"\\]|\\.)*\"|\([^)]*\))*\)", src):
        runs = [
            "".join(text_of(s) for s in STRING.findall(r))
            for r in re.findall(r'"(?:[^"\\]|\\.)*"(?:\s*"(?:[^"\\]|\\.)*")*', m[0])
        ]
        for text in runs[1:] if m[1] == "PLUGIN" else runs:
            add(text, "parsers/plugins.def")
    for m in re.finditer(r'^KT_FIELD\w*\(\s*\w+\s*,\s*"?([a-z0-9_]+)"?', open(TOP + "/core/fields.def").read(), re.M):
        add(m[1].replace("_", " "), "core/fields.def")
    return found


def unquote(lines):
    return "".join(ast.literal_eval(s.replace("\n", "")) for s in lines)


def read_po(path):
    entries = {}
    order = re.findall(
        r'^msgid ((?:"(?:[^"\\]|\\.)*"\s*)+)(?:msgid_plural ((?:"(?:[^"\\]|\\.)*"\s*)+))?'
        r'((?:msgstr(?:\[\d\])? (?:"(?:[^"\\]|\\.)*"\s*)+)+)', open(path, encoding="utf-8").read(), re.M)
    for one, many, strs in order:
        key = unquote(re.findall(r'"(?:[^"\\]|\\.)*"', one))
        forms = [unquote(re.findall(r'"(?:[^"\\]|\\.)*"', s)) for s in re.split(r"msgstr(?:\[\d\])?", strs)[1:]]
        entries[key] = (unquote(re.findall(r'"(?:[^"\\]|\\.)*"', many)) if many else None, forms)
    return entries


def places(path):
    """Where each text of a catalogue stood when it was updated last."""
    lines = re.findall(r'^#: (\S+)\nmsgid ("(?:[^"\\]|\\.)*")$', open(path, encoding="utf-8").read(), re.M)
    return {unquote([text]): where for where, text in lines}


def same_values(values, translation):
    """A translation has the values of its source in their order, or by their numbers."""
    if "$" not in translation:
        return not translation or CONV.findall(translation) == values
    numbered = re.findall(r"%(\d+)\$[0-9.*]*([lz]*[a-zA-Z])", translation)
    return len(numbered) == len(CONV.findall(translation)) and all(
        int(n) <= len(values) and (kind == values[int(n) - 1] or (kind == "t" and values[int(n) - 1] == "s"))
        for n, kind in numbered)


def quote(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t") + '"'


def write_po(path, header, rows):
    with open(path, "w", encoding="utf-8") as f:
        f.write("# SPDX-License-Identifier: EUPL-1.2\nmsgid \"\"\nmsgstr \"\"\n")
        for line in header.splitlines():
            f.write(quote(line + "\n") + "\n")
        for text, where, many, forms in rows:
            f.write("\n#: %s\nmsgid %s\n" % (where, quote(text)))
            if many is not None:
                f.write("msgid_plural %s\n" % quote(many))
                for i, s in enumerate(forms):
                    f.write("msgstr[%d] %s\n" % (i, quote(s)))
            else:
                f.write("msgstr %s\n" % quote(forms[0]))


def main():
    found, must = sources(), sources(ends=False)
    what = sys.argv[1] if len(sys.argv) > 1 else ""
    bad = 0
    words = [w.strip() for w in open(TOP + "/po/words.nl.txt", encoding="utf-8") if w.strip() and w[0] != "#"]
    for path in sorted(glob.glob(TOP + "/po/*.po")):
        po = read_po(path)
        header = po.pop("", (None, [""]))[1][0]
        plural = {many for many, _ in po.values() if many}
        if what == "--update":
            rows = []
            for text in sorted(found):
                if text in plural and text not in po:
                    continue
                if text not in must and text not in po:
                    continue
                many, forms = po.get(text, (None, [""]))
                rows.append((text, found[text], many, forms))
            write_po(path, header, rows)
            continue
        if what != "--check":
            continue
        name = os.path.relpath(path, TOP)
        stood = places(path)
        for text in sorted(found):
            if text in plural:
                continue
            if text in must and (text not in po or not all(po[text][1])):
                print("%s: no translation of (%s): %s" % (name, found[text], text))
                bad = 1
        for text, (many, forms) in po.items():
            if text not in found and not any(fnmatch.fnmatch(stood.get(text, ""), end) for end, _ in ENDS):
                print("%s: nothing uses: %s" % (name, text))
                bad = 1
            for s in forms:
                if not same_values(CONV.findall(text), s):
                    print("%s: other conversions: %s" % (name, s))
                    bad = 1
                for w in words:
                    if re.search(r"\b" + w.replace("*", r"\w*") + r"\b", s, re.I):
                        print("%s: \"%s\" judges: %s" % (name, w, s))
                        bad = 1
    if what == "":
        for text in sorted(found):
            print("#: %s\nmsgid %s\nmsgstr \"\"\n" % (found[text], quote(text)))
    return bad


if __name__ == "__main__":
    sys.exit(main())

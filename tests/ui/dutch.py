# SPDX-License-Identifier: EUPL-1.2
# A Dutch reviewer opens packages that do not hold: what each check found is said in Dutch, with the names of files as they are.
from scene import *
from words import no_english


def changed(to, what, by):
    """The package with one byte changed behind what stands in it once or more."""
    path = OWN + "/" + to
    data = bytearray(read(made()))
    at = data.index(what) + len(what)
    data[at:at + len(by)] = by
    with open(path, "wb") as f:
        f.write(data)
    return path


def judged(a, path, *said):
    n = open_package(a, path, dutch)
    a.state("verdict-invalid", after=n)
    a.state("checks-shown", after=n)
    shot("%s/%s-%s.png" % (SHOTS, SCENE, os.path.basename(path)))
    no_english(a, os.path.basename(path))
    for text in said:
        if a.find(None, text) is None:
            wait_for(text, lambda: any(text in (m.get_name() or "") for m in a.all()), 5)


def scene():
    a = app(None, LANGUAGE="nl")
    judged(a, changed("report.asice", b'"format":"keten-report-', b"X"),
           "report/report.json is gewijzigd: de inhoud is niet wat tagmanifest-sha256.txt noemt",
           "het rapport is niet dat welk het bewaringslogboek noemt")
    judged(a, changed("log.asice", b'"event":"session.open","mono_ns":', b"x"), "bewaringslogboek, regel 1: niet leesbaar")
    judged(a, changed("zip.asice", b"PK\x01\x02", b"\xff"), "de centrale map")
    n = open_package(a, changed("damaged.asice", b'"not_taken":', b"x"), dutch)
    a.state("report-shown", after=n)
    a.see("Dit pakket is ongeldig. Wat het toont hoeft niet te zijn wat is verzegeld.")
    a.see("Het rapport in dit pakket kon niet tot het einde worden gelezen: ")
    shot("%s/%s-damaged.png" % (SHOTS, SCENE))
    no_english(a, "damaged.asice")
    a.end()


run(scene)

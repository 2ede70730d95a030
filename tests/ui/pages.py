# SPDX-License-Identifier: EUPL-1.2
"""What holds on every page and in every dialog, whatever its colours, direction, language or size: each control has a
name that a screen reader can say, and nothing is cut off at the side."""
import re

from atspi import Failed, extents, laid_out, name, pixels

ROLES = ("push button", "toggle button", "check box", "radio button", "combo box", "entry", "text", "password text",
         "switch", "slider", "menu item")


def inside(n, role):
    p = n.get_parent()
    return p is not None and p.get_role_name() == role and name(p)


def controls(nodes):
    return [n for n in nodes if n.get_role_name() in ROLES and laid_out(n)]


def named(a, what, least=1, nodes=None):
    """Every control has a name of its own; there are at least so many of them. nodes: all of a, to walk it once."""
    found = controls(nodes or a.all())
    bad = []
    for n in found:
        said = name(n)
        # what GTK puts into a control of ours is named by that control
        if any(inside(n, r) for r in ("combo box", "entry", "push button", "password text")):
            continue
        if not said or "_" in said or re.match("(Gtk|Adw|Gdk)[A-Z]", said):
            bad.append("%s \"%s\"" % (n.get_role_name(), said))
    if bad:
        raise Failed("%s: controls without a name: %s" % (what, ", ".join(bad)))
    if len(found) < least:
        raise Failed("%s: %d controls are seen, there are at least %d" % (what, len(found), least))


def in_table(n):
    while n is not None and name(n) != "Observations":
        n = n.get_parent()
    return n is not None


def fits(a, what, nodes=None):
    """Nothing is wider than the window, but a table that scrolls, nor the window larger than the screen."""
    width, height, _ = pixels()
    nodes = nodes or list(a.all())
    frame = extents(next(n for n in nodes if n.get_role_name() == "frame"))
    if frame.width > width or frame.height > height:
        raise Failed("%s: the window is %d x %d, the screen %d x %d" % (what, frame.width, frame.height, width, height))
    seen = 0
    for n in nodes:
        if n.get_role_name() not in ROLES + ("label", "image"):
            continue
        e = extents(n)
        seen += e is not None and e.width > 0
        if e is not None and e.width > 0 and (e.x < 0 or e.x + e.width > frame.width) and not in_table(n):
            raise Failed("%s: %s \"%s\" lies from %d to %d, the window ends at %d" % (
                what, n.get_role_name(), name(n), e.x, e.x + e.width, frame.width))
    if seen < 5:
        raise Failed("%s: a window of %d texts and controls" % (what, seen))


def sound(a, what):
    nodes = list(a.all())
    named(a, what, nodes=nodes)
    fits(a, what, nodes)

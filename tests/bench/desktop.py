# SPDX-License-Identifier: EUPL-1.2
"""desktop.py PROGRAM WORK PACKAGE: works with the window as a reviewer does, by mouse and keyboard alone, and prints
for each thing that was done the longest turn of the main loop: wall clock and CPU time of its thread, in ms.

No accessibility client looks on: reading the tree would be work of the window too."""
import os
import subprocess
import sys
import time

PROGRAM, WORK, PACKAGE = sys.argv[1:4]
STALLS, STATES = WORK + "/stalls", WORK + "/states"


def xdo(*args):
    return subprocess.run(["xdotool", *map(str, args)], check=True, capture_output=True, text=True).stdout


class Window:
    def __init__(self, *args):
        for f in (STALLS, STATES):
            open(f, "w", encoding="utf-8").close()
        self.start = time.monotonic()
        self.proc = subprocess.Popen([PROGRAM, "--settings", WORK + "/desktop.conf", "--state-log", STATES, "--stall-log",
                                      STALLS, *args])
        self.seen = 0

    def lines(self, path):
        with open(path, encoding="utf-8") as f:
            return f.read().split("\n")[:-1]

    def until(self, what, test, seconds=60):
        end = time.monotonic() + seconds
        while not test():
            if self.proc.poll() is not None or time.monotonic() > end:
                sys.exit("desktop.py: %s never came; the log says %s" % (what, " ".join(self.lines(STATES)[-8:])))
            time.sleep(0.02)

    def state(self, word, after=0):
        self.until(word, lambda: word in self.lines(STATES)[after:])

    def quiet(self):
        """Until it has nothing more to do: three looks in a row at its clock show the same."""
        def ticks():
            with open("/proc/%d/stat" % self.proc.pid, encoding="utf-8") as f:
                return sum(map(int, f.read().rsplit(")", 1)[1].split()[11:13]))
        same, last = 0, ticks()
        for _ in range(400):
            time.sleep(0.1)
            now = ticks()
            same = same + 1 if now - last <= 1 else 0
            last = now
            if same == 3:
                return

    def started(self):
        self.until("the window", lambda: any(l.startswith("window ") for l in self.lines(STALLS)))
        at = next(int(l.split()[1]) for l in self.lines(STALLS) if l.startswith("window "))
        return at / 1e3 - self.start * 1e3

    def longest(self, name):
        """The longest turn since the last call."""
        self.quiet()
        lines = self.lines(STALLS)
        painted = next(int(l.split()[1]) for l in lines if l.startswith("window "))
        turns = [tuple(map(int, l.split()[1:4])) for l in lines[self.seen:] if l.startswith("turn ")]
        # what makes the window itself is the figure of its start
        turns = [t[1:] for t in turns if t[0] - t[1] > painted]
        self.seen = len(lines)
        wall, cpu = max((t[0] for t in turns), default=0), max((t[1] for t in turns), default=0)
        if "SHOTS" in os.environ:
            self.shots = getattr(self, "shots", 0) + 1
            subprocess.run(["import", "-window", "root", "%s/%02d.png" % (os.environ["SHOTS"], self.shots)])
        print("%-40s %8.1f %8.1f  %d" % (name, wall / 1e3, cpu / 1e3, len(turns)), flush=True)

    def memory(self, name):
        with open("/proc/%d/status" % self.proc.pid, encoding="utf-8") as f:
            kib = {l.split(":")[0]: int(l.split()[1]) for l in f if l.startswith("Vm") or l.startswith("Rss")}
        print("%-40s %8d KiB now %8d KiB" % (name, kib["VmHWM"], kib["VmRSS"]), flush=True)

    def end(self):
        self.proc.terminate()
        self.proc.wait()


def key(*names, times=1):
    for _ in range(times):
        xdo("key", "--delay", 12, "--clearmodifiers", *names)


def held(name, times):
    xdo("key", "--delay", 16, "--repeat-delay", 16, *([name] * times))


def main():
    for n in range(3):  # warm from the second on
        w = Window()
        ms = w.started()
        if n > 0:
            print("%-40s %8.1f ms" % ("first window", ms), flush=True)
        if n < 2:
            w.end()
    w.memory("memory of the empty window")
    w.end()
    w = Window(PACKAGE)
    w.state("report-shown")
    w.longest("opening the package")
    w.memory("memory when it is open")
    win = xdo("search", "--pid", w.proc.pid, "--onlyvisible", "--name", "Keten").split()[-1]
    geo = dict(l.split("=") for l in xdo("getwindowgeometry", "--shell", win).split("\n") if "=" in l)
    x0, y0, width, height = (int(geo[k]) for k in ("X", "Y", "WIDTH", "HEIGHT"))

    def mouse(x, y):
        xdo("mousemove", x0 + x, y0 + y)

    def wheel(button, times):
        xdo("click", "--repeat", times, "--delay", 40, button)  # GTK takes what is quicker for a fling

    def drag(fx, fy, tx, ty, steps=40):
        mouse(fx, fy - 1)
        w.quiet()  # a bar that lies over the table comes out when the mouse is on it
        mouse(fx, fy)
        xdo("mousedown", 1)
        for i in range(steps + 1):
            mouse(fx + (tx - fx) * i // steps, fy + (ty - fy) * i // steps)
        xdo("mouseup", 1)

    def tab(letter, word, name):
        n = len(w.lines(STATES))
        key("alt+" + letter)
        w.state(word, n)
        w.longest(name)

    mid = (width // 3, height // 2)
    tab("f", "tab-findings", "findings, shown first")
    mouse(*mid)
    wheel(5, 150)
    w.longest("table: wheel, 150 clicks")
    xdo("click", 1)
    w.longest("table: a row is clicked")
    key("Home")
    w.longest("table: to its beginning")
    held("Down", 60)
    w.longest("table: 60 rows down by key")
    held("Next", 100)
    w.longest("table: 100 pages down by key")
    key("End")
    w.longest("table: to its end")
    key("Home")
    w.longest("table: and back")
    drag(w_bar(width), 310, w_bar(width), height - 30)
    w.longest("table: bar dragged to the end")
    drag(w_bar(width), height - 30, w_bar(width), 310)
    w.longest("table: bar dragged back")
    tab("m", "tab-map", "map, shown first")
    mouse(*mid)
    wheel(4, 20)
    w.longest("map: closer by wheel, 20 clicks")
    drag(mid[0], mid[1], mid[0] - 200, mid[1] - 120)
    w.longest("map: dragged")
    wheel(5, 20)
    w.longest("map: farther by wheel, 20 clicks")
    xdo("click", 1)
    held("plus", 12)
    w.longest("map: 12 times closer by key")
    held("Right", 30)
    held("Down", 30)
    w.longest("map: 60 moves by key")
    key("0")
    w.longest("map: everything")
    tab("t", "tab-timeline", "timeline, shown first")
    mouse(*mid)
    wheel(4, 20)
    xdo("click", 1)
    held("Right", 30)
    wheel(5, 20)
    w.longest("timeline: wheel and keys")
    tab("f", "tab-findings", "findings again")
    tab("m", "tab-map", "map again")
    tab("f", "tab-findings", "findings again")
    key("ctrl+f")
    n = len(w.lines(STATES))
    xdo("type", "--delay", 120, "2024-05-1")
    w.state("filtered", n)
    w.longest("filter: a word is typed")
    key("ctrl+a")
    n = len(w.lines(STATES))
    xdo("type", "--delay", 60, '"AT"')  # half of them lie in one town there
    w.state("filtered", n)
    w.longest("filter: a country")
    tab("m", "tab-map", "map of a town")
    mouse(*mid)
    xdo("click", 1)
    key("0")
    w.longest("map of a town: everything")
    held("plus", 6)
    held("Right", 20)
    held("minus", 6)
    w.longest("map of a town: keys")
    tab("f", "tab-findings", "findings again")
    key("ctrl+f")
    key("ctrl+a")
    n = len(w.lines(STATES))
    key("BackSpace")
    w.state("filtered", n)
    w.longest("filter: and taken away")
    tab("v", "tab-verify", "verification again")
    w.memory("memory at the end")
    w.end()


def w_bar(width):
    return width - 394


main()

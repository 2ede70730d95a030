# SPDX-License-Identifier: EUPL-1.2
"""Compares what programs did, as strace saw it, with what their AppArmor profiles allow. A kernel that enforces
profiles is not needed; a profile that would stop a real run is found all the same.

usage: apparmor_match.py PROFILES TRACE [-PREFIX]...
  PROFILES: a folder; profiles are found by the program they are for
  TRACE: of strace -f -y -o TRACE, of any number of programs
  -PREFIX: taken off the front of paths: an installed tree that lies elsewhere, a simulated /sys
Prints what no rule allows; exit 1 when there is any. At the end: how much was compared for each program."""
import os
import re
import sys

VARIABLES = {"@{HOME}/": "/{home/*,root}/", "@{PROC}": "/proc", "@{pid}": "[0-9]*", "@{pids}": "[0-9]*", "@{run}": "/{,var/}run",
             "@{etc_ro}": "/{,usr/}etc", "@{multiarch}": "*-linux-gnu*", "@{sys}": "/sys", "@{tid}": "[0-9]*"}


def regex(glob):
    """AppArmor's globs: ** also crosses slashes, * and ? do not, {a,b} is a choice."""
    for v, text in VARIABLES.items():
        glob = glob.replace(v, text)
    out, depth, i = "", 0, 0
    while i < len(glob):
        c = glob[i]
        if glob.startswith("**", i):
            out, i = out + (".+" if i and glob[i - 1] == "/" and (i + 2 == len(glob)) else ".*"), i + 1
        elif c == "*":
            # alone behind a slash it needs a character
            out += "[^/]+" if glob[i - 1] == "/" and glob[i + 1:i + 2] in ("", "/") else "[^/]*"
        elif c == "?":
            out += "[^/]"
        elif c == "[":
            end = glob.index("]", i)
            out, i = out + glob[i:end + 1], end
        elif c == "{":
            out, depth = out + "(?:", depth + 1
        elif c == "}":
            out, depth = out + ")", depth - 1
        elif c == "," and depth:
            out += "|"
        else:
            out += re.escape(c)
        i += 1
    return re.compile(out)


class Profile:
    def __init__(self, path):
        self.allow, self.deny, self.net, self.program, self.seen = [], [], set(), None, 0
        self.read(path, set())

    def read(self, path, done):
        if path in done:
            return
        done.add(path)
        with open(path, encoding="utf-8") as f:
            text = re.sub(r"(?m)(^|\s)#(?!\*|include).*$", "", f.read())
        for line in re.split(r"\n", text):
            line = line.strip().rstrip(",")
            inc = re.match(r"#?include (if exists )?[<\"]([^>\"]+)[>\"]", line)
            if inc:
                sub = os.path.join("/etc/apparmor.d", inc[2])
                for one in sorted(os.path.join(sub, n) for n in os.listdir(sub)) if os.path.isdir(sub) else [sub]:
                    if os.path.isfile(one):
                        self.read(one, done)
                continue
            head = re.match(r"profile \S+ (/\S+) \{", line)
            if head:
                self.program = head[1]
            net = re.match(r"(deny )?network(?: (\w+))?", line)
            if net and not net[1]:
                self.net.add(net[2] or "all")
            rule = re.match(r"(deny )?(?:owner )?((?:/|@\{)\S*)\s+([rwamklixPUCcpud]+)$", line)
            if rule:
                (self.deny if rule[1] else self.allow).append((regex(rule[2]), set(rule[3])))

    def missing(self, path, need):
        got = set()
        for r, perms in self.allow:
            if r.fullmatch(path):
                got |= perms | ({"a"} if "w" in perms else set())
        for r, perms in self.deny:
            if r.fullmatch(path):
                got -= perms
        return need - got


def accesses(call, args, result):
    """(path, permissions) of one call that succeeded."""
    fd = re.search(r"<(/[^>]*)>", result)
    if call in ("open", "openat", "openat2"):
        if "O_PATH" in args or not fd:
            return []
        need = {"r", "w"} if "O_RDWR" in args else {"w"} if "O_WRONLY" in args else {"r"}
        return [(fd[1] + ("/" if "O_DIRECTORY" in args and fd[1] != "/" else ""), need)]
    if call == "mmap" and "PROT_EXEC" in args and "MAP_ANONYMOUS" not in args:
        m = re.search(r"\d+<(/[^>]*)>", args)
        return [(m[1], {"m"})] if m else []
    if call in ("write", "writev", "pwrite64", "read", "pread64", "readv"):
        m = re.match(r"\d+<(/[^>]*)>", args)
        return [(m[1], {"w" if "write" in call else "r"})] if m else []
    if call in ("unlinkat", "mkdirat", "renameat", "renameat2", "linkat", "symlinkat"):
        return [(os.path.join(d, n), {"w"}) for d, n in re.findall(r"<(/[^>]*)>, \"([^\"]*)\"", args)]
    if call in ("unlink", "mkdir", "rmdir", "rename", "truncate"):
        return [(n, {"w"}) for n in re.findall(r"\"(/[^\"]*)\"", args)]
    if call == "connect":
        m = re.search(r"sun_path=\"(/[^\"]*)\"", args)
        return [(m[1], {"r", "w"})] if m else []
    return []


def main():
    prefixes = sorted((a[1:].rstrip("/") for a in sys.argv[3:]), key=len, reverse=True)
    profiles = [Profile(os.path.join(sys.argv[1], n)) for n in sorted(os.listdir(sys.argv[1]))]
    by_program = {p.program: p for p in profiles}
    running, half, bad = {}, {}, set()

    def strip(path):
        path = path.replace(" (deleted)", "")
        for p in prefixes:
            if path.startswith(p + "/"):
                return path[len(p):]
        return path
    with open(sys.argv[2], encoding="utf-8", errors="replace") as f:
        for line in f:
            pid, _, text = line.strip().partition(" ")
            text = text.strip()
            if text.endswith("<unfinished ...>"):
                half[pid] = text.removesuffix("<unfinished ...>")
                continue
            if text.startswith("<..."):
                text = half.pop(pid, "") + re.sub(r"^<\.\.\. \w+ resumed>", "", text)
            m = re.match(r"(\w+)\((.*)\)\s+= (.*)$", text)
            if not m or m[3].startswith("-1"):
                continue
            call, args, result = m.groups()
            if call in ("clone", "clone3", "fork", "vfork"):
                # (a child may have begun another program before its parent's call was seen to return)
                running.setdefault(result.split()[0].split("<")[0], running.get(pid))
            elif call == "execve":
                program = strip(re.match(r"\"([^\"]*)\"", args)[1])
                program = re.sub("^/usr/bin/keten", "/usr/libexec/keten/keten", program)
                running[pid] = by_program.get(program)
            profile = running.get(pid)
            if profile is None:
                continue
            if call == "socket":
                family = re.match(r"AF_(\w+)", args)[1].lower()
                profile.seen += 1
                if family not in ("unix", "local") and not {family, "all"} & profile.net:
                    bad.add((profile.program, "a socket of " + family, "network"))
            for path, need in accesses(call, args, result):
                path = strip(path)
                if path.startswith(("/dev/null", "/dev/pts/", "/memfd:", "/ioctl", "/event")) or "libumockdev" in path:
                    continue  # no file of a file system; what every profile has; what the simulated bus brings along
                profile.seen += 1
                lack = profile.missing(path, need)
                if path.endswith("/") and lack:  # a folder may be meant with or without its slash
                    lack = profile.missing(path.rstrip("/"), need)
                if lack:
                    bad.add((profile.program, path, "".join(sorted(lack))))
    for b in sorted(bad):
        print("no rule of %s for %s %s" % b)
    for p in profiles:
        print("%s: %d accesses compared" % (p.program, p.seen))
    sys.exit(1 if bad or not all(p.seen for p in profiles) else 0)


main()

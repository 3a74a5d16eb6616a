#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""flames - flame graphs show what is in the stacks, and scripts/profile makes them of a program. Speaks TAP.

Usage: flames.py S2SHADOW S2SHADOW-BENCH
"""

import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as xml

from command import ROOT, Command, data
from event_log import need
from outputs import attempt

SVG = "{http://www.w3.org/2000/svg}"
SCRIPTS = os.path.join(ROOT, "scripts")


def script(name, *arguments, text="", timeout=300):
    return subprocess.run([os.path.join(SCRIPTS, name), *arguments], input=text, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=timeout, check=False)


def frames(text):
    """(name, what is said of it, x, y, width) of each frame."""
    found = []
    for group in xml.fromstring(text).iter(SVG + "g"):
        name, _, part = group.find(SVG + "title").text.rpartition(": ")
        box = group.find(SVG + "rect")
        found.append((name, part, float(box.get("x")), float(box.get("y")), float(box.get("width"))))
    return found


def by_name(text):
    found = {name: rest for name, *rest in frames(text)}
    need(len(found) == len(frames(text)), "a frame is there twice")
    return found


def shares():
    done = script("flame-graph", "--title", "a < b & c", "--unit", "apples", text="a;b 30\na;c;d 60\na;b 5\na 5\n")
    need(done.returncode == 0 and not done.stderr, done.stderr)
    found = by_name(done.stdout)
    need(set(found) == {"all", "a", "b", "c", "d"}, f"frames {sorted(found)}")
    whole = found["all"][3]
    for name, share in (("a", 1), ("b", 0.35), ("c", 0.6), ("d", 0.6)):
        need(abs(found[name][3] - share * whole) < 0.02, f"{name} is {found[name][3]} of {whole} wide")
    need(found["b"][0] == "35 apples, 35.00%", f"says {found['b'][0]}")
    need(found["b"][1] == found["a"][1] and found["c"][1] > found["b"][1], "not side by side, by name")
    need(found["d"][2] < found["c"][2] < found["a"][2] < found["all"][2], "callees are not above their callers")
    need(xml.fromstring(done.stdout).find(SVG + "title").text == "a < b & c", "the title")
    need("http" not in done.stdout.replace("http://www.w3.org/2000/svg", ""), "it needs something else")


def same_name_twice():
    done = script("flame-graph", text="a;f 10\nb;f 10\nf<T&>;operator<< 10\n")
    names = sorted(name for name, *_ in frames(done.stdout))
    need(names == ["a", "all", "b", "f", "f", "f<T&>", "operator<<"], f"frames {names}")


def too_narrow_to_see():
    done = script("flame-graph", text="a 1000000\nb 1\n")
    need({name for name, *_ in frames(done.stdout)} == {"all", "a"}, "a frame that nobody can see")


def refusals(command):
    for name, text, says in (("nothing", "", "there is nothing in it"), ("no number", "a;b\n", ":1: not a stack"),
                             ("a negative number", "a 1\na;b -3\n", ":2: not a stack"),
                             ("an empty frame", "a;;b 3\n", ":1: a frame without a name"),
                             ("too deep", ";".join("a" * 501) + " 1\n", "more than 500 frames")):
        with tempfile.TemporaryDirectory() as folder:
            done = script("flame-graph", "--output", os.path.join(folder, "out"), text=text)
            left = os.listdir(folder)
        good = done.returncode == 2 and says in done.stderr and len(done.stderr.splitlines()) == 1 and not left
        command.case(f"stacks with {name} are refused", None if good else f"{done.returncode} {done.stderr} {left}")


def profiled(way, expected, *arguments):
    """Return: None, or why it cannot be here."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "out.svg")
        done = script("profile", "--by", way, "--output", path, *arguments)
        if done.returncode == 77:
            return done.stderr.strip()
        need(done.returncode == 0, done.stderr)
        need(os.listdir(folder) == ["out.svg"], "other files are left")
        with open(path, encoding="utf-8") as file:
            found = {name for name, *_ in frames(file.read())}
    need(expected <= found, f"missing: {sorted(expected - found)}")
    return None


def of_programs(command, replay, bench):
    trace = os.path.join(ROOT, "bench", "traces", "churn.txt.xz")
    runs = (("callgrind", {"shadow_flush", "target_publish", "shadow_wait"},
             ["--from", "storm_timed_lone", bench, "--once", "--benchmark_filter=^lone/revoke_random/"]),
            ("callgrind", {"play", "batched_flush", "shadow_flush", "shadow_reserve"},
             [replay, "replay", "--policy", "batched", "--repeat", "1", data("good_small.txt")]),
            ("cpu-clock", {"replay_main", "trace_load"}, [replay, "replay", "--policy", "batched", trace]))
    for way, expected, arguments in runs:
        name = f"profile by {way} of {os.path.basename(replay if 'replay' in arguments else bench)}"
        skipped = []
        attempt(Skipping(command, skipped), name, lambda: skipped.append(profiled(way, expected, *arguments)))


class Skipping:
    """A command whose case may turn out to be skipped."""

    def __init__(self, command, skipped):
        self.command, self.skipped = command, skipped

    def case(self, name, complaint):
        skip = not complaint and self.skipped[0]
        self.command.case(f"{name} # SKIP {skip}" if skip else name, complaint)


def bad_usage(command, replay):
    for name, arguments, status, says in (
            ("no program", ["--output", "x.svg"], 2, "which program?"),
            ("no output", [replay, "info"], 2, "--output"),
            ("a program that fails", ["--by", "callgrind", "--output", "x.svg", replay, "replay", "missing"], 1, "failed"),
            ("a function that is not there", ["--by", "callgrind", "--from", "nowhere", "--output", "x.svg", replay,
                                              "replay", "--policy", "batched", "--repeat", "1", data("good_small.txt")],
             1, "nothing was found in nowhere()")):
        done = script("profile", *arguments)
        good = (done.returncode == status and says in done.stderr) or done.returncode == 77
        command.case(f"profile with {name} is refused", None if good else f"{done.returncode} {done.stderr}")


def main():
    if len(sys.argv) != 3:
        print(__doc__.strip().splitlines()[-1], file=sys.stderr)
        return 2
    command = Command(sys.argv[1])
    attempt(command, "a frame is as wide as what is in it, and above its caller", shares)
    attempt(command, "one name with several callers is several frames, and any name can be shown", same_name_twice)
    attempt(command, "what is too narrow to see is left out", too_narrow_to_see)
    refusals(command)
    bad_usage(command, command.program)
    of_programs(command, command.program, os.path.abspath(sys.argv[2]))
    return command.end()


if __name__ == "__main__":
    sys.exit(main())

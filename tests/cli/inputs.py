#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""inputs - statistics of traces are those that bench/traces/README.md shows. Speaks TAP.

Usage: inputs.py COMMAND
"""

import json
import os
import re
import sys

from command import TRACES, Command, data, refused

README = os.path.join(TRACES, "README.md")
BLOCK = re.compile(r"^<!-- output: \S+/s2shadow trace stats bench/traces/(?P<name>\S+) -->\n```\n(?P<text>.*?)^```\n",
                   re.MULTILINE | re.DOTALL)
ROW = re.compile(r"^\| `(?P<name>\S+)` \| [^|]* \| (?P<records>\d+) \| (?P<t>\d+) \| (?P<changing>\d+) \|", re.MULTILINE)

REFUSED = [
    (["trace"], "knows one thing"),
    (["trace", "state"], "knows one thing"),
    (["trace", "stats"], "no trace is named"),
    (["trace", "stats", "--json"], "needs a value"),
    (["trace", "stats", "--json", "", data("good_small.txt")], "no file is named"),
    (["trace", "stats", "--text", data("good_small.txt")], "unknown option"),
    (["trace", "stats", "no-such-trace"], "no-such-trace: "),
    (["trace", "stats", data("bad_seq.txt")], "bad_seq.txt:"),
    (["trace", "stats", "--json", data("good_small.txt"), data("good_small.txt")], "overwrite"),
    (["trace", "stats", "--json", "missing/out", data("good_small.txt")], "No such file"),
]


def recorded():
    return sorted(name for name in os.listdir(TRACES) if name.endswith(".xz"))


def differs(shown, found):
    """The first line in which two texts differ, or None."""
    for number, (left, right) in enumerate(zip(shown.splitlines(), found.splitlines()), 1):
        if left.rstrip() != right.rstrip():
            return f"line {number}: README has {left!r}, the command says {right!r}"
    return None if len(shown.splitlines()) == len(found.splitlines()) else "one has more lines"


def statistics(command):
    with open(README, encoding="utf-8") as file:
        readme = file.read()
    blocks = {block["name"]: block["text"] for block in BLOCK.finditer(readme)}
    rows = {row["name"]: row for row in ROW.finditer(readme)}
    for name in recorded():
        path = os.path.join(TRACES, name)
        done = command.run("trace", "stats", path)
        complaint = done.stderr or differs(blocks.get(name, ""), done.stdout)
        wide = max(map(len, done.stdout.splitlines()), default=0)
        if not complaint and wide > 80:
            complaint = f"{wide} columns"
        command.case(f"the README shows the statistics of {name}", complaint)
        found = json.loads(command.run("trace", "stats", "--json", "-", path).stdout)[0]
        counts = (found["records"]["all"], found["records"]["T"],
                  found["lost"]["records"] + found["regained"]["records"])
        row = rows.get(name)
        shown = tuple(int(row[key]) for key in ("records", "t", "changing")) if row else None
        command.case(f"the README's table holds the counts of {name}",
                     None if shown == counts else f"README {shown}, counted {counts}")


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    command = Command(sys.argv[1])
    for arguments, says in REFUSED:
        command.case(" ".join(["s2shadow", *arguments]) + " is refused", refused(command, arguments, says))
    statistics(command)
    return command.end()


if __name__ == "__main__":
    sys.exit(main())

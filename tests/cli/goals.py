#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""goals - what replays count is within its goal, and eager and strict stand beside it. Speaks TAP.

Usage: goals.py COMMAND    with s2shadow-bench beside it

By scripts/show-goals --counted. The one row that is known to be above its goal has a reason, and stays where it is.
"""

import os
import re
import subprocess
import sys

from command import ROOT, Command

SHOW = os.path.join(ROOT, "scripts", "show-goals")
ROW = re.compile(r"^(?P<what>.{40})c +<= +(?P<goal>\d+) +(?P<ours>\d+) +(?P<eager>\d+) +(?P<strict>\d+)(?P<missed> \(\d\))?$")
ROWS = 11
MISSED = [("SYNCs", 3, 4)]      # a block cut at BBML 1 on a nested SMMU: goal, ours


def main():
    if len(sys.argv) != 2:
        print(__doc__.strip())
        return 2
    command = Command(sys.argv[1])
    done = subprocess.run([SHOW, "--counted", os.path.dirname(command.program)], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    rows = [match for match in map(ROW.match, done.stdout.splitlines()) if match]
    command.case("the table has a row for every counted goal",
                 None if done.returncode == 0 and len(rows) == ROWS else done.stdout)
    long = [line for line in done.stdout.splitlines() if len(line) > 80]
    command.case("it fits 80 columns", "\n".join(long) or None)
    above = [(row["what"].strip(), int(row["goal"]), int(row["ours"])) for row in rows
             if int(row["ours"]) > int(row["goal"])]
    command.case("ours is within all counted goals but the one that is known", None if above == MISSED else str(above))
    marked = [row for row in rows if row["missed"]]
    command.case("what is above its goal, and nothing else, is marked and has its reason",
                 None if len(marked) == len(above) and "\n(1) " in done.stdout and
                 "no reason is known" not in done.stdout else done.stdout)
    worse = [row[0] for row in rows if int(row["eager"]) < int(row["ours"]) or int(row["strict"]) < int(row["ours"])]
    command.case("neither eager nor strict takes less of anything", "\n".join(worse) or None)
    done = subprocess.run([SHOW], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    command.case("without a folder it says how it is used", None if done.returncode == 2 else done.stdout)
    return command.end()


if __name__ == "__main__":
    sys.exit(main())

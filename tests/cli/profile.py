#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""profile - what `s2shadow profile` writes agrees with itself and with formulae; what is wrong is refused. Speaks TAP.

Usage: profile.py COMMAND
"""

import csv
import json
import os
import sys
import tempfile
import xml.etree.ElementTree

from command import Command, data, refused
from interruption import Interrupted

QUICK = ["--repetitions", "0", "--accesses", "300", "--pages", "200"]
GOOD = data("good_small.txt")
MEASURED = os.path.join(data("profile"), "measured.txt")
DEVICE = """name mine
ranges no assumed
command_ns 20 assumed
range_ns 20 assumed
piece_ns 0 assumed
vmid_ns 30 assumed
stage1_ns 40 assumed
sync_ns 500 from the bench
main_ns 0 assumed
walk_ns 10 assumed
read_ns 10 assumed
main 64 4 lru assumed
"""

OPTIONS = [
    (["--runs", "0"], "1 to 65536"),
    (["--runs", "1,,2"], "1 to 65536"),
    (["--runs", "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17"], "more than 16 values"),
    (["--runs", "65536", "--length", "17"], "more than 1048576 pages"),
    (["--gap", "x"], "1 to 1048576"),
    (["--smmus", "65"], "1 to 64"),
    (["--nested", "maybe"], "neither no nor yes"),
    (["--strategy", "lazy"], "none of page, range"),
    (["--strategy", "range,exact", "--device", "mmu-600"], "has no range invalidation"),
    (["--device", "no-such-device"], "no-such-device: No such file"),
    (["--device", ""], "no file is named"),
    (["--device", "old"], "old:1: neither 'from'"),
    (["--dma", "round"], "none of sequential"),
    (["--planner", "1,2,3,4,5"], "not six numbers"),
    (["--planner", "1,2,3,4,5,6,7"], "not six numbers"),
    (["--planner", "0,2,3,4,5,6"], "1 to 1048576"),
    (["--planner", "1,2,3,x,5,6"], "0 to 1048576"),
    (["--leaf", "1G"], "neither 4K nor 2M"),
    (["--repetitions", "1002"], "0 to 1001"),
    (["--plot", "picture.jpg"], "neither .svg nor .png"),
    (["--csv", "new", "--json", "new"], "two outputs in one file"),
    (["--csv", "old", "--device", "old"], "overwrite an input"),
    (["--csv", "missing/out"], "No such file"),
    (["--csv", "new", "--plot", "missing/out.svg"], "No such file"),
    (["--csv", "/dev/full", "--runs", "1"], "cannot write"),
    (["--trace", GOOD, "--runs", "5"], "--trace and --runs do not go together"),
    (["--trace", data("bad_old.txt")], "bad_old.txt:9: "),
    (["--trace", GOOD, "--flush", "trips"], "transition, trip"),
    (["--flush", "trip"], "--flush needs --trace"),
    (["--measured", MEASURED, "--nested", "yes"], "--measured and --nested do not go together"),
    (["--measured", MEASURED, "--trace", GOOD], "--measured and --trace do not go together"),
    (["--measured", "old"], "old:1: none of page"),
    (["--measured", MEASURED, "--device", "mmu-600"], "has no ranges"),
    (["runs"], "one argument too many"),
    (["--frob"], "unknown option --frob"),
]


def run(command, directory, *arguments):
    return command.run("profile", *QUICK, "--csv", "rows.csv", "--json", "all.json", "--plot", "picture.svg", *arguments,
                       directory=directory)


def read(directory):
    with open(os.path.join(directory, "rows.csv"), encoding="ascii", newline="") as file:
        rows = list(csv.DictReader(file))
    with open(os.path.join(directory, "all.json"), encoding="utf-8") as file:
        found = json.load(file)
    picture = xml.etree.ElementTree.parse(os.path.join(directory, "picture.svg")).getroot()
    return rows, found, picture


def wrong_together(done, rows, found, picture):
    """What the three files and the text disagree in; None if nothing."""
    if done.returncode or done.stderr:
        return f"exit status {done.returncode}: {done.stderr}"
    if not picture.tag.endswith("svg"):
        return f"the picture is {picture.tag}"
    if any(len(line) > 80 for line in done.stdout.splitlines()):
        return "a line has more than 80 columns"
    if len(rows) != len(found["rows"]) or not rows:
        return f"{len(rows)} rows in CSV, {len(found['rows'])} in JSON"
    for row, same in zip(rows, found["rows"]):
        if (row["strategy"], int(row["runs"]), int(row["counted_commands"])) != \
                (same["strategy"], same["runs"], same["counted"]["commands"]):
            return f"{row} is {same} in JSON"
    return None


def wrong_counts(rows):
    """Of single pages far apart."""
    for row in rows:
        smmus, nested, flushes = int(row["smmus"]), row["nested"] == "yes", int(row["counted_flushes"])
        whole = row["strategy"] == "vmid"
        expected = smmus * flushes if whole else smmus * (int(row["runs"]) + nested * flushes)
        syncs = smmus * flushes * (2 if nested and not whole else 1)
        if flushes != -(-int(row["runs"]) // int(row["batch"])):
            return f"{flushes} flushes: {row}"
        if int(row["counted_commands"]) != expected or int(row["counted_syncs"]) != syncs or \
                int(row["counted_doorbells"]) != smmus * flushes:
            return f"not {expected} commands and {syncs} syncs: {row}"
    return None


def sweeps(command):
    with tempfile.TemporaryDirectory() as directory:
        with open(os.path.join(directory, "mine.txt"), "w", encoding="ascii") as file:
            file.write(DEVICE)
        done = run(command, directory, "--runs", "3,40", "--gap", "1000", "--batch", "7", "--smmus", "1,2", "--nested",
                   "no,yes")
        rows, found, picture = read(directory)
        command.case("files of a sweep agree with each other", wrong_together(done, rows, found, picture))
        command.case("a sweep counts what the formulae say",
                     wrong_counts(rows) or (None if len(rows) == 2 * 2 * 2 * 6 else f"{len(rows)} rows"))
        done = run(command, directory, "--runs", "5", "--device", "mine.txt")
        rows, found, picture = read(directory)
        command.case("a file describes a device", wrong_together(done, rows, found, picture))
        origins = found["given"]["device"]["origins"]
        command.case("origins of its figures are passed on",
                     None if origins["sync_ns"] == "the bench" and origins["main"] == "assumed" else str(origins))
        command.case("without ranges three strategies are left",
                     None if [row["strategy"] for row in rows] == ["page", "vmid", "planned"] else str(rows))
        run(command, directory, "--runs", "50", "--planner", "64,0,0,0,640,16")
        rows, found, _ = read(directory)
        command.case("the planner takes the parameters that it is given",
                     None if rows[5]["counted_commands"] == "1" and found["planner"][0]["given"]["vmid"] == 640 else str(rows[5]))
        first = command.run("profile", *QUICK, "--dma", "hot", "--runs", "9,99", directory=directory).stdout
        again = command.run("profile", *QUICK, "--dma", "hot", "--runs", "9,99", directory=directory).stdout
        command.case("without measuring, the same seed says the same", None if first == again else "it differs")


def traces(command):
    with tempfile.TemporaryDirectory() as directory:
        done = run(command, directory, "--trace", GOOD, "--flush", "transition", "--nested", "no,yes")
        rows, found, picture = read(directory)
        command.case("files of a trace agree with each other", wrong_together(done, rows, found, picture))
        trace = found["given"]["trace"]
        wrong = None
        for row in rows:
            if row["trace"] != "good_small" or int(row["counted_flushes"]) != trace["flushes"] or \
                    (row["strategy"] == "vmid" and int(row["counted_commands"]) != trace["flushes"]):
                wrong = f"{row}, {trace}"
        command.case("every strategy plays all flushes of a trace", wrong or (None if len(rows) == 12 else str(rows)))


def measured(command):
    with tempfile.TemporaryDirectory() as directory:
        done = run(command, directory, "--measured", MEASURED)
        rows, found, picture = read(directory)
        command.case("files of figures from hardware agree with each other", wrong_together(done, rows, found, picture))
        command.case("they are not called modelled",
                     None if found["hardware"] and "hardware" in found["rows"][0] and "modelled" not in found["rows"][0]
                     and "hardware_smmu_ns" in rows[0] else str(found["rows"][0]))


def interrupted(command):
    """Ctrl-C in the middle of a sweep that would take minutes."""
    with tempfile.TemporaryDirectory() as directory:
        done = Interrupted(command, directory, ["profile", "--runs", "1000,2000,3000,4000,5000,6000", "--length", "1,2,3,4,5,6",
                                                "--gap", "1,2,3,4,5,6", "--repetitions", "101", "--csv", "rows.csv", "--json",
                                                "all.json", "--plot", "picture.svg"], b"profile [")
        if not done.seen or done.status != 130 or done.left != ["all.json", "picture.svg", "rows.csv"] or \
                b"interrupted: " not in done.terminal:
            return done.told()
        rows, found, _ = read(directory)
    if not found["interrupted"] or not rows or len(rows) % 6 or len(rows) >= 6 * 216 or found["crossings"]:
        return f"{len(rows)} rows, {len(found['crossings'])} crossings"
    return None if "1000 runs of 1 page" in done.output else done.told()


def main():
    if len(sys.argv) != 2:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    command = Command(sys.argv[1])
    for arguments, says in OPTIONS:
        command.case(f"profile {' '.join(os.path.basename(word) for word in arguments)} is refused",
                     refused(command, ["profile", *QUICK, *arguments], says))
    sweeps(command)
    traces(command)
    measured(command)
    command.case("a sweep that is interrupted shows its points so far", interrupted(command))
    return command.end()


if __name__ == "__main__":
    sys.exit(main())

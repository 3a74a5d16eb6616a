#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""timeline - what --timeline writes can be shown, and counts what the results count; --counters says why not. Speaks TAP.

Usage: timeline.py COMMAND
"""

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from decimal import Decimal

from command import ROOT, TRACES, Command, data, refused
from event_log import need
from outputs import attempt

MEASURED, MODELLED = 1, 2
WAITS = 1000    # modelled rows of CPUs begin there
STAGES = {"drain", "retire", "coalesce", "plan", "prepare", "write", "invalidate"}
GOOD = data("good_small.txt")


def replay(command, arguments):
    """(events, other data, the run of the results)"""
    with tempfile.TemporaryDirectory() as directory:
        done = command.run("replay", *arguments, "--timeline", "timeline", "--json", "results", directory=directory)
        need(done.returncode == 0 and not done.stderr, f"exit status {done.returncode}: {done.stderr}")
        with open(os.path.join(directory, "timeline"), encoding="ascii") as file:
            timeline = json.load(file, parse_float=Decimal, parse_int=Decimal)
        with open(os.path.join(directory, "results"), encoding="ascii") as file:
            run, = json.load(file)["runs"]
    return timeline["traceEvents"], timeline["otherData"], run


def check_rows(events):
    """Each row has a name, and each process."""
    names = {(event["pid"], event["name"], event["tid"]): event["args"]["name"] for event in events if event["ph"] == "M"}
    need(names[MEASURED, "process_name", 0] == "measured", "process 1 is not called measured")
    need(names[MODELLED, "process_name", 0] == "modelled", "process 2 is not called modelled")
    for event in events:
        need((event["pid"], "thread_name", event["tid"]) in names or event["name"] == "process_name",
             f"a row without a name: {event}")


def check_nesting(events):
    """Slices of a row lie side by side or in each other; stages lie in flushes; moments in time. Returns how deep."""
    rows = {}
    for event in events:
        if event["ph"] == "X":
            need(event["ts"] >= 0 and event["dur"] >= 0, f"a slice outside of time: {event}")
            rows.setdefault((event["pid"], event["tid"]), []).append(event)
        elif event["ph"] == "i":
            need(event["ts"] >= 0, f"a moment outside of time: {event}")
        else:
            need(event["ph"] == "M", f"an event of another kind: {event}")
    deepest = 0
    for row in rows.values():
        around = []
        # Of two that begin at once the longer one is outside; of two alike, a flush.
        for event in sorted(row, key=lambda each: (each["ts"], -each["dur"], rank(each["name"]))):
            while around and around[-1]["ts"] + around[-1]["dur"] <= event["ts"] and \
                    not holds(around[-1], event):
                around.pop()
            if around:
                need(event["ts"] + event["dur"] <= around[-1]["ts"] + around[-1]["dur"],
                     f"{event} sticks out of {around[-1]}")
            if event["name"] in STAGES:
                need(any(each["name"] == "flush" for each in around), f"a stage outside of a flush: {event}")
            around.append(event)
            deepest = max(deepest, len(around))
    return deepest


def rank(name):
    return {"transition": 0, "consent": 0, "flush": 1}.get(name, 2)


def holds(outer, inner):
    """Does a slice that has no length, at the end of another, belong to it?"""
    return rank(outer["name"]) < rank(inner["name"]) and \
        inner["ts"] + inner["dur"] <= outer["ts"] + outer["dur"]


def check_counts(events, run):
    count = Counter((event["pid"], event["name"]) for event in events)
    flushes = sum(1 for event in events if event["name"] == "flush" and event["args"]["transitions"])
    for what, found, expected in (
            ("transitions", count[MEASURED, "transition"], run["transitions"]),
            ("consents", count[MEASURED, "consent"], run["ahead"]["consents"] if run["ahead"] else 0),
            ("flushes", flushes, run["flushes"] if run["policy"] == "batched" else 0),
            ("splits", count[MEASURED, "split"], run["splits"]),
            ("collapses", count[MEASURED, "collapse"], run["collapses"]),
            ("doorbells, measured", count[MEASURED, "doorbell"], run["doorbells"]),
            ("doorbells, modelled", count[MODELLED, "doorbell"], run["doorbells"]),
            ("syncs", count[MODELLED, "SYNC"], run["syncs"])):
        need(found == expected, f"{what}: {found} in the timeline, {expected} in the results")
    tlbi = sum(event["args"]["commands"] for event in events if event["name"] == "SYNC")
    need(tlbi == run["tlbi"], f"commands before SYNCs: {tlbi}, {run['tlbi']} in the results")


def check_model(events, sync_ns):
    for event in events:
        if event["name"] == "SYNC":
            need(event["pid"] == MODELLED and event["dur"] * 1000 == sync_ns, f"a SYNC of another length: {event}")
    end = {}
    for event in events:
        if event["pid"] == MODELLED and event["ph"] == "X":
            row = event["tid"]
            need(event["ts"] >= end.get(row, 0), f"overlaps with the one before: {event}")
            end[row] = event["ts"] + event["dur"]


def check(command, arguments, sync_ns=1000, deep=2):
    events, other, run = replay(command, arguments)
    check_rows(events)
    need(check_nesting(events) >= deep, "nothing is nested")
    check_counts(events, run)
    check_model(events, sync_ns)
    need(other["policy"] == run["policy"] and other["trace"] == run["trace"] and other["sync_ns"] == sync_ns,
         f"says {other}")


def good(command):
    churn = os.path.join(TRACES, "churn.txt.xz")
    for trace, setting in ((GOOD, []), (GOOD, ["--nested", "--smmus", "2", "--sync-ns", "700"]),
                           (GOOD, ["--bbml", "1", "--collapse", "eager"]), (GOOD, ["--flush", "transition"]),
                           (churn, ["--until", "20000"]), (churn, ["--until", "20000", "--smmus", "4", "--ahead", "64K"])):
        sync_ns = 700 if "700" in setting else 1000
        attempt(command, f"timeline of {os.path.basename(trace)} {' '.join(setting)}",
                lambda: check(command, ["--policy", "batched", *setting, trace], sync_ns))
    for policy in ("eager", "strict"):
        attempt(command, f"timeline of {policy}, which has no stages",
                lambda: check(command, ["--policy", policy, GOOD], deep=1))


def shown(command):
    """scripts/show-timeline adds up what is there."""
    show = os.path.join(ROOT, "scripts", "show-timeline")
    with tempfile.TemporaryDirectory() as directory:
        path, results = os.path.join(directory, "timeline"), os.path.join(directory, "results")
        command.run("replay", "--policy", "batched", "--smmus", "2", "--timeline", path, "--json", results, GOOD)
        with open(results, encoding="ascii") as file:
            run, = json.load(file)["runs"]
        done = subprocess.run([show, path], stdout=subprocess.PIPE, text=True, check=True)
        with open(path, "w", encoding="ascii") as file:
            file.write("[]\n")
        refused_by = subprocess.run([show, path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    rows = {line[:20].strip(): line[20:].split() for line in done.stdout.splitlines() if line.startswith("  ")}
    need(rows["SYNC"] == [str(run["syncs"]), str(run["syncs"]), "1000", "1000", "1000"], f"SYNC: {rows['SYNC']}")
    need(rows["commands a SYNC"][:2] == [str(run["syncs"]), str(run["tlbi"])], f"commands: {rows['commands a SYNC']}")
    need(rows["transition"][0] == str(run["transitions"]), f"transitions: {rows['transition']}")
    need(all(len(line) <= 80 for line in done.stdout.splitlines() if line.startswith("  ")), "a row of more than 80 columns")
    need(refused_by.returncode == 2 and refused_by.stderr.endswith("not a timeline of s2shadow replay\n") and
         not refused_by.stdout, f"a file that is none: {refused_by.stderr}")


def bad(command):
    batched = ["replay", "--policy", "batched"]
    command.case("--timeline needs one policy", refused(command, ["replay", "--timeline", "new", GOOD],
                                                        "--timeline needs exactly one trace and one --policy"))
    command.case("--timeline needs one trace", refused(command, [*batched, "--timeline", "new", GOOD, GOOD],
                                                       "--timeline needs exactly one trace and one --policy"))
    command.case("--timeline and --log into one file", refused(command, [*batched, "--timeline", "new", "--log", "new",
                                                                         GOOD], "two outputs name this file"))
    command.case("--timeline over the trace", refused(command, [*batched, "--timeline", GOOD, GOOD], "overwrite"))
    command.case("a timeline that cannot be written", refused(command, [*batched, "--timeline", "/dev/full", GOOD],
                                                              "cannot write"))
    command.case("--counters and --timeline", refused(command, [*batched, "--timeline", "new", "--counters", GOOD],
                                                      "do not go together"))
    command.case("--counters needs batched", refused(command, ["replay", "--policy", "eager", "--counters", GOOD],
                                                     "--counters needs the policy batched"))
    command.case("--counters needs one policy", refused(command, ["replay", "--counters", GOOD],
                                                        "--counters needs exactly one trace and one --policy"))


def counters(command):
    """A machine has them or has not: the command says which, and nothing in between."""
    done = command.run("replay", "--policy", "batched", "--counters", GOOD)
    lines = done.stdout.splitlines()
    if done.returncode == 0:
        said = any(line.startswith("invalidate ") for line in lines) and "measured in user space" in done.stdout
        command.case("--counters shows stages", None if said else done.stdout)
    else:
        command.case("--counters where there are none", refused(command, ["replay", "--policy", "batched", "--counters", GOOD],
                                                                 "scripts/count-flush-stages counts instructions"))


def main():
    if len(sys.argv) != 2:
        print(__doc__.strip().splitlines()[-1], file=sys.stderr)
        return 2
    command = Command(sys.argv[1])
    good(command)
    attempt(command, "show-timeline adds up what is there", lambda: shown(command))
    bad(command)
    counters(command)
    return command.end()


if __name__ == "__main__":
    sys.exit(main())

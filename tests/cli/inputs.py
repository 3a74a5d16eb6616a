#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""inputs - statistics of traces are those that bench/traces/README.md shows; generated and converted
traces are good ones. Speaks TAP.

Usage: inputs.py COMMAND
"""

import hashlib
import json
import lzma
import os
import re
import sys
import tempfile

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
    (["generate", "again"], "one argument too many"),
    (["generate", "--memory", "5T"], "at most 4T"),
    (["generate", "--memory", "1000"], "size of whole 4K pages"),
    (["generate", "--memory", "1K"], "size of whole 4K pages"),
    (["generate", "--memory", "1M"], "multiple of 2M"),
    (["generate", "--vm-memory", "1Gi"], "goes on after the size"),
    (["generate", "--vm-memory", "2G"], "do not fit"),
    (["generate", "--vms", "0"], "from 1 to 1024"),
    (["generate", "--vcpus", "257"], "from 1 to 256"),
    (["generate", "--cpus", "-1"], "from 1 to 256"),
    (["generate", "--folio", "12K"], "powers of two"),
    (["generate", "--folio", "4K,4K"], "stands there twice"),
    (["generate", "--folio", "4K:0"], "the share"),
    (["generate", "--folio", "4K;2M"], "powers of two"),
    (["generate", "--folio", "2M", "--vm-memory", "1M"], "larger than a VM"),
    (["generate", "--folio", "2M", "--vm-memory", "3M"], "multiple of the smallest folio"),
    (["generate", "--call", "12K"], "power of two"),
    (["generate", "--order", "sorted"], "ascending, descending"),
    (["generate", "--fragmentation", "101"], "from 0 to 100"),
    (["generate", "--name", "a b"], "letters"),
    (["generate", "--seed", "x"], "from 0 to"),
    (["generate", "--rounds", "1000000"], "more than"),
    (["generate", "--output", "missing/out"], "No such file"),
    (["generate", "--output", "/dev/full"], "cannot write"),
    (["generate", "--like", data("good_small.txt"), "--vms", "2"], "do not go together"),
    (["generate", "--like", data("bad_seq.txt")], "bad_seq.txt:"),
    (["generate", "--like", data("good_small.txt"), "--output", data("good_small.txt")], "overwrite"),
    (["generate", "--workload", "missing"], "missing: "),
    (["generate", "--workload", data("workload_bad_value.txt")], "workload_bad_value.txt:3: "),
    (["generate", "--workload", data("workload_bad_key.txt")], "workload_bad_key.txt:2: 'memry'"),
    (["generate", "--workload", data("workload_bad_words.txt")], "workload_bad_words.txt:1: 'vms'"),
]

MACHINE = ["--memory", "40000000-44000000", "--without", "43c00000-44000000"]
SIMPLE = data("log_simple.txt")

RECORD_REFUSED = [
    ([SIMPLE], "no --memory"),
    (MACHINE, "no log is named"),
    ([*MACHINE, SIMPLE, SIMPLE], "more than one log"),
    ([*MACHINE, "no-such-log"], "no-such-log: "),
    (["--memory", "40000000", SIMPLE], "START-END"),
    (["--memory", "40000000-40000800", SIMPLE], "START-END"),
    (["--memory", "-40000000", SIMPLE], "START-END"),
    (["--memory", "40000000-44000000", "--memory", "43000000-45000000", SIMPLE], "touches the range before it"),
    (["--memory", "40000000-44000000", "--without", "50000000-50001000", SIMPLE], "--without: 50000000"),
    ([*MACHINE, "--ia-bits", "30", SIMPLE], "beyond 30 bits"),
    ([*MACHINE, "--ia-bits", "49", SIMPLE], "from 25 to 48"),
    ([*MACHINE, "--name", "", SIMPLE], "letters"),
    ([*MACHINE, "--output", SIMPLE, SIMPLE], "overwrite"),
    ([*MACHINE, "--output", "missing/out", SIMPLE], "No such file"),
    (["--memory", "50000000-54000000", SIMPLE], "log_simple.txt:3: 40001000 to 40002000 is not inside"),
]
# Logs, and with what line they are refused.
BAD_LOGS = [
    ("1 0 exit\nhello\n", "log:2: 'hello'"),
    ("9 0 exit\n8 0 exit\n", "log:2: the time goes back"),
    ("1 0 state 40001000 1000 N O\n", "log:1: old is N, but 40001000 is in state O"),
    ("CPU:0 [LOST 3 EVENTS]\n", "log:1: events are lost"),
    ("1 0 access 3ffff000 2000 none\n", "log:1: 3ffff000 to 40001000 is not inside"),
    ("1 0 map ffffff0000 20000 mem\n", "log:1: 10000010000 is beyond 40 bits"),
    ("[000]\t 1.000000: host_mem_abort esr=0x1 addr=0x10000000000\n", "log:1: 10000001000 is beyond 40 bits"),
    ("1 0 exit", "log:1: "),
]
# Logs, and the records that they make.
LOGS = [
    ("log_simple.txt", [
        "T 1 0 1100 host_donate_guest 40001000 1000 O N u", "X 2 0 1200 hvc pkvm_host_donate_guest 200 1 0 0",
        "T 3 1 2100 guest_share_host 40001000 1000 N B u", "X 4 1 2200 guest guest_exit_at_el2 200 1 0 0",
        "M 5 0 2600 40200000 200000 mem", "X 6 0 2700 abort - 200 0 1 0",
        "T 7 0 3000 access 40002000 3000 O N u", "X 8 0 3000 hvc - 0 1 0 0",
        "T 9 0 4000 reclaim 40001000 1000 B N u", "X 10 0 4000 hvc - 0 1 0 1",
        "T 11 2 5000 access 40001000 4000 N O u", "X 12 2 5000 hvc - 0 1 0 0"]),
    ("log_kernel_access.txt", [
        "T 1 0 7000103000 iommu_idmap 40001000 1000 O N u", "X 2 0 7000106000 hvc hcall-46 6000 1 0 0",
        "M 3 1 7000202000 40003000 1000 mem", "X 4 1 7000203000 abort - 3000 0 1 0",
        "F 5 1 7000302000 40001010",
        "T 6 0 7000503000 iommu_idmap 40001000 1000 N O u", "X 7 0 7000506000 hvc hcall-47 6000 1 0 1"]),
    ("log_kernel_printk.txt", [
        "T 1 2 12345680000 host_donate_guest 40001000 1000 O N u", "X 2 2 12345682000 hvc - 4000 1 0 0",
        "T 3 3 12345691000 guest_share_host 40001000 1000 N B u", "X 4 3 12345693000 guest - 3000 1 0 0"]),
]

# Options, and how many T and pages they make in all.
WORKLOADS = [
    ("one VM", ["--vm-memory", "8M"], 4096, 4096),
    ("random order, lists", ["--vm-memory", "8M", "--order", "random", "--per-trip", "16"], 4096, 4096),
    ("rounds, backwards", ["--vm-memory", "2M", "--order", "descending", "--rounds", "3"], 3072, 3072),
    ("folios", ["--vm-memory", "32M", "--folio", "2M", "--order", "folios", "--fragmentation", "100"], 16384, 16384),
    ("blocks", ["--vm-memory", "32M", "--folio", "2M:75,64K:25", "--call", "2M"], 2 * (12 + 128), 16384),
    ("full memory", ["--memory", "16M", "--vm-memory", "16M", "--fragmentation", "100"], 8192, 8192),
    ("balloon", ["--vm-memory", "8M", "--balloon", "50"], 6144, 6144),
    ("ping-pong", ["--vm-memory", "8M", "--shares", "100", "--burst", "4"], 4096 + 800, 4096 + 800),
    ("ordinary VMs", ["--vms", "2", "--vm-memory", "8M", "--folio", "2M", "--ordinary", "100"], 16, 8192),
    ("many", ["--vms", "5", "--vcpus", "3", "--cpus", "4", "--vm-memory", "4M", "--balloon", "25", "--shares", "9",
              "--order", "random", "--rounds", "2", "--ordinary", "40", "--fragmentation", "30"], None, None),
    ("more CPUs than pages", ["--vm-memory", "8K", "--vcpus", "256", "--cpus", "256"], 4, 4),
    ("a host of 4 TiB", ["--memory", "4T", "--vm-memory", "16M", "--folio", "4K,2M", "--fragmentation", "80"], 8192, 8192),
]
GOLDEN = (["--vms", "2", "--vcpus", "2", "--cpus", "3", "--vm-memory", "2M", "--folio", "4K:50,64K:50", "--balloon", "20",
           "--shares", "5", "--order", "random", "--fragmentation", "50", "--rounds", "2", "--seed", "42"],
          "de531a6400b1d8de4b9d59981f5924b2afc01f77bbf0739c63366b52e37499ff")

# How far a trace that is like a recorded one may be from it. Ratios of counts, least and most:
LIKE_RATIOS = {"transitions": (0.995, 1.005), "changed pages": (0.95, 1.7), "changed blocks": (0.95, 1.7),
               "peak": (0.75, 1.05), "changes of CPU": (0.99, 1.01), "median gap": (0.9, 1.35)}
# and the part of a distribution that lies elsewhere.
LIKE_PARTS = {"kinds": 0.005, "cpus": 0.005, "transitions_per_trip": 0.002, "pages_per_record": 0.002,
              "run_lengths": 0.07, "steps": 0.035, "loss_to_return": 0.2, "return_to_loss": 0.25}
DISTANCES_MIN = 1000        # fewer distances say nothing


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


def verified(command, text):
    """What is wrong with a trace that should be good, and its statistics."""
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "trace")
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        done = command.run("replay", "--policy", "batched", "--verify", path)
        if done.returncode:
            return done.stderr, None
        found = json.loads(command.run("trace", "stats", "--json", "-", path).stdout)[0]
    times = [int(line.split()[3]) for line in text.splitlines() if line[0] != "#"]
    return (None if times == sorted(times) else "times go back"), found


def generated(command):
    for name, options, transitions, pages in WORKLOADS:
        complaint, found = verified(command, command.run("generate", *options).stdout)
        counts = found and (found["transitions"]["records"], found["transitions"]["pages"])
        if not complaint and transitions and counts != (transitions, pages):
            complaint = f"{counts} transitions and pages"
        command.case(f"a generated trace is a good one: {name}", complaint)
    options, golden = GOLDEN
    text = command.run("generate", *options).stdout
    digest = hashlib.sha256(text.encode()).hexdigest()
    command.case("a seed gives the same trace on every machine", None if digest == golden else digest)
    other = command.run("generate", *options, "--seed", "43").stdout
    command.case("another seed gives another trace", None if other != text else "the same")
    with tempfile.TemporaryDirectory() as directory:
        done = command.run("generate", *options, "--output", "out.txt.xz", directory=directory)
        with lzma.open(os.path.join(directory, "out.txt.xz"), "rt", encoding="ascii") as file:
            same = file.read() == text
        command.case("a file is compressed if its name says so", done.stderr or (None if same else "another text"))
        with open(os.path.join(directory, "workload"), "w", encoding="ascii") as file:
            pairs = zip(options[::2], options[1::2])
            file.writelines(f"{key[2:]} {value}  # as the option\n" for key, value in pairs)
        done = command.run("generate", "--workload", "workload", directory=directory)
        command.case("a workload file says what options say", None if done.stdout == text else done.stderr or "differs")


def distributions(found):
    steps = ("above", "below", "adjacent_other_change", "same_page", "elsewhere")
    return {**{key: found[key] for key in LIKE_PARTS if key in found},
            "kinds": {(kind["cause"], kind["old"], kind["new"]): kind["records"] for kind in found["kinds"]},
            "steps": {step: found["order"][step] for step in steps}}


def elsewhere(left, right):
    """The part of a distribution that would have to move to make it the other."""
    sums = sum(left.values()), sum(right.values())
    return sum(abs(left.get(key, 0) / sums[0] - right.get(key, 0) / sums[1]) for key in {*left, *right}) / 2


def unlike(shown, found):
    """In what a generated trace is too far from the recorded one; None if in nothing."""
    counts = [{"transitions": stats["transitions"]["records"], "changed pages": stats["changed_pages"],
               "changed blocks": stats["changed_blocks"], "peak": stats["peak_pages_without_access"],
               "changes of CPU": stats["order"]["next_in_file_on_another_cpu"],
               "median gap": stats["order"]["gap_ns_p50"]} for stats in (shown, found)]
    far = [f"{key}: {counts[1][key]} for {counts[0][key]}" for key, (least, most) in LIKE_RATIOS.items()
           if not least * counts[0][key] <= counts[1][key] <= most * counts[0][key]]
    left, right = distributions(shown), distributions(found)
    for key, bound in LIKE_PARTS.items():
        if key in ("loss_to_return", "return_to_loss") and sum(left[key].values()) < DISTANCES_MIN:
            continue
        part = elsewhere(left[key], right[key])
        if part > bound:
            far.append(f"{key}: {part:.4f} lies elsewhere")
    return "\n".join(far) or None


def likenesses(command):
    for name in recorded():
        path = os.path.join(TRACES, name)
        text = command.run("generate", "--like", path).stdout
        complaint, found = verified(command, text)
        shown = json.loads(command.run("trace", "stats", "--json", "-", path).stdout)[0]
        command.case(f"a trace like {name} is a good one", complaint)
        command.case(f"a trace like {name} has its statistics", unlike(shown, found) if found else "there is none")
    other = command.run("generate", "--like", path, "--seed", "2").stdout
    command.case("another seed gives another likeness", None if other != text else "the same")


def converted(command):
    for arguments, says in RECORD_REFUSED:
        command.case(" ".join(["s2shadow record", *map(os.path.basename, arguments)]) + " is refused",
                     refused(command, ["record", *arguments], says))
    for name, records in LOGS:
        done = command.run("record", *MACHINE, data(name))
        found = [line for line in done.stdout.splitlines() if not line.startswith("#")]
        command.case(f"{name} makes its records", None if found == records else "\n".join(found) + done.stderr)
        command.case(f"{name} makes a good trace", verified(command, done.stdout)[0])
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "log")
        for text, says in BAD_LOGS:
            with open(path, "w", encoding="ascii") as file:
                file.write(text)
            command.case(f"the log {text!r} is refused",
                         refused(command, ["record", *MACHINE, "--output", "out.txt.xz", path], says))
        with open(path, "w", encoding="ascii") as file:
            file.write("CPU:0 [LOST 3 EVENTS]\n5 0 state 40001000 2000 N O\n7 0 state 40001000 1000 S N\n")
        done = command.run("record", *MACHINE, "--lenient", path)
        complaint = done.stderr if done.returncode else verified(command, done.stdout)[0]
        command.case("a lenient conversion takes the states that it knows", complaint)


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    command = Command(sys.argv[1])
    for arguments, says in REFUSED:
        command.case(" ".join(["s2shadow", *arguments]) + " is refused", refused(command, arguments, says))
    statistics(command)
    generated(command)
    likenesses(command)
    converted(command)
    return command.end()


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""bad_input - the command refuses what is wrong: one line, exit status 2, no file left. Speaks TAP.

Usage: bad_input.py COMMAND
"""

import os
import sys
import tempfile

from command import DATA, Command, data, refused

GOOD = data("good_small.txt")       # one region, 40000000 to 44000000, ia_bits 36 or more

OPTIONS = [
    (["--policy", "lazy"], "eager, strict or batched"),
    (["--policy", ""], "eager, strict or batched"),
    (["--flush", "0"], "1 to 65536"),
    (["--flush", "65537"], "1 to 65536"),
    (["--flush", "-1"], "1 to 65536"),
    (["--flush", "+1"], "1 to 65536"),
    (["--flush", "99999999999999999999"], "1 to 65536"),
    (["--flush", "trips"], "transition, trip"),
    (["--group=yes"], "takes no value"),
    (["--group", "--flush", "trip"], "--group and --flush do not go together"),
    (["--flush", "512", "--list", "16"], "--flush and --list do not go together"),
    (["--list", "16", "--group"], "--list and --group do not go together"),
    (["--list", "0"], "1 to 4096"),
    (["--list", "4097"], "1 to 4096"),
    (["--list", "all"], "1 to 4096"),
    (["--ahead", "4K"], "power of two from 8K to 1G"),
    (["--ahead", "2G"], "power of two from 8K to 1G"),
    (["--ahead", "3M"], "power of two from 8K to 1G"),
    (["--ahead", "2MB"], "power of two from 8K to 1G"),
    (["--ahead", "M"], "power of two from 8K to 1G"),
    (["--ahead", "-2M"], "power of two from 8K to 1G"),
    (["--ahead", "2M", "--lenient"], "--ahead and --lenient do not go together"),
    (["--reserve", "40000000-40001000", "--ahead", "2M"], "--ahead and --reserve do not go together"),
    (["--policy", "eager", "--group"], "--group needs the policy batched"),
    (["--policy", "strict", "--list", "2"], "--list needs the policy batched"),
    (["--policy", "eager", "--policy", "strict", "--ahead", "2M"], "--ahead needs the policy batched"),
    (["--granule", "8K"], "4K, 16K or 64K"),
    (["--granule", "16k"], "4K, 16K or 64K"),
    (["--granule", "64K"], "--granule 64K needs --policy batched alone"),
    (["--granule", "16K", "--policy", "eager"], "--granule 16K needs --policy batched alone"),
    (["--granule", "16K", "--policy", "batched", "--policy", "strict"], "needs --policy batched alone"),
    (["--granule", "64K", "--policy", "batched", "--ahead", "64K"], "less than two pages of 64K"),
    (["--granule", "64K", "--policy", "batched", "--reserve", "40000000-40011000"], "not aligned to pages of 64K"),
    (["--smmus", "0"], "1 to 64"),
    (["--smmus", "65"], "1 to 64"),
    (["--smmus", "four"], "1 to 64"),
    (["--smmus", "4 "], "1 to 64"),
    (["--bbml", "3"], "0 to 2"),
    (["--bbml", "two"], "0 to 2"),
    (["--collapse", "lazy"], "eager, patient or never"),
    (["--collapse", ""], "eager, patient or never"),
    (["--compact", "0"], "1 to 65536"),
    (["--compact", "65537"], "1 to 65536"),
    (["--compact", "all"], "1 to 65536"),
    (["--contiguous=no"], "takes no value"),
    (["--until", "x"], "decimal number"),
    (["--until", "18446744073709551616"], "decimal number"),
    (["--sync-ns", "1000000001"], "0 to 1000000000"),
    (["--sync-ns", "1.5"], "0 to 1000000000"),
    (["--cpus", "100000"], "no CPU 100000"),
    (["--cpus", "0-"], "neither core, pu, l3, node nor a list"),
    (["--membind", "63"], "no NUMA node 63"),
    (["--membind", "near"], "neither any, local nor a NUMA node"),
    (["--repeat", "0"], "1 to 10000"),
    (["--repeat", "10001"], "1 to 10000"),
    (["--repeat", "few"], "1 to 10000"),
    (["--pool", "z"], "hexadecimal"),
    (["--pool", "0x0x200000000"], "hexadecimal"),
    (["--pool", "80001000"], "2 MiB"),
    (["--pool", "1000000000000"], "2^48"),
    (["--pool", "42000000"], "touches a memory region"),
    (["--pool", "3fe00000", "--smmus", "64"], "touches a memory region"),
    (["--pool", "fffffffe00000"], "2^48"),
    (["--pool", "ffffffe00000", "--smmus", "64"], "ends beyond"),
    (["--reserve", "40000000"], "START-END"),
    (["--reserve", "40000000-"], "START-END"),
    (["--reserve", "40000000-40000000"], "page-aligned range"),
    (["--reserve", "40001000-40000000"], "page-aligned range"),
    (["--reserve", "40000800-40001000"], "page-aligned range"),
    (["--reserve", "0-1000000001000"], "page-aligned range"),
    (["--colour"], "unknown option"),
    (["-v"], "unknown option"),
    (["--nested=yes"], "takes no value"),
    (["--json", ""], "no file"),
]

COMMANDS = [
    ([], "no command"),
    (["replays"], "not a command"),
    (["replay"], "no trace"),
    (["replay", "--policy"], "needs a value"),
    (["replay", "--verify"], "no trace"),
    (["simulate", "--seed", "x"], "is not a number"),
    (["simulate", "--seeds", "0"], "is not a number"),
    (["simulate", "--cpus", "257"], "from 1 to 256"),
    (["simulate", "--smmus", "9"], "from 1 to 8"),
    (["simulate", "--bbml", "3"], "from 0 to 2"),
    (["simulate", "--steps"], "needs a value"),
    (["simulate", "--frob"], "unknown option --frob"),
    (["simulate", "trace"], "one argument too many"),
]

PATHS = [
    ("missing/out", "No such file"),
    ("/proc/version", "cannot write"),
    (".", "Is a directory"),
]


def outputs(command):
    for option in ("--map", "--log", "--image"):
        for name, arguments in (("two traces", ["--policy", "batched", GOOD, GOOD]),
                                ("all policies", [GOOD]),
                                ("two policies", ["--policy", "eager", "--policy", "strict", GOOD])):
            command.case(f"{option} with {name} is refused",
                         refused(command, ["replay", option, "out", *arguments], "exactly one trace"))
    for option in ("--json", "--map", "--log", "--image"):
        for path, says in PATHS:
            command.case(f"{option} {path} is refused",
                         refused(command, ["replay", "--policy", "batched", option, path, GOOD], says))
    command.case("two outputs in one file are refused",
                 refused(command, ["replay", "--policy", "batched", "--map", "out", "--log", "out", GOOD],
                         "two outputs"))
    command.case("an output over a trace is refused",
                 refused(command, ["replay", "--policy", "batched", "--map", GOOD, GOOD], "overwrite"))
    command.case("a second output that cannot be opened takes the first with it",
                 refused(command, ["replay", "--policy", "batched", "--json", "new", "--log", "missing/out",
                                   GOOD]))
    command.case("a full disk is reported",
                 refused(command, ["replay", "--policy", "batched", "--log", "/dev/full", GOOD], "cannot write"))


def traces(command):
    everything = ["--policy", "batched", "--json", "json", "--map", "map", "--log", "old", "--image", "image"]
    for name in sorted(os.listdir(DATA)):
        if name.startswith("bad_"):
            command.case(f"{name} is refused",
                         refused(command, ["replay", *everything, data(name)], f"{name}:"))
    with tempfile.TemporaryDirectory() as directory, open(GOOD, encoding="ascii") as good:
        path = os.path.join(directory, "wide.txt")
        with open(path, "w", encoding="ascii") as file:
            file.write(good.read().replace("ia_bits 40 start_level 1 pgd_pages 2", "ia_bits 46 start_level 0 pgd_pages 1"))
        command.case("addresses that would need more than 48 bits are refused",
                     refused(command, ["replay", *everything, "--granule", "64K", path],
                             "wide.txt: ia_bits 46 with pages of 64 KiB would be 50, above 48"))
    command.case("a trace that is not there is refused",
                 refused(command, ["replay", *everything, "no-such-trace"], "no-such-trace"))
    command.case("a directory is refused", refused(command, ["replay", *everything, "."]))
    command.case("a bad second trace takes the results of the first with it",
                 refused(command, ["replay", "--json", "json", GOOD, data("bad_old.txt")], "bad_old.txt:"))
    for name, line in (("bad_old.txt", "9"), ("bad_snapshot.txt", "8"), ("bad_unknown_record.txt", "7")):
        command.case(f"{name} is refused with its line",
                     refused(command, ["replay", data(name)], f"{name}:{line}: "))


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    command = Command(sys.argv[1])
    for arguments, says in COMMANDS:
        command.case(" ".join(["s2shadow", *arguments]) + " is refused", refused(command, arguments, says))
    for arguments, says in OPTIONS:
        command.case(" ".join(arguments) + " is refused",
                     refused(command, ["replay", "--json", "json", *arguments, GOOD], says))
    outputs(command)
    traces(command)
    return command.end()


if __name__ == "__main__":
    sys.exit(main())

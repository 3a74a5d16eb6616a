#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""recording - what the kernel's recorder writes becomes a good trace, or is refused with one line. Speaks TAP.

Usage: recording.py COMMAND
"""

import lzma
import os
import struct
import sys
import tempfile

from command import Command, data, refused

RECORDING = data("recording.bin.xz")
PAGE = 4096


def record(kind, first=0, second=0, *, time=1000, word=0, detail=(0, 0), cpu=0):
    return struct.pack("<cBBBIQQQ", kind.encode(), cpu, *detail, word, time, first, second)


def named(sort, number, name):
    text = name.encode() + b"\0"
    return [struct.pack("<cBBBI24s", b"W", 0, sort, part, number, text[at:at + 24])
            for part, at in enumerate(range(0, len(text), 24))]


HEAD = [struct.pack("<cBBBI24s", b"H", 0, 0, 0, 1, b"s2record"), record("C", 62500000, PAGE)]
START = [record("G", 1, 2, detail=(2, 0), word=40), record("R", 0x40000000, 0x400000),
         record("S", 0x40020000, 2 * PAGE, detail=(1, 0)), record("S", 0x40300000, 0x100000, detail=(3, 0)),
         record("L", 0x40200000, 0x200000, detail=(2, 7)),
         record("L", 0x40000000, PAGE, detail=(3, 1)), record("L", 0x40001000, PAGE, detail=(3, 8)),
         record("L", 0x40002000, PAGE, detail=(3, 9))]
NAMES = [*named(0, 0, "init"), *named(0, 1, "__pkvm_host_donate_guest"), *named(0, 2, "__pkvm_host_reclaim_page_guest"),
         *named(1, 7, "__pkvm_a_hypercall_of_a_name_that_takes_two")]
DONATE = record("T", 0x40010000, PAGE, time=1100, word=1, detail=(0x30, 0))
BACK = record("T", 0x40010000, PAGE, time=1300, word=2, detail=(0x03, 1))
END = [record("G", 1, 2, time=2000, detail=(3, 0), word=40), record("S", 0x40020000, 2 * PAGE, time=2000, detail=(1, 0)),
       record("S", 0x40300000, 0x100000, time=2000, detail=(3, 0)), record("E", time=2000)]
EVERY = [
    (record("K", 0xb0b), "K 1 0 0 b0b"),
    (DONATE, "T 2 0 1600 host_donate_guest 40010000 1000 O N u"),
    (record("X", 100 | 3 << 32, 1, time=1200, word=7), "X 3 0 3200 hvc pkvm_a_hypercall_of_a_name_that_takes_two 1600 1 0 3"),
    (BACK, "T 4 0 4800 host_reclaim_guest 40010000 1000 N O d"),
    (record("T", 0x40020000, 2 * PAGE, time=1300, detail=(0x11, 3)), "T 5 0 4800 init 40020000 2000 S S d+"),
    (record("X", 1 << 32 | 62, 2, time=1300, word=1, detail=(3, 0)), "X 6 0 4800 guest guest_exit 992 2 0 1"),
    (record("X", 62, 2, time=1300, detail=(3, 0), cpu=3), "X 7 3 4800 guest guest_exit_at_el2 992 2 0 0"),
    (record("X", 62, 2 | 5 << 32, time=1300, word=0x84000001, detail=(2, 0)), "X 8 0 4800 smc 84000001 992 2 5 0"),
    (record("X", 62, 2, time=1300, word=8), "X 9 0 4800 hvc hcall-8 992 2 0 0"),
    (record("M", 0x40030000, PAGE, time=1400, cpu=1), "M 10 1 6400 40030000 1000 mem"),
    (record("M", 0x9000000, PAGE, time=1400, detail=(1, 0)), "M 11 0 6400 9000000 1000 mmio"),
    (record("X", 0, 2 << 32, time=1400, detail=(1, 0)), "X 12 0 6400 abort - 0 0 2 0"),
    (record("F", 0x40300010, time=1500), "F 13 0 8000 40300010"),
    (record("U", time=1500), "U 14 0 8000"),
    (record("Q", 9, time=1600, word=7, detail=(2, 0)), "# C cpu 2 pkvm_a_hypercall_of_a_name_that_takes_two 9"),
]
SNAPSHOT = ["# counter_hz 62500000", "# snapshot start seq 0", "# G ia_bits 40 start_level 1 pgd_pages 2",
            "# R 0 40000000 400000 flags 0", "# S 40020000 2000 S", "# S 40300000 100000 N", "# L 40200000 200000 2 valid RWX",
            "# L 40000000 1000 3 valid R", "# L 40001000 1000 3 owner hyp", "# L 40002000 1000 3 owner guest"]

FRONT = [*HEAD, *NAMES, *START]
AT = len(FRONT)
BAD = [
    ("an unknown type", [*FRONT, record("Z"), *END], f"{AT}: 90 is no type of record"),
    ("no type at all", [*FRONT, record("\0"), *END], f"{AT}: 0 is no type of record"),
    ("another magic", [struct.pack("<cBBBI24s", b"H", 0, 0, 0, 1, b"s2recore"), *FRONT[1:], *END], "0: this is neither"),
    ("another version", [struct.pack("<cBBBI24s", b"H", 0, 0, 0, 2, b"s2record"), *FRONT[1:], *END], "0: the recording has version 2"),
    ("no clock", [HEAD[0], *FRONT[2:], *END], "1: this is not the clock"),
    ("a clock that stands", [HEAD[0], record("C", 0, PAGE), *FRONT[2:], *END], "1: 0 ticks"),
    ("other pages", [HEAD[0], record("C", 1000, 16384), *FRONT[2:], *END], "1: pages have 16384 bytes"),
    ("no snapshot", [*HEAD, record("E")], "3: the recording has no snapshot"),
    ("a record before the snapshot", [*HEAD, *NAMES, DONATE], "9: 'T' stands before"),
    ("a region outside of a snapshot", [*FRONT, record("K"), record("R", 0x50000000, PAGE)], f"{AT + 1}: 'R' stands outside"),
    ("a kind of snapshot", [*HEAD, record("G", detail=(4, 0))], "2: 4 is no kind"),
    ("a state", [*FRONT, record("T", 0x40010000, PAGE, detail=(0x40, 0))], f"{AT}: 4 is no state"),
    ("a state of a run", [*FRONT, record("S", 0x40010000, PAGE, detail=(9, 0))], f"{AT}: 9 is no state"),
    ("a level", [*FRONT, record("L", 0x40010000, PAGE, detail=(4, 7))], f"{AT}: 4 is no level"),
    ("a kind of leaf", [*FRONT, record("L", 0x40010000, PAGE, detail=(3, 10))], f"{AT}: 10 is no kind"),
    ("half a page", [*FRONT, record("T", 0x40010000, 2048)], f"{AT}: 40010000 + 800 is no range"),
    ("no page", [*FRONT, record("M", 0x40010000, 0)], f"{AT}: 40010000 + 0 is no range"),
    ("a range that wraps", [*FRONT, record("T", 2**64 - PAGE, 2 * PAGE)], f"{AT}: fffffffffffff000 + 2000 is no range"),
    ("a cause without a name", [*FRONT, record("T", 0x40010000, PAGE, word=99999)], f"{AT}: the cause 99999"),
    ("a reason of a trip", [*FRONT, record("X", detail=(4, 0))], f"{AT}: 4 is no reason"),
    ("a name's sort", [*HEAD, *named(2, 0, "a")], "2: there is no name 0 of sort 2"),
    ("a name's number", [*HEAD, *named(1, 1024, "a")], "2: there is no name 1024"),
    ("a name that lacks a part", [*HEAD, named(0, 0, "a" * 30)[1]], "2: a name is longer than 64 bytes, or lacks"),
    ("a long name", [*HEAD, *named(0, 0, "a" * 65)], "4: a name is longer than 64 bytes"),
    ("a name with a blank", [*HEAD, *named(0, 0, "a b")], "2: a name is not of letters"),
    ("a time that goes back", [*FRONT, record("K", time=999)], f"{AT}: the time goes back"),
    ("a later time that goes back", [*FRONT, record("K", time=1200), DONATE], f"{AT + 1}: the time goes back"),
    ("a time that leaps ahead", [*FRONT, record("K"), record("K", time=2**63)], f"{AT + 1}: the time leaps"),
    ("records that are lost", [*FRONT, record("D", 12), *END], f"{AT}: 12 records are lost"),
    ("no end", [*FRONT, DONATE, *END[:-1]], f"{AT + 1 + len(END) - 1}: the recording has no end"),
    ("half a record at the end", [*FRONT, DONATE, *END[:-1], END[-1][:31]], f"{AT + 1 + len(END) - 1}: the recording ends inside"),
    ("something after the end", [*FRONT, *END, DONATE], f"{AT + len(END)}: something follows"),
]


def written(directory, records):
    path = os.path.join(directory, "recording.bin")
    with open(path, "wb") as file:
        file.write(b"".join(records))
    return path


def refusals(command, directory):
    for name, records, says in BAD:
        path = written(directory, records)
        command.case(f"a recording with {name} is refused",
                     refused(command, ["record", "--output", "out.txt", path], f"recording.bin: record {says}"))
    path = written(directory, [*FRONT, *END])
    command.case("a recording and --memory do not go together",
                 refused(command, ["record", "--memory", "40000000-44000000", path], "says itself where memory is"))
    with lzma.open(RECORDING) as file:
        whole = file.read()
    for cut in (1, 31, 33, 64, len(whole) // 2, len(whole) - 40):
        command.case(f"a real recording with {cut} bytes missing is refused",
                     refused(command, ["record", written(directory, [whole[:-cut]])], "recording.bin: record "))


def every_record(command, directory):
    done = command.run("record", "--name", "all", written(directory, [*FRONT, *(one for one, _ in EVERY), *END]))
    want = ["# pkvm-host-trace 1", "# name all", *SNAPSHOT, *(line for _, line in EVERY),
            "# snapshot end seq 14", "# G ia_bits 40 start_level 1 pgd_pages 2", "# S 40020000 2000 S",
            "# S 40300000 100000 N"]
    got = done.stdout.splitlines()
    wrong = [f"{mine!r} is not {other!r}" for mine, other in zip(got, want) if mine != other]
    command.case("every record becomes its line", "\n".join(wrong) or (None if got == want else done.stderr or "lines are missing"))


def lenient(command, directory):
    path = written(directory, [*FRONT, DONATE, record("D", 12, time=1200), BACK])
    done = command.run("record", "--lenient", path)
    says = [line.split(": ", 2)[2] for line in done.stderr.splitlines()]
    lines = sum(line.startswith("T ") for line in done.stdout.splitlines())
    command.case("a lenient conversion takes what there is, and says what there is not",
                 None if not done.returncode and lines == 2 and
                 says == ["records that are lost: 12", "the recording has no end"] else done.stderr or str(lines))


def good(command, directory):
    trace = os.path.join(directory, "good.txt.xz")
    for compressed in (False, True):
        path = written(directory, [*FRONT, *(one for one, _ in EVERY), *END])
        if compressed:
            with open(path, "rb") as file:
                whole = lzma.compress(file.read())
            path = written(directory, [whole])
        done = command.run("record", "--output", trace, path)
        how = "compressed" if compressed else "plain"
        command.case(f"a recording that is {how} is converted", done.stderr or None)
        done = command.run("replay", "--verify", trace)
        command.case(f"the trace of one that is {how} replays: old states and the last snapshot are right",
                     done.stderr if done.returncode else None)
    with open(path, "wb") as file:
        file.write(whole[:-8])
    command.case("a compressed recording that is cut is refused", refused(command, ["record", path], "truncated"))


def real(command, directory):
    trace = os.path.join(directory, "real.txt.xz")
    done = command.run("record", "--output", trace, RECORDING)
    command.case("a real recording is converted", done.stderr or None)
    done = command.run("replay", "--verify", trace)
    command.case("its trace replays: old states and the last snapshot are right", None if not done.returncode else done.stderr)


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    command = Command(sys.argv[1])
    with tempfile.TemporaryDirectory() as directory:
        refusals(command, directory)
        every_record(command, directory)
        lenient(command, directory)
        good(command, directory)
        real(command, directory)
    return command.end()


if __name__ == "__main__":
    sys.exit(main())

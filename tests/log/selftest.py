#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""selftest.py - the checker of logs passes true logs and finds fault with each false one. Speaks TAP.

Usage: selftest.py COMMAND

A small trace is replayed; then one thing of its log or of another output is falsified, and the checker must say
what is wrong with it. Exit: 0 all found, 1 not, 2 bad usage.
"""

import json
import os
import re
import shutil
import sys
import tempfile

from check_log import Setting, check, replay
from recorded import Recorded
from stage2 import Wrong

# A block is split, filled with holes and collapsed; split again while its collapse is pending; a whole block goes.
TRACE = """\
# pkvm-host-trace 1
# name small
# snapshot start seq 0
# G ia_bits 40 start_level 1 pgd_pages 2
# R 0 40000000 10000000 flags 0
# S 40595000 4000 N
# L 0 40000000 1 valid RW
# L 40595000 4000 3 valid R
T 2 0 100 host_donate_guest 42001000 1000 O N u
X 3 0 110 hvc pkvm_host_donate_guest 20 1 0 0
T 4 0 120 host_share_hyp 42080000 1000 O S u
T 5 0 130 host_donate_guest 42100000 3000 O N u
X 6 0 140 hvc pkvm_host_donate_guest 20 1 0 0
T 7 0 150 host_reclaim_guest 42001000 1000 N O u
X 8 0 160 hvc pkvm_reclaim_dying_guest_page 20 1 0 0
T 9 0 170 host_reclaim_guest 42100000 3000 N O u
X 10 0 180 hvc pkvm_reclaim_dying_guest_page 20 1 0 0
T 11 0 190 host_donate_guest 42002000 1000 O N u
X 12 0 200 hvc pkvm_host_donate_guest 20 1 0 0
T 13 0 210 host_donate_guest 44000000 200000 O N u
X 14 0 220 hvc pkvm_host_donate_guest 20 1 0 0
T 15 1 230 hyp_donate_host 40595000 1000 N O u
X 16 1 240 hvc pkvm_host_share_hyp 20 1 0 0
T 17 0 250 host_reclaim_guest 44000000 1000 N O u
X 18 0 260 hvc pkvm_reclaim_dying_guest_page 20 1 0 0
"""
SYNC, S2_IPA, NH_ALL = "46", "2a", "10"


class Log:
    """The lines of a log, to find some and falsify them."""

    def __init__(self, path):
        self.path = path
        with open(path, encoding="ascii") as file:
            self.lines = file.read().splitlines()
        self.begun = next(at for at, line in enumerate(self.lines) if re.fullmatch("T [0-9]+", line))

    def at(self, pattern, after=None, nth=0):
        """The index of the nth line that matches, after the first T or another index."""
        begin = self.begun if after is None else after
        return [at for at in range(begin, len(self.lines)) if re.fullmatch(pattern, self.lines[at])][nth]

    def command(self, opcode, after=None, nth=0):
        return self.at(rf"C \d+ \d+ [0-9a-f]*?{opcode} [0-9a-f]+", after, nth)

    def drop(self, at):
        del self.lines[at]

    def move(self, at, to):
        self.lines.insert(to, self.lines.pop(at))

    def edit(self, at, field, change):
        """Applies a function to one number of a line, in its own base."""
        words = self.lines[at].split(" ")
        decimal = words[0] in "TDSK" or words[0] == "C" and field < 3
        value = change(int(words[field], 10 if decimal else 16))
        words[field] = str(value) if decimal else format(value, "x")
        self.lines[at] = " ".join(words)

    def swap_commands(self, first, second):
        """Exchanges two commands, their positions stay."""
        one, other = self.lines[first].split(" "), self.lines[second].split(" ")
        self.lines[first] = " ".join(one[:3] + other[3:])
        self.lines[second] = " ".join(other[:3] + one[3:])

    def save(self):
        with open(self.path, "w", encoding="ascii") as file:
            file.write("\n".join(self.lines) + "\n")


# --- falsifications: (name, options, function of the log, what the checker must say) ---------------------

def late_store(log):
    """The doorbell comes before the store that it should publish the invalidation of."""
    doorbell = log.at(r"D 0 \d+")
    store = max(at for at in range(doorbell) if log.lines[at].startswith("W"))
    log.move(store, doorbell)


def reuse(log):
    """A store into the table that the collapse unlinked, before anything is invalidated."""
    link = log.lines[log.at(r"W [0-9a-f]+ [0-9a-f]+003")].split()
    collapse = log.at(f"W {link[1]} 420007fd")
    log.lines.insert(collapse + 1, f"W {int(link[2], 16) & ~0xFFF:x} 0")


def needless(log):
    """Commands for a flush of grants: those of the first flush once more, behind the last."""
    last = log.at(r"C 0 \d+ 46 0", nth=-1)
    position = int(log.lines[last].split()[2]) + 1
    tlbi = log.lines[log.command(S2_IPA)].split()
    log.lines[-1:-1] = [f"C 0 {position} {tlbi[3]} {tlbi[4]}", f"C 0 {position + 1} 46 0",
                        f"D 0 {position + 2}", f"S 0 {position + 1}"]


def two_doorbells(log):
    at = log.at(r"D 0 \d+")
    position = int(log.lines[at].split()[2])
    log.lines.insert(at - 1, f"D 0 {position - 1}")


def leaf_on_collapse(log):
    log.edit(log.at(r"C 0 \d+ [0-9a-f]+ 42000400"), 4, lambda word: word | 1)


def first(pattern, field, change):
    return lambda log: log.edit(log.at(pattern), field, change)


def first_tlbi(field, change):
    return lambda log: log.edit(log.command(S2_IPA), field, change)


def early_completion(log):
    log.move(log.at(r"K \d+"), log.at(r"S 0 \d+"))


def sync_first(log):
    log.swap_commands(log.command(S2_IPA), log.command(SYNC))
    log.edit(log.at(r"S 0 \d+"), 2, lambda position: position - 1)


def stage1_first(log):
    at = log.command(NH_ALL)
    log.swap_commands(at - 1, at)
    log.edit(log.at(r"S 0 \d+"), 2, lambda position: position + 1)


def late_mark(log):
    """A table takes the place of a block before the SYNC that makes its nT known was seen."""
    log.move(log.at(r"S 0 \d+"), log.at(r"W [0-9a-f]+ [0-9a-f]+003"))


def early_unmark(log):
    at = log.at(r"W [0-9a-f]+ 420107fd", nth=1)
    log.lines.insert(at + 1, f"W {log.lines[at].split()[1]} 420007fd")


def reserved_encoding(log):
    at = log.command(S2_IPA)
    log.edit(at, 3, lambda word: word & ~(31 << 12 | 31 << 20))
    log.edit(at, 4, lambda word: word & ~(3 << 8))


LOGS = [
    ("a log in which nothing is changed", [], lambda log: None, None),
    ("a nested log in which nothing is changed", ["--nested", "--smmus", "2"], lambda log: None, None),
    ("a log of a pool at address 0", ["--pool", "0"], lambda log: None, None),
    ("a CFGI_ALL left out", [], lambda log: log.edit(log.at(r"C 0 4 4 1f", 0), 3, lambda _: 0x30),
     "the STE becomes valid"),
    ("no TLBI in bring-up", [], lambda log: log.edit(log.at(r"C 0 2 30 0", 0), 3, lambda _: 0x03),
     "before the tables"),
    ("a command dropped", [], lambda log: log.drop(log.command(S2_IPA)), "is next"),
    ("a SYNC that is never seen", [], lambda log: log.drop(log.at(r"S 0 \d+")), "is the next to be seen"),
    ("a SYNC of the second SMMU that is never seen", ["--smmus", "2"],
     lambda log: log.drop(log.at(r"S 1 \d+", nth=-1)), "may still be cached"),
    ("a SYNC seen twice", [], lambda log: log.lines.insert(log.at(r"K \d+"), log.lines[log.at(r"S 0 \d+")]),
     "is the next to be seen"),
    ("a doorbell dropped", [], lambda log: log.drop(log.at(r"D 0 \d+")), "to be seen"),
    ("a doorbell of another position", [], first(r"D 0 \d+", 2, lambda position: position - 1), "were written"),
    ("two doorbells", [], two_doorbells, "2 doorbells of SMMU 0 in one flush"),
    ("a K before its SYNC is seen", [], early_completion, "may still be cached"),
    ("a K dropped", [], lambda log: log.drop(log.at(r"K 2")), "no K 2"),
    ("a K twice", [], lambda log: log.lines.insert(log.at(r"K 2"), "K 2"), "says what the last K said"),
    ("a K of another T", [], first(r"K \d+", 1, lambda seq: seq + 1), "is not the last T"),
    ("the last K dropped", [], lambda log: log.drop(log.at(r"K 17")), "has no K"),
    ("a T dropped", [], lambda log: log.drop(log.at("T 4")), "T 4 is next"),
    ("a no-op T at the end left out", [], lambda log: log.lines.append("T 19"), "more T than"),
    ("T in another order", [], lambda log: log.move(log.at("T 5"), log.at("T 4")), "T 4 is next"),
    ("no snapshot", [], lambda log: log.drop(0), "before the snapshot"),
    ("a store that grants another access", [], first(r"W [0-9a-f]+ [0-9a-f]+7ff", 2, lambda value: value ^ 0x80),
     "gets access 1"),
    ("a store that leads elsewhere", [], first(r"W [0-9a-f]+ [0-9a-f]+7ff", 2, lambda value: value + 0x1000),
     "leads elsewhere"),
    ("a store dropped", [], lambda log: log.drop(log.at(r"W [0-9a-f]+ 0", log.at("T 5"))), "in the tables"),
    ("memory as Device", [], first(r"W [0-9a-f]+ [0-9a-f]+7ff", 2, lambda value: value & ~0x38),
     "is not normal memory"),
    ("a store outside the pool", [], first(r"W [0-9a-f]+ 0", 1, lambda address: address + (1 << 40)),
     "no descriptor of the pool"),
    ("a store at an odd address", [], first(r"W [0-9a-f]+ 0", 1, lambda address: address + 4),
     "no descriptor of the pool"),
    ("a number with a leading zero", [], lambda log: log.lines.__setitem__(log.at("T 4"), "T 04"), "form"),
    ("a number with 0x", [], lambda log: log.lines.__setitem__(log.at(r"W [0-9a-f]+ 0"), "W 0x150000000 0"), "form"),
    ("an unknown event", [], lambda log: log.lines.append("Q 1"), "form"),
    ("a store after its doorbell", [], late_store, "may still be cached"),
    ("a SYNC before its invalidation", [], sync_first, "may still be cached"),
    ("stage 1 before the SYNC of stage 2", ["--nested"], stage1_first, "may still be cached"),
    ("no stage 1", ["--nested"], lambda log: log.edit(log.command(NH_ALL), 3, lambda _: 0x03), "may still be cached"),
    ("another page invalidated", [], first_tlbi(4, lambda word: word + (1 << 21)), "may still be cached"),
    ("one page invalidated of three", [], lambda log: log.edit(
        log.at(r"C 0 \d+ 10000202a 42100701"), 3, lambda word: word & ~(31 << 12)), "may still be cached"),
    ("a level hint that is too narrow", [], first_tlbi(4, lambda word: word | 3 << 8), "may still be cached"),
    ("another VMID", [], first_tlbi(3, lambda word: word + (1 << 32)), "VMID"),
    ("the reserved encoding", [], reserved_encoding, "reserved encoding"),
    ("a start that the hint does not allow", [], first_tlbi(4, lambda word: word + 0x1000), "does not allow"),
    ("a range without range invalidation", ["--no-ril"], first_tlbi(4, lambda word: word | 1 << 10),
     "without range invalidation"),
    ("another granule", [], first_tlbi(4, lambda word: word | 3 << 10), "granule"),
    ("Leaf=1 where a table goes", [], leaf_on_collapse, "may still"),
    ("a table used again at once", [], reuse, "walk caches may still hold"),
    ("commands for grants alone", [], needless, "only invalid entries"),
    ("a level 1 log in which nothing is changed", ["--bbml", "1"], lambda log: None, None),
    ("a block that is not marked", ["--bbml", "1"],
     first(r"W [0-9a-f]+ 420107fd", 2, lambda value: value ^ 0x10000), "which has no nT"),
    ("a mark that is not waited for", ["--bbml", "1"], late_mark, "may still be cached without nT"),
    ("a collapse that is not marked", ["--bbml", "1"], lambda log: log.edit(
        log.at(r"W [0-9a-f]+ 420107fd", nth=1), 2, lambda value: value ^ 0x10000), "takes the place of a table"),
    ("a mark that goes too early", ["--bbml", "1"], early_unmark, "loses its nT"),
    ("a mark at level 2", [], first(r"W [0-9a-f]+ [0-9a-f]+7fd", 2, lambda value: value | 0x10000),
     "bits that it should not have"),
    ("a log with hints in which nothing is changed", ["--contiguous"], lambda log: None, None),
    ("a hint that a group keeps in part", ["--contiguous"],
     lambda log: log.drop(log.at(r"W [0-9a-f]+ 421037ff")), "its group is not whole"),
    ("a group of which a part is invalidated", ["--contiguous"], lambda log: log.edit(
        log.at(r"C 0 \d+ 10000f02a 42100701"), 3, lambda word: word & ~(31 << 12) | 2 << 12), "may still be cached"),
    ("a hint that nobody asked for", [], first(r"W [0-9a-f]+ [0-9a-f]+7fd", 2, lambda value: value | 1 << 52),
     "bits that it should not have"),
    ("far too much invalidated", [], first_tlbi(3, lambda word: word + (1 << 20)), "of which only"),
]


def falsify_json(key, value):
    def change(outputs):
        with open(outputs["json"], encoding="utf-8") as file:
            results = json.load(file)
        results["runs"][0][key] = value
        with open(outputs["json"], "w", encoding="utf-8") as file:
            json.dump(results, file)
    return change


def falsify_map(outputs):
    with open(outputs["map"], encoding="ascii") as file:
        lines = file.read().splitlines(True)
    with open(outputs["map"], "w", encoding="ascii") as file:
        file.writelines(lines[:-1])


def falsify_image(outputs):
    with open(outputs["image"], "r+b") as file:
        file.seek(-8, os.SEEK_END)
        file.write(b"\1")


OTHERS = [
    ("results with another number of stores", falsify_json("table_writes", 3), "table_writes is 3"),
    ("results with another number of pages", falsify_json("pages_revoked", 3), "pages_revoked is 3"),
    ("results with another number of SYNCs", falsify_json("syncs", 3), "syncs is 3"),
    ("results with other leaves", falsify_json("leaves", {"1G": 0, "2M": 0, "4K": 0}), "leaves is"),
    ("a map that lacks a line", falsify_map, "the map is not"),
    ("an image with another descriptor", falsify_image, "image: "),
]


class Cases:
    def __init__(self):
        self.count = self.failed = 0

    def add(self, name, complaints, wanted):
        self.count += 1
        right = not complaints if wanted is None else any(wanted in complaint for complaint in complaints)
        self.failed += not right
        verdict = "is passed" if wanted is None else "is found"
        print(f"{'ok' if right else 'not ok'} {self.count} - {name} {verdict}")
        if not right:
            for complaint in complaints or ["nothing was said"]:
                print(f"# {complaint}")


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    command, cases, made = os.path.abspath(sys.argv[1]), Cases(), {}
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "small.txt")
        with open(path, "w", encoding="ascii") as file:
            file.write(TRACE)
        recorded = Recorded(path)

        def fresh(options):
            """The outputs of a true replay, copied so that they can be falsified."""
            setting = Setting("batched", ["--flush", "trip", "--collapse", "eager", *options])
            true = os.path.join(folder, "true" + "".join(options))
            if true not in made:
                os.mkdir(true)
                made[true] = replay(command, path, setting, true)[0]
            false = os.path.join(folder, "false")
            shutil.rmtree(false, ignore_errors=True)
            shutil.copytree(true, false)
            return setting, {name: os.path.join(false, name) for name in made[true]}

        for name, options, change, wanted in LOGS:
            setting, outputs = fresh(options)
            log = Log(outputs["log"])
            change(log)
            log.save()
            cases.add(name, check(recorded, setting, outputs)[0], wanted)
        for name, change, wanted in OTHERS:
            setting, outputs = fresh([])
            change(outputs)
            cases.add(name, check(recorded, setting, outputs)[0], wanted)
    print(f"1..{cases.count}")
    return 1 if cases.failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Wrong as wrong:
        print(f"selftest: {wrong}", file=sys.stderr)
        sys.exit(2)

#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""play.py - plays a replay's log against QEMU's SMMUv3, with DMA in between that finds what is stale.

For each case: replay with --log up to --until, then give QEMU each store of a descriptor, each
command and each doorbell, in their order. Around each of the last --flushes flushes devices write
to pages that it changes and to their neighbours:
  before its first store    what the trace allowed so far; so the TLB holds these pages,
  before each doorbell      pages that may be written before and after,
  when it is complete       what the trace allows now: a page that is still in a TLB gets through.
Output: TAP, one test a case. Exit: 0 pass, 1 fail, 2 bad usage, 77 no QEMU that can do this.
"""

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile

from edu import Engines
from image import load
from machine import Board
from qtest import Qemu, find
from questions import WORD, askable, in_page
from referee import (PROBLEMS, RefereeError, SHOWN, as_range, options_of, page_of, parse_case,
                     parse_count, parse_engines, replay)
from smmu import Smmu
from stage1 import is_nested
from steps import SAID, LogError, damage_flush, read_log
from trace import NONE, PAGE, RW, W, Reader, TraceError

COMMANDS_AT_ONCE = 200      # fewer than the queue holds
PLANTED = 4                 # flushes damaged at most: the TLB may drop everything at any one, as it is full


class Oracle:
    """Access of every page, moved on record by record."""

    def __init__(self, path, page=PAGE):
        self.reader, self.page = Reader(path, page), page
        self.events = self.reader.events()
        self.ahead = self.fetch()

    def fetch(self):
        event = next(self.events, None)
        self.reader.records += 1
        return event

    def access(self, page):
        return self.reader.special.get(page, RW)

    def advance(self, seq):
        """All records up to seq happen; returns {page: its access before} of what they changed."""
        before = {}
        while self.ahead and self.ahead[0] <= seq:
            transition = self.ahead[1]
            if transition:
                start, size = transition[:2]
                old = [(page, self.access(page)) for page in self.reader.pages(start, size)]
                self.reader.transition(*transition)
                for page, access in old:
                    if self.access(page) != access:
                        before.setdefault(page, access)
            self.ahead = self.fetch()
        return before


class Player:
    def __init__(self, qemu, board, image, oracle, chance):
        self.qemu, self.board, self.oracle, self.random = qemu, board, oracle, chance
        self.engines = Engines(qemu, board)
        self.smmu = Smmu(qemu, board, image.ste)
        self.copies = self.moved = self.faults = 0
        self.wrong = []
        self.words = {slot: self.random.getrandbits(64) | 1 for slot in board.slots}
        self.smmu.bypass()
        for slot, word in self.words.items():
            qemu.write64s([(board.scratch, word)])
            self.engines.copy({slot: (False, board.scratch, 0, WORD)})

    def take(self, steps, doorbell=lambda: None):
        """Stores and commands in their order; the commands wait for their doorbell."""
        stores, commands = [], []
        for step in steps:
            if step[0] == "W":
                stores.append(step[1:])
                continue
            self.qemu.write64s(stores)
            stores = []
            if step[0] == "C":
                commands.append(step[1:])
                continue
            doorbell()
            for i in range(0, len(commands), COMMANDS_AT_ONCE):
                self.smmu.command(*commands[i:i + COMMANDS_AT_ONCE])
            commands = []
        self.qemu.write64s(stores)

    def begin(self, steps):
        """The snapshot. Until the entry's last CFGI the devices bypass, and the SMMU has that cached."""
        self.take(steps[0])
        self.engines.copy({slot: (True, self.board.scratch, 0, WORD) for slot in self.board.slots})
        self.smmu.write_stes(self.smmu.ste)
        self.take(steps[1])

    def skip(self, flushes):
        """The same tables as if each had been played, and no TLB entry."""
        words = {}
        for flush in flushes:
            words.update(step[1:] for step in flush.steps if step[0] == "W")
            self.oracle.advance(flush.seq)
        self.qemu.write64s(list(words.items()))
        self.smmu.invalidate()

    def choose(self, changed):
        """At most one page a device: ends of what changed, neighbours, something in between."""
        pages = sorted(changed)
        ends = [pages[0], pages[-1]] if pages else []
        gaps = [i for i in range(1, len(pages)) if pages[i] != pages[i - 1] + 1]
        for i in self.random.sample(gaps, min(1, len(gaps))):
            ends += [pages[i - 1], pages[i]]
        ends += [page for end in ends[:2] for page in (end - 1, end + 1)]
        if pages:
            ends.append(self.random.choice(pages))
        memory, size = self.oracle.reader.regions, self.oracle.page
        usable = [page for page in dict.fromkeys(ends)
                  if any(start <= page * size < end for start, end in memory)]
        addresses = [in_page(self.random, page, size) for page in usable]
        return [a for a in addresses if askable(a, self.board)][:len(self.words)]

    def write(self, when, flush, wanted):
        """Every device writes to one address; wanted: [(address, its access)]."""
        if not wanted:
            return
        self.qemu.write64s([(address, 0) for address, _ in wanted])
        pairs = list(zip(self.board.slots, wanted))
        self.engines.copy({slot: (True, address, 0, WORD) for slot, (address, _) in pairs})
        events = self.smmu.events()
        after = self.qemu.read64s([address for address, _ in wanted])
        for (slot, (address, access)), word in zip(pairs, after):
            recorded = events.pop(self.smmu.stream(slot), [])
            arrived = word == self.words[slot]
            self.copies += 1
            self.moved += arrived
            self.faults += bool(recorded)
            if arrived != bool(access & W) or bool(recorded) == arrived or not arrived and word:
                self.wrong.append(f"{when} K {flush.seq}: 0x{address:x} write: expected "
                                  f"{'moved' if access & W else 'fault'}, seen "
                                  f"{'moved' if arrived else 'no data'}"
                                  f"{', ' + str(recorded[0]) if recorded else ''}")
        for stream in events:
            self.wrong.append(f"{when} K {flush.seq}: an event of idle stream {stream}")

    def flush(self, flush, before):
        """One flush, with DMA around it; the oracle is already where its K is."""
        addresses = self.choose(before)
        new = {a: self.oracle.access(a // self.oracle.page) for a in addresses}
        old = {a: before.get(a // self.oracle.page, new[a]) for a in addresses}
        both = [(a, RW) for a in addresses if old[a] & new[a] & W]
        self.write("before", flush, list(old.items()))
        self.take(flush.steps, lambda: self.write("during", flush, both))
        self.write("after", flush, list(new.items()))


def plant_in(kind, start, flushes, asked, path, nested, chance):
    """Damages the log; returns (what was done, the only seqs where it may show, or none for any)."""
    if kind == "cfgi":
        del start[1][0]
        return f"left {SAID[kind]} out", []
    oracle, fit = Oracle(path), []
    for flush in flushes:
        before = oracle.advance(flush.seq)
        revoked = [page for page, access in before.items()
                   if access == RW and oracle.access(page) == NONE]
        if len(revoked) == len(before) and revoked and len(flush.taken) <= len(revoked):
            fit.append((flush, revoked))
    fit = [pair for pair in fit if pair[0] in asked]
    chance.shuffle(fit)
    planted = []
    for flush, revoked in fit:
        if len(planted) < PLANTED and damage_flush(kind, flush, revoked, nested):
            planted.append(flush.seq)
    if not planted:
        raise LogError(f"no flush asked for can have '{kind}' planted")
    return f"left {SAID[kind]} out before K {' '.join(map(str, planted))}", planted


def until_of(path, per_cent):
    seqs = [seq for seq, transition in Reader(path).events() if transition]
    if not seqs:
        raise TraceError(f"{path}: no transition")
    return seqs[max(0, len(seqs) * per_cent // 100 - 1)]


def judge_case(options, qemu_path, setting, path, folder, seed):
    """Returns (lines that say what is wrong, one line of numbers)."""
    chance = random.Random(f"{seed} {os.path.basename(path)} {setting}")
    log = os.path.join(folder, "log")
    image_path, run = replay(options.s2shadow, options_of(setting), path,
                             until_of(path, options.until), folder, ("--log", log))
    image, pool = load(image_path), as_range(run["pool"])
    nested = is_nested(image.ste)
    start, flushes = read_log(log)
    os.unlink(log)
    busy = [i for i, flush in enumerate(flushes) if flush.steps]
    first = busy[-options.flushes:][0]
    planted, where = "", []
    if options.plant:
        planted, where = plant_in(options.plant, start, flushes, set(flushes[first:]), path, nested,
                                  chance)
    oracle = Oracle(path, page_of(setting))
    board = Board(oracle.reader.regions, pool, options.engines, nested)
    kernel_path = os.path.join(folder, "kernel.elf")
    with open(kernel_path, "wb") as file:
        file.write(board.kernel_elf())
    asked = 0
    with Qemu(qemu_path, board.arguments(kernel_path)) as qemu:
        player = Player(qemu, board, image, oracle, chance)
        player.begin(start)
        player.skip(flushes[:first])
        for flush in flushes[first:]:
            player.flush(flush, oracle.advance(flush.seq))
            asked += bool(flush.steps)
            if player.wrong and options.plant:
                break
        wrong = player.wrong
    numbers = (f"{'all ' if asked == len(busy) else ''}{asked} flushes of {len(busy)}, {player.copies} copies: {player.moved} moved data, "
               f"{player.faults} faulted, {len(wrong)} disagree")
    if not options.plant:
        return wrong, numbers
    places = tuple(f"after K {seq}:" for seq in where) or ("",)
    if wrong and all(line.startswith(places) for line in wrong):
        return [], f"{numbers}; {planted}: found"
    return wrong + [f"not found: {planted}"], numbers


def arguments():
    parser = argparse.ArgumentParser(
        description="Play replays' stores and commands against QEMU's SMMUv3, with DMA in between.",
        epilog="Exit status: 0 pass, 1 fail, 2 bad usage, 77 skipped for want of QEMU.")
    parser.add_argument("--s2shadow", required=True, help="the command under test")
    parser.add_argument("--case", action="append", required=True, dest="cases", type=parse_case,
                        metavar="SETTING:TRACE",
                        help="a trace under a setting, as for referee.py; repeatable")
    parser.add_argument("--until", type=parse_count, default=60, metavar="PERCENT",
                        help="replay so much of the transitions (default 60)")
    parser.add_argument("--flushes", type=parse_count, default=2000, metavar="N",
                        help="devices write around the last N flushes (default 2000)")
    parser.add_argument("--engines", type=parse_engines, default=8, metavar="N",
                        help="devices that write side by side (default 8)")
    parser.add_argument("--seed", type=int, default=None,
                        help="of the addresses (default S2SHADOW_SEED, or a new one)")
    parser.add_argument("--plant", choices=sorted(SAID),
                        help="leave a TLBI, its last page or a CFGI out of the log; passes only if "
                             "the devices notice")
    parser.add_argument("--qemu", default="qemu-system-aarch64", help="the QEMU to use")
    options = parser.parse_args()
    if options.until > 100:
        parser.error("--until is more than 100")
    for _, trace in options.cases:
        if not os.path.isfile(trace):
            parser.error(f"{trace}: no such file")
    if shutil.which(options.s2shadow) is None:
        parser.error(f"{options.s2shadow}: no such command")
    return options


def main():
    options = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))   # lets QEMU end with us
    qemu_path, version = find(options.qemu)
    if qemu_path is None:
        print(f"1..0 # SKIP {version}")
        return 77
    seed = options.seed
    if seed is None:
        seed = int(os.environ.get("S2SHADOW_SEED") or random.SystemRandom().getrandbits(32))
    print(f"1..{len(options.cases)}")
    print(f"# QEMU {version}, seed {seed} (repeat with --seed {seed})", flush=True)
    failures = 0
    for number, (setting, path) in enumerate(options.cases, 1):
        with tempfile.TemporaryDirectory(prefix="referee-") as folder:
            try:
                wrong, numbers = judge_case(options, qemu_path, setting, path, folder, seed)
            except (RefereeError, LogError, KeyError, *PROBLEMS) as error:
                wrong, numbers = [str(error)], "not judged"
        for line in wrong[:SHOWN]:
            print(f"# {line}")
        print(f"{'not ok' if wrong else 'ok'} {number} - {os.path.basename(path)} {setting} log: {numbers}",
              flush=True)
        failures += bool(wrong)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""referee.py - asks QEMU's SMMUv3 whether s2shadow's tables allow what the trace allows.

For each trace and point: replay up to the point, load the image that s2shadow wrote into QEMU with
its STE, let devices read and write at most --addresses addresses, and compare with the trace.
Output: TAP, one test a point. Exit: 0 pass, 1 fail, 2 bad usage, 77 no QEMU that can do this.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from itertools import product

from ask import Asker
from edu import EduError, Engines
from image import ImageError, load
from machine import Board, MachineError
from plant import PlantError, damage, judge
from qtest import Qemu, QemuError, find
from questions import choose
from smmu import Smmu, SmmuError
from stage1 import is_nested
from tables import Tables, TablesError
from trace import PAGE, PAGES, Reader, TraceError
from windows import walks_concatenated, windows

PROBLEMS = (TraceError, ImageError, TablesError, MachineError, QemuError, SmmuError, EduError,
            PlantError)
SHOWN = 40          # mismatches printed for one point


class RefereeError(Exception):
    """s2shadow did not do what was asked; the text says what."""


def parse_points(text):
    points = text.split(",")
    for point in points:
        number = point[:-1] if point.endswith("%") else point
        if point != "peak" and not number.isdigit():
            raise argparse.ArgumentTypeError(
                f"'{point}' is no point: a sequence number, N% of the transitions, or 'peak'")
        if point.endswith("%") and int(number) > 100:
            raise argparse.ArgumentTypeError(f"'{point}' is more than 100%")
    return points


def parse_count(text):
    if not text.isdigit() or not 1 <= int(text) <= 100000:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number from 1 to 100000")
    return int(text)


def parse_case(text):
    setting, colon, trace = text.partition(":")
    if not (setting and colon and trace):
        raise argparse.ArgumentTypeError(f"'{text}' is no SETTING:TRACE")
    return setting, trace


def options_of(setting):
    """'nested+bbml=1' as replay's options; 'plain' is none."""
    return [word for option in setting.split("+") if option != "plain"
            for word in f"--{option}".split("=")]


def page_of(setting):
    """The page size of 'granule=16K+nested': what --granule makes of the trace."""
    for option in setting.split("+"):
        name, _, value = option.partition("=")
        if name == "granule":
            return PAGES.get(value, PAGE)
    return PAGE


def parse_engines(text):
    if not text.isdigit() or not 1 <= int(text) <= 30:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number from 1 to 30")
    return int(text)


def arguments():
    parser = argparse.ArgumentParser(
        description="Compare s2shadow's tables, walked by QEMU's SMMUv3, with recorded traces.",
        epilog="Exit status: 0 pass, 1 fail, 2 bad usage, 77 skipped for want of QEMU.")
    parser.add_argument("--s2shadow", required=True, help="the command under test")
    parser.add_argument("--trace", action="append", default=[], dest="traces", metavar="TRACE",
                        help="a recorded trace (.txt or .txt.xz); repeatable")
    parser.add_argument("--case", action="append", default=[], dest="cases", type=parse_case,
                        metavar="SETTING:TRACE",
                        help="a trace under a setting, which is replay's options joined by '+', "
                             "without their dashes: nested+bbml=1; repeatable")
    parser.add_argument("--points", type=parse_points, default=["25%", "peak", "75%"],
                        help="where to stop, by commas: SEQ, N%% of the transitions, or peak (of "
                             "pages without access); default 25%%,peak,75%%")
    parser.add_argument("--addresses", type=parse_count, default=2000, metavar="N",
                        help="ask for at most N addresses a point (default 2000)")
    parser.add_argument("--engines", type=parse_engines, default=8, metavar="N",
                        help="DMA engines that copy side by side (default 8)")
    parser.add_argument("--seed", type=int, default=None,
                        help="of the random addresses (default S2SHADOW_SEED, or a new one)")
    parser.add_argument("--plant", action="store_true",
                        help="damage two descriptors in the loaded tables; passes only if exactly "
                             "those are reported")
    parser.add_argument("--qemu", default="qemu-system-aarch64", help="the QEMU to use")
    parser.add_argument("--keep", metavar="FOLDER",
                        help="leave image and JSON of each point in this folder")
    parser.add_argument("options", nargs="*", metavar="OPTION",
                        help="after '--': further options of 's2shadow replay'")
    options = parser.parse_args()
    options.cases += [("plain", trace) for trace in options.traces]
    if not options.cases:
        parser.error("neither --trace nor --case")
    return options


def resolve(trace, points):
    """Sequence numbers of the points in this trace."""
    seqs, peak = Reader(trace).survey()
    if not seqs:
        raise TraceError(f"{trace}: no transition")
    found = []
    for point in points:
        if point == "peak":
            found.append(peak)
        elif point.endswith("%"):
            found.append(seqs[max(0, len(seqs) * int(point[:-1]) // 100 - 1)])
        else:
            found.append(int(point))
    return found


def replay(command, options, trace, seq, folder, extra=()):
    """Runs s2shadow; returns (image path, its run in the JSON)."""
    name = "-".join([os.path.basename(trace).split(".")[0], str(seq)]
                    + [word.strip("-") for word in options if "/" not in word])
    image = os.path.join(folder, name + ".elf")
    numbers = os.path.join(folder, name + ".json")
    line = [command, "replay", "--policy", "batched", "--until", str(seq), *options,
            *extra, "--image", image, "--json", numbers, trace]
    try:
        done = subprocess.run(line, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                              check=False)
    except OSError as error:
        raise RefereeError(f"{command}: {error.strerror}") from None
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise RefereeError(f"'{' '.join(line)}' ended with status {done.returncode}"
                           + (f": {said[-1]}" if said else ""))
    try:
        with open(numbers, encoding="utf-8") as file:
            runs = json.load(file)["runs"]
    except (OSError, ValueError, KeyError) as error:
        raise RefereeError(f"{numbers}: {error!r}") from None
    if len(runs) != 1:
        raise RefereeError(f"{numbers}: {len(runs)} runs instead of one")
    return image, runs[0]


def as_range(item):
    base, size = item["base"], item["bytes"]
    base = int(base, 16) if isinstance(base, str) else base
    size = int(size, 16) if isinstance(size, str) else size
    return base, base + size


def check_consistent(run, image, state, pool):
    """The JSON, the note and the segments tell the same story."""
    ste = [int(word, 16) if isinstance(word, str) else word for word in run["ste"]]
    if ste != image.ste:
        raise RefereeError("the STE of the JSON is not the STE of the image")
    if image.ia_bits != state.ia_bits:
        raise RefereeError(f"the image says {image.ia_bits} input bits, the trace {state.ia_bits}")
    for start, data in image.segments:
        if start % state.page or not pool[0] <= start or start + len(data) > pool[1]:
            raise RefereeError(f"the image's segment at 0x{start:x} is not pages of the pool")


def check_loaded(qemu, image):
    for start, data in image.segments:
        for i in range(0, len(data), 1 << 16):
            piece = bytes(data[i:i + (1 << 16)])
            if qemu.read_bytes(start + i, len(piece)) != piece:
                raise RefereeError(f"QEMU's loader did not put the segment at 0x{start:x} there")


def judge_point(options, qemu_path, setting, trace, state, folder, seed):
    """Returns (lines that say what is wrong, one line of numbers)."""
    chance = random.Random(f"{seed} {os.path.basename(trace)} {state.seq}")
    image_path, run = replay(options.s2shadow, options_of(setting) + options.options, trace,
                             state.seq, folder)
    image = load(image_path)
    try:
        pool = as_range(run["pool"])
        state.close([pool] + [as_range(item) for item in run["reserved"]])
        check_consistent(run, image, state, pool)
    except (KeyError, ValueError, TypeError) as error:
        raise RefereeError(f"the JSON of this run lacks something: {error!r}") from None
    tables = Tables(image)
    board = Board(state.regions, pool, options.engines, is_nested(image.ste))
    kernel_path = os.path.join(folder, "kernel.elf")
    with open(kernel_path, "wb") as file:
        file.write(board.kernel_elf())
    with Qemu(qemu_path, board.arguments(kernel_path, image_path)) as qemu:
        check_loaded(qemu, image)
        addresses = choose(state, tables, board, chance, options.addresses)
        planted = []
        if options.plant:
            planted = damage(qemu, state, tables, board, chance)
            extra = [address for address, _, _, _ in planted]
            addresses = extra + [a for a in addresses if a not in extra][:options.addresses - 2]
        engines = Engines(qemu, board)
        smmu = Smmu(qemu, board, image.ste)
        asker = Asker(qemu, board, smmu, engines, state, tables, chance)
        works = walks_concatenated(qemu, board, smmu, engines)
        mismatches = asker.ask(addresses, windows(tables, smmu.ste, works))
    numbers = (f"{len(addresses)} addresses, {asker.copies} copies: {asker.moved} moved data, "
               f"{asker.faults} faulted, {len(mismatches)} disagree")
    if len(windows(tables, image.ste, works)) > 1:
        numbers += "; this QEMU mixes up concatenated start tables, so each was asked apart"
    if options.plant:
        numbers += "; " + "; ".join(what for _, _, _, what in planted)
        return judge(planted, mismatches), numbers
    return [str(mismatch) for mismatch in mismatches], numbers


def judge_trace(options, qemu_path, settings, trace, page, seed, count, folder):
    """Prints the tests of one trace and page size; returns the number of failures."""
    failures = 0
    seqs = resolve(trace, options.points)
    points = zip(Reader(trace, page).states(seqs), options.points)
    for (state, point), setting in product(points, settings):
        count += 1
        title = f"{os.path.basename(trace)} {setting} until {state.seq} ({point})"
        try:
            wrong, numbers = judge_point(options, qemu_path, setting, trace, state, folder,
                                         seed)
        except (RefereeError, *PROBLEMS) as error:
            wrong, numbers = [str(error)], "not judged"
        for line in wrong[:SHOWN]:
            print(f"# {line}")
        if len(wrong) > SHOWN:
            print(f"# and {len(wrong) - SHOWN} more")
        print(f"{'not ok' if wrong else 'ok'} {count} - {title}: {numbers}", flush=True)
        failures += bool(wrong)
    return failures


def main():
    options = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))   # lets QEMU end with us
    for _, trace in options.cases:
        if not os.path.isfile(trace):
            print(f"referee: {trace}: no such file", file=sys.stderr)
            return 2
    if shutil.which(options.s2shadow) is None:
        print(f"referee: {options.s2shadow}: no such command", file=sys.stderr)
        return 2
    qemu_path, version = find(options.qemu)
    if qemu_path is None:
        print(f"1..0 # SKIP {version}")
        return 77
    seed = options.seed
    if seed is None:
        seed = int(os.environ.get("S2SHADOW_SEED") or random.SystemRandom().getrandbits(32))
    total = len(options.cases) * len(options.points)
    print(f"1..{total}")
    print(f"# QEMU {version}, seed {seed} (repeat with --seed {seed})", flush=True)
    failures = 0
    with tempfile.TemporaryDirectory(prefix="referee-") as temporary:
        if options.keep:
            os.makedirs(options.keep, exist_ok=True)
        count = 0
        for trace, page in dict.fromkeys((trace, page_of(setting)) for setting, trace in options.cases):
            settings = [setting for setting, name in options.cases
                        if (name, page_of(setting)) == (trace, page)]
            try:
                failures += judge_trace(options, qemu_path, settings, trace, page, seed, count,
                                        options.keep or temporary)
            except TraceError as error:
                print(f"referee: {error}", file=sys.stderr)
                return 2
            count += len(settings) * len(options.points)
    print(f"# {total - failures} of {total} points agree with QEMU"
          + (" (planted damage found)" if options.plant and not failures else ""))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""outputs - the files that a replay writes say what they promise, and agree with each other. Speaks TAP.

Usage: outputs.py COMMAND
"""

import json
import lzma
import os
import struct
import sys
import tempfile

from command import TRACES, Command, data
from event_log import PAGE, Bad, Log, need

KEYS = {"trace", "policy", "pool", "reserved", "ste", "vmid", "transitions", "transitions_access",
        "pages_granted", "pages_revoked", "flushes", "flushes_forced", "tlbi", "syncs", "doorbells",
        "table_writes", "table_bytes_live", "table_bytes_peak", "table_bytes_reserved", "table_writes_per_access",
        "splits", "collapses", "splits_per_1000", "collapses_per_1000", "hints", "hints_dropped", "leaves",
        "cpu_ns", "latency_ns", "init", "syncs_per_1000_revoked", "what_if", "ahead"}


def read_image(path):
    """Pages by physical address, the STE, and the note's two numbers."""
    with open(path, "rb") as file:
        image = file.read()
    ident, kind, machine, _, _, headers, _, _, _, size, count = struct.unpack_from("<16sHHIQQQIHHH", image)
    need(ident[:7] == b"\x7fELF\x02\x01\x01" and (kind, machine, size) == (2, 183, 56), "no AArch64 ELF64")
    pages, note = {}, None
    for index in range(count):
        what, _, offset, virtual, physical, length, in_memory, align = \
            struct.unpack_from("<IIQQQQQQ", image, headers + index * size)
        content = image[offset:offset + length]
        need(len(content) == length, "a segment ends beyond the file")
        if what == 4:
            note = content
            continue
        need(what == 1 and virtual == physical and length == in_memory, "not a plain PT_LOAD")
        need(physical % align == offset % align == 0 and align == PAGE, "a segment is not page aligned")
        for at in range(0, length, PAGE):
            pages[physical + at] = content[at:at + PAGE]
    name_bytes, length, kind = struct.unpack_from("<III", note)
    need((name_bytes, length, kind) == (9, 72, 1) and note[12:24] == b"S2SHADOW\0\0\0\0", "another note")
    words = struct.unpack_from("<8QII", note, 24)
    return pages, list(words[:8]), words[8], words[9]


def read_map(path):
    runs = []
    with open(path, encoding="ascii") as file:
        for line in file:
            start, end, access, kind = line.rstrip("\n").split(" ")
            runs.append((int(start, 16), int(end, 16), access, kind))
            need(line == f"{runs[-1][0]:x} {runs[-1][1]:x} {access} {kind}\n", f"form of {line!r}")
            need(access in ("rw", "ro", "wo") and kind in ("mem", "mmio"), f"words of {line!r}")
            need(runs[-1][0] < runs[-1][1], "an empty run")
            if len(runs) > 1:
                need(runs[-2][1] <= runs[-1][0], "runs are not sorted")
                need(runs[-2][1] < runs[-1][0] or runs[-2][2:] != runs[-1][2:], "a run is not maximal")
    return runs


def read_transitions(path):
    """(seq, first page, pages, old, new) of each T line."""
    opener = lzma.open if path.endswith(".xz") else open
    with opener(path, "rt", encoding="ascii") as file:
        for line in file:
            if line.startswith("T "):
                fields = line.split()
                yield (int(fields[1]), int(fields[5], 16) // PAGE, int(fields[6], 16) // PAGE, fields[7],
                       fields[8])


class Judge:
    """At each K: pages whose last T up to it changed access are as that T says, reserved ones closed."""

    def __init__(self, path, run, ia_bits):
        ste = [int(word, 16) for word in run["ste"]]
        self.reserved = [(int(each["base"], 16), int(each["base"], 16) + each["bytes"])
                         for each in run["reserved"]]
        self.transitions = read_transitions(path)
        self.waiting = next(self.transitions, None)
        self.root = ste[3] & 0x000ffffffffffff0
        self.ia_bits = ia_bits
        self.level = {0: 2, 1: 1, 2: 0}[ste[2] >> 38 & 3]
        self.start_tables = 1 << max(0, ia_bits - (48 - 9 * self.level))
        self.log = Log(self.complete)
        self.pages = 0

    def expected(self, address, allowed):
        if not allowed or any(start <= address < end for start, end in self.reserved):
            return None
        return (address, True, True)

    def complete(self, seq):
        last = {}
        while self.waiting and self.waiting[0] <= seq:
            _, first, count, old, new = self.waiting
            if (old == "N") != (new == "N"):
                for page in range(first, first + count):
                    last[page] = new != "N"
            self.waiting = next(self.transitions, None)
        for page, allowed in last.items():
            found = self.log.walk(self.root, self.level, self.start_tables, page * PAGE)
            need(found == self.expected(page * PAGE, allowed),
                 f"at K {seq} page {page:x} is {found}")
        self.pages += len(last)


def check_log(path, trace, run, ia_bits):
    judge = Judge(trace, run, ia_bits)
    with open(path, encoding="ascii") as file:
        judge.log.read(file)
    need(judge.pages > 0, "no K covers a change")
    need(judge.log.writes == [run["init"]["table_writes"], run["table_writes"]],
         f"{judge.log.writes} W lines, not as table_writes says")
    for key, seen in judge.log.counts.items():
        need(seen == [run["init"][key], run[key]], f"{key}: {seen} in the log")
    return judge.log


def check_image(path, run, log):
    pages, ste, granule_lg2, ia_bits = read_image(path)
    need([f"0x{word:x}" for word in ste] == run["ste"], "the STE is not the results'")
    need(granule_lg2 == 12, "granule")
    need(len(pages) * PAGE == run["table_bytes_live"], f"{len(pages)} pages are not table_bytes_live")
    for address, content in pages.items():
        for index, value in enumerate(struct.unpack("<512Q", content)):
            need(log.memory.get(address + index * 8, 0) == value,
                 f"{address + index * 8:x} is {value:x}, the W lines say otherwise")
    return ia_bits


def check_all(command, trace, options):
    with tempfile.TemporaryDirectory() as directory:
        done = command.run("replay", *options, "--json", "json", "--map", "map", "--log", "log", "--image",
                           "image", trace, directory=directory)
        need(done.returncode == 0, f"exit status {done.returncode}: {done.stderr}")
        need(not done.stderr, f"standard error: {done.stderr!r}")
        need(sorted(os.listdir(directory)) == ["image", "json", "log", "map"], "other files are left")
        path = {name: os.path.join(directory, name) for name in ("json", "map", "log", "image")}
        with open(path["json"], encoding="ascii") as file:
            results = json.load(file)
        need({"version", "build", "machine", "config", "runs"} <= results.keys(), "keys of the results")
        run, = results["runs"]
        need(KEYS <= run.keys(), f"keys missing: {sorted(KEYS - run.keys())}")
        _, _, _, ia_bits = read_image(path["image"])
        log = check_log(path["log"], trace, run, ia_bits)
        check_image(path["image"], run, log)
        runs = read_map(path["map"])
        pool = int(run["pool"]["base"], 16)
        need(not any(start < pool + run["pool"]["bytes"] and pool < end for start, end, _, _ in runs),
             "the pool is in the map")
        return run, runs


def attempt(command, name, action):
    try:
        action()
        command.case(name, None)
    except (Bad, KeyError, ValueError) as problem:
        command.case(name, repr(problem))


SETTINGS = [
    [],
    ["--flush", "transition"],
    ["--flush", "64"],
    ["--nested", "--smmus", "2"],
    ["--bbml", "0", "--no-ril"],
    ["--bbml", "1", "--contiguous", "--collapse", "eager"],
    ["--collapse", "never", "--compact", "2", "--non-coherent", "--fwb"],
]


def all_files(command, trace, policies):
    for policy in policies:
        for setting in SETTINGS if policy == "batched" else SETTINGS[3:]:
            options = ["--policy", policy, *setting]
            attempt(command, f"files of {os.path.basename(trace)} {' '.join(options)}",
                    lambda: check_all(command, trace, options))


def maps_agree(command):
    def action():
        maps = [check_all(command, trace, ["--policy", policy, "--until", "33"])[1]
                for policy in ("eager", "strict", "batched")]
        need(maps[0] == maps[1] == maps[2], "the maps differ")

    trace = data("good_small.txt")
    attempt(command, "the maps of all policies are the same", action)


WHAT_IFS = [["--group", "--sync-ns", "9000"], ["--list", "16"], ["--ahead", "64K"], ["--list", "4096", "--ahead", "2M"]]


def what_ifs(command):
    """They flush otherwise, but end with the same map; a consent is given where it says, and nowhere else."""
    trace = os.path.join(TRACES, "boot.txt.xz")

    def compare(options, plain):
        run, runs = check_all(command, trace, ["--policy", "batched", *options])
        need(run["what_if"] is True, "not marked as a what-if")
        need(runs == plain[1], "the map is another")
        need((run["ahead"] is not None) == ("--ahead" in options), f"ahead: {run['ahead']}")
        need("--ahead" not in options or run["ahead"]["consents"] > 0, "no consents")

    plain = check_all(command, trace, ["--policy", "batched"])
    attempt(command, "a flush at each trip is no what-if",
            lambda: need(plain[0]["what_if"] is False and plain[0]["ahead"] is None, "marked as one"))
    for options in WHAT_IFS:
        attempt(command, " ".join([*options, "boot"]) + " ends with the same map",
                lambda options=options: compare(options, plain))


def larger_pages(command, name):
    """The same map with all addresses multiplied, if the pool lies above them all."""
    def replay(options, pool):
        with tempfile.TemporaryDirectory() as directory:
            done = command.run("replay", "--policy", "batched", *options, "--pool", f"{pool:x}", "--json", "json",
                               "--map", "map", "--image", "image", data(name), directory=directory)
            need(done.returncode == 0 and not done.stderr, f"exit status {done.returncode}: {done.stderr}")
            with open(os.path.join(directory, "json"), encoding="ascii") as file:
                results = json.load(file)
            return results, read_map(os.path.join(directory, "map")), \
                read_image(os.path.join(directory, "image"))[2:], done.stdout

    def action(granule, granule_lg2, factor, leaves, options):
        results, runs, note, text = replay([*options, "--granule", granule], factor << ia_bits)
        run, = results["runs"]
        need(results["config"]["granule"] == granule and results["config"]["scaled_by"] == factor, "config")
        need(run["what_if"] is True and run["leaves"].keys() == leaves, f"leaves {run['leaves']}")
        need(note == (granule_lg2, ia_bits + granule_lg2 - 12), f"note {note}")
        need(runs == [(start * factor, end * factor, access, kind) for start, end, access, kind in plain[1]],
             "the map is another")
        need(f"pages of {granule} (what-if: the trace times {factor})" in text, "the table does not say so")
        for key in ("transitions_access", "pages_granted", "pages_revoked", "flushes"):
            need(run[key] == plain[0]["runs"][0][key], f"{key} is {run[key]}")

    ia_bits = replay([], 1 << 44)[2][1]
    plain = replay([], 1 << ia_bits)
    attempt(command, f"pages of {name} are 4K unless asked for",
            lambda: need((plain[0]["config"]["granule"], plain[0]["config"]["scaled_by"]) == ("4K", 1), "config"))
    for granule, granule_lg2, factor, leaves in (("16K", 14, 4, {"32M", "16K"}), ("64K", 16, 16, {"512M", "64K"})):
        for options in ([], ["--bbml", "0"], ["--nested", "--bbml", "1", "--contiguous"]):
            attempt(command, " ".join(["pages of", granule, *options, name]) + " have the same map, scaled",
                    lambda: action(granule, granule_lg2, factor, leaves, options))


def reserved_ranges(command):
    def action():
        run, runs = check_all(command, data("good_small.txt"),
                              ["--policy", "batched", "--reserve", "40001000-40003000", "--reserve",
                               "9000000-9001000", "--pool", "2000000000"])
        need(run["reserved"] == [{"base": "0x40001000", "bytes": 8192}, {"base": "0x9000000", "bytes": 4096}],
             f"reserved {run['reserved']}")
        for low, high in ((0x40001000, 0x40003000), (0x9000000, 0x9001000)):
            need(not any(start < high and low < end for start, end, _, _ in runs), f"{low:x} is reachable")

    attempt(command, "reserved ranges are in the results and not in the map", action)


def words(command):
    for arguments, says in ((["--help"], "replay"), (["replay", "--help"], "--sync-ns"),
                            (["--version"], "s2shadow "), (["info"], "")):
        done = command.run(*arguments)
        complaint = None
        if done.returncode or done.stderr or says not in done.stdout:
            complaint = f"exit status {done.returncode}, {done.stdout!r}, {done.stderr!r}"
        command.case(" ".join(["s2shadow", *arguments]), complaint)


def lenient(command):
    def action():
        with tempfile.TemporaryDirectory() as directory:
            done = command.run("replay", "--lenient", "--json", "json", data("bad_old.txt"),
                               directory=directory)
            need(done.returncode == 0, f"exit status {done.returncode}: {done.stderr}")
            need("contradict" in done.stdout, "the table does not say so")
            with open(os.path.join(directory, "json"), encoding="ascii") as file:
                need(json.load(file)["runs"][0]["contradictions"] > 0, "not counted")

    attempt(command, "--lenient counts a wrong old state and goes on", action)


def unpacked(command):
    def action():
        kept = [{key: run[key] for key in KEYS if key not in ("cpu_ns", "trace")}
                for run, _ in (check_all(command, data(name), ["--policy", "batched"])
                               for name in ("good_small.txt", "good_small.txt.xz"))]
        need(kept[0] == kept[1], "the results differ")

    attempt(command, "a compressed trace is replayed like the plain one", action)


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    command = Command(sys.argv[1])
    words(command)
    for name in ("good_small.txt", "good_regions.txt"):
        all_files(command, data(name), ("eager", "strict", "batched"))
    all_files(command, os.path.join(TRACES, "np-thp.txt.xz"), ("batched",))
    all_files(command, os.path.join(TRACES, "boot.txt.xz"), ("batched",))
    maps_agree(command)
    what_ifs(command)
    reserved_ranges(command)
    for name in ("good_small.txt", "good_regions.txt"):
        larger_pages(command, name)
    lenient(command)
    unpacked(command)
    return command.end()


if __name__ == "__main__":
    sys.exit(main())

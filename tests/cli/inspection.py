#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""inspection - what inspect says of an image is what the replay that wrote it said, and bad images are refused.
Speaks TAP.

Usage: inspection.py COMMAND
Damaged images start from a seed that is printed; S2SHADOW_SEED=SEED starts from it again.
"""

import json
import os
import random
import struct
import sys
import tempfile
import xml.etree.ElementTree

from command import TRACES, Command, data, refused
from event_log import Bad, need
from outputs import read_image, read_map

SETTINGS = [
    ("good_small", ["--policy", "eager"]),
    ("good_small", ["--policy", "batched"]),
    ("good_small", ["--policy", "batched", "--nested", "--contiguous"]),
    ("good_regions", ["--policy", "batched", "--fwb"]),
    ("np-thp", ["--policy", "batched"]),
    ("np-4k", ["--policy", "batched", "--until", "20000"]),
    ("churn", ["--policy", "batched", "--bbml", "0"]),
    ("good_small", ["--policy", "batched", "--granule", "16K", "--nested"]),
    ("np-thp", ["--policy", "batched", "--granule", "64K"]),
]

KEYS = {"format", "version", "image", "shape", "levels", "totals", "address", "problems", "runs"}


def trace(name):
    packed = os.path.join(TRACES, f"{name}.txt.xz")
    return packed if os.path.exists(packed) else data(f"{name}.txt")


def replay(command, name, options, directory):
    done = command.run("replay", *options, "--image", "image", "--map", "map", "--json", "json", trace(name),
                       directory=directory)
    need(done.returncode == 0, f"replay: exit status {done.returncode}: {done.stderr}")
    with open(os.path.join(directory, "json"), encoding="ascii") as file:
        run, = json.load(file)["runs"]
    return run, read_map(os.path.join(directory, "map"))


def inspect(command, directory, *arguments, status=0):
    done = command.run("inspect", *arguments, directory=directory)
    need(done.returncode == status, f"exit status {done.returncode}: {done.stderr}")
    need(not done.stderr, f"standard error: {done.stderr!r}")
    return done.stdout


def inspect_json(command, directory, *arguments, status=0):
    found = json.loads(inspect(command, directory, "--json", "-", "image", *arguments, status=status))
    need(found.keys() == KEYS, f"keys {sorted(found)}")
    return found


def reachable(found):
    """Runs as a map has them: (start, end, access, kind)."""
    return [(int(run["start"], 16), int(run["end"], 16), run["access"], "mmio" if run["device"] else "mem")
            for run in found["runs"] if run["kind"] == "mapped"]


def check_runs(found):
    end = 0
    for run in found["runs"]:
        need(int(run["start"], 16) == end, f"a gap before {run['start']}")
        end = int(run["end"], 16)
    need(end == 1 << found["shape"]["ia_bits"], "the runs end early")


def check_levels(found, run):
    leaves = {level["entry_bytes"]: level["leaves"] for level in found["levels"]}
    for name, count in run["leaves"].items():
        size = int(name[:-1]) << {"K": 10, "M": 20, "G": 30}[name[-1]]
        need(leaves.get(size, 0) == count, f"leaves {leaves}, not {count} of {name}")
    need(sum(level["table_bytes"] for level in found["levels"]) == run["table_bytes_live"], "table bytes")
    for above, below in zip(found["levels"], found["levels"][1:]):
        need(above["links"] == below["tables"], "links without tables")
    mapped = sum(level["mapped_bytes"] for level in found["levels"])
    holes = sum(level["hole_bytes"] for level in found["levels"])
    need((mapped, holes) == (found["totals"]["mapped_bytes"], found["totals"]["hole_bytes"]), "totals")
    need(mapped + holes == 1 << found["shape"]["ia_bits"], "bytes are missing")


def check_addresses(command, directory, runs, ia_bits):
    chosen = random.Random(ia_bits)
    edges = [address for start, end, _, _ in chosen.sample(runs, min(6, len(runs)))
             for address in (start - 1, start, end - 1, end)]
    for address in edges + [chosen.randrange(1 << ia_bits) for _ in range(4)]:
        if not 0 <= address < 1 << ia_bits:
            continue
        walk = inspect_json(command, directory, "--addr", f"{address:x}")["address"]
        access = [run[2] for run in runs if run[0] <= address < run[1]]
        need(int(walk["start"], 16) <= address < int(walk["end"], 16), f"{address:x}: covered by another")
        need(walk["pa"] == (f"0x{address:x}" if access else None), f"{address:x}: goes to {walk['pa']}")
        need(walk["access"] == (access[0] if access else None), f"{address:x}: {walk['access']}")
        need(walk["fault"] == (None if access else "F_TRANSLATION"), f"{address:x}: {walk['fault']}")


def check_against_replay(command, name, options):
    with tempfile.TemporaryDirectory() as directory:
        run, runs = replay(command, name, options, directory)
        found = inspect_json(command, directory)
        need(found["shape"]["ste"] == run["ste"], "the STE")
        need(found["shape"]["vmid"] == run["vmid"], "the VMID")
        need(found["shape"]["nested"] == ("--nested" in options), "nested")
        need(found["shape"]["fwb"] == ("--fwb" in options), "FWB")
        need(found["totals"]["identity"], "not every address to itself")
        need(not found["problems"], f"problems: {found['problems']}")
        need(reachable(found) == runs, "the runs are not the map's")
        check_runs(found)
        check_levels(found, run)
        check_addresses(command, directory, runs, found["shape"]["ia_bits"])
        if "--contiguous" in options:
            need(sum(level["groups"] for level in found["levels"]) > 0, "no contiguous group")


def check_files(command):
    with tempfile.TemporaryDirectory() as directory:
        replay(command, "np-thp", ["--policy", "batched"], directory)
        text = inspect(command, directory, "image")
        need("no problems" in text and "granule" in text, f"text {text!r}")
        both = inspect(command, directory, "image", "--json", "out.json", "--plot", "out.png")
        need(both == text, "the text changes with the files")
        inspect(command, directory, "image", "--plot", "out.svg")
        with open(os.path.join(directory, "out.json"), encoding="ascii") as file:
            need(json.load(file).keys() == KEYS, "keys of the file")
        with open(os.path.join(directory, "out.png"), "rb") as file:
            png = file.read()
        need(png[:8] == b"\x89PNG\r\n\x1a\n" and b"IEND" in png[-16:], "no whole PNG")
        root = xml.etree.ElementTree.parse(os.path.join(directory, "out.svg")).getroot()
        need(root.tag.endswith("svg"), "no SVG")
        left = sorted(os.listdir(directory))
        need(left == ["image", "json", "map", "out.json", "out.png", "out.svg"], f"files left: {left}")


class Image:
    """A small image that can be changed."""

    def __init__(self, command):
        with tempfile.TemporaryDirectory() as directory:
            replay(command, "good_small", ["--policy", "batched"], directory)
            path = os.path.join(directory, "image")
            _, self.ste, _, _ = read_image(path)
            with open(path, "rb") as file:
                self.content = file.read()
        self.root = self.ste[3] & 0x000ffffffffffff0

    def offset(self, address):
        """Of a physical address in the file."""
        count, = struct.unpack_from("<H", self.content, 56)
        for index in range(1, count):
            _, _, offset, _, physical, length, _, _ = struct.unpack_from("<IIQQQQQQ", self.content, 64 + 56 * index)
            if physical <= address < physical + length:
                return offset + address - physical
        raise Bad(f"{address:x} is not in the image")

    def with_word(self, offset, value):
        return self.content[:offset] + struct.pack("<Q", value) + self.content[offset + 8:]

    def with_byte(self, offset, value):
        return self.content[:offset] + bytes([value]) + self.content[offset + 1:]


def broken_tables(command, image):
    first = image.offset(image.root)
    for name, value, says, fault in (("that is missing", 0x1003, "not in the image", "F_WALK_EABT"),
                                     ("that is its own", image.root | 3, "entered before", None)):
        with tempfile.TemporaryDirectory() as directory:
            with open(os.path.join(directory, "image"), "wb") as file:
                file.write(image.with_word(first, value))

            def action():
                found = inspect_json(command, directory, "--addr", "0", status=1)
                need(found["problems"] and says in found["problems"][0]["what"], f"{found['problems']}")
                need(found["address"]["fault"] == fault, f"fault {found['address']['fault']}")
                check_runs(found)
                need("problem" in inspect(command, directory, "image", "--all", status=1), "the text")

            attempt(command, f"a link to a table {name} is a problem, and the rest is shown", action)


def refused_images(command, image):
    note = struct.unpack_from("<Q", image.content, 64 + 8)[0]
    bad = [
        ("an empty file", b"", "byte 0: not an image"),
        ("a text", b"# pkvm-host-trace 1\n", "byte 0: not an image"),
        ("half an image", image.content[:len(image.content) // 2], "the file ends within the tables"),
        ("a header alone", image.content[:64], "the file ends within the program headers"),
        ("an image with a byte more", image.content + b"\0", "goes on behind its last segment"),
        ("another version", image.with_byte(note + 8, 2), "version 2; only 1 is known"),
        ("another note", image.with_byte(note + 12, 0x58), "not S2SHADOW's"),
        ("another granule", image.with_byte(note + 24 + 64, 14), "its stream table entry"),
        ("an STE without stage 2", image.with_byte(note + 24, 0x9), "no legal one with stage 2"),
        ("an STE of zeros", image.content[:note + 24] + bytes(64) + image.content[note + 88:], "no legal one"),
    ]
    with tempfile.TemporaryDirectory() as directory:
        for number, (name, content, says) in enumerate(bad):
            path = os.path.join(directory, str(number))
            with open(path, "wb") as file:
                file.write(content)
            command.case(f"{name} is refused",
                         refused(command, ["inspect", path, "--json", "json", "--plot", "plot.png"], says))
    command.case("an image that is not there is refused", refused(command, ["inspect", "no-image"], "No such file"))
    command.case("a directory is refused", refused(command, ["inspect", "."], "Is a directory"))
    command.case("a file without end is refused", refused(command, ["inspect", "/dev/zero"], "not an image"))


def refused_options(command, image):
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "image")
        with open(path, "wb") as file:
            file.write(image.content)
        for arguments, says in (
                (["--addr", "xyz"], "hexadecimal"), (["--addr", ""], "hexadecimal"), (["--addr", "0x"], "hexadecimal"),
                (["--addr", "-1"], "hexadecimal"), (["--addr", "10000000000000000"], "hexadecimal"),
                (["--plot", "a.pdf"], "neither in .png nor in .svg"), (["--plot", ".png"], "neither"),
                (["--plot", ""], "neither"), (["--json", ""], "no file"), (["--colour"], "unknown option"),
                (["-a"], "unknown option"), (["--all=yes"], "takes no value"), (["--addr"], "needs a value"),
                (["another"], "one image, not 2"), (["--json", path], "overwrite"),
                (["--json", "a.png", "--plot", "a.png"], "two outputs"),
                (["--json", "missing/out"], "No such file"), (["--plot", "missing/a.png"], "No such file"),
                (["--json", "new", "--plot", "missing/a.png"], "No such file"),
                (["--json", "/dev/full"], "cannot write"), (["--json", "."], "Is a directory")):
            command.case(f"inspect {' '.join(arguments)} is refused".replace(directory + "/", ""),
                         refused(command, ["inspect", path, *arguments], says))
    command.case("inspect without an image is refused", refused(command, ["inspect"], "no image is named"))


def damaged_images(command, image):
    seed = int(os.environ.get("S2SHADOW_SEED") or random.SystemRandom().getrandbits(32))
    print(f"# S2SHADOW_SEED={seed}")
    chosen = random.Random(seed)

    def action():
        with tempfile.TemporaryDirectory() as directory:
            for _ in range(60):
                content = bytearray(image.content)
                for _ in range(1 + chosen.randrange(4)):
                    place = chosen.choice([chosen.randrange(400), image.offset(image.root) + chosen.randrange(64),
                                           chosen.randrange(len(content))])
                    content[place] ^= 1 << chosen.randrange(8)
                with open(os.path.join(directory, "image"), "wb") as file:
                    file.write(content)
                done = command.run("inspect", "image", "--addr", "40001000", "--json", "json", "--plot", "plot.svg",
                                   directory=directory, timeout=60)
                need(done.returncode in (0, 1, 2), f"exit status {done.returncode}")
                need(len(done.stderr.splitlines()) == (done.returncode == 2), f"standard error: {done.stderr!r}")
                need(bool(done.stdout) == (done.returncode != 2), "text and exit status")

    attempt(command, "damaged images are shown or refused", action)


def attempt(command, name, action):
    try:
        action()
        command.case(name, None)
    except (Bad, KeyError, ValueError, xml.etree.ElementTree.ParseError) as problem:
        command.case(name, repr(problem))


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    command = Command(sys.argv[1])
    done = command.run("inspect", "--help")
    command.case("s2shadow inspect --help",
                 None if done.returncode == 0 and "--plot" in done.stdout else f"{done.stdout!r}, {done.stderr!r}")
    for name, options in SETTINGS:
        attempt(command, f"inspect agrees with replay {name} {' '.join(options)}",
                lambda: check_against_replay(command, name, options))
    attempt(command, "text, JSON and pictures are written", lambda: check_files(command))
    image = Image(command)
    broken_tables(command, image)
    refused_images(command, image)
    refused_options(command, image)
    damaged_images(command, image)
    return command.end()


if __name__ == "__main__":
    sys.exit(main())

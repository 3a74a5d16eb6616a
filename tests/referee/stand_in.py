#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""stand_in.py - plays `s2shadow replay` for selftest.py: tables built straight from the oracle.

Takes the few options that the referee uses and writes an image and a JSON file of the same form. It
can build wrong tables on purpose: S2SHADOW_STAND_IN names the mistake (see MISTAKES).
"""

import argparse
import json
import os
import struct
import sys
from bisect import bisect_left

from image import elf
from trace import NONE, PAGE, PAGES, R, RW, W, Reader

TWO_MIB = 2 << 20
S2TG = {12: 0, 14: 2, 16: 1}
TABLE, PAGE_BITS, BLOCK_BITS = 3, 3, 1
MEMORY = 0xF << 2 | 3 << 8 | 1 << 10        # write-back, inner shareable, AF
DEVICE = 1 << 2 | 1 << 10
VMID = 1

MISTAKES = ("none", "lost-revoke", "lost-grant", "readable-revoked", "read-only-writable",
            "pool-reachable", "past-region", "wrong-output", "no-mmio", "no-device-events")


def attributes(state, address, access):
    kind = MEMORY if state.is_memory(address) else DEVICE
    return kind | (1 << 6 if access & R else 0) | (1 << 7 if access & W else 0)


class Builder:
    """Tables of the state's page, from two levels above it on, at most two start tables; the largest blocks."""

    def __init__(self, state, pool):
        self.state, self.mistake = state, os.environ.get("S2SHADOW_STAND_IN", "none")
        self.page, self.entries = state.page, state.page // 8
        self.next_table = pool[0] + 2 * self.page
        self.root, self.tables = pool[0], {}
        self.start_bytes = self.page * self.entries ** 2
        self.block_bytes = self.page * self.entries * (self.entries if self.page == PAGE else 1)
        self.borders = sorted(address for pair in state.regions + state.closed for address in pair)
        self.regained = self.first_regained()
        self.pages = sorted(set(state.special) | {self.regained} - {None})

    def first_regained(self):
        pages = [page for page in self.state.touched if page not in self.state.special]
        return pages[len(pages) // 2] if pages else None

    def wanted(self, address):
        """Access of one page, with the mistake made."""
        access, mistake, page = self.state.access(address), self.mistake, address // self.page
        if mistake == "pool-reachable" and self.state.is_closed(address):
            return RW
        if mistake == "lost-grant" and page == self.regained:
            return NONE
        if mistake == "no-mmio" and not self.state.is_memory(address):
            return NONE
        if self.state.special.get(page) == NONE:
            if mistake == "lost-revoke" and self.state.special.get(page + 1, RW) == RW:
                return RW
            if mistake == "readable-revoked":
                return R
        if mistake == "past-region" and self.state.special.get(page - 1) == NONE and access == RW:
            return NONE
        if mistake == "read-only-writable" and access == R:
            return RW
        return access

    def uniform(self, start, size):
        """False if anything changes within the block, or none is so large."""
        if size > self.block_bytes:
            return False
        if any(start < border < start + size for border in self.borders):
            return False
        first = bisect_left(self.pages, start // self.page - 1)
        return first == len(self.pages) or self.pages[first] > (start + size) // self.page

    def table(self):
        address = self.next_table
        self.next_table += self.page
        self.tables[address] = [0] * self.entries
        return address

    def leaf(self, address, access, last):
        if access == NONE:
            return 0
        output = address
        if self.mistake == "wrong-output" and last and self.state.is_memory(address):
            output ^= self.page
        kind = PAGE_BITS if last else BLOCK_BITS
        return output | attributes(self.state, address, access) | kind

    def entry(self, start, size):
        if size == self.page or self.uniform(start, size):
            return self.leaf(start, self.wanted(start), size == self.page)
        address, step = self.table(), size // self.entries
        self.tables[address] = [self.entry(start + i * step, step) for i in range(self.entries)]
        if not any(self.tables[address]):
            del self.tables[address]
            return 0
        return address | TABLE

    def build(self):
        size = self.start_bytes
        top = [self.entry(start, size) for start in range(0, 1 << self.state.ia_bits, size)]
        top += [0] * (-len(top) % self.entries)
        for i in range(0, len(top), self.entries):
            self.tables[self.root + 8 * i] = top[i:i + self.entries]
        return [(address, struct.pack(f"<{self.entries}Q", *words))
                for address, words in sorted(self.tables.items())]


def ste_of(state, pool, mistake):
    granule_lg2 = state.page.bit_length() - 1
    start = 1 if granule_lg2 == 12 else 2      # SL0 of level 1
    word2 = (64 - state.ia_bits | start << 6 | 1 << 8 | 1 << 10 | 3 << 12 | 5 << 16) << 32
    word2 |= S2TG[granule_lg2] << 46
    word2 |= 1 << 51 | 1 << 53 | 1 << 54 | VMID
    if mistake != "no-device-events":
        word2 |= 1 << 58
    return [0xD, 1 << 44, word2, pool[0], 0, 0, 0, 0]


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=["replay"])
    parser.add_argument("--policy", choices=["batched"])
    parser.add_argument("--granule", choices=PAGES, default="4K")
    parser.add_argument("--until", type=int, required=True)
    parser.add_argument("--reserve", action="append", default=[])
    parser.add_argument("--pool", type=lambda text: int(text, 16))
    parser.add_argument("--image", required=True)
    parser.add_argument("--json", required=True)
    parser.add_argument("trace")
    return parser.parse_args()


def main():
    options = arguments()
    if os.environ.get("S2SHADOW_STAND_IN", "none") not in MISTAKES:
        print("stand_in: S2SHADOW_STAND_IN names no mistake", file=sys.stderr)
        return 2
    state = Reader(options.trace, PAGES[options.granule]).states([options.until])[0]
    if state.ia_bits - state.page.bit_length() != 27:
        print("stand_in: only 40 input bits of the trace", file=sys.stderr)
        return 2
    base = options.pool
    if base is None:
        base = (state.regions[-1][1] + TWO_MIB - 1) & -TWO_MIB
    pool = base, base + 8 * TWO_MIB
    reserved = [tuple(int(word, 16) for word in text.split("-")) for text in options.reserve]
    state.close([pool] + reserved)
    builder = Builder(state, pool)
    segments = builder.build()
    ste = ste_of(state, pool, builder.mistake)
    with open(options.image, "wb") as file:
        file.write(elf(segments, ste=ste, ia_bits=state.ia_bits, granule_lg2=state.page.bit_length() - 1))
    run = {
        "trace": os.path.basename(options.trace), "policy": "batched",
        "pool": {"base": hex(pool[0]), "bytes": hex(pool[1] - pool[0])},
        "reserved": [{"base": hex(start), "bytes": hex(end - start)} for start, end in reserved],
        "ste": [hex(word) for word in ste],
    }
    with open(options.json, "w", encoding="utf-8") as file:
        json.dump({"runs": [run]}, file)
    return 0


if __name__ == "__main__":
    sys.exit(main())

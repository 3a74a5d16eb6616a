# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""trace.py - reads a recorded trace and says what a device may reach at a point of it.

The referee's own oracle: it takes every T line as it stands and knows nothing of batches or tables.
Used by referee.py. Format: docs/trace-format.md.
"""

import lzma

PAGE = 4096             # of a trace as it was recorded
PAGES = {"4K": PAGE, "16K": 4 * PAGE, "64K": 16 * PAGE}    # by what --granule calls them
NONE, R, W, RW = 0, 1, 2, 3
STATES = ("O", "S", "B", "N")
ACCESS_NAMES = {NONE: "none", R: "ro", W: "wo", RW: "rw"}


class TraceError(Exception):
    """The trace cannot be read; the text says where and why."""


class State:
    """Access of every page at one point: read and write everywhere but in `special`."""

    def __init__(self, ia_bits, regions, special, seq, page=PAGE):
        self.ia_bits = ia_bits
        self.page = page
        self.regions = regions      # merged, sorted (start, end)
        self.special = special      # page number -> access that is not RW
        self.touched = []           # page numbers that transitions changed, oldest first
        self.seq = seq
        self.closed = []            # (start, end): table pool and reserved ranges

    def close(self, ranges):
        """No device reaches these ranges, whatever the trace says."""
        self.closed = sorted(ranges)

    def is_closed(self, address):
        return any(start <= address < end for start, end in self.closed)

    def is_memory(self, address):
        return any(start <= address < end for start, end in self.regions)

    def access(self, address):
        if address >= 1 << self.ia_bits or self.is_closed(address):
            return NONE
        return self.special.get(address // self.page, RW)

    def edges(self):
        """Every address where access or the memory type changes, sorted; 0 and the end included."""
        found = {0, 1 << self.ia_bits}
        for page, access in self.special.items():
            if self.special.get(page - 1, RW) != access:
                found.add(page * self.page)
            if self.special.get(page + 1, RW) != access:
                found.add((page + 1) * self.page)
        for start, end in self.regions + self.closed:
            found.update((start, end))
        return sorted(found)


def open_trace(path):
    if path.endswith(".xz"):
        return lzma.open(path, "rt", encoding="ascii")
    return open(path, "r", encoding="ascii")


def merge(regions):
    merged = []
    for start, end in sorted(regions):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


class Reader:
    """One pass over a trace; copies its state at each wanted point.

    With larger pages every address and size of the trace is multiplied: page for page the same.
    """

    def __init__(self, path, page=PAGE):
        self.path = path
        self.page, self.scale = page, page // PAGE
        self.line_number = 0
        self.snapshots = 0
        self.records = 0
        self.ia_bits = 0
        self.regions = []
        self.special = {}
        self.changed = {}           # pages that transitions changed; a dict keeps their order

    def fail(self, what):
        raise TraceError(f"{self.path}:{self.line_number}: {what}")

    def address(self, word):
        return int(word, 16) * self.scale

    def header(self, words):
        """A line of the first snapshot; later snapshots and all other headers change nothing."""
        if words[:1] == ["snapshot"]:
            self.snapshots += 1
        if self.snapshots != 1 or self.records:
            return
        if words[0] == "G":
            self.ia_bits = int(words[2]) + self.scale.bit_length() - 1
        elif words[0] == "R":
            start = self.address(words[2])
            self.regions = merge(self.regions + [(start, start + self.address(words[3]))])
        elif words[0] == "L":
            self.leaves(self.address(words[1]), self.address(words[2]), words[4], words[5])

    def leaves(self, start, size, kind, rights):
        if kind == "owner":
            access = NONE
        elif kind == "valid":
            access = (R if "R" in rights else 0) | (W if "W" in rights else 0)
        else:
            self.fail(f"a leaf that is {kind}")
        if access != RW:
            self.special.update(dict.fromkeys(self.pages(start, size), access))

    def pages(self, start, size):
        return range(start // self.page, (start + size) // self.page)

    def transition(self, address, size, old, new):
        if size == 0 or address % self.page or size % self.page:
            self.fail("a transition that is not whole pages")
        if not any(start <= address and address + size <= end for start, end in self.regions):
            self.fail("a transition outside memory")
        for page in self.pages(address, size):
            if new == "N":
                access = NONE
            elif old == "N":
                access = RW
            else:
                continue
            if self.special.get(page, RW) == access:
                continue
            if access == RW:
                del self.special[page]
            else:
                self.special[page] = access
            self.changed.pop(page, None)
            self.changed[page] = True

    def snapshot(self, seq):
        state = State(self.ia_bits, list(self.regions), dict(self.special), seq, self.page)
        state.touched = list(self.changed)
        return state

    def line(self, text):
        """Yields (seq, T's four words or None) of a record; headers are taken in."""
        words = text.split()
        if text.startswith("#"):
            if len(words) > 1:
                self.header(words[1:])
            return
        if words[0] != "T":
            yield int(words[1]), None
            return
        start, size = self.address(words[5]), self.address(words[6])
        if words[7] not in STATES or words[8] not in STATES:
            self.fail(f"states '{words[7]}' and '{words[8]}'")
        yield int(words[1]), (start, size, words[7], words[8])

    def events(self):
        """Yields (seq, transition or None) of each record; applies nothing."""
        try:
            with open_trace(self.path) as stream:
                for text in stream:
                    self.line_number += 1
                    yield from self.line(text)
        except (ValueError, IndexError) as error:
            self.fail(f"a line that cannot be read ({error})")
        except (OSError, EOFError, lzma.LZMAError) as error:
            self.fail(str(error))

    def states(self, points):
        """The state at each of the points (seq; each record up to it has happened)."""
        wanted = sorted(set(points))
        found = {}
        for seq, transition in self.events():
            while wanted and seq > wanted[0]:
                found[wanted[0]] = self.snapshot(wanted[0])
                wanted.pop(0)
            if not wanted:
                break
            self.records += 1
            if transition:
                self.transition(*transition)
        for seq in wanted:
            found[seq] = self.snapshot(seq)
        return [found[seq] for seq in points]

    def without_access(self):
        return sum(access == NONE for access in self.special.values())

    def survey(self):
        """(seq of every T, the seq after which the most pages are without access)."""
        seqs = []
        peak_seq, peak_pages, without = 0, -1, None
        for seq, transition in self.events():
            self.records += 1
            if not transition:
                continue
            if without is None:
                without = self.without_access()
            start, size, _, _ = transition
            pages = self.pages(start, size)
            without -= sum(self.special.get(page) == NONE for page in pages)
            self.transition(*transition)
            without += sum(self.special.get(page) == NONE for page in pages)
            seqs.append(seq)
            if without > peak_pages:
                peak_seq, peak_pages = seq, without
        return seqs, peak_seq

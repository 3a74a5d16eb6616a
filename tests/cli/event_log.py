# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""event_log - read a --log and hold it to what docs/results.md promises, knowing nothing of the program.

The W lines alone rebuild the tables; the C, D and S lines alone say which commands are complete. So at each K
the pages of the transitions that it covers can be looked up as a walker would find them.
"""

TLBI_FIRST, TLBI_LAST, SYNC = 0x10, 0x30, 0x46
PAGE = 4096


class Bad(Exception):
    pass


def need(condition, what):
    if not condition:
        raise Bad(what)


class Smmu:
    def __init__(self):
        self.commands = []              # (word 0, word 1) by position
        self.published = 0
        self.seen = 0                   # everything before it is complete


class Log:
    """The state after each line; `on_complete(seq)` is called at each K."""

    def __init__(self, on_complete=None):
        self.on_complete = on_complete
        self.memory = {}                # descriptors by physical address
        self.smmus = {}
        self.snapshot = False
        self.taken = []                 # SEQ of each T
        self.complete = -1
        self.writes = [0, 0]            # up to the first T, and after it
        self.counts = {"tlbi": [0, 0], "syncs": [0, 0], "doorbells": [0, 0]}

    def smmu(self, number):
        return self.smmus.setdefault(int(number), Smmu())

    def phase(self):
        return 1 if self.taken else 0

    def read(self, lines):
        for number, line in enumerate(lines, 1):
            fields = line.rstrip("\n").split(" ")
            try:
                need(fields[0] in tuple("TAWCDSK") and line.endswith("\n"), "no event")
                getattr(self, "on_" + fields[0])(*fields[1:])
            except (Bad, TypeError, ValueError) as problem:
                raise Bad(f"line {number}, {line.strip()!r}: {problem}") from problem

    def on_T(self, seq):
        if seq == "-":
            need(not self.snapshot and not self.taken, "the snapshot is not the first T")
            self.snapshot = True
            return
        need(self.snapshot, "a T before the snapshot")
        need(not self.taken or int(seq) > self.taken[-1], "T goes back")
        self.taken.append(int(seq))

    def on_A(self, address, size):
        address, size = int(address, 16), int(size, 16)
        need(self.snapshot and size >= 2 * PAGE and size & (size - 1) == 0 and address % size == 0, "no aligned block")

    def on_W(self, address, value):
        address, value = int(address, 16), int(value, 16)
        need(address % 8 == 0 and value < 1 << 64, "no descriptor")
        self.memory[address] = value
        self.writes[self.phase()] += 1

    def on_C(self, number, position, word0, word1):
        smmu = self.smmu(number)
        need(int(position) == len(smmu.commands), f"position {len(smmu.commands)} is next")
        smmu.commands.append((int(word0, 16), int(word1, 16)))
        opcode = smmu.commands[-1][0] & 0xff
        if TLBI_FIRST <= opcode <= TLBI_LAST:
            self.counts["tlbi"][self.phase()] += 1
        if opcode == SYNC:
            self.counts["syncs"][self.phase()] += 1

    def on_D(self, number, position):
        smmu = self.smmu(number)
        need(int(position) == len(smmu.commands) > smmu.published, "publishes not what was written")
        smmu.published = int(position)
        self.counts["doorbells"][self.phase()] += 1

    def on_S(self, number, position):
        smmu, position = self.smmu(number), int(position)
        need(smmu.seen <= position < smmu.published, "was not published, or was seen before")
        need(smmu.commands[position][0] & 0xff == SYNC, "is no SYNC")
        skipped = smmu.commands[smmu.seen:position]
        need(all(word0 & 0xff != SYNC for word0, _ in skipped), "a SYNC before it was not seen")
        smmu.seen = position + 1

    def on_K(self, seq):
        need(self.taken and int(seq) == self.taken[-1] > self.complete, "K is not the last T, or comes twice")
        for number, smmu in self.smmus.items():
            need(smmu.seen == len(smmu.commands), f"SMMU {number} has commands that no seen SYNC covers")
        self.complete = int(seq)
        if self.on_complete:
            self.on_complete(self.complete)

    def walk(self, root, level, start_tables, ipa):
        """What a walker finds: None, or (output address, readable, writable)."""
        table = root + (ipa >> (48 - 9 * level)) * PAGE
        need(ipa >> (48 - 9 * level) < start_tables, f"{ipa:x} is beyond the start tables")
        while True:
            shift = 39 - 9 * level
            value = self.memory.get(table + (ipa >> shift & 511) * 8, 0)
            if not value & 1:
                return None
            address = value & 0x0000fffffffff000
            if level == 3 or not value & 2:
                need(level < 3 or value & 2, "a reserved level 3 descriptor")
                mask = (1 << shift) - 1
                return (address & ~mask | ipa & mask, bool(value & 0x40), bool(value & 0x80))
            table, level = address, level + 1

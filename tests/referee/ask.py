# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""ask.py - lets devices read and write each address, and compares with what the trace allows.

Groups of 512 addresses (one engine's buffer holds 512 words), spread over the engines:
  1. read: plant a word in RAM at each address; each engine reads its addresses into its buffer,
     one word a copy; with translation bypassed the buffer is then emptied into a scratch page.
  2. write: the buffer is filled with new words from there; each engine writes one word to each of
     its addresses; RAM must hold the new word, or still the old one.
After each round of copies the SMMU's events say which of them faulted.
"""

import struct

from edu import BUFFER_BYTES
from questions import WORD
from smmu import F_PERMISSION, F_TRANSLATION
from trace import ACCESS_NAMES, NONE, R, W
from windows import cut

SLOTS = BUFFER_BYTES // WORD


class Mismatch:
    def __init__(self, address, to_ram, expected, seen):
        self.address, self.to_ram, self.expected, self.seen = address, to_ram, expected, seen

    def __str__(self):
        return (f"0x{self.address:x} {'write' if self.to_ram else 'read'}: "
                f"expected {self.expected}, seen {self.seen}")


class Asker:
    def __init__(self, qemu, board, smmu, engines, state, tables, random):
        self.qemu, self.board, self.smmu, self.engines = qemu, board, smmu, engines
        self.state, self.tables, self.random = state, tables, random
        self.window = None
        self.copies = 0
        self.moved = 0
        self.faults = 0
        self.mismatches = []

    def ask(self, addresses, pieces):
        """All addresses, reads before writes; returns the mismatches."""
        share = SLOTS * len(self.board.slots)
        for to_ram in (False, True):
            for self.window, part in cut(addresses, pieces):
                self.smmu.ste = self.window.ste
                for i in range(0, len(part), share):
                    group = part[i:i + share]
                    self.group(to_ram, {slot: group[n::len(self.board.slots)]
                                        for n, slot in enumerate(self.board.slots)})
        self.mismatches.sort(key=lambda mismatch: (mismatch.address, mismatch.to_ram))
        return self.mismatches

    def plantable(self, address):
        """Whether the referee may change what is there: RAM, but no live table."""
        return self.board.in_ram(address) and not self.tables.has(address)

    def group(self, to_ram, parts):
        everything = [address for part in parts.values() for address in part]
        words = {address: self.random.getrandbits(64) for address in everything}
        before = self.remember(to_ram, everything, words)
        if to_ram:
            self.fill_buffers({slot: [words[a] for a in part] for slot, part in parts.items()})
        else:
            self.fill_buffers({slot: [self.random.getrandbits(64) for _ in part]
                               for slot, part in parts.items()})
        events = self.copy_all(to_ram, parts)
        if to_ram:
            after = dict(zip(before, self.qemu.read64s(list(before))))
        else:
            after = self.empty_buffers(parts)
        for address in everything:
            self.compare(address, to_ram, words, before, after, events[address])

    def remember(self, to_ram, addresses, words):
        """What RAM holds at the addresses; before a read these are new words."""
        plant = [address for address in addresses if self.plantable(address)]
        if not to_ram:
            self.qemu.write64s([(address, words[address]) for address in plant])
        in_ram = [address for address in addresses if self.board.in_ram(address)]
        return dict(zip(in_ram, self.qemu.read64s(in_ram)))

    def fill_buffers(self, contents):
        """Puts the words into each engine's buffer, from a page that is not translated."""
        self.smmu.bypass()
        for slot, words in contents.items():
            if not words:
                continue
            self.qemu.write64s([(self.board.scratch + WORD * i, word)
                                for i, word in enumerate(words)])
            self.engines.copy({slot: (False, self.board.scratch, 0, WORD * len(words))})
        self.smmu.translate()

    def empty_buffers(self, parts):
        """What each address's read brought: {address: word}."""
        found = {}
        self.smmu.bypass()
        for slot, part in parts.items():
            if not part:
                continue
            self.engines.copy({slot: (True, self.board.scratch, 0, WORD * len(part))})
            data = self.qemu.read_bytes(self.board.scratch, WORD * len(part))
            found.update(zip(part, struct.unpack(f"<{len(part)}Q", data)))
        self.smmu.translate()
        return found

    def copy_all(self, to_ram, parts):
        """One word a copy, all engines side by side; returns {address: [Event]}."""
        found = {}
        self.smmu.invalidate()
        self.smmu.events()
        for i in range(max(len(part) for part in parts.values())):
            round_of = {slot: part[i] for slot, part in parts.items() if i < len(part)}
            self.engines.copy({slot: (to_ram, address - self.window.start, WORD * i, WORD)
                               for slot, address in round_of.items()})
            self.copies += len(round_of)
            events = self.smmu.events()
            for slot, address in round_of.items():
                found[address] = events.pop(self.smmu.stream(slot), [])
            for stream, strangers in events.items():
                self.mismatches.append(Mismatch(strangers[0].address, to_ram, "no event",
                                                f"{strangers[0]} of idle stream {stream}"))
        return found

    def compare(self, address, to_ram, words, before, after, events):
        access = self.state.access(address)
        allowed = bool(access & (W if to_ram else R))
        expected = "moved" if allowed else "fault"
        seen = self.describe(address, to_ram, words, before, after, events)
        if not self.board.in_ram(address) and allowed:
            expected = "no fault"
        wanted_event = F_TRANSLATION if access == NONE else F_PERMISSION
        if seen == "fault" and not allowed and any(event.kind != wanted_event for event in events):
            expected, seen = f"fault 0x{wanted_event:02x}", str(events[0])
        self.moved += seen == "moved"
        self.faults += seen == "fault"
        if seen != expected:
            kind = "memory" if self.state.is_memory(address) else "mmio"
            if self.state.is_closed(address):
                kind = "pool or reserved"
            self.mismatches.append(Mismatch(
                address, to_ram, f"{expected} ({kind} {ACCESS_NAMES[access]})", seen))

    def describe(self, address, to_ram, words, before, after, events):
        """What one access did, in words that compare() expects."""
        asked, page = address - self.window.start, self.state.page
        for event in events:
            if (event.kind not in (F_TRANSLATION, F_PERMISSION) or not event.stage2
                    or event.read == to_ram or event.address // page != asked // page):
                return str(event)
        if not self.board.in_ram(address):
            return "fault" if events else "no fault"
        if to_ram:
            arrived, unchanged = after[address] == words[address], after[address] == before[address]
        else:
            # A refused read brings zeros, which a table page that cannot be planted may hold.
            arrived = after[address] == before[address] and (events == [] or before[address] != 0)
            unchanged = True
        if events:
            if arrived:
                return "fault, but the data moved"
            return "fault" if unchanged else "fault, but RAM changed"
        if arrived:
            return "moved"
        return "neither fault nor data"

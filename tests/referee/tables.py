# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""tables.py - finds leaves and descriptors in an image's stage-2 tables.

Only helps to choose where to ask and what --plant damages; what a device can reach is QEMU's to
say.
Spec: DDI 0487, VMSAv8-64 stage 2 descriptors; IHI 0070, STE.
"""

import struct

S2TG = {0: 12, 1: 16, 2: 14}        # STE.S2TG -> granule
ADDRESS = 0x0000FFFFFFFFF000


class TablesError(Exception):
    """The STE or a table is not what a stage-2 walk can use."""


class Tables:
    def __init__(self, image):
        word2, word3 = image.ste[2], image.ste[3]
        self.image = image
        self.ia_bits = 64 - (word2 >> 32 & 0x3F)
        self.granule_lg2 = S2TG.get(word2 >> 46 & 3)
        self.base = word3 & 0x000FFFFFFFFFFFF0
        if self.granule_lg2 is None or image.granule_lg2 != self.granule_lg2:
            raise TablesError(f"STE.S2TG is {word2 >> 46 & 3}, the note says 2^{image.granule_lg2}")
        self.granule, self.entries = 1 << self.granule_lg2, 1 << self.granule_lg2 - 3
        self.level = (2 if self.granule_lg2 == 12 else 3) - (word2 >> 38 & 3)
        if self.ia_bits != image.ia_bits:
            raise TablesError(f"STE says {self.ia_bits} input bits, the note {image.ia_bits}")
        self.words = {}
        for start, data in image.segments:
            first = -(-start // self.granule) * self.granule
            for page in range(first, start + len(data) - self.granule + 1, self.granule):
                self.words[page] = struct.unpack_from(f"<{self.entries}Q", data, page - start)

    def size(self, level):
        """Bytes that an entry of this level is for."""
        return self.granule << (self.granule_lg2 - 3) * (3 - level)

    def has(self, address):
        """Whether a table lies there."""
        return address & -self.granule in self.words

    def word(self, address):
        page = self.words.get(address & -self.granule)
        if page is None:
            raise TablesError(f"the image has no table page at 0x{address & -self.granule:x}")
        return page[address % self.granule // 8]

    def descriptor(self, ipa):
        """(level, physical address of the descriptor, its value) where a walk for ipa ends."""
        level, table = self.level, self.base
        index = ipa // self.size(level)
        while True:
            address = table + 8 * index
            value = self.word(address)
            if level == 3 or value & 3 != 3:
                return level, address, value
            level, table = level + 1, value & ADDRESS
            index = ipa // self.size(level) % self.entries

    def leaves(self):
        """Yields (start, level, access, output address) of every leaf and gap, in order."""
        yield from self.leaves_of(self.level, self.base, 0,
                                  (1 << self.ia_bits) // self.size(self.level))

    def leaves_of(self, level, table, start, count):
        for index in range(count):
            value = self.word(table + 8 * index)
            here = start + index * self.size(level)
            if level < 3 and value & 3 == 3:
                yield from self.leaves_of(level + 1, value & ADDRESS, here, self.entries)
            elif value & 3 == (3 if level == 3 else 1):
                yield here, level, value >> 6 & 3, value & ADDRESS & -self.size(level)
            else:
                yield here, level, 0, here

    def runs(self):
        """([start of each run of one access and one offset], [start of each run of one level])."""
        accesses, levels = [], []
        previous_access = previous_level = None
        for start, level, access, output in self.leaves():
            access = access, output - start if access else 0
            if access != previous_access:
                accesses.append((start, *access))
            if (level, access) != previous_level:
                levels.append(start)
            previous_access, previous_level = access, (level, access)
        return accesses, levels

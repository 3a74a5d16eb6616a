# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""tables.py - finds leaves and descriptors in an image's stage-2 tables, 4 KiB granule.

Only helps to choose where to ask and what --plant damages; what a device can reach is QEMU's to
say.
Spec: DDI 0487, VMSAv8-64 stage 2 descriptors; IHI 0070, STE.
"""

import struct

SIZES = {0: 1 << 39, 1: 1 << 30, 2: 1 << 21, 3: 1 << 12}
ADDRESS = 0x0000FFFFFFFFF000


class TablesError(Exception):
    """The STE or a table is not what a stage-2 walk can use."""


class Tables:
    def __init__(self, image):
        word2, word3 = image.ste[2], image.ste[3]
        self.image = image
        self.ia_bits = 64 - (word2 >> 32 & 0x3F)
        self.level = 2 - (word2 >> 38 & 3)
        self.base = word3 & 0x000FFFFFFFFFFFF0
        if word2 >> 46 & 3 or image.granule_lg2 != 12:
            raise TablesError("the tables are not of the 4 KiB granule")
        if self.ia_bits != image.ia_bits:
            raise TablesError(f"STE says {self.ia_bits} input bits, the note {image.ia_bits}")
        self.words = {}
        for start, data in image.segments:
            for page in range(-(-start // 4096) * 4096, start + len(data) - 4095, 4096):
                self.words[page] = struct.unpack_from("<512Q", data, page - start)

    def word(self, address):
        page = self.words.get(address & ~0xFFF)
        if page is None:
            raise TablesError(f"the image has no table page at 0x{address & ~0xFFF:x}")
        return page[(address & 0xFFF) // 8]

    def descriptor(self, ipa):
        """(level, physical address of the descriptor, its value) where a walk for ipa ends."""
        level, table = self.level, self.base
        index = ipa // SIZES[level]
        while True:
            address = table + 8 * index
            value = self.word(address)
            if level == 3 or value & 3 != 3:
                return level, address, value
            level, table = level + 1, value & ADDRESS
            index = ipa // SIZES[level] % 512

    def leaves(self):
        """Yields (start, level, access, output address) of every leaf and gap, in order."""
        yield from self.leaves_of(self.level, self.base, 0,
                                  (1 << self.ia_bits) // SIZES[self.level])

    def leaves_of(self, level, table, start, count):
        for index in range(count):
            value = self.word(table + 8 * index)
            here = start + index * SIZES[level]
            if level < 3 and value & 3 == 3:
                yield from self.leaves_of(level + 1, value & ADDRESS, here, 512)
            elif value & 3 == (3 if level == 3 else 1):
                yield here, level, value >> 6 & 3, value & ADDRESS & -SIZES[level]
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

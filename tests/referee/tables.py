# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""tables.py - finds leaves and descriptors in an image's stage-2 tables, 4 KiB granule.

Only chooses where to ask and what --plant damages; what a device can reach is QEMU's to say.
Spec: DDI 0487, VMSAv8-64 stage 2 descriptors; IHI 0070, STE.
"""

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
            view = memoryview(data)[:len(data) & ~7].cast("Q")
            for page in range(start & ~0xFFF, start + len(data), 4096):
                if page >= start and page + 4096 <= start + len(data):
                    self.words[page] = view[(page - start) // 8:(page - start) // 8 + 512]

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

    def leaf_edges(self):
        """Sorted addresses where the size of the covering descriptor changes, or its validity."""
        edges = []
        previous = None
        for start, level, valid in self.leaves(self.level, self.base, 0,
                                               (1 << self.ia_bits) // SIZES[self.level]):
            if previous is not None and previous != (level, valid):
                edges.append(start)
            previous = (level, valid)
        return edges

    def leaves(self, level, table, start, count):
        for index in range(count):
            value = self.word(table + 8 * index)
            here = start + index * SIZES[level]
            if level < 3 and value & 3 == 3:
                yield from self.leaves(level + 1, value & ADDRESS, here, 512)
            else:
                valid = value & 3 == 3 if level == 3 else value & 3 == 1
                yield here, level, valid

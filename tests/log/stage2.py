# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""stage2.py - the stage-2 tables that the W lines of a log build, 4 KiB granule.

It follows which table pages a walk from the STE reaches, and says of each store what it took away and which
pages' access it changed. Every valid leaf is held to its form: identity, memory type, no stray bits.
Spec: DDI 0487, VMSAv8-64 stage 2 descriptors; IHI 0070, STE. Used by replayed.py.
"""

PAGE = 4096
NONE, RW = 0, 3
ADDRESS = 0x0000FFFFFFFFF000
SHIFT = (39, 30, 21, 12)                # of one entry, by level
INVALID, LEAF, TABLE = 0, 1, 2
EMPTY = [0] * 512

ATTRIBUTES = 0b1111 << 2
NORMAL, NORMAL_FWB, DEVICE = 0b1111 << 2, 0b0110 << 2, 0b0001 << 2
NT, CONTIGUOUS = 1 << 16, 1 << 52
GROUP = 16                              # entries that share a hint, at every level
GROUPS = 10                             # a group of leaves of level 3 is a leaf of "level" 13
SHAREABLE = 0b11 << 8
AF = 1 << 10
ACCESS_SHIFT, ACCESS = 6, 0b11 << 6


class Wrong(Exception):
    """The log breaks a rule; the text says which."""


def kind_of(value, level):
    if not value & 1:
        return INVALID
    if level == 3:
        if not value & 2:
            raise Wrong(f"descriptor {value:x} at level 3 is reserved")
        return LEAF
    if value & 2:
        return TABLE
    if level == 0:
        raise Wrong(f"a block {value:x} at level 0")
    return LEAF


def join(found, start, end, access):
    """Adds a piece to a list of pieces."""
    if found and found[-1][2] == access:
        found[-1] = (found[-1][0], end, access)
    else:
        found.append((start, end, access))


def uniform(words, level):
    """All 512 descriptors of a table are leaves alike, one after the other."""
    first, size = words[0], 1 << SHIFT[level]
    return first & 1 and words[511] == first + 511 * size and kind_of(first, level) == LEAF and \
        words == list(range(first, first + 512 * size, size))


class Effect:
    """What one store did: leaves and tables taken away, and pieces of access before and after."""
    __slots__ = ("leaves", "tables", "before", "after", "over_invalid", "level", "ipa")


class Stage2:
    def __init__(self, ste, regions, closed, bbml=2, contiguous=False):
        self.regions, self.closed = regions, closed
        self.bbml = bbml
        self.free = (CONTIGUOUS if contiguous else 0) | (NT if bbml == 1 else 0)    # what a live leaf may change
        self.pages = {}                 # page -> its 512 descriptors, where a W line was
        self.live = {}                  # table page -> (level, first IPA)
        self.decode(ste)

    def decode(self, ste):
        config = ste[0] >> 1 & 7
        if not ste[0] & 1 or config not in (6, 7):
            raise Wrong(f"the STE is not valid for stage 2: word 0 is {ste[0]:x}")
        self.nested = config == 7
        self.normal = NORMAL_FWB if ste[1] >> 25 & 1 else NORMAL
        self.vmid = ste[2] & 0xFFFF
        self.ia_bits = 64 - (ste[2] >> 32 & 0x3F)
        self.level = 2 - (ste[2] >> 38 & 3)
        if ste[2] >> 46 & 3 or self.level not in (0, 1, 2):
            raise Wrong("the STE does not name the 4 KiB granule and start level 0 to 2")
        if not ste[2] >> 51 & 1:
            raise Wrong("S2AA64 is not set")
        self.root = ste[3] & 0x000FFFFFFFFFFFF0
        bits = self.ia_bits - SHIFT[self.level]
        self.entries = 1 << bits
        self.root_pages = max(1, self.entries // 512)
        if self.root_pages > 16 or self.root % (self.root_pages * PAGE):
            raise Wrong(f"{self.root_pages} start tables at {self.root:x}")
        for index in range(self.root_pages):
            self.live[self.root + index * PAGE] = (self.level, index << (SHIFT[self.level] + 9))

    def words(self, table):
        return self.pages.get(table, EMPTY)

    def put(self, address, value):
        """Returns what was there."""
        words = self.pages.get(address & ~0xFFF)
        if words is None:
            words = self.pages[address & ~0xFFF] = list(EMPTY)
        old = words[(address & 0xFFF) >> 3]
        words[(address & 0xFFF) >> 3] = value
        return old

    def get(self, address):
        return self.words(address & ~0xFFF)[(address & 0xFFF) >> 3]

    def top(self):
        """Yields (value, IPA) of each descriptor of the start tables."""
        for index in range(self.entries):
            yield self.get(self.root + 8 * index), index << SHIFT[self.level]

    # --- leaves -------------------------------------------------------------------------------------

    def is_memory(self, ipa):
        for start, end in self.regions:
            if start <= ipa < end:
                return True
        return False

    def leaf(self, value, level, ipa, count=1):
        """The access of a valid leaf, or of `count` alike; Wrong if this address may not have it."""
        size = count << SHIFT[level]
        if value & (ADDRESS & ~NT if level < 3 else ADDRESS) != ipa:
            raise Wrong(f"leaf {value:x} of level {level} for {ipa:x} leads elsewhere")
        if ipa + size > 1 << self.ia_bits:
            raise Wrong(f"leaf {value:x} beyond the input size")
        for start, end in self.closed:
            if ipa < end and start < ipa + size:
                raise Wrong(f"leaf {value:x} of level {level} for {ipa:x} opens a closed range")
        attributes = value & ATTRIBUTES
        for start, end in self.regions:
            if ipa < end and start < ipa + size:
                if start > ipa or end < ipa + size:
                    raise Wrong(f"leaf {value:x} of level {level} crosses the edge of memory")
                if attributes != self.normal or value & SHAREABLE != SHAREABLE:
                    raise Wrong(f"leaf {value:x} for memory at {ipa:x} is not normal memory")
                break
        else:
            if attributes != DEVICE:
                raise Wrong(f"leaf {value:x} for MMIO at {ipa:x} is not Device memory")
        free = self.free & ~NT if level == 3 else self.free
        if not self.bbml and attributes != DEVICE:
            free = 0                    # no hint where pages may change
        address = ADDRESS & ~NT if level < 3 else ADDRESS
        if not value & AF or value & ~(address | ATTRIBUTES | ACCESS | SHAREABLE | AF | free | 3):
            raise Wrong(f"leaf {value:x} for {ipa:x} has bits that it should not have")
        access = value >> ACCESS_SHIFT & 3
        if not access:
            raise Wrong(f"leaf {value:x} for {ipa:x} is valid and gives no access")
        return access

    def pieces(self, value, level, ipa, checked=True):
        """[(start, end, access)] under one descriptor, gaps included, neighbours of one access joined."""
        kind = kind_of(value, level)
        if kind == INVALID:
            return [(ipa, ipa + (1 << SHIFT[level]), NONE)]
        if kind == LEAF:
            access = self.leaf(value, level, ipa) if checked else value >> ACCESS_SHIFT & 3
            return [(ipa, ipa + (1 << SHIFT[level]), access)]
        words, level = self.words(value & ADDRESS), level + 1
        size = 1 << SHIFT[level]
        if uniform(words, level):
            access = self.leaf(words[0], level, ipa, 512) if checked else words[0] >> ACCESS_SHIFT & 3
            return [(ipa, ipa + 512 * size, access)]
        found = []
        for below in words:
            if not below & 1:
                join(found, ipa, ipa + size, NONE)
            elif level == 3:
                kind_of(below, level)
                join(found, ipa, ipa + size,
                     self.leaf(below, level, ipa) if checked else below >> ACCESS_SHIFT & 3)
            else:
                for piece in self.pieces(below, level, ipa, checked):
                    join(found, *piece)
            ipa += size
        return found

    def all_pieces(self):
        found = []
        for value, ipa in self.top():
            for piece in self.pieces(value, self.level, ipa):
                join(found, *piece)
        return found

    def leaves(self, levels=(1, 2, 3)):
        """Yields (level, ipa, value) of every valid leaf that a walk reaches."""
        for table, (level, ipa) in self.live.items():
            if level in levels:
                for value in self.words(table):
                    if value & 1 and kind_of(value, level) == LEAF:
                        yield level, ipa, value
                    ipa += 1 << SHIFT[level]

    def leaf_counts(self):
        found = {1: 0, 2: 0, 3: 0}
        for table, (level, _) in self.live.items():
            words = self.words(table)
            if level:
                found[level] += sum(value & 1 for value in words) if level == 3 else \
                    sum(value & 3 == 1 for value in words)
        return {"1G": found[1], "2M": found[2], "4K": found[3]}

    def under(self, value, level, ipa, leaves, tables):
        """Adds every valid leaf (unless None) and table descriptor of a sub-tree, `value` itself included."""
        kind = kind_of(value, level)
        if kind == LEAF and leaves is not None:
            leaves.append((level, ipa, value))
        elif kind == TABLE:
            tables.append((level, ipa, value & ADDRESS))
            if level == 2 and leaves is None:
                return
            for below in self.words(value & ADDRESS):
                if below & 1:
                    self.under(below, level + 1, ipa, leaves, tables)
                ipa += 1 << SHIFT[level + 1]

    def walk(self, table, level, address):
        """The access that a walk finds for an address when it starts in this table of `level`."""
        while True:
            value = self.get(table + 8 * (address >> SHIFT[level] & 511))
            kind = kind_of(value, level)
            if kind != TABLE:
                return value >> ACCESS_SHIFT & 3 if kind == LEAF else NONE
            table, level = value & ADDRESS, level + 1

    # --- contiguous groups --------------------------------------------------------------------------

    def broken_group(self):
        """A leaf with the hint whose group is not whole; None if there is none."""
        for table, (level, _) in self.live.items():
            words = self.words(table)
            for first in range(0, 512, GROUP):
                group = words[first:first + GROUP]
                hinted = [value for value in group if value & 1 and value & CONTIGUOUS]
                if hinted and group != list(range(group[0], group[0] + (GROUP << SHIFT[level]), 1 << SHIFT[level])):
                    return hinted[0]
        return None

    # --- stores -------------------------------------------------------------------------------------

    def go_live(self):
        """Bring-up is over: from now on each store is seen by walkers."""
        for value, ipa in self.top():
            self.link(value, self.level, ipa)

    def link(self, value, level, ipa):
        tables = []
        self.under(value, level, ipa, None, tables)
        for above, base, table in tables:
            if table in self.live:
                raise Wrong(f"table {table:x} is linked twice")
            self.live[table] = (above + 1, base)

    def store(self, address, value):
        """One W while walkers look on; returns its Effect, or None if no walk from the STE reaches it."""
        old = self.put(address, value)
        where = self.live.get(address & ~0xFFF)
        if where is None or old == value:
            return None
        level, base = where
        effect = Effect()
        ipa = base + ((address & 0xFFF) >> 3 << SHIFT[level])
        old_kind, new_kind = kind_of(old, level), kind_of(value, level)
        effect.level, effect.ipa = level, ipa
        effect.over_invalid = old_kind == INVALID
        effect.leaves, effect.tables = [], []
        effect.before, effect.after = self.pieces(old, level, ipa, False), self.pieces(value, level, ipa)
        if old_kind == LEAF:
            effect.leaves.append((level, ipa, old))
            if old & CONTIGUOUS:        # perhaps cached for all members at once
                effect.leaves.append((level + GROUPS, ipa - ipa % (GROUP << SHIFT[level]), old))
            if new_kind == LEAF and (old ^ value) & ~(ACCESS | self.free):
                raise Wrong(f"live leaf {old:x} becomes {value:x} without break-before-make")
        elif old_kind == TABLE:
            self.under(old, level, ipa, effect.leaves, effect.tables)
            for _, _, table in effect.tables:
                del self.live[table]
        if new_kind == TABLE:
            self.link(value, level, ipa)
        return effect


def changes(before, after):
    """Yields (start, end, access before, access after) where two lists of pieces of one span differ."""
    i = j = 0
    start = before[0][0]
    while i < len(before) and j < len(after):
        end = min(before[i][1], after[j][1])
        if before[i][2] != after[j][2]:
            yield start, end, before[i][2], after[j][2]
        start = end
        if before[i][1] == end:
            i += 1
        if after[j][1] == end:
            j += 1

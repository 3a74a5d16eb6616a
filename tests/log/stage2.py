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

ATTRIBUTES = 0b1111 << 2
NORMAL, DEVICE = 0b1111 << 2, 0b0001 << 2
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


class Effect:
    """What one store did: leaves and tables taken away, and pieces of access before and after."""
    __slots__ = ("leaves", "tables", "before", "after", "over_invalid", "level", "ipa")


class Stage2:
    def __init__(self, ste, regions, closed):
        self.regions, self.closed = regions, closed
        self.memory = {}                # descriptors by physical address
        self.live = {}                  # table page -> (level, first IPA)
        self.decode(ste)

    def decode(self, ste):
        config = ste[0] >> 1 & 7
        if not ste[0] & 1 or config not in (6, 7):
            raise Wrong(f"the STE is not valid for stage 2: word 0 is {ste[0]:x}")
        self.nested = config == 7
        self.vmid = ste[2] & 0xFFFF
        self.ia_bits = 64 - (ste[2] >> 32 & 0x3F)
        self.level = 2 - (ste[2] >> 38 & 3)
        if ste[2] >> 46 & 3 or self.level not in (0, 1):
            raise Wrong("the STE does not name the 4 KiB granule and start level 0 or 1")
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

    # --- leaves -------------------------------------------------------------------------------------

    def is_memory(self, ipa):
        for start, end in self.regions:
            if start <= ipa < end:
                return True
        return False

    def leaf(self, value, level, ipa):
        """The access of a valid leaf; Wrong if it is not the leaf that this address may have."""
        size = 1 << SHIFT[level]
        if value & ADDRESS != ipa:
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
                if attributes != NORMAL or value & SHAREABLE != SHAREABLE:
                    raise Wrong(f"leaf {value:x} for memory at {ipa:x} is not normal memory")
                break
        else:
            if attributes != DEVICE:
                raise Wrong(f"leaf {value:x} for MMIO at {ipa:x} is not Device memory")
        if not value & AF or value & ~(ADDRESS | ATTRIBUTES | ACCESS | SHAREABLE | AF | 3):
            raise Wrong(f"leaf {value:x} for {ipa:x} has bits that it should not have")
        access = value >> ACCESS_SHIFT & 3
        if not access:
            raise Wrong(f"leaf {value:x} for {ipa:x} is valid and gives no access")
        return access

    def pieces(self, value, level, ipa, checked=True):
        """[(start, end, access)] under one descriptor, gaps included, neighbours of one access joined."""
        kind = kind_of(value, level)
        end = ipa + (1 << SHIFT[level])
        if kind == INVALID:
            return [(ipa, end, NONE)]
        if kind == LEAF:
            return [(ipa, end, self.leaf(value, level, ipa) if checked else value >> ACCESS_SHIFT & 3)]
        found, memory, table, shift = [], self.memory, value & ADDRESS, SHIFT[level + 1]
        for index in range(512):
            below = memory.get(table + 8 * index, 0)
            here = ipa + (index << shift)
            if not below & 1:
                part = ((here, here + (1 << shift), NONE),)
            elif level == 2 and not checked:
                part = ((here, here + PAGE, below >> ACCESS_SHIFT & 3),)
            else:
                part = self.pieces(below, level + 1, here, checked)
            for piece in part:
                if found and found[-1][2] == piece[2]:
                    found[-1] = (found[-1][0], piece[1], piece[2])
                else:
                    found.append(piece)
        return found

    def all_pieces(self):
        shift, found = SHIFT[self.level], []
        for index in range(self.entries):
            ipa = index << shift
            for piece in self.pieces(self.memory.get(self.root + 8 * index, 0), self.level, ipa):
                if found and found[-1][2] == piece[2]:
                    found[-1] = (found[-1][0], piece[1], piece[2])
                else:
                    found.append(piece)
        return found

    def leaves(self):
        """Yields (level, ipa, value) of every valid leaf that a walk reaches."""
        for table, (level, base) in sorted(self.live.items(), key=lambda entry: entry[1][1]):
            for index in range(512):
                value = self.memory.get(table + 8 * index, 0)
                if value & 1 and kind_of(value, level) == LEAF:
                    yield level, base + (index << SHIFT[level]), value

    def under(self, value, level, ipa, leaves, tables):
        """Adds every valid leaf and table descriptor of a sub-tree, `value` itself included."""
        kind = kind_of(value, level)
        if kind == LEAF:
            leaves.append((level, ipa, value))
        elif kind == TABLE:
            table, shift = value & ADDRESS, SHIFT[level + 1]
            tables.append((level, ipa, table))
            for index in range(512):
                below = self.memory.get(table + 8 * index, 0)
                if below & 1:
                    self.under(below, level + 1, ipa + (index << shift), leaves, tables)

    def covers(self, table, level, ipa, address):
        """The access that a walk finds for an address when it starts in this table of `level`."""
        while True:
            shift = SHIFT[level]
            value = self.memory.get(table + 8 * (address >> shift & 511), 0)
            kind = kind_of(value, level)
            if kind != TABLE:
                return value >> ACCESS_SHIFT & 3 if kind == LEAF else NONE
            table, level = value & ADDRESS, level + 1

    # --- stores -------------------------------------------------------------------------------------

    def go_live(self):
        """Bring-up is over: from now on each store is seen by walkers."""
        for table, (level, base) in list(self.live.items()):
            for index in range(512):
                value = self.memory.get(table + 8 * index, 0)
                if value & 1:
                    self.link(value, level, base + (index << SHIFT[level]))

    def link(self, value, level, ipa):
        leaves, tables = [], []
        self.under(value, level, ipa, leaves, tables)
        for above, base, table in tables:
            if table in self.live:
                raise Wrong(f"table {table:x} is linked twice")
            self.live[table] = (above + 1, base)
        return tables

    def store(self, address, value):
        """One W while walkers look on; returns its Effect, or None if no walk from the STE reaches it."""
        old = self.memory.get(address, 0)
        self.memory[address] = value
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
            if new_kind == LEAF and (old ^ value) & ~ACCESS:
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

# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""stale.py - what the TLBs and walk caches of the SMMUs may still hold, from W, C, D and S lines alone.

A descriptor that a store replaces stays in every cache until a command that is published after the store
covers it, a SYNC behind that command was seen, and, for nested streams, the stage-1 step behind that SYNC
likewise. Between two SYNCs commands are in no order. Spec: IHI 0070, CMD_TLBI_*, CMD_SYNC. Used by replayed.py.
"""

from stage2 import GROUP, GROUPS, Wrong

SYNC, CFGI_STE, CFGI_ALL = 0x46, 0x03, 0x04
NH_ALL, S12_VMALL, S2_IPA, NSNH_ALL = 0x10, 0x28, 0x2A, 0x30
TLBI = range(0x10, 0x31)
PAGES = {1: 1 << 18, 2: 1 << 9, 3: 1, 0: 1 << 27}       # of an entry, by level, or of a contiguous group
PAGES.update({level + GROUPS: GROUP * PAGES[level] for level in (1, 2, 3)})
LEAVES = (1, 2, 3, 11, 12, 13)
ENTRY_BYTES_LG2 = {1: 30, 2: 21}                        # to which TTL aligns a range


class Command:
    """One S2_IPA, decoded and held to the encodings that are not reserved."""
    __slots__ = ("start", "end", "leaf_only", "ttl", "ranged")

    def __init__(self, word0, word1, vmid, has_ranges):
        num, scale = word0 >> 12 & 31, word0 >> 20 & 31
        ttl, granule = word1 >> 8 & 3, word1 >> 10 & 3
        address = word1 & 0x00FFFFFFFFFFF000
        if word0 & ~(0xFF | 31 << 12 | 31 << 20 | 0xFFFF << 32) or word1 & ~(address | 3 << 10 | 3 << 8 | 1):
            raise Wrong("a reserved field of TLBI_S2_IPA is not zero")
        if word0 >> 32 & 0xFFFF != vmid:
            raise Wrong(f"TLBI_S2_IPA of VMID {word0 >> 32 & 0xFFFF}, the tables have {vmid}")
        self.leaf_only, self.ttl, self.ranged = bool(word1 & 1), ttl, granule != 0
        self.start = address >> 12
        if not self.ranged:
            if num or scale or ttl:
                raise Wrong("TG=0 with NUM, SCALE or TTL")
            self.end = self.start + 1
            return
        if granule != 1:
            raise Wrong(f"TG={granule} is not the 4 KiB granule")
        if not has_ranges:
            raise Wrong("a range command without range invalidation")
        if not (num or scale or ttl):
            raise Wrong("the reserved encoding NUM=SCALE=TTL=0")
        if address & ((1 << ENTRY_BYTES_LG2.get(ttl, 12)) - 1):
            raise Wrong(f"a start that TTL={ttl} does not allow")
        self.end = self.start + ((num + 1) << scale)

    def leaf_levels(self):
        return (self.ttl, self.ttl + GROUPS) if self.ttl else LEAVES

    def table_levels(self):
        if self.leaf_only:
            return ()
        return range(self.ttl) if self.ttl else (0, 1, 2)


class Smmu:
    """One SMMU's queue, and for each thing that may be stale how far its invalidation has come."""

    def __init__(self, nested):
        self.nested = nested
        self.words = []                 # of each command, by position
        self.published = self.seen = 0
        self.leaves = {level: {} for level in LEAVES}   # level -> page -> None, or parts covered by commands so far
        self.tables = set()             # (level, page, table page)
        self.covered = []               # by a command since the last SYNC in the queue
        self.stage1 = []                # nested: covered before a SYNC, the stage-1 step is to come
        self.last = []                  # nested: the stage-1 step is after the last SYNC in the queue
        self.by_sync = {}               # position of a SYNC -> what is gone when it is seen

    def take_leaf(self, level, page):
        del self.leaves[level][page]
        self.covered.append((level, page))

    def below_stale_table(self, level, page):
        """A walk cache could bring this leaf back."""
        for above, first, _ in self.tables:
            if above < level % GROUPS and first <= page < first + PAGES[above]:
                return True
        return False

    def range(self, command):
        start, end = command.start, command.end
        for level in command.table_levels():
            size = PAGES[level]
            for key in [key for key in self.tables
                        if key[0] == level and key[1] < end and start < key[1] + size]:
                self.tables.remove(key)
                self.covered.append(key)
        for level in command.leaf_levels():
            waiting = self.leaves[level]
            if not waiting:
                continue
            size = PAGES[level]
            if not command.ranged:      # one leaf, whatever its level
                start = command.start - command.start % PAGES[level % GROUPS]
                end = start + PAGES[level % GROUPS]
            first = start - start % size
            if len(waiting) < (end - first) // size:
                pages = [page for page in waiting if page < end and start < page + size]
            else:
                pages = [page for page in range(first, end, size) if page in waiting]
            for page in pages:
                if self.tables and self.below_stale_table(level, page):
                    continue
                if self.whole(waiting, page, size, start, end):
                    self.take_leaf(level, page)

    @staticmethod
    def whole(waiting, page, size, start, end):
        """The span of a leaf is covered now, by this command and those before it."""
        parts = sorted((waiting[page] or []) + [(max(start, page), min(end, page + size))])
        reach = page
        for first, last in parts:
            if first > reach:
                break
            reach = max(reach, last)
        waiting[page] = parts
        return reach >= page + size

    def everything(self):
        gone = list(self.tables) + [(level, page) for level in LEAVES for page in self.leaves[level]]
        self.tables.clear()
        for level in LEAVES:
            self.leaves[level].clear()
        gone += self.covered + self.stage1
        self.covered, self.stage1 = [], []
        if self.nested:
            self.last += gone
        else:
            self.covered = gone

    def execute(self, position, vmid, has_ranges):
        """A published command, in the queue's order."""
        word0, word1 = self.words[position]
        opcode = word0 & 0xFF
        if opcode == SYNC:
            if self.nested:
                self.by_sync[position] = self.last
                self.last = []
                self.stage1 += self.covered
            else:
                self.by_sync[position] = self.covered
            self.covered = []
        elif opcode == S2_IPA:
            self.range(Command(word0, word1, vmid, has_ranges))
        elif opcode in (S12_VMALL, NH_ALL):
            if word0 & ~(0xFF | 0xFFFF << 32) or word1:
                raise Wrong("a reserved field is not zero")
            if word0 >> 32 != vmid:
                raise Wrong(f"a TLBI of VMID {word0 >> 32}, the tables have {vmid}")
            if opcode == S12_VMALL:
                self.everything()
            elif not self.nested:
                raise Wrong("a stage-1 invalidation for a stage-2 stream")
            else:
                self.last += self.stage1
                self.stage1 = []
        elif opcode == NSNH_ALL:
            self.everything()
        elif opcode not in (CFGI_STE, CFGI_ALL):
            raise Wrong(f"a command of opcode {opcode:x}")


class Stale:
    def __init__(self, count, nested, vmid, has_ranges):
        self.smmus = [Smmu(nested) for _ in range(count)]
        self.vmid, self.has_ranges = vmid, has_ranges
        self.pending = {}               # key -> on how many SMMUs it may still be cached
        self.access = {}                # leaf's key -> accesses that its old values gave, a set of bits 1 << access
        self.pages = {}                 # unlinked table page -> its key
        self.fresh = []                 # keys added since the last K

    def add_leaf(self, level, ipa, access):
        key = (level, ipa >> 12)
        self.access[key] = self.access.get(key, 0) | 1 << access
        new = 0
        for smmu in self.smmus:
            if key[1] not in smmu.leaves[level]:
                new += 1
            smmu.leaves[level][key[1]] = None
        self.pending[key] = self.pending.get(key, 0) + new
        self.fresh.append(key)

    def add_table(self, level, ipa, table):
        key = (level, ipa >> 12, table)
        self.pending[key] = self.pending.get(key, 0) + len(self.smmus)
        for smmu in self.smmus:
            smmu.tables.add(key)
        self.pages[table] = key
        self.fresh.append(key)

    def publish(self, smmu, position):
        for each in range(smmu.published, position):
            try:
                smmu.execute(each, self.vmid, self.has_ranges)
            except Wrong as wrong:
                raise Wrong(f"command {each}: {wrong}") from wrong
        smmu.published = position

    def sync_seen(self, smmu, position):
        for key in smmu.by_sync.pop(position):
            left = self.pending[key] - 1
            if left:
                self.pending[key] = left
                continue
            del self.pending[key]
            if len(key) == 3:
                del self.pages[key[2]]
            else:
                del self.access[key]

# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""replayed.py - reads one --log beside its trace and holds every line of it to docs/results.md.

A line that breaks the order or the form of the log ends the reading (Wrong); a claim that is not true is a
complaint, and the reading goes on. Used by check_log.py.
"""

import re

from flushes import Flushes
from recorded import Oracle
from stage2 import NONE, NT, RW, Stage2, Wrong, changes
from stale import CFGI_ALL, CFGI_STE, LEAVES, NSNH_ALL, PAGES, SYNC, TLBI, Stale

WORD = r"(0|[1-9a-f][0-9a-f]{0,15})"
NUMBER = r"(0|[1-9][0-9]{0,18})"
FORMS = {
    "T": re.compile(f"T (?:-|{NUMBER})"),
    "W": re.compile(f"W {WORD} {WORD}"),
    "C": re.compile(f"C {NUMBER} {NUMBER} {WORD} {WORD}"),
    "D": re.compile(f"D {NUMBER} {NUMBER}"),
    "S": re.compile(f"S {NUMBER} {NUMBER}"),
    "K": re.compile(f"K {NUMBER}"),
}
PIECE_PAGES_MAX = 1 << 20               # a change larger than this is an error, not a list of pages
COMPLAINTS_MAX = 20
FULL_EVERY = 2048                       # K between two comparisons of everything


def in_order(wanted, opcodes):
    """All of `wanted` occur, each after the one before."""
    left = iter(opcodes)
    return all(opcode in left for opcode in wanted)


class Counts:
    def __init__(self):
        self.table_writes = self.tlbi = self.syncs = self.doorbells = 0


class Replayed:
    def __init__(self, recorded, setting, run):
        self.recorded, self.setting, self.run = recorded, setting, run
        self.complaints = []
        base, size = int(run["pool"]["base"], 16), run["pool"]["bytes"]
        self.pool = (base, base + size)
        closed = sorted([self.pool] + setting.reserved)
        self.closed = closed
        self.oracle = Oracle(recorded, closed)
        self.stage2 = Stage2([int(word, 16) for word in run["ste"]], recorded.regions, closed,
                             setting.bbml, setting.contiguous)
        if self.stage2.ia_bits != recorded.ia_bits:
            raise Wrong(f"the STE has {self.stage2.ia_bits} input bits, the trace {recorded.ia_bits}")
        if self.stage2.nested != setting.nested:
            raise Wrong("the STE is not for the stages that were asked for")
        self.stale = Stale(setting.smmus, setting.nested, self.stage2.vmid, setting.ril)
        self.required = recorded.required_completions(setting.policy, setting.flush)
        self.counts, self.init = Counts(), Counts()
        self.count = self.init
        self.effective = {}             # page -> access in the tables that is not RW, closed ranges left out
        self.history = {}               # page -> accesses it had since the last K, a set of bits 1 << access
        self.taken = 0                  # T lines
        self.snapshot = self.live = False
        self.last_complete = 0          # T lines that the last K covers
        self.changes_since = 0          # access-changing T since the last K
        self.completions = self.tables_max = 0
        self.flushed = 0                # K that cover a change of access
        self.flushes = Flushes(setting, run, self.stage2.vmid, self.complain)
        self.line = self.filled_line = 0
        self.filled_at = [0] * setting.smmus    # commands before the last store of bring-up
        self.whole = False              # the log was read to its end

    def complain(self, what):
        if len(self.complaints) < COMPLAINTS_MAX:
            self.complaints.append(f"line {self.line}: {what}" if self.line else what)

    # --- lines --------------------------------------------------------------------------------------

    def read(self, stream):
        handlers = {letter: getattr(self, "on_" + letter) for letter in FORMS}
        forms = {letter: form.fullmatch for letter, form in FORMS.items()}
        number = 0
        try:
            for number, text in enumerate(stream, 1):
                self.line = number
                form = forms.get(text[0])
                match = form(text, 0, len(text) - 1) if form and text[-1] == "\n" else None
                if not match:
                    raise Wrong("no event in the form that the log has")
                handlers[text[0]](*match.groups())
            self.line = 0
            self.end()
            self.whole = True
        except Wrong as wrong:
            where = f"line {number}, {text.strip()!r}" if self.line else "at the end"
            self.complaints.append(f"{where}: {wrong}")

    def on_T(self, seq):
        if seq is None:
            if self.snapshot or self.line != 1:
                raise Wrong("the snapshot is not the first line")
            self.snapshot = True
            return
        if not self.snapshot:
            raise Wrong("a T before the snapshot")
        if not self.live:
            self.go_live()
        if self.last_complete == self.taken:
            self.flushes.begin()        # what was in between is idle time
        self.check_required()
        if self.taken == len(self.recorded.transitions):
            raise Wrong("more T than the trace has")
        record = self.recorded.transitions[self.taken]
        if record.seq != int(seq):
            raise Wrong(f"T {record.seq} is next")
        if isinstance(self.setting.flush, int) and self.changes_since >= self.setting.flush:
            self.complain(f"{self.changes_since} access-changing T without a flush")
        self.taken += 1
        self.changes_since += record.changes
        for page, before, after in self.oracle.apply(record):
            self.history[page] = self.history.get(page, 1 << before) | 1 << after

    def check_required(self):
        if self.taken and self.required[self.taken - 1] and self.last_complete != self.taken:
            self.complain(f"no K {self.recorded.transitions[self.taken - 1].seq} before this")

    def on_W(self, address, value):
        address, value = int(address, 16), int(value, 16)
        if address & 7 or not self.pool[0] <= address < self.pool[1]:
            raise Wrong("no descriptor of the pool")
        self.count.table_writes += 1
        if not self.live:
            self.stage2.put(address, value)
            if self.filled_line != self.line - 1:
                self.filled_at = [len(smmu.words) for smmu in self.stale.smmus]
            self.filled_line = self.line
            return
        if address & ~0xFFF in self.stale.pages:
            raise Wrong("a store into an unlinked table that walk caches may still hold")
        effect = self.stage2.store(address, value)
        if effect:
            self.follow(effect, value)

    def on_C(self, number, position, word0, word1):
        smmu = self.smmu(number)
        if int(position) != len(smmu.words):
            raise Wrong(f"position {len(smmu.words)} is next")
        smmu.words.append((int(word0, 16), int(word1, 16)))
        opcode = smmu.words[-1][0] & 0xFF
        if opcode in TLBI:
            self.count.tlbi += 1
        elif opcode == SYNC:
            self.count.syncs += 1
        if self.live:
            self.flushes.command(int(number), opcode)

    def on_D(self, number, position):
        smmu = self.smmu(number)
        if not smmu.published < int(position) == len(smmu.words):
            raise Wrong(f"{len(smmu.words)} commands were written, {smmu.published} published")
        self.count.doorbells += 1
        if self.live:
            self.flushes.doorbell(int(number), smmu, int(position))
        self.stale.publish(smmu, int(position))

    def on_S(self, number, position):
        smmu = self.smmu(number)
        following = next(iter(smmu.by_sync), None)
        if following != int(position):
            raise Wrong(f"SYNC {following} is the next to be seen")
        self.stale.sync_seen(smmu, int(position))

    def on_K(self, seq):
        if not self.taken or self.recorded.transitions[self.taken - 1].seq != int(seq):
            raise Wrong("is not the last T taken in")
        if self.last_complete == self.taken:
            raise Wrong("says what the last K said")
        self.flushed += self.changes_since > 0
        self.last_complete, self.changes_since = self.taken, 0
        self.completions += 1
        self.check_truth()
        self.flushes.completion()
        if self.completions & self.completions - 1 == 0 or self.completions % FULL_EVERY == 0:
            self.check_everything()
        self.history = {}

    def smmu(self, number):
        if int(number) >= self.setting.smmus:
            raise Wrong("there is no such SMMU")
        return self.stale.smmus[int(number)]

    # --- tables -------------------------------------------------------------------------------------

    def set_access(self, start, end, access):
        """Notes the access of pages outside closed ranges."""
        pages = [(start >> 12, end >> 12)]
        for first, last in self.oracle.closed:
            cut = []
            for left, right in pages:
                cut += [(left, min(right, first)), (max(left, last), right)]
            pages = [(left, right) for left, right in cut if left < right]
        for left, right in pages:
            if right - left > PIECE_PAGES_MAX and access != RW:
                raise Wrong(f"{left << 12:x}-{right << 12:x} has no read and write access")
            for page in range(left, right):
                if access == RW:
                    self.effective.pop(page, None)
                else:
                    self.effective[page] = access

    def go_live(self):
        self.stage2.go_live()
        self.live = True
        for start, end, access in self.stage2.all_pieces():
            if access != RW:
                self.set_access(start, end, access)
        self.check_everything()
        if self.run["init"]["table_bytes_live"] != 4096 * len(self.stage2.live):
            self.complain(f"init.table_bytes_live is not {4096 * len(self.stage2.live)}")
        self.check_bring_up()
        self.count = self.counts
        self.tables_max = len(self.stage2.live)
        self.check_pages_only()

    def check_bring_up(self):
        """Nothing cached before; the tables before the STE, which may itself be cached while it is not valid."""
        for number, smmu in enumerate(self.stale.smmus):
            if smmu.by_sync or smmu.published != len(smmu.words):
                self.complain(f"bring-up leaves commands of SMMU {number} that are not seen complete")
            opcodes = [word0 & 0xFF for word0, _ in smmu.words]
            filled = self.filled_at[number]
            if not in_order((CFGI_ALL, SYNC), opcodes[:filled]) or not in_order((NSNH_ALL, SYNC), opcodes[:filled]):
                self.complain(f"SMMU {number}: no CFGI_ALL, TLBI_NSNH_ALL and SYNC before the tables")
            dropped = [CFGI_STE if opcode == CFGI_ALL else opcode for opcode in opcodes[filled:]]
            if not in_order((CFGI_STE, SYNC, CFGI_STE, SYNC), dropped):
                self.complain(f"SMMU {number}: the STE becomes valid without CFGI_STE or CFGI_ALL, and SYNC, twice")

    def follow(self, effect, value):
        """A store that walkers see."""
        if self.setting.pages_only and effect.level < 3 and not effect.over_invalid and value & 1:
            self.complain("a live entry becomes another without break-before-make")
        if self.setting.bbml == 1:
            self.check_marks(effect, value)
        for level, ipa, old in effect.leaves:
            self.stale.add_leaf(level, ipa, old >> 6 & 3)
        for level, ipa, table in effect.tables:
            self.stale.add_table(level, ipa, table)
        self.tables_max = max(self.tables_max, len(self.stage2.live) + len(self.stale.pages))
        if self.setting.pages_only and effect.level < 3 and value & 3 == 1 and self.stage2.is_memory(effect.ipa):
            self.complain("a block where memory is kept in pages")
        for start, end, before, after in changes(effect.before, effect.after):
            if before != NONE:
                self.flushes.restricts = True
            if end - start > PIECE_PAGES_MAX << 12:
                raise Wrong(f"{start:x}-{end:x} changes its access at once")
            for page in range(start >> 12, end >> 12):
                if not self.history.get(page, 0) & 1 << after:
                    if not self.oracle.is_closed(page):
                        self.complain(f"page {page << 12:x} gets access {after}, which it had at no T since the last K")
                if after == RW:
                    self.effective.pop(page, None)
                else:
                    self.effective[page] = after

    def check_marks(self, effect, value):
        """Break-before-make level 1: between block and table, nT and a SYNC that every SMMU has seen."""
        key = (effect.level, effect.ipa >> 12)
        was_leaf = effect.leaves and effect.leaves[0][:2] == (effect.level, effect.ipa)
        old = effect.leaves[0][2] if was_leaf else 0
        if effect.level == 3 or effect.over_invalid or not value & 1:
            return
        if was_leaf and value & 2 and not old & NT:
            self.complain(f"a table takes the place of block {old:x}, which has no nT")
        if was_leaf and value & 2 and key in self.stale.pending:
            self.complain(f"a table takes the place of block {old:x}, which may still be cached without nT")
        if not was_leaf and not value & 2 and not value & NT:
            self.complain(f"a block {value:x} without nT takes the place of a table")
        if old & NT and not value & NT and not value & 2 and any(
                pending[:2] == key for pending in self.stale.pages.values()):
            self.complain(f"block {value:x} loses its nT while the table before it may still be cached")

    # --- claims -------------------------------------------------------------------------------------

    def check_truth(self):
        """K: the tables say what the oracle says, and no cache may say something else."""
        special, effective, pending = self.oracle.special, self.effective, self.stale.pending
        seq = self.recorded.transitions[self.taken - 1].seq
        for page in self.history:
            if effective.get(page, RW) != special.get(page, RW):
                self.complain(f"K {seq}: page {page << 12:x} has access {effective.get(page, RW)} in the tables, "
                              f"{special.get(page, RW)} by the trace")
        if not pending:
            self.stale.fresh = []
            return
        for key in self.stale.fresh:
            if key in pending:
                self.check_key(key)
        self.stale.fresh = []
        for page in self.history:
            for key in ((level, page - page % PAGES[level]) for level in LEAVES):
                if key in pending:
                    self.check_key(key)
            if self.stale.pages:
                self.check_walk_caches(page)

    def check_walk_caches(self, page):
        for table, (level, first, _) in self.stale.pages.items():
            if first <= page < first + PAGES[level] and not self.oracle.is_closed(page):
                access = self.stage2.walk(table, level + 1, page << 12)
                if access != self.oracle.access(page):
                    self.complain(f"a walk cache may still hold table {table:x}, which gives page {page << 12:x} "
                                  f"access {access}")

    def check_key(self, key):
        """What may be stale here is as the oracle wants it for every page."""
        level, first = key[:2]
        size = PAGES[level]
        special = self.oracle.special
        if len(key) == 3:
            pieces = self.stage2.pieces(key[2] | 3, level, first << 12, False)
        else:
            seen = self.stale.access[key]
            pieces = [(first << 12, first + size << 12, access) for access in range(4) if seen >> access & 1]
        for start, end, access in pieces:
            start, end = start >> 12, end >> 12
            if access != RW:
                wrong = (page for page in range(start, end)
                         if special.get(page, RW) != access and not self.oracle.is_closed(page))
            elif len(special) < end - start:
                wrong = (page for page in special if start <= page < end)
            else:
                wrong = (page for page in range(start, end) if page in special)
            for page in wrong:
                what = f"table {key[2]:x}" if len(key) == 3 else f"a leaf of level {level}"
                self.complain(f"page {page << 12:x} has access {special.get(page, RW)}, but {what} may still be "
                              f"cached and gives {access}, on {self.stale.pending[key]} SMMUs")
                return

    def check_everything(self):
        if self.effective != self.oracle.special:
            pages = [page for page in self.effective.keys() | self.oracle.special.keys()
                     if self.effective.get(page, RW) != self.oracle.access(page)]
            self.complain(f"the tables and the trace differ at {len(pages)} pages, the first {min(pages) << 12:x}")
        for key in self.stale.pending:
            self.check_key(key)
        broken = self.stage2.broken_group()
        if broken is not None:
            self.complain(f"leaf {broken:x} has the hint, but its group is not whole")

    def check_pages_only(self):
        if not self.setting.pages_only:
            return
        for _, ipa, value in self.stage2.leaves((1, 2)):
            if self.stage2.is_memory(ipa):
                self.complain(f"leaf {value:x} is a block where memory is kept in pages")
                return

    # --- the end ------------------------------------------------------------------------------------

    def end(self):
        if not self.snapshot:
            raise Wrong("the log has no snapshot")
        if not self.live:
            self.go_live()
        self.check_required()
        if self.taken != len(self.recorded.transitions):
            self.complain(f"{self.taken} T of {len(self.recorded.transitions)}")
        if self.last_complete < self.recorded.last_change:
            self.complain("the last change of access has no K")
        for number, smmu in enumerate(self.stale.smmus):
            if smmu.published != len(smmu.words):
                self.complain(f"SMMU {number} has {len(smmu.words) - smmu.published} commands without a doorbell")
            if smmu.by_sync:
                self.complain(f"SMMU {number} has SYNCs that are not seen: {list(smmu.by_sync)[:4]}")
        self.check_everything()
        self.check_pages_only()
        if self.setting.largest_blocks:
            self.check_largest_blocks()

    def check_largest_blocks(self):
        """Every block whose pages have one access and one type is one leaf (or under one)."""
        regions = [(start >> 12, end >> 12) for start, end in self.recorded.regions]
        mixed = set()
        for level in (2, 1):
            size = PAGES[level]
            for start, end in regions + self.oracle.closed:
                mixed.update((level, edge // size) for edge in (start, end) if edge % size)
            for start, end in self.oracle.closed:
                mixed.update((level, block) for block in range(start // size, -(-end // size)))
            seen = {}
            for page, access in self.oracle.special.items():
                key = (page // size, access)
                seen[key] = seen.get(key, 0) + 1
            mixed.update((level, block) for (block, access), count in seen.items() if count < size or access == NONE)
        for level, ipa, value in self.stage2.leaves((2, 3)):
            for larger in range(level - 1, 0, -1):
                if larger >= self.stage2.level and (larger, (ipa >> 12) // PAGES[larger]) not in mixed:
                    self.complain(f"leaf {value:x} of level {level} could be of level {larger}")
                    return

    def runs(self):
        """The tables' maximal (start page, end page, access, is memory), by a walk of all of them."""
        edges = sorted(edge for region in self.recorded.regions for edge in region)
        for start, end, access in self.stage2.all_pieces():
            inner = [edge for edge in edges if start < edge < end] if access else []
            for first, last in zip([start, *inner], [*inner, end]):
                if access:
                    yield first >> 12, last >> 12, access, self.stage2.is_memory(first)

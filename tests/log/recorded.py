# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""recorded.py - a recorded trace as the checker of logs needs it, and the access that it demands.

Records keep their CPU and their X, since these say when a batch must be in force. Headers are read by the
referee's reader. Used by replayed.py.
"""

import lzma

from trace import NONE, PAGE, RW, Reader, TraceError, open_trace


class Record:
    __slots__ = ("seq", "cpu", "start", "count", "old", "new", "changes", "revokes")

    def __init__(self, words):
        self.seq, self.cpu = int(words[1]), int(words[2])
        self.start, self.count = int(words[5], 16) // PAGE, int(words[6], 16) // PAGE
        self.old, self.new = words[7], words[8]
        self.changes = (self.old == "N") != (self.new == "N")
        self.revokes = self.changes and self.new == "N"


class Recorded:
    """All records up to and including `until`: self.events is (kind, Record or cpu), kind "T" or "X"."""

    def __init__(self, path, until=None):
        reader = Reader(path)
        self.events = []
        try:
            with open_trace(path) as stream:
                for number, text in enumerate(stream, 1):
                    reader.line_number = number
                    if text[0] == "#":
                        words = text.split()[1:]
                        if words:
                            reader.header(words)
                        continue
                    words = text.split()
                    if until is not None and int(words[1]) > until:
                        break
                    reader.records += 1
                    if words[0] == "T":
                        self.events.append(("T", Record(words)))
                    elif words[0] == "X":
                        self.events.append(("X", int(words[2])))
        except (ValueError, IndexError, OSError, EOFError, lzma.LZMAError) as problem:
            raise TraceError(f"{path}:{reader.line_number}: {problem}") from problem
        self.ia_bits = reader.ia_bits
        self.regions = reader.regions           # merged (start, end)
        self.initial = reader.special           # page -> access that is not RW
        self.transitions = [event for kind, event in self.events if kind == "T"]

    def required_completions(self, policy, flush):
        """For each T in order: a K of this T must come before the next T (or the end)."""
        required = [False] * len(self.transitions)
        taken, queued, last = 0, {}, 0
        for kind, event in self.events:
            if kind == "T":
                taken += 1
                if event.changes:
                    queued[event.cpu] = True
                    last = taken
                    required[taken - 1] = policy != "batched" or (flush == "transition" and event.revokes)
            elif queued.pop(event, None) and policy == "batched" and flush == "trip":
                required[taken - 1] = True
        # Whatever is queued last is flushed at the end, before the command ends.
        self.last_change = last
        return required


class Oracle:
    """Access of every page outside closed ranges: read and write everywhere but in `special`."""

    def __init__(self, recorded, closed):
        self.closed = [(start // PAGE, -(-end // PAGE)) for start, end in closed]
        self.special = {page: access for page, access in recorded.initial.items() if not self.is_closed(page)}
        self.granted = self.revoked = 0

    def is_closed(self, page):
        for start, end in self.closed:
            if start <= page < end:
                return True
        return False

    def access(self, page):
        return self.special.get(page, RW)

    def apply(self, record):
        """Returns [(page, access before, access now)] of the pages that change."""
        if not record.changes:
            return ()
        access = NONE if record.new == "N" else RW
        special, changed = self.special, []
        for page in range(record.start, record.start + record.count):
            before = special.get(page, RW)
            if before == access or self.is_closed(page):
                continue
            if access == RW:
                del special[page]
                self.granted += 1
            else:
                special[page] = NONE
                self.revoked += 1
            changed.append((page, before, access))
        return changed

    def runs(self, regions, ia_bits):
        """Yields maximal (start page, end page, access, is memory), access not NONE, closed ranges left out."""
        limit = 1 << (ia_bits - 12)
        edges = {0, limit}
        memory = [(start // PAGE, end // PAGE) for start, end in regions]
        for start, end in self.closed + memory:
            edges.update((min(start, limit), min(end, limit)))
        for page in self.special:
            edges.update((page, page + 1))
        edges = sorted(edges)
        run = None
        for start, end in zip(edges, edges[1:]):
            access = NONE if self.is_closed(start) else self.access(start)
            is_memory = any(first <= start < last for first, last in memory)
            if run and run[1] == start and run[2:] == (access, is_memory):
                run = (run[0], end, access, is_memory)
                continue
            if run and run[2]:
                yield run
            run = (start, end, access, is_memory)
        if run and run[2]:
            yield run

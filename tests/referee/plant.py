# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""plant.py - damages two descriptors in the loaded tables, to show that the referee notices.

One page that the trace has revoked becomes reachable, one that it has not becomes unreachable.
"""

from trace import NONE, RW

PAGE_RW, BLOCK_RW = 0x7FF, 0x7FD    # normal memory, write-back, read and write, AF


class PlantError(Exception):
    """The state has no page that can be damaged."""


def find(tables, pages):
    """(page address, its block's start, level, descriptor's address, value) of the first usable."""
    for address in pages:
        level, where, value = tables.descriptor(address)
        if level < 2:
            continue
        return address, address & -tables.size(level), level, where, value
    return None


def damage(qemu, state, tables, board, random):
    """Writes the two descriptors; returns [(address asked, start, end, what was done)]."""
    usable = [page * state.page for page, access in state.special.items() if access == NONE]
    usable = [page for page in usable if board.in_ram(page) and not state.is_closed(page)
              and not board.keep_off(page)]
    random.shuffle(usable)
    revoked = find(tables, (page for page in usable if not tables.descriptor(page)[2] & 1))
    neighbours = [page for start in usable for page in (start - state.page, start + state.page)
                  if state.access(page) == RW and state.is_memory(page)
                  and not board.keep_off(page)]
    valid = find(tables, (page for page in neighbours if tables.descriptor(page)[2] & 1
                          and tables.descriptor(page)[0] == 3))
    if revoked is None or valid is None:
        raise PlantError("this point has no revoked page beside a page that is mapped")
    done = []
    address, start, level, where, _ = revoked
    value = start | (PAGE_RW if level == 3 else BLOCK_RW)
    qemu.write64s([(where, value)])
    done.append((address, start, start + tables.size(level),
                 f"0x{start:x} made reachable, {tables.size(level)} bytes"))
    address, start, level, where, _ = valid
    qemu.write64s([(where, 0)])
    done.append((address, start, start + tables.size(level),
                 f"0x{start:x} made unreachable, {tables.size(level)} bytes"))
    return done


def judge(done, mismatches):
    """What is wrong with the referee's report of the damage: a list of lines, empty if nothing."""
    wrong = []
    for address, _, _, what in done:
        for to_ram in (False, True):
            if not any(m.address == address and m.to_ram == to_ram for m in mismatches):
                wrong.append(f"{'write' if to_ram else 'read'} not reported: {what}")
    for mismatch in mismatches:
        if not any(start <= mismatch.address < end for _, start, end, _ in done):
            wrong.append(f"reported, but not planted: {mismatch}")
    return wrong

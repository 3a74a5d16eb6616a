# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""questions.py - chooses the addresses to ask for: where runs and blocks meet, and random ones.

An edge is asked from both sides: the last eight bytes before it and the first eight from it. Where
our own reading of the tables differs from the trace is asked first, so that QEMU can confirm it.
"""

from trace import NONE, RW

WORD = 8             # bytes of one access
EVENTLESS = 1 << 44  # QEMU records no event from here on

# Shares of the whole, in per cent; what one does not use the random addresses take.
SUSPECTS, RUN_EDGES, BLOCK_EDGES = 10, 35, 20


def both_sides(edges):
    found = []
    for edge in edges:
        if edge:
            found.append(edge - WORD)
        found.append(edge)
    return found


def sample(random, addresses, count):
    if len(addresses) <= count:
        return list(addresses)
    return random.sample(addresses, count)


def in_page(random, page, size):
    return page * size + random.choice((0, size - WORD, random.randrange(0, size, WORD)))


def must_ask(state, board):
    """Borders that are always asked: of memory, of the pool, of reserved ranges, of all input."""
    edges = [0x40000000, 1 << state.ia_bits]
    edges += [edge for pair in state.regions + state.closed for edge in pair]
    found = both_sides(edges)
    for start, end in state.closed:
        found += [(start + end) // 2 & -WORD]
    return [address for address in found if askable(address, board)]


def askable(address, board):
    return address < EVENTLESS and not board.keep_off(address)


def random_address(random, state, board):
    """Half in memory; the rest above memory, in the bus window, in the pool or past all input."""
    kind = random.randrange(20)
    if kind < 10 or not state.closed and kind == 18:
        start, end = random.choice(state.regions)
    elif kind < 14:
        start, end = state.regions[-1][1], 1 << state.ia_bits
    elif kind < 18 or 1 << state.ia_bits == EVENTLESS:
        start, end = 0x10000000, 0x3EFF0000
    elif kind == 18:
        start, end = random.choice(state.closed)
    else:
        start, end = 1 << state.ia_bits, EVENTLESS
    return random.randrange(start, end, WORD)


def suspects(state, runs):
    """Starts of ranges where our own reading of the tables differs from the trace."""
    found = []
    i = 0
    for start in sorted(set(state.edges()) | {run[0] for run in runs}):
        while i + 1 < len(runs) and runs[i + 1][0] <= start:
            i += 1
        _, access, offset = runs[i]
        if start < 1 << state.ia_bits and (access != state.access(start) or offset):
            found.append(start)
    return found


def choose(state, tables, board, random, limit):
    """At most `limit` different addresses, those in closed ranges last; never disturbing ones."""
    chosen = dict.fromkeys(must_ask(state, board))

    def add(addresses, per_cent):
        usable = [a for a in addresses if askable(a, board) and a not in chosen]
        chosen.update(dict.fromkeys(sample(random, usable, limit * per_cent // 100)))

    runs, leaf_edges = tables.runs()
    run_edges = both_sides(state.edges())
    block_edges = both_sides(leaf_edges)
    without = [page for page, access in state.special.items() if access == NONE]
    limited = [page for page, access in state.special.items() if access not in (NONE, RW)]
    regained = [page for page in state.touched if state.special.get(page, RW) == RW]
    add(suspects(state, runs), SUSPECTS)
    add(run_edges, RUN_EDGES)
    add(block_edges, BLOCK_EDGES)
    for pages, per_cent in ((limited, 5), (without, 10), (regained, 10)):
        some = sample(random, pages, limit * per_cent // 100)
        add([in_page(random, page, state.page) for page in some], per_cent)
    for _ in range(20 * limit):
        if len(chosen) >= limit:
            break
        address = random_address(random, state, board)
        if askable(address, board):
            chosen[address] = None
    ordered = list(chosen)[:limit]
    random.shuffle(ordered)
    return sorted(ordered, key=state.is_closed)

# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""random_trace.py - random traces in the recorded format, and options to replay them with.

Transitions gather in a few hot blocks, so that these are split, filled with holes, collapsed and split again, by
several CPUs whose trips overlap. The state of every page is right. Used by check_log.py.
"""

PAGE, BLOCK, GIB = 1, 512, 1 << 18      # in pages
ACCESS_FREE = "OSB"


class Maker:
    def __init__(self, random):
        self.random = random
        self.states = {}                # page -> state that is not O
        self.lines = []
        self.seq = self.time = 0

    def regions(self, limit, large):
        """Disjoint (start, end) in pages, some of them adjoining, most edges in the middle of a block."""
        random, found = self.random, []
        at = random.choice((0, GIB // 2, GIB)) % (limit // 2)
        for _ in range(random.randint(1, 5)):
            at += random.choice((0, 0, 1, 7, BLOCK - 3, 3 * BLOCK, 5 * BLOCK + 1))
            count = random.choice((1, 16, BLOCK, 3 * BLOCK + 5, 8 * BLOCK))
            if at + count > limit - 16 * BLOCK:
                break
            found.append((at, at + count))
            at += count
        if large and at + 3 * GIB < limit:
            at = -(-at // GIB) * GIB - random.choice((0, 0, 1, BLOCK, BLOCK + 1))
            if not found or at >= found[-1][1]:
                found.append((at, at + 2 * GIB + random.choice((0, 5, BLOCK, GIB // 2))))
        return found or [(0, 4 * BLOCK)]

    def head(self, ia_bits, regions):
        random = self.random
        level = 0 if ia_bits > 43 else 1 if ia_bits > 30 else 2
        pages = 1 << max(0, ia_bits - (48 - 9 * level))
        self.lines += ["# pkvm-host-trace 1", "# name random", "# snapshot start seq 0",
                       f"# G ia_bits {ia_bits} start_level {level} pgd_pages {pages}"]
        self.lines += [f"# R {index} {start << 12:x} {end - start << 12:x} flags {random.choice('04')}"
                       for index, (start, end) in enumerate(regions)]
        states, leaves, at = [], [], 0
        for start, end in regions:
            for _ in range(random.randint(0, 3)):
                first = random.randrange(start, end)
                if first < at:
                    continue
                last = min(end, first + random.choice((1, 2, 40, BLOCK)))
                at = last
                kind = random.choice(("owner hyp", "owner guest", "valid R", "valid RW", "valid W"))
                if kind != "valid RW":
                    states.append(f"# S {first << 12:x} {last - first << 12:x} N")
                    self.states.update(dict.fromkeys(range(first, last), "N"))
                leaves.append(f"# L {first << 12:x} {last - first << 12:x} 3 {kind}")
        self.lines += states + leaves

    def record(self, letter, cpu, rest):
        self.seq += self.random.choice((1, 1, 1, 3))
        self.time += self.random.choice((0, 16, 900, 5000))
        self.lines.append(f"{letter} {self.seq} {cpu} {self.time} {rest}".rstrip())

    def hot_spots(self, regions, large):
        random, found = self.random, []
        for _ in range(random.randint(1, 4)):
            start, end = random.choice(regions)
            block = random.randrange(start, end) // BLOCK * BLOCK
            found.append((max(start, block), min(end, block + random.choice((1, 1, 2)) * BLOCK)))
        if large:
            start, end = regions[-1]
            found.append((start, end))
        return found

    def transition(self, cpu, spots):
        random, states = self.random, self.states
        start, end = random.choice(spots)
        first = random.choice((start, random.randrange(start, end), random.randrange(start, end)))
        if end - first > BLOCK and random.random() < 0.5:
            first = first // BLOCK * BLOCK if first // BLOCK * BLOCK >= start else first
        old = states.get(first, "O")
        count = random.choice((1, 1, 1, 2, 3, 17, 33, 64, BLOCK, 2 * BLOCK, BLOCK + 7))
        last = first + 1
        while last < min(end, first + count) and states.get(last, "O") == old:
            last += 1
        if old == "N":
            new = random.choice("OOOOSBN")
        else:
            new = random.choice("NNNN" + ACCESS_FREE)
        for page in range(first, last):
            if new == "O":
                states.pop(page, None)
            else:
                states[page] = new
        self.record("T", cpu, f"host_donate_guest {first << 12:x} {last - first << 12:x} {old} {new} "
                              f"{random.choice(('u', 'd', 'u+'))}")

    def body(self, count, regions, large):
        random = self.random
        spots, cpus = self.hot_spots(regions, large), random.choice((1, 2, 4, 256))
        for _ in range(count):
            cpu = random.randrange(cpus)
            kind = random.random()
            if kind < 0.02:
                spots = self.hot_spots(regions, large)
            if kind < 0.6:
                self.transition(cpu, spots)
            elif kind < 0.95:
                self.record("X", cpu, "hvc pkvm_host_donate_guest 100 1 0 0")
            elif kind < 0.97:
                self.record("F", cpu, f"{random.choice(regions)[0] << 12:x}")
            elif kind < 0.98:
                self.record("U", cpu, "")
            else:
                self.record("K", cpu, "1")


def random_case(random):
    """(policy, options, text of the trace)."""
    policy = random.choice(("batched",) * 6 + ("strict", "eager"))
    large = policy == "batched" and random.random() < 0.3
    ia_bits = random.choice((34, 35, 39, 40, 41, 43, 44, 48) if large else (32, 33, 34, 36, 39, 40, 42, 43, 44, 48))
    maker = Maker(random)
    regions = maker.regions(1 << ia_bits - 12, large)
    large = large and regions[-1][1] - regions[-1][0] > GIB
    maker.head(ia_bits, regions)
    maker.body(random.choice((50, 300, 1500)), regions, large)
    options = ["--flush", random.choice(("transition", "trip", "trip", "1", "7", "64", "512"))]
    options += ["--smmus", random.choice("1112")]
    for option, chance in (("--nested", 0.4), ("--no-ril", 0.3), ("--verify", 0.3)):
        options += [option] if random.random() < chance else []
    options += ["--bbml", random.choice("122" if large else "0122")]
    options += ["--collapse", random.choice(("eager", "eager", "patient", "never"))]
    for option, chance in (("--contiguous", 0.4), ("--fwb", 0.2), ("--non-coherent", 0.2)):
        options += [option] if random.random() < chance else []
    if random.random() < 0.3:
        options += ["--compact", random.choice("12")]
    for _ in range(random.choice((0, 0, 0, 1, 2))):
        start, end = random.choice(regions + [(0, 1 << ia_bits - 12)])
        first = random.randrange(start, end)
        last = min(end, first + random.choice((1, 3, BLOCK, 5 * BLOCK)))
        options += ["--reserve", f"{first << 12:x}-{last << 12:x}"]
    return policy, options, "\n".join(maker.lines) + "\n"

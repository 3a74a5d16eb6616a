# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""sweep.py - which replays check_log.py --sweep goes through.

Traces are cut by --until so that a case takes a second or two. Reserved ranges: pages that transitions use, and a part
of a block; the ends of memory; a whole GiB of MMIO.
"""

from itertools import product

UNTIL = {"boot": 3000, "np-4k": 8000, "np-thp": None, "churn": 30000, "pingpong": 12000, "pvm-4k": 10000,
         "pvm-frag": 12000}
RESERVED = {
    "boot": "13e000000-13e013000",
    "np-4k": "43a00000-43c01000",
    "np-thp": "48000000-48001000",
    "churn": "43100000-44101000",
    "pingpong": "42400000-42600000",
    "pvm-4k": "44180000-44290000",
    "pvm-frag": "42340000-42c00000",
}
MMIO = "1ffff000-20001000"
# What the batched table is like.
TABLES = (["--collapse", "eager"], ["--collapse", "eager", "--contiguous"], [],
          ["--contiguous", "--compact", "2"], ["--collapse", "never", "--compact", "1"], ["--fwb", "--non-coherent"])
FLUSHES = ("transition", "trip", "512")


def options(trace, until, flush, nested, smmus, bbml, ril, reserve, table=()):
    found = ["--flush", flush] if flush else []
    found += ["--nested"] if nested else []
    found += ["--smmus", str(smmus)] if smmus > 1 else []
    found += ["--bbml", str(bbml)] if bbml != 2 else []
    found += [] if ril else ["--no-ril"]
    found += table
    if reserve:
        found += ["--reserve", RESERVED[trace], "--reserve", MMIO]
    return found + (["--until", str(until)] if until else [])


def quick():
    """Every value of every option with every policy, not every combination."""
    until = dict(UNTIL, churn=12000, boot=800, **{"np-4k": 3000})
    for index, (flush, nested) in enumerate(product(FLUSHES, (False, True))):
        for trace in ("churn", "pingpong"):
            yield trace, "batched", options(trace, until[trace], flush, nested, 1 + 3 * (index & 1), 2, index != 2,
                                            index & 2, TABLES[index])
    for index, table in enumerate(TABLES):
        yield "churn", "batched", options("churn", 6000, "trip", index & 1, 1, 1, index != 1, index & 2, table)
    yield "churn", "batched", options("churn", until["churn"], "trip", False, 1, 0, True, True, ["--contiguous"])
    yield "np-thp", "batched", []
    for policy, nested in (("strict", False), ("eager", True)):
        yield "churn", policy, options("churn", 4000, None, nested, 4, 2, not nested, not nested)


def everything():
    for trace in UNTIL:
        for nested, smmus, bbml, ril, reserve in product((False, True), (1, 4), (2, 1, 0), (True, False),
                                                         (False, True)):
            for index, flush in enumerate(FLUSHES):
                yield trace, "batched", options(trace, UNTIL[trace], flush, nested, smmus, bbml, ril, reserve,
                                                TABLES[2 * index + nested])
            for policy in ("eager", "strict"):
                if bbml == 2:
                    yield trace, policy, options(trace, UNTIL[trace], None, nested, smmus, bbml, ril, reserve)
    for trace in UNTIL:
        for flush in FLUSHES:
            yield trace, "batched", options(trace, None, flush, False, 1, 2, True, False)


def cases(length):
    """Yields (trace, policy, options)."""
    return quick() if length == "quick" else everything()

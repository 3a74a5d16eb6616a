# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""sweep.py - which replays check_log.py --sweep goes through."""

from itertools import product


def cases(length):
    """Yields (trace, policy, options)."""
    yield "np-thp", "batched", []

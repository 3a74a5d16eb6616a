# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""steps.py - reads the log that `s2shadow replay --log` writes, flush by flush; can damage it.

Used by play.py. Format: docs/results.md.
"""

CFGI_ALL, NH_ALL, S2_IPA = 0x04, 0x10, 0x2A
SAID = {"tlbi": "the TLBI", "short": "the last page of the TLBI", "cfgi": "the last CFGI of the snapshot"}


class LogError(Exception):
    """The log cannot be read, or there is nothing in it to damage."""


class Flush:
    """What happened up to a K: T lines taken in, then steps ("W", address, value), ("C", 2 words), ("D",)."""

    def __init__(self):
        self.taken, self.steps, self.seq = [], [], None

    def commands(self, opcode):
        return [i for i, step in enumerate(self.steps) if step[0] == "C" and step[1] & 0xFF == opcode]

    def only_unmaps_pages(self, pages):
        """Whether all its stores make leaves invalid, as many as there are pages."""
        stores = [step for step in self.steps if step[0] == "W"]
        return len(stores) == pages and all(value & 1 == 0 for _, _, value in stores)


def read_log(path):
    """((the snapshot's steps before the last CFGI_ALL, those from it on), [Flush])."""
    flushes, current, start = [], Flush(), None
    with open(path, encoding="ascii") as stream:
        for number, line in enumerate(stream, 1):
            words = line.split()
            try:
                if words[0] == "T" and words[1] != "-":
                    if start is None:
                        start, current = current, Flush()
                    current.taken.append(int(words[1]))
                elif words[0] == "W":
                    current.steps.append(("W", int(words[1], 16), int(words[2], 16)))
                elif words[0] in "CD" and words[1] != "0":
                    raise LogError(f"{path}:{number}: more than one SMMU")
                elif words[0] == "C":
                    current.steps.append(("C", int(words[3], 16), int(words[4], 16)))
                elif words[0] == "D":
                    current.steps.append(("D",))
                elif words[0] == "K":
                    current.seq = int(words[1])
                    flushes.append(current)
                    current = Flush()
                elif words[0] not in "TAS":
                    raise ValueError(line)
            except (ValueError, IndexError):
                raise LogError(f"{path}:{number}: a line that cannot be read") from None
    if start is None or not flushes:
        raise LogError(f"{path}: no transition is in force")
    found = start.commands(CFGI_ALL)
    if not found:
        raise LogError(f"{path}: the snapshot announces no stream table entry")
    return (start.steps[:found[-1]], start.steps[found[-1]:]), flushes


def shorten(command):
    """A range invalidation with its last page left out, or None if it is not that simple."""
    _, word0, word1 = command
    number, scale = word0 >> 12 & 31, word0 >> 20 & 31
    if not word1 >> 10 & 3 or scale or not number:
        return None
    return "C", word0 - (1 << 12), word1


def damage_flush(kind, flush, revoked, nested):
    """Leaves an invalidation out, or its last page; returns whether it can here."""
    if not flush.only_unmaps_pages(len(revoked)):
        return False
    where = flush.commands(NH_ALL if nested and kind == "tlbi" else S2_IPA)
    if len(where) != 1 or nested and kind == "short":
        return False
    if kind == "tlbi":
        del flush.steps[where[0]]
        return True
    command = shorten(flush.steps[where[0]])
    if command is None:
        return False
    flush.steps[where[0]] = command
    return True

# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""windows.py - cuts the input range into pieces that this QEMU walks right, each with its own STE.

QEMU up to at least 10.0 rounds the table base down after adding the index of the concatenated
start table, so every address uses the first one: with 40 input bits, everything from 2^39 repeats
what is below. This is probed, not assumed. Where it is so, each start table but the first is asked
as a table of its own: the same STE with the base of that table, the input size of one table and
another VMID.
"""

from questions import WORD
from stage1 import second_stage_only

BLOCK = 1 << 30 | 0x7FD     # 1 GiB at 1 GiB, normal memory, read and write
PROBE_VMID = 0xFF


class Window:
    """Input addresses start .. end are asked as 0 .. end - start with this STE."""

    def __init__(self, start, end, ste):
        self.start, self.end, self.ste = start, end, ste


def walks_concatenated(qemu, board, smmu, engines):
    """Asks for an address that only the second of two start tables maps."""
    qemu.write64s([(board.probe, 0), (board.probe + 4096, BLOCK)])
    slot = board.slots[0]
    ours = smmu.ste
    word2 = (24 | 1 << 6 | 1 << 8 | 1 << 10 | 3 << 12 | 2 << 16) << 32
    smmu.ste = [0xD, 1 << 44, word2 | 1 << 51 | 1 << 54 | 1 << 58 | PROBE_VMID, board.probe,
                0, 0, 0, 0]
    smmu.translate()
    smmu.events()
    engines.copy({slot: (False, 1 << 39, 0, WORD)})
    faulted = bool(smmu.events())
    smmu.ste = ours
    smmu.translate()
    return not faulted


def windows(tables, ste, concatenated_works):
    """The first window takes all that no other has, so addresses past all input too."""
    one = tables.entries * tables.size(tables.level)
    everything = 1 << tables.ia_bits
    found = [Window(0, 1 << 64, ste)]
    if one >= everything or concatenated_works:
        return found
    for start in range(one, everything, one):
        own = second_stage_only(ste)     # a stage 1 would lie where the first table says
        own[2] = own[2] & ~(0x3F << 32) | (65 - one.bit_length()) << 32
        own[2] ^= 0x80 + start // one       # an 8-bit VMID that no other window has
        own[3] += tables.granule * (start // one)
        found.append(Window(start, start + one, own))
    return found


def cut(addresses, pieces):
    """Yields (window, its addresses); keeps their order."""
    parts = {id(piece): [] for piece in pieces}
    for address in addresses:
        inner = [piece for piece in pieces[1:] if piece.start <= address < piece.end]
        parts[id(inner[0] if inner else pieces[0])].append(address)
    for piece in pieces:
        if parts[id(piece)]:
            yield piece, parts[id(piece)]

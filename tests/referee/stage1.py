# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""stage1.py - a guest's stage 1 for nested streams: input is output, everything is allowed.

So the second stage alone decides, though QEMU walks both. The walker reads the context descriptor
and the tables through the second stage; they are above memory and pool, where a host may reach all.
Spec: IHI 0070, CD; DDI 0487, VMSAv8-64 stage 1 descriptors.
"""

INPUT_BITS, GIB_LG2 = 44, 30
TABLE, BLOCK = 3, 1
BLOCK_BITS = BLOCK | 1 << 6 | 3 << 8 | 1 << 10      # read and write, inner shareable, AF
CD_VALID, CD_AA64, CD_RECORD, CD_ABORT = 1 << 31, 1 << 41, 1 << 45, 1 << 46
CD_NO_TTB1, CD_WRITE_BACK, CD_IPS_44 = 1 << 30, 1 << 8 | 1 << 10 | 3 << 12, 4 << 32
T0SZ_48_BITS = 16                                   # a level-0 table at the top
ASID = 1
CONFIG_STAGE2, CONFIG_NESTED = 6, 7


def is_nested(ste):
    return ste[0] >> 1 & 7 == CONFIG_NESTED


def second_stage_only(ste):
    """The same second stage without a first one."""
    return [ste[0] & 1 | CONFIG_STAGE2 << 1] + ste[1:]


def with_stage1(ste, board):
    return [ste[0] | board.context] + ste[1:] if is_nested(ste) else list(ste)


def store(qemu, board):
    """Puts the context descriptor and the tables into RAM."""
    words = [(board.context, T0SZ_48_BITS | CD_WRITE_BACK | CD_NO_TTB1 | CD_VALID | CD_IPS_44
              | CD_AA64 | CD_RECORD | CD_ABORT | ASID << 48),
             (board.context + 8, board.stage1)]
    for i in range(1 << INPUT_BITS - GIB_LG2 - 9):
        table = board.stage1 + 4096 * (1 + i)
        words.append((board.stage1 + 8 * i, table | TABLE))
        words += [(table + 8 * j, (512 * i + j) << GIB_LG2 | BLOCK_BITS) for j in range(512)]
    qemu.write64s(words)

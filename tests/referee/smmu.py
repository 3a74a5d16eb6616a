# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""smmu.py - brings up QEMU's SMMUv3 with the image's STE and reads its fault events.

Spec: IHI 0070, SMMU registers; STE; commands; event records. Written from those, not from smmuv3/.
"""

import struct

import stage1
from machine import SMMU_BASE

IDR0, CR0, CR0ACK, CR1, CR2 = 0x00, 0x20, 0x24, 0x28, 0x2C
GERROR, GERRORN = 0x60, 0x64
STRTAB_BASE, STRTAB_BASE_CFG = 0x80, 0x88
CMDQ_BASE, CMDQ_PROD, CMDQ_CONS = 0x90, 0x98, 0x9C
EVENTQ_BASE, EVENTQ_PROD, EVENTQ_CONS = 0xA0, 0x100A8, 0x100AC
IDR0_S2P, IDR0_S1P = 1 << 0, 1 << 1
SMMUEN, EVENTQEN, CMDQEN = 1 << 0, 1 << 2, 1 << 3

STREAMS_LG2 = 8         # bus 0
COMMANDS_LG2 = 8
EVENTS_LG2 = 10
EVENT_BYTES = 32

CFGI_ALL = (0x04, 31)
TLBI_NSNH_ALL = (0x30, 0)
SYNC = (0x46, 0)

STE_VALID = 1
CONFIG_BYPASS = 4
STE_SHCFG_INCOMING = 1 << 44

F_TRANSLATION, F_PERMISSION = 0x10, 0x13


class SmmuError(Exception):
    """The SMMU, or the STE given to it, does not do what the referee needs."""


class Event:
    def __init__(self, words):
        self.kind = words[0] & 0xFF
        self.stream = words[0] >> 32
        self.stage2 = bool(words[1] >> 39 & 1)
        self.read = bool(words[1] >> 35 & 1)
        self.address = words[2]

    def __str__(self):
        return (f"event 0x{self.kind:02x} {'read' if self.read else 'write'} "
                f"0x{self.address:x} stage {2 if self.stage2 else 1}")


def check_ste(ste):
    """Refuses what this set-up cannot judge (and what makes QEMU abort itself)."""
    if ste[0] not in (STE_VALID | stage1.CONFIG_STAGE2 << 1, STE_VALID | stage1.CONFIG_NESTED << 1):
        raise SmmuError(f"STE word 0 is 0x{ste[0]:x}: neither stage 2 only nor nested without a guest")
    if not ste[2] >> 51 & 1:
        raise SmmuError("STE.S2AA64 is 0")
    if not ste[2] >> 58 & 1:
        raise SmmuError("STE.S2R is 0: faults would not be recorded")
    if ste[2] >> 57 & 1:
        raise SmmuError("STE.S2S is 1: faults would stall")


class Smmu:
    def __init__(self, qemu, board, ste):
        check_ste(ste)
        self.qemu, self.board, self.ste = qemu, board, stage1.with_stage1(ste, board)
        self.produced = 0
        identity = qemu.read("l", SMMU_BASE + IDR0)
        if not identity & IDR0_S2P or bool(identity & IDR0_S1P) != board.nested:
            raise SmmuError(f"IDR0 is 0x{identity:x}: not the stages that were asked for")
        if board.nested:
            stage1.store(qemu, board)
        self.enable()

    def set_cr0(self, value):
        self.qemu.write("l", SMMU_BASE + CR0, value)
        if self.qemu.read("l", SMMU_BASE + CR0ACK) != value:
            raise SmmuError(f"CR0 0x{value:x} is not acknowledged")

    def enable(self):
        qemu, board = self.qemu, self.board
        self.set_cr0(0)
        qemu.write("l", SMMU_BASE + CR1, 0xD75)     # write-back, inner shareable
        qemu.write("l", SMMU_BASE + CR2, 0x6)       # PTM, RECINVSID
        self.write_stes(self.ste)
        qemu.write("q", SMMU_BASE + STRTAB_BASE, board.stream_table)
        qemu.write("l", SMMU_BASE + STRTAB_BASE_CFG, STREAMS_LG2)
        qemu.write("q", SMMU_BASE + CMDQ_BASE, board.command_queue | COMMANDS_LG2)
        qemu.write("l", SMMU_BASE + CMDQ_PROD, 0)
        qemu.write("l", SMMU_BASE + CMDQ_CONS, 0)
        self.set_cr0(CMDQEN)
        self.command(CFGI_ALL, SYNC)
        self.command(TLBI_NSNH_ALL, SYNC)
        qemu.write("q", SMMU_BASE + EVENTQ_BASE, board.event_queue | EVENTS_LG2)
        qemu.write("l", SMMU_BASE + EVENTQ_PROD, 0)
        qemu.write("l", SMMU_BASE + EVENTQ_CONS, 0)
        self.set_cr0(CMDQEN | EVENTQEN)
        self.set_cr0(CMDQEN | EVENTQEN | SMMUEN)

    def command(self, *commands):
        for words in commands:
            slot = self.board.command_queue + 16 * (self.produced % (1 << COMMANDS_LG2))
            self.qemu.write64s([(slot, words[0]), (slot + 8, words[1])])
            self.produced = (self.produced + 1) % (2 << COMMANDS_LG2)
        self.qemu.write("l", SMMU_BASE + CMDQ_PROD, self.produced)
        consumed = self.qemu.read("l", SMMU_BASE + CMDQ_CONS)
        errors = self.qemu.read("l", SMMU_BASE + GERROR) ^ self.qemu.read("l", SMMU_BASE + GERRORN)
        if errors or consumed % (2 << COMMANDS_LG2) != self.produced:
            raise SmmuError(f"commands not taken: CONS 0x{consumed:x}, GERROR 0x{errors:x}")

    def write_stes(self, ste):
        """The same STE for every DMA engine."""
        for slot in self.board.slots:
            address = self.board.stream_table + 64 * self.stream(slot)
            words = list(enumerate(ste))
            self.qemu.write64s([(address + 8 * i, word) for i, word in words[1:] + words[:1]])

    @staticmethod
    def stream(slot):
        return slot << 3

    def translate(self):
        self.write_stes(self.ste)
        self.command(CFGI_ALL, SYNC)

    def bypass(self):
        """Lets the engines' buffers be filled and emptied without the tables under test."""
        self.write_stes([STE_VALID | CONFIG_BYPASS << 1, STE_SHCFG_INCOMING, 0, 0, 0, 0, 0, 0])
        self.command(CFGI_ALL, SYNC)

    def invalidate(self):
        self.command(TLBI_NSNH_ALL, SYNC)

    def events(self):
        """Takes all events recorded so far: {stream: [Event]}."""
        qemu, size = self.qemu, 1 << EVENTS_LG2
        produced = qemu.read("l", SMMU_BASE + EVENTQ_PROD)
        consumed = qemu.read("l", SMMU_BASE + EVENTQ_CONS)
        if (produced ^ consumed) >> 31:
            raise SmmuError("the event queue overflowed")
        found = {}
        while produced != consumed:
            data = qemu.read_bytes(self.board.event_queue + EVENT_BYTES * (consumed % size),
                                   EVENT_BYTES)
            event = Event(struct.unpack("<4Q", data))
            found.setdefault(event.stream, []).append(event)
            consumed = (consumed + 1) % (2 * size)
        qemu.write("l", SMMU_BASE + EVENTQ_CONS, consumed)
        return found
